"""What every training with validation data needs: reading the data, the best value so far, patience."""

import math
import warnings

from sklearn.exceptions import ConvergenceWarning

from ._errors import caller_level
from ._params import changed_params
from ._validation import has_validation


def read_validation(read, X_val, y_val, sample_weight_val):
    """Validation data as ``read(X_val, y_val, sample_weight_val)`` returns them, or None if none were given.

    Raises
    ------
    ValueError
        Where only a part of the data is given, and where `read` raises one; the message says that the validation
        data are meant.
    """
    if not has_validation(X_val, y_val, sample_weight_val):
        return None
    try:
        return read(X_val, y_val, sample_weight_val)
    except ValueError as error:
        raise ValueError(f"in the validation data X_val, y_val, sample_weight_val: {error}") from error


def warn_of_unused(estimator, names, reason, name=None):
    """Warn of those of some parameters that were set, and have no effect; `name` stands for the class in messages."""
    if changed := changed_params(estimator, names):
        settings = ", ".join(f"{param}={getattr(estimator, param)!r}" for param in changed)
        verb = "has" if len(changed) == 1 else "have"
        warnings.warn(
            f"{name or type(estimator).__name__}: {settings} {verb} no effect, as {reason}.",
            UserWarning,
            stacklevel=caller_level(),
        )


class BestValue:
    """The lowest value of a series, the step it came from, and whether patience has run out.

    A value that is NaN has one rule everywhere. If there was no other value before, there is nothing to return to:
    ValueError. Later, a warning; training ends.

    Parameters
    ----------
    monitor : str or callable
        The parameter `monitor` of the estimator, for messages.
    patience : int or None
        Number of values without improvement after which training stops; None for no limit.
    min_delta : float
        A value is an improvement if it is lower than the best by more than this.
    ties : {"first", "last"}
        Which of several steps with the same lowest value is the best. Of scores on few rows, which are often equal,
        the last step has been trained longest. A tie is no improvement: patience goes on counting.

    Attributes
    ----------
    value : float
        The lowest value, infinity before the first.
    step : object or None
        The step it came from, None before the first.
    n_without : int
        Number of values since the last improvement.
    stopped : bool
        Whether training is to stop.
    """

    def __init__(self, monitor, patience, min_delta=0.0, ties="first"):
        self.monitor = monitor
        self.patience = patience
        self.min_delta = min_delta
        self.ties = ties
        self.value = math.inf
        self.step = None
        self.n_without = 0
        self.stopped = False

    def update(self, value, step, where):
        """Add a value.

        Parameters
        ----------
        value : float
            The loss, or minus the score.
        step : object
            What `step` is to be if this is the best.
        where : str
            Names the step in messages, such as "after 5 steps".

        Returns
        -------
        is_best : bool
            Whether this step is now the best: its state should be kept.
        """
        if math.isnan(value):
            self._end_at_nan(where)
            return False
        improved = self.step is None or value < self.value - self.min_delta
        self.n_without = 0 if improved else self.n_without + 1
        is_best = improved or (self.ties == "last" and value == self.value)
        if is_best:
            self.value = value
            self.step = step
        self.stopped = self.patience is not None and self.n_without >= self.patience
        return is_best

    def _end_at_nan(self, where):
        message = f"monitor={self.monitor!r} is NaN on the validation rows {where}"
        if self.step is None:
            raise ValueError(f"{message}.")
        warnings.warn(
            f"{message}: training ends there, and the best state before that is kept.",
            ConvergenceWarning,
            stacklevel=caller_level(),
        )
        self.stopped = True
