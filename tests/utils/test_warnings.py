"""Warnings are recorded for every thread apart, in whatever order threads begin and end."""

import threading
import warnings

import pytest

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
