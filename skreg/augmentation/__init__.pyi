from ._base import Augmenter, Batch, Perturbation
from ._comparison import compare_generated
from ._compose import Compose, OneOf, RandomApply
from ._estimators import AugmentedClassifier, AugmentedRegressor
from ._gan import GANAugmenter
from ._generated import GaussianCopulaAugmenter
from ._images import ColorJitter, Flip, RandomCrop
from ._latent import LatentInterpolation, LatentNoise
from ._patches import CutMix, Cutout, RandomErasing
from ._policies import RandAugment, TrivialAugment
from ._search import AugmentationSearchCV
from ._series import AmplitudeScale, SegmentPermutation, TimeWarp, WindowSlice
from ._sound import AddGaussianSNR, FrequencyMask, PitchShift, TimeMask, TimeStretch
from ._tables import FeatureMask, GaussianNoise, Mixup, SwapNoise
from ._text import BackTranslation, RandomDeletion, RandomInsertion, RandomSwap, SynonymReplacement, WordDropout
from ._warps import ElasticDeform, Rotate, Shear, Shift, Zoom

__all__ = [
    "AddGaussianSNR",
    "AmplitudeScale",
    "AugmentationSearchCV",
    "AugmentedClassifier",
    "AugmentedRegressor",
    "Augmenter",
    "BackTranslation",
    "Batch",
    "ColorJitter",
    "Compose",
    "CutMix",
    "Cutout",
    "ElasticDeform",
    "FeatureMask",
    "Flip",
    "FrequencyMask",
    "GANAugmenter",
    "GaussianCopulaAugmenter",
    "GaussianNoise",
    "LatentInterpolation",
    "LatentNoise",
    "Mixup",
    "OneOf",
    "Perturbation",
    "PitchShift",
    "RandAugment",
    "RandomApply",
    "RandomCrop",
    "RandomDeletion",
    "RandomErasing",
    "RandomInsertion",
    "RandomSwap",
    "Rotate",
    "SegmentPermutation",
    "Shear",
    "Shift",
    "SwapNoise",
    "SynonymReplacement",
    "TimeMask",
    "TimeStretch",
    "TimeWarp",
    "TrivialAugment",
    "WindowSlice",
    "WordDropout",
    "Zoom",
    "compare_generated",
]
