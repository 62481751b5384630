"""What is tested, and what the package is made of."""

import importlib.metadata
import json
import os
import pathlib
import re
import tomllib

import pytest

import skreg
from tests.processes import ROOT, run_python


def installed_folder():
    """Folder of the installed package; None where there is none, or one that is editable."""
    try:
        distribution = importlib.metadata.distribution("skreg")
    except importlib.metadata.PackageNotFoundError:
        return None
    if json.loads(distribution.read_text("direct_url.json") or "{}").get("dir_info", {}).get("editable"):
        return None
    return pathlib.Path(distribution.locate_file("skreg"))


def test_package__is_the_installed_one():
    folder = installed_folder()
    if "SKREG_TEST_INSTALLED" in os.environ:  # set by continuous integration
        assert folder is not None
        assert ROOT not in folder.parents
    elif folder is None or str(ROOT) in os.environ.get("PYTHONPATH", ""):
        pytest.skip("the clone is tested")
    assert pathlib.Path(skreg.__file__).parent == folder


def test_child_processes__import_what_the_tests_import(tmp_path):
    for folder in (ROOT, tmp_path):
        out = run_python("import skreg, tests.problems; print(skreg.__file__)", cwd=folder)
        assert out.strip() == skreg.__file__


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize("name", ["CITATION.cff", "recipe/recipe.yaml"])
def test_version__is_the_same_everywhere(name):
    version = re.search(r"^ *version: ([\w.]+)$", (ROOT / name).read_text(), flags=re.MULTILINE)[1]
    assert version == skreg.__version__


def test_conda_recipe__has_the_dependencies_of_the_package():
    wanted = {dependency.replace(" ", "") for dependency in PROJECT["dependencies"]}
    run = (ROOT / "recipe/recipe.yaml").read_text().partition("  run:\n")[2].partition("\ntests:")[0]
    found = {line.replace(" ", "").removeprefix("-") for line in run.splitlines() if line}
    assert found - {"python>=${{python_min}}"} == wanted


def test_minimum_python__is_the_same_everywhere():
    minimum = PROJECT["requires-python"].removeprefix(">=")
    classifiers = [c.rpartition(":: ")[2] for c in PROJECT["classifiers"] if ":: 3." in c]
    assert classifiers[0] == minimum
    assert f'python_min: "{minimum}"' in (ROOT / "recipe/recipe.yaml").read_text()
    assert all(f'"{version}"' in (ROOT / ".github/workflows/ci.yml").read_text() for version in classifiers)


def test_workflow__runs_all_scripts_on_all_versions():
    if not (ROOT / ".github").exists():
        pytest.skip("not a clone")
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    versions = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert re.search(r"python: \[(.*)\]", workflow)[1] == ", ".join(f'"{version}"' for version in versions)
    for system in ("ubuntu", "macos", "windows"):
        assert f"{system}-latest" in re.search(r"system: \[(.*)\]", workflow)[1]
    for script in ("run", "tests", "oldest", "nightly"):
        assert f"run: bash .ci/{script}" in workflow
    kept = re.findall(r"\S*/kernels-\*", workflow)
    assert kept == ["~/.cache/skreg-ci/kernels-*"] * 3  # actions/cache refuses paths with `..`
