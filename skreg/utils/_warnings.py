"""Warnings of a block of code, recorded for every thread apart."""

import contextlib
import sys
import threading
import warnings

_lock = threading.Lock()
_running = []  # pairs of a thread and its record, for every block that is being run
_filters = None  # what restores the filters when the last of them ends


@contextlib.contextmanager
def recorded_warnings():
    """All warnings of a block as a list of `warnings.WarningMessage`; nobody else sees them.

    The filters that ``warnings.catch_warnings`` changes belong to all threads. Of two that use it at the same time, the
    first to leave lets warnings of the other through, and the second restores what the first had set. Here the first
    block that begins changes the filters, the last one that ends restores them, and each has the warnings of its own
    thread. Those of threads without a block, which a fit may have started, go to all.
    """
    if getattr(sys.flags, "context_aware_warnings", False):  # since Python 3.14, threads can have their own filters
        with warnings.catch_warnings(record=True, action="always") as caught:
            yield caught
        return
    block = threading.get_ident(), []
    _begin(block)
    try:
        yield block[1]
    finally:
        _end(block)


def _begin(block):
    global _filters
    with _lock:
        if not _running:
            _filters = warnings.catch_warnings(action="always")
            _filters.__enter__()
            warnings.showwarning = _record
        _running.append(block)


def _end(block):
    with _lock:
        _running[:] = [one for one in _running if one is not block]
        if not _running:
            _filters.__exit__(None, None, None)


def _record(*message):
    thread = threading.get_ident()
    with _lock:
        own = [record for of, record in _running if of == thread]
        for record in own[-1:] or [record for _, record in _running]:
            record.append(warnings.WarningMessage(*message))
