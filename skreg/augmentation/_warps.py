"""Augmenters that move, turn, enlarge and bend images."""

from numbers import Integral, Real

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter, map_coordinates, shift

from ..utils._params import NONNEGATIVE, POSITIVE, Interval
from ._base import check_range
from ._images import _COMMON, _FILL, FILL_CONSTRAINT, PAIR, ImageAugmenter, range_of

_WARPED = f"""
    fill : {_FILL}
        Value of what lies beyond the edge, for all channels or for each.
    order : int, default=1
        Order of the spline that interpolates, in [0, 5]; 1 is linear, 0 takes the nearest pixel. Where splines
        overshoot, pixels are clipped to the range of the image.{_COMMON}"""
_WARP_CONSTRAINTS = {
    "fill": FILL_CONSTRAINT,
    "order": [Interval(Integral, 0, 5, closed="both")],
    **ImageAugmenter._image_constraints,
}


def warp(images, matrices, shifts, order, fill):
    """Images whose pixel at x, from the centre, is that of the old images at ``matrix x + shift``.

    Images are warped one by one: `map_coordinates` on the whole batch, with the image as a third coordinate, takes
    twice the neighbours of a pixel, four times with cubic splines, and is slower.

    Parameters
    ----------
    images : ndarray of shape (n, height, width, channels)
    matrices : ndarray of shape (n, 2, 2) or None
        None stands for the identity.
    shifts : ndarray of shape (n, 2)
    order : int
        Order of the spline; 1 is linear.
    fill : ndarray of shape (channels,)
        Value of what lies beyond the edge.
    """
    out = np.empty(images.shape, np.result_type(images.dtype, np.float32))
    centre = np.array([images.shape[1] - 1, images.shape[2] - 1]) / 2.0
    offsets = None if matrices is None else centre - matrices @ centre + shifts
    for k, image in enumerate(images):
        source = image.astype(out.dtype, copy=False)
        for c in range(images.shape[-1]):
            options = dict(output=out[k, ..., c], order=order, mode="grid-constant", cval=fill[c])
            if matrices is None:
                shift(source[..., c], -shifts[k], **options)  # takes half the time
            else:
                affine_transform(source[..., c], matrices[k], offsets[k], **options)
        _clip_splines(out[k], source, order, fill)
    return out


def _clip_splines(new, old, order, fill):
    """Clip an image, in place, to the range of the old one and of the fill: splines overshoot."""
    if order > 1:
        np.clip(new, min(old.min(), fill.min()), max(old.max(), fill.max()), out=new)


class Shift(ImageAugmenter):
    __doc__ = f"""Move every image by some pixels along both axes.

    Parameters
    ----------
    pixels : float, default=2.0
        Largest distance along each axis, in [0, inf); drawn uniformly.{_WARPED}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import Shift
    >>> X, y = Shift(1.0, image_shape=(8, 8), random_state=0).fit_resample(np.ones((3, 64)), np.arange(3))
    >>> X.shape
    (6, 64)
    """

    _weakest = {"pixels": 0.0}
    _parameter_constraints = {"pixels": [NONNEGATIVE], **_WARP_CONSTRAINTS}

    def __init__(self, pixels=2.0, *, fill=0.0, order=1, image_shape=None, random_state=None):
        self.pixels = pixels
        self.fill = fill
        self.order = order
        self.image_shape = image_shape
        self.random_state = random_state

    def _change(self, images, rng, fill):
        shifts = rng.uniform(-self.pixels, self.pixels, (len(images), 2))
        return warp(images, None, shifts, self.order, fill)


class _Angles(ImageAugmenter):
    """Base class of warps by random angles of at most `_most` degrees to both sides."""

    _weakest = {"degrees": 0.0}

    @staticmethod
    def _angle_constraints(most):
        return {"degrees": [Interval(Real, 0.0, most, closed="both"), PAIR], **_WARP_CONSTRAINTS}

    def __init__(self, degrees=15.0, *, fill=0.0, order=1, image_shape=None, random_state=None):
        self.degrees = degrees
        self.fill = fill
        self.order = order
        self.image_shape = image_shape
        self.random_state = random_state

    def _check(self):
        super()._check()
        if np.abs(range_of("degrees", self.degrees)).max() > self._most:
            raise ValueError(f"degrees must lie in [-{self._most:g}, {self._most:g}]; got {self.degrees!r}.")

    def _angles(self, n, rng):
        """Angles in radians."""
        return np.deg2rad(rng.uniform(*range_of("degrees", self.degrees), n))


class Rotate(_Angles):
    __doc__ = f"""Rotate every image about its centre.

    Parameters
    ----------
    degrees : float or pair of float, default=15.0
        Largest angle to both sides, in [0, 180], or the range (low, high) of angles, in [-180, 180]; drawn uniformly.
        Positive angles turn counterclockwise.{_WARPED}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import Rotate
    >>> images = np.random.default_rng(0).random((3, 9, 9))
    >>> X, y = Rotate(0.0, random_state=0).fit_resample(images, np.arange(3))
    >>> bool((X[3:] == images).all())
    True
    """

    _most = 180.0
    _parameter_constraints = _Angles._angle_constraints(_most)

    def _change(self, images, rng, fill):
        angle = self._angles(len(images), rng)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
        return warp(images, turn, np.zeros((len(images), 2)), self.order, fill)


class Zoom(ImageAugmenter):
    __doc__ = f"""Enlarge or shrink every image about its centre.

    Parameters
    ----------
    low, high : float, default=0.9, 1.1
        Range of the factor, positive; above 1 enlarges. Its logarithm is drawn uniformly.{_WARPED}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import Zoom
    >>> X, y = Zoom(0.5, 0.5, random_state=0).fit_resample(np.ones((1, 8, 8)), np.zeros(1))
    >>> float(X[1].sum())
    16.0
    """

    _weakest = {"low": 1.0, "high": 1.0}
    _parameter_constraints = {"low": [POSITIVE], "high": [POSITIVE], **_WARP_CONSTRAINTS}

    def __init__(self, low=0.9, high=1.1, *, fill=0.0, order=1, image_shape=None, random_state=None):
        self.low = low
        self.high = high
        self.fill = fill
        self.order = order
        self.image_shape = image_shape
        self.random_state = random_state

    def _check(self):
        super()._check()
        check_range(self)

    def _change(self, images, rng, fill):
        factor = np.exp(rng.uniform(np.log(self.low), np.log(self.high), len(images)))
        matrices = np.eye(2) / factor[:, None, None]
        return warp(images, matrices, np.zeros((len(images), 2)), self.order, fill)


class Shear(_Angles):
    __doc__ = f"""Shear every image about its centre, along one axis or the other.

    Parameters
    ----------
    degrees : float or pair of float, default=15.0
        Largest angle to both sides, in [0, 80], or the range (low, high) of angles, in [-80, 80]; drawn
        uniformly.{_WARPED}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import Shear
    >>> images = np.random.default_rng(0).random((3, 9, 9))
    >>> X, y = Shear(0.0, random_state=0).fit_resample(images, np.arange(3))
    >>> bool((X[3:] == images).all())
    True
    """

    _most = 80.0  # at 90 an image has no area
    _parameter_constraints = _Angles._angle_constraints(_most)

    def _change(self, images, rng, fill):
        n = len(images)
        slopes = np.tan(self._angles(n, rng))
        matrices, axis = np.tile(np.eye(2), (n, 1, 1)), rng.integers(2, size=n)
        matrices[np.arange(n), axis, 1 - axis] = slopes
        return warp(images, matrices, np.zeros((n, 2)), self.order, fill)


class ElasticDeform(ImageAugmenter):
    __doc__ = f"""Move every pixel a little, neighbours in similar ways (Simard, Steinkraus & Platt 2003 [1]_).

    Displacements are independent Gaussian numbers that a Gaussian filter has smoothed, scaled so that their root mean
    square is `pixels`.

    Parameters
    ----------
    pixels : float, default=1.5
        Root mean square of the displacements along each axis, in [0, inf).
    smoothness : float, default=4.0
        Standard deviation of the filter in pixels, positive. Small values crumple an image, large ones move it as a
        whole; the paper has 4 for MNIST.{_WARPED}

    References
    ----------
    .. [1] P. Simard, D. Steinkraus, J. Platt, "Best practices for convolutional neural networks applied to visual
       document analysis", ICDAR 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import ElasticDeform
    >>> X, y = ElasticDeform(1.0, image_shape=(8, 8), random_state=0).fit_resample(np.ones((3, 64)), np.arange(3))
    >>> X.shape
    (6, 64)
    """

    _weakest = {"pixels": 0.0}
    _parameter_constraints = {"pixels": [NONNEGATIVE], "smoothness": [POSITIVE], **_WARP_CONSTRAINTS}

    def __init__(self, pixels=1.5, *, smoothness=4.0, fill=0.0, order=1, image_shape=None, random_state=None):
        self.pixels = pixels
        self.smoothness = smoothness
        self.fill = fill
        self.order = order
        self.image_shape = image_shape
        self.random_state = random_state

    def _change(self, images, rng, fill):
        n, height, width, channels = images.shape
        moves = rng.standard_normal((n, 2, height, width))
        moves = gaussian_filter(moves, self.smoothness, mode="wrap", axes=(2, 3))
        size = np.sqrt(np.mean(moves**2, axis=(2, 3), keepdims=True))
        moves *= self.pixels / np.where(size > 0.0, size, 1.0)
        places = moves + np.indices((height, width))
        out = np.empty(images.shape, np.result_type(images.dtype, np.float32))
        for k, image in enumerate(images.astype(out.dtype, copy=False)):
            for c in range(channels):
                options = dict(order=self.order, mode="grid-constant", cval=fill[c])
                out[k, ..., c] = map_coordinates(image[..., c], places[k], **options)
            _clip_splines(out[k], image, self.order, fill)
        return out
