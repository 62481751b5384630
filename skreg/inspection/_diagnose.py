"""Advice on regularization: what the data say of an estimator, and what to try next."""

import time
from numbers import Real

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring, get_scorer
from sklearn.utils import check_consistent_length, indexable

from ..utils._params import Interval, check_argument
from ..utils._scoring import SCORING
from ..utils._validation import check_in_memory
from ..utils._workers import check_can_be_sent
from ._data import can_classify, choose_splits, possible_folds, rare_class
from ._diagnosis import Diagnosis
from ._evaluate import Folds
from ._input import check_estimator, check_targets
from ._measure import Measurements

POSITIVE = Interval(Real, 0.0, np.inf, closed="neither")


def diagnose(estimator, X, y, *, groups=None, cv=5, scoring=None, time_budget=None, n_jobs=None, verbose=None):
    """Say whether an estimator overfits or underfits, on which numbers, and what to try next.

    Everything is measured on the same folds: the estimator; a constant prediction; the estimator with other values of
    the parameter that regularizes it most directly (the regularization curve) and with fewer rows (the learning curve);
    two references, a linear model whose penalty is chosen by cross-validation and gradient boosting; and cheap changes
    where the rows call for them: standardized features, class weights, longer training.

    **One rule for all verdicts and all advice**: a difference counts where its 95 % interval lies above zero and its
    mean is at least a hundredth of what can be learned, which is the best score seen minus the constant's. The verdict
    is the first of these that holds:

    1. *nothing learned*: neither the estimator nor anything else on the same folds is better than a constant;
    2. *underfitting* or *overfitting*: less, or more, regularization is better than the present amount;
    3. *overfitting* or *underfitting*: a reference or a cheap change is better. It is overfitting where the score of
       the estimator on its training rows is at least that of the better model on held-out rows, so that it has learned
       enough and lost it; else it is underfitting;
    4. *overfitting*: more than a tenth is lost on held-out rows, more rows help, and more regularization is not worse.
       This does not hold for models that may know their training rows by heart, such as forests, boosting, neighbours
       and support vectors: their gap is natural, and says nothing by itself;
    5. *fitting well*. This and *nothing learned* are *undecided* where time was too short for a reference, for a change
       that the rows call for, or for the regularization curve, and where no reference can be fitted to these data.

    Beside the verdict stand findings: faults of the data or of the setup.

    Parameters
    ----------
    estimator : estimator
        A classifier or regressor, unfitted: of this package, or a linear model, support vector machine, perceptron,
        tree, forest, boosting or neighbours of scikit-learn, also inside a `Pipeline`. For others there is no
        regularization curve, and the advice is shorter. Cox models, recommenders and nets with
        ``return_sequences=True`` are not supported: no reference is comparable with them.
    X : array-like, sparse matrix or frame of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    groups : array-like of shape (n_samples,), default=None
        Rows that belong together, such as those of one patient. A number of folds then keeps them on one side; a
        splitter is given them.
    cv : int, splitter or iterable of splits, default=5
        As in scikit-learn. Fewer folds are used, with a warning, where rows, groups or the rows of the largest class
        are too few for that number. Where more than a twentieth of the held-out rows have an equal row in training, a
        number of folds keeps equal rows on one side. Of one split there are no intervals, and means decide.
    scoring : str or callable, default=None
        A scorer of scikit-learn, greater is better; all models are judged by it. None is R^2 for regression and
        accuracy for classes, or balanced accuracy where the rarest class has less than a fifth of an even share (10 %
        of two classes). It is not the estimator's own `score`, which may be a deviance, say. For a quantile other than
        the median give ``make_scorer(d2_pinball_score, alpha=...)``: R^2 judges predictions of the mean.
    time_budget : float, default=None
        Seconds that `diagnose` may take, positive. Cheap changes and references come first, the regularization curve
        last. Measurements that are expected to take longer than what is left are left out, and the report says which.
        The baseline always runs, and a fit that has begun is not ended. `try_next` is not bounded. None is no limit.
    n_jobs : int, default=None
        Processes for the folds; None is 1 unless in a `joblib.parallel_config`, -1 all cores.
    verbose : bool, default=None
        None shows a bar in a terminal, if rich is installed; True shows a bar, or else lines on stderr; False nothing.

    Returns
    -------
    diagnosis : Diagnosis
        Prints as a report; ``diagnosis.try_next(3)`` tries the first three suggestions. Ctrl-C after the baseline ends
        the measurements; the diagnosis is then of what was measured until then, and says so.

    Raises
    ------
    ValueError
        When an argument is not as described; for estimators that are not supported; when y has rows of different
        lengths, or more than two dimensions; when y holds numbers that are no classes for a classifier, one class
        only, or no finite numbers for a regressor; when there are fewer than 4 rows.

    See Also
    --------
    CVCurveDisplay : The regularization curve alone.
    param_space : Distributions to search all parameters in.

    Notes
    -----
    Intervals of gains are 95 % intervals of paired differences over folds, corrected for training rows that the folds
    share [1]_; those of the gap and of confidence are of the fitted models themselves, and count held-out rows once.
    They are not corrected for how many there are: of twenty without any effect, one will seem to have one.

    The best value of the regularization curve is chosen among several, which flatters it. Its gain is therefore that of
    the value that *other* folds would choose, fold by fold: folds that hold out none of its rows. Of values that are
    equally good within a hundredth of what can be learned, the one that regularizes most is named.

    References stand behind the same preprocessing. They need a table, and gradient boosting a dense one and one target.
    Columns of text and categories are encoded for them: by indicators for the linear model, as categories for boosting.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning 52, 2003, eq. 9.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from skreg.inspection import diagnose
    >>> X, y = load_diabetes(return_X_y=True)
    >>> diagnosis = diagnose(DecisionTreeRegressor(random_state=0), X, y)
    >>> diagnosis.verdict
    'overfitting'
    >>> diagnosis.suggestions[0].parameter
    'min_samples_leaf'
    >>> trials = diagnosis.try_next(1)
    >>> trials[0].gain.low > 0.0
    True
    """
    start = time.perf_counter()
    check_in_memory(X)
    check_estimator(estimator)
    if time_budget is not None and time_budget not in POSITIVE:
        raise ValueError(f"time_budget must be a positive number of seconds or None; got {time_budget!r}.")
    check_argument(scoring, "scoring", SCORING)
    check_can_be_sent(estimator=estimator, scoring=scoring)
    if verbose not in (None, True, False):
        raise ValueError(f"verbose must be True, False or None; got {verbose!r}.")
    X, y = indexable(X, y)
    if groups is not None:
        check_consistent_length(X, groups)
    check_targets(estimator, y)
    rare = rare_class(y) if can_classify(estimator, y) else None
    name, scorer = _scoring_for(estimator, scoring, rare)
    cv = possible_folds(cv, y, groups, is_classifier(estimator))
    splits = choose_splits(cv, X, y, groups, is_classifier(estimator))
    estimator = clone(estimator)
    folds = Folds(X, y, splits.used, scorer, n_jobs, rare)
    measured = Measurements(estimator, folds, splits, start, time_budget, verbose)
    return Diagnosis(measured, name, time.perf_counter() - start)


def _scoring_for(estimator, scoring, rare):
    """The name of the score, and the scorer, the same for all models: their own `score` methods may differ."""
    if scoring is None and not is_classifier(estimator):
        return "R^2", get_scorer("r2")
    if scoring is None:
        scoring = "accuracy" if rare is None else "balanced_accuracy"
    name = scoring.replace("_", " ") if isinstance(scoring, str) else getattr(scoring, "__name__", "score")
    return name, check_scoring(estimator, scoring=scoring)
