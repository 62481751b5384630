"""Augmenters for texts, and for matrices of tokens."""

import warnings
from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from ..utils._params import CALLABLE, DICT, RANDOM_STATE, Interval
from ..utils._validation import caller_level
from ._base import Perturbation
from ._tables import masked

_RATE = Interval(Real, 0.0, 1.0, closed="both")


def texts_of(X, owner):
    """Texts as a list, and what puts them back into the form that X has."""
    if isinstance(X, str) or hasattr(X, "columns") or getattr(X, "ndim", 1) != 1:
        raise ValueError(f"{type(owner).__name__} needs a list of texts; got {type(X).__name__}.")
    flat = X.tolist() if hasattr(X, "tolist") else X.to_list() if hasattr(X, "to_list") else list(X)
    for row, text in enumerate(flat):
        if not isinstance(text, str):
            raise ValueError(f"{type(owner).__name__} needs a list of texts; got {text!r} in row {row}.")
    if isinstance(X, np.ndarray):
        return flat, lambda new: np.array(new, dtype=object if X.dtype == object else str)
    if hasattr(X, "iloc"):
        return flat, lambda new: type(X)(new, index=X.index, name=X.name, dtype=X.dtype)
    return flat, lambda new: new


class TextAugmenter(Perturbation):
    """Base of augmenters that change the words of a text. Subclasses give `_change`.

    Words are what white space separates; a text is put together again with single spaces.
    """

    def _perturb(self, X, rng):
        texts, back = texts_of(X, self)
        return back([" ".join(self._change(text.split(), rng)) for text in texts])


class RandomDeletion(TextAugmenter):
    """Leave out words (Wei & Zou 2019 [1]_).

    Parameters
    ----------
    p : float, default=0.1
        Probability of every word, in [0, 1]. One word stays in any case.
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    References
    ----------
    .. [1] J. Wei, K. Zou, "EDA: easy data augmentation techniques for boosting performance on text classification
       tasks", EMNLP 2019, section 2.

    Examples
    --------
    >>> from skreg.augmentation import RandomDeletion
    >>> RandomDeletion(0.4, random_state=0).fit_resample(["a quick brown fox"], ["animal"])[0]
    ['a quick brown fox', 'brown fox']
    """

    _parameter_constraints = {"p": [_RATE], "random_state": [RANDOM_STATE]}

    def __init__(self, p=0.1, *, random_state=None):
        self.p = p
        self.random_state = random_state

    def _change(self, words, rng):
        if not words:
            return words
        draws = rng.random(len(words))
        kept = [word for word, draw in zip(words, draws, strict=True) if draw >= self.p]
        return kept or [words[int(draws.argmax())]]


class RandomSwap(TextAugmenter):
    """Exchange words with others of the text (Wei & Zou 2019, see `RandomDeletion`).

    Parameters
    ----------
    share : float, default=0.1
        Exchanges as a share of the number of words, rounded up, in [0, 1].
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Examples
    --------
    >>> from skreg.augmentation import RandomSwap
    >>> X, y = RandomSwap(0.3, random_state=0).fit_resample(["a quick brown fox"], ["animal"])
    >>> sorted(X[1].split())
    ['a', 'brown', 'fox', 'quick']
    """

    _parameter_constraints = {"share": [_RATE], "random_state": [RANDOM_STATE]}

    def __init__(self, share=0.1, *, random_state=None):
        self.share = share
        self.random_state = random_state

    def _change(self, words, rng):
        words = list(words)
        if len(words) > 1:
            for _ in range(int(np.ceil(self.share * len(words)))):
                a, b = rng.choice(len(words), 2, replace=False)
                words[a], words[b] = words[b], words[a]
        return words


def choices_of(synonyms, word):
    """Synonyms of a word from a mapping or a callable, as a list."""
    found = synonyms(word) if callable(synonyms) else synonyms.get(word, ())
    found = [found] if isinstance(found, str) else found
    if not isinstance(found, (list, tuple, set)) or not all(isinstance(one, str) for one in found):
        raise ValueError(f"synonyms must give a str or a list of str; got {found!r} for {word!r}.")
    return list(found)


class _Synonyms(TextAugmenter):
    """Base of those that know synonyms."""

    _parameter_constraints = {"synonyms": [DICT, CALLABLE], "share": [_RATE], "random_state": [RANDOM_STATE]}

    def __init__(self, synonyms, share=0.1, *, random_state=None):
        self.synonyms = synonyms
        self.share = share
        self.random_state = random_state


class RandomInsertion(_Synonyms):
    """Put synonyms of some words at random places (Wei & Zou 2019, see `RandomDeletion`).

    Parameters
    ----------
    synonyms : dict or callable
        Of a word, its synonyms: a str or a list of str, empty where there are none.
    share : float, default=0.1
        Words to insert as a share of the number of words, rounded up, in [0, 1].
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Examples
    --------
    >>> from skreg.augmentation import RandomInsertion
    >>> X, y = RandomInsertion({"quick": ["fast"]}, 0.2, random_state=0).fit_resample(["a quick fox"], ["animal"])
    >>> sorted(X[1].split())
    ['a', 'fast', 'fox', 'quick']
    """

    def _change(self, words, rng):
        known = [found for word in words if (found := choices_of(self.synonyms, word))]
        count = int(np.ceil(self.share * len(words)))
        words = list(words)
        for _ in range(count if known else 0):
            found = known[rng.integers(len(known))]
            words.insert(int(rng.integers(len(words) + 1)), found[rng.integers(len(found))])
        return words


class SynonymReplacement(_Synonyms):
    """Replace words by synonyms (Wei & Zou 2019, see `RandomDeletion`).

    Words are looked up as they stand between white space, with their capitals and commas: a callable can look closer.

    Parameters
    ----------
    synonyms : dict or callable
        Of a word, its synonyms: a str or a list of str, empty where there are none.
    share : float, default=0.1
        Probability of every word that has synonyms, in [0, 1].
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Examples
    --------
    >>> from skreg.augmentation import SynonymReplacement
    >>> replace = SynonymReplacement({"quick": ["fast", "swift"]}, 1.0, random_state=0)
    >>> replace.fit_resample(["a quick fox"], ["animal"])[0][1] in ("a fast fox", "a swift fox")
    True
    """

    def _change(self, words, rng):
        new = []
        for word in words:
            found = choices_of(self.synonyms, word) if rng.random() < self.share else []
            new.append(found[rng.integers(len(found))] if found else word)
        return new


class BackTranslation(Perturbation):
    """Translate every text to another language and back, by the callables of the user (Sennrich et al. 2016 [1]_).

    Texts are translated once a `fit` and remembered; a translator that is slow or costs money should remember them
    itself, so that searches, which fit again and again, do not ask again. Where a translator raises, or returns
    something that is not a text for every text, the texts of that batch stay as they were, and what went wrong is in
    `errors_`.

    Parameters
    ----------
    there, back : callable
        Of a list of str, a list of as many str.
    batch_size : int, default=32
        Most texts a call, at least 1.
    random_state : int, RandomState or None, default=None
        For `fit_resample`; nothing is drawn here.

    Attributes
    ----------
    errors_ : list of (list of str, Exception)
        Texts that were not translated, and why.

    Warns
    -----
    UserWarning
        When texts were not translated.

    References
    ----------
    .. [1] R. Sennrich, B. Haddow, A. Birch, "Improving neural machine translation models with monolingual data", ACL
       2016.

    Examples
    --------
    >>> from skreg.augmentation import BackTranslation
    >>> upper, lower = lambda texts: [t.upper() for t in texts], lambda texts: [t.lower() for t in texts]
    >>> BackTranslation(upper, lower).fit_resample(["A Fox"], ["animal"])[0]
    ['A Fox', 'a fox']
    """

    _parameter_constraints = {
        "there": [CALLABLE],
        "back": [CALLABLE],
        "batch_size": [Interval(Integral, 1, np.inf)],
        "random_state": [RANDOM_STATE],
    }

    def __init__(self, there, back, *, batch_size=32, random_state=None):
        self.there = there
        self.back = back
        self.batch_size = batch_size
        self.random_state = random_state

    def _learn(self, X, y):
        self._known, self._lost, self.errors_ = {}, set(), []

    def _perturb(self, X, rng):
        check_is_fitted(self, "errors_")
        texts, back = texts_of(X, self)
        new = list(dict.fromkeys(text for text in texts if text not in self._known and text not in self._lost))
        before = len(self.errors_)
        for low in range(0, len(new), self.batch_size):
            part = new[low : low + self.batch_size]
            try:
                self._known.update(zip(part, self._translate(part), strict=True))
            except Exception as error:  # the user's code may raise anything
                self.errors_.append((part, error))
                self._lost.update(part)
        if len(self.errors_) > before:
            lost = sum(len(part) for part, _ in self.errors_[before:])
            warnings.warn(
                f"BackTranslation left {lost} texts as they were: {self.errors_[-1][1]!r}. See `errors_`.",
                UserWarning,
                stacklevel=caller_level(),
            )
        return back([self._known.get(text, text) for text in texts])

    def _translate(self, texts):
        for name, translate in (("there", self.there), ("back", self.back)):
            found = translate(texts)
            found = [found] if isinstance(found, str) else list(found)
            if len(found) != len(texts) or not all(isinstance(text, str) for text in found):
                raise ValueError(f"{name} must return a str for each of {len(texts)} texts; got {found!r}.")
            texts = found
        return texts


class WordDropout(Perturbation):
    """Replace tokens by one that stands for nothing (Iyyer et al. 2015 [1]_).

    Parameters
    ----------
    p : float, default=0.1
        Probability of every token, in [0, 1].
    token : int, default=0
        What replaces it.
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    References
    ----------
    .. [1] M. Iyyer et al., "Deep unordered composition rivals syntactic methods for text classification", ACL 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import WordDropout
    >>> X, y = WordDropout(0.5, random_state=0).fit_resample(np.full((100, 10), 7), np.zeros(100))
    >>> np.unique(X).tolist()
    [0, 7]
    """

    _parameter_constraints = {
        "p": [_RATE],
        "token": [Interval(Integral, -np.inf, np.inf, closed="neither")],
        "random_state": [RANDOM_STATE],
    }

    def __init__(self, p=0.1, *, token=0, random_state=None):
        self.p = p
        self.token = token
        self.random_state = random_state

    def _perturb(self, X, rng):
        if sp.issparse(X):
            raise ValueError("WordDropout needs a matrix of tokens; got a sparse one.")
        X = np.asarray(X)
        if X.dtype.kind not in "iu":
            raise ValueError(f"WordDropout needs a matrix of tokens, which are ints; got X with {X.dtype} entries.")
        return masked(X, self.p, self.token, self, rng)
