"""BLAS limits end with the fit, whoever else limits threads, and in forked children; nothing waits for a lock there."""

import ast
import multiprocessing
import os
import pathlib
import threading

import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

import skreg
from skreg._core._cached import cached_property
from skreg.utils._threads import one_blas_thread

FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
ROOT = pathlib.Path(skreg.__file__).parent


def blas_threads():
    return [library["num_threads"] for library in ThreadpoolController().select(user_api="blas").info()]


@pytest.fixture(autouse=True)
def _two_threads():
    """Two BLAS threads, whatever the environment says."""
    with threadpool_limits(2, user_api="blas"):
        if set(blas_threads()) != {2}:
            pytest.skip("BLAS with one thread only")
        yield


def in_thread(function):
    """The result of a function in another thread."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def in_fork(function):
    """The result of a function in a forked child."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send(function()))
    child.start()
    assert receiver.poll(60), "the child hangs"
    result = receiver.recv()
    child.join()
    return result


def test_one_blas_thread__nested_and_after_an_error():
    with one_blas_thread():
        assert set(blas_threads()) == {1}
        with one_blas_thread():
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {1}
    assert set(blas_threads()) == {2}
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        _ = 1 / 0
    assert set(blas_threads()) == {2}


def test_one_blas_thread__shared_by_worker_threads():
    def work():
        with one_blas_thread():
            inside = blas_threads()
        return inside, blas_threads()

    with one_blas_thread():
        inside, after = in_thread(work)
        assert set(inside) == set(after) == {1}
    assert set(blas_threads()) == {2}


def test_one_blas_thread__another_limit_that_begins_and_ends_later():
    # as in joblib's threads: ours begins, the other one stores the number it finds, ours ends, the other restores
    began, ended = threading.Event(), threading.Event()

    def fit():
        with one_blas_thread():
            began.set()
            ended.wait()

    ours = threading.Thread(target=fit)
    ours.start()
    began.wait()
    with threadpool_limits(1, user_api="blas"):
        ended.set()
        ours.join()
    assert set(blas_threads()) == {2}


@FORKS
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # Python 3.12 and later: the process has threads
def test_fork__a_child_has_all_blas_threads():
    with one_blas_thread():
        assert set(in_fork(blas_threads)) == {2}
        assert set(in_thread(lambda: in_fork(blas_threads))) == {2}
        assert set(blas_threads()) == {1}
    assert set(blas_threads()) == {2}


@FORKS
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork__while_another_thread_computes_a_cached_property():
    class Slow:
        def __init__(self, compute):
            self.compute = compute

        @cached_property
        def value(self):
            return self.compute()

    began, ended = threading.Event(), threading.Event()
    slow = Slow(lambda: began.set() or ended.wait())
    thread = threading.Thread(target=lambda: slow.value)
    thread.start()
    began.wait()
    assert in_fork(lambda: Slow(lambda: 3).value) == 3
    assert Slow(lambda: 4).value == 4  # nor does another thread wait
    ended.set()
    thread.join()


def test_cached_property__computed_once():
    class Counted:
        """Counts."""

        n_calls = 0

        @cached_property
        def value(self):
            """A value."""
            self.n_calls += 1
            return self.n_calls

    counted = Counted()
    assert (counted.value, counted.value, Counted().value) == (1, 1, 1)
    assert Counted.value.__doc__ == "A value."
    del counted.value
    assert counted.value == 2


def test_threads__no_file_uses_the_cached_property_of_functools():
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "functools":
                assert "cached_property" not in [alias.name for alias in node.names], path
            elif isinstance(node, ast.Attribute) and node.attr == "cached_property":
                pytest.fail(f"{path}: functools.cached_property holds one lock for all instances in Python 3.11")
