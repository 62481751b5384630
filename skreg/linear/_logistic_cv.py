"""Logistic regression with its penalty strength and its label smoothing chosen by cross-validation."""

from numbers import Real

from scipy.special import log_softmax

from ..utils._classes import log_loss, scores_of_all
from ..utils._params import ARRAY_LIKE, PROBABILITY, Interval
from ._blocks import block_log_losses
from ._grid import read_list
from ._logistic import LabelSmoothed, LabelSmoothedLogistic
from ._penalty_search import PenaltySearch


class LabelSmoothedLogisticCV(PenaltySearch, LabelSmoothed):
    """`LabelSmoothedLogistic` whose `alpha`, `l1_ratio`, `label_smoothing` and `gamma` are chosen by cross-validation.

    The grids of alphas are computed once, on all (weighted) rows; every fold follows the same warm-started paths, in
    threads. By default candidates are compared by the log loss of the test rows with their labels as they are: losses
    on smoothed labels cannot be compared across smoothings.

    As a replacement of scikit-learn's `LogisticRegressionCV`::

        LogisticRegressionCV(Cs=Cs, l1_ratios=[r])
            ->  LabelSmoothedLogisticCV(alphas=1 / (Cs * n_samples), l1_ratio=[r], label_smoothing=0.0)

    Parameters
    ----------
    penalty : str, default="elastic_net"
        As for `LabelSmoothedLogistic`.
    l1_ratio : float, array-like of float or None, default=None
        L1 ratio or ratios to try, in [0, 1]. None is 0.5 for "sparse_group_lasso", and 1 for the others. For 0 the grid
        of alphas begins where that of 0.001 does, and ends where that of 1 does.
    gamma : float, array-like of float or None, default=None
        For concave penalties only, the value or values to try. None is the default of `LabelSmoothedLogistic`.
    label_smoothing : float or array-like of float, default=(0.0, 0.1)
        Label smoothing or smoothings to try, in [0, 1). The default is none and that of Szegedy et al. (2016): the
        log loss of the test rows decides. 0.0 alone takes half the time.
    relax : float or array-like of float, default=0.0
        The value or values to try, in [0, 1], see `LabelSmoothedLogistic`. All values share the same paths.
    alphas : int or array-like of float, default=30
        Number of alphas for each candidate, on a geometric grid that begins where all coefficients are zero; or the
        values, for all candidates.
    eps : float, default=1e-3
        Last value of an automatic grid relative to the first, in (0, 1).
    cv : int, splitter, iterable or None, default=None
        As in scikit-learn; None is 5 stratified folds, or as many as the largest class has rows if these are fewer.
    selection : {"min", "1se"}, default="min"
        "min" takes the alpha with the best mean score; "1se" the most regularized model whose mean score is
        statistically indistinguishable from it (one-standard-error rule): the largest alpha, with the other parameters
        of the best, whose mean score is within one standard error (standard deviation over folds, ``ddof=1``, divided
        by the square root of their number).
    refit : bool, default=True
        Whether to fit all rows with the choice. If not, coefficients are the means of those of the folds.
    scoring : str or callable, default=None
        Any scikit-learn scorer, greater is better; None is minus the log loss of the test rows, under the weights of
        the fit. A scorer of probabilities is told of all classes, so that test rows may lack some.
    store_coef_path : bool, default=False
        Whether to keep the coefficients of every fold at every alpha, as `coefs_path_` and `intercepts_path_`.
    n_jobs : int, default=None
        Number of threads, each for one fold; None is 1 unless in a `joblib.parallel_config`, -1 all cores.
    confidence_penalty, grouped, groups, group_weights, penalty_factor, prior_coef, bounds, positive, fit_intercept
        As for `LabelSmoothedLogistic`.
    standardize, class_weight, solver, tol, max_iter
        As for `LabelSmoothedLogistic`; `max_iter` holds for every alpha. The default of `tol` is 1e-4: scores of test
        rows do not change at smaller ones.

    Attributes
    ----------
    alpha_, l1_ratio_, label_smoothing_ : float
        The chosen values.
    gamma_ : float
        The chosen gamma. Set only for concave penalties.
    relax_ : float
        The chosen relax. Set only if `relax` is not 0; then there is one more axis for it, before that of alphas, in
        `alphas_`, `scores_`, `coefs_path_` and `intercepts_path_`.
    alpha_min_ : float
        The alpha with the best mean score.
    alpha_1se_ : float
        The largest alpha whose mean score is within one standard error of it; at least `alpha_min_`.
    best_score_ : float
        Mean score over the folds at the choice, greater is better.
    alphas_ : ndarray of shape (n_l1_ratios, n_smoothings, n_alphas)
        In decreasing order along the last axis. The first two axes are there even if `l1_ratio` and `label_smoothing`
        are numbers, as for the next ones. For concave penalties, `alphas_`, `scores_`, `coefs_path_` and
        `intercepts_path_` have another axis after these two: n_gammas.
    scores_ : ndarray of shape (n_l1_ratios, n_smoothings, n_alphas, n_folds)
        Scores by which the choice is made, greater is better.
    coefs_path_ : ndarray of shape (n_l1_ratios, n_smoothings, n_alphas, n_folds, K, n_features)
        Coefficients of the folds; K is 1 for two classes. Set only with `store_coef_path`.
    intercepts_path_ : ndarray of shape (n_l1_ratios, n_smoothings, n_alphas, n_folds, K)
        Intercepts of the folds. Set only with `store_coef_path`.
    classes_, coef_, intercept_, n_iter_, dual_gap_, stationarity_, objective_, sparsity_
        Of the refit, as for `LabelSmoothedLogistic`. Without refit, `n_iter_` is the largest of the folds at the
        choice, and `dual_gap_`, `stationarity_` and `objective_` are not set.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        If a parameter, X, y or the weights are not as described, the training rows of a fold hold only one class, or no
        fold has a score.

    Warns
    -----
    ConvergenceWarning
        If the gap is above `tol` in the refit or in some folds, and if the refit has infinite best coefficients, see
        `LabelSmoothedLogistic`.
    UserWarning
        If the choice lies at an end of the grid and a better alpha may lie beyond; if a fold has no score; if there are
        fewer rows of every class than folds. See Notes.

    See Also
    --------
    LabelSmoothedLogistic : One value of alpha.

    Notes
    -----
    **The end of the grid.** A warning is given if the smallest alpha has the best mean score and the score still rises
    there: its gain over the last decade of alpha is more than one percent of the range of mean scores, and more than
    the standard error of that gain over the folds. Where the curve is flat there is no warning, as smaller values would
    give nearly the same model. The largest alpha is only warned of if it was given in `alphas` and some coefficients
    are not zero there: an automatic grid begins at the null model.

    **Folds without a score**, such as the AUC where all test rows are of one class, or R^2 on one row, do not take part
    in the choice; a warning names them, and their `scores_` are NaN.

    With metadata routing enabled, parameters of `fit` go to the splitter's `split` and the scorer where these request
    them, such as ``GroupKFold().set_split_request(groups=True)``. Without it, `sample_weight` goes to the scorer.

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

    _takes_blocks = True
    _parameter_constraints = {
        **LabelSmoothed._loss_constraints,
        **PenaltySearch._search_constraints,
        "label_smoothing": [Interval(Real, 0.0, 1.0), ARRAY_LIKE],
        "relax": [PROBABILITY, ARRAY_LIKE],
    }

    def __init__(
        self,
        *,
        penalty="elastic_net",
        l1_ratio=None,
        gamma=None,
        label_smoothing=(0.0, 0.1),
        alphas=30,
        eps=1e-3,
        cv=None,
        selection="min",
        refit=True,
        scoring=None,
        store_coef_path=False,
        n_jobs=None,
        confidence_penalty=0.0,
        grouped=None,
        groups=None,
        group_weights=None,
        penalty_factor=None,
        prior_coef=None,
        bounds=None,
        positive=False,
        relax=0.0,
        fit_intercept=True,
        standardize=False,
        class_weight=None,
        solver="auto",
        tol=1e-4,
        max_iter=100,
    ):
        self.penalty = penalty
        self.l1_ratio = l1_ratio
        self.gamma = gamma
        self.label_smoothing = label_smoothing
        self.alphas = alphas
        self.eps = eps
        self.cv = cv
        self.selection = selection
        self.refit = refit
        self.scoring = scoring
        self.store_coef_path = store_coef_path
        self.n_jobs = n_jobs
        self.confidence_penalty = confidence_penalty
        self.grouped = grouped
        self.groups = groups
        self.group_weights = group_weights
        self.penalty_factor = penalty_factor
        self.prior_coef = prior_coef
        self.bounds = bounds
        self.positive = positive
        self.relax = relax
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.class_weight = class_weight
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter

    @property
    def _default_l1_ratio(self):
        return 1.0 if self.penalty == "elastic_net" else super()._default_l1_ratio

    def _axes(self):
        axes = super()._axes()
        smoothings = read_list(self.label_smoothing, "label_smoothing", 0, 1, "left")
        named = {"l1_ratio": axes["l1_ratio"], "label_smoothing": smoothings}
        named = named if self._shape == "elastic_net" else named | {"gamma": axes["gamma"]}
        return named | self._relax_axis

    def _loss_of(self, candidate):
        return (candidate[1],)

    def _options(self):
        return super()._options() | dict(solver=self.solver)

    def _scores_on_blocks(self, problem, splits, fold, coefs, intercepts):
        return -block_log_losses(problem, splits, fold, coefs, intercepts)

    def _score_on(self, problem, train, test):
        X, codes, held_out = problem.data.X[test], problem.Y[0][test], problem.row_weights[test]

        def score(coef, intercept):
            scores = X @ problem.with_prior(coef).T + intercept
            return -log_loss(codes, log_softmax(scores_of_all(scores), axis=1), held_out)

        return score

    def _model(self, problem):
        model = LabelSmoothedLogistic()
        model.n_features_in_, model.classes_ = problem.data.p, self.classes_
        return model
