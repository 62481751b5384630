"""The display of cross-validated scores against a parameter."""

import itertools

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.model_selection import validation_curve

from ..utils._alphas import one_standard_error
from ._display import BLUE, LINES, PALE, Display, against_strength, final_step, is_fitted, mark_choices
from ._path import SEARCHES, chosen_candidate
from ._strength import direction_of, strength_of

MOST_OTHERS = 4  # curves of other candidates that can still be told apart


def choices(values, scores, stronger):
    """Values with the best mean score, and the most regularizing one within a standard error of it (or None)."""
    best = int(scores.mean(axis=1).argmax())
    if stronger == 0:
        return float(values[best]), None
    order = np.argsort(-stronger * values, kind="stable")
    place = int(np.flatnonzero(order == best)[0])
    return float(values[best]), float(values[order[one_standard_error(scores[order], place)]])


class CVCurveDisplay(Display):
    """Cross-validated scores against the strength of a penalty, with their spread and both choices.

    Make it with `from_cv`, of a search that is fitted, or with `from_estimator`. The band is one standard error of the
    mean over folds to either side; thin lines are folds. Marked are the best mean, and the most regularized value
    within one standard error of it.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        Of the parameter, increasing or decreasing.
    scores : ndarray of shape (n_values, n_folds)
        On the held-out rows; greater is better.
    parameter : str, default="alpha"
        What the values are of.
    score_name : str, default="score"
    is_loss : bool, default=False
        Whether to draw minus the scores, as what they are named is better when it is smaller.
    stronger : {1, -1, 0}, default=1
        Whether larger or smaller values regularize more; 0 where that is not known, and no value can be called the
        most regularized.
    connected : bool, default=True
        Whether the values differ in nothing else, so that a line through them has a meaning; else points are drawn, and
        nothing is called the most regularized.
    others : list of (str, ndarray, ndarray), default=None
        Curves to draw beside, thinner: a label, values and mean scores.
    label : str, default="mean"
        Of the curve itself.

    Attributes
    ----------
    value_min_ : float
        The value of the best mean score.
    value_1se_ : float or None
        The most regularized value within one standard error of it.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skreg import ElasticNetProxCV
    >>> from skreg.inspection import CVCurveDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> search = ElasticNetProxCV(l1_ratio=[0.5, 1.0]).fit(X, y)
    >>> display = CVCurveDisplay.from_cv(search)
    >>> display.value_min_ == search.alpha_min_ and display.value_1se_ == search.alpha_1se_
    True
    """

    def __init__(
        self,
        values,
        scores,
        *,
        parameter="alpha",
        score_name="score",
        is_loss=False,
        stronger=1,
        connected=True,
        others=None,
        label="mean",
    ):
        self.values = values
        self.scores = scores
        self.parameter = parameter
        self.score_name = score_name
        self.is_loss = is_loss
        self.stronger = stronger if connected else 0
        self.connected = connected
        self.others = others
        self.label = label

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, param_name=None, param_range=None, cv=None, scoring=None, n_jobs=None, ax=None
    ):
        """Cross-validate an estimator at every value of a parameter.

        Parameters
        ----------
        estimator : estimator
            Unfitted; pipelines, too.
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        param_name : str, default=None
            None takes the parameter that regularizes the estimator most directly, such as `alpha`, `C`, `dropout` or
            `min_samples_leaf`.
        param_range : array-like of shape (n_values,), default=None
            None takes values around the present one.
        cv : int, splitter, iterable or None, default=None
            As in scikit-learn; None is 5 folds.
        scoring : str or callable, default=None
            A scorer of scikit-learn; None is the estimator's `score`.
        n_jobs : int, default=None
            Processes for the fits.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : CVCurveDisplay
            Drawn.
        """
        strength = strength_of(estimator)
        if param_name is None and strength is None:
            raise ValueError(f"param_name must be given for {estimator!r}: no one parameter regularizes it.")
        if param_range is None:
            if param_name not in (None, getattr(strength, "name", None)):
                raise ValueError(f"param_range must be given for param_name={param_name!r}.")
            param_range = sorted([strength.value, *strength.values(len(y))])
        param_name = param_name or strength.name
        values = np.sort(np.asarray(param_range))
        options = dict(param_name=param_name, param_range=values, cv=cv, scoring=scoring, n_jobs=n_jobs)
        _, scores = validation_curve(estimator, X, y, error_score="raise", **options)
        display = cls(
            values,
            scores,
            parameter=param_name.rpartition("__")[2],
            stronger=direction_of(estimator, param_name),
            **_named(scoring, estimator),
        )
        return display.plot(ax)

    @classmethod
    def from_cv(cls, search, *, param_name=None, ax=None):
        """Draw what a fitted search has measured.

        Parameters
        ----------
        search : fitted search
            `ElasticNetProxCV`, `LabelSmoothedLogisticCV`, or scikit-learn's `GridSearchCV` and its kin; or a `Pipeline`
            that ends in one.
        param_name : str, default=None
            Of a scikit-learn search, the parameter to draw against, the others being at their best; None takes the
            one with the most different numbers.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : CVCurveDisplay
            Drawn.
        """
        search = final_step(search)
        if not is_fitted(search):
            raise ValueError(f"search must be fitted; got {search!r}.")
        if type(search) in SEARCHES:
            return cls(**_of_paths(search)).plot(ax)
        if hasattr(search, "cv_results_"):
            return cls(**_of_grid(search, param_name)).plot(ax)
        raise ValueError(
            "search must be an ElasticNetProxCV, a LabelSmoothedLogisticCV or a search of scikit-learn with"
            f" cv_results_; got {search!r}."
        )

    def plot(self, ax=None):
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : object
        """
        ax = self._begin(ax)
        sign = -1.0 if self.is_loss else 1.0
        order = np.argsort(self.values, kind="stable")
        values, scores = np.asarray(self.values)[order], np.asarray(self.scores)[order]
        self.value_min_, self.value_1se_ = choices(values, scores, self.stronger)
        folds = scores.shape[1]
        mean = scores.mean(axis=1)
        if self.connected:
            ax.plot(values, sign * scores, color=PALE, linewidth=0.7, zorder=1)
            ax.plot([], [], color=PALE, linewidth=0.9, label=f"{folds} fold{'s' * (folds > 1)}")
        if folds > 1:
            error, label = scores.std(axis=1, ddof=1) / np.sqrt(folds), "one standard error"
            if self.connected:
                ends = sign * mean - error, sign * mean + error
                ax.fill_between(values, *ends, color=BLUE, alpha=0.22, linewidth=0.0, zorder=2, label=label)
            else:
                ax.errorbar(values, sign * mean, yerr=error, fmt="none", color=PALE, label=label)
        for (label, x, y), style in zip(self.others or (), itertools.cycle(LINES[1:]), strict=False):
            ax.plot(x, sign * y, label=label, linewidth=1.2, zorder=2.5, **{**style, "marker": ""})
        marker = {"marker": "o", "markersize": 3.5} if values.size <= 25 or not self.connected else {}
        line = "-" if self.connected else ""
        ax.plot(values, sign * mean, line, color=BLUE, linewidth=2.0, label=self.label, zorder=3, **marker)
        mark_choices(ax, self.value_min_, self.value_1se_)
        against_strength(ax, self.parameter, values, self.stronger or 1)
        if self.stronger == 0:
            ax.set_xlabel(self.parameter)
        ax.set_ylabel(self.score_name)
        ax.margins(x=0.0)
        drawn = np.concatenate([mean, *(y for _, _, y in self.others or ())])
        low, high = (sign * drawn).min(), (sign * drawn).max()
        spread = np.abs(scores - mean[:, None]).max() if folds > 1 else 0.0
        ax.set_ylim(low - spread - 0.05 * (high - low), high + spread + 0.05 * (high - low))
        ax.legend(frameon=False, fontsize="small")
        return self


def _named(scoring, estimator=None):
    """How to draw the scores of a scorer: its name, and whether it is a loss with its sign turned."""
    if scoring is None and estimator is not None and (is_classifier(estimator) or is_regressor(estimator)):
        scoring = "accuracy" if is_classifier(estimator) else "R^2"
    if not isinstance(scoring, str):
        return dict(score_name="score", is_loss=False)
    return dict(score_name=scoring.removeprefix("neg_").replace("_", " "), is_loss=scoring.startswith("neg_"))


def _of_paths(search):
    """Arguments of a display for one of our path searches."""
    named = _named(search.scoring)
    if search.scoring is None:
        loss = "log loss" if hasattr(search, "label_smoothing_") else "mean squared error"
        named = dict(score_name=loss, is_loss=True)
    names = ["l1_ratio"] + (["label_smoothing"] if hasattr(search, "label_smoothing_") else [])
    lists = [np.atleast_1d(getattr(search, name)) for name in names]
    candidates = list(itertools.product(*lists))
    n_alphas, folds = search.scores_.shape[-2:]
    alphas, scores = search.alphas_.reshape(-1, n_alphas), search.scores_.reshape(-1, n_alphas, folds)
    scores = scores[..., ~np.isnan(scores).all(axis=(0, 1))]  # folds without a score took no part in the choice
    varied = [i for i, values in enumerate(lists) if len(values) > 1]
    labels = [", ".join(f"{names[i]} {candidate[i]:g}" for i in varied) or "mean" for candidate in candidates]
    chosen = int(np.ravel_multi_index(chosen_candidate(search), [len(values) for values in lists]))
    ranked = sorted(range(len(candidates)), key=lambda i: -scores[i].mean(axis=1).max())
    others = [(labels[i], alphas[i], scores[i].mean(axis=1)) for i in ranked if i != chosen][:MOST_OTHERS]
    return dict(values=alphas[chosen], scores=scores[chosen], others=others, label=labels[chosen], **named)


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
    numbers = [i for i, value in enumerate(table[param_name]) if _is_number(value)]  # a grid may hold None as well
    groups = {}
    for i in numbers:
        groups.setdefault(repr({name: table[name][i] for name in table if name != param_name}), []).append(i)
    best = max(numbers, key=lambda i: splits[i].mean())
    chosen = next(rows for rows in groups.values() if best in rows)
    connected = len(chosen) > 2 or len(chosen) == len(numbers)
    rest = [rows for rows in groups.values() if rows is not chosen] if connected else []
    chosen = chosen if connected else numbers  # of a random search: no two candidates share the rest
    others = []
    for rows in sorted(rest, key=lambda rows: -splits[rows].mean(axis=1).max())[:MOST_OTHERS]:
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
        **_named(metric if isinstance(scoring, (list, tuple, set)) else scoring, search.estimator),
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
    numeric = {name: {v for v in column if _is_number(v)} for name, column in table.items()}
    numeric = {name: values for name, values in numeric.items() if len(values) > 1}
    if not numeric:
        raise ValueError(f"search must vary a number; it varies {sorted(table)}.")
    if param_name is None:
        return max(numeric, key=lambda name: len(numeric[name]))
    if param_name not in numeric:
        raise ValueError(f"param_name must be among the varied numbers {sorted(numeric)}; got {param_name!r}.")
    return param_name


def _is_number(value):
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _words(params, but):
    shown = {k.rpartition("__")[2]: f"{v:.3g}" if isinstance(v, float) else v for k, v in params.items() if k != but}
    return ", ".join(f"{name} {value}" for name, value in shown.items()) or "mean"
