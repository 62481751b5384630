"""The arrows between packages point one way, and the core imports nothing but numerics."""

import ast
import collections
import functools
import pathlib
import sys

import pytest

import skreg
from tests.processes import run_script

ROOT = pathlib.Path(skreg.__file__).parent
LAYERS = {
    "_core": set(),
    "utils": set(),
    "linear": {"_core", "utils"},
    "_nets": {"_core", "utils"},
    "neural": {"_core", "_nets", "augmentation", "utils"},
    "stopping": {"_core", "linear", "utils"},
    "augmentation": {"_nets", "utils"},
    "_factorization": {"_core"},
    "recommendation": {"_factorization", "utils"},
    "inspection": {"augmentation", "linear", "neural", "recommendation", "stopping", "utils"},
}
ROOMS = {  # of the core; what else is in it may import all of them
    "parts": set(),
    "data": {"parts"},
    "loops": {"data", "parts"},
    "paths": {"data", "loops", "parts"},
}
NUMERICS = {"llvmlite", "numpy", "scipy", "numba"}
FAMILIES = "CNN", "MLP", "RNN", "Transformer"  # of nets
OUTSIDE = {
    "_core": NUMERICS,
    "_nets": NUMERICS,
    "utils": {"cloudpickle", "dask", "joblib", "narwhals", "numpy", "scipy", "sklearn", "threadpoolctl"},
    "_factorization": NUMERICS,
    "augmentation": {"lazy_loader", "narwhals", "numpy", "scipy", "sklearn"},
    "linear": {"lazy_loader", "numpy", "scipy", "sklearn"},
    "neural": {"lazy_loader", "numpy", "scipy", "sklearn"},
    "recommendation": {"joblib", "numpy", "scipy", "sklearn"},
    "inspection": {"joblib", "matplotlib", "numpy", "optuna", "pandas", "rich", "scipy", "sklearn", "threadpoolctl"},
}


@functools.cache
def parsed(path):
    return ast.parse(path.read_text())


def imports(path):
    """Absolute names of everything that a file imports from outside the standard library."""
    package = ("skreg", *path.relative_to(ROOT).with_suffix("").parts)[:-1]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            names = [".".join((*base, *([node.module] if node.module else [])))]
            if node.module is None or names[0] == "skreg":
                names = [f"{names[0]}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] not in sys.stdlib_module_names)


@pytest.mark.parametrize("layer", LAYERS)
def test_packages__import_in_one_direction(layer):
    for path in (ROOT / layer).rglob("*.py"):
        for name in imports(path):
            top, _, rest = name.partition(".")
            if top == "skreg":
                assert rest.partition(".")[0] in {layer, *LAYERS[layer]}, f"{path.name} imports {name}"
            else:
                assert top in OUTSIDE.get(layer, {"numpy", "scipy", "sklearn"}), f"{path.name} imports {name}"


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_of_the_core__import_in_one_direction(room):
    for path in (ROOT / "_core" / room).rglob("*.py"):
        for name in imports(path):
            inside = name.removeprefix("skreg._core.").partition(".")[0]
            if name.startswith("skreg._core.") and not inside.startswith("_"):
                assert inside in {room, *ROOMS[room]}, f"{path.name} imports {name}"


def test_packages__are_all_in_a_layer():
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == set(LAYERS)


@functools.cache
def attributes():
    """Names of the attributes that every function of the package uses, by its file and name."""
    found = collections.defaultdict(set)
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef):
                found[path.name, node.name] |= {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
    return found


def callers(method):
    """Functions of the package that call a method, but for those of that name."""
    return sorted(f"{file}:{name}" for (file, name), used in attributes().items() if method in used and name != method)


def test_loops__one_by_coordinates_and_one_by_prox_gradient():
    assert callers("block_steps") == ["coordinate.py:coordinate_descent"]
    assert callers("prox_all") == ["proximal.py:prox_gradient"]
    assert callers("prox") == sorted(
        f"{file}.py:{name}" for file in ("groups", "penalties") for name in ("block_steps", "prox_all")
    )


def test_public_names__are_the_estimators_and_two_functions():
    names = {"ElasticNetProx", "LabelSmoothedLogistic", "PenalizedCox", "PenalizedRegressor"}
    both = {
        f"{name}{kind}"
        for name in ("Augmented", "DeepEnsemble", *(f"Dropout{family}" for family in FAMILIES), "EarlyStopping")
        for kind in ("Classifier", "Regressor")
    }
    functions = {"alpha_max", "elastic_net_path", "logistic_path", "show_versions"}
    objects = names | {f"{name}CV" for name in names} | both | functions | {"AugmentationSearchCV"}
    objects |= {"MatrixFactorizationRecommender", "MatrixFactorizationRegressor"}
    packages = {layer for layer in LAYERS if not layer.startswith("_")}
    assert set(skreg.__all__) == set(dir(skreg)) == objects | packages
    for name in objects:
        assert getattr(skreg, name).__module__.startswith("skreg.")


# What is run in a fresh process, one line after the other.
IMPORTS = dict(
    skreg="import skreg",
    needed="import numba, sklearn.linear_model, sklearn.model_selection",
    estimator="from skreg import ElasticNetProx",
    net="from skreg import DropoutMLPClassifier",
    packages="import skreg.inspection, skreg.augmentation, skreg.neural, skreg.stopping",
)


@pytest.fixture(scope="module")
def loaded():
    """Modules that each of `IMPORTS` has loaded."""
    code = f"""
import sys
for line in {[*IMPORTS.values()]!r}:
    before = set(sys.modules)
    exec(line)
    print(*set(sys.modules) - before)
"""
    return dict(zip(IMPORTS, map(set, map(str.split, run_script("-c", code).splitlines())), strict=True))


def packages(modules):
    return {name.partition(".")[0] for name in modules}


def test_import__loads_nothing_but_the_loader(loaded):
    assert packages(loaded["skreg"]) - sys.stdlib_module_names == {"skreg", "lazy_loader"}
    assert not any(name.startswith("skreg.") for name in loaded["skreg"])


def test_import__an_estimator_loads_its_package_only(loaded):
    assert packages(loaded["estimator"]) <= {"skreg", "narwhals"} | sys.stdlib_module_names
    public = {name.split(".")[1] for name in loaded["estimator"] if name.startswith("skreg.")}
    assert public == {"_core", "linear", "utils"}


def test_import__a_net_loads_no_other_net_and_no_augmenter(loaded):
    assert "skreg.neural._mlp" in loaded["net"]
    others = {f"skreg.neural.{name}" for name in ("_autoencoder", "_cnn", "_ensemble", "_rnn", "_transformer")}
    augmenters = {f"skreg.augmentation.{name}" for name in ("_estimators", "_gan", "_images", "_sound", "_tables")}
    assert not loaded["net"] & (others | augmenters)


def test_import__plotting_and_tuning_are_loaded_when_used(loaded):
    assert "skreg.inspection" in loaded["packages"]
    assert not packages(set().union(*loaded.values())) & {"matplotlib", "polars", "optuna"}


def test_star_import__gives_all_names():
    names = {}
    exec("from skreg import *", names)
    assert set(skreg.__all__) <= set(names)


def test_class_names__are_unique():
    places = collections.defaultdict(list)
    for path in ROOT.rglob("*.py"):
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(path.name)
    repeated = {name: files for name, files in places.items() if len(files) > 1}
    assert repeated == {}
