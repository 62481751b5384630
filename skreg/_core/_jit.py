"""How kernels are compiled: options, methods of NamedTuples, a cache on disk, and no harm from interrupts."""

import concurrent.futures
import inspect
import itertools
import os
import sys
import threading

import numba
from numba import types
from numba.extending import overload_method

from ._kernel_cache import KernelCache, warn_once

try:
    from numba.core.compiler_lock import global_compiler_lock as _compiler_lock
except ImportError:  # numba has moved it; kernels are then compiled as numba does it, without our cache
    _compiler_lock = None
try:
    from numba.core.bytecode import FunctionIdentity
except ImportError:
    FunctionIdentity = None

# Sums may be reordered and fused so that loops vectorize, but NaN and inf keep their meaning (`fastmath=True` would
# let the compiler assume that there are none).
# Nobody calls compiled code from C: the wrapper for that would take a fifth of the time to compile.
OPTIONS = dict(fastmath={"reassoc", "contract", "nsz"}, error_model="numpy", no_cfunc_wrapper=True)


def njit(function, **options):
    """Compile a function on its first call; release the GIL; cache on disk wherever a folder can be written."""
    kernel = numba.njit(nogil=True, **{**OPTIONS, **options})(function)
    if _compiler_lock is not None and hasattr(kernel, "compile"):  # a plain function where the JIT is off
        kernel.compile = Compiler(kernel)
    return kernel


def inlined(function, **options):
    """As `njit`, for a short function: its code becomes a part of every kernel that calls it.

    A call passes seven numbers for each array, which costs as much as a loop over a hundred floats.
    """
    return njit(function, forceinline=True, **options)


def _is_importing():
    """Whether a module is being imported: the compiler, in another thread, could have to wait for it."""
    specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
    return any(getattr(spec, "_initializing", False) for spec in specs)


class Compiler:
    """Stands in for `kernel.compile`: uses our cache, and compiles in a thread of its own.

    Where an exception ends a compilation in the middle, numba keeps what it has, and later compilations fail. Signals
    raise exceptions in the main thread only. So an interrupt ends the wait for the compiler, not the compiler: the
    caller gets its KeyboardInterrupt at once, and the kernel is complete when it is needed next.
    """

    def __init__(self, kernel):
        self._kernel, self._compile = kernel, kernel.compile
        self._has_cache = False

    def __call__(self, sig):
        called_by_compiler = _compiler_lock.is_locked()  # by this thread: another kernel calls this one
        if called_by_compiler or _is_importing():
            return self._run(sig)
        result = concurrent.futures.Future()

        def work():
            try:
                result.set_result(self._run(sig))
            except BaseException as error:
                result.set_exception(error)

        try:
            threading.Thread(target=work, name="skreg-compiler").start()
        except RuntimeError:  # no more threads, or none any longer: the interpreter is shutting down
            work()
        return result.result()

    def cache_folder(self):
        """Where the kernel's machine code is stored, None where it is not."""
        with _compiler_lock:
            self._add_cache()
        return self._kernel._cache.cache_path

    def _run(self, sig):
        with _compiler_lock:
            self._add_cache()
            if not isinstance(self._kernel._cache, KernelCache):
                _publish_methods()
            return self._compile(sig)

    def _add_cache(self):
        if self._has_cache:
            return
        self._has_cache = True
        try:
            self._kernel._cache = KernelCache(self._kernel, before_compiling=_publish_methods)
        except (RuntimeError, OSError):  # no folder can be written
            pass
        except Exception as error:
            text = f"The cache of numba {numba.__version__} has another interface, so every process compiles: {error!r}"
            warn_once("interface", text)


def _number_functions():
    """Let numba count compiled functions from a number that no other process counts from.

    The number tells functions of one name apart, such as those inside of `np.sort` and `np.argsort`. Machine code of
    two processes is loaded together: where both have a function of the same name and number, only one would be kept.
    """
    if hasattr(FunctionIdentity, "_unique_ids"):
        FunctionIdentity._unique_ids = itertools.count(int.from_bytes(os.urandom(7), "big"))


_number_functions()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_number_functions)
if _compiler_lock is not None and hasattr(os, "register_at_fork"):
    # a child forked while a thread compiles would find the lock taken for ever
    os.register_at_fork(
        before=_compiler_lock.acquire,
        after_in_parent=_compiler_lock.release,
        after_in_child=_compiler_lock.release,
    )


def not_compiled(method):
    """Mark a public method of a `jitted` class as plain Python, for vectorized NumPy that no kernel calls."""
    method.is_compiled = False
    return method


def inlined_method(method):
    """Mark a method of a `jitted` class as `inlined`, and with it those of the same name in all classes.

    The compiler removes the counting of references only where it sees all of a loop: a call for each coordinate counts
    every array of its arguments twice, which takes as long as two hundred multiplications. A mark counts only until the
    first kernel is compiled: from then on numba knows the method of that name.
    """
    method.is_inlined = True
    return method


_FIELDS = set()
_METHODS = {}  # method name -> (signature, {NamedTuple class: function})
_unpublished = []  # names of methods that numba does not know yet


def _publish_methods():
    """Tell numba of all methods, which takes a tenth of a second: kernels from the cache do not need them."""
    while _unpublished:
        name = _unpublished.pop()
        signature, table = _METHODS[name]

        def select(self, *args, table=table):
            return table.get(self.instance_class)

        select.__signature__ = signature  # numba folds the arguments of a call with it
        is_inlined = any(getattr(function, "is_inlined", False) for function in table.values())
        options = dict(OPTIONS, forceinline=True) if is_inlined else OPTIONS
        overload_method(types.BaseNamedTuple, name, jit_options=options)(select)


def jitted(cls):
    """Let compiled code call the public methods that a NamedTuple class defines.

    A method has the same parameter names in all classes, since numba looks them up before it knows the class. No field
    of any class may have the name of a method: numba would take the field for the method.

    Functions that call the methods are compiled by `njit` of this module. It tells numba of the methods before it
    compiles; a function under `numba.njit` that calls one may be compiled before that, which raises a TypingError.
    """
    _FIELDS.update(cls._fields)
    for name, function in vars(cls).items():
        is_compiled = inspect.isfunction(function) and getattr(function, "is_compiled", True)
        if is_compiled and not name.startswith("_"):
            signature = inspect.signature(function)
            if name not in _METHODS:
                _METHODS[name] = signature, {}
                _unpublished.append(name)
            known, table = _METHODS[name]
            if list(signature.parameters) != list(known.parameters):
                raise TypeError(f"{cls.__name__}.{name} must take {list(known.parameters)}")
            table[cls] = function
    if _compiler_lock is None:  # compilations do not begin in `Compiler`
        _publish_methods()
    if clash := _FIELDS & _METHODS.keys():
        raise TypeError(f"{cls.__name__}: {sorted(clash)} are names of both fields and methods")
    return cls
