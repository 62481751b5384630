"""Logistic and multinomial regression on smoothed labels."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._core.classify import classify
from .._core.likelihood import Likelihood
from .._core.losses import Logistic, Multinomial
from ..utils._callbacks import Task, with_callbacks
from ..utils._classes import scores_of_all, smoothed_targets
from ..utils._params import BOOLEAN, DICT, NONE, Interval, Options
from ..utils._threads import one_blas_thread
from ..utils._validation import caller_level, unchanged_on_error
from ._base import LinearClassifier

CERTAIN = 20.0  # a margin of scores at which the loss is 2e-9: only coefficients that grow without end get there


def class_likelihood(problem, data, n_classes, smoothing, confidence_penalty):
    """The likelihood of a problem's labels under the row weights of `data`."""
    loss = Logistic if n_classes == 2 else Multinomial
    return Likelihood(data, loss(float(confidence_penalty)), smoothed_targets(problem.Y[0], n_classes, smoothing))


def gap_unit(likelihood):
    """What `tol` and warnings measure the gap of a `Solution` against."""
    return (
        likelihood.null_model.value * likelihood.score_scale**2 / likelihood.data.weight if likelihood.convex else 1.0
    )


class LabelSmoothed(LinearClassifier):
    """What the classifiers for one strength and by cross-validation share."""

    _loss_constraints = {
        "confidence_penalty": [Interval(Real, 0.0, np.inf)],
        "grouped": [BOOLEAN],
        **LinearClassifier._penalty_constraints,
        "class_weight": [DICT, Options("balanced"), NONE],
        "solver": [Options("auto", "newton", "lbfgs")],
    }

    def _options(self):
        return dict(tol=self.tol, max_iter=self.max_iter, grouped=self.grouped, solver=self.solver)

    def _check_parameters(self):
        super()._check_parameters()
        bounded = self.positive or self.bounds is not None
        if self.grouped and bounded:
            raise ValueError(
                f"grouped=True does not go with bounds; got bounds={self.bounds!r}, positive={self.positive}."
            )
        if self.solver == "lbfgs" and (self.grouped or bounded or np.any(np.asarray(self.l1_ratio) > 0.0)):
            raise ValueError(
                "solver='lbfgs' needs a pure L2 penalty (l1_ratio=0) without bounds and groups; got"
                f" l1_ratio={self.l1_ratio!r}, grouped={self.grouped}, bounds={self.bounds!r},"
                f" positive={self.positive}."
            )

    def _store(self, problem, likelihood, solution, alpha, smoothing):
        """Keep a solution as fitted attributes, and warn where it is not good enough."""
        self.coef_, self.intercept_ = problem.rounded(solution, self.tol, gap_unit(likelihood))
        self.n_iter_, self.objective_ = solution.n_iter, solution.objective
        self.sparsity_ = float(np.mean(self.coef_ == 0.0))
        self.dual_gap_ = solution.gap if likelihood.convex else np.nan
        vars(self).pop("stationarity_", None)
        if not likelihood.convex:
            self.stationarity_ = solution.gap
        free = alpha == 0.0 or (problem.factor == 0.0).any()
        endless = free and smoothing == 0.0 and likelihood.convex and not np.isfinite(problem.bounds).any()
        if endless and self._certain(problem):
            warnings.warn(
                f"{type(self).__name__}: unpenalized features separate classes, at least in some rows, which are"
                " predicted with certainty. Without a penalty (alpha=0, penalty_factor=0) and with label_smoothing=0"
                f" the loss falls for ever as coefficients grow; it was stopped at {solution.objective:.3g}. Set alpha"
                " or label_smoothing above 0.",
                ConvergenceWarning,
                stacklevel=caller_level(),
            )
        elif not solution.met:
            self._warn(solution.gap / gap_unit(likelihood))

    def _warn(self, share, where=""):
        if self.confidence_penalty == 0.0:
            super()._warn(share, where)
        else:
            super()._warn(share, where, "the relative distance to the subdifferential is {:.3g}")

    def _certain(self, problem):
        """Whether all rows, or some to about 1e-9, are predicted right with certainty as coefficients grow."""
        scores = scores_of_all(problem.data.X @ self.coef_.T + self.intercept_)
        own = np.take_along_axis(scores, problem.Y.T, axis=1)[:, 0]
        np.put_along_axis(scores, problem.Y.T, -np.inf, axis=1)
        margins = (own - scores.max(axis=1))[slice(None) if problem.weights is None else problem.weights > 0.0]
        return bool((margins > 0.0).all() or (margins > CERTAIN).any())


class LabelSmoothedLogistic(LabelSmoothed):
    """Logistic or multinomial regression on smoothed labels with L1 and L2 penalties, certified by its duality gap.

    Minimizes over coefficients B (K rows; one for two classes) and intercepts b ::

        1 / sum_i w_i sum_i w_i (-sum_k t_ik log p_ik - confidence_penalty H(p_i))
            + alpha sum_j f_j sum_k (l1_ratio |B_kj| + (1 - l1_ratio) / 2 B_kj^2)
        t_i = (1 - s) onehot(y_i) + s / K,   p_i = softmax(B x_i + b)

    or, if `grouped`, with ``alpha sum_j f_j (l1_ratio ||B_j||_2 + (1 - l1_ratio) / 2 ||B_j||_2^2)``, B_j holding the
    coefficients of feature j for all classes. The entropy is ``H(p) = -sum_k p_k log p_k``, w are sample weights times
    class weights, f penalty factors.
    Smoothing (Szegedy et al. 2016 [1]_) keeps the model from growing ever more certain of labels that may be wrong;
    the confidence penalty (Pereyra et al. 2017 [2]_) pays for predictions that stay uncertain.

    Without both this is the objective of scikit-learn's `LogisticRegression` with ``C = 1 / (alpha * sum_i w_i)``.

    Parameters
    ----------
    alpha : float, default=1e-3
        Strength of the penalty, in [0, inf). ``alpha = 1 / (C * n_samples)`` gives the model of scikit-learn's ``C``;
        the default is its default for 1000 samples.
    l1_ratio : float, default=0.0
        Share of L1, in [0, 1]. The default is plain L2, as in scikit-learn.
    label_smoothing : float, default=0.1
        Share of the labels that is spread over all classes, in [0, 1). The default is that of [1]_. It makes
        probabilities less extreme, and costs quality where a model may refuse to answer: the ranking of its own
        errors by confidence gets worse [3]_. Use 0 for that. Mean probabilities move towards ``1 / K``: classes rarer
        than about ``label_smoothing`` are predicted too often, and need 0 or recalibration.
    confidence_penalty : float, default=0.0
        Weight of the mean entropy of the predictions, in [0, inf). Any positive value can make the objective
        **non-convex**: every step still lowers it, and the answer is certified as a stationary point, by its distance
        to the subdifferential, and no more.
    grouped : bool, default=False
        Whether a feature is in for all classes or for none: the group lasso across classes [5]_. It changes nothing
        for two classes, and does not go with bounds.
    penalty_factor : array-like of shape (n_features,), default=None
        Factor of every feature's penalty, in [0, inf]: 0 leaves it unpenalized, infinity leaves it out. None is 1 for
        all.
    bounds : pair of float or array-like of shape (n_features,), default=None
        Lower and upper bounds ``(lows, highs)`` of the coefficients, the same for all classes; infinite or None where
        there are none.
    positive : bool, default=False
        Whether coefficients must not be negative.
    fit_intercept : bool, default=True
        Whether to fit unpenalized intercepts. Sparse X is never filled.
    standardize : bool, default=False
        Whether the penalty sees the coefficients of features divided by their (weighted) standard deviation. `coef_` is
        on the original scale all the same.
    class_weight : dict or "balanced", default=None
        Factors of the sample weights by class; classes that a dict leaves out have 1. "balanced" makes the classes
        weigh the same.
    solver : {"auto", "newton", "lbfgs"}, default="auto"
        "newton" is proximal Newton with coordinate descent; "lbfgs" (pure L2 only) is better for many coefficients
        without zeros. "auto" takes it for pure L2 with more than 600 coefficients, or 100 of several classes.
    tol : float, default=1e-6
        Duality gap to reach, relative to the loss of the model without features, in [0, inf). With a confidence
        penalty, the distance to the subdifferential, for features scaled to norm 1 and relative to the norm of that
        model's residual.
    max_iter : int, default=100
        Most Newton steps for every strength on the way; some ten are usual. Twenty steps of "lbfgs" count as one.
    warm_start : bool, default=False
        Whether `fit` starts from the coefficients of the last fit.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients, in the dtype of X; in float64 where rounding them to float32 would raise the objective by more
        than `tol` (relative to the loss of the null model), as with nearly collinear features.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        0.0 without intercept; of several classes, with sum 0: only differences of scores matter.
    n_iter_ : int
        Newton steps taken, those on larger strengths on the way included; at least 1.
    dual_gap_ : float
        Certificate, in units of `objective_`: that is at most so much above the minimum. NaN with a confidence
        penalty.
    stationarity_ : float
        Distance of the gradient to the subdifferential, in the units of `tol`. Set with a confidence penalty only.
    objective_ : float
        Value of the objective above.
    sparsity_ : float
        Share of coefficients that are exactly zero.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (`n_features_in_`,)

    Raises
    ------
    ValueError
        When a parameter, X, y or the weights are not as described; the message names the argument and the value.

    Warns
    -----
    ConvergenceWarning
        When the gap is above `tol` after `max_iter` steps, and when with ``label_smoothing=0`` unpenalized features
        separate the classes, all rows or some of them: the best coefficients are infinite then.

    See Also
    --------
    ElasticNetProx : The same penalties for regression.

    Notes
    -----
    Proximal Newton steps [4]_, each a weighted elastic net that is solved by the coordinate descent of
    `ElasticNetProx` on a working set. Several classes have the true softmax and one row of coefficients each; the L2
    or L1 penalty decides among those that predict the same. The dual point moves the targets to the predictions, as
    far as the penalty admits.

    To select features by the zeros of an L1 penalty, give scikit-learn's `SelectFromModel` a ``threshold=1e-5``: it
    knows its own estimators' penalties only.

    References
    ----------
    .. [1] C. Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016, section 7.
    .. [2] G. Pereyra et al., "Regularizing neural networks by penalizing confident output distributions", ICLR
       workshop 2017, eq. 2.
    .. [3] G. Xia et al., "Towards understanding why label smoothing degrades selective classification and how to fix
       it", arXiv 2403.14715, 2024.
    .. [4] J. Lee, Y. Sun, M. Saunders, "Proximal Newton-type methods for minimizing composite functions", SIAM J.
       Optim. 24(3), 2014.
    .. [5] N. Simon, J. Friedman, T. Hastie, "A blockwise descent algorithm for group-penalized multiresponse and
       multinomial regression", arXiv 1311.6529, 2013, eq. 5.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skreg import LabelSmoothedLogistic
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), LabelSmoothedLogistic(alpha=0.01, l1_ratio=1.0)).fit(X, y)
    >>> round(model.score(X, y), 2)
    0.97
    >>> int((model[-1].coef_ != 0).sum())
    9
    >>> bool(model[-1].dual_gap_ < 1e-6)
    True
    """

    _parameter_constraints = {
        "alpha": [Interval(Real, 0.0, np.inf)],
        "l1_ratio": [Interval(Real, 0.0, 1.0, closed="both")],
        "label_smoothing": [Interval(Real, 0.0, 1.0)],
        **LabelSmoothed._loss_constraints,
        "max_iter": [Interval(Integral, 1, np.inf)],
        "warm_start": [BOOLEAN],
    }

    def __init__(
        self,
        alpha=1e-3,
        *,
        l1_ratio=0.0,
        label_smoothing=0.1,
        confidence_penalty=0.0,
        grouped=False,
        penalty_factor=None,
        bounds=None,
        positive=False,
        fit_intercept=True,
        standardize=False,
        class_weight=None,
        solver="auto",
        tol=1e-6,
        max_iter=100,
        warm_start=False,
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.label_smoothing = label_smoothing
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
        self.warm_start = warm_start

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Fortran order or CSC saves a copy.
        y : array-like of shape (n_samples,)
            Labels of at least two classes: numbers, strings or booleans.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Non-negative, not all zero; a weight of 2 is the row twice.

        Returns
        -------
        self : object
        """
        known = getattr(self, "classes_", None)
        problem = self._read(X, y, sample_weight)
        task = Task.root(self)
        likelihood = class_likelihood(
            problem, problem.data, self.classes_.size, self.label_smoothing, self.confidence_penalty
        )
        penalty = problem.penalty(self.l1_ratio, self.standardize)
        options = self._options() | dict(coef_init=self._warm(problem, likelihood, known))
        with one_blas_thread():
            (solution,) = classify(likelihood, penalty, [self.alpha], **options)
        self._store(problem, likelihood, solution, self.alpha, self.label_smoothing)
        task.end()
        return self

    def _warm(self, problem, likelihood, known):
        if not (self.warm_start and hasattr(self, "coef_") and np.array_equal(known, self.classes_)):
            return None
        coef = self.coef_.toarray() if hasattr(self.coef_, "toarray") else self.coef_
        return coef.astype(np.float64) if coef.shape == (likelihood.K, problem.data.p) else None
