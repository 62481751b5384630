"""Augmenters in the space of features that a transformer finds."""

from numbers import Real

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from ..utils._params import BOOLEAN, RANDOM_STATE, Interval, Kind
from ._base import Augmenter, Perturbation, numbers_of

_TRANSFORMER = Kind(
    "a transformer with inverse_transform",
    lambda value: hasattr(value, "fit") and hasattr(value, "inverse_transform") and not isinstance(value, type),
)


class LatentAugmenter(Augmenter):
    """Base: rows go to the latent space, and come back from where they are moved to."""

    def _learn(self, X, y):
        numbers_of(X, self)
        self.transformer_ = clone(self.transformer).fit(X, y)

    def _latent(self, X):
        latent = self.transformer_.transform(X)
        if sp.issparse(latent):
            raise ValueError(f"transformer={self.transformer!r} finds sparse features, which noise would fill.")
        return np.asarray(latent)

    def _moved(self, X, move):
        """Rows after a function has moved their latent features."""
        check_is_fitted(self, "transformer_")
        values, back = numbers_of(X, self)
        latent = self._latent(X)
        new = np.asarray(self.transformer_.inverse_transform(move(latent)))
        if self.keep_residual:
            new = new + values - np.asarray(self.transformer_.inverse_transform(latent))
        return back(new)


class LatentNoise(LatentAugmenter, Perturbation):
    """Add normal noise to the latent features of every row (DeVries & Taylor 2017 [1]_).

    Parameters
    ----------
    transformer : transformer
        With `inverse_transform`, such as `PCA` or `skreg.neural.Autoencoder`; a clone is fitted on the training rows.
    scale : float, default=0.1
        Standard deviation of the noise, relative to that of each latent feature, in [0, inf).
    keep_residual : bool, default=True
        Whether what the transformer loses of a row is added again.
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Attributes
    ----------
    transformer_ : transformer
        The fitted clone.
    spread_ : ndarray of shape (n_latent,)
        Standard deviations of the latent features.

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

    _parameter_constraints = {
        "transformer": [_TRANSFORMER],
        "scale": [Interval(Real, 0.0, np.inf)],
        "keep_residual": [BOOLEAN],
        "random_state": [RANDOM_STATE],
    }

    def __init__(self, transformer, scale=0.1, *, keep_residual=True, random_state=None):
        self.transformer = transformer
        self.scale = scale
        self.keep_residual = keep_residual
        self.random_state = random_state

    def _learn(self, X, y):
        super()._learn(X, y)
        self.spread_ = self._latent(X).std(axis=0)

    def _perturb(self, X, rng):
        return self._moved(X, lambda z: z + self.scale * self.spread_ * rng.standard_normal(z.shape))


class LatentInterpolation(LatentAugmenter):
    """Move the latent features of every row towards those of another of its class (DeVries & Taylor 2017 [1]_).

    Numbers as targets are interpolated, too, between any two rows.

    Parameters
    ----------
    transformer : transformer
        With `inverse_transform`, such as `PCA` or `skreg.neural.Autoencoder`; a clone is fitted on the training rows.
    share : float, default=0.5
        Largest share of the way, in [0, 1]; drawn uniformly.
    keep_residual : bool, default=True
        Whether what the transformer loses of a row is added again.
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Attributes
    ----------
    transformer_ : transformer
        The fitted clone.

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

    _parameter_constraints = {
        "transformer": [_TRANSFORMER],
        "share": [Interval(Real, 0.0, 1.0, closed="both")],
        "keep_residual": [BOOLEAN],
        "random_state": [RANDOM_STATE],
    }

    def __init__(self, transformer, share=0.5, *, keep_residual=True, random_state=None):
        self.transformer = transformer
        self.share = share
        self.keep_residual = keep_residual
        self.random_state = random_state

    def _augment(self, batch, rng):
        if batch.shares is not None:
            raise ValueError("LatentInterpolation needs rows of one label: put it before what mixes labels.")
        partner = batch.partners(rng)
        if batch.labelled:
            for rows in same_label(batch.y):
                partner[rows] = rows[batch.take(rows).partners(rng)]
        share = rng.uniform(0.0, self.share, batch.n)
        X = self._moved(batch.X, lambda z: z + share[:, None] * (z[partner] - z))
        return batch._replace(X=X) if batch.labelled else batch.mix(X, partner, 1.0 - share)


def same_label(y):
    """Places of the rows of every label."""
    _, codes = np.unique(y, axis=0, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.cumsum(np.bincount(codes))[:-1])
