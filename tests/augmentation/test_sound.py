"""Augmenters of sound."""

import numpy as np
import pytest

from skreg import augmentation as au

from .cases import CASES, SPECTROGRAMS, WAVES


def test_vocoder__tones_and_clicks_move_as_far_as_they_should():
    time = np.arange(16000) / 16000.0
    tone = np.sin(2.0 * np.pi * 440.0 * time)[None]

    def frequency(wave):
        return np.abs(np.fft.rfft(wave * np.hanning(wave.size))).argmax() / wave.size * 16000.0

    rng = np.random.default_rng(0)
    for semitones in (-7.0, 4.0, 12.0):
        shifted = au.PitchShift(semitones, semitones).perturb(tone, rng)[0]
        assert frequency(shifted[2000:14000]) == pytest.approx(440.0 * 2.0 ** (semitones / 12.0), rel=0.01)
    for rate in (0.8, 1.25):
        stretched = au.TimeStretch(rate, rate).perturb(tone, rng)[0]
        assert frequency(stretched[2000:12000]) == pytest.approx(440.0, rel=0.01)
        assert np.std(stretched[2000:12000]) == pytest.approx(np.std(tone), rel=0.05)
    clicks = np.zeros((1, 16000))
    clicks[0, [4000, 8000]] = 1.0
    for rate in (0.5, 0.8, 1.25, 2.0):
        heard = np.abs(au.TimeStretch(rate, rate).perturb(clicks, rng)[0])
        for place in (4000 / rate, 8000 / rate):
            near = np.arange(max(int(place) - 600, 0), min(int(place) + 600, 16000))
            if near.size > 600:
                assert np.average(near, weights=heard[near] ** 2) == pytest.approx(place, abs=128)  # a hop
        end = au.TimeStretch(rate, rate).perturb(tone, rng)[0][: int(16000 / rate)]
        assert np.std(end[-1500:-600]) == pytest.approx(np.std(tone), rel=0.1)
    for length in (512, 600, 1000):
        for semitones in (-24.0, 12.0):
            assert np.isfinite(au.PitchShift(semitones, semitones).perturb(tone[:, :length], rng)).all()


@pytest.mark.parametrize("kind", [np.float64, np.uint8])
def test_add_gaussian_snr__ratio_is_that_of_the_wave_without_its_mean(kind):
    wave = np.round(128.0 + 100.0 * np.sin(0.1 * np.arange(20000)))[None].astype(kind)  # 8-bit sound
    noisy = au.AddGaussianSNR(20.0, 20.0).perturb(wave, np.random.default_rng(0))
    assert noisy.dtype == kind
    noise = noisy.astype(float) - wave
    assert 10.0 * np.log10(np.var(wave.astype(float)) / np.var(noise)) == pytest.approx(20.0, abs=0.2)


def test_add_gaussian_snr__noise_that_integers_round_away_warns():
    quiet = np.round(2.0 * np.sin(0.1 * np.arange(2000)))[None].astype(np.int8)
    with pytest.warns(UserWarning, match=r"X holds int8 numbers: .* AddGaussianSNR with high=40\.0 were rounded away"):
        au.AddGaussianSNR(40.0, 40.0).perturb(quiet, np.random.default_rng(0))


def test_time_stretch__silence_is_the_mean():
    wave = np.round(128.0 + 100.0 * np.sin(0.1 * np.arange(4000)))[None].astype(np.uint8)
    fast = au.TimeStretch(2.0, 2.0, n_fft=256).perturb(wave, np.random.default_rng(0))[0].astype(float)
    np.testing.assert_allclose(fast[2400:], 128.0, atol=1.0)
    assert np.std(fast[:1600]) == pytest.approx(np.std(wave.astype(float)), rel=0.1)


def test_sound__nan_and_infinity_raise_with_their_place():
    for value in (np.nan, np.inf):
        waves, spectrograms = WAVES.copy(), SPECTROGRAMS.copy()
        waves[2, 7], spectrograms[2, 7, 9] = value, value
        for augmenter, X in CASES:
            if X is WAVES or X is SPECTROGRAMS:
                place = r"(sample|step) 7" if X is WAVES else "frequency 7, time 9"
                with pytest.raises(ValueError, match=f"needs finite numbers; X has {value} in row 2, at {place}"):
                    augmenter.perturb(waves if X is WAVES else spectrograms, np.random.default_rng(0))


@pytest.mark.parametrize("mask", [au.TimeMask, au.FrequencyMask])
def test_masks__max_share_bounds_what_they_cover(mask):
    sounds = np.random.default_rng(0).random((200, 20, 20))
    new = mask(20, n_masks=2, max_share=0.3).perturb(sounds, np.random.default_rng(0))
    covered = (new != sounds).mean(axis=(1, 2))
    assert covered.max() == pytest.approx(0.3)
    assert (mask(20, max_share=0.0).perturb(sounds, np.random.default_rng(0)) == sounds).all()
