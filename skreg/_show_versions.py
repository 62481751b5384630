"""The versions and settings that a bug report needs."""

import importlib.metadata
import os
import platform
import sys

import numba
import sklearn.linear_model  # noqa: F401 - loads the BLAS and OpenMP libraries that `threadpool_info` is to find
from threadpoolctl import threadpool_info

import skreg

from ._core._jit import Compiler
from ._core.loops.coordinate import coordinate_descent

_PACKAGES = (
    *("pip", "numpy", "scipy", "scikit-learn", "numba", "llvmlite", "threadpoolctl", "lazy_loader"),
    *("joblib", "narwhals", "pandas", "polars", "pyarrow", "dask", "matplotlib", "optuna"),
)


def _system():
    return {
        "python": sys.version.replace("\n", " "),
        "executable": sys.executable,
        "machine": platform.platform(),
        "cores": os.cpu_count(),
    }


def _packages():
    versions = {"skreg": skreg.__version__}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def _kernels():
    compiler = getattr(coordinate_descent, "compile", None)  # a plain function where the JIT is off
    folder = compiler.cache_folder() if isinstance(compiler, Compiler) else None
    try:
        layer = numba.threading_layer()
    except ValueError:  # no parallel loop has run; ours are not parallel, those of other packages may be
        layer = f"{numba.config.THREADING_LAYER} (not started)"
    return {
        "cache folder": folder or "none: every process compiles",
        "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR"),
        "JIT": "off" if numba.config.DISABLE_JIT else "on",
        "threading layer": layer,
    }


def show_versions():
    """Print versions of the system, Python and all dependencies, and how threads and compiled kernels are set up.

    Paste the output into a bug report. It contains paths of this machine.

    See Also
    --------
    sklearn.show_versions : The same for scikit-learn.

    Examples
    --------
    >>> import skreg
    >>> skreg.show_versions()  # doctest: +ELLIPSIS
    System
        python: 3...
    """
    sections = {"System": _system(), "Packages": _packages(), "Kernels": _kernels()}
    for library in threadpool_info():
        name = library.pop("prefix")
        sections[f"Threads of {name}"] = library
    for title, facts in sections.items():
        print(title)
        for name, value in facts.items():
            print(f"    {name}: {value}")
        print()
