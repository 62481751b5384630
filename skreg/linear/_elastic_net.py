"""The elastic net for one penalty strength and along a regularization path."""

from numbers import Integral, Real

import numpy as np

from .._core.block_fits import squared_fit
from .._core.solve import choose_solver
from ..utils._params import BOOLEAN, Interval
from ._base import PRIOR, LinearRegressor
from ._penalized_base import PenalizedFit


class ElasticNetProx(PenalizedFit, LinearRegressor):
    """Linear regression with L1 and L2 penalties, certified by its duality gap.

    Minimizes over b and the intercept b0 ::

        1 / (2 sum_i w_i) sum_i w_i (y_i - x_i b - b0)^2
            + alpha sum_j f_j (l1_ratio |b_j| + (1 - l1_ratio) / 2 b_j^2),   low_j <= b_j <= high_j

    the objective of scikit-learn's `ElasticNet` and of glmnet, with sample weights w, penalty factors f and bounds. The
    intercept is never penalized. The minimum is the maximum a posteriori estimate under Gaussian noise and a prior that
    is Laplace (L1), Gaussian (L2) or their product.

    Equivalents in scikit-learn::

        Lasso(alpha), ElasticNet(alpha, l1_ratio=r)  ->  ElasticNetProx(alpha, l1_ratio=1.0 or r)
        Ridge(alpha)  ->  ElasticNetProx(alpha / n_samples, l1_ratio=0.0)

    Parameters
    ----------
    alpha : float, default=1.0
        Penalty strength, in [0, inf), on the scale of scikit-learn's `ElasticNet`. 0 is least squares; if that has
        many solutions, "direct" returns the one of least norm, as NumPy's `pinv` and scikit-learn's `LinearRegression`
        do (with `standardize`, of least norm for standardized features). `skreg.alpha_max` gives the smallest value at
        which all coefficients are zero.
    l1_ratio : float, default=0.5
        L1 ratio, in [0, 1]: 1 is the lasso, 0 is ridge. The default shares weight among correlated features and still
        selects.
    penalty_factor : array-like of shape (n_features,), Series or dict, default=None
        Penalty factor of every feature, in [0, inf]: 0 leaves it unpenalized, infinity leaves the feature out. A dict,
        and a Series whose index holds strings, go by the column names of X, with factor 1 for features that they do
        not name: ``{"age": 0}``. After a transformer these are its output names, see its ``set_output``. None is 1 for
        all. ``1 / (abs(first_fit.coef_) + 1e-6)`` is the adaptive lasso (Zou 2006).
    prior_coef : float, array-like of shape (n_features,) or (n_targets, n_features), Series or dict, default=None
        Coefficients that the penalty shrinks towards, in the units of `coef_`, such as those of a fit to other data:
        the penalty is one of ``b - prior_coef``, and the fit the maximum a posteriori estimate under a prior with that
        mean. A dict, and a Series whose index holds strings, go by the column names of X, with 0 for features that they
        do not name. Features that an infinite penalty factor leaves out stay there. None is 0. With bounds it must be
        the same for all targets. Not for Dask arrays.
    relax : float, default=0.0
        Share of a refit in the coefficients and the intercept, in [0, 1]. The refit has only the selected features, and
        of the penalty only its ridge, none for ``l1_ratio=1``: large effects are less biased (Hastie, Tibshirani &
        Tibshirani 2020). It is ``1 - gamma`` of glmnet. 0 is no refit. Certificates and the objective are those of the
        penalized model.
    fit_intercept : bool, default=True
        Whether to fit an unpenalized intercept. Sparse X stays sparse: it is centred implicitly.
    standardize : bool, default=False
        Whether to penalize the coefficients that belong to features divided by their (weighted) standard deviation;
        constant features are not divided. `coef_` is on the original scale all the same. False as in scikit-learn,
        where a `StandardScaler` does it.
    positive : bool, default=False
        Whether coefficients must not be negative.
    bounds : pair or dict, default=None
        Bounds ``(lows, highs)`` of the coefficients on the original scale: each a number, None, or as `penalty_factor`
        with a number for every feature; or a dict with a pair ``(low, high)`` for feature names. None is no bound.
        Constant features have coefficient 0 whatever their bounds.
    solver : {"auto", "cd", "gram", "prox_grad", "direct"}, default="auto"
        "cd" is coordinate descent with working sets, screening and extrapolation; "gram" is the same on inner products
        of features, for many more samples than features; "prox_grad" is FISTA with restarts; "direct" solves pure L2
        or ``alpha=0`` by linear algebra on the smaller side of X. "auto" takes "direct" where it applies and the
        smaller side is at most 2000, else "cd" or "gram".
    tol : float, default=1e-6
        Duality gap to reach, relative to the loss of the null model (the weighted variance of y, halved), in [0, inf).
    max_iter : int, default=1000
        Largest number of rounds ("cd" and "gram": two sweeps over the features that may change, and an extrapolation
        of five more over the nonzeros) or steps ("prox_grad") for each target. Enough for all but extreme problems; a
        fit that needs more warns and gives the remaining gap.
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
        Number of rounds or steps, including those spent on larger values of alpha used as warm starts. At least 1.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap: an upper bound on `objective_` minus its minimum. Computed in float64 before the coefficients are
        rounded to the dtype of X; 0.0 if it is below rounding.
    objective_ : float or ndarray of shape (n_targets,)
        Value of the objective above.
    sparsity_ : float
        Share of coefficients that are exactly zero, or exactly `prior_coef`.
    n_features_in_ : int
        Number of features seen by `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X has names that are all strings.

    Raises
    ------
    ValueError
        If a parameter, X, y or the weights are not as described; the message names the argument and the value.

    Warns
    -----
    ConvergenceWarning
        If the duality gap is above `tol` after `max_iter` rounds.
    UserWarning
        If all features are constant: the model is the intercept alone.

    See Also
    --------
    ElasticNetProxCV : Chooses `alpha` and `l1_ratio` by cross-validation.
    elastic_net_path : Solutions for many values of `alpha`.

    Notes
    -----
    Where columns are dependent, such as equal ones, solutions without an L2 part are not unique. The one that is
    returned has independent columns: no column has a coefficient that others could take over.

    Coordinate descent as in Friedman, Hastie & Tibshirani (2010) [1]_ on a working set, with the strong rule [2]_,
    Anderson extrapolation [3]_ and certificates by the duality gap (Fercoq et al. 2015, eq. 8) [4]_. On small problems
    where it stalls, such as bounded least squares on nearly dependent features, an active-set method (Lawson & Hanson
    1974) [5]_ goes on. A float64 or float32 X in Fortran order is read in place.

    Several targets are solved one after the other. Ridge and least squares need one factorization for all of them, and
    "auto" and "gram" solve 64 targets or more of up to 256 features in one compiled loop.

    To select features by the zeros of an L1 penalty, use ``SelectFromModel(model, threshold=1e-5)``: the default
    threshold, the mean of the absolute coefficients, is another only for scikit-learn's own L1 estimators.

    References
    ----------
    .. [1] J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via coordinate
       descent", J. Stat. Softw. 33(1), 2010.
    .. [2] R. Tibshirani et al., "Strong rules for discarding predictors in lasso-type problems", JRSS B 74(2), 2012.
    .. [3] Q. Bertrand, M. Massias, "Anderson acceleration of coordinate descent", AISTATS 2021.
    .. [4] O. Fercoq, A. Gramfort, J. Salmon, "Mind the duality gap: safer rules for the lasso", ICML 2015.
    .. [5] C. Lawson, R. Hanson, "Solving Least Squares Problems", Prentice-Hall, 1974, chapter 23.

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

    _takes_blocks = True
    _parameter_constraints = {
        "alpha": [Interval(Real, 0.0, np.inf)],
        "l1_ratio": [Interval(Real, 0.0, 1.0, closed="both")],
        "relax": [Interval(Real, 0.0, 1.0, closed="both")],
        **LinearRegressor._penalty_constraints,
        "prior_coef": PRIOR,
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
        prior_coef=None,
        relax=0.0,
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
        self.prior_coef = prior_coef
        self.relax = relax
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.positive = positive
        self.bounds = bounds
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    def _check_problem(self, problem, penalty, alphas):
        if self.solver == "direct" and choose_solver(problem.data, penalty, alphas, limit=np.inf) != "direct":
            raise ValueError(
                "solver='direct' needs a pure L2 penalty (l1_ratio=0) or alpha=0, without bounds; got"
                f" l1_ratio={self.l1_ratio}, bounds={self.bounds}, positive={self.positive}."
            )


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
    prior_coef=None,
    relax=0.0,
    fit_intercept=True,
    standardize=False,
    positive=False,
    bounds=None,
    solver="auto",
    tol=1e-6,
    max_iter=1000,
):
    """The elastic net along a regularization path, with intercepts and certificates.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    l1_ratio : float, default=0.5
        L1 ratio, in [0, 1]. For 0 the grid begins where that of 0.001 does, and ends where that of 1 does.
    alphas : int or array-like of shape (n_alphas,), default=100
        Number of values on a geometric grid that begins where all coefficients are zero, or the values.
    eps : float, default=1e-3
        Last value of an automatic grid relative to the first, in (0, 1).
    sample_weight : array-like of shape (n_samples,), default=None
    coef_init : array-like of shape (n_features,) or (n_targets, n_features), default=None
        Starting point, such as the last coefficients of a path that is to be continued.
    penalty_factor, prior_coef, relax, fit_intercept, standardize, positive, bounds, solver, tol, max_iter
        As for `ElasticNetProx`; `max_iter` holds for each alpha.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        In decreasing order.
    coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
    intercepts : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
    dual_gaps : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
        Upper bounds on each objective minus its minimum.

    See Also
    --------
    ElasticNetProx : One value of alpha.
    logistic_path : Classification.

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
        prior_coef=prior_coef,
        relax=relax,
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
    prior_coef=None,
    fit_intercept=True,
    standardize=False,
    positive=False,
    bounds=None,
):
    """The smallest alpha at which all penalized coefficients of an elastic net are zero.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    l1_ratio : float, default=0.5
        L1 ratio, in [0, 1].
    sample_weight : array-like of shape (n_samples,), default=None
    penalty_factor, prior_coef, fit_intercept, standardize, positive, bounds
        As for `ElasticNetProx`.

    Returns
    -------
    alpha : float
        The largest over all targets; infinite if no feature has an L1 penalty, 0.0 if no feature varies. Coefficients
        whose bounds exclude 0 do not count.

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
        prior_coef=prior_coef,
        fit_intercept=fit_intercept,
        standardize=standardize,
        positive=positive,
        bounds=bounds,
    )
    problem = model._read_aside(X, y, sample_weight)
    return squared_fit(problem.data).alpha_max(problem.penalty(l1_ratio, standardize))
