"""Early stopping of regressors."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.validation import check_is_fitted

from .._core.descent import equivalent_alpha, filter_factors, ridge_factors
from ..utils._targets import as_one_column, check_weights, numeric_targets
from ._base import BaseEarlyStopping
from ._descent import DescentRegressor
from ._docs import ATTRIBUTES, COMMON, PARAMETERS


class EarlyStoppingRegressor(RegressorMixin, BaseEarlyStopping):
    __doc__ = f"""Train a regressor step by step until the validation loss stops improving, and keep the best state.

    For a linear model that is trained by gradient descent from zero, early stopping is a regularizer like an L2 penalty
    [1]_. Along an eigenvector of the covariance of X with eigenvalue v, t steps of step size s reach the part
    ``1 - (1 - s v)^t`` of the least-squares solution; ridge with penalty strength a keeps the part ``v / (v + a)``.

    Parameters
    ----------{PARAMETERS.format(loss="mean squared error", stratified="")}

    Attributes
    ----------{ATTRIBUTES.format(classes="")}
    effective_degrees_of_freedom_ : float
        Sum of ``1 - (1 - s v)^t`` over the eigenvalues. Not set with `accelerate` or an L1 penalty, nor for data with
        more than 2000 rows and more than 2000 features.
{COMMON.format(other="EarlyStoppingClassifier : Early stopping of classifiers.").strip(chr(10))}

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import GradientBoostingRegressor
    >>> from skreg import EarlyStoppingRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = EarlyStoppingRegressor(random_state=0).fit(X, y)
    >>> model.best_iter_ < model.n_iter_
    True
    >>> boosted = EarlyStoppingRegressor(GradientBoostingRegressor(random_state=0), random_state=0).fit(X, y)
    >>> len(boosted.estimator_.estimators_) == boosted.best_iter_
    True
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if self.estimator is None:
            tags.target_tags.multi_output = True
        return tags

    def _linear_model(self):
        return DescentRegressor(self.fit_intercept)

    def _read_targets(self, y, sample_weight, reset):
        """Targets, no codes of labels, and weights; the linear model keeps a y of one column as it is."""
        y = numeric_targets(y)
        assert_all_finite(y, input_name="y")
        if self.estimator is not None and y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(as_one_column(y) if reset else y)
        return y, None, check_weights(sample_weight, len(y))

    def filter_factors(self, steps=None):
        """The part of the least-squares solution that the linear model has along each eigenvector, and that of ridge.

        Parameters
        ----------
        steps : int or array-like of int of shape (n,), default=None
            Number of steps, at least 0. None is the number of steps that led to `coef_`.

        Returns
        -------
        eigenvalues : ndarray of shape (n_values,)
            Eigenvalues of the covariance of the training rows, in decreasing order.
        early_stopping : ndarray of shape (n_values,) or (n, n_values)
            ``1 - (1 - step_size_ * eigenvalues)^steps``, in [0, 1]; with an L2 penalty, for proximal steps.
        ridge : ndarray of shape (n_values,) or (n, n_values)
            ``eigenvalues / (eigenvalues + equivalent_alpha)``, in [0, 1].

        Raises
        ------
        ValueError
            When `effective_degrees_of_freedom_` is not set, or `steps` are not as described.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from skreg import EarlyStoppingRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> values, stopped, ridge = EarlyStoppingRegressor(random_state=0).fit(X, y).filter_factors()
        >>> bool(abs(stopped - ridge).max() < 0.3)
        True
        """
        check_is_fitted(self, "estimator_")
        if not hasattr(self, "_filter"):
            raise ValueError(
                "filter_factors needs estimator=None, accelerate=False and no L1 penalty, and at most 2000 rows or"
                f" 2000 features; got estimator={self.estimator!r}, accelerate={self.accelerate}, alpha={self.alpha},"
                f" l1_ratio={self.l1_ratio} and {self.n_features_in_} features."
            )
        steps_of_coef, values = self._filter
        steps = np.asarray(steps_of_coef if steps is None else steps)
        if steps.ndim > 1 or steps.dtype.kind not in "iu" or (steps < 0).any():
            raise ValueError(f"steps must be an int or a list of ints of at least 0; got {steps.tolist()!r}.")
        steps = steps[..., None]
        l2 = self.alpha * (1.0 - self.l1_ratio)
        ridge = ridge_factors(values, equivalent_alpha(steps, self.step_size_, l2))
        return values, filter_factors(values, steps, self.step_size_, l2), ridge
