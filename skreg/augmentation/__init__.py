"""Augmentation of tables, images, text and sound around any estimator."""

from ._base import Augmenter, Batch, Perturbation
from ._compose import Compose, OneOf, RandomApply
from ._estimators import AugmentedClassifier, AugmentedRegressor
from ._images import ColorJitter, Flip, RandomCrop
from ._latent import LatentInterpolation, LatentNoise
from ._patches import CutMix, Cutout, RandomErasing
from ._sound import AddGaussianSNR, FrequencyMask, PitchShift, TimeMask, TimeStretch
from ._tables import FeatureMask, GaussianNoise, Mixup, SwapNoise
from ._text import BackTranslation, RandomDeletion, RandomInsertion, RandomSwap, SynonymReplacement, WordDropout
from ._warps import Rotate, Shift, Zoom

__all__ = [
    "AddGaussianSNR",
    "AugmentedClassifier",
    "AugmentedRegressor",
    "Augmenter",
    "BackTranslation",
    "Batch",
    "ColorJitter",
    "Compose",
    "CutMix",
    "Cutout",
    "FeatureMask",
    "Flip",
    "FrequencyMask",
    "GaussianNoise",
    "LatentInterpolation",
    "LatentNoise",
    "Mixup",
    "OneOf",
    "Perturbation",
    "PitchShift",
    "RandomApply",
    "RandomCrop",
    "RandomDeletion",
    "RandomErasing",
    "RandomInsertion",
    "RandomSwap",
    "Rotate",
    "Shift",
    "SwapNoise",
    "SynonymReplacement",
    "TimeMask",
    "TimeStretch",
    "WordDropout",
    "Zoom",
]
