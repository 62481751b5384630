"""PenalizedCox: optimality by independent code, forms of y, strata, baseline, concordance, bad input."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import PenalizedCox
from skreg.linear import predict_survival_function
from tests.core.parts.test_cox import definition
from tests.reference_penalized import penalty

GROUPS = [[0, 1], [2, 3, 4], [5], [6, 7, 8]]


def survival(n=80, p=9, seed=0):
    """Features, events and times with ties."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * np.linspace(0.5, 2.0, p)
    time = rng.exponential(np.exp(-X[:, 0] + 0.5 * X[:, 2]))
    censored = rng.exponential(1.5, n)
    return X, time <= censored, np.ceil(8.0 * np.minimum(time, censored)) / 8.0


def columns(event, time):
    return np.column_stack([event, time])


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("name", ["elastic_net", "group_lasso", "sparse_group_lasso", "mcp"])
def test_cox__objective_is_as_documented_and_no_other_is_better(name, ties):
    X, event, time = survival()
    weights = np.random.default_rng(1).uniform(0.5, 2.0, len(X))
    groups = dict(groups=GROUPS) if "group" in name else {}
    params = dict(penalty=name, l1_ratio=0.8, ties=ties, standardize=False, tol=1e-9, **groups)
    model = PenalizedCox(0.05, **params).fit(X, columns(event, time), weights)

    def value(b):
        loss = definition(time, event.astype(float), weights, np.zeros(len(X), int), X @ b, ties == "efron")
        return loss / weights.sum() + penalty(name, b, 0.05, 0.8, **groups)

    best = value(model.coef_)
    assert best == pytest.approx(model.objective_, rel=1e-9)
    rng = np.random.default_rng(0)
    slack = 1e-9 if name == "mcp" else model.dual_gap_ + 1e-12
    for _ in range(200):
        size = 10.0 ** rng.uniform(-5, -2)
        assert value(model.coef_ + size * rng.standard_normal(9) * (rng.random(9) < 0.5)) >= best - slack
    assert 0 < np.count_nonzero(model.coef_) <= 9


def test_cox__path_is_separate_fits_and_complete():
    X, event, time = survival()
    alphas, coefs, gaps = PenalizedCox(l1_ratio=1.0, tol=1e-9).path(X, columns(event, time), alphas=6, eps=0.01)
    assert coefs.shape == (9, 6)
    assert not coefs[:, 0].any()
    assert coefs[:, 1].any()
    for k in (1, 5):
        single = PenalizedCox(alphas[k], l1_ratio=1.0, tol=1e-9).fit(X, columns(event, time))
        np.testing.assert_allclose(coefs[:, k], single.coef_, atol=1e-4)
        assert gaps[k] >= 0.0


def test_cox__forms_of_targets_are_the_same():
    X, event, time = survival()
    expected = PenalizedCox().fit(X, columns(event, time)).coef_
    structured = np.array(list(zip(event, time, strict=True)), dtype=[("dead", bool), ("time", float)])
    swapped = np.array(list(zip(time, event, strict=True)), dtype=[("t", float), ("e", bool)])
    frame = pd.DataFrame({"event": event, "time": time})
    flags = np.array(list(zip(time, event, strict=True)), dtype=[("t", float), ("e", int)])
    second = [frame[["time", "event"]], frame[["time", "event"]].to_numpy(), pl.DataFrame({"t": time, "e": event})]
    nullable = [frame.astype({"event": "boolean", "time": "Float64"}), frame.astype({"event": int})]
    for y in (structured, swapped, flags, frame, *second, *nullable, columns(event, time).tolist()):
        np.testing.assert_allclose(PenalizedCox().fit(X, y).coef_, expected)
    np.testing.assert_allclose(PenalizedCox().fit(sp.csr_array(X), structured).coef_, expected, atol=1e-6)
    all_events = PenalizedCox().fit(X, time).coef_
    np.testing.assert_allclose(all_events, PenalizedCox().fit(X, columns(np.ones(80), time)).coef_)
    monotone = PenalizedCox().fit(X, columns(event, 10.0 * time + 3.0)).coef_
    np.testing.assert_allclose(monotone, expected)  # only the order of times matters


def test_cox__strata_have_baselines_of_their_own():
    X, event, time = survival(120)
    strata = np.array(["a", "b", "c"])[np.arange(120) % 3]
    model = PenalizedCox(0.02, l1_ratio=1.0, tol=1e-9, standardize=False).fit(X, columns(event, time), strata=strata)
    codes = np.arange(120) % 3
    value = definition(time, event.astype(float), np.ones(120), codes, X @ model.coef_, False) / 120
    assert value + 0.02 * np.abs(model.coef_).sum() == pytest.approx(model.objective_, rel=1e-9)
    assert model.strata_.tolist() == ["a", "b", "c"]
    # times of one stratum mean nothing to another
    shifted = np.where(codes == 1, time + 100.0, time)
    other = PenalizedCox(0.02, l1_ratio=1.0, tol=1e-9, standardize=False).fit(X, columns(event, shifted), strata=strata)
    np.testing.assert_allclose(other.coef_, model.coef_, atol=1e-7)
    survival_of_b = model.predict_survival_function(X[:2], times=[0.5], strata=["b", "b"])
    times, hazard = model.event_times_[1], model.baseline_hazard_[1]
    expected = np.exp(-np.exp(model.predict(X[:2])) * hazard[np.searchsorted(times, 0.5, side="right") - 1])
    np.testing.assert_allclose(survival_of_b[:, 0], expected)
    with pytest.raises(ValueError, match="strata must be given, as in fit"):
        model.predict_survival_function(X)
    with pytest.raises(ValueError, match=r"labels that were not in fit: \['z'\]"):
        model.predict_survival_function(X[:1], strata=["z"])


def test_cox__baseline_of_no_features_is_that_of_nelson_and_aalen():
    X, event, time = survival()
    model = PenalizedCox(1e3, l1_ratio=1.0).fit(X, columns(event, time))
    assert not model.coef_.any()
    times = np.unique(time[event])
    increments = [(event & (time == t)).sum() / (time >= t).sum() for t in times]
    np.testing.assert_allclose(model.event_times_[0], times)
    np.testing.assert_allclose(model.baseline_hazard_[0], np.cumsum(increments))
    curves = model.predict_survival_function(X[:3])
    np.testing.assert_allclose(curves[0], np.exp(-np.cumsum(increments)))
    assert (np.diff(curves) <= 0.0).all()
    np.testing.assert_array_equal(model.predict_survival_function(X[:1], times=[0.0]), [[1.0]])


def test_cox__score_is_the_concordance():
    X, event, time = survival(40)
    model = PenalizedCox(0.05).fit(X, columns(event, time))
    hazard, right, total = model.predict(X), 0.0, 0.0
    for i in range(40):
        for j in range(40):
            if event[i] and (time[i] < time[j] or (time[i] == time[j] and not event[j])):
                total += 1.0
                right += (hazard[i] > hazard[j]) + 0.5 * (hazard[i] == hazard[j])
    assert model.score(X, columns(event, time)) == pytest.approx(right / total)
    assert model.score(X, columns(event, time)) > 0.6
    assert np.isnan(model.score(X, columns(np.zeros(40), time)))


def test_cox__weights_are_repetitions():
    X, event, time = survival(50)
    weights = np.random.default_rng(0).integers(0, 4, 50)
    weighted = PenalizedCox(0.05, tol=1e-10).fit(X, columns(event, time), weights)
    repeat = [np.repeat(part, weights, axis=0) for part in (X, columns(event, time))]
    repeated = PenalizedCox(0.05, tol=1e-10).fit(*repeat)
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-6)
    assert weighted.intercept_ == pytest.approx(repeated.intercept_, abs=1e-6)
    np.testing.assert_allclose(weighted.baseline_hazard_[0][-1], repeated.baseline_hazard_[0][-1], rtol=1e-5)


def test_cox__rows_that_cannot_matter_do_not():
    X, event, time = survival()
    expected = PenalizedCox(0.02, l1_ratio=1.0, standardize=False, tol=1e-9).fit(X, columns(event, time))
    far = np.zeros((2, 9))
    far[:, 0] = [1e4, 2e3]
    weights = np.append(np.ones(81), 1.0)
    weights[80] = 0.0
    y = np.vstack([columns(event, time), [[1.0, 0.5], [0.0, 0.0]]])
    model = PenalizedCox(0.02 * 80 / 81, l1_ratio=1.0, standardize=False, tol=1e-9).fit(np.vstack([X, far]), y, weights)
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-5)
    ratio = np.exp(model.predict(X[:1]) - expected.predict(X[:1]))  # baselines are relative to the average row
    np.testing.assert_allclose(ratio * model.baseline_hazard_[0], expected.baseline_hazard_[0], rtol=1e-4)


def test_cox__times_and_strata_of_predictions_and_scores():
    X, event, time = survival()
    model = PenalizedCox(0.02).fit(X, columns(event, time))
    assert model.predict_survival_function(X[:3], times=1.0).shape == (3, 1)
    with pytest.raises(ValueError, match="times must not contain NaN"):
        model.predict_survival_function(X[:3], times=[np.nan])
    with pytest.raises(ValueError, match=r"times must not hold negative times; got -1\.0 in position 1"):
        model.predict_survival_function(X[:3], times=[0.0, -1.0])
    with pytest.raises(ValueError, match=r"times must be a number or have one dimension; got shape \(1, 1\)"):
        model.predict_survival_function(X[:3], times=[[1.0]])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.score(X[:3], columns(event, time))
    within = model.score(X, columns(event, time), strata=np.arange(80) // 40)
    halves = [slice(0, 40), slice(40, 80)]
    assert min(model.score(X[h], columns(event, time)[h]) for h in halves) <= within
    assert within <= max(model.score(X[h], columns(event, time)[h]) for h in halves)


def test_cox__score_after_strata_needs_them():
    X, event, time = survival()
    strata = np.arange(80) // 40
    model = PenalizedCox(0.05).fit(X, columns(event, time), strata=strata)
    with pytest.raises(
        ValueError, match=r"strata must be given, as in fit.*\[0, 1\].*set_score_request\(strata=True\)"
    ):
        model.score(X, columns(event, time))
    assert model.score(X, columns(event, time), strata=strata) > 0.5
    with sklearn.config_context(enable_metadata_routing=True):
        routed = PenalizedCox(0.05).set_fit_request(strata=True).set_score_request(strata=True)
        cv = KFold(2, shuffle=True, random_state=0)
        scores = cross_val_score(routed, X, columns(event, time), cv=cv, params={"strata": strata})
    train, test = next(cv.split(X))
    single = PenalizedCox(0.05).fit(X[train], columns(event, time)[train], strata=strata[train])
    assert scores[0] == single.score(X[test], columns(event, time)[test], strata=strata[test])


def test_predict_survival_function__of_a_pipeline_and_a_search():
    X, event, time = survival()
    y = columns(event, time)
    scaler = StandardScaler().fit(X)
    expected = PenalizedCox(0.05).fit(scaler.transform(X), y)
    expected = expected.predict_survival_function(scaler.transform(X[:3]), times=[0.5, 1.0])
    pipeline = make_pipeline(StandardScaler(), PenalizedCox(0.05)).fit(X, y)
    search = GridSearchCV(make_pipeline(StandardScaler(), PenalizedCox()), {"penalizedcox__alpha": [0.05]}, cv=2)
    for model in (pipeline, search.fit(X, y)):
        np.testing.assert_allclose(predict_survival_function(model, X[:3], times=[0.5, 1.0]), expected)
    with pytest.raises(ValueError, match="strata holds labels that were not in fit"):
        predict_survival_function(pipeline, X[:3], strata=["a"] * 3)
    with pytest.raises(TypeError, match=r"predict_survival_function needs a fitted Cox model.*got LinearRegression"):
        predict_survival_function(LinearRegression().fit(X, time), X)


DAYS = np.arange(80).astype("datetime64[D]")
SPANS = DAYS - DAYS[0]


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (
            np.arange(80) < 40,
            ValueError,
            r"y must hold times; got booleans, such as True in row 0\. Pass events and times",
        ),
        ([True] * 80, ValueError, "y must hold times; got booleans"),
        (pd.DataFrame({"e": [True] * 80, "t": [True] * 80}), ValueError, r"y\['t'\] must hold times; got booleans"),
        (np.ones(80, dtype=[("t", bool), ("e", bool)]), ValueError, "got fields .*'bool'"),
        (np.ones((80, 2), dtype=bool), ValueError, r"y\[:, 1\] must hold times; got booleans"),
        (1.0 - np.arange(80), ValueError, r"y must not hold negative times; got -1\.0 in row 2"),
        (
            np.c_[np.ones(80), 1.0 - np.arange(80)],
            ValueError,
            r"y\[:, 1\] must not hold negative times; got -1\.0 in row 2",
        ),
        (
            np.c_[1.5 + np.arange(80), np.ones(80)],
            ValueError,
            "got 1.5 in row 0. Unless a column is boolean, the first",
        ),
        (DAYS, TypeError, "y holds dates"),
        (pd.DataFrame({"e": [True] * 80, "t": pd.to_timedelta(SPANS)}), TypeError, "y holds dates in column 't'"),
        (pd.DataFrame({"e": ["dead"] * 80, "t": 1.0}), ValueError, r"y holds text in y\['e'\], such as 'dead'"),
        (pd.DataFrame(np.ones((80, 2)), columns=["t", "t"]), ValueError, r"y must have two names .* got \['t', 't'\]"),
        (["soon"] * 80, ValueError, "y holds text, such as 'soon'"),
    ],
    ids=str,
)
def test_cox__targets_that_are_no_times_are_refused(y, error, message):
    with pytest.raises(error, match=message):
        PenalizedCox().fit(survival()[0], y)


BAD = [
    (dict(ties="exact"), lambda y: y, r"'ties' parameter .* Got 'exact'"),
    (dict(), lambda y: y[:, :1].repeat(3, axis=1), r"y must have columns of events and of times; got shape \(80, 3\)"),
    (dict(), lambda y: y + np.array([1.0, 0.0]), r"y\[:, 0\] must be 1 for events and 0 for others; got 2\.0 in row"),
    (dict(), lambda y: y * [[1.0, np.nan]], r"y contains NaN"),
    (dict(), lambda y: y * [[0.0, 1.0]], r"y must hold at least one event; got none"),
    (dict(), lambda y: y.view([("a", float), ("b", float)]), r"y must have a boolean field of events"),
]


@pytest.mark.parametrize(("params", "change", "message"), BAD)
def test_cox__bad_input(params, change, message):
    X, event, time = survival()
    with pytest.raises(ValueError, match=message):
        PenalizedCox(**params).fit(X, change(columns(event, time)))


def test_cox__bad_strata():
    X, event, time = survival()
    with pytest.raises(ValueError, match=r"strata must have shape \(80,\), one label for every row of X; got \(2,\)"):
        PenalizedCox().fit(X, columns(event, time), strata=[0, 1])
    names = np.resize(np.array(["a", "b"], dtype=object), 80)
    for missing in (np.nan, None, pd.NA, pd.NaT):
        names[3] = missing
        for strata in (names, names.tolist()):
            with pytest.raises(ValueError, match=f"strata must have a label for every row .*; got {missing} in row 3"):
                PenalizedCox().fit(X, columns(event, time), strata=strata)
    with pytest.raises(ValueError, match="got nan in row 0"):
        PenalizedCox().fit(X, columns(event, time), strata=np.full(80, np.nan))
    names[3] = 7
    with pytest.raises(ValueError, match=r"strata must hold labels of one type that can be sorted; got \['b', 7\]"):
        PenalizedCox().fit(X, columns(event, time), strata=names)


@pytest.mark.parametrize("params", [dict(alpha=0.0), dict(alpha=0.05, penalty="mcp"), dict(penalty_factor=[0, 1, 1])])
def test_cox__an_order_that_is_predicted_without_error_is_told(params):
    X = np.random.default_rng(0).standard_normal((60, 3))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = PenalizedCox(**params).fit(X, np.exp(-X[:, 0]))
        assert np.isfinite(model.predict_survival_function(X)).all()
    assert [w.category for w in caught] == [ConvergenceWarning]  # and no overflow
    assert "order of the events is predicted without error" in str(caught[0].message)
    assert model.score(X, np.exp(-X[:, 0])) == 1.0


@pytest.mark.parametrize("strata", [None, np.tile([0, 1], 30)])
def test_cox__groups_without_events_have_no_finite_optimum(strata):
    rng = np.random.default_rng(0)
    X, time = np.column_stack([rng.standard_normal(60), np.repeat([0.0, 1.0], 30)]), rng.exponential(size=60)
    y = columns((X[:, 1] > 0.0) & (rng.uniform(size=60) < 0.8), time)
    with pytest.warns(ConvergenceWarning, match="by the selected features, or by one of them"):
        PenalizedCox(0.0, max_iter=100).fit(X, y, strata=strata)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PenalizedCox(0.01, penalty="mcp", l1_ratio=0.9).fit(X, y, strata=strata)
        PenalizedCox(0.0).fit(X, columns(y[:, 0] + (np.arange(60) == np.argmin(time[:30])), time), strata=strata)
