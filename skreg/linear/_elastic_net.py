"""The elastic net for one strength and along a path."""

from numbers import Integral, Real

import numpy as np

from .._core import solve as core
from .._core.folds import RowsFit
from ..utils._callbacks import Task, with_callbacks
from ..utils._params import BOOLEAN, Interval
from ..utils._threads import one_blas_thread
from ..utils._validation import check_coef_init, unchanged_on_error
from ._base import LinearRegressor
from ._search import read_alphas


class ElasticNetProx(LinearRegressor):
    """Linear regression with L1 and L2 penalties, certified by its duality gap.

    Minimizes over b and the intercept b0 ::

        1 / (2 sum_i w_i) sum_i w_i (y_i - x_i b - b0)^2
            + alpha sum_j f_j (l1_ratio |b_j| + (1 - l1_ratio) / 2 b_j^2),   low_j <= b_j <= high_j

    the objective of scikit-learn's `ElasticNet` and of glmnet, with sample weights w, penalty factors f and bounds. The
    intercept is never penalized. It is the maximum a posteriori estimate under Gaussian noise and a prior that is
    Laplace (L1), Gaussian (L2) or their product.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, in [0, inf), on the scale of scikit-learn's `ElasticNet` (its `Ridge` takes ``alpha``
        times the sum of weights). 0 is least squares; where that has many solutions, "direct" returns the one of
        least norm, as NumPy's `pinv` and scikit-learn's `LinearRegression` do (with `standardize`, of least norm for
        standardized features). `skreg.alpha_max` gives the value from which on all coefficients are zero.
    l1_ratio : float, default=0.5
        Share of L1, in [0, 1]: 1 is the lasso, 0 is ridge. The default shares weight among correlated features and
        still selects.
    penalty_factor : array-like of shape (n_features,), default=None
        Factor of every feature's penalty, in [0, inf]: 0 leaves it unpenalized, infinity leaves it out. None is 1 for
        all. ``1 / (abs(first_fit.coef_) + 1e-6)`` is the adaptive lasso (Zou 2006).
    fit_intercept : bool, default=True
        Whether to fit an unpenalized intercept. X is centred implicitly; sparse X is never filled.
    standardize : bool, default=False
        Whether the penalty sees the coefficients of features divided by their (weighted) standard deviation; constant
        features count as they are. `coef_` is on the original scale all the same. False as in scikit-learn, where a
        `StandardScaler` does it.
    positive : bool, default=False
        Whether coefficients must not be negative.
    bounds : pair of float or array-like of shape (n_features,), default=None
        Lower and upper bounds ``(lows, highs)`` of the coefficients on the original scale; infinite or None where
        there are none. Constant features have coefficient 0 whatever their bounds.
    solver : {"auto", "cd", "gram", "prox_grad", "direct"}, default="auto"
        "cd" is coordinate descent with working sets, screening and extrapolation; "gram" the same on inner products of
        features, for many more samples than features; "prox_grad" is FISTA with restarts; "direct" solves pure L2 or
        ``alpha=0`` by linear algebra on the smaller side. "auto" takes "direct" where it applies and the smaller side
        is at most 2000, else "cd" or "gram".
    tol : float, default=1e-6
        Duality gap to reach, relative to the loss of the null model (the weighted variance of y, halved), in [0, inf).
        The objective is then at most that far above its minimum.
    max_iter : int, default=1000
        Most rounds (a round of "cd" and "gram" is two sweeps over the features that may move and an extrapolation of
        five more over the nonzeros) or steps ("prox_grad") for each target. Enough for all but extreme problems; a
        fit that ends earlier warns and says how far off it is.
    warm_start : bool, default=False
        Whether `fit` starts from the coefficients of the last fit.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X; in float64 where rounding them to float32 would raise the objective by more
        than `tol` (relative to the loss of the null model), as with nearly collinear features.
    intercept_ : float or ndarray of shape (n_targets,)
        0.0 without intercept.
    n_iter_ : int or ndarray of shape (n_targets,)
        Rounds or steps taken, those on larger strengths on the way included; at least 1.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Certificate, in units of `objective_`: that is at most so much above the minimum. It is computed in float64
        before coefficients are rounded to the dtype of X, and is 0.0 where the gap is below rounding.
    objective_ : float or ndarray of shape (n_targets,)
        Value of the objective above.
    sparsity_ : float
        Share of coefficients that are exactly zero.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, when X has names that are all strings.

    Raises
    ------
    ValueError
        When a parameter, X, y or the weights are not as described; the message names the argument and the value.

    Warns
    -----
    ConvergenceWarning
        When the duality gap is above `tol` after `max_iter` rounds.

    See Also
    --------
    ElasticNetProxCV : Chooses `alpha` and `l1_ratio` by cross-validation.
    elastic_net_path : Solutions for many strengths.

    Notes
    -----
    Coordinate descent as in Friedman, Hastie & Tibshirani (2010) [1]_ on a working set, with the strong rule [2]_,
    Anderson extrapolation [3]_ and certificates by the duality gap (Fercoq et al. 2015, eq. 8) [4]_. A float64 or
    float32 X in Fortran order is read in place.

    References
    ----------
    .. [1] J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via coordinate
       descent", J. Stat. Softw. 33(1), 2010.
    .. [2] R. Tibshirani et al., "Strong rules for discarding predictors in lasso-type problems", JRSS B 74(2), 2012.
    .. [3] Q. Bertrand, M. Massias, "Anderson acceleration of coordinate descent", AISTATS 2021.
    .. [4] O. Fercoq, A. Gramfort, J. Salmon, "Mind the duality gap: safer rules for the lasso", ICML 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skreg import ElasticNetProx
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = ElasticNetProx(alpha=0.1, l1_ratio=1.0).fit(X, y)
    >>> round(model.score(X, y), 3)
    0.509
    >>> int((model.coef_ != 0).sum())
    7
    >>> bool(model.dual_gap_ < 1e-6 * y.var() / 2)
    True
    """

    _parameter_constraints = {
        "alpha": [Interval(Real, 0.0, np.inf)],
        "l1_ratio": [Interval(Real, 0.0, 1.0, closed="both")],
        **LinearRegressor._penalty_constraints,
        "solver": [LinearRegressor._solvers],
        "max_iter": [Interval(Integral, 1, np.inf)],
        "warm_start": [BOOLEAN],
    }

    def __init__(
        self,
        alpha=1.0,
        *,
        l1_ratio=0.5,
        penalty_factor=None,
        fit_intercept=True,
        standardize=False,
        positive=False,
        bounds=None,
        solver="auto",
        tol=1e-6,
        max_iter=1000,
        warm_start=False,
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.penalty_factor = penalty_factor
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.positive = positive
        self.bounds = bounds
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Fortran order or CSC saves a copy.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets are fitted one by one; of two dimensions, `coef_` and predictions have two as well.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Non-negative, not all zero; a weight of 2 is the row twice.

        Returns
        -------
        self : object
        """
        problem = self._read(X, y, sample_weight)
        task = Task.root(self)
        fit = RowsFit(problem.data)
        init = self._warm(len(problem.Y), problem.data.p)
        solutions = self._solutions(fit, problem, [self.alpha], init)
        with one_blas_thread():
            (found,) = solutions
        self._store(problem, found, fit.null)
        task.end()
        return self

    def _warm(self, n_targets, n_features):
        if not (self.warm_start and hasattr(self, "coef_")):
            return None
        coef = self.coef_.toarray() if hasattr(self.coef_, "toarray") else self.coef_
        if coef.size != n_targets * n_features:
            return None
        return coef.reshape(n_targets, n_features).astype(np.float64)

    def _solutions(self, fit, problem, alphas, coef_init):
        """An iterator over the solutions of all targets, one for each alpha, which solves as it goes."""
        penalty = problem.penalty(self.l1_ratio, self.standardize)
        if self.solver == "direct" and core.choose_solver(problem.data, penalty, alphas, limit=np.inf) != "direct":
            raise ValueError(
                "solver='direct' needs a pure L2 penalty (l1_ratio=0) or alpha=0, without bounds; got"
                f" l1_ratio={self.l1_ratio}, bounds={self.bounds}, positive={self.positive}."
            )
        fit.prepare(penalty, alphas, self.solver)
        options = dict(tol=self.tol, max_iter=self.max_iter, solver=self.solver, coef_init=coef_init)
        return fit.solve_all(penalty, alphas, **options)

    def path(self, X, y, sample_weight=None, *, alphas=100, eps=1e-3, coef_init=None):
        """Solutions for decreasing strengths, each found from the one before; `alpha` is not used.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), default=None
        alphas : int or array-like of shape (n_alphas,), default=100
            Number of strengths on a geometric grid that begins where all coefficients are zero (over all targets, on
            the weighted data), or the strengths.
        eps : float, default=1e-3
            Last strength of that grid relative to the first, in (0, 1).
        coef_init : array-like of shape (n_features,) or (n_targets, n_features), default=None
            Where to start: a path that was stopped early goes on from its last coefficients.

        Returns
        -------
        alphas : ndarray of shape (n_alphas,)
            Decreasing.
        coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
        intercepts : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
        dual_gaps : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
            Certificates, as `dual_gap_`; of several targets, one row each.
        """
        if not isinstance(eps, Real) or not 0.0 < eps < 1.0:
            raise ValueError(f"eps must be a float in the range (0, 1); got {eps!r}.")
        if isinstance(alphas, Integral) and (isinstance(alphas, bool) or alphas < 1):
            raise ValueError(f"alphas must be an int of at least 1 or an array-like; got {alphas!r}.")
        problem = self._read_aside(X, y, sample_weight)
        fit, T, p = RowsFit(problem.data), len(problem.Y), problem.data.p
        alphas = read_alphas(alphas, eps, problem, self.l1_ratio, self.standardize, problem.alpha_max)
        init = None if coef_init is None else check_coef_init(coef_init, T, p)
        coefs = np.zeros((T, alphas.size, p), dtype=problem.X.dtype).transpose(0, 2, 1)  # each solution in one piece
        intercepts, gaps = np.zeros((T, alphas.size)), np.zeros((T, alphas.size))
        met = np.ones((T, alphas.size), dtype=bool)
        solutions = self._solutions(fit, problem, alphas, init)
        with one_blas_thread():
            for k, s in enumerate(solutions):
                coef, intercepts[:, k] = problem.rounded(s, self.tol, fit.null)
                if coef.dtype != coefs.dtype:  # float32 is not enough for this alpha
                    coefs = coefs.astype(coef.dtype)
                coefs[:, :, k] = coef
                gaps[:, k], met[:, k] = s.gap, s.met
        for t in np.flatnonzero(~met.all(axis=1)):
            worst = gaps[t, ~met[t]].max()
            self._warn(worst / fit.null[t], f" at {(~met[t]).sum()} of {alphas.size} alphas")
        if problem.one_target:
            return alphas, coefs[0], intercepts[0], gaps[0]
        return alphas, coefs, intercepts, gaps


def elastic_net_path(
    X,
    y,
    *,
    l1_ratio=0.5,
    alphas=100,
    eps=1e-3,
    sample_weight=None,
    coef_init=None,
    penalty_factor=None,
    fit_intercept=True,
    standardize=False,
    positive=False,
    bounds=None,
    solver="auto",
    tol=1e-6,
    max_iter=1000,
):
    """Elastic-net solutions along a path of decreasing strengths, with intercepts and certificates.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    l1_ratio : float, default=0.5
        Share of L1, in [0, 1]. For 0 the grid is that of 0.001.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of strengths, or the strengths themselves.
    eps : float, default=1e-3
        Last strength of an automatic grid relative to the first, in (0, 1).
    sample_weight : array-like of shape (n_samples,), default=None
    coef_init : array-like of shape (n_features,) or (n_targets, n_features), default=None
        Where to start, as when a path that was stopped early goes on.
    penalty_factor, fit_intercept, standardize, positive, bounds, solver, tol, max_iter
        As for `ElasticNetProx`; `max_iter` holds for each strength.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        Decreasing.
    coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
    intercepts : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
    dual_gaps : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
        How far each objective can be above its minimum.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skreg import elastic_net_path
    >>> X, y = load_diabetes(return_X_y=True)
    >>> alphas, coefs, intercepts, dual_gaps = elastic_net_path(X, y, l1_ratio=1.0, alphas=5)
    >>> coefs.shape
    (10, 5)
    >>> (coefs != 0).sum(axis=0)
    array([ 0,  4,  7,  9, 10])
    """
    model = ElasticNetProx(
        l1_ratio=l1_ratio,
        penalty_factor=penalty_factor,
        fit_intercept=fit_intercept,
        standardize=standardize,
        positive=positive,
        bounds=bounds,
        solver=solver,
        tol=tol,
        max_iter=max_iter,
    )
    return model.path(X, y, sample_weight, alphas=alphas, eps=eps, coef_init=coef_init)


def alpha_max(
    X,
    y,
    *,
    l1_ratio=0.5,
    sample_weight=None,
    penalty_factor=None,
    fit_intercept=True,
    standardize=False,
    positive=False,
    bounds=None,
):
    """The smallest strength for which all penalized coefficients of an elastic net are zero.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    l1_ratio : float, default=0.5
        Share of L1, in [0, 1].
    sample_weight : array-like of shape (n_samples,), default=None
    penalty_factor, fit_intercept, standardize, positive, bounds
        As for `ElasticNetProx`.

    Returns
    -------
    alpha : float
        The largest over all targets; infinite where nothing has an L1 penalty. It says nothing about coefficients
        whose bounds exclude 0.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skreg import ElasticNetProx, alpha_max
    >>> X, y = load_diabetes(return_X_y=True)
    >>> top = alpha_max(X, y, l1_ratio=1.0)
    >>> ElasticNetProx(alpha=1.001 * top, l1_ratio=1.0).fit(X, y).sparsity_
    1.0
    >>> ElasticNetProx(alpha=0.999 * top, l1_ratio=1.0).fit(X, y).sparsity_
    0.9
    """
    model = ElasticNetProx(
        l1_ratio=l1_ratio,
        penalty_factor=penalty_factor,
        fit_intercept=fit_intercept,
        standardize=standardize,
        positive=positive,
        bounds=bounds,
    )
    problem = model._read_aside(X, y, sample_weight)
    return problem.alpha_max(problem.penalty(l1_ratio, standardize))
