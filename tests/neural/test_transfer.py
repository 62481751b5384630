"""Fine-tuning: what is taken over, what trains how fast, where it returns to, and what is refused."""

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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
from skreg.augmentation import AugmentedClassifier, GaussianNoise
from skreg.augmentation._held_out import validation_fraction
from skreg.inspection import LossCurveDisplay
from skreg.neural import Autoencoder, FineTunedClassifier, FineTunedRegressor, predict_interval, predict_uncertainty

FAST = dict(max_iter=3, early_stopping=False, random_state=0, learning_rate=0.01)
SIGNALS = dict(FAST, kernel_size=3, channels=(3, 4), pool_size=2, hidden_layer_sizes=(5,))
TOKENS = dict(FAST, embedding_size=8, n_heads=2, hidden_layer_sizes=(4,), normalization="batch")
NETS = {
    "perceptron": (DropoutMLPClassifier((8, 6), **FAST), DropoutMLPRegressor((8, 6), **FAST)),
    "convolutional": (DropoutCNNClassifier(**SIGNALS), DropoutCNNRegressor(**SIGNALS)),
    "recurrent": (
        DropoutRNNClassifier((5, 4), **FAST, hidden_layer_sizes=(4,), normalization="batch"),
        DropoutRNNRegressor((5, 4), **FAST, hidden_layer_sizes=(4,), normalization="batch"),
    ),
    "transformer": (DropoutTransformerClassifier(1, **TOKENS), DropoutTransformerRegressor(1, **TOKENS)),
}
PLAIN = dict(l2_sp=0.0, layer_rate_decay=1.0, random_state=0)
rng = np.random.default_rng(0)
X = rng.standard_normal((90, 12))
Y = X[:, 0] - X[:, 1] ** 2 + 0.1 * rng.standard_normal(90)
CODES = np.digitize(Y, [-1.0, 0.0])


@pytest.fixture(scope="module", params=NETS)
def sources(request):
    classifier, regressor = NETS[request.param]
    return clone(classifier).fit(X, CODES), clone(regressor).fit(X, Y)


@pytest.fixture(scope="module")
def source():
    return clone(NETS["perceptron"][0]).fit(X, CODES)


def vectors(net):
    return net._net.theta, net._net.memory


def tuned(source, y, **params):
    kind = FineTunedClassifier if y.dtype.kind == "i" else FineTunedRegressor
    return kind(FrozenEstimator(source), **{"random_state": 0, **params}).fit(X, y)


# ---- limits


def test_fine_tuned__infinite_strength_returns_the_source_exactly(sources):
    classifier, regressor = sources
    model = tuned(classifier, CODES, l2_sp=np.inf)
    assert not model.new_head_
    np.testing.assert_array_equal(model.predict_proba(X), classifier.predict_proba(X))
    for found, wanted in zip(vectors(model.estimator_), vectors(classifier), strict=True):
        np.testing.assert_array_equal(found, wanted)
    model = tuned(regressor, 0.5 * (Y + regressor.predict(X)), l2_sp=np.inf)
    assert not model.new_head_
    np.testing.assert_array_equal(model.predict(X), regressor.predict(X))


def test_fine_tuned__a_huge_strength_is_nearly_infinite(source):
    model = tuned(source, CODES, l2_sp=1e9)
    np.testing.assert_allclose(model.estimator_._net.theta, source._net.theta, atol=1e-5)
    assert np.abs(model.estimator_._net.memory - source._net.memory).max() > 1e-3  # but not frozen


def test_fine_tuned__zero_strength_is_plain_training_from_there(sources):
    classifier, _ = sources
    plain = pickle.loads(pickle.dumps(classifier))  # without the state of the optimizer
    plain.set_params(warm_start=True).fit(X, CODES)
    model = tuned(classifier, CODES, **PLAIN)
    for found, wanted in zip(vectors(model.estimator_), vectors(plain), strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_fine_tuned__rates_of_zero_are_freezing_bit_for_bit(sources):
    classifier, _ = sources
    other = 7 - CODES
    n_layers = len(classifier._architecture.groups())
    ways = [dict(layer_rate_decay=0.0), dict(frozen=n_layers - 1), dict(l2_sp=np.inf)]
    found = [tuned(classifier, other, **PLAIN | way) for way in ways]
    for model in found:
        assert model.new_head_
        for own, wanted in zip(vectors(model.estimator_), vectors(found[0].estimator_), strict=True):
            np.testing.assert_array_equal(own, wanted)
        for own, given in zip(model.estimator_._net.layer.params(), classifier._net.layer.params(), strict=True):
            assert np.array_equal(own.value, given.value) == (own.layer != "output")


def changed(model, source):
    """Names of the layers in which a weight or a buffer differs from the source."""
    pairs = zip(model.estimator_._net.layer.params(), source._net.layer.params(), strict=True)
    return {own.layer for own, given in pairs if not np.array_equal(own.value, given.value)}


def test_fine_tuned__unfreezing_after_the_last_epoch_warns(source):
    with pytest.warns(UserWarning, match=r"unfreeze=2 trains the output layer alone: .* after max_iter=2 epochs"):
        assert changed(tuned(source, CODES, **PLAIN, unfreeze=2, max_iter=2), source) == {"output"}


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        (dict(unfreeze=2, max_iter=3), {"output", "hidden2"}),
        (dict(unfreeze=1, max_iter=3), {"output", "hidden2", "hidden1"}),
        (dict(unfreeze=1, frozen=1, max_iter=3), {"output", "hidden2"}),
        (dict(frozen=["hidden2"]), {"output", "hidden1"}),
        (dict(layer_rate_decay={"hidden1": 0.0}), {"output", "hidden2"}),
    ],
)
def test_fine_tuned__layers_that_train(source, params, wanted):
    assert changed(tuned(source, CODES, **{**PLAIN, **params}), source) == wanted


def test_fine_tuned__strength_and_rates_keep_layers_near_the_source(source):
    def distances(**params):
        model = tuned(source, CODES, **{**PLAIN, **params})
        pairs = zip(model.estimator_.weights_, source.weights_, strict=True)
        return np.array([np.linalg.norm(own - given) for own, given in pairs])

    plain = distances()
    assert (distances(l2_sp=100.0) < plain).all()
    slow = distances(layer_rate_decay=0.1) / plain
    assert slow[0] < slow[1] < slow[2]
    assert slow[0] < 0.1


@pytest.mark.parametrize(
    "options", [dict(max_norm=0.01), dict(averaging="swa"), dict(sam_rho=0.1), dict(clip_norm=0.1)]
)
def test_fine_tuned__nothing_changes_frozen_layers(source, options):
    for name in ("max_norm", "averaging", "sam_rho", "clip_norm"):
        options = {name: "source"} | options
    assert changed(tuned(source, CODES, **PLAIN, frozen=1, weight_decay=1.0, l1=1e-3, **options), source) == {
        "hidden2",
        "output",
    }


# ---- the output layer, and units


def test_fine_tuned__the_output_layer_stays_for_the_same_classes_only(source):
    assert not tuned(source, CODES).new_head_
    assert tuned(source, CODES, new_head=True).new_head_
    model = tuned(source, CODES // 2)
    assert model.new_head_
    assert model.predict_proba(X).shape == (90, 2)
    with pytest.raises(ValueError, match=r"new_head=False keeps .* its classes are \[0, 1, 2\], those of y \[0, 1\]"):
        tuned(source, CODES // 2, new_head=False)


def test_fine_tuned__targets_in_other_units_get_a_new_output_layer():
    source = DropoutMLPRegressor((8,), max_iter=20, random_state=0).fit(X, Y)
    assert not tuned(source, Y).new_head_
    y = 5000.0 + 1000.0 * Y
    model = tuned(source, y, early_stopping=False)
    assert model.new_head_
    assert model.score(X, y) > 0.3
    kept = tuned(source, y, new_head=False, l2_sp=np.inf)
    np.testing.assert_array_equal(kept.predict(X), source.predict(X))
    assert tuned(source, np.column_stack([Y, Y])).predict(X).shape == (90, 2)


def test_fine_tuned__classes_from_numbers_and_numbers_from_classes(sources):
    classifier, regressor = sources
    assert changed(tuned(regressor, CODES, l2_sp=np.inf), regressor) == {"output"}
    model = tuned(classifier, Y, heteroscedastic=True)
    assert model.predict(X, return_std=True)[1].shape == (90,)


def test_fine_tuned__autoencoder_gives_the_layers_up_to_the_narrowest():
    net = DropoutMLPRegressor((10, 4, 10), **FAST, dropout=[0.1, 0.0, 0.2], weight_decay=[0.1, 0.2, 0.3, 0.4])
    encoder = Autoencoder(net).fit(X)
    model = tuned(encoder, CODES, l2_sp=np.inf)
    assert model.estimator_.hidden_layer_sizes == (10, 4)
    assert model.estimator_.dropout == [0.1, 0.0]
    assert model.estimator_.weight_decay == [0.1, 0.2, 0.4]
    for own, given in zip(model.estimator_.weights_[:2], encoder.net_.weights_, strict=False):
        np.testing.assert_array_equal(own, given)


# ---- the best epoch


def test_fine_tuned__the_starting_point_is_restored_where_it_is_best(source):
    model = FineTunedClassifier(FrozenEstimator(source), early_stopping=True, averaging=None, random_state=0)
    model.fit(X, np.roll(CODES, 1), X_val=X, y_val=source.predict(X))  # there is nothing to learn
    assert model.estimator_.best_iter_ == -1
    assert model.estimator_.best_score_ < min(model.estimator_.validation_curve_)
    np.testing.assert_array_equal(model.predict_proba(X), source.predict_proba(X))
    assert LossCurveDisplay.from_estimator(model).curves[0].best == 0


def test_fine_tuned__all_folds_of_a_cross_validated_epoch_train_the_same_layers(source):
    params = dict(early_stopping="cv", new_head=True, averaging=None)
    model = tuned(source, CODES, frozen=2, **params)
    assert changed(model, source) == {"output"}
    assert len(set(model.estimator_.validation_curve_)) == 3
    kept = tuned(source, CODES, l2_sp=np.inf, early_stopping="cv")
    np.testing.assert_array_equal(kept.predict_proba(X), source.predict_proba(X))
    np.testing.assert_array_equal(np.diff(kept.estimator_.validation_curve_), 0.0)  # no fold trains anything


def test_fine_tuned__the_starting_point_may_be_the_cross_validated_epoch(source):
    harmful = dict(early_stopping="cv", learning_rate=2.0, averaging=None)
    model = tuned(source, source.predict(X), **harmful)
    assert model.estimator_.best_iter_ == -1
    assert model.estimator_.best_score_ < min(model.estimator_.validation_curve_)
    assert len(model.estimator_.validation_curve_) == 3
    assert model.n_iter_ == len(model.estimator_.loss_curve_) == 0
    assert LossCurveDisplay.from_estimator(model).curves[0].best == 0
    np.testing.assert_array_equal(model.predict_proba(X), source.predict_proba(X))


# ---- in scikit-learn


def test_fine_tuned__source_survives_clones_searches_and_pickles(source):
    before = [vector.copy() for vector in vectors(source)]
    model = FineTunedClassifier(FrozenEstimator(source), random_state=0)
    assert clone(model).pretrained.estimator is source
    search = GridSearchCV(model, {"l2_sp": [0.0, np.inf]}, cv=2).fit(X, CODES)
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(again.predict_proba(X), search.predict_proba(X))
    for found, wanted in zip(vectors(source), before, strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert tuned(search.best_estimator_, CODES, max_iter=1).n_iter_ == 1


def test_fine_tuned__parameters_are_those_of_the_source_where_none_are_set(source):
    model = tuned(source, CODES, dropout=0.5, patience=None)
    found, given = model.estimator_.get_params(), source.get_params()
    assert {name for name, value in found.items() if value != given[name]} == {"dropout"}
    assert model.n_iter_ == 3


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(patience=3), r"patience=3 has no effect, as rows are .*early_stopping=False"),
        (dict(early_stopping="cv", validation_fraction=0.3), r"0\.3 has no effect, as the epoch is cross-validated"),
        (dict(early_stopping=True, patience=3), None),
        (dict(early_stopping="cv"), None),
        (dict(), None),
    ],
)
def test_fine_tuned__warns_of_its_own_parameters_that_have_no_effect(params, message):
    X, y = load_digits(return_X_y=True)
    X, y = X[:200] / 16.0, y[:200] < 5
    source = DropoutMLPClassifier(max_iter=1, early_stopping=False, random_state=0).fit(X, y)
    source.set_params(min_delta=0.5, validation_fraction=0.2)  # without effect, too, but nobody has set them here
    model = FineTunedClassifier(FrozenEstimator(source), max_iter=1, random_state=0, **params)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    assert len(caught) == (message is not None)
    if message:
        assert re.search(message, str(caught[0].message))
        assert str(caught[0].message).startswith("FineTunedClassifier: ")
        assert "min_delta" not in str(caught[0].message)
    few = slice(None, None, 5)  # of which none are held out
    for X_val, y_val, params in ((X, y, dict(early_stopping=False)), (None, None, {})):
        model.set_params(early_stopping="source", patience="source", validation_fraction="source").set_params(**params)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.fit(X[few], y[few], X_val=X_val, y_val=y_val)


def test_fine_tuned__holds_out_rows_as_the_source_does_before_they_are_copied(source):
    stopping = clone(source).set_params(early_stopping=True, validation_fraction=0.2).fit(X, CODES)
    for pretrained, n_held in ((source, None), (stopping, 18)):
        model = AugmentedClassifier(FineTunedClassifier(FrozenEstimator(pretrained)), GaussianNoise(0.1))
        net = model.fit(X, CODES).estimator_.estimator_
        curve = net.validation_curve_
        assert (curve is None) == (n_held is None)
        assert validation_fraction(model.estimator, 90) == (None if n_held is None else 0.2)


def test_fine_tuned__intervals_and_uncertainty_of_the_net_inside(sources):
    classifier, regressor = sources
    assert predict_uncertainty(tuned(classifier, CODES), X).mutual_information.shape == (90,)
    with pytest.warns(UserWarning, match="fitted without validation rows"):
        low, high = predict_interval(tuned(regressor, Y), X)
    assert (low < high).all()


def test_fine_tuned__a_frozen_scaler_goes_before_it():
    whole = make_pipeline(StandardScaler(), DropoutMLPClassifier((8, 6), **FAST)).fit(5.0 + X, CODES)
    model = FineTunedClassifier(FrozenEstimator(whole), l2_sp=np.inf)
    with pytest.raises(ValueError, match=r"holds a pipeline.* make_pipeline\(FrozenEstimator\(pipeline\[:-1\]\)"):
        model.fit(X, CODES)
    model.set_params(pretrained=FrozenEstimator(whole[-1]))
    model = make_pipeline(FrozenEstimator(whole[:-1]), model).fit(9.0 + X, CODES)
    np.testing.assert_array_equal(model.predict_proba(9.0 + X), whole.predict_proba(9.0 + X))


# ---- inputs


@pytest.mark.parametrize("sourced", ["array", "frame", "autoencoder of a frame"])
def test_fine_tuned__names_of_columns_are_kept_and_checked(source, sourced):
    frame = pd.DataFrame(X, columns=list("abcdefghijkl"))
    backwards = frame[frame.columns[::-1]]
    if sourced == "frame":
        source = clone(source).fit(frame, CODES)
    elif sourced == "autoencoder of a frame":
        source = Autoencoder(DropoutMLPRegressor((4,), **FAST)).fit(frame)
    new = FineTunedClassifier(FrozenEstimator(source), random_state=0)
    model = clone(new).fit(frame, CODES, X_val=frame[:9], y_val=CODES[:9])
    assert model.feature_names_in_.tolist() == list(frame)
    assert model.predict(frame).shape == (90,)
    with pytest.raises(ValueError, match="must be in the same order"):
        model.predict(backwards)
    if sourced == "array":
        assert not hasattr(clone(new).fit(X, CODES), "feature_names_in_")
        return
    with pytest.raises(ValueError, match="must be in the same order"):
        clone(new).fit(backwards, CODES)


def test_fine_tuned__missing_numbers_that_the_source_never_saw_warn():
    holed = X.copy()
    holed[5, 3] = np.nan
    params = dict(max_iter=1, early_stopping=False)
    seen, unseen = (DropoutMLPClassifier((2,), **params).fit(rows, CODES) for rows in (holed, X))
    FineTunedClassifier(FrozenEstimator(seen)).fit(holed, CODES)
    FineTunedClassifier(FrozenEstimator(unseen)).fit(X, CODES)
    with pytest.warns(UserWarning, match=r"had none; the first of 1 is column 3\. They become the mean of the column"):
        FineTunedClassifier(FrozenEstimator(unseen)).fit(holed, CODES)


def test_fine_tuned__lengths_and_sizes_may_differ_where_weights_do_not_depend_on_them():
    source = clone(NETS["recurrent"][0]).fit(X, CODES)
    longer = np.hstack([X, X])
    assert FineTunedClassifier(FrozenEstimator(source)).fit(longer, CODES).predict(longer).shape == (90,)
    images = X.reshape(90, 4, 3)
    source = DropoutCNNClassifier(**SIGNALS | dict(global_pooling=True)).fit(images, CODES)
    larger = np.concatenate([images, images], axis=2)
    model = FineTunedClassifier(FrozenEstimator(source), l2_sp=np.inf).fit(larger, CODES)
    assert model.predict(larger).shape == (90,)
    with pytest.raises(
        ValueError, match=r"X does not fit pretrained: the weights of its layer 'conv1' have shape \(9,"
    ):
        FineTunedClassifier(FrozenEstimator(source)).fit(X.reshape(90, 2, 3, 2), CODES)


def test_fine_tuned__tokens_of_the_source():
    tokens = np.random.default_rng(0).integers(0, 9, (60, 5))
    source = DropoutRNNClassifier(4, embedding_size=3, **FAST).fit(tokens, tokens[:, 0] % 2)
    few = np.minimum(tokens, 6)
    model = FineTunedClassifier(FrozenEstimator(source), l2_sp=np.inf).fit(few, few[:, 1] % 3)
    np.testing.assert_array_equal(model.estimator_.embeddings_, source.embeddings_)
    with pytest.raises(ValueError, match=r"tokens below 9, the size of the vocabulary"):
        FineTunedClassifier(FrozenEstimator(source)).fit(tokens + 1, tokens[:, 0] % 2)


def test_fine_tuned__targets_at_every_step():
    y = X > 0.0
    source = DropoutRNNClassifier(4, return_sequences=True, **FAST).fit(X, y.astype(int))
    model = tuned(source, y.astype(int), l2_sp=np.inf)
    assert not model.new_head_
    assert model.score(X, y) == source.score(X, y)
    source = DropoutRNNRegressor(4, return_sequences=True, **FAST | dict(max_iter=30)).fit(X, X)
    assert source.score(X, X) > 0.0
    assert not tuned(source, X).new_head_
    assert tuned(source, 1e3 * X).new_head_


SEARCH = GridSearchCV(DummyClassifier(), {"constant": [0]}, cv=2).fit(X, CODES)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (dict(frozen=3), r"frozen=3 is more than the 2 layers before the output: \['hidden1', 'hidden2'\]"),
        (dict(frozen=["conv1"]), r"frozen names \['conv1'\], which are not among the layers before the output"),
        (dict(frozen=-1), r"'frozen' parameter .* Got -1"),
        (dict(layer_rate_decay=-0.5), r"'layer_rate_decay' parameter .* Got -0\.5"),
        (dict(layer_rate_decay={"hidden9": 0.1}), r"layer_rate_decay names \['hidden9'\]"),
        (dict(layer_rate_decay={"hidden1": -1.0}), r"finite numbers of at least 0; got -1\.0 for 'hidden1'"),
        (dict(l2_sp=-1.0), r"'l2_sp' parameter .* Got -1\.0"),
        (dict(unfreeze=0), r"'unfreeze' parameter .* Got 0"),
        (dict(new_head="yes"), r"'new_head' parameter .* Got 'yes'"),
        (dict(learning_rate="fast"), r"'learning_rate' parameter .* among 'source'"),
        (dict(dropout=[0.1]), r"dropout must be a number, or hold 2, one for every hidden layer"),
        (dict(pretrained=None), r"'pretrained' parameter .* Got None"),
        (dict(pretrained=DropoutMLPClassifier), r"'pretrained' parameter .* Got <class"),
        (dict(pretrained=DropoutMLPClassifier()), r"would lose its fit when FineTunedClassifier is cloned"),
        (dict(pretrained=FrozenEstimator(DropoutMLPClassifier())), r"is not fitted yet: fit the net before"),
        (dict(pretrained=FrozenEstimator(Autoencoder(DropoutMLPRegressor()))), r"is not fitted yet"),
        (dict(pretrained=FrozenEstimator(SEARCH)), r"must hold a net .* Give the best_estimator_ of a search"),
        (dict(pretrained=FrozenEstimator(StandardScaler())), r"must hold a net or an Autoencoder of skreg"),
    ],
)
def test_fine_tuned__bad_parameters(source, params, message):
    model = FineTunedClassifier(**{"pretrained": FrozenEstimator(source), **params})
    with pytest.raises((TypeError, ValueError), match=f"(?s){message}"):
        model.fit(X, CODES)
    assert not hasattr(model, "estimator_")


def test_fine_tuned__other_features_and_images(source):
    with pytest.raises(TypeError, match=r"would lose its fit when .*\(FrozenEstimator\(pretrained\)\)"):
        FineTunedClassifier(source).fit(X, CODES)
    with pytest.raises(ValueError, match="X has 11 features, but FineTunedClassifier is expecting 12"):
        FineTunedClassifier(FrozenEstimator(source)).fit(X[:, 1:], CODES)
    cnn = DropoutCNNClassifier(**SIGNALS).fit(X.reshape(90, 4, 3), CODES)
    with pytest.raises(
        ValueError,
        match=r"X has images of shape \(3, 4, 1\), but FineTunedClassifier was fitted to images of shape \(4, 3, 1\)",
    ):
        FineTunedClassifier(FrozenEstimator(cnn)).fit(X.reshape(90, 3, 4), CODES)


def test_fine_tuned__missing_targets_are_an_error_of_its_own_name(source):
    with pytest.raises(ValueError, match=r"^FineTunedClassifier requires y to be passed"):
        FineTunedClassifier(FrozenEstimator(source)).fit(X, None)


def test_autoencoder__dates_and_text_are_named():
    encoder = Autoencoder(DropoutMLPRegressor((2,), max_iter=1))
    frame = pd.DataFrame({"when": pd.date_range("2020", periods=4), "town": list("abab")})
    with pytest.raises(TypeError, match="X holds dates in column 'when'"):
        encoder.fit(frame[["when"]])
    with pytest.raises(ValueError, match="X holds text in column 'town'"):
        encoder.fit(frame[["town"]])
