"""Linear models by gradient descent, to be stopped early."""

import copy

import numpy as np
from scipy.special import log_softmax
from sklearn.utils import Bunch
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import validate_data

from .._core.descent import Descent, equivalent_alpha, filter_factors
from .._core.losses import Logistic, Multinomial, Squared
from ..linear._base import LinearClassifier, LinearRegressor
from ..utils._classes import log_loss, scores_of_all, smoothed_targets
from ..utils._validation import class_codes
from ._watched import squared_error


class _WithoutFit:
    """A linear model that predicts with coefficients from elsewhere."""

    def __init__(self, fit_intercept=True):
        self.fit_intercept = fit_intercept

    def _check_parameters(self):
        """Nothing to check: the early stopping estimators did."""

    def _restrictions(self):
        return {}

    def fit(self, X, y, sample_weight=None):
        """Raise TypeError: only a descent sets the coefficients."""
        raise TypeError(f"{type(self).__name__} has no fit of its own: the early stopping estimators fit it.")


class DescentRegressor(_WithoutFit, LinearRegressor):
    """Linear regression on coefficients that a descent sets."""

    def _objective(self, problem):
        return Squared(), problem.Y


class DescentClassifier(_WithoutFit, LinearClassifier):
    """Logistic or multinomial regression on coefficients that a descent sets."""

    def _objective(self, problem):
        K = self.classes_.size
        return (Logistic if K == 2 else Multinomial)(0.0), smoothed_targets(problem.Y[0], K, 0.0)


class GradientSteps:
    """A step is one of (prox-)gradient descent; has the interface of `Growth`.

    Parameters
    ----------
    model : DescentRegressor or DescentClassifier
    X, y : array-likes
    weights : ndarray of shape (n,)
        Rows of weight zero are not trained on.
    settings : BaseEarlyStopping
        Gives the penalty and the kind of steps.
    step_size : float, default=None
        Length of the steps of an earlier descent, to be taken again.

    Attributes
    ----------
    step_size : float
    descent : Descent
    """

    def __init__(self, model, X, y, weights, settings, step_size=None):
        self.model, self.accelerate = model, settings.accelerate
        self.problem = model._read(X, y, weights)
        self.loss, T = model._objective(self.problem)
        with np.errstate(over="ignore", invalid="ignore"):  # told below
            self.descent = Descent(self.problem.data, self.loss, T, settings.alpha, settings.l1_ratio)
        self.l1, self.l2 = settings.alpha * settings.l1_ratio, settings.alpha * (1.0 - settings.l1_ratio)
        self.step_size, self.norms = self._length(settings.step_size, step_size), []
        self._place(self.descent.point())
        vanished = self.point.loss == 0.0 and isinstance(self.loss, Squared)
        if not np.isfinite(self.point.loss) or (vanished and np.ptp(T[:, self.problem.data.rows > 0.0], axis=1).any()):
            size = "small that their squares vanish" if vanished else "large that their squares overflow"
            raise ValueError(f"y has values so {size}: rescale it.")

    def _length(self, wanted, known):
        """The length of the steps; that of an earlier descent on a part of the rows is `known`, and best kept."""
        curvature = self.descent.curvature
        if curvature == 0.0:  # features are constant
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

    def _place(self, point):
        self.point = point
        self.model._set_coef(point.coef, point.intercept, self.problem.one_target)

    def transform(self, X):
        """Rows to watch, checked once and for all."""
        return validate_data(self.model, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False)

    def repeat(self, steps, every):
        """Take some steps."""
        self.run(max(steps, 1), steps)

    def value(self, watched, scorer, monitor):
        """The loss, or the score, of the present state on some rows."""
        if scorer is not None:
            return watched.value(self.model, scorer, monitor)
        scores = safe_sparse_dot(watched.X, self.point.coef.T, dense_output=True) + self.point.intercept
        if isinstance(self.loss, Squared):
            return squared_error(watched.y, scores, watched.weights)
        _, codes = class_codes(watched.y, self.model.classes_, "y_val")
        return log_loss(codes, log_softmax(scores_of_all(scores), axis=1), watched.weights)

    def run(self, every, max_steps, hook=None):
        def ask(steps):
            self._place(self.descent.point())
            self.norms.append(float(np.linalg.norm(self.point.coef)))
            return hook is not None and hook(steps)

        return self.descent.run(self.step_size, self.accelerate, every, max_steps, ask)

    def train_value(self, own, scorer, monitor):
        """The loss of all rows that are trained on, or the score of some."""
        if scorer is not None:
            return self.value(own, scorer, monitor)
        if isinstance(self.loss, Squared):
            return 2.0 * self.point.loss / len(self.point.coef)
        return self.point.loss

    def save(self, steps):
        self.best = self.point

    def restore(self):
        self._place(self.best)

    def state(self):
        return copy.copy(self.model)

    def fitted(self):
        return self.model

    def equivalent_alpha(self, steps):
        """The strength of L2 alone that is nearest to plain steps with what L2 they have."""
        return np.nan * steps if self.accelerate else equivalent_alpha(steps, self.step_size, self.l2)

    @property
    def filtered(self):
        """Whether the iterates are spectral filters of least squares, whose eigenvalues are all known."""
        plain = not self.accelerate and not self.l1 and isinstance(self.loss, Squared)
        data = self.problem.data
        return plain and self.descent.eigenvalues.size == min(data.n, data.p)

    def filter_factors(self, steps):
        """What the iterates after some steps keep of least squares along every eigenvector, (n_steps, n_values)."""
        return filter_factors(self.descent.eigenvalues, np.asarray(steps)[..., None], self.step_size, self.l2)

    def degrees_of_freedom(self, steps):
        """Sums of the filter factors."""
        return self.filter_factors(steps).sum(axis=-1)

    def path(self, history):
        """The iterates that were watched."""
        steps = np.array(history.steps)
        freedom = self.degrees_of_freedom(steps) if self.filtered else np.full(steps.size, np.nan)
        return Bunch(
            steps=steps,
            train_loss=np.array(history.train),
            validation_loss=np.array(history.validation),
            norm=np.array(self.norms[: steps.size]),
            equivalent_alpha=self.equivalent_alpha(steps),
            effective_degrees_of_freedom=freedom,
            step_size=self.step_size,
        )
