"""The perceptrons as estimators: data, early stopping, uncertainty, what they keep and what they promise."""

import copy
import itertools
import os
import pickle
import re
import signal
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from scipy import stats
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_digits, make_moons
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import (
    DropoutCNNClassifier,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    DropoutRNNClassifier,
    DropoutRNNRegressor,
    DropoutTransformerClassifier,
)
from skreg._nets.architectures.mlp import Architecture, build_mlp
from skreg._nets.layers.normalization import LEAST_SHARE, BatchNorm
from skreg._nets.net import Net
from skreg._nets.training.averaging import Average, refresh_statistics
from skreg._nets.training.batches import Batches
from skreg._nets.training.evaluation import MeanLoss
from skreg.neural._data import UniqueRows
from skreg.utils._targets import warn_of_other_units
from tests.combinations import THOROUGH

KINDS = ["bernoulli", "gaussian", "dropconnect", "adaptive", "concrete"]


def classes(n=120, p=4, K=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, (X @ rng.standard_normal((p, K)) + 0.5 * rng.standard_normal((n, K))).argmax(axis=1)


def numbers(n=120, p=4, seed=0, outputs=None):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    Y = np.column_stack([np.sin(2.0 * X[:, 0]) + X[:, 1], 100.0 + 10.0 * X[:, 2] ** 2])
    Y = Y + 0.1 * Y.std(axis=0) * rng.standard_normal(Y.shape)
    return X, Y[:, 0] if outputs is None else Y


FAST = dict(max_iter=20, early_stopping=True, random_state=0)  # the default trains four nets
TRAIN_ON_ALL = FAST | dict(early_stopping=False)
VARIANTS = [
    dict(),
    dict(hidden_layer_sizes=(16, 16), residual=True, normalization="layer", stochastic_depth=0.3, activation="gelu"),
    dict(dropout_kind="concrete", normalization="batch", averaging="ema"),
    dict(dropout_kind="dropconnect", weight_normalization="weight", averaging="swa", mixup=0.4),
    dict(dropout_kind="adaptive", weight_normalization="spectral", sam_rho=0.05, feature_mask=0.1, input_dropout=0.1),
    dict(dropout_kind="gaussian", max_norm=2.0, clip_norm=1.0, l1=1e-3, l2=1e-3, optimizer="sgd", schedule="one-cycle"),
]


@pytest.mark.parametrize("params", VARIANTS)
def test_mlp__order_and_repetition_of_rows_do_not_matter(params):
    X, y = classes()
    model = DropoutMLPClassifier(**FAST, **params).set_params(early_stopping=bool(params) or "cv")
    rng = np.random.default_rng(1)
    order = rng.permutation(len(y))
    wanted = clone(model).fit(X, y).predict_proba(X)
    found = clone(model).fit(X[order], y[order]).predict_proba(X)
    np.testing.assert_array_equal(found, wanted)
    times = rng.integers(0, 3, len(y))
    weighted = clone(model).fit(X, y, times).predict_proba(X)
    repeated = clone(model).fit(X.repeat(times, axis=0), y.repeat(times)).predict_proba(X)
    np.testing.assert_array_equal(weighted, repeated)


@pytest.mark.parametrize("params", VARIANTS)
def test_mlp__sparse_is_dense(params):
    X, y = classes()
    X[np.abs(X) < 0.7] = 0.0
    # few epochs, since rounding grows: mixed rows differ in the last digit, and Adam divides gradients by their size.
    # L1 has a threshold; sparse rows are not shifted.
    params = dict(l1=0.0, dropout=0.25, standardize=None, early_stopping=True) | params
    model = DropoutMLPClassifier(max_iter=5, learning_rate=1e-3, random_state=0, **params)
    wanted = clone(model).fit(X, y)
    for make in (sp.csr_matrix, sp.csc_array, sp.coo_array):
        found = model.fit(make(X), y)
        np.testing.assert_allclose(found.predict_proba(make(X)), wanted.predict_proba(X), atol=1e-4)


def test_mlp__precision_of_x_only_rounds():
    X, y = numbers()
    wanted = DropoutMLPRegressor(**FAST).fit(X, y)
    found = DropoutMLPRegressor(**FAST).fit(X.astype(np.float32), y)
    assert found.predict(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_array_equal(found.predict(X), wanted.predict(X))
    np.testing.assert_allclose(found.predict(X.astype(np.float32)), wanted.predict(X), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("labels", [np.array(["b", "a", "c"]), np.array([-3, 7, 0]), np.array([2.0, 1.0, 5.0])])
def test_mlp__labels_of_any_type(labels):
    X, y = classes()
    model = DropoutMLPClassifier(**FAST).fit(X, labels[y])
    assert model.predict(X).dtype == labels.dtype
    np.testing.assert_array_equal(model.classes_, np.unique(labels))
    assert model.score(X, labels[y]) > 0.7
    X, y = X[y < 2], y[y < 2] == 1
    model = DropoutMLPClassifier(**FAST).fit(X, y)
    assert model.predict(X).dtype == bool
    assert model.decision_function(X).shape == (len(y),)
    assert ((model.decision_function(X) > 0.0) == model.predict(X)).all()


def test_mlp__labels_in_a_column_warn_at_the_line_of_the_user():
    X, y = classes()
    with pytest.warns(DataConversionWarning, match="column-vector y") as caught:
        model = DropoutMLPClassifier(**FAST).fit(X, y[:, None])
    assert [warning.filename for warning in caught] == [__file__]
    np.testing.assert_array_equal(model.predict(X), DropoutMLPClassifier(**FAST).fit(X, y).predict(X))


@pytest.mark.parametrize("heteroscedastic", [False, True])
def test_mlp__outputs_of_different_sizes_are_learned_alike(heteroscedastic):
    X, Y = numbers(400, outputs=2)
    model = DropoutMLPRegressor(dropout=0.1, heteroscedastic=heteroscedastic, random_state=0, learning_rate=0.005)
    model.set_params(early_stopping=True).fit(X, Y)
    errors = ((model.predict(X) - Y) ** 2).mean(axis=0) / Y.var(axis=0)
    assert (errors < 0.2).all()
    mean, std = model.predict(X[:5], return_std=True)
    assert mean.shape == std.shape == (5, 2)
    assert [a.shape for a in model.predict_uncertainty(X[:5])] == [(5, 2)] * 4 + [(5,)]
    assert model.sample_predictions(X[:5], 3).shape == (3, 5, 2)


def test_mlp__uncertainty_adds_up_and_is_the_same_at_every_call():
    X, y = classes()
    model = DropoutMLPClassifier(normalization="batch", **FAST).fit(X, y)
    before, memory = model.predict_proba(X), model._net.memory.copy()
    u, again = model.predict_uncertainty(X), model.predict_uncertainty(X)
    for a, b in zip(u, again, strict=True):
        np.testing.assert_array_equal(a, b)
    draws = model.sample_predictions(X, 50).astype(float)
    np.testing.assert_allclose(u.mean, draws.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(u.epistemic, draws.var(axis=0), atol=1e-6)
    np.testing.assert_allclose(u.aleatoric, (draws * (1.0 - draws)).mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(u.total, u.mean * (1.0 - u.mean), atol=1e-6)  # the variance of an indicator
    entropy = -(draws * np.log(draws)).sum(axis=2)
    np.testing.assert_allclose(u.mutual_information, u.predictive_entropy - entropy.mean(axis=0), atol=1e-5)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    np.testing.assert_array_equal(model._net.memory, memory)


@pytest.mark.parametrize("params", VARIANTS)
def test_mlp__uncertainty_of_a_row_does_not_depend_on_the_others(params):
    X, y = classes()
    model = DropoutMLPClassifier(**FAST, **params).fit(X, y)
    wanted = model.sample_predictions(X, 4)
    np.testing.assert_allclose(model.sample_predictions(X[::-1], 4)[:, ::-1], wanted, atol=1e-5)
    np.testing.assert_allclose(model.sample_predictions(X[7:8], 4)[:, 0], wanted[:, 7], atol=1e-5)
    many = model.sample_predictions(np.repeat(X[:1], 5000, axis=0), 2)
    np.testing.assert_allclose(many, np.broadcast_to(many[:, :1], many.shape), atol=1e-5)


def test_mlp__an_explosion_that_stays_finite_is_told():
    X, y = numbers()
    model = DropoutMLPRegressor(optimizer="sgd", learning_rate=0.5, normalization=None, **TRAIN_ON_ALL)
    with pytest.warns(ConvergenceWarning, match="rose from .* learning_rate=0.5|diverged"):
        model.fit(X, y)


def test_mlp__uncertainty_grows_where_there_are_no_data():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-2.0, -1.0, 150), rng.uniform(1.0, 2.0, 150)])[:, None]
    y = np.sin(3.0 * x.ravel()) + 0.1 * rng.standard_normal(300)
    model = DropoutMLPRegressor((100, 100), dropout=0.1, random_state=0).fit(x, y)
    epistemic = model.predict_uncertainty(np.array([[-1.5], [1.5], [5.0]])).epistemic
    assert epistemic[2] > 4.0 * epistemic[:2].max()


def test_mlp__heteroscedastic_noise_is_found():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, (2000, 1))
    y = 5.0 + np.where(x.ravel() > 0.0, 1.0, 0.1) * rng.standard_normal(2000)
    model = DropoutMLPRegressor(dropout=0.0, heteroscedastic=True, random_state=0).fit(x, y)
    noise = np.sqrt(model.predict_uncertainty(np.array([[-0.5], [0.5]])).aleatoric)
    np.testing.assert_allclose(noise, [0.1, 1.0], rtol=0.25)
    low, high = model.predict_interval(x, coverage=0.9)
    assert abs(((low < y) & (y < high)).mean() - 0.9) < 0.04


def test_mlp__dropout_that_was_learned_as_noise_is_taken_out_again():
    X, y = numbers(1000)
    held = dict(X_val=X[800:], y_val=y[800:])
    noisy = DropoutMLPRegressor(heteroscedastic=True, dropout=0.4, random_state=0).fit(X[:800], y[:800], **held)
    squares = (noisy.predict(X[800:]) - y[800:]) ** 2
    factor = np.mean(squares / noisy.predict_uncertainty(X[800:]).aleatoric)
    assert factor == pytest.approx(1.0, rel=0.3)
    assert noisy._noise_factor[0] < 0.5


def test_mlp__noise_variance_of_a_constant_noise():
    X, y = numbers(1000)
    model = DropoutMLPRegressor(dropout=0.0, random_state=0).fit(X[:800], y[:800], X_val=X[800:], y_val=y[800:])
    np.testing.assert_allclose(model.noise_variance_[0], np.mean((model.predict(X[800:]) - y[800:]) ** 2), rtol=1e-5)
    u = model.predict_uncertainty(X[:3])
    np.testing.assert_allclose(u.epistemic, 0.0, atol=1e-12)
    assert (u.aleatoric == model.noise_variance_[0]).all()


def test_mlp__concrete_rate_falls_as_data_grow():
    rates = []
    for n in (50, 500, 5000) if THOROUGH else (50, 200, 800):
        X, y = numbers(n)
        steps = (3000 if THOROUGH else 1000) // (-(-n // min(max(n // 16, 16), 256)))
        model = DropoutMLPRegressor(
            dropout_kind="concrete", dropout=0.3, max_iter=steps, learning_rate=0.01, random_state=0
        ).set_params(early_stopping=True)
        rates.append(model.fit(X, y).dropout_rates_[0])
    assert rates[0] > rates[1] > rates[2]


def test_mlp__restored_weights_are_the_best_ones():
    X, y = classes(300)
    model = DropoutMLPClassifier(dropout=0.0, learning_rate=0.05, max_iter=60, early_stopping=True, random_state=0)
    model.set_params(patience=8).fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    curve = np.array(model.validation_curve_)
    assert model.n_iter_ == len(curve) == len(model.loss_curve_) == len(model.gap_curve_)
    assert model.best_iter_ == curve.argmin()
    assert model.n_iter_ - 1 - model.best_iter_ == 8
    assert model.best_score_ == curve.min()
    np.testing.assert_allclose(log_loss(y[200:], model.predict_proba(X[200:])), curve.min(), rtol=1e-5)
    again = clone(model).set_params(early_stopping=False, patience=DropoutMLPClassifier().patience)
    again.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    # without early stopping the validation rows are only evaluated, and the curve begins the same
    assert again.n_iter_ == 60
    np.testing.assert_allclose(again.validation_curve_[: len(curve)], curve)
    np.testing.assert_allclose(log_loss(y[200:], again.predict_proba(X[200:])), again.validation_curve_[-1], rtol=1e-5)


def test_mlp__gap_curve_is_the_difference_of_losses_without_noise():
    X, y = classes(200)
    model = DropoutMLPClassifier(label_smoothing=0.2, **TRAIN_ON_ALL).fit(
        X[:100], y[:100], X_val=X[100:], y_val=y[100:]
    )
    own, validation = (log_loss(y[s], model.predict_proba(X[s])) for s in (slice(100), slice(100, 200)))
    np.testing.assert_allclose(model.gap_curve_[-1], validation - own, rtol=1e-4)


@pytest.mark.parametrize(
    ("n_validation", "n_training", "monitor"), [(30, 30, "loss"), (1200, 1000, "loss"), (1200, 1200, "accuracy")]
)
def test_mlp__gap_curve_takes_at_most_a_thousand_training_rows(n_validation, n_training, monitor, monkeypatch):
    sizes, init = [], MeanLoss.__init__

    def counted(self, X, targets, weights, rows):
        sizes.append(rows.size)
        init(self, X, targets, weights, rows)

    monkeypatch.setattr(MeanLoss, "__init__", counted)
    X, y = classes(1500)
    net = DropoutMLPClassifier(**FAST | dict(max_iter=1), monitor=monitor)
    net.fit(X, y, X_val=X[:n_validation], y_val=y[:n_validation])
    assert sizes == [n_validation, n_training]


@pytest.mark.parametrize(
    ("net", "shape"),
    [
        (DropoutMLPClassifier(numeric_embedding="piecewise"), (12,)),
        (DropoutMLPClassifier(normalization=None, standardize=None, activation="tanh"), (12,)),
        (DropoutCNNClassifier(channels=4), (6, 5)),
        (DropoutRNNClassifier(4), (10, 3)),
        (DropoutTransformerClassifier(8), (10, 3)),
        (DropoutTransformerClassifier(8), (12,)),
    ],
    ids=str,
)
def test_nets__losses_of_later_epochs_are_those_of_the_same_rows(net, shape):
    """What a net sees of the validation rows is made in the first epoch, and nothing may change it."""
    X = np.random.default_rng(0).standard_normal((90, *shape))
    y = X.reshape(90, -1)[:, 0] > 0.0
    net.set_params(max_iter=4, learning_rate=0.01, early_stopping=False, random_state=0).fit(X, y, X_val=X, y_val=y)
    assert net.validation_curve_[-1] == pytest.approx(log_loss(y, net.predict_proba(X)), rel=1e-5)
    assert len(set(net.validation_curve_)) == 4


@pytest.mark.parametrize("monitor", ["accuracy", lambda model, X, y: model.score(X, y)])
def test_mlp__monitor_is_a_scorer(monitor):
    X, y = classes(300)
    model = DropoutMLPClassifier(monitor=monitor, **FAST)
    model.fit(pd.DataFrame(X, columns=list("abcd")), y)
    curve = np.array(model.validation_curve_)
    assert model.best_iter_ == np.flatnonzero(curve == curve.max())[-1]
    assert model.best_score_ == curve.max() <= 1.0


def test_mlp__validation_rows_are_a_share_of_every_class():
    X, y = classes(1000)
    model = DropoutMLPClassifier(validation_fraction=0.2, **FAST)
    seen = []
    model.set_params(monitor=lambda model, X, y: seen.append(y) or 0.0).fit(X, y)
    counts = np.bincount(seen[0])
    np.testing.assert_allclose(counts, 0.2 * np.bincount(y), atol=1.0)


def test_mlp__validation_rows_of_a_pipeline_are_transformed():
    X, y = classes(300)
    X = 100.0 + 50.0 * X
    with sklearn.config_context(enable_metadata_routing=True):
        net = DropoutMLPClassifier(**FAST).set_fit_request(X_val=True, y_val=True)
        model = Pipeline([("scale", StandardScaler()), ("net", net)], transform_input=["X_val"])
        model.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    scale = StandardScaler().fit(X[:200])
    alone = DropoutMLPClassifier(**FAST)
    alone.fit(scale.transform(X[:200]), y[:200], X_val=scale.transform(X[200:]), y_val=y[200:])
    assert alone.validation_curve_ == model[-1].validation_curve_


def test_mlp__weights_of_validation_rows():
    X, y = classes(200)
    zero = np.r_[np.zeros(50), np.ones(50)]
    some = DropoutMLPClassifier(**FAST).fit(X[:100], y[:100], X_val=X[150:], y_val=y[150:])
    weighted = DropoutMLPClassifier(**FAST)
    weighted.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:], sample_weight_val=zero)
    np.testing.assert_allclose(weighted.validation_curve_, some.validation_curve_)


def test_mlp__class_weights_are_sample_weights():
    X, y = classes()
    weighted = DropoutMLPClassifier(**FAST).fit(X, y, np.where(y == 1, 0.25, 1.0))  # more than 1 would be more steps
    by_class = DropoutMLPClassifier(class_weight={1: 0.25}, **FAST).fit(X, y)
    np.testing.assert_array_equal(by_class.predict_proba(X), weighted.predict_proba(X))


def test_mlp__pickles_are_small_and_load_elsewhere(tmp_path):
    X, y = classes()
    models = [DropoutMLPClassifier(**FAST, **params).fit(X, y) for params in VARIANTS]
    width = 100  # of the last hidden layer, with a triangle of its covariance and a mean for each of three classes
    for k, model in enumerate(models):
        data = pickle.dumps(model)
        size = 4 * (model._net.theta.size + model._net.memory.size + width * (width + 1) // 2 + 3 * width)
        assert len(data) < size + 8000
        (tmp_path / f"model{k}").write_bytes(data)
    np.save(tmp_path / "X.npy", X)
    code = (
        "import pickle, sys, numpy as np; X = np.load('X.npy')\n"
        "for k in range(int(sys.argv[1])):\n"
        "    m = pickle.load(open(f'model{k}', 'rb'))\n"
        "    np.savez(f'{k}.npz', p=m.predict_proba(X), u=m.predict_uncertainty(X).mean)"
    )
    subprocess.run([sys.executable, "-c", code, str(len(models))], cwd=tmp_path, check=True)
    for k, model in enumerate(models):
        found = np.load(tmp_path / f"{k}.npz")
        np.testing.assert_array_equal(found["p"], model.predict_proba(X))
        np.testing.assert_array_equal(found["u"], model.predict_uncertainty(X).mean)


def test_mlp__parts_of_a_fit_make_the_whole():
    X, y = classes()
    model = DropoutMLPClassifier(learning_rate=0.01, random_state=0)
    for _ in range(30):
        model.partial_fit(X, y)
    assert model.n_iter_ == 30
    assert model.score(X, y) > 0.8
    first = DropoutMLPClassifier(random_state=0).partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2])
    first.partial_fit(X, y)
    assert first.predict_proba(X).shape == (len(y), 3)


def test_mlp__warm_start_goes_on():
    X, y = classes()
    plain = dict(dropout=0.0, learning_rate=1e-3, schedule="constant")
    model = DropoutMLPClassifier(warm_start=True, **plain, **TRAIN_ON_ALL).fit(X, y)
    loaded = pickle.loads(pickle.dumps(model))
    model.fit(X, y)
    assert model.n_iter_ == 40
    assert model.loss_curve_[20] < 0.5 * model.loss_curve_[0]  # from where the first fit ended
    np.testing.assert_array_equal(loaded.fit(X, y).predict_proba(X), model.predict_proba(X))
    with pytest.raises(ValueError, match=r"cannot continue with hidden_layer_sizes=\(3, 3\) \(it was \(100, 100\)\)"):
        model.set_params(hidden_layer_sizes=(3, 3), dropout=0.1).fit(X, y)


def test_mlp__divergence_keeps_the_last_good_weights():
    X, y = numbers()
    model = DropoutMLPRegressor(optimizer="sgd", learning_rate=1e6, **FAST)
    with pytest.warns(ConvergenceWarning, match="diverged.*epoch 1.*1e\\+06 or weight_decay=0.3, set clip"):
        model.fit(X, y)
    with pytest.warns(ConvergenceWarning, match="diverged.*epoch 1.*learning_rate=1e\\+06, set clip_norm"):
        model.set_params(weight_decay=0.0).fit(X, y)
    assert np.isfinite(model.predict(X)).all()


def test_mlp__interrupt_keeps_the_best_weights():
    X, y = classes(2000)

    def monitor(model, X, y):
        if len(model.validation_curve_) == 3:
            raise KeyboardInterrupt
        return -log_loss(y, model.predict_proba(X))

    model = DropoutMLPClassifier(monitor=monitor, **FAST)
    with pytest.raises(KeyboardInterrupt, match="interrupted in epoch 4; it keeps the best parameters"):
        model.fit(X, y)
    assert model.score(X, y) > 0.5
    assert len(model.validation_curve_) == model.n_iter_ == 3
    assert model.best_score_ == max(model.validation_curve_)
    assert log_loss(y, model.predict_proba(X)) < 1.0


def test_mlp__interrupt_in_the_first_epoch_leaves_the_estimator_as_it_was():
    X, y = classes()

    def monitor(*_):
        raise KeyboardInterrupt

    model = DropoutMLPClassifier(**FAST).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(KeyboardInterrupt):
        model.set_params(monitor=monitor).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    fresh = DropoutMLPClassifier(monitor=monitor, **FAST)
    with pytest.raises(KeyboardInterrupt):
        fresh.fit(X, y)
    assert not hasattr(fresh, "n_iter_")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_mlp__interrupt_by_signal_ends_a_search():
    X, y = classes(300)
    fits = []

    def monitor(model, X, y):
        fits.append(model.validation_curve_)
        if len(fits) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return 0.0

    search = GridSearchCV(DropoutMLPClassifier(monitor=monitor, **FAST), {"dropout": [0.1, 0.2, 0.3]}, cv=2)
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, y)
    assert len(fits) == 3


def test_mlp__errors_leave_the_estimator_as_it_was():
    X, y = classes()
    model = DropoutMLPClassifier(**FAST).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="is NaN on the validation rows after epoch 1"):
        model.set_params(early_stopping=True, monitor=lambda *_: np.nan, warm_start=True).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_mlp__searches_and_clones():
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), DropoutMLPClassifier(max_iter=10, random_state=0))
    search = GridSearchCV(model, {"dropoutmlpclassifier__dropout": [0.0, 0.5]}, n_jobs=2, cv=3).fit(X, y)
    alone = cross_val_score(clone(model).set_params(**search.best_params_), X, y, cv=3)
    np.testing.assert_allclose(alone.mean(), search.best_score_)
    assert search.best_score_ > 0.95


def test_mlp__random_state_decides_everything():
    X, y = classes()
    fits = [DropoutMLPClassifier(max_iter=5, random_state=s).fit(X, y).predict_proba(X) for s in (0, 0, 1)]
    np.testing.assert_array_equal(fits[0], fits[1])
    assert (fits[0] != fits[2]).any()
    fits = [DropoutMLPClassifier(max_iter=5).fit(X, y).predict_proba(X) for _ in range(2)]
    assert (fits[0] != fits[1]).any()


@pytest.mark.parametrize("kind", KINDS)
def test_mlp__every_kind_learns_two_moons(kind):
    X, y = make_moons(400, noise=0.15, random_state=0)
    dropout = 0.1 if kind == "dropconnect" else 0.3
    model = DropoutMLPClassifier((50, 50), dropout=dropout, dropout_kind=kind, learning_rate=0.01, random_state=0)
    model.set_params(early_stopping=True)
    assert model.fit(X, y).score(X, y) > 0.95


def test_mlp__default_is_better_than_a_net_without_regularizers():
    X, y = load_digits(return_X_y=True)
    X = X / 16.0
    half = np.arange(len(y)) % 2 == 0
    plain = dict(
        normalization=None, dropout=0.0, weight_decay=0.0, l1=0.0, averaging=None, early_stopping=False
    )  # fmt: skip
    models = DropoutMLPClassifier(random_state=0), DropoutMLPClassifier(random_state=0, **plain)
    losses = [log_loss(y[~half], model.fit(X[half], y[half]).predict_proba(X[~half])) for model in models]
    assert losses[0] < 0.9 * losses[1]


def test_mlp__averages_are_what_predicts():
    large_steps = dict(learning_rate=0.05, schedule="constant", early_stopping=False, max_iter=60)
    ratios = {"ema": [], "swa": []}
    for seed in range(12 if THOROUGH else 6):  # a single seed can go either way
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((300, 4))
        truth = X[:, 0] + np.sin(2.0 * X[:, 1])
        y = truth + 2.0 * rng.standard_normal(300)
        last = DropoutMLPRegressor((30,), averaging=None, random_state=seed, **large_steps).fit(X, y)
        for averaging, found in ratios.items():
            mean = clone(last).set_params(averaging=averaging).fit(X, y)
            assert mean.loss_curve_ == last.loss_curve_  # averaging does not change the training
            found.append(np.mean((mean.predict(X) - truth) ** 2) / np.mean((last.predict(X) - truth) ** 2))
    assert stats.gmean(ratios["ema"]) < 1.0
    assert stats.gmean(ratios["swa"]) < 1.0


def memory_of_batches(model, X, y):
    """What batch normalization remembers after an epoch of the training rows at the parameters of a fitted net."""
    net = copy.deepcopy(model._net)
    found = UniqueRows.of(data := model._read(X, y, None))
    refresh_statistics(net, model._batches(data, found, *model._steps(found), found.fit_weight.mean(), None))
    return net.memory


def test_mlp__statistics_of_averages():
    """Ends of epochs are far apart: for their mean, statistics are taken anew. Those of steps are averaged, too."""
    X, y = classes()
    options = dict(learning_rate=0.02, schedule="constant", l1=1e-3, standardize=None, **TRAIN_ON_ALL)
    swa, ema, last = (DropoutMLPClassifier(averaging=a, **options).fit(X, y) for a in ("swa", "ema", None))
    np.testing.assert_allclose(swa._net.memory, memory_of_batches(swa, X, y), rtol=1e-4)
    close, far = (np.abs(memory_of_batches(model, X, y) / model._net.memory - 1.0) for model in (ema, last))
    assert np.median(close) < np.median(far)
    for model in (swa, ema, last):
        assert 0.0 < model.sparsity_ == last.sparsity_


def test_mlp__an_interrupt_of_the_statistics_leaves_them_as_they_were():
    X, y = classes()
    model = DropoutMLPClassifier(**FAST).fit(X, y)
    layers = [part for part in model._net.layer.modules() if isinstance(part, BatchNorm)]

    class Interrupted:
        def epoch(self, rng):
            assert [layer.least for layer in layers] == [0.0, 0.0]
            raise KeyboardInterrupt
            yield

    with pytest.raises(KeyboardInterrupt):
        refresh_statistics(model._net, Interrupted())
    assert [layer.least for layer in layers] == [LEAST_SHARE, LEAST_SHARE]


def test_mlp__of_equal_scores_the_last_is_best():
    X, y = classes()
    model = DropoutMLPClassifier(monitor="accuracy", early_stopping=True, max_iter=30, random_state=0).fit(X, y)
    curve = np.array(model.validation_curve_)
    assert (curve == curve.max()).sum() > 1
    assert model.best_iter_ == np.flatnonzero(curve == curve.max())[-1]


@pytest.mark.parametrize("kind", ["weight", "spectral"])
def test_mlp__a_number_of_l1_leaves_out_normalized_weights(kind):
    X, y = classes()
    model = DropoutMLPClassifier((20, 20), weight_normalization=kind, l1=0.02, dropout=0.25, **FAST).fit(X, y)
    zeros = [(w == 0.0).mean() for w in model.weights_]
    assert zeros[:2] == [0.0, 0.0]
    assert zeros[2] > 0.0


def test_mlp__what_l1_leaves_without_weights_warns():
    X, y = classes()
    with pytest.warns(UserWarning, match=r"all weights of layer 0 are zero: .* Lower l1=10\.0\."):
        DropoutMLPClassifier(l1=10.0, **FAST).fit(X, y)
    with pytest.warns(UserWarning, match="layer 0 are zero, since all columns of X are constant"):
        DropoutMLPClassifier(l1=10.0, **FAST | dict(early_stopping=False)).fit(np.ones_like(X), y)


def test_mlp__validation_rows_in_other_units_warn():
    X, y = classes()
    net = DropoutMLPClassifier(**FAST)
    with pytest.warns(UserWarning, match=r"X_val has features .* the first of 1 is column 2 with .*transform_input"):
        net.fit(X, y, X_val=X[:50] + 100.0 * np.eye(4)[2], y_val=y[:50])


@pytest.mark.parametrize(("make", "factor"), [(np.asarray, 1e-3), (sp.csr_array, 1e-3), (sp.csr_array, 1e3)])
def test_mlp__validation_rows_of_another_scale_warn(make, factor):
    """Also those whose means are not far from the means of X, in its standard deviations."""
    X, y = classes()
    with pytest.warns(UserWarning, match=re.escape(f"in X_val are {factor:.3g} times as large as in X")):
        DropoutMLPClassifier(**FAST).fit(make(X), y, X_val=make(factor * X), y_val=y)


@pytest.mark.parametrize("transform", [np.log, lambda y: y / 1000.0, lambda y: y * 1000.0], ids=["log", "less", "more"])
def test_mlp__validation_targets_in_other_units_warn(transform):
    """As where TransformedTargetRegressor transforms y only."""
    X, _ = classes()
    y = np.exp(10.0 + 0.3 * X[:, 0])
    both = dict(func=transform, inverse_func=np.abs, check_inverse=False)
    net = TransformedTargetRegressor(DropoutMLPRegressor(**FAST), **both)
    moments = f"mean {y.mean():.6g} and standard deviation {y.std():.6g} instead of {transform(y).mean():.6g} and"
    with pytest.warns(UserWarning, match=f"y_val seems to have other units than y, or .*: {re.escape(moments)}"):
        net.fit(X, y, X_val=X, y_val=y)
    net.fit(X, y, X_val=X, y_val=transform(y))  # without a warning


def test_nets__validation_targets_in_other_units_name_the_output():
    X = np.random.default_rng(0).standard_normal((60, 12))
    Y, y_val = X[:, :2], X[:, :2] * [1.0, 100.0]
    with pytest.warns(
        UserWarning, match="y_val seems to have other units than y in output 1, or another distribution: mean"
    ):
        DropoutMLPRegressor(**FAST).fit(X, Y, X_val=X, y_val=y_val)
    rows = [
        steps[: 3 + k % 10, None] for k, steps in enumerate(X)
    ]  # of unequal length: steps of the targets are missing
    targets, others = ([factor * steps[:, 0] for steps in rows] for factor in (1.0, 50.0))
    net = DropoutRNNRegressor(4, return_sequences=True, max_iter=1, random_state=0)
    with pytest.warns(UserWarning, match="y_val seems to have other units than y, or another distribution: mean"):
        net.fit(rows, targets, X_val=rows, y_val=others)


@pytest.mark.parametrize(
    ("y_val", "warns"),
    [
        (lambda y: y + 4.9, False),
        (lambda y: y + 5.1, True),
        (lambda y: 9.9 * y, False),
        (lambda y: 10.1 * y, True),
        (lambda y: y / 9.9, False),
        (lambda y: y / 10.1, True),
        (lambda y: y[:5] * 1e-6, False),  # so few may be small by chance
    ],
)
def test_validation_targets__warn_beyond_five_deviations_or_ten_times(y_val, warns):
    y = stats.norm.ppf((np.arange(200) + 0.5) / 200)
    y /= y.std()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_other_units(y, y_val(y))
        warn_of_other_units(np.column_stack([y, y, y]), np.column_stack([y_val(y)] * 3))
        warn_of_other_units(y, np.append(y_val(y), -1e9), None, np.arange(y_val(y).size))  # rows without weight
    assert len(caught) == (3 if warns else 0)


def test_validation_targets__ordinary_ones_do_not_warn():
    rng = np.random.default_rng(0)
    for _ in range(200):
        warn_of_other_units(rng.standard_normal((200, 20)), rng.standard_normal((rng.integers(1, 20), 20)))
        warn_of_other_units(*(np.exp(3.0 * rng.standard_normal(n)) for n in (400, 40)))
        warn_of_other_units(*(rng.poisson(0.3, n).astype(float) for n in (400, 40)))
    warn_of_other_units(np.ones(60), np.zeros(60))  # one value has no units
    with pytest.raises(ValueError, match="y has values so large that their squares overflow"):
        DropoutMLPRegressor(**FAST).fit(np.eye(60), np.full(60, 1e200), X_val=np.eye(60), y_val=np.full(60, 1e200))


def test_mlp__targets_of_weight_zero_have_no_units():
    X, _ = classes(300)
    y, weights = X[:, 0].copy(), np.ones(300)
    y[:30], weights[:30] = -9999.0, 0.0
    net = DropoutMLPRegressor(**FAST | dict(max_iter=2))
    net.fit(X, y, weights, X_val=X[30:], y_val=y[30:])
    net.fit(X[30:], y[30:], X_val=X, y_val=y, sample_weight_val=weights)


@pytest.mark.parametrize("factor", [0.01, 1.0, 20.0])
def test_nets__channels_with_other_scales_warn(factor):
    X = np.random.default_rng(0).standard_normal((60, 8, 3))
    X[:, :, 2] *= factor
    net = DropoutRNNRegressor(4, max_iter=1, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        net.fit(X, X[:, 0, 0])
    found = [str(one.message) for one in caught]
    assert [
        re.search(r"the first of 1 is channel 2 with .*standardize every channel", text) is not None for text in found
    ] == [True] * (factor != 1.0)


@pytest.mark.parametrize("standardize", ["robust", None])
def test_mlp__columns_in_warnings_have_their_names_and_places(standardize):
    """Also those after a column of categories, of which no mean is compared."""
    X, y = classes()
    frame = pd.DataFrame({"kind": pd.Categorical(y.astype(str)), "age": X[:, 0], "size": X[:, 1]})
    net = DropoutMLPClassifier(standardize=standardize, **FAST)
    with pytest.warns(UserWarning, match=r"the first of 1 is column 2 \('size'\) with mean"):
        net.fit(frame, y, X_val=frame[:50].assign(size=100.0), y_val=y[:50])
    if standardize is None:
        with pytest.warns(UserWarning, match=r"standard deviations from 0; the first of 1 is column 2 \('size'\) with"):
            net.fit(frame.assign(size=frame["size"] + 1e5), y)


@pytest.mark.parametrize(
    ("net", "shape", "where"),
    [
        (DropoutCNNClassifier(channels=4), (6, 5), r"pixel \(1, 2\)"),
        (DropoutCNNClassifier(channels=4), (1, 12, 3), "step 2, channel 1"),
        (DropoutRNNClassifier(4), (10, 7), "channel 0"),
        (DropoutTransformerClassifier(8), (10, 7), "channel 0"),
    ],
    ids=str,
)
def test_nets__pixels_and_channels_in_warnings_have_their_places(net, shape, where):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, *shape)), np.arange(60) % 2
    shifted = X.copy()
    shifted.reshape(60, -1)[:, 7::7] += 100.0
    net.set_params(max_iter=1, random_state=0)
    with pytest.warns(UserWarning, match=f"X_val has features .* is {where} with mean"):
        net.fit(X, y, X_val=shifted, y_val=y)


def test_mlp__verbose_tells_of_every_epoch(capsys):
    X, y = classes()
    DropoutMLPClassifier(max_iter=3, early_stopping=True, verbose=True, random_state=0).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("DropoutMLPClassifier: epoch 3, loss ")
    assert ", validation " in lines[2]
    DropoutMLPClassifier(max_iter=1, early_stopping="cv", verbose=True, ensemble_size=1, random_state=0).fit(X, y)
    told = [line.partition(":")[0].partition(" without ")[2] for line in capsys.readouterr().out.splitlines()]
    assert told == ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3", ""]


def test_mlp__callbacks_see_and_stop_epochs():
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn >= 1.9")
    X, y = classes()

    class Stop:
        def __init__(self):
            self.epochs = 0

        def setup(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            self.epochs += context.task_name == "epoch"
            if context.task_name == "epoch":
                self.last = fitted_estimator.predict_proba(X)
            return self.epochs == 4

        def teardown(self, estimator, context):
            pass

    stop = Stop()
    model = DropoutMLPClassifier(**FAST).set_callbacks(stop).fit(X, y)
    assert stop.epochs == model.n_iter_ == 4
    np.testing.assert_array_equal(stop.last, model.predict_proba(X))  # the mean of the weights, as it is left
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = DropoutMLPClassifier(**FAST).set_callbacks(monitor).fit(X, y)
    logged = monitor.get_logs().data
    assert len(logged) == model.n_iter_ + 1  # the fit, and its epochs
    assert logged[0]["accuracy"] == logged[-1]["accuracy"] == model.score(X, y)
    bar = callback.ProgressBar()
    search = GridSearchCV(DropoutMLPClassifier(**FAST), {"dropout": [0.1, 0.2]}, cv=2)
    search.set_callbacks(bar).fit(X, y)


def test_mlp__smoothed_targets():
    X, y = classes()
    model = DropoutMLPClassifier(label_smoothing=0.3, **FAST).fit(X, y)
    table = model._targets(model._read(X, y, None)).table
    np.testing.assert_allclose(table, 0.7 * np.eye(3) + 0.1, rtol=1e-6)


def small_net():
    a = Architecture((3,), "relu", False, "batch", None, (0.0,), 0.0, "bernoulli", 0.0, 0.0, 0.0)
    return build_mlp(a, (4,), 2, 9, np.random.default_rng(0))


def test_mlp__running_means_by_hand():
    net = small_net()
    steps = np.random.default_rng(0).standard_normal((5, net.theta.size)).astype(np.float32)
    plain, ema = Average(net, lambda t: 1.0 - 1.0 / t), Average(net, lambda t: min(0.5, t / (t + 9.0)))
    wanted = net.theta.copy()
    for t, theta in enumerate(steps, start=1):
        net.theta[:], net.memory[:] = theta, t
        plain(net)
        ema(net)
        keep = min(0.5, t / (t + 9.0))
        wanted = keep * wanted + (1.0 - keep) * theta
    np.testing.assert_allclose(plain.theta, steps.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(plain.memory, 3.0)
    np.testing.assert_allclose(ema.theta, wanted, atol=1e-6)
    net.theta[::2] = 0.0
    ema.load_into(net)
    zero = np.arange(net.theta.size) % 2 == 0
    zero[net.segment_ends[-1] :] = False  # biases may be zero without L1
    np.testing.assert_allclose(net.theta, np.where(zero, 0.0, wanted), atol=1e-6)
    np.testing.assert_array_equal(net.memory, ema.memory)


@pytest.mark.parametrize(("averaging", "first", "late"), [("ema", 0.1, 1.0 - 1.0 / 64), ("swa", 0.0, 1.0 - 1e-6)])
def test_mlp__spans_of_averages(averaging, first, late):
    model = DropoutMLPClassifier(averaging=averaging)
    model._net = small_net()
    decay = model._average(100 * 32, Batches(np.empty((320, 4)), None, None, np.arange(320), 10)).decay
    assert decay(1) == pytest.approx(first)
    assert decay(10**6) == pytest.approx(late)


def test_mlp__cells_of_a_table_of_categories_are_learned():
    """No rows are held out of few unique ones, since the net would never see their labels."""
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 4, 5000)
    X, p = np.column_stack([cells % 2, cells // 2]).astype(float), np.array([0.3, 0.6, 0.5, 0.8])
    y = (rng.random(5000) < p[cells]).astype(int)
    model = DropoutMLPClassifier(random_state=0).fit(X, y)
    found = model.predict_proba(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))[:, 1]
    np.testing.assert_allclose(found, [y[cells == k].mean() for k in range(4)], atol=0.05)
    assert model.validation_curve_ is None


def test_mlp__rows_of_equal_features_stay_together():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100, 3)).repeat(4, axis=0)
    y = rng.integers(0, 2, 400)
    data = DropoutMLPClassifier()._read(X, y, None, reset=True, training=True)
    train, held = UniqueRows.of(data).split(0.2, data.codes, np.random.default_rng(0))
    assert not set(train.keys) & set(held.keys)
    assert len(set(held.keys)) == 20


def test_mlp__targets_are_told_apart_in_double_precision():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, 1000).astype(float)
    y = 1e9 + 5.0 * x + rng.standard_normal(1000)
    model = DropoutMLPRegressor(early_stopping=False, random_state=0).fit(x[:, None], y)
    found = model.predict(np.array([[0.0], [1.0]])) - 1e9
    np.testing.assert_allclose(found, [y[x == 0].mean() - 1e9, y[x == 1].mean() - 1e9], atol=0.5)


def test_mlp__order_and_repetition_do_not_matter_to_numbers_and_monitors():
    X, y = numbers()
    times = np.random.default_rng(1).integers(1, 3, len(y))
    for monitor in ("loss", "r2"):
        model = DropoutMLPRegressor(monitor=monitor, **FAST)
        weighted, repeated = clone(model).fit(X, y, times), clone(model).fit(X.repeat(times, axis=0), y.repeat(times))
        np.testing.assert_array_equal(weighted.predict(X), repeated.predict(X))
        assert weighted.validation_curve_ == repeated.validation_curve_


def test_mlp__parameters_that_may_change_between_calls_do():
    X, y = numbers()
    first = DropoutMLPRegressor(warm_start=True, **FAST)
    plain = clone(first).fit(X, y).fit(X, y).predict(X)
    for params in (dict(l1=0.01), dict(weight_decay=100.0), dict(optimizer="sgd"), dict(clip_norm=1e-3)):
        model = clone(first).fit(X, y).set_params(**params).fit(X, y)
        assert np.abs(model.predict(X) - plain).max() > 1e-3, params
    model = DropoutMLPRegressor(**FAST).fit(X, y)
    assert hasattr(model, "best_iter_")
    model.set_params(early_stopping=False, heteroscedastic=True).fit(X, y)
    assert not hasattr(model, "best_iter_")
    assert not hasattr(model, "noise_variance_")


def test_mlp__errors_undo_a_warm_start_whole():
    X, y = numbers()
    model = DropoutMLPRegressor(warm_start=True, **FAST).fit(X, y)
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match="is NaN"):
        model.set_params(monitor=lambda *_: np.nan).fit(X, y)
    assert pickle.dumps(model.set_params(monitor="loss")) == before


@pytest.mark.parametrize("params", [dict(early_stopping=False), dict(), dict(averaging="ema")])
def test_mlp__explosions_in_the_last_step_of_an_epoch(params):
    X, y = numbers()
    model = DropoutMLPRegressor(optimizer="sgd", learning_rate=1e25, batch_size=120, random_state=0, **params)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        assert np.abs(model.fit(X, y).predict(X)).max() < 1e6
    with pytest.warns(ConvergenceWarning, match="diverged"):
        assert np.abs(clone(model).partial_fit(X, y).predict(X)).max() < 1e6


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_mlp__rates_that_are_learned_stay_finite():
    X, y = numbers()
    model = DropoutMLPRegressor((8,), dropout_kind="concrete", optimizer="sgd", learning_rate=1.0, random_state=0)
    assert np.isfinite(model.fit(X, y).predict(X)).all()
    assert ((model.dropout_rates_ >= 0.0) & (model.dropout_rates_ <= 1.0)).all()


def test_mlp__storage_of_sparse_rows_does_not_matter():
    X, y = classes(100, 30)
    X[np.abs(X) < 1.0] = 0.0
    tidy = sp.csr_matrix(X)
    order = np.concatenate([np.arange(a, b)[::-1] for a, b in itertools.pairwise(tidy.indptr)])
    untidy = sp.csr_matrix((tidy.data[order], tidy.indices[order], tidy.indptr), shape=X.shape)
    wanted = DropoutMLPClassifier(**FAST).fit(tidy, y).predict_proba(tidy)
    np.testing.assert_array_equal(DropoutMLPClassifier(**FAST).fit(untidy, y).predict_proba(untidy), wanted)


def test_mlp__class_weights_of_a_fold_without_a_class():
    X, y = classes()
    some = DropoutMLPClassifier(class_weight={0: 1.0, 1: 2.0, 2: 3.0}, **FAST).fit(X[y < 2], y[y < 2])
    np.testing.assert_array_equal(some.classes_, [0, 1])


def test_mlp__predictions_in_double_precision_copy_the_net_once(monkeypatch):
    X, y = numbers()
    copies = []
    cast = Net._cast
    monkeypatch.setattr(Net, "_cast", lambda self, dtype: copies.append(dtype) or cast(self, dtype))
    model = DropoutMLPRegressor(**FAST).fit(X, y)
    wanted = model.predict(X)
    for _ in range(3):
        np.testing.assert_array_equal(model.predict(X), wanted)
    model.predict(X.astype(np.float32))
    assert copies == [np.float64]
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), wanted)
    model.partial_fit(X, y)
    assert np.abs(model.predict(X) - wanted).max() > 0.0
    np.testing.assert_array_equal(model.predict(X), pickle.loads(pickle.dumps(model)).predict(X))


def test_mlp__predictions_from_several_threads_are_equal():
    X, y = numbers()
    model = DropoutMLPRegressor(**FAST).fit(X, y)
    wanted = clone(model).fit(X, y).predict(X)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: model.predict(X), range(16)):
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("duplicate", [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy])
def test_mlp__copies_of_a_stream_resume_exactly(duplicate):
    X, y = numbers()
    model = DropoutMLPRegressor(random_state=0).partial_fit(X[:60], y[:60])
    other = duplicate(model)
    for part in (slice(60, 120), slice(0, 60)):
        model.partial_fit(X[part], y[part])
        other.partial_fit(X[part], y[part])
    np.testing.assert_array_equal(other.predict(X), model.predict(X))


@pytest.mark.parametrize("duplicate", [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_mlp__copies_of_a_fit_go_on_as_the_original(duplicate, optimizer):
    X, y = numbers()
    model = DropoutMLPRegressor(max_iter=5, optimizer=optimizer, early_stopping=False, random_state=0).fit(X, y)
    assert not hasattr(model, "_optimizer")
    other = duplicate(model)
    for each in (model, other):
        each.partial_fit(X[:60], y[:60]).partial_fit(X[60:], y[60:])
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    model, other = (duplicate(model).fit(X, y) for _ in range(2))
    other = duplicate(other)
    for each in (model, other):
        each.set_params(warm_start=True).fit(X, y)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))


def test_mlp__a_monitor_cannot_ask_for_noise_that_is_not_measured_yet():
    X, y = numbers()
    for params in (dict(), dict(heteroscedastic=True)):
        model = DropoutMLPRegressor(max_iter=2, early_stopping=True, random_state=0, **params).fit(X, y)
        model.set_params(monitor=lambda model, X, y: -model.predict(X, return_std=True)[1].mean())
        with pytest.raises(ValueError, match=r"monitor asks for an uncertainty, but the noise .* after the training"):
            model.fit(X, y)


def test_mlp__type_errors_name_the_class():
    for model in (DropoutMLPClassifier(), DropoutMLPRegressor()):
        with pytest.raises(TypeError, match=rf"{type(model).__name__}\.fit\(\)"):
            model.fit(np.ones((9, 2)), np.arange(9) % 2, cv=3)


def test_targets__constant_ones_are_predicted_exactly():
    X = np.random.default_rng(0).standard_normal((60, 3))
    Y = np.column_stack([X[:, 0], np.full(60, 0.1), np.zeros(60)])
    model = DropoutMLPRegressor(4, max_iter=2, early_stopping=False, random_state=0).fit(X, Y)
    with pytest.warns(UserWarning, match="without validation rows"):
        low, high = model.predict_interval(X)
    for found in (model.predict(X), low, high, model.predict_uncertainty(X).mean):
        np.testing.assert_allclose(found[:, 1:], Y[:, 1:], rtol=1e-12, atol=0.0)
    assert np.all(model.predict_uncertainty(X).total[:, 1:] == 0.0)


@pytest.mark.parametrize("again", ["partial_fit", "fit"])
def test_targets__what_was_constant_may_vary_later(again):
    X = np.random.default_rng(0).standard_normal((60, 3))
    model = DropoutMLPRegressor(4, max_iter=2, early_stopping=False, warm_start=True, random_state=0)
    call = getattr(model, again)
    call(X, np.ones(60))
    assert np.ptp(call(X, X[:, 0]).predict(X)) > 0.0


def test_targets__far_from_zero_are_not_rounded_to_single_precision():
    X = np.random.default_rng(0).standard_normal((60, 3)).astype(np.float32)
    model = DropoutMLPRegressor(4, max_iter=5, early_stopping=False, random_state=0)
    assert model.fit(X, X[:, 0]).predict(X).dtype == np.float32
    predicted = model.fit(X, 1e9 + X[:, 0].astype(float)).predict(X)
    assert predicted.dtype == np.float64
    assert np.ptp(predicted) > 0.1
    np.testing.assert_allclose(predicted - 1e9, model.predict(X.astype(float)) - 1e9, atol=1e-5)
