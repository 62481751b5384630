"""Validation rows and test folds."""

import warnings

import numpy as np
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing

from ._errors import caller_level
from ._warnings import recorded_warnings

try:
    from sklearn.utils.validation import _check_method_params as params_of_rows
except ImportError:  # private in scikit-learn

    def params_of_rows(X, params, indices):
        """Parameters with one entry for each row of X, for some rows; all others as they are."""
        n = X.shape[0]
        return {
            name: _safe_indexing(value, indices) if hasattr(value, "__len__") and len(value) == n else value
            for name, value in params.items()
        }


MAX_NAME = 80  # characters of `cv` in messages
LARGEST_SHARE = 1.0 / 3.0  # of the total weight that a row may have and be held out


def name_of(cv):
    """`cv` for messages: given splits without their long arrays."""
    text = repr(cv)
    return text if len(text) <= MAX_NAME else f"<{type(cv).__name__} of splits>"


def pairs_of(cv, X, y, classifier, **params):
    """The splits of `read_splits` as they come, with one warning at the user's line where a class has too few rows."""
    with recorded_warnings() as caught:
        pairs = list(check_cv(cv, y, classifier=classifier).split(X, y, **params))
    for one in caught:
        if not str(one.message).startswith("The least populated class"):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
            continue
        least = int(np.unique(y, return_counts=True)[1].min())
        warnings.warn(
            f"The least populated class of y has n_rows={least}, fewer than there are folds of cv={name_of(cv)}: some"
            " folds hold none of it. Set cv to fewer folds, or join rare classes.",
            UserWarning,
            stacklevel=caller_level(),
        )
    return pairs


def read_splits(cv, X, y, classifier, **params):
    """Splits of a splitter, a number of folds or an iterable, as pairs of plain indices; ValueError without any."""
    every = np.arange(len(y))  # indexing it turns masks and negative indices into plain ones
    splits = [(every[a], every[b]) for a, b in pairs_of(cv, X, y, classifier, **params)]
    if not splits:
        raise ValueError(f"cv={name_of(cv)} has no splits; an iterator is empty after its first use.")
    return splits


def check_some_class_repeats(classes, what, remedy=""):
    """Raise ValueError where every class has one row: a model without it could not predict it."""
    if classes.size and np.bincount(classes).max() < 2:
        raise ValueError(
            f"{what} needs at least two rows of any class; got n_samples={classes.size} with one row of every"
            f" class{remedy}."
        )


def _always_trained(n, classes, weights):
    """Rows that are never held out: the only one of a class, and one that would be most of what it is held out with.

    Such a row has more than `LARGEST_SHARE` of the weight, and more than three times the mean weight.
    """
    out = np.zeros(n, dtype=bool)
    if classes is not None:
        out |= (np.bincount(classes) == 1)[classes]
    if weights is not None:
        out |= weights > max(LARGEST_SHARE, 3.0 / n) * weights.sum()
    return out


def hold_out(n, fraction, classes, rng, weights=None):
    """A mask of about a fraction of n rows, the same fraction of every class.

    Rows are taken at even distances from a random order within each class and, with weights, within each order of
    magnitude of the weights, so that the rows hold about the same fraction of the total weight. The only row of a class
    is not taken, nor is one with more than a third of the weight.

    Parameters
    ----------
    n : int
    fraction : float
    classes : ndarray of int of shape (n,), or None
        The class of every row, from 0.
    rng : numpy.random.Generator
    weights : ndarray of shape (n,), default=None
        Positive weights of the rows.

    Raises
    ------
    ValueError
        Where no row is left on one of the sides, and where every class has one row.
    """
    order = rng.permutation(n)
    if weights is not None:
        order = order[np.argsort(np.rint(np.log2(weights[order])), kind="stable")]
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
        check_some_class_repeats(classes, f"validation_fraction={fraction}")
    trained = _always_trained(n, classes, weights)
    wanted = max(1, round(fraction * n))
    held = np.zeros(n, dtype=bool)
    held[order[np.floor((np.arange(wanted) + rng.random()) * (n / wanted)).astype(int)]] = True
    held &= ~trained
    if not held.any() and n - trained.sum() > 1:  # rare among classes of one row, but there
        held[rng.choice(np.flatnonzero(~trained))] = True
    if held.all() or not held.any():
        raise ValueError(
            f"validation_fraction={fraction} leaves none of n_samples={n} (unique) rows to"
            f" {'train' if held.all() else 'validate'} on."
        )
    return held


def deal(n, k, classes, rng, weights=None):
    """A fold from 0 to k - 1 for each of n rows, drawn at random, the rows of every class in almost equal numbers.

    Rows that must be trained on have fold -1: the only one of a class, and one with more than a third of the weight.

    Parameters
    ----------
    n, k : int
    classes : ndarray of int of shape (n,), or None
        The class of every row, from 0.
    rng : numpy.random.Generator
    weights : ndarray of shape (n,), default=None
        Positive weights of the rows.
    """
    order = rng.permutation(n)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    fold = np.empty(n, dtype=int)
    fold[order] = np.arange(n) % k
    fold[_always_trained(n, classes, weights)] = -1
    return fold
