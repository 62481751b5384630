"""Augmentation of tables, images, text and sound around any estimator."""

from ._base import Augmenter, Batch, Perturbation
from ._compose import Compose, OneOf, RandomApply
from ._estimators import AugmentedClassifier, AugmentedRegressor
from ._images import ColorJitter, Crop, CutMix, Cutout, Flip, RandomErasing, Rotate, Scale, Shift
from ._latent import LatentInterpolation, LatentNoise
from ._sound import FrequencyMask, Noise, PitchShift, TimeMask, TimeStretch
from ._tables import FeatureMask, GaussianNoise, Mixup, SwapNoise
from ._text import BackTranslation, RandomDeletion, RandomInsertion, RandomSwap, SynonymReplacement, WordDropout

__all__ = [
    "AugmentedClassifier",
    "AugmentedRegressor",
    "Augmenter",
    "BackTranslation",
    "Batch",
    "ColorJitter",
    "Compose",
    "Crop",
    "CutMix",
    "Cutout",
    "FeatureMask",
    "Flip",
    "FrequencyMask",
    "GaussianNoise",
    "LatentInterpolation",
    "LatentNoise",
    "Mixup",
    "Noise",
    "OneOf",
    "Perturbation",
    "PitchShift",
    "RandomApply",
    "RandomDeletion",
    "RandomErasing",
    "RandomInsertion",
    "RandomSwap",
    "Rotate",
    "Scale",
    "Shift",
    "SwapNoise",
    "SynonymReplacement",
    "TimeMask",
    "TimeStretch",
    "WordDropout",
]
