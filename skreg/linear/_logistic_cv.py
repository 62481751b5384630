"""Label-smoothed logistic regression with its strengths and its smoothing chosen by cross-validation."""

import itertools
from numbers import Real

import numpy as np
from scipy.special import log_softmax

from .._core.classify import class_alpha_max, classify
from .._core.data import as_data
from ..utils._classes import log_loss, scores_of_all
from ..utils._params import ARRAY_LIKE, Interval
from ._logistic import LabelSmoothed, LabelSmoothedLogistic, class_likelihood, gap_unit
from ._search import Grid, PathSearch, read_alphas, read_list


class LabelSmoothedLogisticCV(PathSearch, LabelSmoothed):
    """Logistic regression with `alpha`, `l1_ratio` and `label_smoothing` chosen by cross-validation over whole paths.

    The grids of alphas are laid out once, on all (weighted) data; every fold follows the same warm-started paths, in
    threads. By default candidates are compared by the log loss of the labels as they are on the held-out rows: losses
    on smoothed labels could not be compared across smoothings.

    Parameters
    ----------
    l1_ratio : float or array-like of float, default=1.0
        Share or shares of L1 to try, in [0, 1]; for 0 the grid of alphas begins where that of 0.001 does and
        ends where that of 1 does.
    label_smoothing : float or array-like of float, default=(0.0, 0.1)
        Smoothings to try, in [0, 1): none, and that of Szegedy et al. (2016).
    alphas : int or array-like of float, default=30
        Number of strengths for each candidate, on a geometric grid that begins where all coefficients are zero; or the
        strengths, for all candidates.
    eps : float, default=1e-3
        Last strength of an automatic grid relative to the first, in (0, 1).
    cv : int, splitter, iterable or None, default=None
        As in scikit-learn; None is 5 stratified folds.
    selection : {"min", "1se"}, default="min"
        "min" takes the best mean score; "1se" the largest alpha, for the candidate of the best, whose mean score is
        within one standard error (standard deviation over folds, ``ddof=1``, over the root of their number) of it.
    refit : bool, default=True
        Whether to fit all data with the choice. If not, coefficients are the mean of the folds' with that choice.
    scoring : str or callable, default=None
        Any scikit-learn scorer, greater is better; None is minus the log loss on the held-out rows, under the weights
        of the fit.
    n_jobs : int, default=None
        Threads for the folds; None is 1 unless in a `joblib.parallel_config`, -1 all cores.
    confidence_penalty, grouped, penalty_factor, bounds, positive, fit_intercept, standardize, class_weight
        As for `LabelSmoothedLogistic`.
    solver, tol, max_iter
        As for `LabelSmoothedLogistic`; `max_iter` holds for every strength. `tol` is 1e-4 by default: held-out scores
        do not see more.

    Attributes
    ----------
    alpha_, l1_ratio_, label_smoothing_ : float
        The choice.
    alpha_min_ : float
        The strength of the best mean score.
    alpha_1se_ : float
        The largest strength within one standard error of it; at least `alpha_min_`.
    alphas_ : ndarray of shape (n_l1_ratios, n_smoothings, n_alphas)
        Decreasing along the last axis; three dimensions whether the first two are lists or not, as for the next.
    scores_ : ndarray of shape (n_l1_ratios, n_smoothings, n_alphas, n_folds)
        What the choice is made by, greater is better.
    classes_, coef_, intercept_, n_iter_, dual_gap_, stationarity_, objective_, sparsity_
        Of the refit, as for `LabelSmoothedLogistic`. Without refit, `n_iter_` is the most that a fold took for the
        choice, and there are no certificates.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        When a parameter, X, y or the weights are not as described, or the training rows of a fold hold only one class.

    Warns
    -----
    ConvergenceWarning
        When the gap is above `tol` in the refit or in some folds.

    See Also
    --------
    LabelSmoothedLogistic : One strength.

    Notes
    -----
    With metadata routing enabled, parameters of `fit` go to the splitter's `split` and the scorer where these request
    them, such as ``GroupKFold().set_split_request(groups=True)``. Without, `sample_weight` goes to the scorer.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skreg import LabelSmoothedLogisticCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> search = LabelSmoothedLogisticCV(alphas=10, label_smoothing=[0.0, 0.05], selection="1se")
    >>> model = make_pipeline(StandardScaler(), search).fit(X, y)
    >>> model[-1].scores_.shape
    (1, 2, 10, 5)
    >>> model[-1].label_smoothing_
    0.0
    >>> bool(model[-1].alpha_1se_ >= model[-1].alpha_min_)
    True
    """

    _parameter_constraints = {
        "l1_ratio": [Interval(Real, 0.0, 1.0, closed="both"), ARRAY_LIKE],
        "label_smoothing": [Interval(Real, 0.0, 1.0), ARRAY_LIKE],
        **PathSearch._search_constraints,
        **LabelSmoothed._loss_constraints,
    }

    def __init__(
        self,
        *,
        l1_ratio=1.0,
        label_smoothing=(0.0, 0.1),
        alphas=30,
        eps=1e-3,
        cv=None,
        selection="min",
        refit=True,
        scoring=None,
        n_jobs=None,
        confidence_penalty=0.0,
        grouped=False,
        penalty_factor=None,
        bounds=None,
        positive=False,
        fit_intercept=True,
        standardize=False,
        class_weight=None,
        solver="auto",
        tol=1e-4,
        max_iter=100,
    ):
        self.l1_ratio = l1_ratio
        self.label_smoothing = label_smoothing
        self.alphas = alphas
        self.eps = eps
        self.cv = cv
        self.selection = selection
        self.refit = refit
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.confidence_penalty = confidence_penalty
        self.grouped = grouped
        self.penalty_factor = penalty_factor
        self.bounds = bounds
        self.positive = positive
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.class_weight = class_weight
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter

    def _likelihood(self, problem, data, smoothing):
        return class_likelihood(problem, data, self.classes_.size, smoothing, self.confidence_penalty)

    def _grid(self, problem):
        ratios = read_list(self.l1_ratio, "l1_ratio", 0, 1, "both")
        smoothings = read_list(self.label_smoothing, "label_smoothing", 0, 1, "left")
        likelihoods = [self._likelihood(problem, problem.data, smoothing) for smoothing in smoothings]
        tops = [lambda penalty, lik=lik: class_alpha_max(lik, penalty, self.grouped) for lik in likelihoods]
        alphas = [
            read_alphas(self.alphas, self.eps, problem, ratio, self.standardize, top)
            for ratio, top in itertools.product(ratios, tops)
        ]
        shape = ratios.size, smoothings.size
        return Grid(shape, list(itertools.product(ratios, smoothings)), np.array(alphas))

    def _labels(self, problem):
        return self.classes_[problem.Y[0]]

    def _folds(self, problem, splits):
        return splits

    def _follow(self, problem, folds, fold, grid, task, halt):
        train, test = folds[fold.number]
        rows = np.ones(problem.data.n) if problem.weights is None else problem.weights
        weights = rows * np.bincount(train, minlength=problem.data.n)
        data = as_data(problem.data.X, np.empty((0, weights.size)), weights, self.fit_intercept)
        likelihoods = {smoothing: self._likelihood(problem, data, smoothing) for _, smoothing in grid.candidates}
        X, codes, held = problem.data.X[test], problem.Y[0][test], rows[test]

        def score(coef, intercept):
            return -log_loss(codes, log_softmax(scores_of_all(X @ coef.T + intercept), axis=1), held)

        for i, (l1_ratio, smoothing) in enumerate(grid.candidates):
            lik, penalty = likelihoods[smoothing], problem.penalty(l1_ratio, self.standardize)
            found = classify(lik, penalty, grid.alphas[i], **self._options())
            path = ([(solution, gap_unit(lik))] for solution in found)
            fold.follow(i, path, task, halt, score if self.scoring is None else None)

    def _model(self, problem):
        model = LabelSmoothedLogistic()
        model.n_features_in_, model.classes_ = problem.data.p, self.classes_
        return model

    def _set_choice(self, l1_ratio, smoothing):
        self.l1_ratio_, self.label_smoothing_ = l1_ratio, smoothing

    def _fit_all(self, problem, folds):
        likelihood = self._likelihood(problem, problem.data, self.label_smoothing_)
        penalty = problem.penalty(self.l1_ratio_, self.standardize)
        (solution,) = classify(likelihood, penalty, [self.alpha_], **self._options())
        self._store(problem, likelihood, solution, self.alpha_, self.label_smoothing_)
