"""Early stopping as a callback of scikit-learn."""

import warnings

import numpy as np
from sklearn.utils import check_consistent_length

from ..utils._early_stopping import BestValue
from ..utils._errors import caller_level
from ..utils._params import ANY_STRING, CALLABLE, COUNT, NONNEGATIVE, check_params
from ..utils._scoring import read_monitor
from ..utils._targets import check_weights
from ._evaluation import EvaluationSet


class _Fit:
    """The evaluations of one fit."""

    def __init__(self, settings):
        self.best = BestValue(settings.monitor, settings.patience, settings.min_delta)
        self.best_estimator = None
        self.curve = []
        self.has_model = False  # whether the estimator passed one


class EarlyStopping:
    """Callback that stops the fit of an estimator when its validation loss stops improving.

    For estimators that pass a fitted model to scikit-learn's callbacks (1.9, experimental) after every task, such as an
    epoch; the nets of this package do. A callback can stop a fit, but not change its result: the estimator keeps its
    last state, and the best state is `best_estimator_` of the callback. (`LogisticRegression` of scikit-learn 1.9
    passes its models, but does not stop.) `EarlyStoppingClassifier` and `EarlyStoppingRegressor` restore the best
    state.

    Parameters
    ----------
    X_val : array-like or sparse matrix of shape (n_samples_val, n_features)
        Validation rows, as the estimator takes them.
    y_val : array-like of shape (n_samples_val,) or (n_samples_val, n_outputs)
        Targets of the validation rows.
    sample_weight_val : array-like of shape (n_samples_val,), default=None
        Sample weights of the validation rows.
    monitor : "loss", str or callable, default="loss"
        What to compute on the validation rows: "loss" is the log loss or the mean squared error; or a scorer or its
        name, greater being better.
    patience : int, default=10
        Number of tasks (epochs) without improvement after which the fit stops, at least 1.
    min_delta : float, default=0.0
        Improvements of at most this much do not count, in units of the monitored value, in [0, inf).

    Attributes
    ----------
    validation_curve_ : list of float
        The monitored value after every task of the last fit.
    best_iter_ : int
        Number of the task with the best value, counted from 1.
    best_score_ : float
        The best value.
    best_estimator_ : estimator
        The estimator in the state after that task.

    Raises
    ------
    ValueError
        When a parameter is not as described, validation labels are unknown to the model, or the first value is NaN.

    Warns
    -----
    UserWarning
        When a fit passed no model to callbacks, so that nothing was evaluated.

    See Also
    --------
    EarlyStoppingClassifier : Also for classifiers without callbacks; restores the best state.
    EarlyStoppingRegressor : Also for regressors without callbacks; restores the best state.

    Notes
    -----
    Only tasks with a model are evaluated, and not the fit as a whole. Several copies of an estimator can be fitted at
    the same time with one callback, as in a grid search: each has its own patience, and the attributes are those of
    the fit that ended last. Other processes have their own copies of the callback.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from skreg import DropoutMLPClassifier
    >>> from skreg.stopping import EarlyStopping
    >>> X, y = make_moons(600, noise=0.3, random_state=0)
    >>> stop = EarlyStopping(X[400:], y[400:], patience=5)
    >>> model = DropoutMLPClassifier(early_stopping=False, random_state=0)
    >>> if hasattr(model, "set_callbacks"):  # scikit-learn 1.9
    ...     model = model.set_callbacks(stop).fit(X[:400], y[:400])
    ...     assert model.n_iter_ == stop.best_iter_ + 5 < 100
    """

    _parameter_constraints = {
        "monitor": [ANY_STRING, CALLABLE],
        "patience": [COUNT],
        "min_delta": [NONNEGATIVE],
    }

    def __init__(self, X_val, y_val, *, sample_weight_val=None, monitor="loss", patience=10, min_delta=0.0):
        self.monitor = monitor
        self.patience = patience
        self.min_delta = min_delta
        check_params(self)
        check_consistent_length(X_val, y_val)
        y_val = np.asarray(y_val)
        y_val = y_val[:, 0] if y_val.ndim == 2 and y_val.shape[1] == 1 else y_val
        self._validation = EvaluationSet(X_val, y_val, check_weights(sample_weight_val, len(y_val)))
        self._scorer = read_monitor(monitor)
        self._fits = {}  # by estimator

    def setup(self, estimator, context):
        """Called by scikit-learn before a fit."""
        self._fits[estimator] = _Fit(self)

    def on_fit_task_begin(self, estimator, context):
        """Called by scikit-learn before a task; does nothing."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Called by scikit-learn after a task: evaluate its model; returns whether to stop."""
        if fitted_estimator is None or context.parent is None:
            return False
        fit = self._fits[estimator]
        fit.has_model = True
        value = self._validation.value(fitted_estimator, self._scorer, self.monitor)
        fit.curve.append(value)
        tasks = len(fit.curve)
        if fit.best.update(value if self._scorer is None else -value, tasks, f"after {tasks} tasks"):
            fit.best_estimator = fitted_estimator
        return fit.best.stopped

    def teardown(self, estimator, context):
        """Called by scikit-learn after a fit: set the attributes."""
        fit = self._fits.pop(estimator)
        if not fit.has_model:
            warnings.warn(
                f"EarlyStopping evaluated nothing: {type(estimator).__name__} passed no model to callbacks during its"
                " fit.",
                UserWarning,
                stacklevel=caller_level(),
            )
        elif fit.best_estimator is not None:
            self.validation_curve_ = fit.curve
            self.best_iter_ = fit.best.step
            self.best_estimator_ = fit.best_estimator
            self.best_score_ = fit.curve[self.best_iter_ - 1]
