"""
Sound: stretched, shifted and masked
====================================

A melody and its augmented copies: slower, higher, with noise, and, as a spectrogram, with masked stretches of time
and bands of frequency (SpecAugment). A listener still recognizes the tune. A classifier trained on such copies learns
to do so.
"""

# %%
# Eight tones with fading overtones, as one row with 16,000 numbers per second.
import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import ShortTimeFFT, get_window

from skreg.augmentation import AddGaussianSNR, FrequencyMask, PitchShift, TimeMask, TimeStretch

rate, seconds = 16000, 0.4
time = np.arange(int(rate * seconds)) / rate
tones = [261.6, 329.6, 392.0, 523.3, 440.0, 349.2, 293.7, 261.6]
melody = np.concatenate(
    [sum(np.sin(2 * np.pi * k * tone * time) / k**1.3 for k in range(1, 9)) * np.exp(-4 * time) for tone in tones]
)[None]
transform = ShortTimeFFT(get_window("hann", 1024), 256, fs=rate)


def spectrogram(waves):
    """Decibel below the loudest, up to 4 kHz."""
    power = np.abs(transform.stft(waves)[:, :257]) ** 2
    return 10.0 * np.log10(power / power.max() + 1e-6)


# %%
# Waves are augmented as waves; masks need spectrograms.
rng = np.random.default_rng(4)
pictures = {
    "original": spectrogram(melody),
    "TimeStretch, 0.75 of the speed": spectrogram(TimeStretch(0.75, 0.75, n_fft=1024).perturb(melody, rng)),
    "PitchShift, a fifth up": spectrogram(PitchShift(7.0, 7.0, n_fft=1024).perturb(melody, rng)),
    "Noise at 5 dB": spectrogram(AddGaussianSNR(5.0, 5.0).perturb(melody, rng)),
    "TimeMask, FrequencyMask": FrequencyMask(40, n_masks=2).perturb(
        TimeMask(20, n_masks=3).perturb(spectrogram(melody), rng), rng
    ),
}
figure, axes = plt.subplots(len(pictures), 1, figsize=(8, 10), sharex=True, sharey=True, layout="constrained")
for ax, (name, picture) in zip(axes, pictures.items(), strict=True):
    length = melody.shape[1] / rate
    image = ax.imshow(
        picture[0], origin="lower", aspect="auto", cmap="magma", vmin=-60, vmax=0, extent=(0, length, 0, 4)
    )
    ax.set_title(name, loc="left", fontsize=10)
    ax.set_ylabel("kHz")
axes[-1].set_xlabel("seconds")
figure.colorbar(image, ax=axes, label="dB", shrink=0.4)
figure.savefig("spectrogram_masks.png", dpi=150)
