"""Rows of every container."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingClassifier

from skreg import EarlyStoppingClassifier
from skreg.utils._rows import column_types, readable


def test_column_types__of_every_library():
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    columns = {"a": np.arange(3), "b": np.ones(3), "c": ["x", "y", "z"]}
    types = [column_types(make(columns)) for make in (pd.DataFrame, polars.DataFrame, pyarrow.table)]
    assert [str(kind) for kind in types[0]] == ["Int64", "Float64", "String"]
    assert types[0] == types[1] == types[2]
    assert column_types(np.ones((3, 2))) is None


def test_early_stopping__validation_rows_in_arrow_tables():
    pyarrow = pytest.importorskip("pyarrow")
    X = np.random.default_rng(0).normal(size=(100, 3))
    y = X[:, 0] > 0.0
    table, other = pyarrow.table(dict(zip("abc", X.T, strict=True))), pyarrow.table({"a": X[:, 0], "b": y, "c": y})
    model = EarlyStoppingClassifier(GradientBoostingClassifier(n_estimators=3), random_state=0)
    wanted = clone(model).fit(X, y, X_val=X, y_val=y).best_score_
    assert model.fit(table, y, X_val=table, y_val=y).best_score_ == wanted
    with pytest.raises(ValueError, match="both frames with the same types of columns"):
        model.fit(table, y, X_val=other, y_val=y)


@pytest.mark.parametrize("rows", [None, {"a": [1.0, 2.0]}, "text"])
def test_readable__what_is_no_table_is_named(rows):
    with pytest.raises(TypeError, match=f"X must hold rows, .* got {type(rows).__name__}"):
        readable(rows)
