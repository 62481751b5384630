"""One thread for BLAS while many small products alternate with kernels."""

import contextlib
import functools
import os
import threading

from threadpoolctl import ThreadpoolController

_limit = None  # the limit in force: the libraries, and how many threads each had


@functools.cache
def _libraries():
    return ThreadpoolController().select(user_api="blas").lib_controllers


@contextlib.contextmanager
def one_blas_thread():
    """Limit BLAS to one thread inside a fit: on small products, more threads cost more than they save.

    The number of BLAS threads belongs to the whole process, and whoever limits it stores the number it found, to
    restore it later. Two limits in different threads can therefore end in the wrong order, and leave one thread for
    good. So only a fit in the main thread sets a limit; its worker threads share it. A fit in another thread uses as
    many BLAS threads as it finds.
    """
    global _limit
    if _limit is not None or threading.current_thread() is not threading.main_thread():
        yield
        return
    try:
        # not `ThreadpoolController.limit`, which takes as long as some predictions
        _limit = [(library, library.get_num_threads()) for library in _libraries()]
        for library, _ in _limit:
            library.set_num_threads(1)
        yield
    finally:
        _lift()


def _lift():
    global _limit
    if _limit is not None:  # a forked child has lifted it already
        for library, n_threads in _limit:
            library.set_num_threads(n_threads)
        _limit = None


if hasattr(os, "register_at_fork"):
    # a child process does not leave the `with` block that its parent was in
    os.register_at_fork(after_in_child=_lift)
