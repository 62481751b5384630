"""The epoch chosen by cross-validation."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skreg import DeepEnsembleRegressor, DropoutMLPClassifier, DropoutMLPRegressor
from skreg._nets.training.evaluation import MeanLoss
from skreg.augmentation._held_out import splitting_parameter
from skreg.neural import _base
from skreg.neural._data import UniqueRows
from skreg.neural._folds import N_FOLDS
from skreg.utils._split import deal

SMALL = dict(hidden_layer_sizes=(8,), max_iter=6, batch_size=20, ensemble_size=1, random_state=0)


def table(n=60, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, X[:, 0] - 2.0 * X[:, 1] + rng.normal(size=n)


def fitted(kind=DropoutMLPRegressor, **params):
    X, y = table()
    return kind(**SMALL | params).fit(X, y > 0.0 if kind is DropoutMLPClassifier else y)


@pytest.mark.parametrize("monitor", ["loss", "accuracy"])
def test_early_stopping_cv__epoch_is_the_best_of_the_mean_curve(monitor):
    net = fitted(DropoutMLPClassifier, early_stopping="cv", monitor=monitor)
    curve = np.array(net.validation_curve_)
    assert curve.size == len(net.gap_curve_) == 6
    assert len(net.loss_curve_) == net.n_iter_ == net.best_iter_ + 1
    assert net.best_score_ == curve[net.best_iter_] == (curve.min() if monitor == "loss" else curve.max())


def test_early_stopping_cv__all_rows_train_the_net_until_the_chosen_epoch():
    X, y = table()
    y = np.random.default_rng(2).permutation(y)  # so that training soon overfits
    plain = SMALL | dict(hidden_layer_sizes=(40,), dropout=0.0, schedule="constant", averaging=None, learning_rate=0.02)
    net = DropoutMLPRegressor(**plain, early_stopping="cv").fit(X, y)
    assert net.best_iter_ < 5
    alone = DropoutMLPRegressor(**plain | dict(max_iter=net.best_iter_ + 1), early_stopping=False).fit(X, y)
    assert_array_equal(net.predict(X), alone.predict(X))
    assert_array_equal(net.loss_curve_, alone.loss_curve_)


@pytest.mark.parametrize("schedule", ["constant", "annealed"])
def test_early_stopping_cv__curve_is_that_of_nets_without_a_fold(schedule):
    X, y = table()
    params = dict(SMALL, strength_schedule=schedule)
    net = DropoutMLPClassifier(**params, early_stopping="cv").fit(X, y > 0.0)
    data = net._read(X, y > 0.0, None, reset=False, training=True)
    folds = UniqueRows.of(data).folds(N_FOLDS, data.codes, np.random.default_rng([net._split_seed, 1]))
    curves = []
    for training, held in folds:
        one = DropoutMLPClassifier(**params, early_stopping=False)
        one.fit(X[training.rows], y[training.rows] > 0.0, X_val=X[held.rows], y_val=y[held.rows] > 0.0)
        curves.append(one.validation_curve_)
    np.testing.assert_allclose(net.fold_curves_, curves, rtol=1e-6)
    np.testing.assert_allclose(net.validation_curve_, np.mean(curves, axis=0), rtol=1e-6)
    assert not hasattr(net.set_params(early_stopping=True).fit(X, y > 0.0), "fold_curves_")


def test_early_stopping_cv__noise_is_measured_on_all_rows_by_nets_that_did_not_see_them():
    net = fitted(early_stopping="cv", max_iter=40, learning_rate=0.01)
    X, y = table(4000, 1)
    assert net.conformity_scores_.shape == (60, 1)
    assert net.noise_variance_[0] == pytest.approx(np.mean((net.predict(X) - y) ** 2), rel=0.3)
    low, high = net.predict_interval(X, coverage=0.9)
    assert 0.85 < np.mean((low <= y) & (y <= high)) < 0.97


def test_early_stopping_cv__patience_ends_all_trainings():
    net = fitted(early_stopping="cv", patience=1, max_iter=60, learning_rate=0.05, dropout=0.0)
    assert len(net.loss_curve_) == net.n_iter_ == net.best_iter_ + 1 <= len(net.validation_curve_) < 60


def test_early_stopping_cv__warns_where_a_fold_alone_diverges(monkeypatch):
    mean_loss, calls = MeanLoss.__call__, []

    def infinite_at_last(*args):
        calls.append(args)
        return mean_loss(*args) if len(calls) <= 2 * (6 + 6 + 2) else np.inf  # two losses in an epoch

    monkeypatch.setattr(MeanLoss, "__call__", infinite_at_last)
    with pytest.warns(ConvergenceWarning, match="diverged without one of the folds, in epoch 3"):
        net = fitted(early_stopping="cv")
    assert len(net.validation_curve_) == 2
    assert net.n_iter_ == net.best_iter_ + 1


def test_early_stopping_cv__members_in_threads_leave_warnings_on():
    X, y = table()
    model = DeepEnsembleRegressor(DropoutMLPRegressor(**SMALL, early_stopping="cv"), n_members=4, n_jobs=2)
    for seed in range(3):
        model.set_params(random_state=seed).fit(X, y)
        assert ("ignore", None, Warning, None, 0) not in warnings.filters


def test_early_stopping_auto__cross_validates_few_rows_only(monkeypatch):
    few, cv = fitted(early_stopping="auto"), fitted(early_stopping="cv")
    assert few.validation_curve_ == cv.validation_curve_
    monkeypatch.setattr(_base, "FEW_ROWS", 60)
    many, held = fitted(early_stopping="auto"), fitted(early_stopping=True)
    assert many.validation_curve_ == held.validation_curve_ != cv.validation_curve_
    assert fitted(early_stopping="auto", strength_schedule="gap").conformity_scores_.shape == (6, 1)


def test_early_stopping_auto__a_net_that_will_continue_holds_rows_out():
    """In the first fit already, or the second one would choose its epoch on rows that the net has seen."""
    net = fitted(early_stopping="auto", warm_start=True)
    held = fitted(early_stopping=True, warm_start=True)
    for one in (net, held):
        one.fit(*table())
    assert len(held.validation_curve_) == 12
    assert net.validation_curve_ == held.validation_curve_
    assert not hasattr(net, "fold_curves_")


def test_early_stopping_auto__a_net_that_continues_after_a_cross_validated_fit_warns():
    net = fitted(early_stopping="auto").set_params(warm_start=True)
    with pytest.warns(UserWarning, match=r"epoch was cross-validated, .* too good\. Set warm_start=True before"):
        net.fit(*table())
    assert len(net.loss_curve_) == net.n_iter_


def test_early_stopping_cv__rejects_what_needs_validation_rows_while_it_trains():
    with pytest.raises(ValueError, match="warm_start=False"):
        fitted(early_stopping="cv", warm_start=True)
    with pytest.raises(ValueError, match="strength_schedule='gap'"):
        fitted(early_stopping="cv", strength_schedule="gap")
    with pytest.raises(ValueError, match=r"early_stopping.*'never'"):
        fitted(early_stopping="never")


def test_early_stopping_cv__warns_where_rows_are_too_few_for_folds():
    X, y = table(40)
    net = DropoutMLPRegressor(**SMALL, early_stopping="cv")
    with pytest.warns(UserWarning, match="at least 50 unique rows"):
        net.fit(X, y)
    assert net.validation_curve_ is None


def test_early_stopping_cv__interrupted_in_a_fold_fits_nothing():
    def interrupt(estimator, X, y):
        raise KeyboardInterrupt

    X, y = table()
    net = DropoutMLPRegressor(**SMALL, early_stopping="cv", monitor=interrupt)
    with pytest.raises(KeyboardInterrupt, match="nothing is fitted"):
        net.fit(X, y)
    assert not net.__sklearn_is_fitted__()


@pytest.mark.parametrize("value", [True, "auto", "cv"])
def test_splitting_parameter__knows_all_ways_of_a_net_to_stop_early(value):
    net = make_pipeline(StandardScaler(), DropoutMLPClassifier(early_stopping=value))
    assert splitting_parameter(net, 100) == "dropoutmlpclassifier__early_stopping"
    assert splitting_parameter(make_pipeline(HistGradientBoostingClassifier()), 100) is None


def test_deal__folds_have_the_rows_of_every_class_in_almost_equal_numbers():
    rng = np.random.default_rng(0)
    classes = rng.permutation(np.repeat([0, 1, 2, 3], [31, 7, 17, 1]))
    fold = deal(classes.size, 5, classes, rng)
    counts = np.array([np.bincount(classes[fold == i], minlength=4) for i in range(5)])
    assert (np.ptp(counts, axis=0) <= 1).all()
    assert_array_equal(fold[classes == 3], [-1])
    assert_array_equal(counts.sum(axis=0), [31, 7, 17, 0])


def test_folds__rows_of_equal_features_stay_together():
    X = np.repeat(table()[0], 2, axis=0)
    net = DropoutMLPRegressor(**SMALL).fit(X, np.arange(120.0))
    data = net._read(X, np.arange(120.0), None, reset=False, training=True)
    folds = UniqueRows.of(data).folds(5, None, np.random.default_rng(0))
    assert_array_equal(np.sort(np.concatenate([held.rows for _, held in folds])), np.arange(120))
    for training, held in folds:
        assert not set(training.rows // 2) & set(held.rows // 2)
        assert training.rows.size + held.rows.size == 120
