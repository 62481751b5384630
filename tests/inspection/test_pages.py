"""The page of the adviser's benchmark holds its results."""

import json

from benchmarks import diagnose, report


def test_benchmark_page__holds_the_table_of_its_results():
    page = (report.RESULTS / "diagnose.md").read_text()
    results = json.loads((report.RESULTS / "diagnose.json").read_text())["results"]
    rows = results["pairs/all"]["rows"]
    assert report.table(rows) in page
    assert report.table(diagnose.summary(rows)) in page
    assert [row["fault"] for row in rows] == [pair.fault for pair in diagnose.pairs()]
    assert sum(row["right"] == "yes" for row in rows) >= 36
    assert all(row.get("refuted", "no") == "no" for row in rows)
