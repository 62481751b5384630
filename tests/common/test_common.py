"""scikit-learn's whole suite on every estimator, with no expected failures, and the checks that it leaves out."""

import functools
import importlib
import inspect
import re
from numbers import Integral

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.metrics import get_scorer_names
from sklearn.utils import _param_validation as sk
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator

from skreg.augmentation import FeatureMask
from skreg.augmentation._estimators import AUGMENTER, SAMPLER
from skreg.neural._autoencoder import NET
from skreg.neural._base import BaseNet
from skreg.neural._transfer import BaseFineTuned
from skreg.utils import _params
from skreg.utils._scoring import NAME_OF_SCORER
from skreg.utils.discovery import all_estimators
from tests.combinations import THOROUGH
from tests.estimators import INSTANCES, SMALL_DATA, TEXTS, example_of, targets_for, title, trained_longer
from tests.problems import regression
from tests.processes import ROOT
from tests.versions import SKLEARN_1_8

pytestmark = SMALL_DATA


def test_estimators__are_all_checked():
    assert {type(e).__name__ for e in INSTANCES + TEXTS} == set(dict(all_estimators()))


def title_of_check(check):
    options = ", ".join(f"{name}={value}" for name, value in check.keywords.items())
    return check.func.__name__ + (f"({options})" if options else "")


def limit_epochs(cls, monkeypatch):
    """Let a check that asks for 1000 epochs, meant for solvers that end where they converge, have 50."""

    def set_params(self, **params):
        if params.get("max_iter") == 1000:
            params["max_iter"] = 50
        return original(self, **params)

    original = cls.set_params
    if issubclass(cls, (BaseNet, BaseFineTuned)):
        monkeypatch.setattr(cls, "set_params", set_params)


# Checks that look at the class, at its validation or at another container of the same rows. Parameters make little
# difference to them: the first configuration of each class passes them, all do where the profile is thorough.
OF_CLASSES = {
    "check_all_zero_sample_weights_error",
    "check_array_api_input",
    "check_classifier_data_not_an_array",
    "check_classifiers_classes",
    "check_classifiers_regression_target",
    "check_complex_data",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_dtype_object",
    "check_estimator_sparse_matrix",  # `check_estimator_sparse_array` is its sister
    "check_estimator_sparse_tag",
    "check_estimator_tags_renamed",
    "check_estimators_empty_data_messages",
    "check_estimators_fit_returns_self",
    "check_estimators_partial_fit_n_features",
    "check_estimators_unfitted",
    "check_f_contiguous_array_estimator",
    "check_fit1d",
    "check_fit2d_predict1d",
    "check_fit_check_is_fitted",
    "check_fit_score_takes_y",
    "check_mixin_order",
    "check_n_features_in",
    "check_n_features_in_after_fitting",
    "check_no_attributes_set_in_init",
    "check_pipeline_consistency",
    "check_regressor_data_not_an_array",
    "check_regressors_int",
    "check_regressors_no_decision_function",
    "check_requires_y_none",
    "check_sample_weights_list",
    "check_sample_weights_not_an_array",
    "check_sample_weights_not_overwritten",
    "check_sample_weights_pandas_series",
    "check_sample_weights_shape",
    "check_supervised_y_2d",
    "check_supervised_y_no_nan",
    "check_valid_tag_types",
}
FIRST = {type(estimator): estimator for estimator in reversed(INSTANCES)}
TRAIN = {"check_classifiers_train", "check_regressors_train"}  # also on read-only rows, in either precision


def checks_of(estimator):
    """All checks, or a third of those that a configuration which is not the first of its class needs to pass.

    Of those that come in several forms, as `check_classifiers_train(readonly_memmap=True)`, or on dense and on sparse
    data, one is then enough. It always is where `check_readonly_memmap_input` and `check_estimators_dtypes` ask what
    the other forms would. Which third and which form, changes from one configuration to the next.
    """
    checks = list(estimator_checks_generator(estimator))
    if not get_tags(estimator).input_tags.sparse:  # old versions check weights of sparse rows all the same
        checks = [case for case in checks if "sparse_data" not in case[1].func.__name__]
    if get_tags(estimator).input_tags.categorical and not SKLEARN_1_8:  # one subtracts a float from integers in place
        checks = [case for case in checks if case[1].func.__name__ != "check_positive_only_tag_during_fit"]
    if THOROUGH:
        return checks
    place, is_first = INSTANCES.index(estimator), estimator is FIRST[type(estimator)]
    forms = {}
    for case in checks:
        name = case[1].func.__name__
        name = name if is_first else re.sub("_on_(dense|sparse)_data", "", name)
        forms.setdefault(name, []).append(case)
    if is_first:
        return [case for name, cases in forms.items() for case in (one_of(cases, place) if name in TRAIN else cases)]
    names = [name for name in forms if name not in OF_CLASSES]
    return [case for name in names[place % 3 :: 3] for case in one_of(forms[name], place // 3)]


def one_of(cases, place):
    return [cases[place % len(cases)]]


SPARSE = "check_estimator_sparse_array", "check_estimator_sparse_matrix"


def limit_formats(monkeypatch):
    """Let checks of sparse containers take three formats, instead of seven and three with wide indices."""
    original = estimator_checks._generate_sparse_data
    few = ("csr", "csc", "coo_64")
    monkeypatch.setattr(
        estimator_checks, "_generate_sparse_data", lambda X: (case for case in original(X) if case[0] in few)
    )


NEED_ACCURACY = TRAIN | {"check_classifiers_classes"}


@pytest.mark.filterwarnings("ignore:.*without early stopping")  # nets warn so where a check has few rows
@pytest.mark.filterwarnings("ignore:X has channels whose standard deviations")  # a check has clusters far away
@pytest.mark.filterwarnings("ignore:.*samples items that a user does not have")  # a check has all pairs
@pytest.mark.parametrize(
    ("estimator", "check"),  # scikit-learn has no checks of what takes texts
    [case for estimator in INSTANCES for case in checks_of(estimator)],
    ids=lambda part: title_of_check(part) if isinstance(part, functools.partial) else title(part),
)
def test_estimator__passes_the_checks_of_scikit_learn(estimator, check, monkeypatch):
    name = check.func.__name__
    if name in NEED_ACCURACY:
        estimator = trained_longer(estimator)
    elif name == "check_class_weight_classifiers" and not THOROUGH:
        limit_epochs(type(estimator), monkeypatch)
    elif name in SPARSE and not (THOROUGH or (name == SPARSE[0] and estimator is FIRST[type(estimator)])):
        limit_formats(monkeypatch)
    check(estimator)


EXTRA = [
    "check_dataframe_column_names_consistency",
    "check_inplace_ensure_writeable",
]


CONFIGURATIONS = INSTANCES if THOROUGH else [*FIRST.values()]


@pytest.mark.parametrize("name", EXTRA)
@pytest.mark.parametrize("estimator", CONFIGURATIONS, ids=title)
def test_estimator__passes_checks_that_are_not_in_the_list(name, estimator):
    getattr(estimator_checks, name)(type(estimator).__name__, estimator)


@pytest.mark.parametrize("kind", ["NotAnArray", "PandasDataframe"])
@pytest.mark.parametrize("estimator", [e for e in CONFIGURATIONS if hasattr(e, "predict")], ids=title)
def test_estimator__takes_data_that_are_not_arrays(kind, estimator):
    X, y = regression(60, 4)
    y = targets_for(estimator, y)
    estimator_checks.check_estimators_data_not_an_array(type(estimator).__name__, estimator, X, y, kind)


@pytest.mark.parametrize("kind", [sp.csr_array, sp.dok_array])  # NumPy would read the latter row by row
@pytest.mark.parametrize("estimator", [e for e in FIRST.values() if hasattr(e, "predict")], ids=title)
def test_estimator__refuses_sparse_targets_and_weights(kind, estimator):
    X, y = regression(60, 4)
    y, sparse = targets_for(estimator, y), kind(np.ones((60, 1)))
    with pytest.raises(TypeError, match=r"^y must be dense; got a sparse matrix of shape \(60, 1\): pass y\.toarray"):
        clone(estimator).fit(X, sparse)
    if "sample_weight" in inspect.signature(estimator.fit).parameters:
        with pytest.raises(ValueError, match=r"^sample_weight must hold numbers; got <"):
            clone(estimator).fit(X, y, sample_weight=sparse)


@pytest.mark.parametrize("estimator", CONFIGURATIONS, ids=title)
def test_global_generator__is_neither_read_nor_changed(estimator):
    """What scikit-learn's checks, which seed it, cannot tell."""
    X, y = regression(60, 4)
    y = targets_for(estimator, y)
    seeds = {name: 0 for name in estimator.get_params() if name.rpartition("__")[2] == "random_state"}
    predictions = []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        model = clone(estimator).set_params(**seeds).fit(X, y)
        predictions.append((model.predict if hasattr(model, "predict") else model.transform)(X))
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.testing.assert_array_equal(*predictions)


def _translate(choice):
    """One of our constraints in the words of scikit-learn's private module."""
    if isinstance(choice, _params.Interval):
        low, high = (None if np.isinf(end) and choice.kind is Integral else end for end in (choice.low, choice.high))
        return sk.Interval(choice.kind, low, high, closed=choice.closed)
    if isinstance(choice, _params.Options):
        return sk.StrOptions(set(choice.names))
    if choice in (AUGMENTER, SAMPLER, NET):
        return sk.HasMethods("fit")
    if choice is NAME_OF_SCORER:
        return sk.StrOptions(set(get_scorer_names()))
    return {
        _params.BOOLEAN: "boolean",
        _params.NONE: None,
        _params.ARRAY_LIKE: "array-like",
        _params.CALLABLE: callable,
        _params.CV: "cv_object",
        _params.ESTIMATOR: sk.HasMethods("fit"),
        _params.DICT: dict,
        _params.ANY_STRING: str,
        _params.RANDOM_STATE: "random_state",
    }[choice]


@pytest.mark.parametrize("cls", [cls for _, cls in all_estimators()])
def test_parameters__are_validated(cls):
    constraints = {name: [_translate(c) for c in allowed] for name, allowed in cls._parameter_constraints.items()}

    class Translated(cls):
        pass

    # the check reads scikit-learn's constraints to find bad values; the estimator goes on to use its own
    Translated.__name__ = cls.__name__

    class Meta(dict):
        def items(self):
            return cls._parameter_constraints.items()

    Translated._parameter_constraints = Meta(constraints)
    required = example_of(cls).get_params(deep=False)
    estimator_checks.check_param_validation(cls.__name__, Translated(**required))


@pytest.mark.parametrize("estimator", [*(example_of(cls) for _, cls in all_estimators()), FeatureMask(0.1)], ids=title)
def test_html_repr__links_to_the_page_of_the_class(estimator):
    page = estimator._get_doc_link().removeprefix("https://skreg.readthedocs.io/en/stable/api/")
    module, name = page.removesuffix(".html").rsplit(".", 1)
    assert getattr(importlib.import_module(module), name) is type(estimator)
    assert page in estimator._repr_html_()
    listing = "\n".join(path.read_text() for path in (ROOT / "docs/api").glob("*.rst") if "skreg" not in path.name)
    assert re.search(rf"^   (\w+\.)?{name}$", listing, flags=re.MULTILINE)
