"""Pictures of regularization in the manner of scikit-learn's displays, advice on it, and spaces to tune it in."""

from ._certainty import CalibrationGapDisplay, UncertaintyDisplay
from ._cv_curve import CVCurveDisplay
from ._diagnose import Diagnosis, diagnose
from ._path import RegularizationPathDisplay, SparsityDisplay
from ._spaces import param_space
from ._training import FilterFactorDisplay, LossCurveDisplay
from ._trials import Trials

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
