"""Displays of regularization that work like scikit-learn's, advice on it, and spaces of parameters to search."""

from ._calibration import CalibrationGapDisplay
from ._cv_curve import CVCurveDisplay
from ._diagnose import diagnose
from ._diagnosis import Diagnosis
from ._filter_factor import FilterFactorDisplay
from ._loss_curve import LossCurveDisplay
from ._path import RegularizationPathDisplay
from ._spaces import param_space
from ._sparsity import SparsityDisplay
from ._trials import Trials
from ._uncertainty import UncertaintyDisplay

__all__ = [
    "CVCurveDisplay",
    "CalibrationGapDisplay",
    "Diagnosis",
    "FilterFactorDisplay",
    "LossCurveDisplay",
    "RegularizationPathDisplay",
    "SparsityDisplay",
    "Trials",
    "UncertaintyDisplay",
    "diagnose",
    "param_space",
]
