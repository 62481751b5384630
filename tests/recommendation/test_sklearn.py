"""What scikit-learn's suite does not ask of factorizations, compared with its own ridge regression, and why.

`tests/common/test_common.py` runs all that it does ask, with no expected failures.
"""

import pytest
from sklearn.linear_model import Ridge
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator

from tests.estimators import INSTANCES, title

LEFT_OUT = {
    "check_array_api_same_namespace": "labels are looked up in a table, which is not arithmetic of arrays",
    "check_array_api_mixed_inputs": "as above",
    "check_sample_weight_equivalence_on_sparse_data": "columns of labels are dense: a label of 0 is not an absent one",
    "check_regressor_multioutput": "a pair of a user and an item has one rating",
}
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
    asked = checks(estimator)
    assert checks(Ridge()) - asked <= set(LEFT_OUT)
    tags = get_tags(estimator)
    assert tags.input_tags.categorical
    assert tags.input_tags.string
    assert not tags.input_tags.sparse
