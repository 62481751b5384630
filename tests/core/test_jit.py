"""Compiled kernels: cached across processes, never stale, safe to interrupt, no trouble where nothing can be written.

`SMALL` is a module of a user; loading it anew stands for a new process where one is not needed. What has to be a
process of its own runs one kernel of the package, which needs no import of scikit-learn.
"""

import importlib.util
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import warnings

import numba
import numpy as np
import pytest
import scipy.sparse as sp
from numba.core import event

import skreg
from skreg._core import _jit, _kernel_cache
from skreg._core.data.base import readonly, unsigned
from skreg._core.parts.designs import CSC, DenseDesign, _updates
from tests.combinations import THOROUGH
from tests.processes import FIND_TESTS

ROOT = pathlib.Path(skreg.__file__).parents[1]
# Names of fields and methods are shared with all parts of the package, so these say that they are tests.
SMALL = """
from typing import NamedTuple
from skreg._core._jit import jitted, njit
from skreg._core import _jit as unused_module

OFFSET = 1.0

@jitted
class Scaled(NamedTuple):
    field_in_test: float

    def value_in_test(self, x):
        return self.field_in_test * shifted(x)

class Other:
    @jitted
    class Scaled(NamedTuple):
        field_in_test: float

        def value_in_test(self, x):
            return -self.field_in_test * shifted(x)

@njit
def shifted(x):
    return x + OFFSET

@njit
def kernel(part, x):
    '''A docstring.'''
    return part.value_in_test(x)
"""
# A kernel that calls methods of a part in another file.
VALUE = """
import numpy as np
from skreg._core.loops.certificates import penalty_value as kernel
from skreg._core.parts.penalties import ElasticNet
one = np.ones(1)
value = kernel(ElasticNet(one, 0.0 * one, -10.0 * one, 10.0 * one), one)
print(value, sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values()))
"""
# A kernel that returns a new array.
ALLOCATING = """
import numpy as np
from skreg._core.loops.certificates import find_active as kernel
from skreg._core.parts.penalties import ElasticNet
one = np.ones(2)
found = kernel(ElasticNet(one, 0.0 * one, -10.0 * one, 10.0 * one), np.arange(2.0), 0.0 * one, 0.9)
print(found, sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values()))
"""
# Two kernels that call functions of one name, which the compiler cannot inline.
NAMESAKES = """
from skreg._core._jit import njit

def make(step):
    @njit
    def inner(n, x):
        if n == 0:
            return x
        return 0.5 * inner(n - 1, x) + step
    return inner

plus, minus = make(1.0), make(-1.0)

@njit
def up(n, x):
    return plus(n, x)

@njit
def down(n, x):
    return minus(n, x)
"""
# A kernel that is compiled in no time.
SHORT = """
from skreg._core.parts.penalties import soft_threshold
value = soft_threshold(3.0, 2.0)
print(value, sum(soft_threshold.stats.cache_hits.values()), sum(soft_threshold.stats.cache_misses.values()))
"""
COMPILED, LOADED = ["1.0", "0", "1"], ["1.0", "1", "0"]


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A function that writes and loads the user's module, as a new process would; its files are in `tmp_path`."""
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(folder))
    monkeypatch.setattr(_kernel_cache, "_warned", set())
    _kernel_cache._is_trusted_folder.cache_clear()

    def load(code=SMALL, name="small_module_of_a_user"):
        path = tmp_path / f"{name}.py"
        path.write_text(code)
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        exec(compile(code, path, "exec"), vars(module))
        return module

    yield load
    _kernel_cache._is_trusted_folder.cache_clear()


def hits(kernel):
    return sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values())


def files(folder):
    return sorted(path.name for path in folder.rglob("*.nbc"))


def start(code, folder=ROOT, **environment):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NUMBA_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out.split()


def run(code, folder=ROOT, **environment):
    return finish(start(code, folder, **environment))


# ---- what a file is used for


def test_cache__a_second_process_compiles_nothing(tmp_path):
    assert run(VALUE, NUMBA_CACHE_DIR=str(tmp_path)) == COMPILED
    assert run(VALUE, NUMBA_CACHE_DIR=str(tmp_path)) == LOADED


def test_cache__loading_does_not_start_the_compiler(tmp_path):
    code = ALLOCATING + "import sys; print('numba.np.linalg' in sys.modules)"  # one of its many registries
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path)) == ["[1]", "0", "1", "True"]
    assert run(code, NUMBA_CACHE_DIR=str(tmp_path)) == ["[1]", "1", "0", "False"]


def test_cache__compiles_after_loading(tmp_path):
    run(ALLOCATING, NUMBA_CACHE_DIR=str(tmp_path))
    assert run(ALLOCATING + VALUE, NUMBA_CACHE_DIR=str(tmp_path)) == ["[1]", "1", "0", *COMPILED]


def test_cache__functions_of_one_name_from_two_processes(tmp_path):
    """As those that `np.sort` and `np.argsort` compile, they stay two where both kernels are loaded."""
    (tmp_path / "namesakes_in_test.py").write_text(NAMESAKES)
    options = dict(PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]), NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    for name, value in (("up", "1.75"), ("down", "-1.75")):
        assert run(f"from namesakes_in_test import {name}; print({name}(3, 0.0))", **options) == [value]
    both = "from namesakes_in_test import up, down; print(up(3, 0.0), down(3, 0.0), *up.stats.cache_hits.values())"
    assert run(both, **options) == ["1.75", "-1.75", "1"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_cache__forked_children_number_functions_apart(tmp_path):
    code = """
    import os
    from skreg._core._jit import FunctionIdentity
    for child in range(3):
        if not os.fork():
            print(next(FunctionIdentity._unique_ids), flush=True)
            os._exit(0)
        os.wait()
    """
    assert len(set(run(code))) == 3


def test_cache__an_edited_callee_in_another_file_is_compiled(tmp_path):
    shutil.copytree(ROOT / "skreg", tmp_path / "skreg", ignore=shutil.ignore_patterns("__pycache__"))
    assert run(VALUE, tmp_path) == COMPILED
    old = files(tmp_path)
    path = tmp_path / "skreg" / "_core" / "parts" / "penalties.py"
    code = path.read_text()
    edited = code.replace("        return self.l1[j] * abs(w) +", "        return 0.5 * self.l1[j] * abs(w) +")
    assert edited != code
    path.write_text(edited)
    # the file of the kernel is unchanged: numba's own cache would not notice
    assert run(VALUE, tmp_path) == ["0.5", "0", "1"]
    assert len(files(tmp_path)) == len(old)  # those of the old code are removed
    path.write_text(code)
    assert run(VALUE, tmp_path) == COMPILED


def test_cache__edits_that_matter(small):
    def value(code, expected_hits):
        module = small(code)
        result = module.kernel(module.Scaled(2.0), 1.0)
        assert hits(module.kernel) == expected_hits
        return result

    compiled, loaded = (0, 1), (1, 0)
    assert value(SMALL, compiled) == 4.0
    assert value(SMALL, loaded) == 4.0
    assert value(SMALL.replace("OFFSET = 1.0", "OFFSET = 2.0"), compiled) == 6.0
    assert value(SMALL.replace("self.field_in_test * shifted", "3.0 * self.field_in_test * shifted"), compiled) == 12.0
    assert value(SMALL.replace("x + OFFSET", "x - OFFSET"), compiled) == 0.0
    assert value(SMALL, compiled) == 4.0
    moved_and_explained = "# a comment\n\n" + SMALL.replace("A docstring", "Another docstring")
    assert value(moved_and_explained, loaded) == 4.0


def test_cache__files_of_old_code_are_removed(small, tmp_path):
    for code in (SMALL, "\n\n" + SMALL.replace("OFFSET = 1.0", "OFFSET = 2.0")):
        module = small(code)
        module.kernel(module.Scaled(2.0), 1.0)
        assert len(files(tmp_path)) == 2  # of `kernel` and `shifted`


def test_cache__classes_of_one_name_and_equal_fields(small):
    for _ in range(2):
        module = small()
        changed = SMALL.replace("self.field_in_test * shifted", "10.0 * self.field_in_test * shifted")
        other = small(changed, "another_module")
        assert module.kernel(module.Scaled(2.0), 1.0) == 4.0
        assert module.kernel(module.Other.Scaled(2.0), 1.0) == -4.0
        assert module.kernel(other.Scaled(2.0), 1.0) == 40.0
        assert module.kernel(other.Other.Scaled(2.0), 1.0) == -40.0
    assert hits(module.kernel) == (4, 0)


def test_cache__a_part_inside_a_function(small):
    module = small()

    def local(factor):
        class Scaled(module.NamedTuple):
            field_in_test: float

            def value_in_test(self, x):
                return factor * self.field_in_test * x

        return module.jitted(Scaled)

    for factor in (1.0, 2.0):  # no other process can find the class: compiled each time, not stored
        before = hits(module.kernel)
        assert module.kernel(local(factor)(3.0), 1.0) == 3.0 * factor
        assert hits(module.kernel) == (before[0], before[1] + 1)


def test_cache__parts_of_a_script(tmp_path):
    script = tmp_path / "script.py"
    code = SMALL + "\nprint(kernel(Scaled(2.0), 1.0), sum(kernel.stats.cache_hits.values()))\n"
    environment = dict(os.environ, PYTHONPATH=str(ROOT), NUMBA_CACHE_DIR=str(tmp_path / "cache"))

    def output(code):
        script.write_text(code)
        return subprocess.check_output([sys.executable, script], env=environment, text=True).split()

    assert output(code) == ["4.0", "0"]
    assert output(code) == ["4.0", "1"]
    assert output(code.replace("self.field_in_test *", "5.0 * self.field_in_test *")) == ["20.0", "0"]


def test_cache__parts_of_a_module_that_is_being_imported(tmp_path):
    # numba imports it again, and in another thread would wait for the first import, which waits for the kernel
    (tmp_path / "module.py").write_text(SMALL + "\nVALUE = kernel(Scaled(2.0), 1.0)\n")
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    code = "import module; print(module.VALUE, sum(module.kernel.stats.cache_hits.values()))"
    for hits in ("0", "1"):
        environment = dict(os.environ, PYTHONPATH=path, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
        out = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True, timeout=120)
        assert out.split() == ["4.0", hits]


def test_cache__environments_that_share_a_folder(small, monkeypatch, tmp_path):
    module = small()
    module.kernel(module.Scaled(2.0), 1.0)
    of_first = files(tmp_path)
    monkeypatch.setattr(numba, "__version__", "99")
    module = small()
    module.kernel(module.Scaled(2.0), 1.0)
    assert hits(module.kernel) == (0, 1)
    assert set(of_first) < set(files(tmp_path))
    monkeypatch.undo()


# ---- files that cannot be used


def damage(content):
    return content[: len(content) // 2]


def other_content(content):
    return _kernel_cache.pickle.dumps(("valid", "pickle"))


@pytest.mark.parametrize("change", [damage, other_content, lambda content: b""])
def test_cache__a_damaged_file_is_replaced(small, tmp_path, change):
    module = small()
    module.kernel(module.Scaled(2.0), 1.0)
    good = {path: path.read_bytes() for path in tmp_path.rglob("*.nbc")}
    for path, content in good.items():
        path.write_bytes(change(content))
    module = small()
    assert module.kernel(module.Scaled(2.0), 1.0) == 4.0
    module = small()
    module.kernel(module.Scaled(2.0), 1.0)
    assert hits(module.kernel) == (1, 0)


def test_cache__swapped_files_are_replaced(small, tmp_path):
    module = small()
    for scaled in (module.Scaled, module.Other.Scaled):
        module.kernel(scaled(2.0), 1.0)
    first, second = (path for path in tmp_path.rglob("*.nbc") if ".kernel." in path.name)
    contents = first.read_bytes(), second.read_bytes()
    second.write_bytes(contents[0])
    first.write_bytes(contents[1])
    module = small()
    assert module.kernel(module.Scaled(2.0), 1.0) == 4.0
    assert module.kernel(module.Other.Scaled(2.0), 1.0) == -4.0
    assert hits(module.kernel) == (0, 2)


def test_cache__a_file_that_numba_cannot_rebuild(small, tmp_path):
    module = small()
    module.kernel(module.Scaled(2.0), 1.0)
    for path in tmp_path.rglob("*.nbc"):  # as intact as a file can be, but not machine code
        path.unlink()
        _kernel_cache._write(path, _kernel_cache.pickle.dumps(("not", "code")))
    module = small()
    with pytest.warns(RuntimeWarning, match="kernels cannot be read") as caught:
        assert module.kernel(module.Scaled(2.0), 1.0) == 4.0
    assert len(caught) == 1
    module = small()
    assert module.kernel(module.Scaled(2.0), 1.0) == 4.0
    assert hits(module.kernel) == (1, 0)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX permissions")
class TestTrust:
    """Nothing is unpickled that another user may have written."""

    def check_refused(self, small):
        module = small()
        with pytest.warns(RuntimeWarning, match="Other users can write to") as caught:
            assert module.kernel(module.Scaled(2.0), 1.0) == 4.0
        assert len(caught) == 1
        assert hits(module.kernel) == (0, 1)

    @pytest.mark.parametrize("mode", [0o777, 0o722])
    @pytest.mark.parametrize("parent", [False, True])
    def test_folder(self, small, tmp_path, mode, parent):
        module = small()
        module.kernel(module.Scaled(2.0), 1.0)
        (inner,) = (tmp_path / "cache").iterdir()
        before = files(tmp_path)
        (inner.parent if parent else inner).chmod(mode)
        _kernel_cache._is_trusted_folder.cache_clear()
        self.check_refused(small)
        assert files(tmp_path) == before

    def test_folder_with_the_sticky_bit(self, small, tmp_path):
        (tmp_path / "cache").chmod(0o1777)
        for expected in ((0, 1), (1, 0)):
            module = small()
            module.kernel(module.Scaled(2.0), 1.0)
            assert hits(module.kernel) == expected

    @pytest.mark.parametrize("mode", [0o646, 0o666])
    def test_file(self, small, tmp_path, mode):
        module = small()
        module.kernel(module.Scaled(2.0), 1.0)
        for path in tmp_path.rglob("*.nbc"):
            path.chmod(mode)
        self.check_refused(small)

    def test_owner(self, small, tmp_path, monkeypatch):
        module = small()
        module.kernel(module.Scaled(2.0), 1.0)
        stranger = os.geteuid() + 1
        monkeypatch.setattr(_kernel_cache.os, "geteuid", lambda: stranger)
        if tmp_path.stat().st_uid == 0:  # root's files are everybody's
            monkeypatch.setattr(_kernel_cache, "_only_owner_writes", lambda status: status.st_uid == stranger)
        _kernel_cache._is_trusted_folder.cache_clear()
        self.check_refused(small)

    def test_files_are_writable_by_the_owner_only(self, tmp_path):
        umask = os.umask(0)
        try:
            _kernel_cache._write(tmp_path / "file.nbc", b"")
        finally:
            os.umask(umask)
        assert stat.S_IMODE((tmp_path / "file.nbc").stat().st_mode) == 0o644


# ---- nothing can be written, or numba has changed


def test_cache__no_folder_can_be_written(tmp_path):
    broken = tmp_path / "nowhere"  # a file where numba wants a folder stops root too, whom permissions do not
    broken.write_text("")
    value, *_ = run(VALUE, NUMBA_CACHE_DIR=str(broken / "cache"))
    assert value == "1.0"
    assert broken.is_file()


def test_cache__the_folder_breaks_while_running(small, tmp_path):
    module = small()
    module.shifted(1)
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert module.kernel(module.Scaled(2.0), 1.0) == 4.0
    assert len(caught) <= 1


def test_numba__no_memory_manager_of_that_name(small, monkeypatch):
    module = small()
    module.kernel(module.Scaled(2.0), 1.0)
    monkeypatch.setattr(_kernel_cache, "rtsys", None)
    module = small()
    assert module.kernel(module.Scaled(2.0), 1.0) == 4.0
    assert hits(module.kernel) == (1, 0)


@pytest.mark.parametrize("name", ["reduce", "rebuild", "check_cachable"])
def test_numba__changed_private_methods(small, monkeypatch, name):
    module = small()
    module.kernel(module.Scaled(2.0), 1.0)

    def changed(self, other, parameters, entirely):
        raise AssertionError

    monkeypatch.setattr(_kernel_cache.FunctionCache._impl_class, name, changed)
    code = SMALL if name == "rebuild" else SMALL.replace("OFFSET = 1.0", "OFFSET = 2.0")
    module = small(code)
    with pytest.warns(RuntimeWarning, match=r"kernels cannot be (read|stored), so every process") as caught:
        assert module.kernel(module.Scaled(2.0), 1.0) == (4.0 if name == "rebuild" else 6.0)
    assert len(caught) == 1


def test_numba__changed_constructor_of_the_cache(small, monkeypatch):
    monkeypatch.setattr(_kernel_cache.FunctionCache, "__init__", lambda self: None)
    module = small()
    with pytest.warns(RuntimeWarning, match="has another interface, so every process compiles") as caught:
        assert module.kernel(module.Scaled(2.0), 1.0) == 4.0
    assert len(caught) == 1


# ---- at the same moment


def test_jit__processes_that_compile_at_the_same_moment(tmp_path):
    single = SHORT.replace("(3.0, 2.0)", "(3.0, 2)")
    environment = dict(NUMBA_CACHE_DIR=str(tmp_path))
    first, last = ((SHORT, single, SHORT), single) if THOROUGH else ((SHORT, SHORT), SHORT)
    for expected, codes in (("0", first), ("1", (last,))):
        for process in [start(code, **environment) for code in codes]:
            value, loaded, _ = finish(process)
            assert value == "1.0"
            assert loaded >= expected
    assert not list(tmp_path.rglob("*.tmp"))


def test_jit__threads_that_compile_at_the_same_moment(small):
    module = small()
    wait = threading.Barrier(8)
    results = {}

    def work(k):
        wait.wait()
        results[k] = module.kernel([module.Scaled, module.Other.Scaled][k % 2](2.0), [1.0, 1][k // 2 % 2])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {k: [4.0, -4.0][k % 2] for k in range(8)}


# ---- interrupts


class Interrupt(event.Listener):
    """Sends SIGINT to the main thread when the compiler begins for the nth time."""

    def __init__(self, moment):
        self.moment, self.count = moment, 0

    def on_start(self, event):
        if self.count == self.moment:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        self.count += 1

    def on_end(self, event):
        pass


POSIX_SIGNALS = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="sends signals to a thread")


@POSIX_SIGNALS
@pytest.mark.parametrize("moment", range(3))  # the kernel, the method, the function that the method calls
def test_interrupt__while_a_kernel_compiles(small, moment):
    module = small()
    listener = Interrupt(moment)
    event.register("numba:compile", listener)
    try:
        with pytest.raises(KeyboardInterrupt):
            module.kernel(module.Scaled(2.0), 1.0)
    finally:
        event.unregister("numba:compile", listener)
    assert module.kernel(module.Scaled(2.0), 1.0) == 4.0
    assert module.kernel(module.Other.Scaled(2.0), 1.0) == -4.0
    module = small()
    assert module.kernel(module.Scaled(2.0), 1.0) == 4.0
    assert hits(module.kernel) == (1, 0)  # what was interrupted is compiled, and stored


@POSIX_SIGNALS
def test_interrupt__of_the_main_thread_does_not_end_a_compilation_in_another(small):
    module = small()
    listener = Interrupt(0)
    event.register("numba:compile", listener)
    results, done = [], threading.Event()

    def work():
        results.append(module.kernel(module.Scaled(2.0), 1.0))
        done.set()

    def start_and_wait():  # in one call: the interrupt may come before the thread has started
        threading.Thread(target=work).start()
        done.wait(60)

    try:
        with pytest.raises(KeyboardInterrupt):
            start_and_wait()
    finally:
        event.unregister("numba:compile", listener)
    assert done.wait(60)
    assert results == [4.0]


INTERRUPTED = """
import signal, sys, threading, warnings
import numpy as np
from skreg import ElasticNetProx
from skreg._core.loops.certificates import penalty_value
from skreg._core.parts.penalties import ElasticNet
moment, alpha, calls = int(sys.argv[1]), float(sys.argv[2]), 0

def count(frame, kind, argument):
    global calls
    calls += kind == "call"
    if calls == moment:
        calls += 1
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

def work():
    if alpha == 0.0:
        one = np.ones(1)
        return [penalty_value(ElasticNet(one, one, -one, one), one)]
    X = np.random.default_rng(0).standard_normal((30, 5))
    return ElasticNetProx(alpha).fit(X, X @ np.arange(5.0)).coef_

threading.setprofile(count)
sys.setprofile(count)
interrupted = False
try:
    work()
except KeyboardInterrupt:
    interrupted = True
finally:
    sys.setprofile(None)
    threading.setprofile(None)
total = calls
print(total, interrupted, *work())
"""


@POSIX_SIGNALS
def test_interrupt__at_random_moments_of_a_first_fit(tmp_path):
    """Moments are counted in calls of Python functions, of which most are the compiler's."""

    def outcome(moment):
        environment = dict(os.environ, PYTHONPATH=str(ROOT), NUMBA_CACHE_DIR=str(tmp_path / str(moment)))
        command = [sys.executable, "-c", INTERRUPTED, str(moment), str(alpha)]
        total, interrupted, *coef = subprocess.check_output(command, env=environment, text=True).split()
        return int(total), interrupted == "True", [float(c) for c in coef]

    alpha, moments, expected = 0.0, [400_000], [1.5]  # of one kernel, which is enough for other profiles
    if THOROUGH:
        alpha = 0.1
        total, *_ = outcome(-1)
        moments = np.random.default_rng(0).integers(int(0.95 * total), size=20)  # the total varies a little
        X = np.random.default_rng(0).standard_normal((30, 5))
        expected = skreg.ElasticNetProx(alpha).fit(X, X @ np.arange(5.0)).coef_.tolist()
    for moment in moments:
        _, interrupted, coef = outcome(moment)
        assert interrupted
        assert coef == expected


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_fork__waits_for_the_compiler(small):
    module = small()
    began = threading.Event()

    class Began(Interrupt):
        def on_start(self, event):
            began.set()

    listener = Began(0)
    event.register("numba:compile", listener)
    thread = threading.Thread(target=lambda: module.kernel(module.Scaled(2.0), 1.0))
    thread.start()
    began.wait()
    event.unregister("numba:compile", listener)
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # ends a child that hangs
        os._exit(module.kernel(module.Other.Scaled(2.0), 1.0) != -4.0)
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


# ---- the same numbers


PLAIN = """
import numpy as np
from skreg import ElasticNetProx
from tests.problems import DESIGNS, PENALTIES, regression
X, y = regression(15, 6)
for kind in ("dense", "float32", "csc"):
    for penalty in PENALTIES:
        for solver in ("cd", "gram", "prox_grad"):
            options = dict(solver=solver, max_iter=30, tol=1e-4, **penalty.of(6))
            print(*ElasticNetProx(0.05, **options).fit(DESIGNS[kind](X), y, np.arange(15) % 3).coef_)
"""


@pytest.mark.filterwarnings("ignore")
def test_jit__compiled_is_plain_python(capsys):
    process = start(FIND_TESTS + PLAIN, NUMBA_DISABLE_JIT="1", PYTHONWARNINGS="ignore")
    exec(PLAIN, {})
    compiled = [float(v) for v in capsys.readouterr().out.split()]
    plain = [float(v) for v in finish(process)]
    assert len(plain) == 3 * 15 * 3 * 6
    assert compiled == pytest.approx(plain, rel=1e-6, abs=1e-9)


def test_jit_off__functions_stay_plain(monkeypatch):
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert _jit.njit(damage) is damage


# ---- methods


@pytest.mark.plain
def test_jitted__method_names_do_not_clash():
    from typing import NamedTuple

    with pytest.raises(TypeError, match=r"Bad\.prox must take"):

        @_jit.jitted
        class Bad(NamedTuple):
            x: float

            def prox(self, other):
                return other

    with pytest.raises(TypeError, match="names of both fields and methods"):

        @_jit.jitted
        class Worse(NamedTuple):
            prox: float

    _jit._FIELDS.discard("prox")


@pytest.mark.plain
def test_njit__compiles_what_it_is_given():
    @_jit.njit
    def twice(x):
        return 2 * x

    assert twice(3) == 6


def test_methods__have_no_wrapper_for_c(small):
    module, compiled = small(), []

    class Listener(event.Listener):
        def on_start(self, event):
            compiled.append(event.data["dispatcher"])

        def on_end(self, event):
            pass

    with event.install_listener("numba:compile", Listener()):
        module.kernel(module.Scaled(2.0), 1.0)
    assert [d.py_func.__name__ for d in compiled] == ["kernel", "value_in_test", "shifted"]
    assert all(d.targetoptions["no_cfunc_wrapper"] for d in compiled)


@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_inlined_method__loops_over_columns_count_no_references(index):
    X = sp.random(6, 3, 0.5, format="csc", random_state=0)
    arrays = X.data, unsigned(X.indices.astype(index)), unsigned(X.indptr.astype(index))
    sparse = CSC(*map(readonly, arrays), np.arange(3), np.zeros(3), np.ones(3), 6.0)
    dense = DenseDesign(readonly(X.toarray().T.copy()), *sparse[3:6])
    _jit._publish_methods()
    kernel = numba.njit(**_jit.OPTIONS)(_updates.py_func)
    for design, state in ((dense, np.zeros(6)), (sparse, np.zeros(7))):
        kernel(design, np.arange(3), np.ones(3), np.ones(1), state)
        np.testing.assert_allclose(state[:6], X.toarray().sum(axis=1))
    for code in kernel.inspect_llvm().values():
        assert "call void @NRT_incref" not in code
