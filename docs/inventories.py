"""Inventories for intersphinx, written from the installed packages: the build needs no network."""

import importlib
import zlib

from sklearn.utils.discovery import all_displays, all_estimators, all_functions

SKLEARN = "https://scikit-learn.org/stable/"
OTHERS = {
    "numpy": ("https://numpy.org/doc/stable/", "reference/generated/{name}.html", ["numpy.ndarray"]),
    "pandas": (
        "https://pandas.pydata.org/docs/",
        "reference/api/{name}.html",
        ["pandas.DataFrame"],
    ),
}


# Labels that scikit-learn's inherited docstrings refer to.
LABELS = {
    "accuracy_score": ("modules/model_evaluation.html#accuracy-score", "Accuracy score"),
    "r2_score": ("modules/model_evaluation.html#r2-score", "R2 score"),
    "df_output_transform": (
        "auto_examples/miscellaneous/plot_set_output.html",
        "Introducing the set_output API",
    ),
    "sphx_glr_auto_examples_miscellaneous_plot_set_output.py": (
        "auto_examples/miscellaneous/plot_set_output.html",
        "Introducing the set_output API",
    ),
}


def public_name(obj):
    """The name that scikit-learn's pages have: in the shortest module that has the object."""
    parts = obj.__module__.split(".")
    for k in range(1, len(parts) + 1):
        module = ".".join(parts[:k])
        if getattr(importlib.import_module(module), obj.__name__, None) is obj:
            return f"{module}.{obj.__name__}"
    raise ValueError(f"{obj!r} is nowhere to be imported from.")


def entries():
    """Base address and lines of the inventory, by project."""
    kinds = [("class", all_estimators()), ("class", all_displays()), ("function", all_functions())]
    names = {(public_name(obj), kind) for kind, found in kinds for _, obj in found}
    page = "modules/generated/{name}.html#{name}"
    lines = [f"{name} py:{kind} 1 {page.format(name=name)} -" for name, kind in sorted(names)]
    lines += [f"{label} std:label -1 {where} {title}" for label, (where, title) in LABELS.items()]
    yield "sklearn", SKLEARN, lines
    for project, (base, page, found) in OTHERS.items():
        yield project, base, [f"{name} py:class 1 {page.format(name=name)}#{name} -" for name in found]


def write(folder):
    """Write the inventories into a folder; returns intersphinx's mapping."""
    folder.mkdir(parents=True, exist_ok=True)
    mapping = {}
    for project, base, lines in entries():
        path = folder / f"{project}.inv"
        head = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n# The rest is compressed with zlib.\n"
        path.write_bytes(head.encode() + zlib.compress(("\n".join(lines) + "\n").encode()))
        mapping[project] = (base, str(path))
    return mapping
