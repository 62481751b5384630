"""A net and gradient boosting, each tuned for some minutes, on tables; and a cocktail of regularizers, searched.

The cocktail is the one of Kadra, Lindauer, Hutter & Grabocka 2021, "Well-tuned simple nets excel on tabular datasets":
every regularizer may be used or not, with a strength of its own, and the search finds the mixture.
"""

import time
import warnings

from scipy.stats import loguniform, randint, uniform
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingRandomSearchCV, KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline

from skreg import DropoutMLPClassifier, DropoutMLPRegressor
from skreg.augmentation import SwapNoise
from skreg.inspection import param_space

from .tabular_peers import encoded

CANDIDATES, FACTOR, FOLDS = 9, 3, 3  # of a round of halving
NET, BOOSTING = "skreg, param_space", "HistGradientBoosting"
COCKTAIL = "skreg, cocktail"


def net(classes):
    return encoded((DropoutMLPClassifier if classes else DropoutMLPRegressor)(random_state=0))


def boosting(classes):
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return kind(categorical_features="from_dtype", random_state=0)


def boosting_space(model):
    return dict(
        learning_rate=loguniform(0.01, 0.3),
        max_leaf_nodes=randint(4, 64),
        min_samples_leaf=randint(5, 60),
        l2_regularization=loguniform(1e-3, 10.0),
        max_features=uniform(0.3, 0.7),
    )


def cocktail_space(model):
    """Thirteen regularizers; that of residual branches needs these."""
    name = model.steps[-1][0]
    common = dict(
        normalization=[None, "batch", "layer"],
        weight_decay=[0.0, 0.01, 0.1, 0.3, 1.0],
        l1=[0.0, 1e-5, 1e-4, 1e-3],
        dropout=[0.0, 0.1, 0.25, 0.5],
        input_dropout=[0.0, 0.05, 0.1],
        adversarial_epsilon=[0.0, 0.05, 0.1],
        feature_mask=[0.0, 0.1],
        mixup=[0.0, 0.1, 0.2, 0.4],
        augmenter=[None, SwapNoise(0.05), SwapNoise(0.15)],
        averaging=[None, "ema", "swa"],
        sam_rho=[0.0, 0.05],
        ensemble_size=[1, 4, 8],
        learning_rate=loguniform(1e-3, 1e-2),
    )
    plain, residual = dict(residual=[False]), dict(residual=[True], stochastic_depth=[0.0, 0.2, 0.5])
    return [{f"{name}__{key}": values for key, values in (common | kind).items()} for kind in (plain, residual)]


# The model, its space, and the epochs or trees of the last step of a round.
TUNED = {
    NET: (net, param_space, 99),
    COCKTAIL: (net, cocktail_space, 99),
    BOOSTING: (boosting, boosting_space, 297),
}


def last(model):
    """The prefix of the parameters of a model that may stand in a pipeline."""
    return f"{model.steps[-1][0]}__" if isinstance(model, Pipeline) else ""


def search(model, space, most, X, y, classes, seconds):
    """The best parameters after rounds of successive halving, at least one, which begin until the time is up.

    Returns
    -------
    best : estimator
    chosen : dict
        Its parameters, empty for the defaults.
    count : int
        Number of candidates.
    """
    scoring = "neg_log_loss" if classes else "neg_root_mean_squared_error"
    cv = (StratifiedKFold if classes else KFold)(FOLDS, shuffle=True, random_state=0)
    end, prefix = time.monotonic() + seconds, last(model)
    best, chosen, count = cross_val_score(model, X, y, cv=cv, scoring=scoring).mean(), {}, 1
    while count == 1 or time.monotonic() < end:
        found = HalvingRandomSearchCV(
            model,
            space(model),
            n_candidates=CANDIDATES,
            factor=FACTOR,
            resource=f"{prefix}max_iter",
            min_resources=most // FACTOR**2,
            max_resources=most,
            cv=cv,
            scoring=scoring,
            refit=False,
            random_state=count,
        ).fit(X, y)
        count += CANDIDATES
        if found.best_score_ > best:
            best, chosen = found.best_score_, found.best_params_
    return clone(model).set_params(**chosen), chosen, count


def words(chosen, prefix):
    """Chosen parameters as text."""
    named = {key.removeprefix(prefix): value for key, value in chosen.items()}
    shown = (
        f"{key}={value:.3g}" if isinstance(value, float) else f"{key}={value}" for key, value in sorted(named.items())
    )
    return ", ".join(shown) or "the defaults"


def rows_of(table, judge, minutes):
    """Rows of a table: scores on the rows of the first fold of models that were tuned on the others."""
    frame, y, classes, ((train, test), *_) = table
    found = []
    for name, (make, space, most) in TUNED.items():
        model = make(classes)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # candidates diverge, or have few rows
            start = time.process_time()
            best, chosen, count = search(model, space, most, frame.iloc[train], y[train], classes, 60.0 * minutes)
            best.fit(frame.iloc[train], y[train])
            seconds = time.process_time() - start
        scores = judge(best, frame.iloc[test], y[test], classes, None if classes else y.std())
        scores.pop("coverage", None)
        found.append(dict(solver=name, cpu=seconds, count=count, **scores, setting=words(chosen, last(model))))
        print(f"    {name}: {found[-1]}", flush=True)
    return found
