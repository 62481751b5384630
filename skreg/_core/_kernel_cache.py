"""Machine code on disk, one file for each kernel, signature and environment, named by all the code it was made from.

numba's own cache notices only edits of the file that defines the kernel. A kernel also contains the code of the
functions it calls, the methods of the parts it is given (penalties, losses, layers) and the values of global names.
`fingerprint` follows all of them, so a file is used only for the code it was compiled from. What `numba.extending`
registers for a function is not followed, but the function's attribute `compiled_from`, which should be its source.

Loading a file runs code, so a file is only loaded if nobody but its owner, who is the user or root, can write it.
"""

import contextlib
import functools
import hashlib
import os
import pathlib
import pickle
import stat
import sys
import types as python_types
import uuid
import warnings

import llvmlite
import numba
import numpy as np
from numba import types

try:
    from numba.core.caching import FunctionCache
except ImportError:  # numba has moved it; `KernelCache` then fails when it is made, and nothing is cached
    FunctionCache = object
try:
    from numba.core.runtime import rtsys
except ImportError:
    rtsys = None

_KNOWN_MODULES = {"builtins", "math", "numba", "numpy", "scipy"}  # their versions stand for their contents
_HASH_SIZE = 32  # bytes of a SHA-256
_FORMAT = "functions numbered by process"  # of files: those of another format are not read


def _digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


_warned = set()


def warn_once(subject, message):
    """Warn, but once for a subject: there are many kernels."""
    if subject not in _warned:
        _warned.add(subject)
        warnings.warn(message, RuntimeWarning, stacklevel=2)


def _warn_of_error(action, error):
    reason = f"{type(error).__name__}: {error}"
    warn_once(action, f"Compiled kernels cannot be {action}, so every process compiles them: {reason}")


def _full_name(thing):
    return f"{thing.__module__}.{thing.__qualname__}"


def _repr(value):
    """`repr`, but sorted for sets, whose order differs from process to process."""
    return repr(sorted(map(repr, value)) if isinstance(value, (set, frozenset)) else value)


def _describe_code(code, docstring):
    constants = [
        _describe_code(c, None) if isinstance(c, python_types.CodeType) else _repr(c)
        for c in code.co_consts
        if docstring is None or c != docstring
    ]
    return repr((code.co_code.hex(), code.co_varnames, code.co_freevars, code.co_names, constants))


def _all_names(code):
    return set(code.co_names).union(*(_all_names(c) for c in code.co_consts if isinstance(c, python_types.CodeType)))


def _references(function):
    """Names outside a function that its code may use, and their values."""
    names = sorted(_all_names(function.__code__))
    cells = function.__closure__ or ()
    found = {f"cell {i}": cell.cell_contents for i, cell in enumerate(cells)}
    found |= {name: function.__globals__[name] for name in names if name in function.__globals__}
    for module_name, module in list(found.items()):
        if isinstance(module, python_types.ModuleType) and module.__name__.partition(".")[0] not in _KNOWN_MODULES:
            found |= {f"{module_name}.{name}": getattr(module, name) for name in names if hasattr(module, name)}
    return found


def _describe(thing):
    """What compiled code takes from a function, class or constant, and the list of things that it refers to."""
    if hasattr(thing, "py_func"):
        text, more = _describe(thing.py_func)
        options = {name: _repr(value) for name, value in thing.targetoptions.items()}
        return f"{text} {sorted(options.items())}", more
    if isinstance(thing, python_types.ModuleType):
        return thing.__name__, []
    if isinstance(thing, (python_types.FunctionType, type)) and thing.__module__.partition(".")[0] in _KNOWN_MODULES:
        return _full_name(thing), []
    if isinstance(thing, python_types.FunctionType):
        references = _references(thing)
        names = {name: getattr(value, "__qualname__", "") for name, value in references.items()}
        code = _describe_code(thing.__code__, thing.__doc__)
        replaced = getattr(thing, "compiled_from", None)  # by other code, which `numba.extending` registered
        return repr((_full_name(thing), code, thing.__defaults__, names, replaced)), list(references.values())
    if isinstance(thing, type):
        methods = [m for k, m in vars(thing).items() if isinstance(m, python_types.FunctionType) and k[0] != "_"]
        return repr((_full_name(thing), getattr(thing, "_fields", ()))), methods if hasattr(thing, "_fields") else []
    if isinstance(thing, np.ndarray):
        return repr((thing.dtype.str, thing.shape, hashlib.sha256(thing.tobytes()).hexdigest())), []
    return f"{type(thing).__name__} {_repr(thing)}", []


def fingerprint(*roots):
    """Hash of functions, classes and constants, of all that they refer to, and so on; docstrings do not count."""
    found, todo = {}, list(roots)
    while todo:
        thing = todo.pop()
        if id(thing) not in found:
            text, more = _describe(thing)
            found[id(thing)] = thing, text  # the thing too: were it freed, another could get its id
            todo += more
    return _digest(*sorted(text for _, text in found.values()))


def part_classes(args):
    """NamedTuple classes in a signature, in order."""
    for arg in args:
        if isinstance(arg, types.BaseNamedTuple):
            yield arg.instance_class
        if isinstance(arg, types.BaseTuple):
            yield from part_classes(arg.types)


def _can_be_imported(cls):
    """Whether another process finds a class by its name, as pickle has to."""
    found = sys.modules.get(cls.__module__)
    for name in cls.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is cls


def _only_owner_writes(status):
    """Whether a file or folder belongs to the user or to root, and others cannot change it.

    In a folder with the sticky bit others can add files, but not replace those of the user. A group with the number of
    its user is a private one.
    """
    others = status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and status.st_gid != status.st_uid)
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    return status.st_uid in (os.geteuid(), 0) and (sticky or not others)


def _is_trusted(path, status):
    if not hasattr(os, "geteuid") or _only_owner_writes(status):
        return True
    warn_once(
        "trust",
        f"Other users can write to {path}: compiled kernels are neither read from there nor stored. Make it writable "
        "by you alone, or set NUMBA_CACHE_DIR to a folder that is.",
    )
    return False


@functools.cache
def _is_trusted_folder(folder):
    return all(_is_trusted(path, path.stat()) for path in (folder, folder.parent))


def _read(path):
    """Content of a file, None where it is missing, damaged or not to be trusted."""
    with open(path, "rb") as file:
        if not _is_trusted(path, os.fstat(file.fileno())):
            return None
        content = file.read()
    checksum, payload = content[:_HASH_SIZE], content[_HASH_SIZE:]
    if checksum == _checksum(path, payload):
        return payload
    path.unlink(missing_ok=True)
    return None


def _write(path, payload):
    temporary = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
    try:
        # whatever the umask, only the owner may write
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, 0o644)) as file:
            file.write(_checksum(path, payload) + payload)
        os.replace(temporary, path)  # atomic: no process ever reads half a file
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _checksum(path, payload):
    return hashlib.sha256(path.name.encode() + payload).digest()


def _prepare_to_load(target_context):
    """Start what machine code needs of numba: the functions that allocate and free arrays.

    numba's own cache starts the whole compiler, which takes longer than loading the kernels of a fit. The compiler does
    so itself when it is needed.
    """
    if hasattr(rtsys, "initialize"):
        rtsys.initialize(target_context)
    else:
        target_context.refresh()


def _arguments(sig):
    return tuple(getattr(sig, "args", sig))


class KernelCache(FunctionCache):
    """numba's cache of one kernel with files of our own.

    A file is called ``kernel.environment.signature.content.nbc``. A new content replaces files of the same kernel,
    environment and signature; other environments that share the folder keep theirs. No error gets out: at worst, a
    kernel is compiled again. `before_compiling` is called where there is no file.
    """

    def __init__(self, kernel, before_compiling):
        super().__init__(kernel.py_func)
        self._kernel = kernel
        self._before_compiling = before_compiling

    def load_overload(self, sig, target_context):
        """Compiled code for a signature, None where there is none."""
        found = self._load(sig, target_context)
        if found is None:
            self._before_compiling()
        return found

    def _load(self, sig, target_context):
        path = None
        try:
            _prepare_to_load(target_context)
            path = self._path(sig, target_context.codegen())
            if path is None or not _is_trusted_folder(path.parent):
                return None
            payload = _read(path)
            if payload is None:
                return None
            found = self._impl.rebuild(target_context, pickle.loads(payload))
            if tuple(found.signature.args) == _arguments(sig):
                return found
            path.unlink(missing_ok=True)
        except OSError:  # no such file
            pass
        except Exception as error:
            _warn_of_error("read", error)
            if path is not None:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
        return None

    def save_overload(self, sig, data):
        """Store compiled code for a signature."""
        try:
            path = self._path(sig, data.codegen)
            if path is None or not self._impl.check_cachable(data) or not _is_trusted_folder(path.parent):
                return
            _write(path, pickle.dumps(self._impl.reduce(data), protocol=-1))
            own = path.name.rsplit(".", 2)[0]
            for old in path.parent.glob(f"{own}.*.nbc"):
                if old != path:
                    old.unlink(missing_ok=True)
        except Exception as error:
            _warn_of_error("stored", error)

    def _path(self, sig, codegen):
        """The file of a signature, None where another process could not load it."""
        parts = list(dict.fromkeys(part_classes(_arguments(sig))))
        if not all(map(_can_be_imported, parts)):
            return None
        name = _full_name(self._kernel.py_func).replace("<", "").replace(">", "")
        versions = numba.__version__, llvmlite.__version__, np.__version__, sys.implementation.cache_tag
        environment = _digest(_FORMAT, *versions, repr(codegen.magic_tuple()))
        homes = [(_full_name(part), getattr(sys.modules[part.__module__], "__file__", None)) for part in parts]
        signature = _digest(repr(sig), repr(homes))
        content = fingerprint(self._kernel, *parts)
        return pathlib.Path(self.cache_path) / f"{name}.{environment}.{signature}.{content}.nbc"
