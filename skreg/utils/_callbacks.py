"""scikit-learn's callbacks, where the installed version has them (1.9, experimental)."""

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:
        """Stands in where scikit-learn has no callbacks."""

    def with_callbacks(method):
        """Stands in where scikit-learn has no callbacks."""
        return method


class Task:
    """A task of a fit that callbacks are told of; does nothing when there are none."""

    def __init__(self, estimator, context):
        self.estimator, self.context = estimator, context
        if context is not None:
            context.call_on_fit_task_begin(estimator=estimator)

    @classmethod
    def root(cls, estimator, subtasks=0, sequential=True):
        """The task of the whole fit, with a known number of parts."""
        if not hasattr(estimator, "_init_callback_context"):
            return cls(estimator, None)
        return cls(
            estimator,
            estimator._init_callback_context(max_subtasks=subtasks, sequential_subtasks=sequential),
        )

    def part(self, name, subtasks=0, number=None):
        """A task inside this one; `number` where the parts run side by side."""
        if self.context is None:
            return self
        return Task(self.estimator, self.context.subcontext(name, task_id=number, max_subtasks=subtasks))

    def end(self, **details):
        """Tell callbacks; whether one of them wants the tasks beside this one to stop.

        `details` are those of scikit-learn's ``call_on_fit_task_end``.
        """
        if self.context is None:
            return False
        return bool(self.context.call_on_fit_task_end(estimator=self.estimator, **details))
