"""Augmenters that change rows in the feature space of a transformer."""

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from ..utils._params import BOOLEAN, NONNEGATIVE, PROBABILITY, ParamKind
from ._base import Augmenter, Perturbation
from ._numbers import numbers_of, types_of
from ._rounding import warn_if_rounded_away
from ._tables import _COMMON as _OF_TABLES
from ._tables import _TABLE_CONSTRAINTS

_TRANSFORMER = ParamKind(
    "a transformer with inverse_transform",
    lambda value: hasattr(value, "fit") and hasattr(value, "inverse_transform") and not isinstance(value, type),
)


_TRANSFORMER_PARAMETER = """
    transformer : transformer
        With `inverse_transform`, such as `PCA` or `skreg.neural.Autoencoder`; a clone is fitted on the training
        rows."""
_COMMON = f"""
    keep_residual : bool, default=True
        Whether the part of a row that the transformer cannot represent, the row minus its reconstruction, is added
        to the new row.{_OF_TABLES}"""


class LatentAugmenter(Augmenter):
    """Base class: transforms rows, moves them in the latent space, and transforms them back."""

    _latent_constraints = {"transformer": [_TRANSFORMER], "keep_residual": [BOOLEAN], **_TABLE_CONSTRAINTS}

    def __init__(self, transformer, *, keep_residual=True, columns=None, random_state=None):
        self.transformer = transformer
        self.keep_residual = keep_residual
        self.columns = columns
        self.random_state = random_state

    def _learn(self, X, y):
        numbers_of(X, self)
        self.transformer_ = clone(self.transformer).fit(X, y)

    def _latent(self, X):
        latent = self.transformer_.transform(X)
        if sp.issparse(latent):
            raise ValueError(f"transformer={self.transformer!r} returns sparse features, which noise would fill.")
        return np.asarray(latent)

    def _moved(self, X, move, strength):
        """Rows after a function has moved their latent features, by the parameter named `strength`."""
        check_is_fitted(self, "transformer_")
        values, restore = numbers_of(X, self)
        latent = self._latent(X)
        new = np.asarray(self.transformer_.inverse_transform(move(latent)))
        if self.keep_residual:
            new = new + values - np.asarray(self.transformer_.inverse_transform(latent))
        moved = restore(new)
        if getattr(self, strength) and any(kind.kind in "iu" for kind in types_of(X, values)):
            changed = ~np.isclose(new, values, rtol=1e-9, atol=1e-9)
            warn_if_rounded_away(X, values, numbers_of(moved, self)[0], changed, strength, self)
        return moved


class LatentNoise(LatentAugmenter, Perturbation):
    __doc__ = f"""Add Gaussian noise to the latent features of every row (DeVries & Taylor 2017 [1]_).

    Parameters
    ----------{_TRANSFORMER_PARAMETER}
    scale : float, default=0.1
        Standard deviation of the noise, relative to that of each latent feature, in [0, inf).{_COMMON}

    Attributes
    ----------
    transformer_ : transformer
        The fitted clone.
    spread_ : ndarray of shape (n_latent,)
        Standard deviations of the latent features.

    Warns
    -----
    UserWarning
        When the change of all integers, or of a column of integers, was rounded away.

    References
    ----------
    .. [1] T. DeVries, G. Taylor, "Dataset augmentation in feature space", ICLR workshop 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from skreg.augmentation import LatentNoise
    >>> X, y = load_iris(return_X_y=True)
    >>> LatentNoise(PCA(2), random_state=0).fit_resample(X, y)[0].shape
    (300, 4)
    """

    _weakest = {"scale": 0.0}
    _parameter_constraints = {"scale": [NONNEGATIVE], **LatentAugmenter._latent_constraints}

    def __init__(self, transformer, scale=0.1, *, keep_residual=True, columns=None, random_state=None):
        super().__init__(transformer, keep_residual=keep_residual, columns=columns, random_state=random_state)
        self.scale = scale

    def _learn(self, X, y):
        super()._learn(X, y)
        self.spread_ = self._latent(X).std(axis=0)

    def _perturb(self, X, rng):
        return self._moved(X, lambda z: z + self.scale * self.spread_ * rng.standard_normal(z.shape), "scale")


class LatentInterpolation(LatentAugmenter):
    __doc__ = f"""Move the latent features of every row towards those of another of its class.

    This is the interpolation of DeVries & Taylor (2017 [1]_). In regression the other row can be any, and targets are
    interpolated, too.

    Parameters
    ----------{_TRANSFORMER_PARAMETER}
    share : float, default=0.5
        Largest share of the distance to the other row, in [0, 1]; drawn uniformly from 0 to this.{_COMMON}

    Attributes
    ----------
    transformer_ : transformer
        The fitted clone.

    Warns
    -----
    UserWarning
        When the change of all integers, or of a column of integers, was rounded away.

    References
    ----------
    .. [1] T. DeVries, G. Taylor, "Dataset augmentation in feature space", ICLR workshop 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from skreg.augmentation import LatentInterpolation
    >>> X, y = load_iris(return_X_y=True)
    >>> X, y = LatentInterpolation(PCA(2), random_state=0).fit_resample(X, y)
    >>> bool((y[150:] == y[:150]).all())
    True
    """

    _weakest = {"share": 0.0}
    _parameter_constraints = {"share": [PROBABILITY], **LatentAugmenter._latent_constraints}

    def __init__(self, transformer, share=0.5, *, keep_residual=True, columns=None, random_state=None):
        super().__init__(transformer, keep_residual=keep_residual, columns=columns, random_state=random_state)
        self.share = share

    def _augment(self, batch, rng):
        if batch.shares is not None:
            raise ValueError(
                "LatentInterpolation needs rows with one label each: put it before augmenters that mix labels."
            )
        partner = batch.partners(rng)
        if batch.labelled:
            for rows in same_label(batch.y):
                partner[rows] = rows[batch.take(rows).partners(rng)]
        share = rng.uniform(0.0, self.share, batch.n)
        X = self._moved(batch.X, lambda z: z + share[:, None] * (z[partner] - z), "share")
        return batch._replace(X=X) if batch.labelled else batch.mix(X, partner, 1.0 - share)


def same_label(y):
    """Indices of the rows of every label."""
    _, codes = np.unique(y, axis=0, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes))[:-1])
