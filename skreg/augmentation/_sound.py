"""Augmenters for sound: waves (n, n_samples), or spectrograms (n, n_frequencies, n_times)."""

from copy import copy
from numbers import Integral

import numpy as np
from scipy.signal import ShortTimeFFT, get_window, resample

from ..utils._params import COUNT, POSITIVE, PROBABILITY, RANDOM_STATE, REAL, Interval
from ._base import Perturbation, check_range
from ._numbers import check_finite, numbers_of
from ._patches import rectangles
from ._rounding import warn_if_rounded_away

LEAST_AMPLITUDE = 1e-9  # of noise at strength 0, relative to that at strength 1
_AT_ONCE = 1 << 18  # samples that go through the phase vocoder together: frames take 16 times as much, a few times


def waves_of(X, owner):
    """Waves (n, n_samples) as floats, and a function that returns such waves in the form of X.

    Raises ValueError where X has another shape, or a sample that is NaN or infinite.
    """
    values, restore = numbers_of(X, owner)
    if values.ndim != 2:
        raise ValueError(f"{type(owner).__name__} needs waves of shape (n, n_samples); got shape {values.shape}.")
    check_finite(values, owner, ("sample",))
    kind = {"float16": np.float32, "float32": np.float32}.get(values.dtype.name, np.float64)
    return values.astype(kind, copy=False), restore


class AddGaussianSNR(Perturbation):
    """Add white Gaussian noise to every wave, at a random signal-to-noise ratio.

    Parameters
    ----------
    low, high : float, default=10.0, 30.0
        Range of the ratio in decibel, drawn uniformly: 10 is noise with a tenth of the power of the wave. The power is
        that of the wave without its mean, so that an offset, as of sound in bytes, does not count as signal.
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Warns
    -----
    UserWarning
        When X holds integers, and the noise was rounded away.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import AddGaussianSNR
    >>> wave = np.sin(np.arange(8000.0))[None]
    >>> X, y = AddGaussianSNR(20.0, 20.0, random_state=0).fit_resample(wave, np.zeros(1))
    >>> round(10 * np.log10(np.mean(wave**2) / np.mean((X[1] - wave) ** 2)))
    20
    """

    _parameter_constraints = {"low": [REAL], "high": [REAL], "random_state": [RANDOM_STATE]}

    def __init__(self, low=10.0, high=30.0, *, random_state=None):
        self.low = low
        self.high = high
        self.random_state = random_state

    def _check(self):
        super()._check()
        check_range(self)

    has_strength = True

    def _at_strength(self, t):
        """The noise has t times the amplitude."""
        new, decibel = copy(self), 20.0 * np.log10(1.0 / max(t, LEAST_AMPLITUDE))
        new.low, new.high = self.low + decibel, self.high + decibel
        return new

    def _perturb(self, X, rng):
        waves, restore = waves_of(X, self)
        ratio = 10.0 ** (rng.uniform(self.low, self.high, (len(waves), 1)) / 20.0)
        size = waves.std(axis=1, keepdims=True) / ratio
        noise = size.astype(waves.dtype) * rng.standard_normal(waves.shape, waves.dtype)
        noisy = restore(waves + noise)
        old, new = (numbers_of(some, self)[0] for some in (X, noisy))
        warn_if_rounded_away(old, old, new, noise != 0.0, "high", self)
        return noisy


def stretched(waves, rate, n_fft):
    """Waves that last 1 / rate as long at the same pitch, by a phase vocoder with locked phases.

    Frames of a short-time Fourier transform are read at the new speed. Magnitudes are interpolated. The phase of a peak
    advances by as much as between two frames of the wave, and the bands around the peak keep their phase differences to
    it, so that the bands of one tone stay together: "identity phase locking" of Laroche & Dolson (1999), "Improved
    phase vocoder time-scale modification of audio", IEEE Transactions on Speech and Audio Processing 7(3).
    """
    wanted, hop = max(round(waves.shape[-1] / rate), 1), n_fft // 4
    length = max(wanted, n_fft)  # scipy inverts no less than half a window
    transform = ShortTimeFFT(get_window("hann", n_fft).astype(waves.dtype), hop, fs=1.0)
    # silence after the end, for the frames that reach beyond it
    padded = np.pad(waves, [(0, 0)] * (waves.ndim - 1) + [(0, 2 * n_fft)])
    frames = np.ascontiguousarray(np.moveaxis(transform.stft(padded, axis=-1), -1, 0))
    # frame k is centred at (k + p_min) hops; a new frame is read at `rate` times its own centre
    count = -(-length // hop) - transform.p_min + n_fft // hop
    at = np.clip((np.arange(count) + transform.p_min) * rate - transform.p_min, 0.0, len(frames) - 1.001)
    left, part = at.astype(int), (at % 1.0).astype(waves.dtype)
    size = np.abs(frames)
    peaks = nearest_peaks(size)
    directions = np.divide(frames, size, out=np.ones_like(frames), where=size > 0.0)
    turns = directions[1:] * directions[:-1].conj()
    new = np.empty((at.size, *frames.shape[1:]), frames.dtype)
    direction = directions[0]
    for k, frame in enumerate(left):
        if k:
            turned = direction * turns[left[k - 1]] * directions[frame].conj()
            direction = directions[frame] * np.take_along_axis(turned, peaks[frame], axis=-1)
        new[k] = direction * ((1 - part[k]) * size[frame] + part[k] * size[frame + 1])
    return transform.istft(np.moveaxis(new, 0, -1), k1=length, f_axis=-2, t_axis=-1)[..., :wanted]


def nearest_peaks(size):
    """The nearest peak of every band of every frame (..., n_bands): a band not below its two neighbors on each side."""
    wide = np.pad(size, [(0, 0)] * (size.ndim - 1) + [(2, 2)], constant_values=-1.0)
    is_peak = np.ones(size.shape, dtype=bool)
    for k in (0, 1, 3, 4):
        is_peak &= size >= wide[..., k : k + size.shape[-1]]
    bands = np.arange(size.shape[-1], dtype=np.int32)
    below = np.maximum.accumulate(np.where(is_peak, bands, -1), axis=-1)
    above = np.minimum.accumulate(np.where(is_peak, bands, bands.size)[..., ::-1], axis=-1)[..., ::-1]
    return np.where((below < 0) | ((above < bands.size) & (above - bands < bands - below)), above, below)


def fitted_to(waves, length):
    """Waves cut, or filled up with zeros, to a length."""
    missing = max(length - waves.shape[-1], 0)
    return np.pad(waves[..., :length], [(0, 0)] * (waves.ndim - 1) + [(0, missing)])


_VOCODER = """
    n_fft : int, default=512
        Samples of a frame of the phase vocoder, at least 4, at most the samples of a wave.
    n_factors : int, default=8
        Number of {what} that are drawn for a batch, at least 1. Each goes to a random part of the waves, which are
        changed together in less time; with as many as there are waves, each wave gets its own.
    random_state : int, RandomState or None, default=None
        For `fit_resample`."""


class _Vocoded(Perturbation):
    """Base class of augmenters with a phase vocoder. A subclass implements `_change(waves, factor)`."""

    _vocoder_constraints = {
        "n_fft": [Interval(Integral, 4, np.inf)],
        "n_factors": [COUNT],
        "random_state": [RANDOM_STATE],
    }

    def __init__(self, low, high, *, n_fft=512, n_factors=8, random_state=None):
        self.low = low
        self.high = high
        self.n_fft = n_fft
        self.n_factors = n_factors
        self.random_state = random_state

    def _check(self):
        super()._check()
        check_range(self)

    def _perturb(self, X, rng):
        waves, restore = waves_of(X, self)
        if self.n_fft > waves.shape[1]:
            raise ValueError(f"n_fft={self.n_fft} is longer than the waves of {waves.shape[1]} samples.")
        centre = waves.mean(axis=1, keepdims=True)  # silence is the mean: 128 for sound in bytes
        waves = waves - centre
        new = np.empty_like(waves)
        step = max(_AT_ONCE // max(waves.shape[1], 1), 1)
        order = rng.permutation(len(waves))
        for rows in np.array_split(order, max(-(-len(waves) // step), min(self.n_factors, len(waves)), 1)):
            new[rows] = fitted_to(self._change(waves[rows], rng.uniform(self.low, self.high)), waves.shape[1])
        return restore(new + centre)


class TimeStretch(_Vocoded):
    __doc__ = f"""Play waves slower or faster at the same pitch.

    They keep their length: faster waves are followed by silence, slower ones are cut.

    Parameters
    ----------
    low, high : float, default=0.9, 1.1
        Range of the factor of the speed, positive, drawn uniformly.{_VOCODER.format(what="factors")}

    Notes
    -----
    Silence is the mean of the wave.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import TimeStretch
    >>> X, y = TimeStretch(random_state=0).fit_resample(np.sin(np.arange(8000.0))[None], np.zeros(1))
    >>> X.shape
    (2, 8000)
    """

    _weakest = {"low": 1.0, "high": 1.0}
    _parameter_constraints = {"low": [POSITIVE], "high": [POSITIVE], **_Vocoded._vocoder_constraints}

    def __init__(self, low=0.9, high=1.1, *, n_fft=512, n_factors=8, random_state=None):
        super().__init__(low, high, n_fft=n_fft, n_factors=n_factors, random_state=random_state)

    def _change(self, waves, rate):
        return stretched(waves, rate, self.n_fft)


class PitchShift(_Vocoded):
    __doc__ = f"""Make waves higher or lower at the same speed: they are stretched, then resampled to their old length.

    Parameters
    ----------
    low, high : float, default=-2.0, 2.0
        Range of the shift in semitones, twelve of which double the frequency; drawn
        uniformly.{_VOCODER.format(what="shifts")}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import PitchShift
    >>> wave = np.sin(0.2 * np.arange(8000.0))[None]
    >>> X, y = PitchShift(12.0, 12.0, random_state=0).fit_resample(wave, np.zeros(1))
    >>> peaks = np.abs(np.fft.rfft(X)).argmax(axis=1)
    >>> bool(abs(peaks[1] / peaks[0] - 2.0) < 0.05)
    True
    """

    _weakest = {"low": 0.0, "high": 0.0}
    _parameter_constraints = {"low": [REAL], "high": [REAL], **_Vocoded._vocoder_constraints}

    def __init__(self, low=-2.0, high=2.0, *, n_fft=512, n_factors=8, random_state=None):
        super().__init__(low, high, n_fft=n_fft, n_factors=n_factors, random_state=random_state)

    def _change(self, waves, semitones):
        longer = stretched(waves, 2.0 ** (-semitones / 12.0), self.n_fft)
        return resample(longer, waves.shape[-1], axis=-1)


_MASKS = """
    width : int, default=10
        Largest width of a mask, at least 1; drawn uniformly from 0 to this.
    n_masks : int, default=1
        Masks of every spectrogram, at least 1.
    max_share : float, default=1.0
        Largest share of the {axis} that all masks together cover, in [0, 1]: each is at most
        ``max_share * n_{axis} / n_masks`` wide.
    random_state : int, RandomState or None, default=None
        For `fit_resample`."""


class _Mask(Perturbation):
    """Base class of the masks of SpecAugment: bands of a spectrogram are set to its mean."""

    _reads = "spectrograms"
    _weakest = {"width": 1}
    _parameter_constraints = {
        "width": [COUNT],
        "n_masks": [COUNT],
        "max_share": [PROBABILITY],
        "random_state": [RANDOM_STATE],
    }

    def __init__(self, width=10, *, n_masks=1, max_share=1.0, random_state=None):
        self.width = width
        self.n_masks = n_masks
        self.max_share = max_share
        self.random_state = random_state

    def _perturb(self, X, rng):
        values, restore = numbers_of(X, self)
        if values.ndim != 3:
            raise ValueError(
                f"{type(self).__name__} needs spectrograms of shape (n, n_frequencies, n_times); got shape"
                f" {values.shape}."
            )
        check_finite(values, self, ("frequency", "time"))
        n, *shape = values.shape
        length = shape[self._axis]
        if self.width > length:
            raise ValueError(f"width={self.width} is more than the {length} of X along that axis.")
        widest = min(self.width, int(self.max_share * length / self.n_masks))
        masked = np.zeros(values.shape, dtype=bool)
        for _ in range(self.n_masks):
            sides = [np.full(n, side) for side in shape]
            sides[self._axis] = rng.integers(0, widest + 1, n)
            masked |= rectangles(*sides, shape, rng)
        return restore(np.where(masked, values.mean(axis=(1, 2), keepdims=True), values))


class TimeMask(_Mask):
    __doc__ = f"""Mask intervals of time of every spectrogram with its mean (Park et al. 2019 [1]_).

    Parameters
    ----------{_MASKS.format(axis="times")}

    References
    ----------
    .. [1] D. Park et al., "SpecAugment: a simple data augmentation method for automatic speech recognition",
       Interspeech 2019, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import TimeMask
    >>> sounds = np.random.default_rng(0).random((1, 20, 50))
    >>> X, y = TimeMask(10, random_state=0).fit_resample(sounds, np.zeros(1))
    >>> changed = (X[1] != X[0]).any(axis=0).sum()
    >>> bool(changed <= 10)
    True
    """

    _axis = 1


class FrequencyMask(_Mask):
    __doc__ = f"""Mask bands of frequencies of every spectrogram with its mean (Park et al. 2019, see `TimeMask`).

    Parameters
    ----------{_MASKS.format(axis="frequencies")}

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import FrequencyMask
    >>> sounds = np.random.default_rng(0).random((1, 20, 50))
    >>> X, y = FrequencyMask(5, random_state=0).fit_resample(sounds, np.zeros(1))
    >>> changed = (X[1] != X[0]).any(axis=1).sum()
    >>> bool(changed <= 5)
    True
    """

    _axis = 0
