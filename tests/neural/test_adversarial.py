"""Adversarial training of all families: what is moved, what it is for, and what refuses it."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skreg import (
    DropoutCNNClassifier,
    DropoutCNNRegressor,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    DropoutRNNClassifier,
    DropoutRNNRegressor,
    DropoutTransformerClassifier,
    DropoutTransformerRegressor,
)
from skreg._nets.objectives import SquaredError
from skreg._nets.training.batches import Minibatch
from skreg._nets.training.loop import Adversarial
from skreg._nets.training.parallel import Gradients
from skreg.augmentation import GaussianNoise
from skreg.neural import FineTunedClassifier

SHORT = dict(max_iter=1, early_stopping=False, random_state=0)
RNG = np.random.default_rng(0)
ROWS, Y = RNG.standard_normal((60, 12)), RNG.standard_normal(60)
SEQUENCES = [RNG.standard_normal((n, 2)) for n in RNG.integers(2, 7, 60)]


def padded(sequences):
    """Flat rows, with NaN after the end of every sequence."""
    rows = np.full((len(sequences), max(map(len, sequences)), sequences[0].shape[1]), np.nan)
    for row, sequence in zip(rows, sequences, strict=True):
        row[: len(sequence)] = sequence
    return rows.reshape(len(rows), -1)


FAMILIES = [
    (DropoutMLPRegressor(), ROWS),
    (DropoutMLPRegressor(ensemble_size=3, input_dropout=0.2), ROWS),
    (DropoutMLPRegressor(numeric_embedding="periodic", residual=True), ROWS),
    (DropoutCNNRegressor(image_shape=(4, 3)), ROWS),
    (DropoutCNNRegressor(dims=1, image_shape=(12, 1), channels=(4, 8), residual=True, global_pooling=True), ROWS),
    (DropoutTransformerRegressor(), ROWS),
    (DropoutRNNRegressor(), SEQUENCES),
    (DropoutRNNRegressor(cell="lstm", bidirectional=True), SEQUENCES),
    (DropoutTransformerRegressor(inputs="sequences"), SEQUENCES),
]


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize(("model", "X"), FAMILIES, ids=lambda value: type(value).__name__)
def test_adversarial__gradient_by_the_rows(model, X, frozen):
    """Along a random direction it is the derivative of the loss, with noise; steps after the end have none.

    So it is where only the output layer trains.
    """
    net = clone(model).set_params(**SHORT).fit(X, Y)._net.astype(np.float64)
    net.freeze({param.layer for param in net.trained} - {"output"} if frozen else ())
    x = padded(X) if isinstance(X, list) else X
    x = x if net.inputs is None else net.inputs(x, np.float64)
    rng = np.random.default_rng(1)
    targets, weights = rng.standard_normal((len(x), *net.shape_out)), rng.uniform(0.5, 1.5, len(x))
    direction = np.where(np.isnan(x), 0.0, rng.standard_normal(x.shape))
    with Gradients(net, 3, of_rows=True) as gradients:
        begin, losses = gradients.state, []
        for step in (0.0, 1e-6, -1e-6):
            gradients.state = begin
            losses.append(gradients(SquaredError(), Minibatch(x + step * direction, targets, weights)))
            if step == 0.0:
                found = gradients.by_row
    assert (found[np.isnan(x)] == 0.0).all()
    np.testing.assert_allclose((found * direction).sum(), (losses[1] - losses[2]) / 2e-6, rtol=1e-5)


def moved(model, X, y, epsilon):
    """Standardized rows, moved so that the loss of a binary classifier grows fastest: by differences of its scores."""
    slopes = np.empty_like(X)
    for j in range(X.shape[1]):
        step = np.zeros(X.shape[1])
        step[j] = 1e-3
        slopes[:, j] = model.predict_proba(X + step)[:, 1] - model.predict_proba(X - step)[:, 1]
    return X - epsilon * np.where(y == 1, 1.0, -1.0)[:, None] * np.sign(slopes)


def test_adversarial__moved_rows_are_predicted_better():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1200, 20))
    y = (X[:, 0] + X[:, 1] + 0.3 * X[:, 2:].sum(axis=1) + rng.standard_normal(1200) > 0).astype(int)
    shares = []
    for epsilon in (0.0, 0.3):
        model = DropoutMLPClassifier(adversarial_epsilon=epsilon, standardize=None, max_iter=20, random_state=0)
        model.fit(X[:600], y[:600])
        shares.append(np.mean(model.predict(moved(model, X[600:], y[600:], 0.3)) == y[600:]))
    assert shares[1] > shares[0] + 0.03


class Recorder:
    """Gradients that only remember the rows."""

    def __init__(self, net, by_row):
        self.net = net
        self.by_row = by_row
        self.state = 0
        self.seen = []

    def __call__(self, objective, batch):
        self.seen.append(batch.x)
        return 0.0


def test_adversarial__categories_and_indicators_stay():
    frame = pd.DataFrame(
        {"a": ROWS[:, 0], "b": ROWS[:, 1], "few": ["x", "y", "z"] * 20, "many": [f"{i}" for i in range(20)] * 3}
    )
    frame.loc[::7, "b"] = np.nan
    model = DropoutMLPRegressor(
        adversarial_epsilon=0.25, missing="indicator", categorical_features="from_dtype", **SHORT
    )
    net = model.fit(frame, Y)._net
    assert net.inputs.coded
    assert net.inputs.one_hot
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, net.inputs.width)).astype(np.float32)
    gradients = Recorder(net, rng.standard_normal(x.shape))
    Adversarial(gradients, 0.25)(None, Minibatch(x, None, None))
    first, second = gradients.seen
    np.testing.assert_array_equal(second[:, 2:], x[:, 2:])
    np.testing.assert_allclose(second[:, :2], x[:, :2] + 0.25 * np.sign(gradients.by_row[:, :2]), rtol=1e-6)
    assert first is x  # as it was


def test_adversarial__without_numbers_warns():
    frame = pd.DataFrame({"kind": ["x", "y", "z"] * 20})
    model = DropoutMLPRegressor(adversarial_epsilon=0.1, categorical_features="from_dtype", **SHORT)
    with pytest.warns(UserWarning, match=r"adversarial_epsilon=0\.1 has no effect: no column of X holds numbers"):
        found = model.fit(frame, Y).predict(frame)
    np.testing.assert_array_equal(found, model.set_params(adversarial_epsilon=0.0).fit(frame, Y).predict(frame))


def test_adversarial__sparse_rows_and_tokens_are_refused():
    with pytest.raises(ValueError, match=r"adversarial_epsilon=0\.1 would make sparse X dense"):
        DropoutMLPClassifier(adversarial_epsilon=0.1).fit(sp.csr_array(ROWS), Y > 0)
    tokens = np.arange(240).reshape(60, 4) % 9
    for model in (DropoutRNNClassifier(embedding_size=3), DropoutTransformerClassifier(inputs="tokens")):
        with pytest.raises(
            ValueError, match=r"adversarial_epsilon=0\.1 would change tokens as if they were quantities"
        ):
            model.set_params(adversarial_epsilon=0.1).fit(tokens, Y > 0)


def test_adversarial__images_with_an_augmenter_and_sharpness():
    model = DropoutCNNClassifier(
        image_shape=(4, 3), adversarial_epsilon=0.1, sam_rho=0.05, augmenter=GaussianNoise(0.1), mixup=0.2, **SHORT
    )
    p = model.fit(ROWS, Y > 0).predict_proba(ROWS)
    assert np.isfinite(p).all()
    np.testing.assert_array_equal(clone(model).fit(ROWS, Y > 0).predict_proba(ROWS), p)


def test_adversarial__fine_tuning_of_the_last_layer():
    """Frozen layers pass the gradient on to the rows; after a fit nothing asks for it."""
    source = DropoutMLPClassifier((8, 8), adversarial_epsilon=0.1, **SHORT).fit(ROWS, Y > 0)
    model = FineTunedClassifier(FrozenEstimator(source), frozen=2, early_stopping=False, random_state=0)
    tuned = clone(model).fit(ROWS, Y > 0.5)
    assert not tuned.estimator_._net.layer.needs_input_gradient
    plain = clone(model).set_params(adversarial_epsilon=0.0).fit(ROWS, Y > 0.5)
    assert np.abs(tuned.predict_proba(ROWS) - plain.predict_proba(ROWS)).max() > 1e-4
