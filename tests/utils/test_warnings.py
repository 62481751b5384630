"""Warnings are recorded for every thread apart, in whatever order threads begin and end."""

import threading
import warnings

import pytest

from skreg.utils import _warnings
from skreg.utils._warnings import recorded_warnings


def messages(record):
    return [str(one.message) for one in record]


@pytest.mark.filterwarnings("error")
def test_recorded_warnings__of_two_threads_that_overlap():
    before = warnings.filters, list(warnings.filters), warnings.showwarning
    records, began, ended = {}, threading.Event(), threading.Event()

    def second():
        with recorded_warnings() as record:
            began.set()
            assert ended.wait(60)
            warnings.warn("after the first has ended", UserWarning, stacklevel=1)
        records["second"] = messages(record)

    thread = threading.Thread(target=second)
    with recorded_warnings() as record:
        thread.start()
        assert began.wait(60)
        warnings.warn("while both run", UserWarning, stacklevel=1)
    ended.set()
    thread.join()
    assert messages(record) == ["while both run"]
    assert records == {"second": ["after the first has ended"]}
    assert (warnings.filters, list(warnings.filters), warnings.showwarning) == before
    with pytest.raises(UserWarning, match="later"):
        warnings.warn("later", UserWarning, stacklevel=1)


def test_recorded_warnings__of_a_thread_that_a_block_has_started():
    def warn():
        warnings.warn("from inside", UserWarning, stacklevel=1)

    with recorded_warnings() as outer:
        with recorded_warnings() as inner:
            warn()
        thread = threading.Thread(target=warn)
        thread.start()
        thread.join()
    assert messages(inner) == messages(outer) == ["from inside"]


def test_recorded_warnings__of_threads_that_no_block_can_have_started():
    began, ended, records = threading.Event(), threading.Event(), []

    def run():
        with recorded_warnings() as record:
            began.set()
            assert ended.wait(60)
        records.append(record)

    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", FutureWarning)
        thread = threading.Thread(target=run)
        thread.start()
        assert began.wait(60)
        warnings.warn("for the user", UserWarning, stacklevel=1)
        warnings.warn("for nobody", FutureWarning, stacklevel=1)
        ended.set()
        thread.join()
    assert messages(seen) == ["for the user"]
    assert records == [[]]


def test_recorded_warnings__of_a_finalizer_that_runs_while_another_is_recorded(monkeypatch):
    original, records = warnings.WarningMessage, []

    def collecting(*message):  # as the collection of garbage may, wherever memory is allocated
        if str(message[0]) == "outer":
            warnings.warn("from a finalizer", ResourceWarning, stacklevel=1)
        return original(*message)

    def run():
        with recorded_warnings() as record:
            monkeypatch.setattr(_warnings.warnings, "WarningMessage", collecting)
            warnings.showwarning("outer", UserWarning, "file", 1)
        records.extend(messages(record))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)
    assert records == ["from a finalizer", "outer"]
