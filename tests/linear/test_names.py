"""Penalty factors and bounds by feature name."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skreg import (
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
    alpha_max,
    elastic_net_path,
    logistic_path,
)
from skreg.utils._features import per_feature
from tests.problems import regression

NAMES = ["age", "bmi", "dose", "sex"]
X, Y = regression(60, 4, seed=1)
FRAME = pd.DataFrame(X, columns=NAMES)
CODES = (np.median(Y) < Y).astype(int)
FACTOR = np.array([0.0, 1.0, 3.0, np.inf])
BY_NAME = [
    {"sex": np.inf, "age": 0, "dose": 3},  # bmi has 1
    pd.Series({"sex": np.inf, "dose": 3.0, "age": 0.0}),
    pd.Series(FACTOR[::-1], index=NAMES[::-1]),
]


@pytest.mark.parametrize("factor", [*BY_NAME, pd.Series(FACTOR), pl.Series(FACTOR), list(FACTOR)], ids=repr)
def test_penalty_factor__by_name_or_by_position(factor):
    wanted = ElasticNetProx(0.1, penalty_factor=FACTOR).fit(X, Y).coef_
    np.testing.assert_array_equal(ElasticNetProx(0.1, penalty_factor=factor).fit(FRAME, Y).coef_, wanted)
    assert wanted[3] == 0.0


@pytest.mark.parametrize(
    "model", [ElasticNetProxCV(alphas=5), LabelSmoothedLogistic(), LabelSmoothedLogisticCV(alphas=5)]
)
@pytest.mark.filterwarnings("ignore:.*est of its grid")
def test_penalty_factor__by_name_in_every_estimator(model):
    fits = [clone(model).set_params(penalty_factor=f).fit(FRAME, CODES).coef_ for f in (FACTOR, *BY_NAME)]
    for fit in fits[1:]:
        np.testing.assert_array_equal(fit, fits[0])


def test_penalty_factor__by_name_in_functions():
    params = dict(penalty_factor=BY_NAME[0], l1_ratio=1.0)
    assert alpha_max(FRAME, Y, **params) == alpha_max(X, Y, penalty_factor=FACTOR, l1_ratio=1.0)
    coefs = elastic_net_path(FRAME, Y, alphas=[0.1], **params)[1][:, 0]
    np.testing.assert_array_equal(coefs, ElasticNetProx(0.1, l1_ratio=1.0, penalty_factor=FACTOR).fit(X, Y).coef_)
    assert logistic_path(FRAME, CODES, alphas=[0.1], **params)[1][0, 3, 0] == 0.0


@pytest.mark.parametrize(
    ("factor", "X", "message"),
    [
        (
            {"Age": 0.0},
            FRAME,
            r"penalty_factor names features that X does not have: \['Age'\]; .* Did you mean 'age'\?",
        ),
        (pd.Series({"age": 0.0, "x": 1.0}), FRAME, r"names features that X does not have: \['x'\]"),
        ({"age": 0.0}, X, r"penalty_factor goes by feature names, but the columns of X have no names"),
        (pd.Series({"age": 0.0}), X, r"goes by feature names, .*set_output\(transform='pandas'\)"),
        (
            pd.Series(FACTOR, index=[3, 1, 2, 0]),
            FRAME,
            r"index must hold different feature names, .* got \[3, 1, 2, 0\]",
        ),
        (pd.Series(FACTOR, index=["age", "age", "bmi", "sex"]), FRAME, r"index must hold different feature names"),
        ({"age": "none"}, FRAME, r"penalty_factor must hold numbers; got 'none' for feature 'age'"),
        ({"age": np.nan}, FRAME, r"penalty_factor must hold numbers; got nan for feature 'age'"),
        ({"age": -1.0}, FRAME, r"penalty_factor must not be negative; got -1\.0 for feature 0 \('age'\)"),
        (pd.Series([1.0, 2.0]), FRAME, r"penalty_factor must be a number or have shape \(4,\)"),
    ],
)
def test_penalty_factor__bad_names(factor, X, message):
    with pytest.raises(ValueError, match=message):
        ElasticNetProx(penalty_factor=factor).fit(X, Y)


def test_penalty_factor__behind_a_column_transformer():
    table = FRAME.assign(sex=np.where(X[:, 3] > 0.0, "f", "m"))
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), NAMES[:3]), ("classes", OneHotEncoder(sparse_output=False), ["sex"])]
    )
    model = make_pipeline(
        columns.set_output(transform="pandas"), ElasticNetProx(0.5, penalty_factor={"numbers__age": 0.0})
    )
    by_position = ElasticNetProx(0.5, penalty_factor=[0.0, 1.0, 1.0, 1.0, 1.0]).fit(columns.fit_transform(table), Y)
    np.testing.assert_array_equal(model.fit(table, Y)[-1].coef_, by_position.coef_)


LOW, HIGH = np.array([-np.inf, 1.0, -np.inf, -np.inf]), np.array([np.inf, np.inf, 0.01, np.inf])


@pytest.mark.parametrize(
    "bounds",
    [
        {"bmi": (1.0, None), "dose": (None, 0.01)},
        ({"bmi": 1.0}, {"dose": 0.01}),
        ([None, 1.0, None, None], [None, None, 0.01, None]),
        (pd.Series({"bmi": 1.0}), HIGH),
        (LOW, pd.Series(HIGH[::-1], index=NAMES[::-1])),
    ],
    ids=repr,
)
def test_bounds__by_name(bounds):
    wanted = ElasticNetProx(1e-3, bounds=(LOW, HIGH)).fit(X, Y).coef_
    assert not np.array_equal(wanted, ElasticNetProx(1e-3).fit(X, Y).coef_)
    np.testing.assert_array_equal(ElasticNetProx(1e-3, bounds=bounds).fit(FRAME, Y).coef_, wanted)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"bmi": 1.0}, r"bounds\['bmi'\] must be a pair \(low, high\)"),
        ({"age": (1.0, 0.0)}, r"feature 0 \('age'\) got low 1\.0 and high 0\.0"),
        ({"weight": (0.0, 1.0)}, r"bounds names features that X does not have: \['weight'\]"),
        ([(0.0, 1.0)] * 4, r"bounds must be a pair \(low, high\), each a number or an array with one number for every"),
    ],
)
def test_bounds__bad_forms(bounds, message):
    with pytest.raises(ValueError, match=message):
        ElasticNetProx(bounds=bounds).fit(FRAME, Y)


TWO = X[:, :2]


@pytest.mark.parametrize(
    "bounds",
    [
        [(0, 1), (0, 3)],
        ((None, 1), (None, 3)),
        np.array([[0.0, 1.0], [0.0, 3.0]]),
        ([0.0, 1.0], np.array([0.0, 3.0])),
    ],
    ids=repr,
)
def test_bounds__two_pairs_for_two_features_are_refused(bounds):
    message = re.escape("can be read in two ways with two features: as (lows, highs), or as one pair")
    with pytest.raises(ValueError, match=message):
        ElasticNetProx(bounds=bounds).fit(TWO, Y)
    with pytest.raises(ValueError, match=message):
        LabelSmoothedLogisticCV(bounds=bounds, alphas=3).fit(TWO, CODES)


@pytest.mark.parametrize(
    "bounds",
    [
        (np.array([0.0, 1.0]), np.array([0.0, 3.0])),  # two arrays are lows and highs
        ([0.0, -1.0], [0.0, 3.0]),  # no pairs: 0 is above -1
        ([0.0, 1.0], [1.0, 3.0]),  # either way the same
        (0.0, [1.0, 3.0]),
        ((0.0, None), (None, 3.0)),  # either way the same
    ],
    ids=repr,
)
def test_bounds__of_two_features_that_cannot_be_misread(bounds):
    low, high = (np.broadcast_to(np.array(part, dtype=float), 2) for part in bounds)  # None becomes NaN
    coef = ElasticNetProx(1e-3, bounds=bounds).fit(TWO, Y).coef_
    assert not (coef < low).any()
    assert not (coef > high).any()


def test_per_feature__the_same_name_twice():
    with pytest.raises(ValueError, match="several columns of X have the same name"):
        per_feature({"a": 1.0}, 2, "penalty_factor", ["a", "a"], 1.0)
