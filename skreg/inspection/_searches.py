"""Cross-validated scores of fitted searches, ours and scikit-learn's, as arguments of `CVCurveDisplay`."""

import itertools

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.linear_model import LogisticRegressionCV, RidgeClassifierCV, RidgeCV

from ..linear._search import PathSearch
from ._coefficients import axes_of, chosen_candidate
from ._display import final_step, is_fitted
from ._strength import direction_of

MAX_OTHERS = 4  # curves of other candidates that can still be told apart


def score_words(scoring, estimator=None):
    """Name of the scores of a scorer, and whether they are negative losses."""
    if scoring is None and estimator is not None and (is_classifier(estimator) or is_regressor(estimator)):
        scoring = "accuracy" if is_classifier(estimator) else "R^2"
    if not isinstance(scoring, str):
        return dict(score_name="score", is_loss=False)
    return dict(score_name=scoring.removeprefix("neg_").replace("_", " "), is_loss=scoring.startswith("neg_"))


def read_search(search, param_name=None):
    """Arguments of a `CVCurveDisplay` for a fitted search.

    Raises
    ------
    ValueError
        For what is not fitted, or no search whose scores are known.
    """
    search = final_step(search)
    if not is_fitted(search):
        raise ValueError(f"search must be fitted; got {search!r}.")
    if isinstance(search, PathSearch):
        return _of_paths(search)
    if isinstance(search, (RidgeCV, RidgeClassifierCV)):
        return _of_ridge(search)
    if hasattr(search, "mse_path_"):
        return _of_errors(search)
    if isinstance(search, LogisticRegressionCV):
        return _of_logistic(search)
    if isinstance(getattr(search, "cv_results_", None), dict):
        return _of_grid(search, param_name)
    raise ValueError(
        "search must be an ElasticNetProxCV, LabelSmoothedLogisticCV, PenalizedRegressorCV, PenalizedCoxCV, RidgeCV,"
        " LassoCV, ElasticNetCV or LogisticRegressionCV, or a search of scikit-learn with cv_results_; got"
        f" {search!r}."
    )


def _of_ridge(search):
    """Arguments for RidgeCV: every row is held out once, or so by the leave-one-out formula."""
    if not isinstance(getattr(search, "cv_results_", None), np.ndarray):
        raise ValueError(f"search must have store_cv_results=True and cv=None to know its errors; got {search!r}.")
    results = search.cv_results_
    if results.ndim == 3:  # (n_samples, n_targets, n_alphas)
        results = results.mean(axis=1)
    if search.scoring is not None:  # predictions, not errors
        raise ValueError(f"search must have scoring=None: else it stores predictions, not errors. Got {search!r}.")
    named = dict(score_name="squared error, leave-one-out", is_loss=True, label="mean over rows")
    return dict(values=np.asarray(search.alphas, dtype=float), scores=-results.T, **named)


def _of_errors(search):
    """Arguments for LassoCV and ElasticNetCV: curves of all l1_ratios, that of the chosen one first."""
    ratios = np.atleast_1d(getattr(search, "l1_ratio", 1.0))
    errors = search.mse_path_.reshape(len(ratios), *search.mse_path_.shape[-2:])
    alphas = np.broadcast_to(np.asarray(search.alphas_), errors.shape[:2])
    labels = [f"l1_ratio {ratio:g}" if len(ratios) > 1 else "mean" for ratio in ratios]
    chosen = int(np.flatnonzero(ratios == search.l1_ratio_)[0]) if len(ratios) > 1 else 0
    return _with_others(alphas, -errors, labels, chosen, score_name="mean squared error", is_loss=True)


def _of_logistic(search):
    """Arguments for LogisticRegressionCV: mean over classes where they were fitted one against the rest."""
    scores = search.scores_
    if isinstance(scores, dict):  # {class: (n_folds, n_cs) or (n_folds, n_cs, n_l1_ratios)}
        scores = np.mean(list(scores.values()), axis=0)
        scores = scores[:, :, None] if scores.ndim == 2 else scores
        scores = scores.transpose(2, 1, 0)
    else:  # (n_folds, n_l1_ratios, n_cs)
        scores = scores.transpose(1, 2, 0)
    ratios = [ratio for ratio in np.atleast_1d(getattr(search, "l1_ratios_", None)) if ratio is not None]
    labels = [f"l1_ratio {ratio:g}" for ratio in ratios] if len(ratios) == len(scores) > 1 else ["mean"] * len(scores)
    chosen = int(scores.mean(axis=2).max(axis=1).argmax())
    values = np.broadcast_to(np.asarray(search.Cs_, dtype=float), scores.shape[:2])
    scoring = search.scoring if isinstance(search.scoring, str) and search.scoring != "warn" else None
    named = score_words(scoring or "accuracy")
    return _with_others(values, scores, labels, chosen, parameter="C", stronger=-1, **named)


def _with_others(values, scores, labels, chosen, **named):
    """Arguments of a display of one candidate, with the best of the others beside it."""
    ranked = sorted(range(len(labels)), key=lambda i: -scores[i].mean(axis=1).max())
    others = [(labels[i], values[i], scores[i].mean(axis=1)) for i in ranked if i != chosen][:MAX_OTHERS]
    return dict(values=values[chosen], scores=scores[chosen], others=others, label=labels[chosen], **named)


def _of_paths(search):
    """Arguments of a display for one of our path searches."""
    named = score_words(search.scoring)
    if search.scoring is None:
        loss = f"{search.loss} loss" if hasattr(search, "loss") else "mean squared error"
        loss = "log loss" if hasattr(search, "label_smoothing_") else loss
        named = dict(score_name=loss, is_loss=True)
    names, lists = zip(*axes_of(search).items(), strict=True)
    candidates = list(itertools.product(*lists))
    n_alphas, folds = search.scores_.shape[-2:]
    alphas, scores = search.alphas_.reshape(-1, n_alphas), search.scores_.reshape(-1, n_alphas, folds)
    scores = scores[..., ~np.isnan(scores).all(axis=(0, 1))]  # folds without a score took no part in the choice
    varied = [i for i, values in enumerate(lists) if len(values) > 1]
    labels = [", ".join(f"{names[i]} {candidate[i]:g}" for i in varied) or "mean" for candidate in candidates]
    chosen = int(np.ravel_multi_index(chosen_candidate(search), [len(values) for values in lists]))
    return _with_others(alphas, scores, labels, chosen, **named)


def _of_grid(search, param_name):
    """Arguments of a display for a search of scikit-learn."""
    metric = _metric(search)
    results = search.cv_results_
    splits = np.array([results[f"split{k}_test_{metric}"] for k in range(search.n_splits_)]).T
    usable = np.isfinite(splits).all(axis=1)  # candidates may fail
    if "n_resources" in results:  # halving: only its first round compares all candidates alike
        usable &= np.asarray(results["iter"]) == 0
    params = list(itertools.compress(results["params"], usable))
    splits = splits[usable]
    if not params:
        raise ValueError("search has no candidate with finite scores in all folds.")
    resource = getattr(search, "resource", None)
    table = {name: [some.get(name) for some in params] for name in params[0] if name != resource}
    param_name = _parameter(table, param_name)
    numbers = [i for i, value in enumerate(table[param_name]) if is_number(value)]  # a grid may hold None as well
    groups = {}
    for i in numbers:
        groups.setdefault(repr({name: table[name][i] for name in table if name != param_name}), []).append(i)
    best = max(numbers, key=lambda i: splits[i].mean())
    chosen = next(rows for rows in groups.values() if best in rows)
    connected = len(chosen) > 2 or len(chosen) == len(numbers)
    rest = [rows for rows in groups.values() if rows is not chosen] if connected else []
    chosen = chosen if connected else numbers  # of a random search: no two candidates share the rest
    others = []
    for rows in sorted(rest, key=lambda rows: -splits[rows].mean(axis=1).max())[:MAX_OTHERS]:
        rows = sorted(rows, key=lambda i: table[param_name][i])
        x = np.array([table[param_name][i] for i in rows], dtype=float)
        others.append((_words(params[rows[0]], param_name), x, splits[rows].mean(axis=1)))
    scoring = search.scoring[metric] if isinstance(search.scoring, dict) else search.scoring
    return dict(
        values=np.array([table[param_name][i] for i in chosen], dtype=float),
        scores=splits[chosen],
        parameter=param_name.rpartition("__")[2],
        stronger=direction_of(search.estimator, param_name),
        connected=connected,
        others=others,
        label=_words(params[best], param_name) if rest else "mean" if connected else "candidates, all different",
        **score_words(metric if isinstance(scoring, (list, tuple, set)) else scoring, search.estimator),
    )


def _metric(search):
    """The name of the scores by which a search chose."""
    if not search.multimetric_:
        return "score"
    if isinstance(search.refit, str):
        return search.refit
    raise ValueError(f"search has several metrics; it must be refitted by the name of one. Got refit={search.refit!r}.")


def _parameter(table, param_name):
    """The parameter to draw against: the given one, or that with the most different numbers."""
    numeric = {name: {v for v in column if is_number(v)} for name, column in table.items()}
    numeric = {name: values for name, values in numeric.items() if len(values) > 1}
    if not numeric:
        raise ValueError(f"search must vary a number; it varies {sorted(table)}.")
    if param_name is None:
        return max(numeric, key=lambda name: len(numeric[name]))
    if param_name not in numeric:
        raise ValueError(f"param_name must be among the varied numbers {sorted(numeric)}; got {param_name!r}.")
    return param_name


def is_number(value):
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _words(params, but):
    shown = {k.rpartition("__")[2]: f"{v:.3g}" if isinstance(v, float) else v for k, v in params.items() if k != but}
    return ", ".join(f"{name} {value}" for name, value in shown.items()) or "mean"
