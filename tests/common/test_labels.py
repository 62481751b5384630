"""Labels that no classifier can train on: missing ones, and those of which every row has its own."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from skreg import (
    AugmentedClassifier,
    DeepEnsembleClassifier,
    DropoutCNNClassifier,
    DropoutMLPClassifier,
    DropoutRNNClassifier,
    DropoutTransformerClassifier,
    EarlyStoppingClassifier,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
)
from skreg.augmentation import GaussianNoise

pytestmark = pytest.mark.filterwarnings("ignore:The number of unique classes is greater")
N = 200
TABLE = np.random.default_rng(0).normal(size=(N, 4))
SERIES = TABLE.reshape(N, 4, 1)
FAST = dict(max_iter=2, random_state=0)
NETS = [
    (DropoutMLPClassifier((8,), **FAST), TABLE),
    (DropoutMLPClassifier((8,), early_stopping=True, **FAST), TABLE),
    (DropoutTransformerClassifier(**FAST), TABLE),
    (DropoutCNNClassifier(**FAST), SERIES),
    (DropoutRNNClassifier(**FAST), SERIES),
    (DeepEnsembleClassifier(DropoutMLPClassifier((8,), **FAST), n_members=2), TABLE),
]
LINEAR = [
    (LabelSmoothedLogistic(), TABLE),
    (LabelSmoothedLogisticCV(), TABLE),
    (EarlyStoppingClassifier(), TABLE),
    (AugmentedClassifier(LogisticRegression(), GaussianNoise()), TABLE),
]
ids = [type(model).__name__ for model, _ in NETS + LINEAR]


@pytest.mark.parametrize(("model", "X"), NETS + LINEAR, ids=ids)
@pytest.mark.parametrize("kind", ["list", "objects", "first", "pandas", "nullable", "polars", "nan"])
def test_missing_labels_are_refused_by_row(model, X, kind):
    labels = np.resize(["a", "b"], N).tolist()
    row = 0 if kind == "first" else 7
    labels[row] = np.nan if kind == "nan" else None
    y = {
        "list": lambda: labels,
        "pandas": lambda: pd.Series(labels, index=np.arange(N) + 5),
        "nullable": lambda: pd.Series(labels, dtype="string"),
        "polars": lambda: pl.Series(labels),
    }.get(kind, lambda: np.array(labels, dtype=object))()
    with pytest.raises(ValueError, match=rf"^y has missing labels in row {row} \(1 such rows\)"):
        model.fit(X, y)


@pytest.mark.parametrize(("model", "X"), NETS + LINEAR[1:3], ids=ids[: len(NETS)] + ids[len(NETS) + 1 : len(NETS) + 3])
def test_one_row_of_every_class_is_refused_where_rows_are_held_out(model, X):
    message = "needs at least two rows of any class; got n_samples=200 with one row of every class"
    with pytest.raises(ValueError, match=message):
        model.fit(X, [f"row {i}" for i in range(N)])


def test_one_row_of_every_class_is_no_harm_without_validation_rows():
    y = np.arange(N)
    with pytest.raises(ValueError, match=r"set early_stopping=False to train without validation rows, or give X_val"):
        DropoutMLPClassifier(**FAST).fit(TABLE, y)
    assert DropoutMLPClassifier((8,), early_stopping=False, **FAST).fit(TABLE, y).classes_.size == N
    model = DropoutMLPClassifier((8,), **FAST).fit(TABLE, y, X_val=TABLE[:20], y_val=y[:20])
    assert len(model.validation_curve_) == 2


@pytest.mark.parametrize("early_stopping", ["auto", True])
def test_two_rows_of_one_class_are_enough_to_hold_out(early_stopping):
    y = np.r_[1, 1, 2:N]
    model = DropoutMLPClassifier((8,), early_stopping=early_stopping, **FAST).fit(TABLE, y)
    assert np.isfinite(model.validation_curve_).all()
    if early_stopping == "auto":  # no fold has both
        assert len(model.fold_curves_) == 2


@pytest.mark.parametrize(
    "model",
    [
        LabelSmoothedLogisticCV(),
        LabelSmoothedLogisticCV(cv=StratifiedKFold(5)),
        DeepEnsembleClassifier(LogisticRegression(), n_members=5, cv=5),
        EarlyStoppingClassifier(cv=5),
    ],
    ids=["search", "splitter", "ensemble", "stopping"],
)
def test_a_class_with_fewer_rows_than_folds_warns_at_the_users_line(model):
    y = np.resize(["a", "b"], N).astype("<U4")
    y[[3, 50]] = "rare"
    with pytest.warns(UserWarning, match=r"The least populated class of y has n_rows=2, fewer than .* cv=") as caught:
        model.fit(TABLE, y)
    assert [one.filename for one in caught if "least populated" in str(one.message)] == [__file__]


def test_a_class_with_fewer_rows_than_folds_of_blocks_warns_at_the_users_line():
    array = pytest.importorskip("dask.array")
    y = np.resize([0, 1], N)
    y[[3, 50]] = 2
    X = array.from_array(TABLE, chunks=(50, 4))
    with pytest.warns(UserWarning, match=r"The least populated class of y has n_rows=2") as caught:
        LabelSmoothedLogisticCV(cv=5).fit(X, y)
    assert [one.filename for one in caught if "least populated" in str(one.message)] == [__file__]


def test_other_warnings_of_a_splitter_stay_as_they_are():
    class Splitter(StratifiedKFold):
        def split(self, X, y, groups=None):
            warnings.warn("of the user's splitter", UserWarning, stacklevel=1)
            yield from super().split(X, y, groups)

    with pytest.warns(UserWarning, match="of the user's splitter"):
        LabelSmoothedLogisticCV(cv=Splitter(3)).fit(TABLE, np.resize([0, 1], N))
