"""Child processes that see the same packages as the tests do."""

import pathlib
import subprocess
import sys
import textwrap

ROOT = pathlib.Path(__file__).parents[1]

# `tests` and `benchmarks` from the clone (other packages have such folders too), `skreg` from where the tests have it.
FIND_TESTS = f"""import sys
sys.path.insert(0, {str(ROOT)!r})
import tests, benchmarks
sys.path.append(sys.path.pop(0))
"""


def run_script(*arguments, **options):
    """What Python prints, called with some arguments, in a child process that must succeed."""
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_python(code, *arguments, **options):
    """What some code prints, which may import `tests` and `benchmarks`, in a child process that must succeed."""
    return run_script("-c", FIND_TESTS + textwrap.dedent(code), *arguments, **options)
