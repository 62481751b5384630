"""Warnings of a block of code, recorded for every thread apart."""

import contextlib
import sys
import threading
import warnings

_lock = threading.RLock()  # a finalizer, which may run wherever memory is allocated, may warn, too
_running = []  # the `_Block` of every block that is being run
_filters = None  # what restores the filters when the last of them ends
_before = None  # the filters and `warnings.showwarning` as they were before the first


class _Block:
    """The thread of a block, its record, and the threads that it cannot have started."""

    def __init__(self):
        self.thread = threading.get_ident()
        self.record = []
        self.older = set(threading.enumerate())


@contextlib.contextmanager
def recorded_warnings():
    """All warnings of a block as a list of `warnings.WarningMessage`; nobody else sees them.

    The filters that ``warnings.catch_warnings`` changes belong to all threads. Of two that use it at the same time, the
    first to leave lets warnings of the other through, and the second restores what the first had set. Here the first
    block that begins changes the filters, the last one that ends restores them, and each has the warnings of its own
    thread. Those of threads that began later, and may be workers of a fit, go to all blocks that ran before them.

    Warnings of threads that are older than all blocks go to the user, even if the user asks for them once only or as
    errors: a filter counts here only if it ignores a warning in all modules.
    """
    if getattr(sys.flags, "context_aware_warnings", False):  # since Python 3.14, threads can have their own filters
        with warnings.catch_warnings(record=True, action="always") as caught:
            yield caught
        return
    block = _Block()
    _begin(block)
    try:
        yield block.record
    finally:
        _end(block)


def _begin(block):
    global _filters, _before
    with _lock:
        if not _running:
            _before = list(warnings.filters), warnings.showwarning
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
    thread = threading.current_thread()
    with _lock:
        own = [block for block in _running if block.thread == thread.ident]
        blocks = own[-1:] or [block for block in _running if thread not in block.older]
        for block in blocks:
            block.record.append(warnings.WarningMessage(*message))
        filters, show = _before
    if not blocks and not _is_ignored(filters, *message[:2]):
        show(*message)


def _is_ignored(filters, message, category):
    for action, text, kind, module, line in filters:
        everywhere = module is None and line == 0
        if everywhere and issubclass(category, kind) and (text is None or text.match(str(message))):
            return action == "ignore"
    return False
