"""Augmenters for texts, and for matrices of tokens."""

import warnings
from numbers import Integral

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from ..utils._errors import caller_level
from ..utils._params import CALLABLE, COUNT, DICT, PROBABILITY, RANDOM_STATE, Interval
from ..utils._rows import as_frame, like
from ._base import Perturbation
from ._numbers import check_fits


def texts_of(X, owner):
    """Texts as a list, and a function that returns such a list in the container of X."""
    series = as_frame(X)
    if isinstance(X, str) or hasattr(series, "columns") or getattr(X, "ndim", 1) != 1:
        columns = getattr(series, "columns", ())
        advice = f": give one column, such as X[{columns[0]!r}]" if len(columns) else ""
        raise ValueError(f"{type(owner).__name__} needs a list of texts; got {type(X).__name__}{advice}.")
    flat = list(X) if series is None else series.to_list()
    for row, text in enumerate(flat):
        if not isinstance(text, str):
            raise ValueError(f"{type(owner).__name__} needs a list of texts; got {text!r} in row {row}.")
    if isinstance(X, np.ndarray):
        return flat, lambda new: np.array(new, dtype=object if X.dtype == object else str)
    if series is not None:
        return flat, lambda new: like(X, np.array(new, dtype=object))
    return flat, lambda new: new


class TextAugmenter(Perturbation):
    """Base class of augmenters that change the words of a text. A subclass implements `_change(words, rng)`.

    Words are separated by white space; the new words are joined by single spaces.
    """

    def _perturb(self, X, rng):
        texts, restore = texts_of(X, self)
        return restore([" ".join(self._change(text.split(), rng)) for text in texts])


class RandomDeletion(TextAugmenter):
    """Delete random words (Wei & Zou 2019 [1]_).

    Parameters
    ----------
    p : float, default=0.1
        Probability that a word is deleted, in [0, 1]. One word always stays.
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

    _weakest = {"p": 0.0}
    _parameter_constraints = {"p": [PROBABILITY], "random_state": [RANDOM_STATE]}

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
    """Swap random pairs of words (Wei & Zou 2019, see `RandomDeletion`).

    Parameters
    ----------
    share : float, default=0.1
        Number of swaps as a share of the number of words, rounded up, in [0, 1].
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Examples
    --------
    >>> from skreg.augmentation import RandomSwap
    >>> X, y = RandomSwap(0.3, random_state=0).fit_resample(["a quick brown fox"], ["animal"])
    >>> sorted(X[1].split())
    ['a', 'brown', 'fox', 'quick']
    """

    _weakest = {"share": 0.0}
    _parameter_constraints = {"share": [PROBABILITY], "random_state": [RANDOM_STATE]}

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


_SYNONYMS = """
    synonyms : dict or callable
        Maps a word to its synonyms: a str or a list of str, empty for a word without any."""


class RandomInsertion(TextAugmenter):
    __doc__ = f"""Insert synonyms of some words at random places (Wei & Zou 2019, see `RandomDeletion`).

    Parameters
    ----------{_SYNONYMS}
    share : float, default=0.1
        Number of insertions as a share of the number of words, rounded up, in [0, 1].
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Examples
    --------
    >>> from skreg.augmentation import RandomInsertion
    >>> X, y = RandomInsertion({{"quick": ["fast"]}}, 0.2, random_state=0).fit_resample(["a quick fox"], ["animal"])
    >>> sorted(X[1].split())
    ['a', 'fast', 'fox', 'quick']
    """

    _weakest = {"share": 0.0}
    _parameter_constraints = {
        "synonyms": [DICT, CALLABLE],
        "share": [PROBABILITY],
        "random_state": [RANDOM_STATE],
    }

    def __init__(self, synonyms, share=0.1, *, random_state=None):
        self.synonyms = synonyms
        self.share = share
        self.random_state = random_state

    def _change(self, words, rng):
        known = [found for word in words if (found := choices_of(self.synonyms, word))]
        count = int(np.ceil(self.share * len(words)))
        words = list(words)
        for _ in range(count if known else 0):
            found = known[rng.integers(len(known))]
            words.insert(int(rng.integers(len(words) + 1)), found[rng.integers(len(found))])
        return words


class SynonymReplacement(TextAugmenter):
    __doc__ = f"""Replace words by synonyms (Wei & Zou 2019, see `RandomDeletion`).

    Words are looked up with their capitals and punctuation, as white space separates them. A callable can strip these.

    Parameters
    ----------{_SYNONYMS}
    p : float, default=0.1
        Probability that a word with synonyms is replaced, in [0, 1].
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Examples
    --------
    >>> from skreg.augmentation import SynonymReplacement
    >>> replace = SynonymReplacement({{"quick": ["fast", "swift"]}}, 1.0, random_state=0)
    >>> replace.fit_resample(["a quick fox"], ["animal"])[0][1] in ("a fast fox", "a swift fox")
    True
    """

    _weakest = {"p": 0.0}
    _parameter_constraints = {
        "synonyms": [DICT, CALLABLE],
        "p": [PROBABILITY],
        "random_state": [RANDOM_STATE],
    }

    def __init__(self, synonyms, p=0.1, *, random_state=None):
        self.synonyms = synonyms
        self.p = p
        self.random_state = random_state

    def _change(self, words, rng):
        new = []
        for word in words:
            found = choices_of(self.synonyms, word) if rng.random() < self.p else []
            new.append(found[rng.integers(len(found))] if found else word)
        return new


def _no_texts():
    """What a `BackTranslation` remembers of no texts."""
    return {"_known": {}, "_failed": set(), "errors_": []}


class BackTranslation(Perturbation):
    """Translate every text to another language and back, by callables of the user (Sennrich et al. 2016 [1]_).

    Texts are translated once in a `fit` and remembered. A translator that is slow or costs money should have a cache of
    its own, for searches, which fit again and again. Where a translator raises, or does not return a text for every
    text, the texts of that batch stay as they were, and `errors_` holds the error.

    Parameters
    ----------
    translate, translate_back : callable
        Map a list of str to a list of as many str: to the other language, and back.
    batch_size : int, default=32
        Largest number of texts in a call, at least 1.
    random_state : int, RandomState or None, default=None
        For `fit_resample`; nothing is random here.

    Attributes
    ----------
    errors_ : list of (list of str, Exception)
        Texts that were not translated, and the errors.

    Warns
    -----
    UserWarning
        When texts were not translated.

    Notes
    -----
    A pickled or copied augmenter has neither texts nor translations: training texts may be private, and long.

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
        "translate": [CALLABLE],
        "translate_back": [CALLABLE],
        "batch_size": [COUNT],
        "random_state": [RANDOM_STATE],
    }

    def __init__(self, translate, translate_back, *, batch_size=32, random_state=None):
        self.translate = translate
        self.translate_back = translate_back
        self.batch_size = batch_size
        self.random_state = random_state

    def __getstate__(self):
        state = super().__getstate__()
        return {**state, **_no_texts()} if "errors_" in state else state

    def _learn(self, X, y):
        vars(self).update(_no_texts())

    def _perturb(self, X, rng):
        check_is_fitted(self, "errors_")
        texts, restore = texts_of(X, self)
        new = list(dict.fromkeys(text for text in texts if text not in self._known and text not in self._failed))
        before = len(self.errors_)
        for low in range(0, len(new), self.batch_size):
            part = new[low : low + self.batch_size]
            try:
                self._known.update(zip(part, self._translate(part), strict=True))
            except Exception as error:  # the user's code may raise anything
                self.errors_.append((part, error))
                self._failed.update(part)
        if len(self.errors_) > before:
            failed = sum(len(part) for part, _ in self.errors_[before:])
            warnings.warn(
                f"BackTranslation left {failed} texts as they were: {self.errors_[-1][1]!r}. See `errors_`.",
                UserWarning,
                stacklevel=caller_level(),
            )
        return restore([self._known.get(text, text) for text in texts])

    def _translate(self, texts):
        for name in ("translate", "translate_back"):
            found = getattr(self, name)(texts)
            found = [found] if isinstance(found, str) else list(found)
            if len(found) != len(texts) or not all(isinstance(text, str) for text in found):
                raise ValueError(f"{name} must return a str for each of {len(texts)} texts; got {found!r}.")
            texts = found
        return texts


class WordDropout(Perturbation):
    """Replace random tokens by one token, such as that of unknown words (Iyyer et al. 2015 [1]_).

    What `skreg.neural.Tokens` fills up rows with, -1, stays.

    Parameters
    ----------
    p : float, default=0.1
        Probability that a token is replaced, in [0, 1].
    token : int, default=0
        The replacement.
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

    _weakest = {"p": 0.0}
    _parameter_constraints = {
        "p": [PROBABILITY],
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
        check_fits("token", self.token, [X.dtype])
        is_token = X >= 0  # `Tokens` fills up rows by -1
        return np.where((rng.random(X.shape) < self.p) & is_token, X.dtype.type(self.token), X)
