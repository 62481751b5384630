"""Distributions of the parameters of our estimators and augmenters, for searches."""

from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.pipeline import Pipeline

from .. import augmentation as aug
from ..augmentation import AugmentedClassifier, AugmentedRegressor, Compose, OneOf, RandomApply
from ..linear import (
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
    PenalizedCox,
    PenalizedCoxCV,
    PenalizedRegressor,
    PenalizedRegressorCV,
)
from ..neural import (
    DeepEnsembleClassifier,
    DeepEnsembleRegressor,
    DropoutCNNClassifier,
    DropoutCNNRegressor,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    DropoutRNNClassifier,
    DropoutRNNRegressor,
    DropoutTransformerClassifier,
    DropoutTransformerRegressor,
    FineTunedClassifier,
    FineTunedRegressor,
)
from ..recommendation import MatrixFactorizationRecommender, MatrixFactorizationRegressor
from ..stopping import EarlyStoppingClassifier, EarlyStoppingRegressor


class Log(NamedTuple):
    """Numbers whose logarithm is uniform."""

    low: float
    high: float

    def scipy(self):
        return stats.loguniform(self.low, self.high)

    def optuna(self, optuna):
        return optuna.distributions.FloatDistribution(self.low, self.high, log=True)


class Uniform(NamedTuple):
    """Numbers between two bounds."""

    low: float
    high: float

    def scipy(self):
        return stats.uniform(self.low, self.high - self.low)

    def optuna(self, optuna):
        return optuna.distributions.FloatDistribution(self.low, self.high)


class Whole(NamedTuple):
    """Whole numbers from the first to the last; their logarithm is about uniform."""

    low: int
    high: int

    def scipy(self):
        return np.unique(np.geomspace(self.low, self.high, 12).round().astype(int)).tolist()

    def optuna(self, optuna):
        return optuna.distributions.IntDistribution(self.low, self.high, log=True)


class Choice(NamedTuple):
    """One of some values."""

    values: tuple

    def scipy(self):
        return list(self.values)

    def optuna(self, optuna):
        return optuna.distributions.CategoricalDistribution(self.values)


NET = {
    "dropout": Uniform(0.0, 0.6),
    "weight_decay": Log(1e-3, 3.0),
    "l1": Log(1e-6, 1e-2),
    "learning_rate": Log(5e-4, 2e-2),
}
COLUMNS = {"standardize": Choice(("standard", "robust")), "numeric_embedding": Choice((None, "piecewise", "periodic"))}
TABLE_NET = {**NET, **COLUMNS, "ensemble_size": Choice((1, 4, 8, 16))}
CONVOLUTIONAL_NET = {
    "dropout": Uniform(0.0, 0.6),
    "spatial_dropout": Uniform(0.0, 0.3),
    "weight_decay": Log(1e-3, 1.0),
    "learning_rate": Log(5e-4, 1e-2),
}
RECURRENT_NET = {
    "dropout": Uniform(0.0, 0.6),
    "recurrent_dropout": Uniform(0.0, 0.4),
    "weight_decay": Log(1e-3, 1.0),
    "learning_rate": Log(1e-3, 3e-2),
}
TRANSFORMER = {
    "dropout": Uniform(0.0, 0.5),
    "attention_dropout": Uniform(0.0, 0.5),
    "weight_decay": Log(1e-2, 1e1),
    "learning_rate": Log(1e-4, 5e-3),
}
FINE_TUNED_NET = {
    "l2_sp": Log(1e-2, 1e1),
    "layer_rate_decay": Uniform(0.2, 1.0),
    "dropout": Uniform(0.0, 0.6),
    "learning_rate": Log(1e-4, 2e-2),
}
FACTORS = {"rank": Whole(4, 64), "frequency_scaling": Uniform(0.0, 1.0)}
SPACES = {
    ElasticNetProx: {"alpha": Log(1e-4, 1e2), "l1_ratio": Uniform(0.05, 1.0)},
    ElasticNetProxCV: {"l1_ratio": Uniform(0.05, 1.0), "selection": Choice(("min", "1se"))},
    LabelSmoothedLogistic: {
        "alpha": Log(1e-5, 1.0),
        "l1_ratio": Uniform(0.0, 1.0),
        "label_smoothing": Uniform(0.0, 0.2),
    },
    LabelSmoothedLogisticCV: {"l1_ratio": Uniform(0.0, 1.0), "selection": Choice(("min", "1se"))},
    PenalizedRegressor: {"alpha": Log(1e-4, 1e2), "l1_ratio": Uniform(0.05, 1.0)},
    PenalizedRegressorCV: {"l1_ratio": Uniform(0.05, 1.0), "selection": Choice(("min", "1se"))},
    PenalizedCox: {"alpha": Log(1e-4, 1e1), "l1_ratio": Uniform(0.05, 1.0)},
    PenalizedCoxCV: {"l1_ratio": Uniform(0.05, 1.0), "selection": Choice(("min", "1se"))},
    DropoutMLPClassifier: {**TABLE_NET, "label_smoothing": Uniform(0.0, 0.15)},
    DropoutMLPRegressor: TABLE_NET,
    DropoutCNNClassifier: {**CONVOLUTIONAL_NET, "label_smoothing": Uniform(0.0, 0.15)},
    DropoutCNNRegressor: CONVOLUTIONAL_NET,
    DropoutRNNClassifier: {**RECURRENT_NET, "label_smoothing": Uniform(0.0, 0.15)},
    DropoutRNNRegressor: RECURRENT_NET,
    DropoutTransformerClassifier: {**TRANSFORMER, "label_smoothing": Uniform(0.0, 0.15)},
    DropoutTransformerRegressor: TRANSFORMER,
    FineTunedClassifier: {**FINE_TUNED_NET, "label_smoothing": Uniform(0.0, 0.15)},
    FineTunedRegressor: FINE_TUNED_NET,
    MatrixFactorizationRegressor: {**FACTORS, "alpha": Log(1e-2, 1.0)},
    MatrixFactorizationRecommender: FACTORS,
    aug.GaussianNoise: {"scale": Log(0.01, 1.0)},
    aug.Mixup: {"alpha": Log(0.05, 1.0)},
    aug.FeatureMask: {"p": Uniform(0.0, 0.4)},
    aug.SwapNoise: {"p": Uniform(0.0, 0.4)},
    aug.Shift: {"pixels": Uniform(0.5, 4.0)},
    aug.Rotate: {"degrees": Uniform(2.0, 30.0)},
    aug.RandomCrop: {"padding": Whole(1, 6)},
    aug.Zoom: {"low": Uniform(0.7, 1.0), "high": Uniform(1.0, 1.3)},
    aug.Flip: {"p": Uniform(0.0, 0.5)},
    aug.ColorJitter: {
        "brightness": Uniform(0.0, 0.5),
        "contrast": Uniform(0.0, 0.5),
        "saturation": Uniform(0.0, 0.5),
    },
    aug.Cutout: {"size": Whole(1, 16)},
    aug.RandomErasing: {"p": Uniform(0.0, 0.7)},
    aug.CutMix: {"alpha": Log(0.1, 2.0)},
}
GAMMAS = {"mcp": Log(1.5, 15.0), "scad": Log(2.5, 15.0)}  # of concave penalties, also of groups
OF_LOSSES = {  # of recommenders
    "als": {"alpha": Log(2e-3, 1e-1), "confidence": Log(0.5, 2e1)},
    "bpr": {"alpha": Log(5e-3, 0.5), "learning_rate": Log(1e-2, 0.5)},
    "warp": {"alpha": Log(0.1, 1e1), "learning_rate": Log(1e-2, 0.5)},
}
DESCENT = {"alpha": Log(1e-5, 1e1), "l1_ratio": Uniform(0.0, 1.0)}
PATIENCE = {"patience": Whole(3, 50)}


def _space(estimator, prefix=""):
    """Distributions by full name, None for what has none."""
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        return _space(last, f"{prefix}{name}__")
    if isinstance(estimator, (EarlyStoppingClassifier, EarlyStoppingRegressor)):
        inside = DESCENT if estimator.estimator is None else {}
        found = {prefix + name: values for name, values in {**inside, **PATIENCE}.items()}
        return {**found, **(_space(estimator.estimator, f"{prefix}estimator__") or {})}
    if isinstance(estimator, (DeepEnsembleClassifier, DeepEnsembleRegressor)):
        return None if estimator.estimator is None else _space(estimator.estimator, f"{prefix}estimator__")
    if isinstance(estimator, (AugmentedClassifier, AugmentedRegressor)):
        found = {f"{prefix}n_copies": Whole(1, 20)} if estimator.mode == "copies" else {}
        for part in ("estimator", "augmenter"):
            found |= _space(getattr(estimator, part), f"{prefix}{part}__") or {}
        return found
    if isinstance(estimator, (Compose, OneOf)):
        return _several(estimator, prefix)
    if isinstance(estimator, RandomApply):
        inside = _space(estimator.augmenter, f"{prefix}augmenter__") or {}
        return {f"{prefix}p": Uniform(0.0, 1.0), **inside}
    for kind, space in SPACES.items():
        if type(estimator) is kind:
            return {prefix + name: values for name, values in {**space, **_of_choice(estimator)}.items()}
    return None


def _of_choice(estimator):
    """Distributions that depend on the penalty, or on the loss of recommendations."""
    if isinstance(estimator, MatrixFactorizationRecommender):
        return OF_LOSSES.get(estimator.loss, {})
    shape = str(getattr(estimator, "penalty", None)).removeprefix("group_")
    return {"gamma": GAMMAS[shape]} if shape in GAMMAS else {}


def _several(augmenter, prefix):
    """Spaces of the parts of a composed augmenter, where their parameters can be set by name."""
    found, names = {}, augmenter.get_params()
    for place, part in enumerate(augmenter.augmenters):
        inside = _space(part, f"{place}__") or {}
        found |= {prefix + name: values for name, values in inside.items() if name in names}
    return found or None


def param_space(estimator, engine="sklearn"):
    """Distributions of the parameters that are worth tuning; penalty strengths are on logarithmic scales.

    Few parameters matter, and which ones is not known in advance: random or Bayesian search over these is better than
    a fine grid over a few [1]_. Ranges are meant for standardized features. The range of `alpha` in regression is wide,
    since targets have all units: `ElasticNetProxCV` and `PenalizedRegressorCV` compute where their paths begin, and are
    faster. Spaces depend on the `penalty` that is set, and on the `loss` of recommenders. Pixels and sizes of image
    augmenters are meant for small images, up to 32 x 32. Those of perceptrons say how a table is read, too; delete
    `numeric_embedding` for sparse X, which has no embeddings.

    Parameters
    ----------
    estimator : estimator
        One of this package, alone or the last step of a `Pipeline`; `AugmentationSearchCV`, a search itself, and
        `Autoencoder` have no space. Of wrappers, the inner estimator is searched, too,
        and the augmenter: tables and images, also inside `Compose`, `OneOf` and `RandomApply`.
    engine : {"sklearn", "optuna"}, default="sklearn"
        "sklearn" gives what `RandomizedSearchCV` and `HalvingRandomSearchCV` take, frozen distributions of
        `scipy.stats` and lists; "optuna" what ``study.ask`` takes, Optuna's distributions.

    Returns
    -------
    space : dict of str to distribution
        Names as in ``estimator.set_params``.

    Raises
    ------
    ValueError
        For an estimator without a known space, or an unknown engine.
    ImportError
        For ``engine="optuna"`` when Optuna is not installed.

    References
    ----------
    .. [1] J. Bergstra, Y. Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skreg import DropoutMLPRegressor
    >>> from skreg.inspection import param_space
    >>> space = param_space(make_pipeline(StandardScaler(), DropoutMLPRegressor()))
    >>> [name.removeprefix("dropoutmlpregressor__") for name in sorted(space)]
    ['dropout', 'ensemble_size', 'l1', 'learning_rate', 'numeric_embedding', 'standardize', 'weight_decay']
    >>> space["dropoutmlpregressor__weight_decay"].ppf([0.0, 0.5, 1.0]).round(3).tolist()
    [0.001, 0.055, 3.0]
    """
    if engine not in ("sklearn", "optuna"):
        raise ValueError(f"engine must be 'sklearn' or 'optuna'; got {engine!r}.")
    found = _space(estimator)
    if not found:
        raise ValueError(
            f"estimator must be one of skreg with a space, or a Pipeline that ends in one; got {estimator!r}."
        )
    if engine == "sklearn":
        return {name: values.scipy() for name, values in found.items()}
    try:
        import optuna
    except ImportError as error:
        raise ImportError("engine='optuna' needs Optuna: python -m pip install optuna") from error
    return {name: values.optuna(optuna) for name, values in found.items()}
