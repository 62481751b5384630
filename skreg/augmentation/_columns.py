"""Choosing columns of tables."""

from numbers import Integral

import numpy as np
import scipy.sparse as sp

from ..utils._params import ParamKind
from ..utils._rows import as_table, with_columns

COLUMNS = ParamKind(
    "None, the name or index of a column, a list of these, a boolean mask, a slice, or a callable",
    lambda value: (
        value is None
        or callable(value)
        or isinstance(value, (str, slice))
        or (isinstance(value, Integral) and not isinstance(value, bool))
        or (hasattr(value, "__len__") and not isinstance(value, (bytes, dict)))
    ),
)


def column_indices(X, columns):
    """Indices of the chosen columns in X, in the order of X.

    Raises ValueError where a name, an index or a mask does not belong to X.
    """
    table = as_table(X)
    if table is None and len(getattr(X, "shape", ())) < 2:
        raise ValueError(f"columns={columns!r} needs X with columns; got {type(X).__name__}.")
    n_columns = X.shape[1]
    chosen = columns(X) if callable(columns) else columns
    if isinstance(chosen, slice):
        if isinstance(chosen.start, str) or isinstance(chosen.stop, str):
            raise ValueError(f"columns must not be a slice of names; got {chosen!r}.")
        return np.arange(n_columns)[chosen]
    if isinstance(chosen, (str, Integral)):
        chosen = [chosen]
    chosen = chosen.tolist() if hasattr(chosen, "tolist") else list(chosen)
    if chosen and all(isinstance(one, (bool, np.bool_)) for one in chosen):
        if len(chosen) != n_columns:
            raise ValueError(f"columns is a mask of {len(chosen)} columns; X has {n_columns}.")
        return np.flatnonzero(chosen)
    names = {} if table is None else {name: j for j, name in enumerate(table.columns)}
    found = [_index(one, names, n_columns) for one in chosen]
    return np.unique(np.array(found, dtype=int))


def _index(one, names, n_columns):
    if isinstance(one, str):
        if one not in names:
            known = f"X has {list(names)!r}" if names else "X has no column names"
            raise ValueError(f"columns has {one!r}, which is not a column of X: {known}.")
        return names[one]
    if not isinstance(one, Integral) or isinstance(one, bool) or not -n_columns <= one < n_columns:
        raise ValueError(f"columns must hold names, or indices of the {n_columns} columns of X; got {one!r}.")
    return int(one) % n_columns


def chosen_columns(X, columns):
    """The chosen columns of X, and a function that returns X with others in their place.

    Parameters
    ----------
    X : array of shape (n, n_features, ...), sparse matrix or frame
    columns : see `COLUMNS`
        None chooses all.
    """
    if columns is None:
        return X, lambda part: part
    if isinstance(X, list):
        X = np.asarray(X)
    chosen = column_indices(X, columns)
    if not chosen.size:
        raise ValueError(f"columns={columns!r} chooses none of the {X.shape[1]} columns of X.")
    table = as_table(X)
    if table is not None:
        part = table[:, chosen.tolist()].to_native()
        return part, lambda new: with_columns(X, {series.name: series for series in as_table(new).iter_columns()})
    if sp.issparse(X):
        X = X.tocsc()
        rest = np.setdiff1d(np.arange(X.shape[1]), chosen)
        order = np.argsort(np.concatenate([rest, chosen]))
        return X[:, chosen], lambda new: sp.hstack([X[:, rest], new], format="csc")[:, order].tocsr()

    def put_back(new):
        out = X.copy()
        out[:, chosen] = new
        return out

    return X[:, chosen], put_back
