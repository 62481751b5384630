"""The pages about the adviser say what the code prints."""

import contextlib
import io
import json
import re

from benchmarks import diagnose, report
from tests.processes import ROOT


def test_page_of_the_benchmark_holds_the_table_of_its_results():
    page = (report.RESULTS / "diagnose.md").read_text()
    results = json.loads((report.RESULTS / "diagnose.json").read_text())["results"]
    rows = results["pairs/all"]["rows"]
    assert report.table(rows) in page
    assert report.table(diagnose.summary(rows)) in page
    assert [row["fault"] for row in rows] == [pair.fault for pair in diagnose.pairs()]
    assert sum(row["right"] == "yes" for row in rows) >= 36
    assert all(row.get("refuted", "no") == "no" for row in rows)


def test_report_in_the_guide_is_that_of_its_code():
    page = (ROOT / "docs/guide/diagnose.md").read_text()
    code, shown = (re.search(rf"```{kind}\n(.*?)```", page, flags=re.DOTALL).group(1) for kind in ("python", "text"))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "diagnose.md", "exec"), {})

    def words(text):  # scores differ in the last digits between versions, seconds always
        return re.findall(r"[A-Za-z_]+", text)

    assert words(printed.getvalue()) == words(shown)
