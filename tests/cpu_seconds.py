"""A plugin of pytest that prints the CPU seconds of each test file: `python -m pytest -p tests.cpu_seconds`.

Unlike times by the clock, they do not depend on what else runs on a machine. Child processes that have ended count, and
so do the imports, fixtures and compilation that a test is the first to need.
"""

import collections
import os
import time

import pytest

N_TESTS = 30  # functions that are printed below the files

seconds = collections.Counter()  # of files, and of functions with all their parameters
numbers = collections.Counter()
before = 0.0


def used():
    """CPU seconds of this process and of its children."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def since_last_time():
    global before
    last, before = before, used()
    return before - last


def pytest_collection_finish():
    seconds["imports and collection"] += since_last_time()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    report.cpu_seconds = since_last_time()  # of the setup, the call or the teardown
    return report


def pytest_runtest_logreport(report):
    function = report.nodeid.partition("[")[0]
    for name in (function.partition("::")[0], function):
        seconds[name] += getattr(report, "cpu_seconds", 0.0)  # without where a worker has crashed
        numbers[name] += report.when == "call"


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    seconds["imports and collection"] += getattr(node, "workeroutput", {}).get("collection", 0.0)


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["collection"] = seconds["imports and collection"]


def pytest_terminal_summary(terminalreporter):
    functions = [name for name in seconds if "::" in name]
    files = [name for name in seconds if "::" not in name]
    terminalreporter.section(f"{sum(seconds[name] for name in files):.0f} CPU seconds")
    for names, most in ((files, None), (functions, N_TESTS)):
        for name in sorted(names, key=seconds.get, reverse=True)[:most]:
            terminalreporter.write_line(f"{seconds[name]:8.1f} s {numbers[name]:6d}  {name}")
        terminalreporter.write_line("")
