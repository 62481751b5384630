"""What scikit-learn's suite does not ask of factorizations, compared with its own ridge regression, and why.

`tests/common/test_common.py` runs all that it does ask, with no expected failures.
"""

import re

import pytest
from sklearn.base import is_regressor
from sklearn.linear_model import Ridge
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator

from tests.estimators import INSTANCES, title
from tests.processes import ROOT
from tests.versions import SKLEARN_1_9

LEFT_OUT = {
    "check_array_api_same_namespace": "labels are looked up in a table, which is not arithmetic of arrays",
    "check_array_api_mixed_inputs": "as above",
    "check_sample_weight_equivalence_on_sparse_data": "columns of labels are dense: a label of 0 is not an absent one",
    "check_regressor_multioutput": "a pair of a user and an item has one rating",
}
OF_REGRESSORS = (  # recommendations are not regressions: their scores have no scale, and y is a weight
    "check_estimators_partial_fit_n_features",
    "check_non_transformer_estimators_n_iter",
    "check_regressor_data_not_an_array",  # asked by tests/common/test_common.py all the same
    "check_regressors_int",
    "check_regressors_no_decision_function",
    "check_regressors_train",
    "check_requires_y_none",  # y is not required
    "check_supervised_y_2d",
    "check_supervised_y_no_nan",  # tests/recommendation/test_regressor.py asks it
)
TAGS = {
    "poor_score": "check_regressors_train asks for R^2 > 0.5 on a table whose y depends on ten columns; two are read",
    "categorical": "the checks round their numbers, so that users and items occur several times",
    "string": "check_dtype_object does not ask for an error about texts, which are labels",
}


def checks(estimator):
    return {check.func.__name__ for _, check in estimator_checks_generator(estimator)}


@pytest.mark.parametrize(
    "estimator", [e for e in INSTANCES if type(e).__module__.startswith("skreg.recommendation")], ids=title
)
def test_checks__that_are_left_out_have_reasons(estimator):
    left_out = set(LEFT_OUT) | (set() if is_regressor(estimator) else set(OF_REGRESSORS))
    if not SKLEARN_1_9:
        left_out.add("check_array_api_input")  # what older versions call the checks of namespaces
    found = checks(Ridge()) - checks(estimator)
    assert found == left_out if SKLEARN_1_9 else found <= left_out  # older versions have fewer checks
    tags = get_tags(estimator)
    assert tags.input_tags.categorical
    assert tags.input_tags.string
    assert not tags.input_tags.sparse


def test_checks__that_are_left_out_are_listed_in_the_guide():
    guide = (ROOT / "docs" / "guide" / "recommendation.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`(check_\w+_\w+)`", guide)) == set(LEFT_OUT) | set(OF_REGRESSORS)
    assert all(f"`{tag}`" in guide for tag in TAGS)
