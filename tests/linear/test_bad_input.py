"""Bad input gets an error that names the argument and the value, and leaves the estimator as it was."""

import copy
import functools
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import is_classifier

from skreg import (
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
    alpha_max,
    elastic_net_path,
)
from tests.problems import regression

X, Y = regression(20, 4)


def with_value(value, row=3, column=2):
    bad = X.copy()
    bad[row, column] = value
    return bad


DATA = [
    ((with_value(np.nan), Y), r"X contains NaN in column 2"),
    ((with_value(np.inf), Y), r"X contains infinity in column 2"),
    ((with_value(-np.inf), Y), r"X contains infinity in column 2"),
    ((sp.csr_array(with_value(np.nan)), Y), r"X contains NaN in column 2"),
    ((pd.DataFrame(with_value(np.nan), columns=list("abcd")), Y), r"X contains NaN in column 2 \('c'\)"),
    ((with_value(1e200), Y), r"column 2 so large that their squares overflow"),
    ((X * 1e-158, Y), r"column 0 so small that their squares vanish"),
    ((X, np.where(np.arange(20) == 5, np.nan, Y)), r"y contains NaN"),
    ((X, np.where(np.arange(20) == 5, np.inf, Y)), r"y contains infinity"),
    ((X, Y[:, None, None]), r"y must have shape \(n_samples,\) or \(n_samples, n_targets\); got \(20, 1, 1\)"),
    ((X, np.empty((20, 0))), r"y must have shape .*; got \(20, 0\)"),
    ((X, 1.0), r"y must have shape .*; got \(\)"),
    ((X, None), r"^ElasticNetProx\w* requires y to be passed"),
    ((X, Y[:-1]), r"inconsistent numbers of samples"),
    ((X, Y * 1e160), r"y has values so large that their squares overflow: rescale it; got .*e\+160"),
    ((X, np.full(20, 1e200)), r"y has values so large that their squares overflow: rescale it; got 1e\+200"),
    ((X, np.column_stack([Y, Y * 1e-170])), r"y\[:, 1\] has values so small that their squares vanish"),
    ((X[:, 0], Y), r"Expected 2D array, got 1D array"),
    ((X[:0], Y[:0]), r"0 sample"),
    ((X[:, :0], Y), r"0 feature"),
    ((X + 1j, Y), r"Complex data not supported"),
    ((pd.DataFrame({"a": ["x", "y"] * 10, "b": Y}), Y), r"X holds text in column 'a', such as 'x'"),
    ((X, Y, np.ones(19)), r"sample_weight must have shape \(20,\).*got \(19,\)"),
    ((X, Y, -np.ones(20)), r"sample_weight must be finite and not negative; got -1\.0 in row 0"),
    ((X, Y, np.full(20, np.nan)), r"sample_weight must be finite and not negative; got nan"),
    ((X, Y, np.ones(20) + 1j), r"sample_weight must hold numbers; got array"),
    ((X, Y, np.zeros(20)), r"sample_weight must have a positive entry: all weights are zero"),
]

PARAMETERS = [
    (dict(alpha=-1.0), r"'alpha' parameter .* in the range \[0\.0, inf\). Got -1\.0"),
    (dict(alpha=np.nan), r"'alpha' parameter .* Got nan"),
    (dict(alpha="1"), r"'alpha' parameter .* Got '1'"),
    (dict(l1_ratio=1.5), r"'l1_ratio' parameter .* in the range \[0\.0, 1\.0\]. Got 1\.5"),
    (dict(l1_ratio=-0.1), r"'l1_ratio' parameter .* Got -0\.1"),
    (dict(tol=-1e-3), r"'tol' parameter .* Got -0\.001"),
    (dict(max_iter=0), r"'max_iter' parameter .* an int in the range \[1, inf\). Got 0"),
    (dict(max_iter=10.0), r"'max_iter' parameter .* Got 10\.0"),
    (dict(solver="newton"), r"'solver' parameter .* among 'auto', 'cd'.* Got 'newton'"),
    (dict(fit_intercept=1), r"'fit_intercept' parameter .* Got 1"),
    (dict(penalty_factor=[1.0, 2.0]), r"penalty_factor must be a number or have shape \(4,\).*got \(2,\)"),
    (dict(penalty_factor=[1.0, -2.0, 1.0, 1.0]), r"penalty_factor must not be negative; got -2\.0 for feature 1"),
    (dict(penalty_factor=[1.0, np.nan, 1.0, 1.0]), r"penalty_factor must not contain NaN"),
    (dict(penalty_factor=[np.inf] * 4), r"penalty_factor must be finite for at least one feature"),
    (dict(penalty_factor=["a"] * 4), r"penalty_factor must hold numbers"),
    (dict(bounds=(1.0, -1.0)), r"feature 0 got low 1\.0 and high -1\.0"),
    (dict(bounds=([0.0, 0.0, 2.0, 0.0], 1.0)), r"feature 2 got low 2\.0 and high 1\.0"),
    (dict(bounds=(-2.0, -1.0), positive=True), r"low 0\.0 and high -1\.0 with positive=True"),
    (dict(bounds=(0.0, 1.0, 2.0)), r"bounds must be a pair"),
    (dict(bounds=(np.nan, 1.0)), r"bounds\[0\] must not contain NaN"),
    (dict(bounds=(0.0, [1.0])), r"bounds\[1\] must be a number or have shape \(4,\)"),
    (
        dict(bounds=(0.1, 1.0), penalty_factor=[1.0, np.inf, 1.0, 1.0]),
        r"leaves feature 1 out, but its bounds exclude 0",
    ),
    (dict(solver="direct", l1_ratio=0.5), r"solver='direct' needs a pure L2 penalty .* got l1_ratio=0\.5"),
    (dict(solver="direct", l1_ratio=0.0, positive=True), r"solver='direct' needs .* positive=True"),
]


@functools.cache
def fitted(cls):
    return cls().fit(X, (np.median(Y) < Y).astype(int) if is_classifier(cls()) else Y)


@pytest.mark.filterwarnings("ignore:overflow encountered")  # by scikit-learn's own checks
@pytest.mark.parametrize("cls", [ElasticNetProx, ElasticNetProxCV])
@pytest.mark.parametrize(("arguments", "message"), DATA)
def test_bad_input__data(cls, arguments, message):
    model = copy.copy(fitted(cls))
    before = dict(vars(model))
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(*arguments)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is before[name] for name in before)


@pytest.mark.parametrize(("params", "message"), PARAMETERS)
def test_bad_input__parameters(params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        ElasticNetProx(**params).fit(X, Y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(l1_ratio=[0.5, 2.0]), r"l1_ratio must hold numbers in the range \[0, 1\]; got \[0\.5, 2\.0\]"),
        (dict(l1_ratio=[]), r"l1_ratio must hold numbers"),
        (dict(l1_ratio=["a"]), r"l1_ratio must hold numbers; got \['a'\]"),
        (dict(alphas=0), r"'alphas' parameter .* Got 0"),
        (dict(alphas=[1.0, -1.0]), r"alphas must be finite and not negative; got -1\.0"),
        (dict(alphas=[]), r"alphas must be an int or a non-empty one-dimensional array"),
        (dict(eps=1.0), r"'eps' parameter .* in the range \(0\.0, 1\.0\). Got 1\.0"),
        (dict(selection="best"), r"'selection' parameter .* Got 'best'"),
        (dict(cv=1), r"'cv' parameter .* Got 1"),
        (dict(scoring="nonsense"), r"nonsense"),
        (dict(solver="direct"), r"'solver' parameter .* Got 'direct'"),
    ],
)
def test_bad_input__cross_validation_parameters(params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        ElasticNetProxCV(**params).fit(X, Y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(alphas=-3), "alphas must be an int of at least 1"),
        (dict(alphas=True), "alphas must be an int of at least 1"),
        (dict(alphas=[[1.0]]), "alphas must be an int or a non-empty one-dimensional array"),
        (dict(alphas="auto"), "alphas must hold numbers; got 'auto'"),
        (dict(eps=2.0), r"eps must be a float in the range \(0, 1\); got 2\.0"),
        (dict(coef_init=np.zeros(3)), r"coef_init must have shape \(4,\).*got \(3,\)"),
        (dict(coef_init=[0.0, np.nan, 0.0, 0.0]), "coef_init must not contain NaN"),
        (dict(l1_ratio=7.0), r"'l1_ratio' parameter"),
    ],
)
def test_bad_input__path_parameters(params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        elastic_net_path(X, Y, **params)


def test_bad_input__sparse_targets_and_labels_that_cannot_be_sorted():
    with pytest.raises(TypeError, match=r"y must be dense; got a sparse matrix of shape \(20, 1\): pass y\.toarray"):
        ElasticNetProx().fit(X, sp.csr_array(Y[:, None]))
    with pytest.raises(TypeError, match="y must hold labels of one type; got labels of the types int, str"):
        LabelSmoothedLogistic().fit(X, np.array(["a", 1] * 10, dtype=object))


def test_bad_input__alpha_max_checks_too():
    with pytest.raises(ValueError, match="X contains NaN in column 2"):
        alpha_max(with_value(np.nan), Y)


def test_bad_input__prediction_checks_the_number_of_features():
    with pytest.raises(ValueError, match=re.escape("X has 3 features, but ElasticNetProx is expecting 4")):
        ElasticNetProx().fit(X, Y).predict(X[:, :3])


CODES = (np.median(Y) < Y).astype(int)


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.parametrize("cls", [LabelSmoothedLogistic, LabelSmoothedLogisticCV])
@pytest.mark.parametrize(("arguments", "message"), [case for case in DATA if case[0][1] is Y])
def test_bad_input__data_of_classes(cls, arguments, message):
    model = copy.copy(fitted(cls))
    before = dict(vars(model))
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(arguments[0], CODES[: len(CODES) if arguments[0].shape[0] else 0], *arguments[2:])
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is before[name] for name in before)


@pytest.mark.parametrize("cls", [LabelSmoothedLogistic, LabelSmoothedLogisticCV])
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y, r"Unknown label type: continuous"),
        (np.ones(20), r"at least two classes; got one class: .*1\.0"),
        (np.array(["a"] * 20), r"at least two classes; got one class: .*'a'"),
        (np.column_stack([CODES, CODES]), r"1d array"),
        (CODES[:-1], r"inconsistent numbers of samples"),
        (np.where(np.arange(20) == 5, np.nan, CODES), r"y contains NaN"),
    ],
)
def test_bad_input__labels(cls, y, message):
    with pytest.raises(ValueError, match=message):
        cls().fit(X, y)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(alpha=-1.0), r"'alpha' parameter .* Got -1\.0"),
        (dict(label_smoothing=1.0), r"'label_smoothing' parameter .* in the range \[0\.0, 1\.0\). Got 1\.0"),
        (dict(label_smoothing=-0.1), r"'label_smoothing' parameter .* Got -0\.1"),
        (dict(confidence_penalty=-1), r"'confidence_penalty' parameter .* Got -1"),
        (
            dict(class_weight={0: 1.0, 7: 2.0}),
            r"class_weight has keys that are not classes of y: \[7\]",
        ),
        (dict(class_weight={0: -1.0}), r"class_weight must hold finite, non-negative numbers; got -1\.0 for 0"),
        (dict(class_weight={0: "a"}), r"class_weight must hold .* got 'a' for 0"),
        (dict(class_weight={0: 0.0}), r"class_weight=\{0: 0\.0\} must leave weight to at least two classes"),
        (dict(class_weight="equal"), r"'class_weight' parameter .* Got 'equal'"),
        (dict(grouped=True, positive=True), r"grouped=True does not go with bounds; got bounds=None, positive=True"),
        (dict(solver="lbfgs", l1_ratio=0.5), r"solver='lbfgs' needs a pure L2 penalty .* got l1_ratio=0\.5"),
        (dict(solver="saga"), r"'solver' parameter .* Got 'saga'"),
        (dict(bounds=(1.0, -1.0)), r"feature 0 got low 1\.0 and high -1\.0"),
    ],
)
def test_bad_input__parameters_of_classifiers(params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        LabelSmoothedLogistic(**params).fit(X, CODES)


def test_bad_input__weights_that_leave_one_class():
    with pytest.raises(ValueError, match="sample_weight leaves rows of only one class"):
        LabelSmoothedLogistic().fit(X, CODES, CODES)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            dict(label_smoothing=[0.1, 1.0]),
            r"label_smoothing must hold numbers in the range \[0, 1\); got \[0\.1, 1\.0\]",
        ),
        (dict(l1_ratio=[0.5, 2.0]), r"l1_ratio must hold numbers in the range \[0, 1\]; got \[0\.5, 2\.0\]"),
        (dict(alphas=[]), r"alphas must be an int or a non-empty one-dimensional array"),
        (dict(cv=1), r"'cv' parameter .* Got 1"),
        (dict(scoring="nonsense"), r"nonsense"),
    ],
)
def test_bad_input__cross_validation_parameters_of_classifiers(params, message):
    with pytest.raises((ValueError, TypeError), match=message):
        LabelSmoothedLogisticCV(**params).fit(X, CODES)


@pytest.mark.parametrize("n", [20, 200])
def test_bad_input__features_that_do_not_vary_give_the_null_model_everywhere(n):
    constant, y = np.full((n, 3), 2.0), np.arange(float(n))
    codes = np.arange(n) % 3 // 2
    with pytest.warns(UserWarning, match="X has no feature that varies"):
        alphas, coefs, intercepts, gaps = elastic_net_path(constant, y, alphas=4)
    assert alphas.shape == (4,)
    assert not coefs.any()
    np.testing.assert_allclose(intercepts, y.mean())
    assert not gaps.any()
    with pytest.warns(UserWarning, match="X has no feature that varies"):
        assert alpha_max(constant, y) == 0.0
    for model in (ElasticNetProx(), ElasticNetProxCV(alphas=4, cv=3)):
        with pytest.warns(UserWarning, match="X has no feature that varies"):
            model.fit(constant, y)
        assert not model.coef_.any()
        assert model.intercept_ == pytest.approx(y.mean())
    for model in (LabelSmoothedLogistic(label_smoothing=0.0), LabelSmoothedLogisticCV(alphas=4, cv=3)):
        with pytest.warns(UserWarning, match="X has no feature that varies"):
            model.fit(constant, codes)
        assert not model.coef_.any()
        assert np.argmax(model.predict_proba(constant)[0]) == 0


DATES = pd.DataFrame({"a": Y, "when": pd.date_range("2020-01-01", periods=20)})
FRAMES = [
    (pl.from_pandas(DATES).lazy(), r"X is a LazyFrame, which holds no data yet: pass X\.collect\(\)"),
    (DATES, r"X holds dates in column 'when' \(datetime64"),
    (pl.from_pandas(DATES), r"X holds dates in column 'when' \(Datetime"),
    (DATES.assign(when=DATES["when"] - DATES["when"][0]), r"X holds dates in column 'when' \(timedelta64"),
    (DATES[["when"]].to_numpy(), r"X holds dates \(datetime64"),
    (DATES.assign(when=DATES["when"].dt.date), r"X holds dates in column 'when' \(datetime\.date\(2020, 1, 1\)\)"),
    (np.ma.masked_greater(X, 0.5), r"X has masked entries, .*: pass X\.filled\(np\.nan\)"),
]


@pytest.mark.parametrize(
    "model", [ElasticNetProx(), ElasticNetProxCV(), LabelSmoothedLogistic(), LabelSmoothedLogisticCV()]
)
@pytest.mark.parametrize(("frame", "message"), FRAMES)
def test_bad_input__dates_and_frames_without_data(model, frame, message):
    with pytest.raises(TypeError, match=message):
        model.fit(frame, CODES)


@pytest.mark.parametrize("rows", [[["a", 1.0]] * 20, np.array([["1", "a"]] * 20)])
def test_bad_input__text_in_lists_and_arrays(rows):
    with pytest.raises(ValueError, match="X holds text, such as 'a': encode it"):
        ElasticNetProx().fit(rows, Y)


def test_bad_input__message_shows_the_beginning_of_long_values():
    with pytest.raises(ValueError, match=r"sample_weight must hold numbers; got \[\['w'") as found:
        ElasticNetProx().fit(X, Y, sample_weight=[["w"] * k for k in range(1, 21)])
    assert len(str(found.value)) < 300


def test_bad_input__dates_and_text_as_targets_and_dates_in_predictions():
    with pytest.raises(TypeError, match=r"y holds dates \(datetime64"):
        ElasticNetProx().fit(X, DATES["when"])
    with pytest.raises(ValueError, match="y must hold numbers to regress on"):
        ElasticNetProx().fit(X, DATES["when"].astype(str))
    model = ElasticNetProx().fit(X[:, :2], Y)
    with pytest.raises(TypeError, match="X holds dates in column 'when'"):
        model.predict(pl.from_pandas(DATES))


@pytest.mark.parametrize("cls", [ElasticNetProx, ElasticNetProxCV])
def test_bad_input__targets_whose_squares_overflow(cls):
    with pytest.raises(
        ValueError, match=r"y has values so large that their squares overflow: rescale it; got .*e\+160"
    ):
        cls().fit(X, Y * 1e160)
    with pytest.raises(ValueError, match="y has values so large"):
        elastic_net_path(X, Y * 1e160)
    with pytest.raises(ValueError, match="y has values so large"):
        alpha_max(X, Y * 1e160)
