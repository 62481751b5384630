"""What people read is complete and true."""

import ast
import contextlib
import inspect
import io
import json
import re
import runpy
import shlex
import shutil
import sys
import types
import warnings

import matplotlib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone, is_classifier
from sklearn.utils import get_tags

import benchmarks.__main__
import skreg
from benchmarks import goals, transfer
from skreg import augmentation, inspection, neural, recommendation, stopping
from skreg.utils import discovery
from skreg.utils.discovery import all_estimators
from tests.combinations import THOROUGH
from tests.common.test_architecture import LAYERS
from tests.estimators import INSTANCES, SMALL_DATA, targets_for, title
from tests.problems import regression
from tests.processes import ROOT, run_script

README = (ROOT / "README.md").read_text()


def printed_by(script, cwd):
    """What a script prints, in this process, which has imported and loaded most of what it needs.

    In a process of its own, as its readers run it, if the profile is thorough.
    """
    if THOROUGH:
        return run_script(script, cwd=cwd)
    matplotlib.use("agg")
    with contextlib.chdir(cwd), matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in a process of its own: what it prints to stderr is not looked at
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            runpy.run_path(str(script), run_name="__main__")
    return printed.getvalue()


class Shortened(ast.NodeTransformer):
    """Changes the code of an example so that it measures twice only and trains for few epochs: enough to run it all."""

    ASSIGNED = dict(n_draws=2, n_repeats=2, repeats=2, rounds=2, draws=512, steps=20)
    MOST = dict(
        n_splits=2, n_repeats=1, cv=2, dpi=20, max_iter=2, max_resources=9, n_candidates=9, n_trials=4, n_draws=3,
        n_estimators=10, train_size=400, test_size=100, n_steps=50, n_iter=2,
    )  # fmt: skip
    # What calls are given that leave it to the default.
    FEW = {
        "Dropout(CNN|MLP|RNN).*": dict(max_iter=2),
        "predict_interval|predict_uncertainty": dict(n_draws=3),
        "diagnose|GridSearchCV|RandomizedSearchCV": dict(cv=2),
        "(ElasticNetProx|LabelSmoothedLogistic|PenalizedCox|PenalizedRegressor)CV": dict(alphas=10, cv=2),
        "HistGradientBoosting.*": dict(max_iter=5),
    }
    FIRST = {  # first arguments
        "sample": 300, ".*ShuffleSplit": 2, "(Stratified|Entries)?KFold": 2, "RandomForest.*": 10,
        "MatrixFactorization.*": 5,
    }  # fmt: skip

    def visit_Assign(self, node):
        targets, values = node.targets, [node.value] * len(node.targets)
        if isinstance(targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            targets, values = targets[0].elts, node.value.elts
        for target, value in zip(targets, values, strict=True):
            most = self.ASSIGNED.get(getattr(target, "id", None))
            if most is not None and isinstance(value, ast.Constant):
                value.value = min(value.value, most)
        return self.generic_visit(node)

    def visit_Call(self, node):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = {keyword.arg for keyword in node.keywords}
        for pattern, few in self.FEW.items():
            if re.fullmatch(pattern, name) and None not in given:
                node.keywords += [ast.keyword(k, ast.Constant(v)) for k, v in few.items() if k not in given]
        for pattern, most in self.FIRST.items():
            if re.fullmatch(pattern, name) and node.args and isinstance(node.args[0], ast.Constant):
                node.args[0].value = min(node.args[0].value, most)
        return self.generic_visit(node)

    def visit_keyword(self, node):
        if node.arg in self.MOST and isinstance(node.value, ast.Constant):
            node.value.value = min(node.value.value, self.MOST[node.arg])
        return self.generic_visit(node)


def shortened(code):
    return code if THOROUGH else ast.unparse(Shortened().visit(ast.parse(code)))


def sections(obj):
    """Sections of a numpydoc docstring by name."""
    parts = re.split(r"\n([A-Z][A-Za-z ]+)\n-+\n", inspect.getdoc(obj))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


BASES = {"Augmenter", "Batch", "Perturbation"}
PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (skreg, augmentation, inspection, neural, recommendation, stopping, discovery)
    for name in module.__all__
    if name not in BASES and not inspect.ismodule(getattr(module, name))
}


NETS = [cls for cls in PUBLIC.values() if inspect.isclass(cls) and cls.__name__.startswith("Dropout")]


@pytest.mark.parametrize("net", NETS)
def test_net__has_its_parameters_in_the_order_of_all_nets_and_of_their_documentation(net):
    names = list(inspect.signature(net).parameters)
    assert re.findall(r"^(\w+) : ", sections(net)["Parameters"], flags=re.MULTILINE) == names
    for other in NETS:
        others = list(inspect.signature(other).parameters)[1:]  # the first one is that of a family
        assert [name for name in names[1:] if name in others] == [name for name in others if name in names[1:]]


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name__is_documented(name):
    obj = PUBLIC[name]
    found = sections(obj)
    documented = set()
    for names in re.findall(r"^(\w+(?:, \w+)*)(?: :|$)", found.get("Parameters", ""), flags=re.MULTILINE):
        documented |= set(names.split(", "))
    assert set(inspect.signature(obj).parameters) == documented
    assert ">>>" in found["Examples"]
    for section in ("Raises", "Warns"):  # an attribute there would belong to another section
        assert not re.search(r"^\w+_ : ", found.get(section, ""), flags=re.MULTILINE)
    if obj in dict(all_estimators()).values():
        assert "Attributes" in found
    elif not inspect.isclass(obj) and "return " in inspect.getsource(obj):
        assert "Returns" in found


@pytest.mark.parametrize("cls", [cls for cls in PUBLIC.values() if inspect.isclass(cls)])
def test_public_method__is_documented(cls):
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        own = not name.startswith("_") and method.__module__.startswith("skreg")
        if own and not inspect.getdoc(method).startswith("Called by scikit-learn"):
            parameters = set(inspect.signature(method).parameters) - {"self"}
            text = sections(method).get("Parameters", "")
            assert all(re.search(rf"^\**{p}\b", text, flags=re.MULTILINE) for p in parameters), f"{cls}.{name}"
            assert "Returns" in sections(method), f"{cls}.{name}"


@SMALL_DATA
@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("estimator", INSTANCES, ids=title)
def test_fitted_attributes__are_documented(estimator, n_targets):
    X, y = regression(60, 4)
    model = clone(estimator)
    if n_targets > 1 and (is_classifier(model) or not get_tags(model).target_tags.multi_output):
        pytest.skip("takes one target")
    y = targets_for(model, y) if n_targets == 1 else np.column_stack([y, -y])
    model.fit(pd.DataFrame(X, columns=list("abcd")), y)
    text = sections(type(model))["Attributes"]
    for name in vars(model):
        if name.endswith("_") and not name.startswith("_"):
            assert re.search(rf"\b{name}\b", text), name


def test_readme__has_two_commands_and_one_for_the_docs_and_its_code_runs(tmp_path):
    commands = re.findall(r"^python -m pip install .*", README, flags=re.MULTILINE)
    assert len(commands) == 3
    assert all("&&" in command for command in commands)
    assert_prints(README, tmp_path)


SHOWN_WITH = "1.9."  # the version of scikit-learn that printed the numbers in the documentation
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def assert_prints(page, folder):
    """The Python code of a page runs, and prints what the blocks of text behind it show.

    Words must agree everywhere, numbers to a hundredth, but for the last column of trials, which are times.
    """
    code = "\n".join(re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL))
    blocks = re.findall(r"```text\n(.*?)```", page, flags=re.DOTALL)
    script = folder / "page.py"
    script.write_text(code if blocks else shortened(code))
    printed = printed_by(script, folder)
    for shown in blocks:
        shown, found = without_times(shown), without_times(printed)
        start = words(found).find(words(shown))
        assert start >= 0, found
        if sklearn.__version__.startswith(SHOWN_WITH):
            skipped = words(found)[:start].count("#")
            numbers = [[float(number) for number in NUMBER.findall(text)] for text in (shown, found)]
            np.testing.assert_allclose(numbers[1][skipped:][: len(numbers[0])], numbers[0], rtol=0.01)


def words(text):
    return " ".join(NUMBER.sub("#", text).split())


def without_times(text):
    lines, is_trials = [], False
    for line in text.splitlines():
        lines.append(line.rpartition("  ")[0] if is_trials and "  " in line.strip() else line)
        is_trials = line.endswith("times as long") or (is_trials and bool(line.strip()))
    return "\n".join(lines)


PAGES = [path for path in sorted((ROOT / "docs").rglob("*.md")) if "_build" not in path.parts]


@pytest.mark.parametrize("path", [p for p in PAGES if "```python" in p.read_text()], ids=lambda path: path.stem)
def test_page__code_runs(path, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    page = path.read_text()
    parts = re.split(r"(?m)^(?=## )", page) if "Each block runs on its own." in page else [page]
    for part in parts:
        if "```python" in part:
            assert_prints(part, tmp_path)


def test_public_name__has_a_page():
    pages = [path for path in (ROOT / "docs/api").glob("*.rst") if not path.name.startswith("skreg")]
    text = "\n".join(path.read_text() for path in pages)
    listed = set(re.findall(r"^   (?:\w+\.)?(\w+)$", text, flags=re.MULTILINE))
    assert {name.rpartition(".")[2] for name in PUBLIC} | BASES <= listed


def test_picture__shows_all_packages():
    picture = (ROOT / "docs/images/architecture.svg").read_text()
    assert all(f">{layer}<" in picture for layer in LAYERS)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))])
def test_page__local_links_lead_somewhere(page):
    path = ROOT / page
    for link in re.findall(r"\]\((?!http)([^)#]+)", path.read_text()):
        if link.startswith("/_generated/"):  # made from the results of the benchmarks
            link = "charts.py"
        if link.startswith("auto_examples/"):  # what the gallery makes of the examples
            link = "../examples/" + link.removeprefix("auto_examples/").replace(".rst", ".py")
        assert (path.parent / link).exists(), link


EXAMPLES = sorted((ROOT / "examples").rglob("plot_*.py"))


@pytest.mark.usefixtures("small_references")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example__prints_and_saves_its_pictures(path, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    if not THOROUGH:  # the layout alone takes half of the time of a picture
        monkeypatch.setattr("matplotlib.layout_engine.ConstrainedLayoutEngine.execute", lambda *_: {})
    code = shortened(path.read_text())
    script = tmp_path / path.relative_to(ROOT)
    script.parent.mkdir(parents=True)
    script.write_text(code)
    results = tmp_path / "docs/benchmarks"  # some examples draw them
    results.mkdir(parents=True)
    for path_of_results in (ROOT / "docs/benchmarks").glob("*.json"):
        shutil.copy(path_of_results, results)
    out = printed_by(script, tmp_path)
    assert ("print(" in code) == bool(out.strip())
    assert {picture.name for picture in tmp_path.rglob("*.png")} == set(re.findall(r"[\w-]+\.png", code))


SMALL = {
    "linear": f"--parts {'path,single' if THOROUGH else 'single'} --limit 0.2 --repeats 1 --problems wide",
    "logistic": "--limit 0.1 --repeats 1 --problems wide",
    "mlp": "--repeats 1 --problems " + ("tiny,narrow" if THOROUGH else "tiny --parts epoch,members,order"),
    "cnn": "--repeats 1 --problems digits --parts epoch",
    "images": "--parts mnist1d",
    "rnn": "--problems signals-gru --parts epoch",
    "transformer": "--problems table-8",
    "tabular": "--problems Titanic,Boston --models 'skreg,scikit-learn MLP,LightGBM'",
    "uci": "--problems Boston",
    "uncertainty": "",
    "recommender": "--problems latest-small",
    "penalties": "--problems slope-tall --repeats 1",
    "augment": "--problems rotation,flip --parts speed",
    "scale": "--parts memory,time,cost,answers --repeats 1",
    "effects": "--parts images",
    "transfer": "--parts table,schedules --methods plain --problems 'cuts from an autoencoder,wine'",
}
OWN_ROWS = {"effects": "| without", "transfer": "| plain"}


def run_small(monkeypatch, folder, family, *words):
    monkeypatch.setattr(sys, "argv", ["benchmarks", family, *words, "--small", "--out", str(folder)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        benchmarks.__main__.main()


@pytest.mark.parametrize("family", SMALL)
def test_benchmark__runs_small(family, tmp_path, monkeypatch):
    run_small(monkeypatch, tmp_path, family, *shlex.split(SMALL[family]))
    assert OWN_ROWS.get(family, "| skreg") in (tmp_path / f"{family}.md").read_text()


def test_benchmark_of_goals__is_a_table_of_the_reports(tmp_path):
    rows = [
        dict(solver="skreg", ours=True, accurate=True, seconds=1.0),
        dict(solver="skreg, certified", ours=True, accurate=True, seconds=1.5),
        dict(solver="celer", ours=False, accurate=True, seconds=5.0),
        dict(solver="scikit-learn", ours=False, accurate=True, seconds=10.0),
        dict(solver="skglm", ours=False, accurate=False, seconds=0.1),
    ]
    results = {"path/wide/1.0": dict(rows=rows, date="today"), "cv/tall/1.0": dict(rows=rows, date="today")}
    (tmp_path / "linear.json").write_text(json.dumps(dict(results=results)))
    goals.run(types.SimpleNamespace(out=str(tmp_path)))
    page = (tmp_path / "goals.md").read_text()
    assert "| lasso path, wide, certified | 1.5 | celer | **0.30** | 0.3 | today |" in page
    assert "| 5-fold CV, tall, beside LassoCV | 1 | scikit-learn | **0.10** | 0.12 | today |" in page
    assert "| MCP path |  |  |  | 0.5 |  |" in page


def test_benchmark_of_transfer__joins_seeds_of_two_runs():
    values = {name: list(np.random.default_rng(k).normal(size=5)) for k, name in enumerate(("plain", "L2-SP 1"))}
    parts = [
        transfer.rows_of({k: v[some] for k, v in values.items()}, "plain", "error") for some in (slice(3), slice(3, 5))
    ]
    for found, wanted in zip(transfer.joined(*parts), transfer.rows_of(values, "plain", "error"), strict=True):
        assert found == pytest.approx(wanted)


def test_benchmark_of_images__leaves_out_what_is_in_its_report(tmp_path, monkeypatch, capsys):
    printed = []
    for _ in range(2):
        run_small(monkeypatch, tmp_path, "images", "--parts", "mnist1d")
        printed.append("seed 0" in capsys.readouterr().out)
    assert printed == [True, False]
