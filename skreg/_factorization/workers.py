"""Threads that share the rows of a kernel; the results do not depend on their number."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

ROW_COST = 8  # entries that cost as much time as the work for a row apart from its entries
CHUNKS = 4  # for each thread, so that none waits long for another


class Workers:
    """A pool of threads; a context manager.

    Parameters
    ----------
    n_threads : int
    """

    def __init__(self, n_threads):
        self.n_threads = n_threads
        self._pool = None

    def __enter__(self):
        if self.n_threads > 1:
            self._pool = ThreadPoolExecutor(self.n_threads)
        return self

    def __exit__(self, *error):
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def run(self, kernel, indptr, *arguments):
        """Call ``kernel(first, last, *arguments)`` on parts of the rows with about as many entries each."""
        n = indptr.size - 1
        if self._pool is None:
            kernel(0, n, *arguments)
            return
        work = indptr + ROW_COST * np.arange(n + 1)
        wanted = np.linspace(0, work[-1], CHUNKS * self.n_threads + 1)
        ends = np.unique(np.r_[0, np.searchsorted(work, wanted[1:-1]), n])
        for done in [
            self._pool.submit(kernel, first, last, *arguments)
            for first, last in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
        ]:
            done.result()
