"""Which augmenter, how strong, by cross-validation."""

import warnings
from numbers import Integral

import numpy as np
from scipy.stats import t as student
from sklearn.base import BaseEstimator, MetaEstimatorMixin, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import GridSearchCV, check_cv
from sklearn.utils import check_consistent_length, check_random_state, get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from ..utils._delegation import DelegatesToFittedClassifier
from ..utils._documentation import DocumentationLinkMixin
from ..utils._errors import caller_level, naming, unchanged_on_error
from ..utils._params import (
    ARRAY_LIKE,
    COUNT,
    CV,
    DICT,
    ESTIMATOR,
    NONE,
    PROBABILITY,
    RANDOM_STATE,
    Interval,
    check_params,
)
from ..utils._rows import readable
from ..utils._scoring import SCORING
from ..utils._split import name_of
from ..utils._targets import check_weights
from ..utils._workers import check_can_be_sent
from ._base import AUGMENTER
from ._estimators import AugmentedClassifier, AugmentedRegressor
from ._numbers import ONE_LENGTH

COVERAGE = 0.95  # of the intervals in `results_`, and of all candidates together in the choice


class AugmentationSearchCV(DelegatesToFittedClassifier, MetaEstimatorMixin, DocumentationLinkMixin, BaseEstimator):
    """Choose an augmenter and its strength on validation folds, by successive halving over the number of copies.

    All candidates start with one copy of every training row. After each round the better ones go on with more copies
    (Jamieson & Talwalkar 2016 [1]_), and the best of the last is compared with no augmentation on the same folds. It is
    chosen if the interval of its gain is above 0; otherwise no augmentation is. The interval has 95 % for all
    candidates together (Bonferroni), as the best of many looks good by chance. Scores count unaugmented rows only.
    Small gains need many folds to be seen: ``cv=10``, or repeated ones.

    Parameters
    ----------
    estimator : estimator
        Classifier or regressor to train.
    candidates : list of augmenters or dict
        Augmenters at their full strength; the keys of a dict are their names in `results_`. Several at once are a
        `Compose`, policies are `TrivialAugment` and `RandAugment`.
    strengths : array-like of float, default=(0.3, 1.0)
        Shares of the strength of every augmenter that are tried, in [0, 1]; see `Augmenter.at_strength`. An augmenter
        without a strength, or a policy that draws it, is tried as it is.
    n_copies : int, default=8
        Copies of every row in the last round, at least 1.
    factor : int, default=2
        The best of `factor` candidates goes on to the next round, with `factor` times the copies; at least 2.
    cv : int, splitter or iterable, default=None
        As in scikit-learn; None is 5 folds.
    scoring : str or callable, default=None
        Any scikit-learn scorer; None is the `score` of the estimator.
    n_jobs : int, default=None
        Number of processes, as in `GridSearchCV`.
    random_state : int, RandomState or None, default=None
        Seed of the augmentation, the same for all candidates.

    Attributes
    ----------
    estimator_ : AugmentedClassifier or AugmentedRegressor
        Fitted on all rows with the choice.
    best_name_ : str
        Name of the chosen augmenter, or "none".
    best_augmenter_ : augmenter or None
        At the chosen strength.
    best_strength_ : float
        NaN for "none", and where the augmenter has no strength.
    best_n_copies_ : int
        0 for "none".
    results_ : dict of ndarray
        A column for each key, a row for each candidate and round: `name`, `strength`, `n_copies`, `mean_score`, `gain`
        (mean paired difference to no augmentation over the folds), `gain_low` and `gain_high` (its 95 % interval, by
        Student's t; folds share training rows, so it is a little too narrow), `standard_error`. The first row is
        "none". `pandas.DataFrame(model.results_)` shows it.
    classes_ : ndarray of shape (n_classes,)
        Of a classifier.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        If a parameter is not as described, or a candidate does not fit the rows.

    See Also
    --------
    AugmentedClassifier : A given augmenter.
    TrivialAugment : Nothing to choose.

    References
    ----------
    .. [1] K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS
       2016.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.svm import SVC
    >>> from sklearn.utils import shuffle
    >>> from skreg.augmentation import AugmentationSearchCV, GaussianNoise, Shift
    >>> X, y = shuffle(*load_digits(return_X_y=True), random_state=0)
    >>> candidates = [Shift(1.0, order=3, image_shape=(8, 8)), GaussianNoise(10.0)]
    >>> search = AugmentationSearchCV(SVC(), candidates, n_copies=4, cv=8, random_state=0).fit(X[:150], y[:150])
    >>> search.best_name_
    'Shift'
    >>> search.score(X[150:], y[150:]) > SVC().fit(X[:150], y[:150]).score(X[150:], y[150:]) + 0.01
    True
    """

    _parameter_constraints = {
        "estimator": [ESTIMATOR],
        "candidates": [DICT, ARRAY_LIKE],
        "strengths": [ARRAY_LIKE],
        "n_copies": [COUNT],
        "factor": [Interval(Integral, 2, np.inf)],
        "cv": [Interval(Integral, 2, np.inf), CV, NONE],
        "scoring": SCORING,
        "n_jobs": [Interval(Integral, -np.inf, np.inf, closed="neither"), NONE],
        "random_state": [RANDOM_STATE],
    }

    def __init__(
        self,
        estimator,
        candidates,
        *,
        strengths=(0.3, 1.0),
        n_copies=8,
        factor=2,
        cv=None,
        scoring=None,
        n_jobs=None,
        random_state=None,
    ):
        self.estimator = estimator
        self.candidates = candidates
        self.strengths = strengths
        self.n_copies = n_copies
        self.factor = factor
        self.cv = cv
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        try:
            inner = get_tags(self.estimator)
        except (AttributeError, TypeError):  # fit raises where this is not an estimator
            return tags
        tags.estimator_type = inner.estimator_type
        tags.classifier_tags, tags.regressor_tags = inner.classifier_tags, inner.regressor_tags
        tags.input_tags, tags.target_tags = inner.input_tags, inner.target_tags
        parts = self.candidates.values() if isinstance(self.candidates, dict) else self.candidates
        tags.input_tags.sparse &= all(get_tags(part).input_tags.sparse for part in parts if part in AUGMENTER)
        tags.target_tags.required = True
        return tags

    def _candidates(self):
        """Triples of a name, a strength and an augmenter."""
        given = self.candidates
        if not isinstance(given, dict):
            names = [type(one).__name__ for one in given]
            unique = [f"{name} {k}" if names.count(name) > 1 else name for k, name in enumerate(names)]
            given = dict(zip(unique, given, strict=True))
        if not given:
            raise ValueError("candidates must hold at least one augmenter; got none.")
        if "none" in given:
            raise ValueError("candidates must not have the name 'none', which results_ has for no augmentation.")
        strengths = list(self.strengths)
        for t in strengths:
            if t not in PROBABILITY:
                raise ValueError(f"strengths must hold numbers in [0, 1]; got {t!r}.")
        if not strengths:
            raise ValueError("strengths must hold at least one number; got none.")
        found = []
        for name, one in given.items():
            if one not in AUGMENTER:
                raise ValueError(f"candidates must hold augmenters; got {one!r} for {name!r}.")
            found += [(name, t, one.at_strength(t)) for t in strengths] if one.has_strength else [(name, np.nan, one)]
        return found

    @unchanged_on_error
    def fit(self, X, y, sample_weight=None, groups=None):
        """Choose by cross-validation, and train on all rows with the choice.

        Parameters
        ----------
        X : rows of any kind that the candidates and the estimator take
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the training rows: non-negative, not all zero.
        groups : array-like of shape (n_samples,), default=None
            For the splitter.

        Returns
        -------
        self : object
        """
        check_params(self)
        check_can_be_sent(estimator=self.estimator, candidates=self.candidates, scoring=self.scoring)
        candidates, X = self._candidates(), readable(X, advice=ONE_LENGTH)
        validate_data(self, X, y, skip_check_array=True)
        check_consistent_length(X, y)
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        kind = AugmentedClassifier if is_classifier(self.estimator) else AugmentedRegressor
        model = kind(self.estimator, None, random_state=seed)
        y = model._check_y(y)
        weights = {} if sample_weight is None else {"sample_weight": check_weights(sample_weight, len(y))}
        splits = list(check_cv(self.cv, y, classifier=is_classifier(self.estimator)).split(X, y, groups))
        if len(splits) < 2:
            raise ValueError(
                f"cv={name_of(self.cv)} makes {len(splits)} split; the interval of a gain needs at least two."
            )

        def scores(choices):
            grid = [{name: [value] for name, value in choice.items()} for choice in choices]
            search = GridSearchCV(
                model, grid, cv=splits, scoring=self.scoring, n_jobs=self.n_jobs, refit=False, error_score="raise"
            ).fit(X, y, **weights)
            columns = [search.cv_results_[f"split{k}_test_score"] for k in range(len(splits))]
            return np.column_stack(columns)

        (null,) = scores([{"augmenter": None}])
        rows, going, copies = [("none", np.nan, 0, null)], list(range(len(candidates))), 1
        while True:
            copies = min(copies, self.n_copies)
            found = scores([{"augmenter": candidates[k][2], "n_copies": copies} for k in going])
            rows += [(*candidates[k][:2], copies, one) for k, one in zip(going, found, strict=True)]
            order = np.argsort(-np.nanmean(found, axis=1), kind="stable")
            if copies == self.n_copies:
                break
            going = [going[k] for k in order[: -(-len(going) // self.factor)]]
            copies *= self.factor
        self._keep(rows)
        best = len(rows) - len(going) + order[0]
        level = 1.0 - (1.0 - COVERAGE) / len(candidates)
        is_gain = self.results_["gain"][best] > self._reach(level) * self.results_["standard_error"][best]
        chosen = (*candidates[going[order[0]]], copies) if is_gain else ("none", np.nan, None, 0)
        self.best_name_, self.best_strength_, self.best_augmenter_, self.best_n_copies_ = chosen
        self.estimator_ = model.set_params(augmenter=self.best_augmenter_, n_copies=self.best_n_copies_)
        self.estimator_.fit(X, y, **weights)
        if is_classifier(self):
            self.classes_ = self.estimator_.classes_
        return self

    def _keep(self, rows):
        """Set `results_` from names, strengths, numbers of copies, and the scores of all folds."""
        names, strengths, copies, scores = zip(*rows, strict=True)
        scores = np.array(scores)
        scored = np.isfinite(scores).all(axis=0)
        self._n_folds = int(scored.sum())
        if self._n_folds < 2:
            raise ValueError(
                f"scoring={self.scoring!r} has a value on {self._n_folds} of {scored.size} folds; two are needed."
            )
        if not scored.all():
            warnings.warn(
                f"{type(self).__name__} leaves folds {np.flatnonzero(~scored).tolist()} out of the choice, on which"
                f" scoring={self.scoring!r} has no value.",
                UserWarning,
                stacklevel=caller_level(),
            )
        scores = scores[:, scored]
        gains = scores - scores[0]
        errors = gains.std(axis=1, ddof=1) / np.sqrt(self._n_folds)
        reach = self._reach(COVERAGE) * errors
        self.results_ = dict(
            name=np.array(names),
            strength=np.array(strengths),
            n_copies=np.array(copies),
            mean_score=scores.mean(axis=1),
            gain=gains.mean(axis=1),
            gain_low=gains.mean(axis=1) - reach,
            gain_high=gains.mean(axis=1) + reach,
            standard_error=errors,
        )

    def _reach(self, level):
        """Standard errors from the mean to the end of an interval, by Student's t."""
        return student.ppf(0.5 + 0.5 * level, self._n_folds - 1)

    def score(self, X, y):
        """The score of the chosen model by `scoring`.

        Parameters
        ----------
        X : rows of the kind that `fit` has seen
        y : array-like of shape (n_samples,)

        Returns
        -------
        score : float
        """
        check_is_fitted(self)
        with naming(self):
            return check_scoring(self.estimator_, self.scoring)(self.estimator_, X, y)
