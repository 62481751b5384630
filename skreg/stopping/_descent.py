"""Train a linear model by gradient descent, step by step."""

import copy

import numpy as np
from scipy.special import log_softmax
from sklearn.utils import Bunch
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import validate_data

from .._core.descent import Descent, equivalent_alpha, filter_factors
from .._core.parts.losses import Logistic, Multinomial, Squared
from ..linear._base import LinearClassifier, LinearRegressor
from ..utils._classes import log_loss, scores_of_all, smoothed_targets
from ..utils._validation import naming_bad_columns
from ._evaluation import squared_error


class _WithoutFit:
    """A linear model that predicts with coefficients from elsewhere."""

    def __init__(self, fit_intercept=True):
        self.fit_intercept = fit_intercept

    def _check_parameters(self):
        """Nothing to check: the early stopping estimators did."""

    def _restrictions(self):
        return {}

    def fit(self, X, y, sample_weight=None):
        """Raise TypeError: the coefficients come from `GradientDescentTrainer`."""
        raise TypeError(f"{type(self).__name__} has no fit of its own: the early stopping estimators fit it.")


class DescentRegressor(_WithoutFit, LinearRegressor):
    """Linear regression whose coefficients come from gradient descent."""

    def _objective(self, problem):
        return Squared(), problem.Y


class DescentClassifier(_WithoutFit, LinearClassifier):
    """Logistic or multinomial regression whose coefficients come from gradient descent."""

    def _objective(self, problem):
        K = self.classes_.size
        return (Logistic if K == 2 else Multinomial)(0.0), smoothed_targets(problem.Y[0], K, 0.0)


class GradientDescentTrainer:
    """A step is one of (proximal) gradient descent; has the methods of `Trainer`.

    Parameters
    ----------
    model : DescentRegressor or DescentClassifier
    X, y : array-likes
    weights : ndarray of shape (n,)
        Rows of weight zero are not trained on.
    settings : BaseEarlyStopping
        Its parameters are the penalty, the step size and whether steps are accelerated.
    step_size : float, default=None
        Step size of earlier descents on a part of the rows, to be used again.

    Attributes
    ----------
    step_size : float
    descent : Descent
    """

    error = None

    def __init__(self, model, X, y, weights, settings, step_size=None):
        self.model = model
        self.accelerate = settings.accelerate
        self.problem = model._read(X, y, weights)
        self.loss, T = model._objective(self.problem)
        with np.errstate(over="ignore", invalid="ignore"):  # an error says so below
            self.descent = Descent(self.problem.data, self.loss, T, settings.alpha, settings.l1_ratio)
        self.l1 = settings.alpha * settings.l1_ratio
        self.l2 = settings.alpha * (1.0 - settings.l1_ratio)
        self.step_size = self._step_size(settings.step_size, step_size)
        self.norms = []
        self._set_point(self.descent.point())
        vanished = self.point.loss == 0.0 and isinstance(self.loss, Squared)
        if not np.isfinite(self.point.loss) or (vanished and np.ptp(T[:, self.problem.data.rows > 0.0], axis=1).any()):
            size = "small that their squares vanish" if vanished else "large that their squares overflow"
            raise ValueError(f"y has values so {size}: rescale it.")

    def _step_size(self, wanted, known):
        """The step size: `known`, if earlier descents on a part of the rows had one, so that step counts agree."""
        curvature = self.descent.curvature
        if curvature == 0.0:  # all features are constant
            return 1.0
        if known is not None:
            return min(known, (1.0 if self.accelerate else 1.999) / curvature)
        if wanted == "auto":
            return 1.0 / curvature
        longest = (1.0 if self.accelerate else 2.0) / curvature
        if wanted > longest or (wanted == longest and not self.accelerate):
            raise ValueError(
                f"step_size={wanted} is too long for these data: the loss need not fall unless steps are shorter than"
                f" {longest:.6g}{', with accelerate=True' if self.accelerate else ''}."
            )
        return float(wanted)

    def _set_point(self, point):
        self.point = point
        self.model._set_coef(point.coef, point.intercept, self.problem.one_target)

    def transform(self, X):
        """Validation rows, checked once for all evaluations."""
        with naming_bad_columns(X):
            return validate_data(self.model, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)

    def repeat(self, steps, eval_every):
        """Take `steps` steps."""
        self.run(max(steps, 1), steps)

    def value(self, evaluation_set, scorer, monitor):
        """The loss, or the score, of the present state."""
        if scorer is not None:
            return evaluation_set.value(self.model, scorer, monitor)
        scores = safe_sparse_dot(evaluation_set.X, self.point.coef.T, dense_output=True) + self.point.intercept
        if isinstance(self.loss, Squared):
            return squared_error(evaluation_set.y, scores, evaluation_set.weights)
        codes = evaluation_set.codes(self.model.classes_)
        return log_loss(codes, log_softmax(scores_of_all(scores), axis=1), evaluation_set.weights)

    def run(self, eval_every, max_steps, hook=None):
        """See `Trainer.run`."""

        def after_steps(steps):
            self._set_point(self.descent.point())
            self.norms.append(float(np.linalg.norm(self.point.coef)))
            return hook is not None and hook(steps)

        return self.descent.run(self.step_size, self.accelerate, eval_every, max_steps, after_steps)

    def train_value(self, evaluation_set, scorer, monitor):
        """The loss of all training rows, which the descent knows; or the score of those of `evaluation_set`."""
        if scorer is not None:
            return self.value(evaluation_set, scorer, monitor)
        if isinstance(self.loss, Squared):
            return 2.0 * self.point.loss / len(self.point.coef)
        return self.point.loss

    def save(self, steps):
        self.best = self.point

    def restore(self):
        self._set_point(self.best)

    def state(self):
        return copy.copy(self.model)

    def fitted(self):
        return self.model

    def equivalent_alpha(self, steps):
        """The L2 penalty strength that shrinks about as much as these steps; NaN if they are accelerated."""
        return np.nan * steps if self.accelerate else equivalent_alpha(steps, self.step_size, self.l2)

    @property
    def filtered(self):
        """Whether the iterates are spectral filters of least squares, with all eigenvalues known."""
        plain = not self.accelerate and not self.l1 and isinstance(self.loss, Squared)
        data = self.problem.data
        return plain and self.descent.eigenvalues.size == min(data.n, data.p)

    def filter_factors(self, steps):
        """The part of the least-squares solution in the iterates, along every eigenvector: (n_steps, n_values)."""
        return filter_factors(self.descent.eigenvalues, np.asarray(steps)[..., None], self.step_size, self.l2)

    def degrees_of_freedom(self, steps):
        """Sums of the filter factors."""
        return self.filter_factors(steps).sum(axis=-1)

    def path(self, history):
        """`path_`: the iterates at every evaluation."""
        steps = np.array(history.steps)
        freedom = self.degrees_of_freedom(steps) if self.filtered else np.full(steps.size, np.nan)
        return Bunch(
            steps=steps,
            train_loss=np.array(history.train_curve),
            validation_loss=np.array(history.validation_curve),
            norm=np.array(self.norms[: steps.size]),
            equivalent_alpha=self.equivalent_alpha(steps),
            effective_degrees_of_freedom=freedom,
            step_size=self.step_size,
        )
