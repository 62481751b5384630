"""Random hostile problems of every loss and penalty; ``python -m tests.hostile 300`` has more, with a report."""

import warnings

import pytest

from tests.combinations import THOROUGH
from tests.hostile import LOSSES, judge

SEEDS = range(300) if THOROUGH else [i + len(LOSSES) * (i % 7) for i in range(len(LOSSES))]  # a loss, a penalty each
FOUND = [1305]  # coefficients so large that they cancel, in flat pieces of a concave penalty


@pytest.mark.parametrize("seed", [*SEEDS, *FOUND])
def test_hostile__a_fit_is_right_or_warns(seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the reference overflows at trial points
        problem, warned, wrong, _ = judge(seed)
    assert warned or not wrong, f"{problem}: {wrong}"
    assert THOROUGH or not warned, str(problem)
