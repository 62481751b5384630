"""Strength schedules of nets: their curves, what they change, and where they are refused."""

import numpy as np
import pytest

from skreg import DropoutCNNClassifier, DropoutMLPClassifier, DropoutMLPRegressor, DropoutRNNClassifier
from skreg.inspection import LossCurveDisplay

rng = np.random.default_rng(0)
X = rng.standard_normal((80, 6))
Y = X[:, 0] - X[:, 1] + 0.1 * rng.standard_normal(80)
CODES = (Y > 0.0).astype(int)
FAST = dict(max_iter=4, batch_size=40, random_state=0)
ALL_ROWS = dict(FAST, early_stopping=False)


def test_strength_schedule__curves():
    found = {}
    for schedule in ("constant", "curriculum", "annealed"):
        model = DropoutMLPRegressor((8,), strength_schedule=schedule, **ALL_ROWS).fit(X, Y)
        found[schedule] = model.strength_curve_
    share = np.arange(1, 5) / 4
    np.testing.assert_allclose(found["constant"], np.ones(4))
    np.testing.assert_allclose(found["curriculum"], 1.0 - np.exp(-10.0 * share))
    np.testing.assert_allclose(found["annealed"], 1.0 - share, atol=1e-12)


@pytest.mark.parametrize(
    ("net", "noise"),
    [
        (DropoutMLPClassifier((8, 8), residual=True, stochastic_depth=0.3), dict(dropout=0.5, input_dropout=0.3)),
        (DropoutMLPClassifier((8,)), dict(dropout=0.5, dropout_kind="dropconnect", input_noise=1.0, feature_mask=0.3)),
        (DropoutCNNClassifier(3, hidden_layer_sizes=()), dict(spatial_dropout=0.4, drop_block=0.4)),
        (DropoutRNNClassifier(4), dict(dropout=0.4, recurrent_dropout=0.4, dropout_kind="gaussian")),
    ],
)
def test_strength_schedule__begins_without_noise_and_decay(net, noise):
    """With one step, which "curriculum" makes at strength 0."""
    params = dict(ALL_ROWS, max_iter=1, batch_size=80, averaging=None)
    model = net.set_params(**params, **noise, weight_decay=10.0, strength_schedule="curriculum").fit(X, CODES)
    none = {name: 0.0 for name in noise if name != "dropout_kind"} | {"weight_decay": 0.0, "stochastic_depth": 0.0}
    plain = net.__class__(**net.get_params() | none | {"strength_schedule": "constant"}).fit(X, CODES)
    np.testing.assert_allclose(model.loss_curve_, plain.loss_curve_, rtol=1e-6)
    np.testing.assert_allclose(model._net.theta, plain._net.theta, rtol=1e-4, atol=1e-6)


def test_strength_schedule__draws_have_the_strength_of_the_epoch_that_was_kept():
    model = DropoutMLPRegressor((8,), strength_schedule="annealed", **ALL_ROWS).fit(X, Y)
    np.testing.assert_allclose(model.predict_uncertainty(X).epistemic, 0.0, atol=1e-12)
    model = DropoutMLPRegressor((8,), strength_schedule="annealed", monitor=FirstIsBest(), **FAST).fit(X, Y)
    assert model.best_iter_ == 0
    assert model._noise_strength == model.strength_curve_[0] == 0.75
    assert (model.predict_uncertainty(X).epistemic > 0.0).mean() > 0.9


@pytest.mark.parametrize("schedule", ["curriculum", "annealed"])
def test_strength_schedule__is_that_of_all_epochs_where_one_is_cross_validated(schedule):
    params = dict(FAST, strength_schedule=schedule, learning_rate=0.1, ensemble_size=1)
    net = DropoutMLPRegressor((8,), **params, early_stopping="cv").fit(X, Y)
    alone = DropoutMLPRegressor((8,), **params, early_stopping=False).fit(X, Y)
    np.testing.assert_array_equal(net.strength_curve_, alone.strength_curve_)
    np.testing.assert_array_equal(net.loss_curve_, alone.loss_curve_)
    assert net._noise_strength == net.strength_curve_[net.best_iter_]


class FirstIsBest:
    """A scorer whose first value on validation rows is the highest."""

    def __init__(self):
        self.n_calls = 0

    def __call__(self, estimator, X, y):
        self.n_calls += 1
        return -self.n_calls


def test_strength_schedule__gap_is_drawn_beside_the_losses():
    model = DropoutMLPClassifier((8,), strength_schedule="gap", **FAST, monitor="accuracy").fit(X, CODES)
    curve = np.array(model.strength_curve_)
    assert curve[0] == 1.0
    np.testing.assert_allclose(np.abs(np.log(curve[1:] / curve[:-1])), np.log(1.1), atol=0.1)
    display = LossCurveDisplay.from_estimator(model)
    assert display.figure_.axes[1].get_ylabel() == "strength of noise and decay"
    plain = LossCurveDisplay.from_estimator(model.set_params(strength_schedule="constant").fit(X, CODES))
    assert len(plain.figure_.axes) == 1


def test_strength_schedule__continues_with_a_warm_start_and_is_constant_in_partial_fit():
    model = DropoutMLPRegressor((8,), strength_schedule="annealed", warm_start=True, **ALL_ROWS).fit(X, Y).fit(X, Y)
    np.testing.assert_allclose(model.strength_curve_, [0.75, 0.5, 0.25, 0.0] * 2, atol=1e-12)
    assert model.partial_fit(X, Y).strength_curve_[-1] == 1.0


@pytest.mark.parametrize("early_stopping", ["cv", "auto", False])
def test_strength_schedule__gap_follows_validation_rows_from_outside(early_stopping):
    params = dict(FAST, strength_schedule="gap", warm_start=True)
    found = [
        DropoutMLPRegressor((8,), **params, early_stopping=value).fit(X[:40], Y[:40], X_val=X[40:], y_val=Y[40:])
        for value in (early_stopping, True)
    ]
    assert len(set(found[0].strength_curve_)) > 1
    np.testing.assert_array_equal(found[0].strength_curve_, found[1].strength_curve_)


def test_strength_schedule__refused():
    with pytest.raises(ValueError, match=r"'strength_schedule' parameter .* Got 'linear'"):
        DropoutMLPRegressor(strength_schedule="linear").fit(X, Y)
    for kind in ("adaptive", "concrete"):
        with pytest.raises(ValueError, match=rf"strength_schedule='gap' cannot be combined with dropout_kind='{kind}'"):
            DropoutMLPRegressor(strength_schedule="gap", dropout_kind=kind).fit(X, Y)
    with pytest.raises(ValueError, match=r"strength_schedule='gap' needs validation rows"):
        DropoutMLPRegressor((8,), strength_schedule="gap", **ALL_ROWS).fit(X, Y)
    with pytest.raises(ValueError, match=r"strength_schedule='gap' needs validation rows.* at least 50 unique rows"):
        DropoutMLPRegressor((8,), strength_schedule="gap", **FAST).fit(X[:40], Y[:40])
