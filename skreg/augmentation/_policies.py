"""Policies of augmentation that need no search: random operations at random strengths."""

from copy import copy

import numpy as np

from ..utils._params import ARRAY_LIKE, COUNT, NONE, POSITIVE, PROBABILITY, RANDOM_STATE, check_params
from ._compose import OneOf, _Several
from ._images import ColorJitter
from ._patches import RandomErasing
from ._rounding import JudgedTogether
from ._warps import ElasticDeform, Rotate, Shear, Shift, Zoom

LARGEST_SHIFT = 0.3  # of the sides of an image


def image_augmenters(height, width, image_shape=None, max_value=None):
    """The default list for images: what moves and bends pixels, brightness and contrast, and erasing.

    Parameters
    ----------
    height, width : int
    image_shape : tuple of int, default=None
        See the augmenters of images.
    max_value : float, default=None
        See `ColorJitter`.
    """
    shape = dict(image_shape=image_shape)
    colors = dict(image_shape=image_shape, max_value=max_value)
    side = min(height, width)
    return [
        Shift(LARGEST_SHIFT * side, **shape),
        Rotate(30.0, **shape),
        Zoom(0.7, 1.4, **shape),
        Shear(20.0, **shape),
        ElasticDeform(0.05 * side, smoothness=side / 8.0, **shape),
        ColorJitter(0.5, 0.0, 0.0, **colors),
        ColorJitter(0.0, 0.5, 0.0, **colors),
        RandomErasing(1.0, **shape),
    ]


class _Policy(_Several):
    """Base class of the policies, whose `augmenters` may be None: the list for images of the size of the rows."""

    _policy_constraints = {
        "augmenters": [ARRAY_LIKE, NONE],
        "image_shape": [ARRAY_LIKE, NONE],
        "max_value": [POSITIVE, NONE],
        "random_state": [RANDOM_STATE],
    }
    has_strength = False

    def _check(self):
        if self.augmenters is None:
            check_params(self)
            return
        super()._check()
        for part in self.augmenters:
            part.at_strength(1.0)

    def _at_strength(self, t):
        raise ValueError(f"{type(self).__name__} draws the strength itself.")

    def _operations(self, X):
        """The augmenters at full strength."""
        if self.augmenters is not None:
            return self.augmenters
        shape = np.shape(X)[1:] if self.image_shape is None else self.image_shape
        if len(shape) < 2:
            raise ValueError(
                f"augmenters=None of {type(self).__name__} are those of images, which need X of shape (n, height,"
                f" width[, channels]); got shape {np.shape(X)}: set image_shape, or augmenters."
            )
        return image_augmenters(*shape[:2], self.image_shape, self.max_value)


_AUGMENTERS = """
    augmenters : list of augmenters, default=None
        All are equally likely; each must have a strength, see `Augmenter.at_strength`, and its own parameters are those
        of strength 1. None is a list for images: shifts by up to 0.3 of the shorter side, rotations by up to 30
        degrees, zooms from 0.7 to 1.4, shears by up to 20 degrees, elastic deformations, brightness and contrast by
        up to 50 %, and random erasing. Flips are not among them: they change digits and letters."""
_SHAPE = """
    image_shape : tuple of int, default=None
        (height, width) or (height, width, channels) of the rows of X for ``augmenters=None``; None for X that has the
        shape of images.
    max_value : float, default=None
        The largest value of a pixel for ``augmenters=None``, positive; None means 255 for bytes, the largest number of
        other integer types, and 1 for floats.
    random_state : int, RandomState or None, default=None
        For `fit_resample`."""


class TrivialAugment(_Policy):
    __doc__ = f"""Apply one random augmenter to every row, at a random strength (Mueller & Hutter 2021 [1]_).

    There is nothing to tune, and on images it is about as good as policies that were searched for.

    Parameters
    ----------{_AUGMENTERS}
    n_strengths : int, default=10
        Strengths are drawn from 0, ``1 / n_strengths``, ..., 1. Every augmenter is called for every strength that
        occurs, so many strengths take more time.{_SHAPE}

    References
    ----------
    .. [1] S. Mueller, F. Hutter, "TrivialAugment: tuning-free yet state-of-the-art data augmentation", ICCV 2021.

    See Also
    --------
    RandAugment : Several augmenters at one strength, both to be tuned.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skreg.augmentation import TrivialAugment
    >>> X, y = load_digits(return_X_y=True)
    >>> policy = TrivialAugment(image_shape=(8, 8), random_state=0)
    >>> new, labels = policy.fit_resample(X[:10] / 16, y[:10])
    >>> new.shape
    (20, 64)
    """

    _parameter_constraints = {**_Policy._policy_constraints, "n_strengths": [COUNT]}

    def __init__(self, augmenters=None, *, n_strengths=10, image_shape=None, max_value=None, random_state=None):
        self.augmenters = augmenters
        self.n_strengths = n_strengths
        self.image_shape = image_shape
        self.max_value = max_value
        self.random_state = random_state

    def _augment(self, batch, rng):
        parts = self._operations(batch.X)
        kinds = len(parts) * (self.n_strengths + 1)
        which = rng.integers(kinds, size=batch.n)
        order, done = np.argsort(which, kind="stable"), []
        with JudgedTogether():
            for rows in np.split(order, np.flatnonzero(np.diff(which[order])) + 1):
                if rows.size:
                    k, level = divmod(int(which[rows[0]]), self.n_strengths + 1)
                    part = parts[k].at_strength(level / self.n_strengths)
                    done.append(part._augment_rows(batch, rows, rng))
        return done[0].followed_by(done[1:]).take(np.argsort(order)) if done else batch


class RandAugment(_Policy):
    __doc__ = f"""Apply several random augmenters to every row, all at the same strength (Cubuk et al. 2020 [1]_).

    Parameters
    ----------{_AUGMENTERS}
    n_ops : int, default=2
        Number of augmenters for every row, drawn with replacement, at least 1.
    magnitude : float, default=0.3
        Strength of all of them, in [0, 1]. The paper's M from 0 to 30, divided by 30; it found 9 for small nets and 28
        for large ones.{_SHAPE}

    References
    ----------
    .. [1] E. Cubuk, B. Zoph, J. Shlens, Q. Le, "RandAugment: practical automated data augmentation with a reduced
       search space", NeurIPS 2020.

    See Also
    --------
    TrivialAugment : One augmenter at a random strength: nothing to tune.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import FeatureMask, GaussianNoise, RandAugment
    >>> policy = RandAugment([GaussianNoise(1.0), FeatureMask(0.5)], n_ops=1, magnitude=0.2, random_state=0)
    >>> X, y = policy.fit_resample(np.zeros((50, 3)), np.arange(50))
    >>> bool(np.abs(X).max() < 1.0)
    True
    """

    _parameter_constraints = {**_Policy._policy_constraints, "n_ops": [COUNT], "magnitude": [PROBABILITY]}

    def __init__(self, augmenters=None, *, n_ops=2, magnitude=0.3, image_shape=None, max_value=None, random_state=None):
        self.augmenters = augmenters
        self.n_ops = n_ops
        self.magnitude = magnitude
        self.image_shape = image_shape
        self.max_value = max_value
        self.random_state = random_state

    has_strength = True

    def _at_strength(self, t):
        new = copy(self)
        new.magnitude = t * self.magnitude
        return new

    def _augment(self, batch, rng):
        one = OneOf([part.at_strength(self.magnitude) for part in self._operations(batch.X)])
        with JudgedTogether():
            for _ in range(self.n_ops):
                batch = one._augment(batch, rng)
        return batch
