"""Early stopping as a callback of scikit-learn."""

import warnings
from numbers import Integral, Real
from types import SimpleNamespace

import numpy as np
from sklearn.utils import check_consistent_length

from ..utils._params import ANY_STRING, CALLABLE, Interval, check_params
from ..utils._scoring import read_monitor
from ..utils._validation import caller_level, check_weights
from ._watched import Gains, Watched


class EarlyStopping:
    """Callback that ends the fit of an estimator when its validation loss falls no more.

    For estimators that show scikit-learn's callbacks (1.9, experimental) their model after every task, as the nets of
    this package do. A callback can ask for the end of a fit, but not take it back: the estimator keeps its last state,
    and the best is `best_estimator_` here. (`LogisticRegression` of scikit-learn 1.9 shows its models, but goes on.) To
    have the best restored, use `EarlyStoppingClassifier` or `EarlyStoppingRegressor`.

    Parameters
    ----------
    X_val : array-like or sparse matrix of shape (n_samples_val, n_features)
        Rows to watch, as the estimator itself takes them.
    y_val : array-like of shape (n_samples_val,) or (n_samples_val, n_outputs)
        Their targets.
    sample_weight_val : array-like of shape (n_samples_val,), default=None
        Their weights.
    monitor : "loss", str or callable, default="loss"
        What is watched: the log loss or the mean squared error, or a scorer or its name.
    patience : int, default=10
        Tasks, epochs for example, without gain after which the fit ends; at least 1.
    min_delta : float, default=0.0
        What counts as a gain: more than this, in [0, inf).

    Attributes
    ----------
    validation_curve_ : list of float
        The monitored value after every task of the last fit.
    best_iter_ : int
        The task, from 1, with the best value.
    best_score_ : float
        That value.
    best_estimator_ : estimator
        The estimator as it was then.

    Raises
    ------
    ValueError
        When a parameter is not as described, targets do not go with predictions, or the first value is NaN.

    Warns
    -----
    UserWarning
        When a fit showed no model, so that nothing was watched.

    See Also
    --------
    EarlyStoppingClassifier : Also for estimators without callbacks, and with the best state restored.

    Notes
    -----
    Tasks that are no model, and the whole fit, are not evaluated. Copies of an estimator that are fitted at the same
    time, as in a grid search, share the callback, and are kept apart; attributes are those of the fit that ended last.
    Other processes have copies of their own.

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
        "patience": [Interval(Integral, 1, np.inf)],
        "min_delta": [Interval(Real, 0.0, np.inf)],
    }

    def __init__(self, X_val, y_val, *, sample_weight_val=None, monitor="loss", patience=10, min_delta=0.0):
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta
        check_params(self)
        check_consistent_length(X_val, y_val)
        y_val = np.asarray(y_val)
        y_val = y_val[:, 0] if y_val.ndim == 2 and y_val.shape[1] == 1 else y_val
        self._watched = Watched(X_val, y_val, check_weights(sample_weight_val, len(y_val)))
        self._scorer = read_monitor(monitor)
        self._runs = {}

    def setup(self, estimator, context):
        """Begin to watch an estimator."""
        gains = Gains(self.monitor, self.patience, self.min_delta)
        self._runs[id(estimator)] = SimpleNamespace(gains=gains, curve=[], best=None, shown=False)

    def on_fit_task_begin(self, estimator, context):
        """Nothing to do."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Evaluate what a task left; whether to stop."""
        if fitted_estimator is None or context.parent is None:
            return False
        run = self._runs[id(estimator)]
        run.shown = True
        value = self._watched.value(fitted_estimator, self._scorer, self.monitor)
        run.curve.append(value)
        if run.gains.add(len(run.curve), value if self._scorer is None else -value):
            run.best = fitted_estimator
        return run.gains.stopped

    def teardown(self, estimator, context):
        """Keep what was seen."""
        run = self._runs.pop(id(estimator))
        if not run.shown:
            warnings.warn(
                f"EarlyStopping watched nothing: {type(estimator).__name__} showed no model before its fit ended.",
                UserWarning,
                stacklevel=caller_level(),
            )
        elif run.best is not None:
            self.validation_curve_, self.best_iter_, self.best_estimator_ = run.curve, run.gains.best_iter, run.best
            self.best_score_ = run.curve[self.best_iter_ - 1]
