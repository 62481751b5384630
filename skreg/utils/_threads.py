"""One thread for BLAS while many small products alternate with kernels."""

import contextlib
import functools
import threading

from threadpoolctl import ThreadpoolController  # scikit-learn depends on it

_lock = threading.Lock()
_inside = 0
_limit = None


@functools.cache
def _controller():
    return ThreadpoolController()


@contextlib.contextmanager
def one_blas_thread():
    """Hold BLAS to one thread: for small products its threads cost more than they bring, and fight for busy cores.

    The limit is the process's. Fits in several threads share it: the first sets it, the last lifts it.
    """
    global _inside, _limit
    with _lock:
        if _inside == 0:
            _limit = _controller().limit(limits=1, user_api="blas")
            _limit.__enter__()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _limit.__exit__(None, None, None)
