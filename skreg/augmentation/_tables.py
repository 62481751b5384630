"""Augmenters for rows of a table."""

from numbers import Real

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import check_is_fitted

from ..utils._params import ARRAY_LIKE, NONE, NONNEGATIVE, POSITIVE, PROBABILITY, RANDOM_STATE, Options, ParamKind
from ..utils._rows import as_table, with_columns
from ._base import Augmenter, Perturbation
from ._columns import COLUMNS
from ._numbers import as_type, check_fits, check_kind, numbers_of, types_of
from ._rounding import warn_if_rounded_away

_NUMBER = ParamKind("a number", lambda value: isinstance(value, Real))
_TABLE_CONSTRAINTS = {"columns": [COLUMNS], "random_state": [RANDOM_STATE]}
_COMMON = """
    columns : str, int, list, mask, slice or callable, default=None
        Columns to change, as in `ColumnTransformer`: names, indices, a boolean mask, or a callable that gets X and
        returns one of these, such as `make_column_selector`. None is all of them. The others stay as they are.
    random_state : int, RandomState or None, default=None
        For `fit_resample`."""


class GaussianNoise(Perturbation):
    __doc__ = f"""Add Gaussian noise to every number.

    For a linear model with squared loss it is ridge of strength ``scale^2`` (Bishop 1995 [1]_).

    Parameters
    ----------
    scale : float or array-like of shape (n_columns,), default=0.1
        Standard deviation of the noise, of all chosen columns or of each, in [0, inf). The default suits standardized
        features. Integers are rounded, so noise far below 1 does not change them.
    relative : {{None, "feature", "value"}}, default=None
        What `scale` is relative to: nothing; the standard deviation of the feature in the training rows; or the
        absolute value of the number itself, so that zeros stay.{_COMMON}

    Attributes
    ----------
    spread_ : ndarray of shape (n_columns,)
        Standard deviations of the features. Only with ``relative="feature"``.

    Raises
    ------
    ValueError
        When a parameter is not as described, or X is sparse or has entries that are not numbers.

    Warns
    -----
    UserWarning
        When the change of all integers, or of a column of integers, was rounded away.

    References
    ----------
    .. [1] C. Bishop, "Training with noise is equivalent to Tikhonov regularization", Neural Computation 7(1), 1995.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import GaussianNoise
    >>> X, y = GaussianNoise(0.1, random_state=0).fit_resample(np.zeros((1000, 2)), np.zeros(1000))
    >>> round(float(X[1000:].std()), 2)
    0.1

    The numbers of a table that has strings, too:

    >>> import pandas as pd
    >>> from sklearn.compose import make_column_selector
    >>> people = pd.DataFrame({{"height": [1.8, 1.7], "city": ["Oslo", "Rome"]}})
    >>> numbers = make_column_selector(dtype_include="number")
    >>> X, y = GaussianNoise(0.1, columns=numbers, random_state=0).fit_resample(people, [1, 0])
    >>> X["city"].tolist()
    ['Oslo', 'Rome', 'Oslo', 'Rome']
    """

    _weakest = {"scale": 0.0}
    _parameter_constraints = {
        "scale": [NONNEGATIVE, ARRAY_LIKE],
        "relative": [Options("feature", "value"), NONE],
        **_TABLE_CONSTRAINTS,
    }

    def __init__(self, scale=0.1, *, relative=None, columns=None, random_state=None):
        self.scale = scale
        self.relative = relative
        self.columns = columns
        self.random_state = random_state

    def _learn(self, X, y):
        if self.relative == "feature":
            values, _ = numbers_of(X, self)
            known = np.isfinite(values)
            self.spread_ = np.where(known, values, 0.0).std(axis=0, where=known | ~known.any(axis=0))

    def _perturb(self, X, rng):
        values, restore = numbers_of(X, self)
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
        noise = scale.astype(kind) * rng.standard_normal(values.shape, kind)
        new = restore(values + noise)
        if any(kind.kind in "iu" for kind in types_of(X, values)):
            warn_if_rounded_away(X, values, numbers_of(new, self)[0], noise != 0.0, "scale", self)
        return new


class FeatureMask(Perturbation):
    __doc__ = f"""Replace some entries of every row by one value, such as 0.

    Parameters
    ----------
    p : float, default=0.1
        Probability that an entry is replaced, in [0, 1].
    value : float, default=0.0
        The replacement; for standardized features the default is their mean. Sparse X takes 0 only.{_COMMON}

    Raises
    ------
    ValueError
        When a parameter is not as described, X has entries that are not numbers, or `value` does not fit their type.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import FeatureMask
    >>> X, y = FeatureMask(0.2, random_state=0).fit_resample(np.ones((1000, 2)), np.zeros(1000))
    >>> bool(abs((X[1000:] == 0).mean() - 0.2) < 0.03)
    True
    """

    _takes_sparse = True
    _weakest = {"p": 0.0}
    _parameter_constraints = {"p": [PROBABILITY], "value": [_NUMBER], **_TABLE_CONSTRAINTS}

    def __init__(self, p=0.1, *, value=0.0, columns=None, random_state=None):
        self.p = p
        self.value = value
        self.columns = columns
        self.random_state = random_state

    def _perturb(self, X, rng):
        if sp.issparse(X):
            if self.value != 0.0:
                raise ValueError(f"value={self.value} would fill sparse X: only 0 does not.")
            X = X.tocsr(copy=True)
            X.data[rng.random(X.nnz) < self.p] = 0
            X.eliminate_zeros()
            return X
        values, restore = numbers_of(X, self, kinds="buif")
        check_fits("value", self.value, types_of(X, values))
        return restore(np.where(rng.random(values.shape) < self.p, values.dtype.type(self.value), values))


class SwapNoise(Augmenter):
    __doc__ = f"""Replace some entries of every row by those of other rows, in the same column.

    Entries stay in the range of their column and keep its distribution, whatever their type: numbers, strings,
    categories.

    Parameters
    ----------
    p : float, default=0.1
        Probability that an entry is replaced, in [0, 1]. 0.15 is usual for autoencoders on tables.{_COMMON}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import SwapNoise
    >>> X, y = SwapNoise(0.5, random_state=0).fit_resample(np.arange(6).reshape(3, 2), np.zeros(3))
    >>> bool(np.isin(X[3:, 0], [0, 2, 4]).all())
    True
    """

    _takes_sparse = True
    _weakest = {"p": 0.0}
    _parameter_constraints = {"p": [PROBABILITY], **_TABLE_CONSTRAINTS}

    def __init__(self, p=0.1, *, columns=None, random_state=None):
        self.p = p
        self.columns = columns
        self.random_state = random_state

    def _augment(self, batch, rng):
        return batch._replace(X=self._swapped(batch, rng))

    def _swapped(self, batch, rng):
        X = batch.X
        if sp.issparse(X):
            X = X.tocsc(copy=True)
            X.sum_duplicates()
            return self._swapped_sparse(X, batch, rng)
        table = as_table(X)
        if table is not None:
            sources = self._sources(batch, (X.shape[1],), rng).T
            columns = zip(table.iter_columns(), sources, strict=True)
            return with_columns(X, {column.name: column[rows] for column, rows in columns})
        X = np.asarray(X)
        if X.ndim < 2:
            raise ValueError(f"SwapNoise needs columns; got X of shape {X.shape}.")
        return np.take_along_axis(X, self._sources(batch, X.shape[1:], rng), axis=0)

    def _sources(self, batch, shape, rng):
        """The row from which every entry is taken."""
        own = np.arange(batch.n).reshape(-1, *[1] * len(shape))
        size = (batch.n, *shape)
        return np.where(rng.random(size) < self.p, batch.draw(size, rng), own)

    def _swapped_sparse(self, X, batch, rng):
        """Draw which places get a nonzero entry, and which one, from those of the same column."""
        n, counts = X.shape[0], np.diff(X.indptr)
        column = np.repeat(np.arange(X.shape[1]), counts)  # that of every stored entry
        mass = np.ones(X.nnz) / n if batch.weights is None else batch.weights[X.indices] / batch.weights.sum()
        total = np.bincount(column, mass, X.shape[1])  # the share of nonzero entries in each column
        comes = np.minimum(self.p * total, 1.0)  # probability that a place gets a nonzero entry by a swap
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
        keep = ~taken & (rng.random(X.nnz) < (1.0 - self.p) / rest)  # not swapped, given that no entry came
        rows = np.concatenate([X.indices[keep], place])
        columns = np.concatenate([column[keep], to])
        data = np.concatenate([X.data[keep], X.data[drawn]])
        return type(X)((data, (rows, columns)), shape=X.shape).tocsr()


class Mixup(Augmenter):
    __doc__ = f"""Mix every row, and its target, with another row (Zhang et al. 2018 [1]_).

    Parameters
    ----------
    alpha : float, default=0.2
        Parameter of the Beta(alpha, alpha) distribution of the shares, positive; 0.1 to 0.4 are usual.{_COMMON}

    Notes
    -----
    Labels are mixed as shares, which `AugmentedClassifier` turns into weighted rows; regression targets are mixed as
    numbers. Integers in X are rounded: convert counts and indicators to floats, so that rows and labels have the same
    shares. With `columns`, targets are mixed as well, while the other columns are those of the first row.

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
    _weakest = {"alpha": 1e-3}
    _parameter_constraints = {"alpha": [POSITIVE], **_TABLE_CONSTRAINTS}

    def __init__(self, alpha=0.2, *, columns=None, random_state=None):
        self.alpha = alpha
        self.columns = columns
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
        values, restore = numbers_of(batch.X, self)
        weight = share.reshape(-1, *[1] * (values.ndim - 1))
        return batch.mix(restore(weight * values + (1.0 - weight) * values[partner]), partner, share)
