"""Augmenters for rows of a table."""

import warnings
from numbers import Real

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from ..utils._params import ARRAY_LIKE, NONE, RANDOM_STATE, Interval, Kind, Options
from ..utils._validation import caller_level
from ._base import Augmenter, Perturbation, as_type, check_kind, number_type, numbers_of

_RATE = Interval(Real, 0.0, 1.0, closed="both")
_POSITIVE = Interval(Real, 0.0, np.inf, closed="neither")
_NUMBER = Kind("a number", lambda value: isinstance(value, Real))


class GaussianNoise(Perturbation):
    """Add normal noise to every number.

    On a linear model with squared loss it is ridge of strength ``scale^2`` (Bishop 1995 [1]_).

    Parameters
    ----------
    scale : float or array-like of shape (n_features,), default=0.1
        Standard deviation of the noise, of all features or of each, in [0, inf). Suits standardized features; whole
        numbers stay whole, so that less than 1 does little to them.
    relative : {None, "feature", "value"}, default=None
        What `scale` is relative to: nothing; the standard deviation of the feature in the training rows; or the size of
        the number itself, so that zeros stay.
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Attributes
    ----------
    spread_ : ndarray of shape (n_features,)
        Standard deviations, with ``relative="feature"``.

    Raises
    ------
    ValueError
        When a parameter is not as described, X is sparse, or holds no numbers.

    References
    ----------
    .. [1] C. Bishop, "Training with noise is equivalent to Tikhonov regularization", Neural Computation 7(1), 1995.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import GaussianNoise
    >>> X, y = GaussianNoise(0.1, random_state=0).fit_resample(np.zeros((1000, 2)), np.zeros(1000))
    >>> X[1000:].std().round(2)
    np.float64(0.1)
    """

    _parameter_constraints = {
        "scale": [Interval(Real, 0.0, np.inf), ARRAY_LIKE],
        "relative": [Options("feature", "value"), NONE],
        "random_state": [RANDOM_STATE],
    }

    def __init__(self, scale=0.1, *, relative=None, random_state=None):
        self.scale = scale
        self.relative = relative
        self.random_state = random_state

    def _learn(self, X, y):
        if self.relative == "feature":
            values, _ = numbers_of(X, self)
            known = np.isfinite(values)
            self.spread_ = np.where(known, values, 0.0).std(axis=0, where=known | ~known.any(axis=0))

    def _perturb(self, X, rng):
        values, back = numbers_of(X, self)
        scale = np.asarray(self.scale, dtype=float)
        if scale.shape not in ((), values.shape[1:]) or not (scale >= 0.0).all():
            raise ValueError(
                f"scale must be a non-negative number, or hold one for each of {values.shape[1:]} features; got"
                f" {self.scale!r}."
            )
        if self.relative == "feature":
            check_is_fitted(self, "spread_")
            scale = scale * self.spread_
        elif self.relative == "value":
            scale = scale * np.abs(values)
        kind = np.float32 if values.dtype in (np.float16, np.float32) else np.float64
        new = back(values + scale.astype(kind) * rng.standard_normal(values.shape, kind))
        if values.size and scale.any() and values.dtype.kind in "iu" and (np.asarray(new) == values).all():
            warnings.warn(
                f"X holds {values.dtype} numbers: noise of scale={self.scale!r} was rounded away. Give X as floats.",
                UserWarning,
                stacklevel=caller_level(),
            )
        return new


def masked(values, p, value, owner, rng):
    """Numbers, some of which are set to a value, in their own type."""
    check_fits(value, values.dtype, owner)
    return np.where(rng.random(values.shape) < p, values.dtype.type(value), values)


def check_fits(value, kind, owner):
    """Raise ValueError unless a type of numbers has a value."""
    fits = kind.kind == "f" or (np.isfinite(value) and value == int(value))
    if fits and kind.kind in "iu":
        fits = np.iinfo(kind).min <= value <= np.iinfo(kind).max
    if not fits or (kind.kind == "b" and value not in (0, 1)):
        raise ValueError(f"{type(owner).__name__} cannot write {value!r} among {kind} numbers.")


class FeatureMask(Perturbation):
    """Set some entries of every row to a value that stands for nothing.

    Parameters
    ----------
    p : float, default=0.1
        Probability of every entry, in [0, 1].
    value : float, default=0.0
        What it is set to: for standardized features the default is the mean. Sparse X takes 0 only.
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import FeatureMask
    >>> X, y = FeatureMask(0.2, random_state=0).fit_resample(np.ones((1000, 2)), np.zeros(1000))
    >>> bool(abs((X[1000:] == 0).mean() - 0.2) < 0.03)
    True
    """

    _takes_sparse = True
    _parameter_constraints = {"p": [_RATE], "value": [_NUMBER], "random_state": [RANDOM_STATE]}

    def __init__(self, p=0.1, *, value=0.0, random_state=None):
        self.p = p
        self.value = value
        self.random_state = random_state

    def _perturb(self, X, rng):
        if sp.issparse(X):
            if self.value != 0.0:
                raise ValueError(f"value={self.value} would fill sparse X: only 0 does not.")
            X = X.tocsr(copy=True)
            X.data[rng.random(X.nnz) < self.p] = 0
            X.eliminate_zeros()
            return X
        values, back = numbers_of(X, self, kinds="buif")
        for column in X.columns if hasattr(X, "columns") else ():
            check_fits(self.value, number_type(X[column]), self)
        return back(masked(values, self.p, self.value, self, rng))


class SwapNoise(Augmenter):
    """Replace some entries of every row by those of other rows, in the same column.

    Entries stay in the range of their column and keep its distribution, whatever their type: numbers, strings,
    categories.

    Parameters
    ----------
    p : float, default=0.1
        Probability of every entry, in [0, 1]. 0.15 is usual for autoencoders on tables.
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import SwapNoise
    >>> X, y = SwapNoise(0.5, random_state=0).fit_resample(np.arange(6).reshape(3, 2), np.zeros(3))
    >>> bool(np.isin(X[3:, 0], [0, 2, 4]).all())
    True
    """

    _takes_sparse = True
    _parameter_constraints = {"p": [_RATE], "random_state": [RANDOM_STATE]}

    def __init__(self, p=0.1, *, random_state=None):
        self.p = p
        self.random_state = random_state

    def _augment(self, batch, rng):
        return batch._replace(X=self._swapped(batch, rng))

    def _swapped(self, batch, rng):
        X = batch.X
        if sp.issparse(X):
            X = X.tocsc(copy=True)
            X.sum_duplicates()
            return self._swapped_sparse(X, batch, rng)
        if hasattr(X, "columns"):
            sources = self._sources(batch, (X.shape[1],), rng).T
            if not hasattr(X, "iloc"):
                return X.with_columns([X[name][own.tolist()] for name, own in zip(X.columns, sources, strict=True)])
            out = X.copy()
            for name, own in zip(X.columns, sources, strict=True):
                out[name] = X[name].array[own]
            return out
        X = np.asarray(X)
        if X.ndim < 2:
            raise ValueError(f"SwapNoise needs columns; got X of shape {X.shape}.")
        return np.take_along_axis(X, self._sources(batch, X.shape[1:], rng), axis=0)

    def _sources(self, batch, shape, rng):
        """For every entry, the row that it is taken from."""
        own = np.arange(batch.n).reshape(-1, *[1] * len(shape))
        size = (batch.n, *shape)
        return np.where(rng.random(size) < self.p, batch.draw(size, rng), own)

    def _swapped_sparse(self, X, batch, rng):
        """Draw the places to which something comes, and what comes, among the entries of the column."""
        n, counts = X.shape[0], np.diff(X.indptr)
        column = np.repeat(np.arange(X.shape[1]), counts)  # of every entry
        mass = np.ones(X.nnz) / n if batch.weights is None else batch.weights[X.indices] / batch.weights.sum()
        total = np.bincount(column, mass, X.shape[1])  # the share of what is not zero
        comes = np.minimum(self.p * total, 1.0)  # something else than zero to a place
        came = rng.binomial(n, comes)
        place = np.concatenate([np.empty(0, int), *(rng.choice(n, k, replace=False) for k in came if k)])
        to = np.repeat(np.arange(X.shape[1]), came)
        ends = np.cumsum(mass)
        before = (ends - mass)[np.minimum(X.indptr[:-1], max(X.nnz - 1, 0))] if X.nnz else np.zeros(X.shape[1])
        drawn = np.searchsorted(ends, before[to] + rng.random(to.size) * total[to])
        drawn = np.clip(drawn, X.indptr[to], X.indptr[to + 1] - 1)
        key = X.indices + n * column.astype(np.int64)
        taken = np.isin(key, place + n * to.astype(np.int64))
        rest = np.maximum(1.0 - comes[column], np.finfo(float).tiny)
        keep = ~taken & (rng.random(X.nnz) < (1.0 - self.p) / rest)  # not swapped, given that nothing came
        rows = np.concatenate([X.indices[keep], place])
        columns = np.concatenate([column[keep], to])
        data = np.concatenate([X.data[keep], X.data[drawn]])
        return type(X)((data, (rows, columns)), shape=X.shape).tocsr()


class Mixup(Augmenter):
    """Mix every row, and its target, with another row (Zhang et al. 2018 [1]_).

    Parameters
    ----------
    alpha : float, default=0.2
        Parameter of the Beta(alpha, alpha) distribution of the shares, positive; 0.1 to 0.4 are usual.
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Notes
    -----
    Classes are mixed as shares of labels, which `AugmentedClassifier` turns into weighted rows, numbers as numbers.
    Whole numbers in X are rounded: give counts and indicators as floats, lest rows and labels tell different shares.

    References
    ----------
    .. [1] H. Zhang, M. Cisse, Y. Dauphin, D. Lopez-Paz, "mixup: beyond empirical risk minimization", ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import Mixup
    >>> X, y = Mixup(0.4, random_state=0).fit_resample(np.arange(4.0)[:, None], np.arange(4.0) + 0.5)
    >>> bool(np.allclose(y, X[:, 0] + 0.5))
    True
    """

    _takes_sparse = True
    _parameter_constraints = {"alpha": [_POSITIVE], "random_state": [RANDOM_STATE]}

    def __init__(self, alpha=0.2, *, random_state=None):
        self.alpha = alpha
        self.random_state = random_state

    def _augment(self, batch, rng):
        partner = batch.partners(rng)
        share = rng.beta(self.alpha, self.alpha, batch.n)
        if sp.issparse(batch.X):
            check_kind(batch.X.dtype, "Mixup", "X has")
            X = batch.X.tocsr()
            mixed = type(X)(sp.diags_array(share) @ X + sp.diags_array(1.0 - share) @ X[partner])
            mixed.data = as_type(mixed.data, X.dtype)
            return batch.mix(mixed, partner, share)
        values, back = numbers_of(batch.X, self)
        weight = share.reshape(-1, *[1] * (values.ndim - 1))
        return batch.mix(back(weight * values + (1.0 - weight) * values[partner]), partner, share)
