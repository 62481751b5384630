"""Every augmenter with data for it, and input that it refuses."""

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import StandardScaler

from skreg import augmentation as au
from skreg.augmentation._draws import draws_of

RNG = np.random.default_rng(0)
TABLE = RNG.standard_normal((60, 5))
IMAGES = RNG.random((40, 9, 12, 3))
WAVES = RNG.standard_normal((10, 2048)).astype(np.float32)
SERIES = RNG.standard_normal((20, 30, 2)).astype(np.float32)
SPECTROGRAMS = RNG.random((10, 24, 40))
TEXTS = ["the quick brown fox jumps over the lazy dog", "a rose is a rose", "one", ""] * 5
SYNONYMS = {"quick": ["fast", "swift"], "rose": "flower"}


def upper(texts):
    return [text.upper() for text in texts]


def title(texts):
    return [text.title() for text in texts]


CASES = [
    (au.GaussianNoise(0.1), TABLE),
    (au.GaussianNoise([0.1, 0.0, 0.2, 0.3, 1.0], relative="feature"), TABLE),
    (au.GaussianNoise(0.1, relative="value"), TABLE),
    (au.FeatureMask(0.2), TABLE),
    (au.SwapNoise(0.2), TABLE),
    (au.Mixup(0.4), TABLE),
    (au.GaussianCopulaAugmenter(), TABLE),
    (au.GANAugmenter(8, n_steps=20, batch_size=16), TABLE),
    (au.LatentNoise(PCA(2)), TABLE),
    (au.LatentInterpolation(PCA(2)), TABLE),
    (au.Compose([au.GaussianNoise(0.1), au.FeatureMask(0.1), au.Mixup(0.3)]), TABLE),
    (au.OneOf([au.GaussianNoise(0.1), au.Mixup(0.3), au.Compose([au.Mixup(0.2), au.Mixup(0.2)])]), TABLE),
    (au.RandomApply(au.Mixup(0.4), 0.5), TABLE),
    (au.Shift(2.0), IMAGES),
    (au.RandomCrop(2), IMAGES),
    (au.RandomCrop(2, mode="reflect"), IMAGES),
    (au.Flip(0.5), IMAGES),
    (au.Flip(0.5, axis="vertical"), IMAGES),
    (au.Rotate(20.0), IMAGES),
    (au.Rotate(20.0, order=3, fill=0.5), IMAGES),
    (au.Zoom(0.8, 1.2), IMAGES),
    (au.ColorJitter(), IMAGES),
    (au.Cutout(3), IMAGES),
    (au.RandomErasing(0.7), IMAGES),
    (au.CutMix(), IMAGES),
    (au.Shear(20.0), IMAGES),
    (au.ElasticDeform(1.0, order=3), IMAGES),
    (au.TrivialAugment(n_strengths=3), IMAGES),
    (au.RandAugment(), IMAGES),
    (au.RandAugment([au.GaussianNoise(0.3), au.Mixup(0.4), au.FeatureMask(0.2)], n_ops=3), TABLE),
    (au.TrivialAugment([au.SwapNoise(0.3), au.Mixup(0.4)], n_strengths=2), TABLE),
    (au.AmplitudeScale(), SERIES),
    (au.TimeWarp(), SERIES),
    (au.WindowSlice(), SERIES),
    (au.SegmentPermutation(), WAVES),
    (au.RandomDeletion(0.3), TEXTS),
    (au.RandomSwap(0.3), TEXTS),
    (au.RandomInsertion(SYNONYMS, 0.3), TEXTS),
    (au.SynonymReplacement(SYNONYMS, 0.5), TEXTS),
    (au.BackTranslation(upper, title), TEXTS),
    (au.WordDropout(0.3), RNG.integers(1, 50, (20, 8))),
    (au.AddGaussianSNR(), WAVES),
    (au.TimeStretch(n_fft=256), WAVES),
    (au.PitchShift(n_fft=256), WAVES),
    (au.TimeMask(8), SPECTROGRAMS),
    (au.FrequencyMask(8, n_masks=2), SPECTROGRAMS),
]
IDS = [f"{k} {type(case).__name__}" for k, (case, _) in enumerate(CASES)]


def as_draws(batch):
    rows, weights = draws_of(batch)
    return batch.take(rows)._replace(weights=weights)


def as_array(X):
    return np.asarray(X, dtype=object) if isinstance(X, list) else np.asarray(X)


BAD = [
    (au.Rotate(image_shape=(8, 9)), TABLE, r"image_shape=\(8, 9\) has 72 numbers; a row of X has 5"),
    (au.Rotate(image_shape=(12, 9, 3)), IMAGES, r"image_shape=\(12, 9, 3\) is not that of the images of X, \(9, 12, 3"),
    (au.Rotate(), TABLE, "image_shape=None needs X of shape"),
    (au.Rotate(image_shape=(8,)), TABLE, r"image_shape must be \(height, width"),
    (au.Rotate(270.0), IMAGES, r"'degrees' .* Got 270\.0"),
    (au.Rotate(order=7), IMAGES, "'order' .* Got 7"),
    (au.Rotate(), TEXTS, r"Rotate needs numbers; X has <U\d+ entries"),
    (au.Flip(1.5), IMAGES, r"'p' parameter of Flip .* Got 1\.5"),
    (au.Cutout(20), IMAGES, "size=20 is larger than the images of 9 x 12 pixels"),
    (au.Zoom(2.0, 1.0), IMAGES, r"low must not be above high; got low=2\.0, high=1\.0"),
    (au.AddGaussianSNR(30.0, 10.0), WAVES, "low must not be above high"),
    (au.AddGaussianSNR(), IMAGES, r"AddGaussianSNR needs waves of shape \(n, n_samples\); got shape \(40, 9, 12, 3\)"),
    (au.TimeMask(), WAVES, "TimeMask needs spectrograms"),
    (au.TimeMask(100), SPECTROGRAMS, "width=100 is more than the 40 of X"),
    (au.TimeStretch(n_fft=4096), WAVES, "n_fft=4096 is longer than the waves of 2048 samples"),
    (au.Shear(85.0), IMAGES, r"'degrees' .* Got 85\.0"),
    (au.TimeWarp(), IMAGES, r"TimeWarp needs series of shape .* got \(40, 9, 12, 3\)"),
    (au.TimeWarp(), np.where(SERIES[3, 5, 1] == SERIES, np.nan, SERIES), "X has nan in row 3, at step 5, channel 1"),
    (au.WindowSlice(0.0), SERIES, r"'share' .* Got 0\.0"),
    (au.SegmentPermutation(31), SERIES, "n_segments=31 is more than the 30 steps"),
    (au.TrivialAugment(), TABLE, "augmenters=None of TrivialAugment are those of images"),
    (au.RandAugment([au.BackTranslation(upper, title)]), TEXTS, "BackTranslation has no strength"),
    (au.RandAugment(magnitude=1.5), IMAGES, r"'magnitude' .* Got 1\.5"),
    (au.RandAugment([]), TABLE, "augmenters must hold at least one"),
    (au.RandomDeletion(2.0), TEXTS, r"'p' .* Got 2\.0"),
    (au.RandomDeletion(), TABLE, "RandomDeletion needs a list of texts; got ndarray"),
    (au.RandomDeletion(), [1, 2], "RandomDeletion needs a list of texts; got 1 in row 0"),
    (au.RandomDeletion(), pd.DataFrame({"a": ["b"]}), r"got DataFrame: give one column, such as X\['a'\]"),
    (au.Compose([au.Mixup]), TABLE, "augmenters must hold augmenters"),
    (au.SynonymReplacement({"one": None}, 1.0), TEXTS, "synonyms must give a str or a list of str; got None for 'one'"),
    (au.WordDropout(), TABLE, "WordDropout needs a matrix of tokens"),
    (au.GaussianNoise(-1.0), TABLE, r"'scale' .* Got -1\.0|scale must be"),
    (au.GaussianNoise([1.0, 2.0]), TABLE, r"scale must be .* got \[1\.0, 2\.0\]"),
    (au.Mixup(0.0), TABLE, r"'alpha' .* Got 0\.0"),
    (au.Compose([]), TABLE, "augmenters must hold at least one"),
    (au.Compose([PCA()]), TABLE, r"augmenters must hold augmenters; got PCA\(\)"),
    (au.LatentNoise(StandardScaler), TABLE, "'transformer' .* a transformer with inverse_transform"),
    (au.LatentNoise(CountVectorizer()), TEXTS, "LatentNoise needs numbers; X has"),
]
