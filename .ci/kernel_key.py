"""Print a hash of all that compiled kernels depend on: their sources, Python, numba and the processor."""

import hashlib
import pathlib
import platform
from importlib.metadata import version

from llvmlite.binding import get_host_cpu_name

PACKAGE = pathlib.Path(__file__).parents[1] / "skreg"

digest = hashlib.sha256()
for word in (platform.platform(), platform.python_version(), version("numba"), version("numpy"), get_host_cpu_name()):
    digest.update(word.encode())
for path in sorted(PACKAGE.glob("_*/**/*.py")):
    digest.update(path.name.encode() + path.read_bytes())
print(digest.hexdigest()[:16])
