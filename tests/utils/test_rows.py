"""Rows of every container."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingClassifier

from skreg import EarlyStoppingClassifier
from skreg.utils._rows import column_types, distinct, hashes, take

RNG = np.random.default_rng(0)


def test_hashes__equal_rows_in_every_container():
    X = RNG.integers(0, 3, (200, 4)).astype(float)
    X[:, 3] = X[:, 0]
    _, wanted = np.unique(X, axis=0, return_inverse=True)
    frame = pd.DataFrame(X, columns=list("abcd"))
    words = [str(row) for row in X.tolist()]
    mixed = frame.assign(a=np.array(["x", "y", "z"])[X[:, 0].astype(int)])
    holders = [
        X,
        X.astype(np.float32),
        X.astype(int),
        X.astype(object),
        X.tolist(),
        frame,
        mixed,
        words,
        sp.csr_array(X),
    ]
    for rows in holders:
        keys = hashes(rows)
        _, found = np.unique(keys, return_inverse=True)
        assert (np.equal.outer(found, found) == np.equal.outer(wanted, wanted)).all()
        order = RNG.permutation(200)
        shuffled = [rows[k] for k in order] if isinstance(rows, list) else take(rows, order)
        assert (hashes(shuffled) == keys[order]).all()
    assert (hashes(frame) == hashes(X)).all()
    assert (hashes(X.tolist()) == hashes(X.astype(np.float32))).all()
    first, place = distinct(X, X[:, 0])
    assert (X[first][place] == X).all()
    large = 2**60 + np.arange(4)
    for different in (
        ["01", "1", "1.0", "2"],
        large,
        large.astype(object),
        np.array([np.arange(5000), -np.arange(5000)]),
    ):
        assert len(set(hashes(different))) == len(different)
    stored = sp.csr_array((np.array([1.0, 0.0, 1.0]), ([0, 0, 1], [0, 1, 0])), shape=(2, 2))
    assert len(set(hashes(stored))) == 1  # a stored zero is a zero


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
