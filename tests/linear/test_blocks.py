"""Row blocks: the same answers as in memory, one pass over the blocks, and errors that name the block."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, SGDRegressor
from sklearn.model_selection import GroupKFold, ShuffleSplit

from skreg import (
    AugmentedRegressor,
    DropoutCNNClassifier,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    EarlyStoppingRegressor,
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
    MatrixFactorizationRegressor,
    PenalizedCox,
    PenalizedCoxCV,
    alpha_max,
    elastic_net_path,
    logistic_path,
)
from skreg._core.data.blocks import RowMoments
from skreg.augmentation import GaussianCopulaAugmenter, GaussianNoise, compare_generated
from skreg.inspection import diagnose

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    n, p = 600, 8
    X = rng.normal(size=(n, p)) * 10.0 ** rng.integers(-3, 4, p) + 100.0 * rng.normal(size=p)
    X[:, 3] = 7.0  # constant
    X[:, 4] = X[:, 5] + 1e-3 * X[:, 4]  # nearly equal
    y = X @ (rng.normal(size=p) / X.std(axis=0).clip(1e-3)) + rng.normal(size=n)
    return X, y, rng.integers(0, 3, n).astype(float)


def blocks(*arrays, size=130):
    return [da.from_array(a, chunks=(size, -1) if a.ndim == 2 else size) for a in arrays]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "params",
    [
        {},
        dict(l1_ratio=0.0),
        dict(fit_intercept=False),
        dict(l1_ratio=1.0, standardize=True),
        dict(positive=True),
        dict(bounds=(-0.1, 0.2), penalty_factor=[1, 0, 2, 1, 1, 1, 1, 1]),
        dict(alpha=0.0),
    ],
    ids=str,
)
def test_elastic_net__on_blocks_has_the_objective_of_the_fit_in_memory(data, params, weighted):
    X, y, weights = data
    weights = weights if weighted else None
    model = ElasticNetProx(**{"alpha": 0.05} | params)
    whole = clone(model).fit(X, y, weights)
    dX, dy = blocks(X, y)
    parts = model.fit(dX, dy, weights)
    unit = np.average((y - np.average(y, weights=weights)) ** 2, weights=weights)
    assert parts.dual_gap_ <= 1e-6 * unit
    assert abs(parts.objective_ - whole.objective_) <= 1e-6 * unit
    np.testing.assert_allclose(parts.predict(X), whole.predict(X), atol=3e-3 * np.sqrt(unit))
    assert parts.coef_[3] == 0.0 or not model.fit_intercept


def test_elastic_net__several_targets_on_blocks(data):
    X, y, _ = data
    Y = np.column_stack([y, X[:, 0], np.ones_like(y)])
    dX, dY = blocks(X, Y)
    whole, parts = ElasticNetProx(0.1).fit(X, Y), ElasticNetProx(0.1).fit(dX, dY)
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(parts.intercept_, whole.intercept_, rtol=1e-9)


def test_elastic_net__path_and_alpha_max_on_blocks(data):
    X, y, _ = data
    dX, dy = blocks(X, y)
    assert alpha_max(dX, dy) == pytest.approx(alpha_max(X, y), rel=1e-12)
    found = elastic_net_path(dX, dy, alphas=5, l1_ratio=1.0)
    for part, whole in zip(found, elastic_net_path(X, y, alphas=5, l1_ratio=1.0), strict=True):
        np.testing.assert_allclose(part, whole, atol=1e-6 * np.var(y))


def test_elastic_net__blocks_of_a_frame_have_names(data):
    dd = pytest.importorskip("dask.dataframe")
    X, y, _ = data
    frame = pd.DataFrame(X, columns=list("abcdefgh")).assign(y=y)
    parts = dd.from_pandas(frame, npartitions=4)
    model = ElasticNetProx(0.1, penalty_factor={"b": 0.0}).fit(parts[list("abcdefgh")], parts["y"])
    whole = ElasticNetProx(0.1, penalty_factor={"b": 0.0}).fit(frame[list("abcdefgh")], y)
    assert list(model.feature_names_in_) == list("abcdefgh")
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-6)
    predictions = model.predict(parts[list("abcdefgh")])
    np.testing.assert_allclose(predictions.compute(), whole.predict(frame[list("abcdefgh")]), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["Float64", "float64[pyarrow]"])
def test_elastic_net__blocks_of_a_frame_of_nullable_or_arrow_columns(data, dtype):
    dd = pytest.importorskip("dask.dataframe")
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    X, y, _ = data
    parts = dd.from_pandas(pd.DataFrame(X, columns=list("abcdefgh")).assign(y=y).astype(dtype), npartitions=2)
    model = ElasticNetProx(0.1).fit(parts[list("abcdefgh")], parts["y"])
    np.testing.assert_allclose(model.coef_, ElasticNetProx(0.1).fit(X, y).coef_, rtol=1e-6)
    parts = parts.assign(a=parts.a.where(parts.a > parts.a.min()))
    with pytest.raises(ValueError, match=r"X contains NaN in column 0 \('a'\), in block"):
        ElasticNetProx().fit(parts[list("abcdefgh")], parts["y"])


def test_elastic_net__sparse_blocks(data):
    _, y, _ = data
    # a matrix: concatenating sparse arrays fails in Dask 2024.12
    S = sp.csr_matrix(sp.random_array((600, 8), density=0.2, random_state=np.random.default_rng(1)))
    dS = da.concatenate([da.from_array(S[low : low + 200], chunks=(200, -1), asarray=False) for low in (0, 200, 400)])
    whole = ElasticNetProx(0.01).fit(S, y)
    np.testing.assert_allclose(ElasticNetProx(0.01).fit(dS, y).coef_, whole.coef_, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:ElasticNetProxCV")
@pytest.mark.parametrize("cv", [None, 3, ShuffleSplit(3, random_state=0), "groups"], ids=str)
def test_search__on_blocks_is_the_search_in_memory(data, cv):
    X, y, weights = data
    if cv == "groups":
        cv = list(GroupKFold(3).split(X, y, groups=np.arange(600) % 7))
    dX, dy = blocks(X, y)
    whole = ElasticNetProxCV(l1_ratio=[0.5, 1.0], alphas=8, cv=cv).fit(X, y, weights)
    parts = ElasticNetProxCV(l1_ratio=[0.5, 1.0], alphas=8, cv=cv).fit(dX, dy, weights)
    np.testing.assert_allclose(parts.mse_path_, whole.mse_path_, rtol=1e-5)
    assert parts.alpha_ == pytest.approx(whole.alpha_)
    assert parts.l1_ratio_ == whole.l1_ratio_
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-3, atol=1e-5)


@pytest.mark.filterwarnings("ignore:ElasticNetProxCV")
def test_search__scorer_on_blocks(data):
    X, y, _ = data
    dX, dy = blocks(X, y)
    whole = ElasticNetProxCV(alphas=4, cv=3, scoring="r2").fit(X, y)
    parts = ElasticNetProxCV(alphas=4, cv=3, scoring="r2").fit(dX, dy)
    np.testing.assert_allclose(parts.scores_, whole.scores_, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:ElasticNetProxCV")
def test_search__reads_every_block_once(data):
    X, y, _ = data
    read = []

    def count(block):
        read.append(len(block))
        return block

    dX = da.from_array(X, chunks=(200, -1)).map_blocks(count, dtype=X.dtype, meta=np.empty((0, 0)))
    ElasticNetProxCV(alphas=5, cv=4, eps=0.1).fit(dX, y)
    assert read == [200, 200, 200]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_elastic_net__on_blocks_refines_what_moments_cannot_certify():
    # condition number 1e9: its square, which inner products have, is beyond double precision
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(400, 3))
    X = np.column_stack([Z, Z[:, 0] + 1e-9 * rng.normal(size=400)])
    y = X @ [1.0, 1.0, 1.0, 0.0] + 1e6 * (X[:, 3] - X[:, 0]) + 0.1 * rng.normal(size=400)
    model = ElasticNetProx(1e-12, l1_ratio=1.0, tol=1e-8)
    whole = clone(model).fit(X, y)
    parts = model.fit(*blocks(X, y))
    residual = y - X @ parts.coef_ - parts.intercept_
    value = 0.5 * np.mean(residual**2) + 1e-12 * np.abs(parts.coef_).sum()
    # the certificate is that of the rows, whatever the inner products say
    assert value - whole.objective_ <= parts.dual_gap_ + 1e-12
    assert parts.objective_ == pytest.approx(value, rel=1e-6)


def test_moments__of_parts_add_without_cancellation():
    rng = np.random.default_rng(0)
    X, y, w = 1e8 + rng.normal(size=(700, 3)), rng.normal(size=(1, 700)), rng.random(700)
    parts = [RowMoments.of_rows(X[i : i + 97], y[:, i : i + 97], w[i : i + 97]) for i in range(0, 700, 97)]
    total = sum(parts[1:], parts[0])
    Z = np.column_stack([X, y.T])
    np.testing.assert_allclose(total.scatter / total.weight, np.cov(Z.T, aweights=w, ddof=0), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(total.mean, np.average(Z, axis=0, weights=w), rtol=1e-12)


def test_predictions__of_blocks_are_lazy(data):
    X, y, _ = data
    (dX,) = blocks(X)
    model = LabelSmoothedLogistic(alpha=0.1).fit(X / X.std(axis=0).clip(1e-9), y > np.median(y))
    for name in ("predict", "predict_proba", "decision_function"):
        found = getattr(model, name)(dX)
        assert isinstance(found, da.Array)
        assert found.chunks[0] == dX.chunks[0]
        np.testing.assert_array_equal(found.compute(), getattr(model, name)(X))


@pytest.mark.parametrize("shape", [(64,), (8, 8)], ids=str)
def test_predictions__of_nets_on_blocks_are_lazy(shape):
    digits, labels = load_digits(return_X_y=True)
    X = digits[:60].reshape(-1, *shape) / 16.0
    few = dict(hidden_layer_sizes=(4,), max_iter=1, random_state=0)
    kind = DropoutCNNClassifier if len(shape) > 1 else DropoutMLPClassifier
    net = kind(**few).fit(X, labels[:60])
    found = net.predict_proba(da.from_array(X, chunks=(25, *[4] * len(shape))))
    assert isinstance(found, da.Array)
    np.testing.assert_allclose(found.compute(), net.predict_proba(X), rtol=1e-6)
    with pytest.raises(TypeError, match="Dask Array"):
        net.partial_fit(da.from_array(X), labels[:60])
    regressor = DropoutMLPRegressor(**few).fit(digits[:60], labels[:60])
    with pytest.raises(TypeError, match=r"they are a tuple: pass X.compute\(\)"):
        regressor.predict(da.from_array(digits[:60]), return_std=True)


def test_predictions__lazy_ones_name_the_block_of_a_bad_row():
    dd = pytest.importorskip("dask.dataframe")
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = ElasticNetProx().fit(X, X[:, 0])
    X[45, 2] = np.nan
    with pytest.raises(ValueError, match=r"in block 2, which begins with row 40: Input X contains NaN in column 2"):
        model.predict(da.from_array(X, chunks=(20, 3))).compute()
    frame = model.fit(pd.DataFrame(X[:40], columns=list("abc")), X[:40, 0])
    with pytest.raises(ValueError, match=r"in block 2: Input X contains NaN in column 2 \('c'\)"):
        frame.predict(dd.from_pandas(pd.DataFrame(X, columns=list("abc")), npartitions=3)).compute()


def bad_inputs():
    X, y = np.ones((20, 3)), np.arange(20.0)
    X[:, 0] = y

    def other(function):
        """Blocks of which one is not what Dask was told."""

        def make(block, block_info=None):
            return function(block) if block_info[0]["chunk-location"][0] == 2 else block

        return da.from_array(X, chunks=(5, -1)).map_blocks(make, dtype=float, meta=np.empty((0, 0)))

    hole = X.copy()
    hole[13, 2] = np.nan
    some, gap = da.from_array(X, chunks=(5, -1)), da.from_array(hole, chunks=(5, -1))
    return {
        "NaN": (gap, y, {}, "X contains NaN in column 2, in block 2, which begins with row 10"),
        "NaN in y": (
            some,
            np.where(y == 6.0, np.inf, y),
            {},
            "y contains infinity in block 1, which begins with row 5",
        ),
        "unknown sizes": (some[some[:, 0] > 3], y[4:], {}, "compute_chunk_sizes"),
        "length": (some, y[:-1], {}, "n_samples=20"),
        "text": (some.astype(str), y, {}, "X must hold numbers"),
        "weights": (some, y, dict(sample_weight=-y), r"sample_weight must not be negative.*got -[0-9.]+ in row"),
        "tiny": (da.from_array(np.column_stack([y, 1e-200 * y]), chunks=(5, -1)), y, {}, "column 1 so small"),
        "huge": (da.from_array(np.column_stack([y, 1e200 * y]), chunks=(5, -1)), y, {}, "column 1 so large"),
        "tiny y": (some, 1e-200 * y, {}, "y has values so small"),
        "no weight": (some, y, dict(sample_weight=0 * y), "positive"),
        "columns": (da.zeros((10, 3000), chunks=(5, -1)), np.zeros(10), {}, "at most 2000"),
        "dimensions": (some[:, 0], y, {}, "two dimensions"),
        "width": (other(lambda b: b[:, :2]), y, {}, r"X must have 3 columns.*\(5, 2\) in block 2, which begins.* 10"),
        "vector": (
            other(lambda b: b[:, 0]),
            y,
            {},
            r"X must have 3 columns in all blocks; got the shape \(5,\) in block 2",
        ),
        "rows": (other(lambda b: b[:4]), y, {}, "y has 5 rows in block 2, where X has 4"),
        "text in a block": (
            other(lambda b: b.astype(str)),
            y,
            {},
            "X must hold numbers; got the dtype <U32 in block 2",
        ),
        "complex": (
            other(lambda b: b.astype(complex)),
            y,
            {},
            "X must hold numbers; got the dtype complex128 in block 2",
        ),
        "complex y": (some, other(lambda b: b.astype(complex))[:, 0], {}, "y must hold numbers.*complex128 in block 2"),
    }


@pytest.mark.parametrize("model", [ElasticNetProx(), DropoutMLPRegressor(max_iter=1)], ids=lambda m: type(m).__name__)
def test_blocks__masked_entries_are_refused(data, model):
    X, y, _ = data
    masked = da.ma.masked_less(da.from_array(X, chunks=(200, -1)), 0.0)
    with pytest.raises(TypeError, match="X has masked entries"):
        model.fit(masked, y)


@pytest.mark.parametrize("name", bad_inputs())
def test_blocks__bad_input_is_named(name):
    X, y, params, message = bad_inputs()[name]
    with pytest.raises(ValueError, match=message):
        ElasticNetProx().fit(X, y, **params)


def test_blocks__of_other_dtypes_are_numbers_all_the_same(data):
    X, y, _ = data
    kinds = [X[:200].astype(np.float32), (X[200:400] > 0.0), X[400:]]
    parts = da.concatenate([da.from_array(part, chunks=(100, -1)) for part in kinds])
    whole = ElasticNetProx(0.1).fit(np.concatenate(kinds), y)
    np.testing.assert_allclose(ElasticNetProx(0.1).fit(parts, y).coef_, whole.coef_, rtol=1e-6)


def test_blocks__repeated_rows_of_a_fold_are_refused(data):
    X, y, _ = data
    folds = [(np.r_[0:50, 0:50], np.arange(50, 100)), (np.arange(50, 100), np.arange(50))]
    with pytest.raises(ValueError, match="cv repeats rows in fold 0"):
        ElasticNetProxCV(cv=folds, alphas=3).fit(*blocks(X, y))


@pytest.mark.parametrize("constant", [0.1, -3e5, 1e-7])
def test_blocks__constant_columns_have_no_coefficient_whatever_the_rounding(constant):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=20000), np.full(20000, constant)])
    y = X[:, 0] + rng.normal(size=20000)
    weights = rng.random(20000)
    for w in (None, weights):
        for model in (ElasticNetProx(0.0), ElasticNetProx(0.01, l1_ratio=0.0, standardize=True)):
            assert model.fit(*blocks(X, y, size=7000), w).coef_[1] == 0.0


def test_blocks__classes_without_weight_and_weights_as_one_number(data):
    X, y, _ = data
    labels = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    weights = np.where(labels == 2, 0.0, 1.0)
    whole, parts = (LabelSmoothedLogistic(0.1, label_smoothing=0.1).fit(R, labels, weights) for R in (X, blocks(X)[0]))
    assert parts.objective_ == pytest.approx(whole.objective_, abs=1e-6)
    one = ElasticNetProx(0.1).fit(*blocks(X, y), 2.0)
    np.testing.assert_allclose(one.coef_, ElasticNetProx(0.1).fit(X, y).coef_, rtol=1e-6)


def test_blocks__empty_ones_count_for_nothing(data):
    dd = pytest.importorskip("dask.dataframe")
    X, y, _ = data
    frame = pd.DataFrame(X, columns=list("abcdefgh")).assign(y=y).sort_values("a", ignore_index=True)
    some = frame[frame.a > frame.a.median()]
    parts = dd.from_pandas(frame, npartitions=4)
    parts = parts[parts.a > frame.a.median()]
    model = ElasticNetProx(0.1).fit(parts[list("abcdefgh")], parts["y"])
    whole = ElasticNetProx(0.1).fit(some[list("abcdefgh")], some["y"])
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-6)
    np.testing.assert_allclose(model.predict(parts[list("abcdefgh")]), whole.predict(some[list("abcdefgh")]), rtol=1e-6)
    with pytest.raises(ValueError, match="in column 'text'"):
        ElasticNetProx().fit(parts.assign(text="x")[["a", "text"]], parts["y"])


@pytest.mark.parametrize(
    "read",
    [
        lambda X, y: EarlyStoppingRegressor(SGDRegressor()).fit(X, y),
        lambda X, y: AugmentedRegressor(SGDRegressor(), GaussianNoise()).fit(X, y),
        lambda X, y: GaussianNoise().fit_resample(X, y),
        lambda X, y: GaussianCopulaAugmenter().fit(X, y),
        lambda X, y: MatrixFactorizationRegressor().fit(X[:, :2], y),
        lambda X, y: compare_generated(X, X),
        lambda X, y: diagnose(SGDRegressor(), X, y),
    ],
    ids=["stopping", "augmented", "noise", "copula", "factorization", "comparison", "diagnose"],
)
def test_blocks__are_refused_where_they_would_be_read_as_a_whole(data, read):
    X, y, _ = data
    with pytest.raises(TypeError, match="Dask Array, which would be read as a whole"):
        read(blocks(X)[0], y)


def test_blocks__columns_in_several_blocks_are_joined_with_a_warning(data):
    X, y, _ = data
    with pytest.warns(UserWarning, match="columns in 2 blocks"):
        model = ElasticNetProx(0.1).fit(da.from_array(X, chunks=(200, 4)), y)
    np.testing.assert_allclose(model.coef_, ElasticNetProx(0.1).fit(X, y).coef_, rtol=1e-6)


@pytest.mark.parametrize("model", [PenalizedCoxCV(), PenalizedCox()], ids=repr)
def test_blocks__estimators_that_need_rows_in_memory_say_so(data, model):
    X, y, _ = data
    with pytest.raises(TypeError, match="Dask Array"):
        model.fit(blocks(X)[0], np.abs(y))


def test_blocks__solvers_that_need_rows_in_memory_say_so(data):
    X, y, _ = data
    with pytest.raises(ValueError, match="solver='cd'"):
        ElasticNetProx(solver="cd").fit(blocks(X)[0], y)
    with pytest.raises(ValueError, match="solver='lbfgs'"):
        LabelSmoothedLogistic(solver="lbfgs").fit(blocks(X)[0], y > 0)
    with pytest.raises(ValueError, match=r"confidence_penalty=0\.1"):
        LabelSmoothedLogistic(confidence_penalty=0.1).fit(blocks(X)[0], y > 0)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "params",
    [
        dict(l1_ratio=1.0),
        dict(l1_ratio=0.5, label_smoothing=0.1, class_weight="balanced"),
        dict(fit_intercept=False, standardize=True),
        dict(l1_ratio=0.5, penalty_factor=[0, 1, 2, 1, 1, 1, 1, 1], grouped=True),
    ],
    ids=str,
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_logistic__on_blocks_has_the_objective_of_the_fit_in_memory(data, params, n_classes, weighted):
    X, y, weights = data
    weights = weights if weighted else None
    labels = np.array(["a", "b", "c"])[np.digitize(y, np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1]))]
    model = LabelSmoothedLogistic(0.01, **params)
    whole = clone(model).fit(X, labels, weights)
    parts = model.fit(blocks(X)[0], labels, weights)
    assert parts.dual_gap_ <= 1e-6
    assert abs(parts.objective_ - whole.objective_) <= 1e-6
    np.testing.assert_allclose(parts.predict_proba(X), whole.predict_proba(X), atol=5e-3)


@pytest.mark.filterwarnings("ignore:LabelSmoothedLogisticCV")
@pytest.mark.parametrize(("n_classes", "scoring"), [(2, None), (3, None), (2, "accuracy")])
def test_logistic_search__on_blocks_is_the_search_in_memory(data, n_classes, scoring):
    X, y, weights = data
    labels = np.digitize(y, np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1]))
    search = LabelSmoothedLogisticCV(alphas=4, label_smoothing=[0.0, 0.1], cv=3, scoring=scoring, tol=1e-7)
    whole = clone(search).fit(X, labels, weights)
    parts = search.fit(blocks(X)[0], labels, weights)
    np.testing.assert_allclose(parts.scores_, whole.scores_, rtol=1e-3)
    assert parts.alpha_ == pytest.approx(whole.alpha_, rel=1e-4)
    assert parts.label_smoothing_ == whole.label_smoothing_
    np.testing.assert_allclose(parts.predict_proba(X), whole.predict_proba(X), atol=5e-3)


def test_logistic__path_on_blocks(data):
    X, y, _ = data
    labels = da.from_array(y > np.median(y), chunks=200)
    found = logistic_path(blocks(X)[0], labels, alphas=4)
    for part, whole in zip(found, logistic_path(X, y > np.median(y), alphas=4), strict=True):
        np.testing.assert_allclose(part, whole, atol=2e-3 * max(np.abs(whole).max(), 1e-3))


def test_blocks__memory_is_a_few_blocks():
    n_blocks, rows, p = 30, 4000, 20
    block = rows * p * 8

    def make(info=None):
        k = info[0]["array-location"][0][0] if info else 0
        return np.random.default_rng(k).normal(size=(rows, p))

    X = da.zeros((n_blocks * rows, p), chunks=(rows, p)).map_blocks(lambda b, block_info=None: make(block_info))
    y = X[:, 0] + 1.0
    with dask.config.set(scheduler="synchronous"):
        ElasticNetProx(0.1).fit(X[:rows], y[:rows])  # compiles
        tracemalloc.start()
        model = ElasticNetProx(0.1, l1_ratio=1.0).fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 5 * block + 16 * n_blocks * rows  # of 30 blocks, and the targets twice
    np.testing.assert_allclose(model.coef_[0], 0.9, atol=0.01)
    assert not model.coef_[1:].any()


def test_moments__of_columns_that_drift_are_constant_in_parts_or_begin_with_an_outlier():
    rng = np.random.default_rng(0)
    n = 3000
    X = np.column_stack([np.arange(n) * 1e4, np.arange(n) // 1000, 1e6 + rng.normal(size=n), rng.normal(size=n)])
    X[0] = 1e9, 0.0, 1e15, -1e12  # has no weight
    X[5, 3] = 1e7
    weights = rng.random(n) * (np.arange(n) > 0)
    y = rng.normal(size=(1, n))
    found = RowMoments.of_rows(X, y, weights)
    Z = np.column_stack([X, y.T])[1:]
    expected = np.cov(Z.T, aweights=weights[1:], ddof=0)
    size = np.sqrt(expected.diagonal())
    np.testing.assert_allclose(
        found.scatter / found.weight / np.outer(size, size), expected / np.outer(size, size), atol=1e-11
    )
    np.testing.assert_allclose(found.mean, np.average(Z, axis=0, weights=weights[1:]), rtol=1e-12)


def test_blocks__are_computed_once_if_targets_are_computed_from_them(data):
    X, y, _ = data
    made = []

    def make(block):
        made.append(len(block))
        return block

    dX = da.from_array(X, chunks=(200, -1)).map_blocks(make, dtype=float, meta=np.empty((0, 0)))
    ElasticNetProx(0.1).fit(dX, dX[:, :2].sum(axis=1) + da.from_array(y, chunks=150))
    assert sum(made) == 600


def test_logistic__on_many_blocks_starts_on_a_sample_of_them():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(16_000, 4))
    labels = X[:, 0] - 0.5 * X[:, 1] + rng.normal(size=16_000) > 0.0
    model = LabelSmoothedLogistic(0.01, l1_ratio=1.0)
    many, few = (clone(model).fit(blocks(X, size=size)[0], labels) for size in (1000, 4000))
    assert many.n_iter_ < few.n_iter_
    assert many.dual_gap_ <= 1e-6
    assert many.objective_ == pytest.approx(few.objective_, abs=1e-6)


def test_logistic__sample_of_one_class_is_no_start(data):
    X, y, _ = data
    labels = np.zeros(600, int)
    labels[:300] = y[:300] > np.median(y)  # no block of the sample has both
    labels[np.arange(600) // 20 % 16 == 8] = 0
    model = LabelSmoothedLogistic(0.1, l1_ratio=1.0)
    whole = clone(model).fit(X, labels)
    assert model.fit(blocks(X, size=20)[0], labels).objective_ == pytest.approx(whole.objective_, abs=1e-6)


@pytest.mark.parametrize("seed", [5, 8])
def test_logistic__gap_on_blocks_is_a_bound_where_steps_are_long(seed):
    """A step to the minimum of the quadratic model would need negative probabilities in some rows."""
    rng = np.random.default_rng(seed)
    X = rng.standard_t(1.2, size=(200, 3))
    labels = rng.random(200) < 1.0 / (1.0 + np.exp(3.0 - np.clip(0.5 * X[:, 0], -5.0, 7.0)))
    best = LabelSmoothedLogistic(tol=1e-12).fit(X, labels).objective_
    model = LabelSmoothedLogistic(tol=0.1).fit(*blocks(X, labels, size=100))
    assert model.dual_gap_ >= model.objective_ - best - 1e-12


# dask-ml fits a Dask array otherwise than the same array in memory: https://github.com/dask/dask-ml/issues/860
def test_logistic__coefficients_and_intercept_do_not_depend_on_the_kind_of_array_or_blocks():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    labels = X @ [0.4, 0.7, 0.3, -0.2] + 0.6 + rng.logistic(size=300) > 0.0
    model = LabelSmoothedLogistic(1e-3, tol=1e-12)
    whole = clone(model).fit(X, labels)
    for size in (50, 170):
        parts = clone(model).fit(*blocks(X, labels, size=size))
        np.testing.assert_allclose(parts.coef_, whole.coef_, atol=1e-5)
        np.testing.assert_allclose(parts.intercept_, whole.intercept_, atol=1e-5)


# of three classes and more dask-ml predicts two: https://github.com/dask/dask-ml/issues/859
def test_logistic__many_classes_on_blocks_have_the_accuracy_of_scikit_learn():
    X, labels = load_digits(return_X_y=True)
    X, labels = X[:600, 20:44] / 16.0, labels[:600]
    sklearn = LogisticRegression(C=1.0, max_iter=1000).fit(X, labels)
    model = LabelSmoothedLogistic(1.0 / 600).fit(*blocks(X, labels, size=200))
    np.testing.assert_allclose(model.predict_proba(X), sklearn.predict_proba(X), atol=5e-3)
    assert model.score(X, labels) > 0.9
