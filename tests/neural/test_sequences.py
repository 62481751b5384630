"""How nets and the estimators around them read sequences: names of channels, entries of one shape, and tokens."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skreg import (
    AugmentationSearchCV,
    AugmentedClassifier,
    DeepEnsembleRegressor,
    DropoutCNNClassifier,
    DropoutMLPClassifier,
    DropoutRNNClassifier,
    DropoutRNNRegressor,
    DropoutTransformerClassifier,
    EarlyStoppingClassifier,
)
from skreg.augmentation import GaussianNoise
from skreg.neural import FineTunedClassifier, Tokens
from tests.versions import SKLEARN_1_9

SHORT = dict(max_iter=1, early_stopping=False, random_state=0)
RNN = DropoutRNNClassifier(2, **SHORT)
TRANSFORMER = DropoutTransformerClassifier(1, n_heads=1, embedding_size=2, **SHORT)
Y = np.arange(12) % 2
X = [np.random.default_rng(i).standard_normal((4 + i % 3, 2)) for i in range(12)]
TEXTS = ["good film", "bad film", "not good at all"] * 4


def frames(names=("u", "v"), kind=pd.DataFrame):
    return [kind(dict(zip(names, one.T, strict=True))) for one in X]


def swapped(found):
    return [one[["v", "u"]] for one in found]


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("model", [RNN, TRANSFORMER], ids=["rnn", "transformer"])
def test_names_of_channels__are_those_of_the_first_frame_and_of_all_others(model, kind):
    named = frames(kind=kind)
    model.fit(named, Y)
    assert model.feature_names_in_.tolist() == ["u", "v"]
    assert model.n_features_in_ == 2
    expected = model.predict_proba(named)
    for wrong, message in (
        (swapped(named), "must be in the same order"),
        (named[:5] + swapped(named)[5:], "must be in the same order"),
        (frames(("u", "w"), kind), "unseen at fit time:\n- w"),
    ):
        with pytest.raises(ValueError, match=message):
            model.predict(wrong)
    with pytest.raises(ValueError, match="must be in the same order"):
        model.fit(named[:5] + swapped(named)[5:], Y)
    for arrays in (X, X[:5] + named[5:]):
        with pytest.warns(UserWarning, match="X does not have valid feature names"):
            np.testing.assert_array_equal(model.predict_proba(arrays), expected)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        assert model.fit(X[:5] + named[5:], Y).feature_names_in_.tolist() == ["u", "v"]
    assert not hasattr(model.fit(X, Y), "feature_names_in_")
    with pytest.warns(UserWarning, match="X has feature names, but"):
        np.testing.assert_array_equal(model.predict_proba(named), expected)


def test_names_of_channels__are_those_of_the_source_of_fine_tuning():
    model = FineTunedClassifier(FrozenEstimator(RNN.fit(frames(), Y)))
    assert model.fit(frames(), Y).feature_names_in_.tolist() == ["u", "v"]
    with pytest.raises(ValueError, match="must be in the same order"):
        model.fit(swapped(frames()), Y)


TARGETS = [one[:, 0] for one in X]
UNEQUAL_X = r"all entries of X must have one shape; got \(4, 2\) in row 0 and \(5, 2\) in row 1"
UNEQUAL_Y = r"all entries of y must have one shape; got \(4,\) in row 0 and \(5,\) in row 1.*return_sequences=True"


@pytest.mark.parametrize(
    ("model", "y", "message"),
    [
        (DropoutRNNRegressor(2, **SHORT), TARGETS, UNEQUAL_Y),
        (RNN, [target > 0.0 for target in TARGETS], UNEQUAL_Y),
        (DeepEnsembleRegressor(DropoutRNNRegressor(2, **SHORT), 2), TARGETS, UNEQUAL_Y),
        (AugmentedClassifier(RNN, GaussianNoise()), Y, UNEQUAL_X + r".* Augmenters take sequences of one length only"),
        (AugmentationSearchCV(RNN, [GaussianNoise()]), Y, UNEQUAL_X),
        (EarlyStoppingClassifier(), Y, UNEQUAL_X),
        (
            DropoutTransformerClassifier(inputs="table"),
            Y,
            UNEQUAL_X + ".* are for recurrent nets",
        ),
        (DropoutMLPClassifier(), Y, UNEQUAL_X),
    ],
    ids=lambda value: type(value).__name__,
)
def test_entries__of_unequal_shape_are_named_where_they_are_not_taken(model, y, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)


def test_entries__frames_of_unequal_length_are_not_augmented():
    with pytest.raises(ValueError, match=UNEQUAL_X):
        AugmentedClassifier(RNN, GaussianNoise()).fit(frames(), Y)


def test_entries__arrays_of_objects_are_lists():
    boxed = np.empty(12, dtype=object)
    boxed[:] = [one[:4] for one in X]
    expected = RNN.fit(np.array([one[:4] for one in X]), Y).predict_proba(X)
    np.testing.assert_array_equal(RNN.fit(boxed, Y).predict_proba(X), expected)
    np.testing.assert_array_equal(RNN.predict_proba(boxed), RNN.predict_proba(list(boxed)))


@pytest.mark.parametrize(
    ("model", "advice"),
    [(RNN, "set embedding_size"), (TRANSFORMER, "set inputs='tokens'")],
    ids=["rnn", "transformer"],
)
def test_tokens__that_are_read_as_measurements_warn(model, advice):
    rows = Tokens().fit_transform(TEXTS)
    with pytest.warns(UserWarning, match=f"integers whose rows end with -1, .* reads them as measurements: {advice}"):
        model.fit(rows, Y)
    for other in (rows.astype(float), np.where(rows == -1, 0, rows), rows[:, ::-1].copy()):
        model.fit(other, Y)


def test_tokens__have_names_where_their_number_is_fixed():
    tokens = Tokens(max_length=5).set_output(transform="pandas").fit(TEXTS)
    assert tokens.get_feature_names_out().tolist() == [f"tokens{j}" for j in range(5)]
    found = tokens.transform(["bad film", "good"])
    assert found.columns.tolist() == tokens.get_feature_names_out().tolist()
    assert found.to_numpy()[:, 2:].max() == -1
    message = "max_length=None lets the longest text decide .*: set max_length"
    with pytest.raises(ValueError, match=message):
        Tokens().fit(TEXTS).get_feature_names_out()
    framed = Tokens().set_output(transform="pandas").fit(TEXTS)
    for call in (framed.transform, framed.fit_transform):
        if not SKLEARN_1_9:  # older versions forget the error, and number the columns
            assert call(TEXTS).columns.equals(pd.RangeIndex(Tokens().fit_transform(TEXTS).shape[1]))
            continue
        with pytest.raises(ValueError, match=message):
            call(TEXTS)


def test_one_row__of_several_dimensions_is_not_an_array_of_rows():
    with pytest.raises(ValueError, match=r"fitted to sequences of 2: .* For one sequence, pass X\[None\]"):
        RNN.fit(X, Y).predict(X[0])
    images = np.random.default_rng(0).standard_normal((12, 4, 6))
    net = DropoutCNNClassifier((2,), hidden_layer_sizes=(2,), **SHORT).fit(images, Y)
    with pytest.raises(ValueError, match=r"X has shape \(4, 6\), which is that of one row: pass X\[None\]"):
        net.predict(images[0])
    assert net.predict(images[:1].reshape(1, -1)).shape == (1,)
    images[3, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"contains NaN in row 3, pixel \(0, 0\)\. Fill it in before"):
        net.predict(images)


# ---- forms of sequences and images


EQUAL = np.random.default_rng(0).standard_normal((12, 4, 4))
CNN = DropoutCNNClassifier((2,), hidden_layer_sizes=(2,), **SHORT)
ALL_FORMS = [RNN, TRANSFORMER, CNN]
NAMES = ["rnn", "transformer", "cnn"]


def boxed(arrays):
    out = np.empty(len(arrays), dtype=object)
    out[:] = list(arrays)
    return out


@pytest.mark.parametrize("model", ALL_FORMS, ids=NAMES)
@pytest.mark.parametrize(
    "form",
    [
        boxed,
        lambda arrays: boxed(arrays)[:, None],
        lambda arrays: pd.Series(list(arrays), index=np.arange(12)[::-1]),
        lambda arrays: pl.Series([one.tolist() for one in arrays]),
        pl.Series,
    ],
    ids=["objects", "column of objects", "pandas", "polars list", "polars array"],
)
def test_forms__series_and_objects_of_arrays_of_one_shape_are_lists(model, form):
    expected = model.fit(list(EQUAL), Y).predict_proba(EQUAL)
    X = form(EQUAL)
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    np.testing.assert_array_equal(model.fit(X, Y).predict_proba(EQUAL), expected)


@pytest.mark.parametrize("model", ALL_FORMS, ids=NAMES)
@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_forms__columns_of_frames_that_hold_arrays_are_named(model, kind):
    flat = [one.tolist() for one in EQUAL[:, 0]]
    with pytest.raises(ValueError, match=r"in column 'seq' of a frame: pass X\['seq'\]\.$"):
        model.fit(kind({"seq": flat, "a": Y}), Y)
    both = kind({"u": flat, "v": flat})
    with pytest.raises(ValueError, match=r"in columns 'u', 'v' of a frame: .*for row in zip\(X\['u'\], X\['v'\]\)\]"):
        model.fit(both, Y)
    advised = [np.stack(row, axis=-1) for row in zip(both["u"], both["v"], strict=True)]
    assert advised[0].shape == (4, 2)
    with pytest.raises(ValueError, match=r"in an array of 2 columns: .*\[np.stack\(row, axis=-1\) for row in X\]"):
        model.fit(np.stack([boxed(EQUAL)] * 2, axis=1), Y)


@pytest.mark.parametrize("model", ALL_FORMS, ids=NAMES)
@pytest.mark.parametrize("form", [list, boxed, pd.Series])
def test_forms__masks_inside_of_lists_are_not_forgotten(model, form):
    masked = [np.ma.masked_array(one, mask=one > 9.0) for one in EQUAL]
    model.fit(form(masked), Y)  # nothing is masked
    masked[3] = np.ma.masked_array(EQUAL[3], mask=EQUAL[3] == EQUAL[3].max())
    for call in (model.predict, lambda X: model.fit(X, Y)):
        with pytest.raises(TypeError, match="X has masked entries in row 3, which would be read as numbers"):
            call(form(masked))


@pytest.mark.parametrize("model", [*ALL_FORMS, DropoutMLPClassifier(**SHORT)], ids=[*NAMES, "mlp"])
def test_forms__steps_of_different_channels_are_named(model):
    even = [[1.0, 2.0], [3.0, 4.0]]
    message = r"X must have the same channels; in row 5, step 0 has shape \(2,\), step 1 has shape \(1,\)"
    if isinstance(model, DropoutMLPClassifier):
        message = r"all entries of X must have one shape; got \(2, 2\) in row 0 and \(2, 'unequal'\) in row 5"
    with pytest.raises(ValueError, match=message):
        model.fit([even] * 5 + [[[1.0, 2.0], [3.0]]] + [even] * 6, Y)
    with pytest.raises(ValueError, match="X has entries of different shapes in row 0, at step 0"):
        model.fit([[[1.0, [2.0, 3.0]]]] * 12, Y)


def test_forms__targets_at_steps_of_other_things():
    model = DropoutRNNRegressor(2, return_sequences=True, **SHORT)
    with pytest.raises(ValueError, match="y must hold targets for every step of a sequence; got None for sequence 1"):
        model.fit(X, [TARGETS[0], None, *TARGETS[2:]])


@pytest.mark.parametrize("model", [RNN, CNN], ids=["rnn", "cnn"])
def test_forms__numbers_as_text_are_refused(model):
    flat = EQUAL.reshape(12, -1).round(3)
    model.fit(flat, Y)
    for text in (flat.astype(str), flat.astype(str).tolist(), flat.astype("S8")):
        for call in (model.predict, lambda X: model.fit(X, Y)):
            with pytest.raises(ValueError, match=r"X holds numbers as text, such as .*: pass np\.asarray\(X, dtype=f"):
                call(text)
        model.fit(flat, Y)
    with pytest.raises(ValueError, match="X holds text, such as 'b'"):
        model.fit(np.where(flat > 2.0, flat.astype(str), "b"), Y)


TABLES = [
    DropoutMLPClassifier(2, ensemble_size=1, **SHORT),
    DropoutTransformerClassifier(1, n_heads=1, embedding_size=2, inputs="table", **SHORT),
]


@pytest.mark.parametrize("model", TABLES, ids=["mlp", "transformer"])
def test_forms__digits_as_text_are_categories_numbers_or_refused(model):
    """Categories by type; where they are no categories, as in scikit-learn: objects are numbers, text is an error."""
    codes = np.random.default_rng(0).integers(0, 4, (12, 2))
    digits = codes.astype(str)
    for form in (digits, digits.astype(object), digits.tolist(), pd.DataFrame(digits)):
        model.fit(form, Y)
        np.testing.assert_array_equal(model.predict_proba(form), model.predict_proba(digits))
        with pytest.raises(
            ValueError, match=r"X holds \d \(int\) in column 0.*, whose categories were of the type str"
        ):
            model.predict(codes)
    numbers = clone(model).set_params(categorical_features=None).fit(codes.astype(float), Y)
    expected = numbers.predict_proba(codes.astype(float))
    np.testing.assert_array_equal(numbers.fit(digits.astype(object), Y).predict_proba(digits.astype(object)), expected)
    for text in (digits, digits.tolist(), digits.astype("S1")):
        for call in (numbers.predict, lambda X: numbers.fit(X, Y)):
            with pytest.raises(ValueError, match=r"X holds (numbers as )?text.*, such as b?'\d'.*: pass"):
                call(text)
        with pytest.raises(ValueError, match=r"X holds text in column 1, such as b?'\d', where numbers are expected"):
            clone(model).set_params(categorical_features=[0]).fit(text, Y)
    mixed = [["a", 1.0], ["b", 2.0]] * 6
    model.fit(mixed, Y).predict(mixed)
    with pytest.raises(ValueError, match=r"X holds text in column 1, such as '1.0', where numbers are expected"):
        model.predict([["a", "1.0"], ["b", "2.0"]])


@pytest.mark.parametrize("model", TABLES, ids=["mlp", "transformer"])
def test_forms__entries_of_arrays_are_no_table(model):
    rows = np.random.default_rng(0).standard_normal((12, 3))
    model.fit(rows, Y)
    for form, name in ((pd.Series, "Series"), (lambda X: pl.Series(X.tolist()), "Series"), (boxed, "ndarray")):
        series = form(list(rows) if form is pd.Series else rows)
        for call in (model.predict, lambda X: clone(model).fit(X, Y)):
            message = rf"X is a {name} whose entries are arrays or lists, but {type(model).__name__} reads tables"
            with pytest.raises(ValueError, match=message):
                call(series)
        np.testing.assert_array_equal(np.stack(list(series)), rows)
    pairs = np.stack([boxed(rows)] * 2, axis=1)
    with pytest.raises(ValueError, match=r"pass np\.array\(\[np\.concatenate\(row\) for row in X\]\)"):
        model.fit(pairs, Y)
    assert np.array([np.concatenate(row) for row in pairs]).shape == (12, 6)
    for series in (pd.Series(rows[:, 0]), pl.Series(rows[:, 0])):
        with pytest.raises(ValueError, match=r"Expected (2D array|a 2-dimensional container)"):
            model.fit(series, Y)


@pytest.mark.parametrize("model", [RNN, TRANSFORMER], ids=["rnn", "transformer"])
def test_forms__swapped_axes_are_told_where_fit_shows_the_order(model):
    X = np.random.default_rng(0).standard_normal((12, 5, 2))
    message = r"must be \(n, steps, 2\)\. Its axes seem to be swapped, as sequences had 5 steps in fit: pass np"
    model.fit(X, Y)
    with pytest.raises(ValueError, match=message):
        model.predict(np.swapaxes(X, 1, 2))
    with pytest.raises(ValueError, match=message):
        clone(model).set_params(early_stopping=True).fit(X, Y, X_val=np.swapaxes(X, 1, 2), y_val=Y)
    with pytest.raises(ValueError, match=r"must be \(n, steps, 2\)\.$"):
        model.predict(X[:, :3].repeat(2, axis=2))  # of other steps, too


def test_forms__swapped_axes_are_told_by_targets_at_steps():
    X = np.random.default_rng(0).standard_normal((12, 5, 2))
    y = (X[:, :, 0] > 0.0).astype(int)
    model = DropoutRNNRegressor(2, return_sequences=True, **SHORT).fit(X, y)
    with pytest.raises(
        ValueError, match=r"got \(12, 5\)\. The axes of X seem to be swapped: pass np\.swapaxes\(X, 1, 2\)"
    ):
        model.fit(np.swapaxes(X, 1, 2), y)
    with pytest.raises(ValueError, match=r"got \(12, 4\)\.$"):
        model.fit(X, y[:, :4])
