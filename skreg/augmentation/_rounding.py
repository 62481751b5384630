"""Changes of integers that rounding undoes, and the warning about them."""

import warnings
from contextvars import ContextVar
from typing import NamedTuple

from ..utils._errors import caller_level
from ..utils._rows import as_table
from ..utils._validation import listed
from ._numbers import types_of

MAX_NAMES = 5  # columns in a message
_open = ContextVar("open", default=None)  # a dict of the `Rounding`s in the outermost `JudgedTogether`, else None


class Rounding(NamedTuple):
    """What became of the changes of integers by one call of an augmenter.

    `place` is the name of a column, or the type of an array where `is_column` is False. `is_lost` is whether all
    changes were rounded away. `by` names the augmenter, and its strength.
    """

    place: object
    is_column: bool
    is_lost: bool
    by: tuple


def warn_if_rounded_away(X, old, new, changed, strength, owner):
    """Warn where integers that were to change are all as they were before.

    Parameters
    ----------
    X : frame or array
        The rows before.
    old, new : ndarray of shape (n, ...)
        Their numbers, and those after rounding.
    changed : ndarray of bool
        Whether a number was another one before rounding.
    strength : str
        The parameter of the owner that may be too weak.
    owner : Augmenter
    """
    table, by = as_table(X), (type(owner).__name__, f" with {strength}={getattr(owner, strength)!r}")
    same = (new == old) | (old != old)
    if table is None:
        is_integer = old.dtype.kind in "iu" and changed.any()
        found = [Rounding(str(old.dtype), False, bool(same.all()), by)] if is_integer else []
    else:
        found = [
            Rounding(name, True, bool(same[:, j].all()), by)
            for j, (name, kind) in enumerate(zip(table.columns, types_of(X, old), strict=True))
            if kind.kind in "iu" and changed[:, j].any()
        ]
    waiting = _open.get()
    if waiting is None:
        _warn(found)
    else:
        waiting.update(dict.fromkeys(found))  # of the many equal ones of a long training only one


class JudgedTogether:
    """Within this, calls of augmenters count as one: they warn at its end, of columns that none of them has changed.

    Where an augmenter gets few rows at a time, or is at a low strength for some, its changes of these may all be
    rounded away although others are not.
    """

    def __enter__(self):
        self._found = {} if _open.get() is None else None  # None: it is a part of what an outer one judges
        self._token = None if self._found is None else _open.set(self._found)

    def __exit__(self, kind, error, traceback):
        if self._token is not None:
            _open.reset(self._token)
            if kind is None:
                _warn(self._found)


def _warn(found):
    """Warn of the places all of whose changes were lost."""
    kept = {one.place for one in found if not one.is_lost}
    lost = [one for one in found if one.place not in kept]
    if not lost:
        return
    places, owners = list(dict.fromkeys(one.place for one in lost)), list(dict.fromkeys(one.by for one in lost))
    where = f"integers in the columns {listed(places, MAX_NAMES)}" if lost[0].is_column else f"{places[0]} numbers"
    names = ", ".join(dict.fromkeys(name for name, _ in owners))
    strength = owners[0][1] if len(owners) == 1 else ""  # a policy has drawn several
    warnings.warn(
        f"X holds {where}: the changes by {names}{strength} were rounded away. Convert them to floats, or leave them"
        " out.",
        UserWarning,
        stacklevel=caller_level(),
    )
