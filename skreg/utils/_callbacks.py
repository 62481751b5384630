"""scikit-learn's callbacks, where the installed version has them (1.9, experimental)."""

import functools
import inspect
import warnings

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:
        """Used where scikit-learn has no callbacks."""

    def with_callbacks(method):
        """Used where scikit-learn has no callbacks."""
        return method


_signature = functools.cache(inspect.signature)


def _call(estimator, owner, name, /, *args, **kwargs):
    """Call a method of scikit-learn's experimental interface; None where it is gone or takes other arguments."""
    method = getattr(type(owner), name, None)
    try:
        _signature(method).bind(owner, *args, **kwargs)
    except TypeError:  # no such method, or other parameters
        warnings.warn(
            f"The callbacks of {type(estimator).__name__} are not called: {name} of this version of scikit-learn "
            "takes other arguments.",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
    return method(owner, *args, **kwargs)


class Task:
    """A task of a fit that callbacks are told about.

    Parameters
    ----------
    estimator : estimator
    context : sklearn.callback.CallbackContext or None
        None where nobody listens.
    data : dict, default=None
        ``X`` and ``y`` as they were given to the fit, for callbacks that score its state, such as ``ScoringMonitor``.
    """

    def __init__(self, estimator, context, data=None):
        self.estimator = estimator
        self.context = context
        self.data = data or {}
        if context is not None:
            _call(estimator, context, "call_on_fit_task_begin", estimator=estimator)

    @classmethod
    def root(cls, estimator, subtasks=0, sequential=True, data=None):
        """The task of the whole fit, with its number of subtasks, which run one after another or side by side.

        An estimator without callbacks, its own or those of a meta-estimator around it, tells nobody: a small search
        would spend a fifth of its time on it.
        """
        if not (hasattr(estimator, "_skl_callbacks") or hasattr(estimator, "_parent_callback_ctx")):
            return cls(estimator, None)
        options = dict(max_subtasks=subtasks, sequential_subtasks=sequential)
        return cls(estimator, _call(estimator, estimator, "_init_callback_context", **options), data)

    def part(self, name, subtasks=0, number=None):
        """A subtask; its `number` where subtasks run side by side."""
        if self.context is None:
            return self
        options = dict(task_id=number, max_subtasks=subtasks)
        return Task(self.estimator, _call(self.estimator, self.context, "subcontext", name, **options), self.data)

    def end(self, **details):
        """Tell callbacks that the task has ended; returns whether one of them asks to stop.

        `details` are those of scikit-learn's ``call_on_fit_task_end``.
        """
        if self.context is None:
            return False
        context, estimator = self.context, self.estimator
        return bool(_call(estimator, context, "call_on_fit_task_end", estimator=estimator, **self.data, **details))
