"""Sequences as nets read them: flat rows (n, steps * channels) that end with NaN where a sequence is shorter."""

import numpy as np
import scipy.sparse as sp

from ..utils._rows import as_table, columns_of_arrays, entries_of_series, is_boxed
from ..utils._validation import as_even

SWAP = "pass np.swapaxes(X, 1, 2)"  # what to do about channels before steps
LARGEST_TOKEN = (1 << 24) - 1  # single precision holds all whole numbers up to here


def steps_in(X):
    """X as an array (n, steps, channels), or as a list of arrays (steps_i, channels); None for a flat table."""
    check_cells(X)
    if sp.issparse(X) or hasattr(X, "columns"):
        return None
    X = as_list(X)
    ragged = _ragged(X)
    if ragged is None:
        _check_entries(X)
        array = np.asarray(X)
        if array.ndim > 3:
            raise ValueError(f"X must have shape (n, steps, channels) or (n, steps); got {array.shape}.")
        return array if array.ndim == 3 else None
    sequences = [one[:, None] if one.ndim == 1 else one for one in ragged]
    for i, one in enumerate(sequences):
        if one.ndim != 2 or one.dtype.kind not in "biuf":
            raise ValueError(
                f"X must hold sequences of shape (steps, channels); sequence {i} has shape {one.shape} and dtype"
                f" {one.dtype}."
            )
        if one.shape[1] != sequences[0].shape[1]:
            raise ValueError(
                f"all sequences of X must have the same channels; sequence {i} has {one.shape[1]}, sequence 0 has"
                f" {sequences[0].shape[1]}."
            )
        if not len(one):
            raise ValueError(f"sequence {i} of X has no steps.")
    return sequences


def as_list(X):
    """An array, a column of one or a series, of objects that are sequences or images, as a list; others as they are."""
    if isinstance(X, np.ndarray):
        is_column = X.dtype == object and (X.ndim == 1 or X.shape[1:] == (1,))
        entries = X.ravel() if is_column else ()
    else:
        entries = entries_of_series(X)
    return list(entries) if any(map(is_boxed, entries)) else X


def check_cells(X, what="sequences"):
    """Raise ValueError for a frame with a column of arrays, and an array of objects with several."""
    if isinstance(X, np.ndarray):
        if X.dtype == object and X.ndim == 2 and X.shape[1] > 1 and any(map(is_boxed, X[:1].ravel())):
            raise ValueError(
                f"X holds {what} in an array of {X.shape[1]} columns: pass one of them, or, if each is a channel,"
                " [np.stack(row, axis=-1) for row in X]."
            )
        return
    boxed = columns_of_arrays(X)
    if len(boxed) == 1:
        raise ValueError(f"X holds {what} in column {boxed[0]!r} of a frame: pass X[{boxed[0]!r}].")
    if boxed:
        parts = ", ".join(f"X[{column!r}]" for column in boxed)
        raise ValueError(
            f"X holds {what} in columns {', '.join(map(repr, boxed))} of a frame: pass one of them, or, if each is a"
            f" channel, [np.stack(row, axis=-1) for row in zip({parts})]."
        )


def check_is_table(X, name):
    """Raise ValueError for a series, or an array of objects, whose entries are arrays or lists: it is no table.

    `name` is that of the estimator.
    """
    if hasattr(X, "columns") or isinstance(X, (list, tuple)) or sp.issparse(X):
        return
    is_objects = isinstance(X, np.ndarray) and X.dtype == object
    entries = X.ravel() if is_objects else entries_of_series(X)
    if any(map(is_boxed, entries)):
        several = is_objects and X.ndim > 1 and X.shape[1] > 1
        wanted = "np.array([np.concatenate(row) for row in X])" if several else "np.stack(list(X))"
        raise ValueError(
            f"X is a {type(X).__name__} whose entries are arrays or lists, but {name} reads tables, with a number or a"
            f" category in every entry: pass {wanted} if each of their numbers is a feature."
        )


def check_container(X):
    """Raise TypeError or ValueError for what holds no sequences at all."""
    if sp.issparse(X):  # some of these are dicts; they have an error of their own
        return
    if X is None or isinstance(X, (dict, set)) or not (hasattr(X, "__len__") or hasattr(X, "__array__")):
        raise TypeError(f"X must hold sequences, in an array or a list; got {X if X is None else type(X).__name__}.")
    if isinstance(X, (list, tuple)) and not X:
        raise ValueError(f"X must hold at least one sequence; got {X!r}.")


def entries_by_names(X):
    """One entry of a list of sequences for each set of column names among them, frames before arrays; else [None]."""
    found = {}
    for one in X if isinstance(X, (list, tuple)) else ():
        table = as_table(one)
        found.setdefault(None if table is None else tuple(table.columns), None if table is None else one)
    return sorted(found.values(), key=lambda one: one is None) or [None]


def longest_padding(X):
    """The largest number of -1 at the end of a row of integers that has -1 nowhere else, as tokens do; else 0."""
    is_pandas = hasattr(X, "iloc") and hasattr(X, "columns") and all(dtype.kind == "i" for dtype in X.dtypes)
    rows = np.asarray(X) if is_pandas or isinstance(X, (np.ndarray, list, tuple)) else np.empty(0)
    if rows.ndim != 2 or rows.dtype.kind != "i" or not rows.size or rows[:, -1].min() != -1:
        return 0
    is_padding = rows == -1
    lengths = rows.shape[1] - is_padding.sum(axis=1)
    at_end = np.arange(rows.shape[1]) >= lengths[:, None]
    is_padded = lengths.min() > 0 and rows.min() == -1 and (is_padding == at_end).all()
    return int(rows.shape[1] - lengths.min()) if is_padded else 0


def _check_entries(X, name="X", what="sequences of shape (steps, channels)"):
    """Raise ValueError for a list of sequences that has other entries, too."""
    entries = X if isinstance(X, (list, tuple)) else ()
    others = [i for i, one in enumerate(entries) if not np.iterable(one) or isinstance(one, (str, bytes))]
    if 0 < len(others) < len(entries):
        i = others[0]
        raise ValueError(f"{name} must hold {what}; got {entries[i]!r} for sequence {i}.")


def _ragged(X, name="X"):
    """The sequences of a list of unequal ones; None for anything that is one array."""
    is_list = isinstance(X, (list, tuple)) or (isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1)
    if not is_list or not len(X) or not all(np.iterable(one) and not isinstance(one, (str, bytes)) for one in X):
        return None
    sequences = [as_even(one, i, name) for i, one in enumerate(X)]
    return None if len({one.shape for one in sequences}) == 1 else sequences


def padded(sequences):
    """A list of arrays (steps_i, channels) as one array (n, steps, channels), NaN after the end of each."""
    dtype = np.result_type(np.float32, *{one.dtype for one in sequences})
    out = np.full((len(sequences), max(map(len, sequences)), sequences[0].shape[1]), np.nan, dtype)
    for row, one in zip(out, sequences, strict=True):
        row[: len(one)] = one
    return out


def without_missing(X, n_channels, lengths, mask, only_at_end=False):
    """Flat rows whose sequences have no missing steps.

    Parameters
    ----------
    X : ndarray of shape (n, steps * channels)
    n_channels : int
    lengths : ndarray of int of shape (n,)
        Of the sequences with their missing steps.
    mask : bool
        Whether steps with NaN are left out; else they are refused.
    only_at_end : bool
        Whether steps can be left out at the end of a sequence only.

    Raises
    ------
    ValueError
        For NaN and infinity, naming the place; where no step is left.
    """
    if X.dtype.kind != "f" or np.isfinite(X).all():
        return X
    steps = X.reshape(len(X), -1, n_channels)
    if np.isinf(X).any():
        _refuse("infinity", np.argwhere(np.isinf(steps))[0], "")
    missing = np.isnan(steps).any(axis=2)
    inside = missing & (np.arange(steps.shape[1]) < lengths[:, None])
    if not inside.any():
        return X
    if not mask:
        place = np.argwhere(np.isnan(steps) & inside[:, :, None])[0]
        _refuse("NaN", place, " missing='mask' leaves such steps out; or fill them in before.")
    empty = np.flatnonzero(missing.all(axis=1))
    if empty.size:
        raise ValueError(f"Input X contains NaN in every step of sequence {empty[0]}: nothing is left of it.")
    order = np.argsort(missing, axis=1, kind="stable")
    moved = np.flatnonzero((order != np.arange(order.shape[1])).any(axis=1))
    if only_at_end and moved.size:
        i = moved[0]
        place = i, np.flatnonzero(missing[i])[0], 0
        _refuse("NaN", place, " With return_sequences=True, steps may be missing at the end of a sequence only.")
    steps = np.take_along_axis(steps, order[:, :, None], axis=1)
    steps[np.take_along_axis(missing, order, axis=1)] = np.nan
    return steps.reshape(X.shape)


def _refuse(what, place, advice):
    i, t, c = place
    raise ValueError(f"Input X contains {what} in row {i}, at step {t}, channel {c}.{advice}")


def tokens_in(X, setting="embedding_size"):
    """Tokens as rows (n, steps) of numbers that end with NaN.

    Raises
    ------
    TypeError
        For numbers that are not of an integer type.
    ValueError
        For negative tokens, except for -1 after the end of a sequence, and for sequences of no tokens.
    """
    if sp.issparse(X):
        raise TypeError(f"X must hold tokens in an array or a list; got {type(X).__name__}: pass X.toarray().")
    check_cells(X)
    ragged = _ragged(X)
    if ragged is None:
        rows = np.asarray(X)
        if rows.ndim == 3 and rows.shape[2] == 1:
            rows = rows[:, :, 0]
        lengths = None
    else:
        wrong = [one for one in ragged if one.ndim != 1 or (one.size and one.dtype.kind not in "iu")]
        rows = wrong[0] if wrong else np.full((len(ragged), max(map(len, ragged))), -1, np.int64)
        lengths = list(map(len, ragged))
        for row, one in zip(rows, [] if wrong else ragged, strict=False):
            row[: len(one)] = one
    if rows.dtype.kind not in "iu":
        advice = " skreg.neural.Tokens makes tokens from texts." if rows.dtype.kind in "OUS" else ""
        raise TypeError(f"X must hold tokens of an integer type, as {setting} is set; got {rows.dtype}.{advice}")
    if rows.ndim != 2:
        raise ValueError(f"X must hold tokens in an array of shape (n, steps); got shape {rows.shape}.")
    if not len(rows):
        raise ValueError("Found array with 0 sample(s) in X.")
    is_padding = rows == -1
    ends = rows.shape[1] - np.argmin(is_padding[:, ::-1], axis=1) if rows.shape[1] else np.zeros(len(rows), int)
    ends[is_padding.all(axis=1)] = 0
    if lengths is not None:
        ends = np.array(lengths)
    if (ends == 0).any():
        raise ValueError(f"sequence {np.flatnonzero(ends == 0)[0]} of X has no tokens.")
    inside = np.arange(rows.shape[1]) < ends[:, None]
    bad = np.argwhere((rows < 0) & inside)
    if bad.size:
        i, t = bad[0]
        raise ValueError(
            f"X must hold tokens of at least 0, and -1 only after the end of a sequence; got {rows[i, t]} in row {i} at"
            f" step {t}."
        )
    if (largest := int(rows.max())) > LARGEST_TOKEN:
        raise ValueError(f"X must hold tokens up to {LARGEST_TOKEN}; got {largest}.")
    return np.where(inside, rows, np.nan).astype(np.float32)


def check_tokens(X, n_tokens, vocabulary_size):
    """Raise ValueError for tokens beyond the vocabulary; `vocabulary_size` is the parameter of the net."""
    bad = np.argwhere(np.greater_equal(X, n_tokens))  # NaN is not
    if bad.size:
        i, t = bad[0]
        advice = "Set vocabulary_size if the training data do not hold the largest token"
        if vocabulary_size is not None:
            advice = f"It comes from vocabulary_size={vocabulary_size}"
        raise ValueError(
            f"X must hold tokens below {n_tokens}, the size of the vocabulary; got {int(X[i, t])} in row {i} at step"
            f" {t}. {advice}."
        )


def step_targets(y, lengths, n_steps, n_channels):
    """Targets of all steps, one after another, of sequences of some lengths.

    Parameters
    ----------
    y : array-like of shape (n, n_steps) or (n, n_steps, n_outputs), or list of arrays (length, ...)
        What an array holds after the end of a sequence is ignored.
    lengths : ndarray of int of shape (n,)
    n_steps : int
        Steps of the longest sequence.
    n_channels : int
        Of every step.

    Returns
    -------
    values : ndarray of shape (sum of lengths,) or (sum of lengths, n_outputs)
    counts : ndarray of bool of shape (n, n_steps)
        Which steps they belong to.
    """
    y = as_list(y)
    if not hasattr(y, "__len__"):
        raise TypeError(f"y must hold targets of {len(lengths)} sequences; got {y!r}.")
    if len(y) != len(lengths):
        raise ValueError(f"y must hold targets of {len(lengths)} sequences; got {len(y)}.")
    counts = np.arange(n_steps) < lengths[:, None]
    ragged = _ragged(y, "y")
    _check_entries(y, "y", "targets for every step of a sequence")
    if ragged is not None:
        for i, (one, length) in enumerate(zip(ragged, lengths, strict=True)):
            if len(one) != length or one.ndim != ragged[0].ndim:
                raise ValueError(
                    f"y must hold a target for every step; sequence {i} of X has {length} steps, y has shape"
                    f" {one.shape}."
                )
        return np.concatenate(ragged), counts
    y = np.asarray(y)
    if y.ndim not in (2, 3) or y.shape[1] != n_steps:
        is_swapped = y.ndim in (2, 3) and y.shape[1] == n_channels > 1
        hint = f" The axes of X seem to be swapped: {SWAP}." if is_swapped else ""
        raise ValueError(
            f"y must have shape ({len(lengths)}, {n_steps}) or ({len(lengths)}, {n_steps}, n_outputs), with"
            f" return_sequences=True; got {y.shape}.{hint}"
        )
    return y[counts], counts


def _is_missing(value):
    """Whether an object is None, NaN or a missing value of pandas, which is equal to nothing."""
    is_itself = value == value
    return value is None or not isinstance(is_itself, bool | np.bool_) or not is_itself


def check_step_targets(values, counts):
    """Raise ValueError for a target of `step_targets` that is missing or infinite, naming the place."""
    rows = values.reshape(len(values), -1)
    if values.dtype.kind == "f":
        is_bad = ~np.isfinite(rows)
    elif values.dtype == object:
        is_bad = np.frompyfunc(_is_missing, 1, 1)(rows).astype(bool)
    else:
        return
    bad = np.argwhere(is_bad)
    if bad.size:
        i, t = np.argwhere(counts)[bad[0, 0]]
        raise ValueError(f"y must hold a target at every step; got {rows[tuple(bad[0])]} in row {i}, at step {t}.")


def flat_rows(steps, dtypes):
    """Sequences (n, steps, channels), or a list of them, as flat rows; with the channels, and the length of each.

    `dtypes` are those that stay as they are; others become the first.
    """
    if isinstance(steps, list):
        lengths = np.array(list(map(len, steps)))
        steps = padded(steps)
    else:
        if steps.ndim == 2:
            steps = steps[:, :, None]
        if steps.ndim != 3 or 0 in steps.shape:
            raise ValueError(f"X must have shape (n, steps, channels), none of which is 0; got {steps.shape}.")
        if steps.dtype.kind not in "biuf":
            raise ValueError(f"X must hold numbers; got {steps.dtype}.")
        steps = steps if steps.dtype in dtypes else steps.astype(dtypes[0])
        lengths = np.full(len(steps), steps.shape[1])
    return steps.reshape(len(steps), -1), steps.shape[2], lengths
