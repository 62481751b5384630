"""Early stopping of regressors."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils import assert_all_finite, column_or_1d, get_tags
from sklearn.utils.validation import check_is_fitted

from .._core.descent import equivalent_alpha, filter_factors, ridge_factors
from ._base import BaseEarlyStopping
from ._descent import DescentRegressor
from ._docs import ATTRIBUTES, COMMON, PARAMETERS


class EarlyStoppingRegressor(RegressorMixin, BaseEarlyStopping):
    __doc__ = f"""Stop training a regressor when its validation loss falls no more, and return to the best state.

    Of a linear model, training from zero by gradient descent on the squared error, early stopping is a regularizer like
    L2 [1]_: along an eigenvector of the covariance of X with eigenvalue v, t steps of length s keep the share
    ``1 - (1 - s v)^t`` of the least-squares solution, ridge of strength a keeps ``v / (v + a)``.

    Parameters
    ----------{PARAMETERS.format(loss="mean squared error", stratified="")}

    Attributes
    ----------{ATTRIBUTES.format(classes="")}
    effective_degrees_of_freedom_ : float
        Sum of the shares above. Not set with `accelerate` or L1, nor for data with
        more than 2000 rows and more than 2000 features.
{COMMON.format(other="EarlyStoppingClassifier : The same for classes.").strip(chr(10))}

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

    def _check_y(self, y):
        assert_all_finite(y, input_name="y")
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] == 1 and not get_tags(self).target_tags.multi_output:
            y = column_or_1d(y, warn=True)
        return y

    def _codes(self, y, reset):
        return None

    def filter_factors(self, steps=None):
        """What the linear model keeps of least squares along each eigenvector of X, beside what ridge would.

        Parameters
        ----------
        steps : int or array-like of int of shape (n,), default=None
            Numbers of steps, at least 0; None is those of `coef_`.

        Returns
        -------
        eigenvalues : ndarray of shape (n_values,)
            Of the covariance of the training rows, in decreasing order.
        early_stopping : ndarray of shape (n_values,) or (n, n_values)
            Shares ``1 - (1 - step_size_ * eigenvalues)^steps``; with L2, those of its prox steps.
        ridge : ndarray of shape (n_values,) or (n, n_values)
            Shares ``eigenvalues / (eigenvalues + equivalent_alpha)``.

        Raises
        ------
        ValueError
            Where the path is no such filter, or the eigenvalues are not known; see `effective_degrees_of_freedom_`.

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
                "filter factors are those of estimator=None with accelerate=False and no L1, for at most 2000 rows or"
                f" 2000 features; got estimator={self.estimator!r}, accelerate={self.accelerate}, alpha={self.alpha},"
                f" l1_ratio={self.l1_ratio} and {self.n_features_in_} features."
            )
        kept, values = self._filter
        steps = np.asarray(kept if steps is None else steps)
        if steps.ndim > 1 or steps.dtype.kind not in "iu" or (steps < 0).any():
            raise ValueError(f"steps must be an int or a list of ints of at least 0; got {steps.tolist()!r}.")
        steps, l2 = steps[..., None], self.alpha * (1.0 - self.l1_ratio)
        ridge = ridge_factors(values, equivalent_alpha(steps, self.step_size_, l2))
        return values, filter_factors(values, steps, self.step_size_, l2), ridge
