"""Augmenters for series: signals, movements, spectra, as arrays (n, steps) or (n, steps, channels)."""

from numbers import Real

import numpy as np

from ..utils._params import COUNT, NONNEGATIVE, RANDOM_STATE, Interval
from ._base import Perturbation
from ._numbers import check_finite, numbers_of


def resampled(series, places):
    """Series (n, steps, channels) at places (n, steps) between 0 and steps - 1, by linear interpolation."""
    last = series.shape[1] - 1
    low = np.clip(np.floor(places).astype(int), 0, max(last - 1, 0))
    share = (places - low)[..., None].astype(series.dtype)
    rows = np.arange(len(series))[:, None]
    return series[rows, low] * (1 - share) + series[rows, np.minimum(low + 1, last)] * share


class SeriesAugmenter(Perturbation):
    """Base class of augmenters of series. A subclass implements `_change(series, rng)`."""

    def _perturb(self, X, rng):
        values, restore = numbers_of(X, self)
        if values.ndim not in (2, 3) or not values.shape[1]:
            raise ValueError(
                f"{type(self).__name__} needs series of shape (n, steps) or (n, steps, channels); got {values.shape}."
            )
        check_finite(values, self, ("step", "channel")[: values.ndim - 1])
        series = values.reshape(*values.shape[:2], -1).astype(np.result_type(values.dtype, np.float32), copy=False)
        return restore(self._change(series, rng).reshape(values.shape))


_COMMON = """
    random_state : int, RandomState or None, default=None
        For `fit_resample`."""


class AmplitudeScale(SeriesAugmenter):
    __doc__ = f"""Multiply every channel of every series by a random factor ("scaling", Um et al. 2017 [1]_).

    Independent noise at every step ("jitter") is `GaussianNoise`.

    Series have the shape (n, steps) or (n, steps, channels): time is the second axis.

    Parameters
    ----------
    scale : float, default=0.1
        Standard deviation of the factors, in [0, inf), which are Gaussian with mean 1.{_COMMON}

    References
    ----------
    .. [1] T. Um et al., "Data augmentation of wearable sensor data for Parkinson's disease monitoring using
       convolutional neural networks", ICMI 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import AmplitudeScale
    >>> X, y = AmplitudeScale(0.1, random_state=0).fit_resample(np.ones((2, 5)), np.zeros(2))
    >>> bool((X[2] == X[2, 0]).all())
    True
    """

    _weakest = {"scale": 0.0}
    _parameter_constraints = {"scale": [NONNEGATIVE], "random_state": [RANDOM_STATE]}

    def __init__(self, scale=0.1, *, random_state=None):
        self.scale = scale
        self.random_state = random_state

    def _change(self, series, rng):
        factors = 1.0 + self.scale * rng.standard_normal((len(series), 1, series.shape[2]))
        return series * factors.astype(series.dtype)


class TimeWarp(SeriesAugmenter):
    __doc__ = f"""Play parts of every series faster and others slower (Um et al. 2017, see `AmplitudeScale`).

    Both ends stay where they are. The logarithm of the speed is Gaussian at the knots, and linear between them.

    Series have the shape (n, steps) or (n, steps, channels): time is the second axis.

    Parameters
    ----------
    scale : float, default=0.2
        Standard deviation of the logarithm of the speed, in [0, inf). At 0.2, parts are about a fifth faster or slower.
    n_knots : int, default=4
        Number of knots, at least 1, at equal distances: more of them make shorter parts.{_COMMON}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import TimeWarp
    >>> X, y = TimeWarp(0.3, random_state=0).fit_resample(np.arange(50.0)[None], np.zeros(1))
    >>> bool((np.diff(X[1]) > 0).all()), float(X[1, 0]), float(X[1, -1])
    (True, 0.0, 49.0)
    """

    _weakest = {"scale": 0.0}
    _parameter_constraints = {"scale": [NONNEGATIVE], "n_knots": [COUNT], "random_state": [RANDOM_STATE]}

    def __init__(self, scale=0.2, *, n_knots=4, random_state=None):
        self.scale = scale
        self.n_knots = n_knots
        self.random_state = random_state

    def _change(self, series, rng):
        n, steps, _ = series.shape
        if steps < 2:
            return series
        knots = np.linspace(0.5, steps - 1.5, self.n_knots) if self.n_knots > 1 else np.zeros(1)
        middle = np.arange(steps - 1) + 0.5  # between two steps
        logs = self.scale * rng.standard_normal((n, self.n_knots))
        speeds = np.exp([np.interp(middle, knots, one) for one in logs]).reshape(n, steps - 1)
        places = np.zeros((n, steps))
        np.cumsum(speeds, axis=1, out=places[:, 1:])
        places *= (steps - 1) / places[:, -1:]
        return resampled(series, places)


class WindowSlice(SeriesAugmenter):
    __doc__ = f"""Cut a window out of every series, at a random place, and stretch it to the length of the series.

    "Window slicing" of Le Guennec, Malinowski & Tavenard 2016 [1]_.

    Series have the shape (n, steps) or (n, steps, channels): time is the second axis.

    Parameters
    ----------
    share : float, default=0.9
        Length of the window relative to the series, in (0, 1].{_COMMON}

    References
    ----------
    .. [1] A. Le Guennec, S. Malinowski, R. Tavenard, "Data augmentation for time series classification using
       convolutional neural networks", ECML workshop 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import WindowSlice
    >>> X, y = WindowSlice(0.5, random_state=0).fit_resample(np.arange(11.0)[None], np.zeros(1))
    >>> float(X[1, -1] - X[1, 0])
    5.0
    """

    _weakest = {"share": 1.0}
    _parameter_constraints = {
        "share": [Interval(Real, 0.0, 1.0, closed="right")],
        "random_state": [RANDOM_STATE],
    }

    def __init__(self, share=0.9, *, random_state=None):
        self.share = share
        self.random_state = random_state

    def _change(self, series, rng):
        last = series.shape[1] - 1
        starts = rng.uniform(0.0, (1.0 - self.share) * last, (len(series), 1))
        return resampled(series, starts + self.share * np.arange(last + 1))


class SegmentPermutation(SeriesAugmenter):
    __doc__ = f"""Cut every series into segments and put them in a random order (Um et al. 2017, see `AmplitudeScale`).

    For series whose class does not depend on the order of events.

    Series have the shape (n, steps) or (n, steps, channels): time is the second axis.

    Parameters
    ----------
    n_segments : int, default=4
        Number of segments, at least 1, of lengths that differ by one step at most.{_COMMON}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import SegmentPermutation
    >>> X, y = SegmentPermutation(2, random_state=0).fit_resample(np.arange(6)[None], np.zeros(1))
    >>> sorted(X[1].tolist())
    [0, 1, 2, 3, 4, 5]
    """

    _weakest = {"n_segments": 1}
    _parameter_constraints = {"n_segments": [COUNT], "random_state": [RANDOM_STATE]}

    def __init__(self, n_segments=4, *, random_state=None):
        self.n_segments = n_segments
        self.random_state = random_state

    def _change(self, series, rng):
        n, steps, _ = series.shape
        if self.n_segments > steps:
            raise ValueError(f"n_segments={self.n_segments} is more than the {steps} steps of X.")
        segments = np.array_split(np.arange(steps), self.n_segments)
        orders = rng.permuted(np.tile(np.arange(self.n_segments), (n, 1)), axis=1)
        places = np.array([np.concatenate([segments[k] for k in order]) for order in orders])
        return series[np.arange(n)[:, None], places] if n else series
