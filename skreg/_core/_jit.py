"""njit defaults, compile-time method dispatch for NamedTuple classes, and a kernel cache that is never stale."""

import contextlib
import functools
import hashlib
import inspect
import os
import pathlib
import pickle
import uuid

import numba
from numba import types
from numba.extending import overload_method

# Sums may be reordered and fused so that loops vectorize, but NaN and inf keep their meaning (`fastmath=True` would
# let the compiler assume that there are none).
OPTIONS = dict(fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")


@functools.cache
def source_stamp(*folders):
    """Hash of every source file in some folders and of numba's version: what a compiled kernel depends on."""
    digest = hashlib.sha256(numba.__version__.encode())
    for folder in folders:
        for path in sorted(pathlib.Path(folder).glob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class KernelFiles:
    """One file for each compiled signature, named by all that its machine code depends on.

    It stands in for numba's `IndexDataCacheFile`, whose stamp is the one file of the entry function (an edit of a
    callee would run old code), and whose numbered data files can be swapped when two processes compile different
    signatures of a kernel at the same moment. A file that cannot be read or written only costs a compilation.
    """

    def __init__(self, folder, base, stamp):
        self.folder, self.base, self.stamp = pathlib.Path(folder), base, stamp

    def _path(self, key):
        return self.folder / f"{self.base}.{self.stamp}.{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}.nbc"

    def load(self, key):
        try:
            return pickle.loads(self._path(key).read_bytes())
        except Exception:  # missing, unreadable or damaged: compile again
            return None

    def save(self, key, data):
        path = self._path(key)
        temporary = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
        try:
            temporary.write_bytes(pickle.dumps(data, protocol=-1))
            os.replace(temporary, path)  # atomic: no process ever reads half a file
            for old in self.folder.glob(f"{self.base}.*.nbc"):
                if not old.name.startswith(f"{self.base}.{self.stamp}."):
                    old.unlink(missing_ok=True)
        except OSError:
            temporary.unlink(missing_ok=True)

    def flush(self):
        for path in self.folder.glob(f"{self.base}.*.nbc"):
            path.unlink(missing_ok=True)


_CORE = pathlib.Path(__file__).parent


def njit(function):
    """Compile lazily, release the GIL, and cache on disk wherever a folder can be written."""
    try:
        kernel = numba.njit(cache=True, nogil=True, **OPTIONS)(function)
        cache = kernel._cache
        own = pathlib.Path(function.__code__.co_filename).parent
        stamp = source_stamp(*sorted({_CORE, own}))
        cache._cache_file = KernelFiles(cache.cache_path, cache._impl.filename_base, stamp)
        cache._guard_against_spurious_io_errors = lambda: contextlib.suppress(OSError)  # the folder may vanish later
        return kernel
    except (RuntimeError, OSError, AttributeError):  # no writable folder, numba's internals changed, or the JIT is off
        return numba.njit(nogil=True, **OPTIONS)(function)


_FIELDS = set()
_METHODS = {}  # method name -> (parameter names, {NamedTuple class: function})


def _publish(name, signature):
    table = {}

    def select(self, *args):
        return table.get(self.instance_class)

    select.__signature__ = signature  # numba folds the arguments of a call with it
    overload_method(types.BaseNamedTuple, name, jit_options=OPTIONS)(select)
    return list(signature.parameters), table


def jitted(cls):
    """Let compiled code call the public methods that a NamedTuple class defines.

    A method name stands for one set of parameter names in all classes, and for no field in any: the compiler would take
    the field for the method.
    """
    _FIELDS.update(cls._fields)
    for name, function in vars(cls).items():
        if inspect.isfunction(function) and not name.startswith("_"):
            signature = inspect.signature(function)
            if name not in _METHODS:
                _METHODS[name] = _publish(name, signature)
            parameters, table = _METHODS[name]
            if list(signature.parameters) != parameters:
                raise TypeError(f"{cls.__name__}.{name} must take {parameters}")
            table[cls] = function
    if clash := _FIELDS & _METHODS.keys():
        raise TypeError(f"{cls.__name__}: {sorted(clash)} are names of both fields and methods")
    return cls
