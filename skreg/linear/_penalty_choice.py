"""The parameters that choose a penalty: what the estimators that have them share."""

from numbers import Integral, Real

import numpy as np

from .._core.data.blocks import BlockData
from .._core.parts.penalty import Penalty
from ..utils._groups import check_group_weights, check_groups
from ..utils._params import ARRAY_LIKE, DICT, NONE, Interval, Options
from ._base import LinearModel
from ._penalized_base import Penalized

GROUPED = {"group_lasso": "elastic_net", "sparse_group_lasso": "elastic_net", "group_mcp": "mcp", "group_scad": "scad"}
DEFAULT_GAMMA = {"mcp": 3.0, "scad": 3.7}  # Zhang (2010); Fan & Li (2001)
MIN_GAMMA = {"mcp": 1.0, "scad": 2.0}
OF_COEFFICIENTS = ("elastic_net", "mcp", "scad")
CONCAVE = ("mcp", "scad", "group_mcp", "group_scad")
PENALTIES = (*OF_COEFFICIENTS, *GROUPED)
HAVE_NO_RIDGE = ("sparse_group_lasso", "fused")  # with them, l1_ratio=0 is not a pure L2 penalty


class WithPenalty(Penalized):
    """Base of the estimators with a choice of penalties."""

    _penalty_choice_constraints = {
        "penalty": [Options(*PENALTIES)],
        "gamma": [Interval(Real, 1.0, np.inf, closed="neither"), NONE],
        "groups": [ARRAY_LIKE, DICT, NONE],
        "group_weights": [ARRAY_LIKE, DICT, NONE],
        **LinearModel._penalty_constraints,
        "max_iter": [Interval(Integral, 1, np.inf)],
    }
    _effective_with = {
        "gamma": {"penalty": CONCAVE},
        "groups": {"penalty": (*GROUPED,)},
        "group_weights": {"penalty": (*GROUPED,)},
        "penalty_factor": {"penalty": OF_COEFFICIENTS},
        "bounds": {"penalty": OF_COEFFICIENTS},
        "positive": {"penalty": OF_COEFFICIENTS},
    }

    @property
    def _shape(self):
        """The penalty of a coefficient, or of the norm of a group."""
        return GROUPED.get(self.penalty, self.penalty)

    def _check_parameters(self):
        super()._check_parameters()
        if self.gamma is not None:
            self._check_gamma(self.gamma)

    def _check_gamma(self, gamma):
        if self._shape in MIN_GAMMA and not gamma > MIN_GAMMA[self._shape]:
            raise ValueError(
                f"gamma must be larger than {MIN_GAMMA[self._shape]:g} with penalty={self.penalty!r}; got {gamma!r}."
            )

    def _warn(self, relative_gap, where=""):
        if self._shape not in MIN_GAMMA and not getattr(self, "confidence_penalty", 0.0):
            super()._warn(relative_gap, where)
        elif getattr(self, "loss", None) == "quantile":
            super()._warn(relative_gap, where, "the gap of the penalty's tangent is {:.3g} of the null model's loss")
        else:
            super()._warn(relative_gap, where, "the relative distance to the subdifferential is {:.3g}")

    def _with_groups(self, problem):
        """The problem with the groups of the penalty, if it has any."""
        if self.penalty not in GROUPED:
            return problem
        groups, labels = check_groups(self.groups, problem.X.shape[1], getattr(self, "feature_names_in_", None))
        return problem._replace(groups=groups, group_weights=check_group_weights(self.group_weights, groups, labels))

    @property
    def _l1_ratio(self):
        return self._default_l1_ratio if self.l1_ratio is None else self.l1_ratio

    @property
    def _default_l1_ratio(self):
        return 0.5 if self.penalty in ("elastic_net", *HAVE_NO_RIDGE) else 1.0

    def _read_alphas(self, alphas, eps, l1_ratio, alpha_max):
        if self.penalty in HAVE_NO_RIDGE:
            return super()._read_alphas(alphas, eps, 1.0, lambda _: alpha_max(l1_ratio))
        return super()._read_alphas(alphas, eps, l1_ratio, alpha_max)

    def _penalty(self, problem, l1_ratio, gamma=None):
        gamma = self.gamma if gamma is None else gamma
        gamma = DEFAULT_GAMMA.get(self._shape, 1.0) if gamma is None else float(gamma)
        if problem.groups is None:
            penalty = problem.penalty(l1_ratio, self.standardize)
            return penalty._replace(shape=self._shape, gamma=gamma, slope_weights=problem.slope_weights)
        return Penalty(
            l1_ratio,
            problem.group_weights,
            standardize=self.standardize,
            shape=self._shape,
            gamma=gamma,
            groups=problem.groups,
            is_sparse=self.penalty == "sparse_group_lasso",
            is_joint=problem.is_joint,
        )

    def _on_rows(self, problem, data=None):
        data = problem.data if data is None else data
        on = problem.loss.on_blocks if isinstance(data, BlockData) else problem.loss.on_rows
        return on(problem, data)
