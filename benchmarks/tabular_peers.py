"""Untuned models for tables: a function of whether y holds classes, and of the DataFrame, for each."""

import numpy as np
from joblib import cpu_count
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline

from skreg import DropoutMLPClassifier, DropoutMLPRegressor

from . import tables

MOST_TOKENS = 150  # features of a table that FT-Transformer gets: its time grows with their square


def encoded(model):
    return make_pipeline(tables.encoder(), model)


def filled(model):
    return make_pipeline(tables.filler(), model)


class WithCodes(BaseEstimator):
    """A classifier that wants classes as codes from 0."""

    def __init__(self, model):
        self.model = model

    def fit(self, X, y):
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.model.fit(X, codes)
        return self

    def predict_proba(self, X):
        return self.model.predict_proba(X)


def skreg_mlp(classes, frame):
    return encoded((DropoutMLPClassifier if classes else DropoutMLPRegressor)(random_state=0))


def scikit_learn_mlp(classes, frame):
    return encoded((MLPClassifier if classes else MLPRegressor)(random_state=0))


def linear(classes, frame):
    if classes:
        return encoded(LogisticRegressionCV(scoring="neg_log_loss", max_iter=1000))
    return encoded(RidgeCV(alphas=np.logspace(-3, 4, 20)))


def forest(classes, frame):
    return encoded((RandomForestClassifier if classes else RandomForestRegressor)(random_state=0, n_jobs=-1))


def boosting(classes, frame):
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return kind(categorical_features="from_dtype", random_state=0)


def lightgbm(classes, frame):
    from lightgbm import LGBMClassifier, LGBMRegressor

    return (LGBMClassifier if classes else LGBMRegressor)(random_state=0, verbose=-1, n_jobs=cpu_count())


def xgboost(classes, frame):
    from xgboost import XGBClassifier, XGBRegressor

    options = dict(enable_categorical=True, random_state=0, n_jobs=cpu_count())
    return WithCodes(XGBClassifier(**options)) if classes else XGBRegressor(**options)


def catboost(classes, frame):
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostClassifier if classes else CatBoostRegressor
    categories = list(frame.select_dtypes(exclude="number").columns)
    return kind(cat_features=categories, random_seed=0, verbose=False, allow_writing_files=False)


def from_pytabkit(stem):
    """A net of `pytabkit`, which refuses missing numbers: it gets medians for them."""

    def make(classes, frame):
        import pytabkit

        if stem == "FTT_D" and frame.shape[1] > MOST_TOKENS:
            return None
        kind = getattr(pytabkit, f"{stem}_{'Classifier' if classes else 'Regressor'}")
        return filled(kind(device="cpu", random_state=0, n_threads=cpu_count()))

    return make


def as_it_is(classes, frame):
    """Our model, which gets the table without an encoder."""
    return (DropoutMLPClassifier if classes else DropoutMLPRegressor)(random_state=0)


def changed(**params):
    """Our model with other parameters, as far as it has them."""

    def make(classes, frame):
        kind = DropoutMLPClassifier if classes else DropoutMLPRegressor
        known = {key: value for key, value in params.items() if key in kind().get_params()}
        return encoded(kind(random_state=0, **known))

    return make


# The function that makes a model, and the packages that it needs, whose versions decide whether a score is still valid.
MODELS = {
    "skreg": (skreg_mlp, ()),
    "scikit-learn MLP": (scikit_learn_mlp, ("scikit-learn",)),
    "logistic or ridge by CV": (linear, ("scikit-learn",)),
    "RandomForest": (forest, ("scikit-learn",)),
    "HistGradientBoosting": (boosting, ("scikit-learn",)),
    "LightGBM": (lightgbm, ("lightgbm",)),
    "XGBoost": (xgboost, ("xgboost-cpu",)),
    "CatBoost": (catboost, ("catboost",)),
    "RealMLP": (from_pytabkit("RealMLP_TD"), ("pytabkit", "torch")),
    "TabM": (from_pytabkit("TabM_D"), ("pytabkit", "torch")),
    "FT-Transformer": (from_pytabkit("FTT_D"), ("pytabkit", "skorch", "torch")),
}
