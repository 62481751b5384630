"""Texts as sequences of tokens, for nets with an embedding."""

import re
from collections import Counter

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.utils.validation import check_is_fitted

from ..augmentation._text import texts_of
from ..utils._documentation import DocumentationLinkMixin
from ..utils._errors import unchanged_on_error
from ..utils._params import ANY_STRING, BOOLEAN, CALLABLE, COUNT, NONE, Options, check_params

UNKNOWN = 0  # the token of words that are not in the vocabulary
PADDING = -1


class Tokens(DocumentationLinkMixin, TransformerMixin, BaseEstimator):
    r"""Texts to sequences of tokens, whole numbers that stand for words.

    It splits texts as scikit-learn's `CountVectorizer` does, and keeps the order of the words. Token 0 is any word that
    is not in the vocabulary; a text of no words is that one token. Rows end with -1 where a text is shorter than the
    longest, or than `max_length`.

    Parameters
    ----------
    max_length : int or None, default=None
        Number of words, at least 1, after which a text is cut; None for whole texts. One very long text makes training
        slow, since a batch is as long as its longest text.
    min_count : int, default=1
        Number of texts, at least 1, that must hold a word for it to be in the vocabulary. With 2, words that occur once
        teach the net what an unknown word is.
    max_words : int or None, default=None
        The largest size of the vocabulary, at least 1: the most frequent words; None for all.
    analyzer : {"word", "char", "char_wb"} or callable, default="word"
        Whether tokens are words, characters, or characters of single words, or a function from a text to its tokens.
    lowercase : bool, default=True
        Whether upper case counts as lower case. No effect with a callable.
    token_pattern : str, default=r"(?u)\b\w+\b"
        Regular expression of a word, for ``analyzer="word"``: words of one letter, too, since their order matters.

    Attributes
    ----------
    vocabulary_ : dict
        The token of every word, from 1 on.
    n_tokens_ : int
        Number of tokens, that of unknown words included: the `vocabulary_size` of a net.

    Raises
    ------
    ValueError
        When X is not a list of texts, when `token_pattern` is no regular expression, and when no word is left for the
        vocabulary.
    TypeError
        When a callable `analyzer` returns no tokens, or tokens of several types.

    See Also
    --------
    DropoutRNNClassifier : Its `embedding_size` gives every token a trainable vector.
    DropoutTransformerClassifier : With ``inputs="tokens"``, tokens look at each other.
    skreg.augmentation.RandomDeletion : Makes new texts from the training texts.

    Examples
    --------
    >>> from skreg.neural import Tokens
    >>> tokens = Tokens().fit(["the cat sat", "the dog sat on the cat"])
    >>> tokens.vocabulary_
    {'cat': 1, 'dog': 2, 'on': 3, 'sat': 4, 'the': 5}
    >>> tokens.transform(["the dog sat", "a cat"])
    array([[ 5,  2,  4],
           [ 0,  1, -1]], dtype=int32)
    """

    _parameter_constraints = {
        "max_length": [COUNT, NONE],
        "min_count": [COUNT],
        "max_words": [COUNT, NONE],
        "analyzer": [Options("word", "char", "char_wb"), CALLABLE],
        "lowercase": [BOOLEAN],
        "token_pattern": [ANY_STRING],
    }

    def __init__(
        self,
        max_length=None,
        *,
        min_count=1,
        max_words=None,
        analyzer="word",
        lowercase=True,
        token_pattern=r"(?u)\b\w+\b",
    ):
        self.max_length = max_length
        self.min_count = min_count
        self.max_words = max_words
        self.analyzer = analyzer
        self.lowercase = lowercase
        self.token_pattern = token_pattern

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    def _words(self, X):
        """The words of every text, at most `max_length` of them."""
        texts, _ = texts_of(X, self)
        vectorizer = CountVectorizer(analyzer=self.analyzer, lowercase=self.lowercase, token_pattern=self.token_pattern)
        try:
            split = vectorizer.build_analyzer()
        except (re.error, ValueError) as error:
            raise ValueError(f"token_pattern={self.token_pattern!r} is no pattern of a word: {error}.") from error
        found = []
        for i, text in enumerate(texts):
            words = split(text)
            if isinstance(words, str) or not np.iterable(words):
                raise TypeError(
                    f"analyzer={self.analyzer!r} must return the tokens of a text; got {words!r} in row {i}."
                )
            found.append(list(words)[: self.max_length])
        return found

    @unchanged_on_error
    def fit(self, X, y=None):
        """Learn the vocabulary.

        Parameters
        ----------
        X : list of str of length n_samples
            Or another container of texts, such as a column of a frame.
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        check_params(self)
        self._learn(self._words(X))
        return self

    def _learn(self, words):
        holders = Counter(word for own in words for word in set(own))  # number of texts that hold a word
        kept = [[word for word in own if holders[word] >= self.min_count] for own in words]
        if not any(kept):
            raise ValueError(f"no word of X is in min_count={self.min_count} texts: the vocabulary would be empty.")
        try:
            vocabulary = CountVectorizer(analyzer=_same, max_features=self.max_words).fit(kept).vocabulary_
        except TypeError as error:  # they cannot be sorted
            kinds = ", ".join(sorted({type(word).__name__ for own in kept for word in own}))
            raise TypeError(f"analyzer={self.analyzer!r} must return tokens of one type; got {kinds}.") from error
        self.vocabulary_ = {word: int(vocabulary[word]) + 1 for word in sorted(vocabulary)}
        self.n_tokens_ = len(self.vocabulary_) + 1

    def transform(self, X):
        """Tokens of texts.

        Parameters
        ----------
        X : list of str of length n_samples

        Returns
        -------
        tokens : ndarray of int32 of shape (n_samples, n_words)
            -1 after the end of a text; `n_words` is `max_length`, or else the length of the longest.
        """
        check_is_fitted(self)
        return self._as_tokens(self._words(X))

    def get_feature_names_out(self, input_features=None):
        """Names of the columns of tokens.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of str of shape (max_length,)
            "tokens0", "tokens1" and so on.

        Raises
        ------
        ValueError
            Without `max_length`: the longest text then decides how many columns there are.
        """
        check_is_fitted(self)
        if self.max_length is None:
            raise ValueError(
                "max_length=None lets the longest text decide how many columns of tokens there are, so that these have"
                " no names: set max_length."
            )
        return np.array([f"tokens{j}" for j in range(self.max_length)], dtype=object)

    def _as_tokens(self, words):
        width = self.max_length or max(map(len, words), default=0) or 1
        out = np.full((len(words), width), PADDING, np.int32)
        for row, own in zip(out, words, strict=True):
            row[: len(own)] = [self.vocabulary_.get(word, UNKNOWN) for word in own]
            if not own:
                row[0] = UNKNOWN
        return out


def _same(words):
    return words
