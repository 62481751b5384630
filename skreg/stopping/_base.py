"""What both early stopping estimators share."""

import warnings
from contextlib import nullcontext
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_consistent_length, check_random_state, indexable
from sklearn.utils.validation import _num_samples, check_is_fitted, validate_data

from ..linear._data import READ_OPTIONS
from ..utils._callbacks import CallbackSupportMixin, Task, with_callbacks
from ..utils._params import (
    ANY_STRING,
    BOOLEAN,
    CALLABLE,
    CV,
    ESTIMATOR,
    NONE,
    RANDOM_STATE,
    Interval,
    Options,
    check_params,
)
from ..utils._scoring import read_monitor
from ..utils._split import hold_out, read_splits
from ..utils._threads import one_blas_thread
from ..utils._validation import caller_level, check_weights, has_validation, unchanged_on_error
from ._descent import GradientSteps
from ._growth import growth_of
from ._problem import Problem
from ._watched import History, Watched

FALLING = 1e-4  # share of the loss that the last evaluations may still have gained when steps run out
_OF_DESCENT = (
    "coef_", "intercept_", "step_size_", "path_", "equivalent_alpha_", "effective_degrees_of_freedom_", "_filter"
)  # fmt: skip


class BaseEarlyStopping(CallbackSupportMixin, BaseEstimator):
    """Base of the early stopping estimators."""

    _doc_link_module = "skreg"
    _doc_link_template = "https://skreg.readthedocs.io/en/stable/api/skreg.{estimator_name}.html"

    _parameter_constraints = {
        "estimator": [ESTIMATOR, NONE],
        "alpha": [Interval(Real, 0.0, np.inf)],
        "l1_ratio": [Interval(Real, 0.0, 1.0, closed="both")],
        "step_size": [Interval(Real, 0.0, np.inf, closed="neither"), Options("auto")],
        "accelerate": [BOOLEAN],
        "fit_intercept": [BOOLEAN],
        "max_iter": [Interval(Integral, 1, np.inf)],
        "eval_every": [Interval(Integral, 1, np.inf)],
        "patience": [Interval(Integral, 1, np.inf)],
        "min_delta": [Interval(Real, 0.0, np.inf)],
        "validation_fraction": [Interval(Real, 0.0, 1.0, closed="neither")],
        "cv": [Interval(Integral, 2, np.inf), CV, NONE],
        "cv_rounds": [Options("first", "all")],
        "monitor": [ANY_STRING, CALLABLE],
        "restore_best": [BOOLEAN],
        "refit": [BOOLEAN],
        "random_state": [RANDOM_STATE],
    }

    def __init__(
        self,
        estimator=None,
        *,
        alpha=0.0,
        l1_ratio=0.0,
        step_size="auto",
        accelerate=False,
        fit_intercept=True,
        max_iter=10000,
        eval_every=1,
        patience=10,
        min_delta=0.0,
        validation_fraction=0.1,
        cv=None,
        cv_rounds="first",
        monitor="loss",
        restore_best=True,
        refit=False,
        random_state=None,
    ):
        self.estimator = estimator
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.step_size = step_size
        self.accelerate = accelerate
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.eval_every = eval_every
        self.patience = patience
        self.min_delta = min_delta
        self.validation_fraction = validation_fraction
        self.cv = cv
        self.cv_rounds = cv_rounds
        self.monitor = monitor
        self.restore_best = restore_best
        self.refit = refit
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if self.estimator is None:
            tags.input_tags.sparse = True
            return tags
        try:
            inner = self.estimator.__sklearn_tags__()
        except AttributeError:  # what is no estimator is told in fit
            return tags
        tags.input_tags, tags.target_tags = inner.input_tags, inner.target_tags
        tags.target_tags.required = True
        return tags

    def _check_parameters(self):
        """Check what can be checked without data; returns the scorer, and what to train with."""
        check_params(self)
        scorer = read_monitor(self.monitor)
        if self.cv_rounds == "all" and self.cv is None:
            raise ValueError(f"cv_rounds='all' takes all splits of cv: set cv, for example to 5; got cv={self.cv}.")
        if self.estimator is None:
            return scorer, None
        kind = growth_of(self.estimator)
        wanted, fits = ("classifier", is_classifier) if is_classifier(self) else ("regressor", is_regressor)
        if not fits(self.estimator):
            raise ValueError(f"{type(self).__name__} needs a {wanted}; got estimator={self.estimator!r}.")
        if scorer is None and is_classifier(self) and not hasattr(self.estimator, "predict_proba"):
            raise ValueError(
                f"monitor='loss' is the log loss, which needs predict_proba, and estimator={self.estimator!r} has none:"
                " set monitor='accuracy' or another scorer."
            )
        return scorer, kind

    def _read(self, X, y, sample_weight, reset):
        """Check what does not depend on the estimator."""
        if _num_samples(X) == 0:
            raise ValueError("X has no rows: 0 sample(s).")
        validate_data(self, X, y, reset=reset, skip_check_array=True)
        if self.estimator is None:
            X = check_array(X, **READ_OPTIONS, estimator=self)
        else:
            (X,) = indexable(X)  # sparse X by rows
        check_consistent_length(X, y)
        y = self._check_y(y)
        return Problem(X, y, check_weights(sample_weight, len(y)), self._codes(y, reset))

    def _read_validation(self, problem, X_val, y_val, sample_weight_val):
        """Validation data that were given, None without."""
        if not has_validation(X_val, y_val, sample_weight_val):
            return None
        if self.cv is not None:
            raise ValueError(f"cv={self.cv!r} would split X, and X_val is given to validate on: use one of them.")
        try:
            outside = self._read(X_val, y_val, sample_weight_val, reset=False)
            kinds = [list(X.dtypes) if hasattr(X, "columns") else None for X in (problem.X, outside.X)]
            if kinds[0] != kinds[1]:
                raise ValueError("X_val is not of the kind of X: both must be frames with columns of the same types.")
            if outside.y.shape[1:] != problem.y.shape[1:]:
                raise ValueError(f"y_val has shape {outside.y.shape}, y {problem.y.shape}.")
            return outside
        except ValueError as error:
            raise ValueError(f"in the validation data X_val, y_val, sample_weight_val: {error}") from error

    def _splits(self, problem, groups):
        """Pairs of rows to train on and rows to watch."""
        if groups is not None and self.cv is None:
            raise ValueError("groups are for a splitter: set cv, for example to GroupKFold().")
        if self.cv is None:
            rows = np.arange(problem.n) if problem.weights is None else np.flatnonzero(problem.weights > 0.0)
            if rows.size < 2:
                raise ValueError(f"one row of n_samples={rows.size} cannot be held out: at least two must have weight.")
            codes = None if problem.codes is None else problem.codes[rows]
            seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
            held = hold_out(rows.size, self.validation_fraction, codes, np.random.default_rng(seed))
            splits = [(rows[~held], rows[held])]
        else:
            try:
                splits = read_splits(self.cv, problem.X, problem.y, is_classifier(self), groups=groups)
            except IndexError as error:
                raise ValueError(f"cv has rows that X, of n_samples={problem.n}, has not: {error}") from error
            splits = splits if self.cv_rounds == "all" else splits[:1]
        source = f"validation_fraction={self.validation_fraction}" if self.cv is None else "a split of cv"
        for train, held in splits:
            for rows, name in ((train, "training"), (held, "validation")):
                if not problem.weight_of(rows) > 0.0:
                    raise ValueError(f"{source} leaves no {name} rows with weight, of n_samples={problem.n}.")
            if problem.codes is not None:
                self._check_trained(problem.take_codes(train), problem.take_codes(held), source)
        return splits

    def _check_trained(self, codes, wanted, source):
        """All classes that are watched, and two at least, must be trained on."""
        missing = np.setdiff1d(wanted, codes)
        if missing.size:
            name = self.classes_[missing].tolist()[0]
            raise ValueError(f"{source} leaves no training rows of class {name!r}.")
        if np.unique(codes).size < 2:
            raise ValueError(f"{source} leaves training rows of only one class.")

    def _growth(self, kind, problem, rows=None, step_size=None):
        """Something to train on some rows of a problem, or on all, by steps of a length that is known or not."""
        if kind is not None:
            part = problem if rows is None or rows.size == problem.n else problem.take(rows)
            return kind(self.estimator, part.X, part.y, part.weights, getattr(self, "classes_", None))
        weights = problem.weights
        if rows is not None:  # nothing is copied: other rows weigh nothing
            weights = np.zeros(problem.n)
            weights[rows] = 1.0 if problem.weights is None else problem.weights[rows]
        return GradientSteps(self._linear_model(), problem.X, problem.y, weights, self, step_size)

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None, groups=None):
        """Train until the validation loss falls no more.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Whatever `estimator` takes; for ``estimator=None`` numbers, of which nothing is copied in Fortran order or
            CSC.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows, in training and in the validation loss.
        X_val : array-like or sparse matrix of shape (n_samples_val, n_features), default=None
            Rows to watch instead of a part of X: later ones, or other groups.
        y_val : array-like of shape (n_samples_val,) or (n_samples_val, n_outputs), default=None
            Their targets.
        sample_weight_val : array-like of shape (n_samples_val,), default=None
            Their weights.
        groups : array-like of shape (n_samples,), default=None
            Handed to the splitter `cv`.

        Returns
        -------
        self : object
        """
        scorer, kind = self._check_parameters()
        problem = self._read(X, y, sample_weight, reset=True)
        outside = self._read_validation(problem, X_val, y_val, sample_weight_val)
        if outside is None:
            splits = self._splits(problem, groups)
        else:
            splits = [(np.arange(problem.n), None)]
            if problem.codes is not None:
                self._check_trained(*(part.take_codes(slice(None)) for part in (problem, outside)), "X")
        again = self.refit or self.cv_rounds == "all"
        for name in _OF_DESCENT:
            vars(self).pop(name, None)
        task = Task.root(self, subtasks=len(splits) + again)
        rounds = []
        with one_blas_thread() if kind is None else nullcontext():
            for train, held in splits:
                growth = self._growth(kind, problem, train)
                watched = outside if held is None else problem.take(held)
                rounds.append(self._round(growth, problem, train, watched, scorer, not again, task))
            self.best_iter_ = int(np.median([history.gains.best_iter for history in rounds]) + 0.5)
            if again:
                part = task.part("refit")
                step_size = None if kind else float(np.median([history.path.step_size for history in rounds]))
                everything = problem if outside is None else problem.append(outside)
                growth = self._growth(kind, everything, step_size=step_size)
                growth.repeat(self.best_iter_, self.eval_every)
                part.end()
        self._keep(rounds, growth)
        task.end(reconstruction_attributes=lambda: {"estimator_": self.estimator_})
        return self

    def _round(self, growth, problem, train, held, scorer, keep, task):
        """Train with an eye on the held-out rows; returns the history, and leaves the best state in the growth."""
        own = None
        if self.estimator is not None or scorer is not None:  # as many rows as are held out: all would cost more
            some = np.random.default_rng(0).permutation(train)[: held.n]
            own = _watched(growth, problem.take(np.sort(some)))
        try:
            held = _watched(growth, held)
        except ValueError as error:
            raise ValueError(f"in the validation rows: {error}") from error
        history = History(self, growth, own, held, scorer, keep and self.restore_best)
        part = task.part("round", subtasks=None)

        def hook(steps):
            evaluation = part.part("evaluation")
            stop = history.record(steps)
            return evaluation.end(reconstruction_attributes=lambda: {"estimator_": growth.state()}) or stop

        try:
            growth.run(self.eval_every, self.max_iter, hook)
        except KeyboardInterrupt:
            if history.gains.best_iter is None or not keep:
                raise
            warnings.warn(
                f"{type(self).__name__} was interrupted after {history.steps[-1]} steps; the"
                f" {'best' if history.keep else 'last'} state until then is kept.",
                UserWarning,
                stacklevel=caller_level(),
            )
        part.end()
        if history.keep:
            growth.restore()
        self._warn_of_a_fall(history)
        if self.estimator is None:
            history.path = growth.path(history)
        history.close()
        return history

    def _warn_of_a_fall(self, history):
        """Say so where steps ran out while the validation loss still fell."""
        if history.steps[-1] < self.max_iter or history.gains.best_iter < self.max_iter or len(history.steps) < 2:
            return
        before = history.validation[max(len(history.steps) - 1 - self.patience, 0)]
        gain = abs(history.validation[-1] - before)
        if gain > FALLING * abs(before):
            what = "loss" if history.scorer is None else "score"
            more = ", or accelerate=True" if self.estimator is None else ""
            warnings.warn(
                f"{type(self).__name__} took max_iter={self.max_iter} steps without a stop: the validation {what} went"
                f" from {before:.6g} to {history.validation[-1]:.6g} in the last evaluations alone. Increase max_iter,"
                f" or set min_delta to a gain that is worth the steps{more}.",
                ConvergenceWarning,
                stacklevel=caller_level(),
            )

    def _keep(self, rounds, growth):
        """Set the fitted attributes."""
        several = self.cv_rounds == "all"

        def every(values):
            return values if several else values[0]

        self.steps_ = every([np.array(history.steps) for history in rounds])
        self.train_curve_ = every([np.array(history.train) for history in rounds])
        self.validation_curve_ = every([np.array(history.validation) for history in rounds])
        self.best_score_ = float(np.mean([history.best_score for history in rounds]))
        self.n_iter_ = max(history.steps[-1] for history in rounds)
        self.stopped_early_ = all(history.gains.stopped for history in rounds)
        self.estimator_ = growth.fitted()
        if self.estimator is not None:
            if hasattr(self, "classes_"):  # a splitter may have kept some from it
                self.classes_ = getattr(self.estimator_, "classes_", self.classes_)
            return
        if hasattr(self, "feature_names_in_"):
            self.estimator_.feature_names_in_ = self.feature_names_in_
        self.coef_, self.intercept_ = self.estimator_.coef_, self.estimator_.intercept_
        self.step_size_ = growth.step_size
        self.path_ = every([history.path for history in rounds])
        steps = self.best_iter_ if self.restore_best or self.refit or several else self.n_iter_
        self.equivalent_alpha_ = float(growth.equivalent_alpha(steps))
        if growth.filtered:
            self.effective_degrees_of_freedom_ = float(growth.degrees_of_freedom(steps))
            self._filter = steps, growth.descent.eigenvalues

    def predict(self, X):
        """Predict with the best state.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return self._ask("predict", X)

    def _ask(self, method, X):
        check_is_fitted(self, "estimator_")
        return getattr(self.estimator_, method)(X)


def _watched(growth, part):
    return Watched(growth.transform(part.X), part.y, part.weights)
