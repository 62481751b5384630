"""Code that both early stopping estimators share."""

import warnings
from contextlib import nullcontext
from numbers import Integral

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_consistent_length, check_random_state, indexable
from sklearn.utils.sparsefuncs import mean_variance_axis
from sklearn.utils.validation import _num_samples, validate_data

from ..linear._data import READ_OPTIONS
from ..utils._callbacks import CallbackSupportMixin, Task, with_callbacks
from ..utils._delegation import DelegatesToFitted
from ..utils._documentation import DocumentationLinkMixin
from ..utils._early_stopping import read_validation, warn_of_unused
from ..utils._errors import caller_level, interrupted_fit, unchanged_on_error
from ..utils._params import (
    ANY_STRING,
    BOOLEAN,
    CALLABLE,
    COUNT,
    CV,
    ESTIMATOR,
    FRACTION,
    NONE,
    NONNEGATIVE,
    POSITIVE,
    PROBABILITY,
    RANDOM_STATE,
    Interval,
    Options,
    check_params,
)
from ..utils._rows import column_types
from ..utils._scoring import read_monitor
from ..utils._split import hold_out, name_of, read_splits
from ..utils._targets import moments, warn_of_other_units
from ..utils._threads import one_blas_thread
from ..utils._validation import check_in_memory, check_table, check_unique_names, naming_bad_columns
from ._descent import GradientDescentTrainer
from ._evaluation import EvaluationSet, History
from ._row_set import RowSet, groups_of_equal_rows
from ._trainers import trainer_of

STILL_FALLING = 1e-4  # a larger relative change of the loss over the last evaluations gets a warning
WORSE_THAN_CONSTANT = 2.0  # training has failed if its loss is this many times that of a constant prediction
FAR_SCALE = 10.0  # a standard deviation so many times the smaller ones gets a warning where descent fails
SCALE_ROWS = 10_000  # that these are computed from
# With fewer unique rows than this, and on average this many rows for each, equal rows are no copies: the columns have
# few values.
FEW_UNIQUE_ROWS = 50
MANY_COPIES = 10
_OF_DESCENT = (
    "coef_", "intercept_", "step_size_", "path_", "equivalent_alpha_", "effective_degrees_of_freedom_", "_filter"
)  # fmt: skip


class BaseEarlyStopping(DelegatesToFitted, CallbackSupportMixin, DocumentationLinkMixin, BaseEstimator):
    """Base of the early stopping estimators."""

    _parameter_constraints = {
        "estimator": [ESTIMATOR, NONE],
        "alpha": [NONNEGATIVE],
        "l1_ratio": [PROBABILITY],
        "step_size": [POSITIVE, Options("auto")],
        "accelerate": [BOOLEAN],
        "fit_intercept": [BOOLEAN],
        "max_iter": [COUNT],
        "eval_every": [COUNT],
        "patience": [COUNT],
        "min_delta": [NONNEGATIVE],
        "validation_fraction": [FRACTION],
        "cv": [Interval(Integral, 2, np.inf), CV, NONE],
        "cv_rounds": [Options("first", "all")],
        "monitor": [ANY_STRING, CALLABLE],
        "restore_best": [BOOLEAN],
        "refit": [BOOLEAN],
        "random_state": [RANDOM_STATE],
    }
    _effective_with = {
        "alpha": {"estimator": (None,)},
        "l1_ratio": {"estimator": (None,)},
        "step_size": {"estimator": (None,)},
        "accelerate": {"estimator": (None,)},
        "fit_intercept": {"estimator": (None,)},
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
        except AttributeError:  # not an estimator: fit raises an error that says so
            return tags
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        tags.target_tags.required = True
        return tags

    def _check_parameters(self):
        """Check the parameters; returns the scorer, or None for the loss, and the class of trainer, or None."""
        check_params(self)
        scorer = read_monitor(self.monitor)
        if self.cv_rounds == "all" and self.cv is None:
            raise ValueError(f"cv_rounds='all' trains on all splits of cv: set cv, for example to 5; got cv={self.cv}.")
        if self.estimator is None:
            return scorer, None
        trainer = trainer_of(self.estimator)
        wanted, fits = ("classifier", is_classifier) if is_classifier(self) else ("regressor", is_regressor)
        if not fits(self.estimator):
            raise ValueError(f"{type(self).__name__} needs a {wanted}; got estimator={self.estimator!r}.")
        if scorer is None and is_classifier(self) and not hasattr(self.estimator, "predict_proba"):
            raise ValueError(
                f"monitor='loss' is the log loss, which needs predict_proba, and estimator={self.estimator!r} has none:"
                " set monitor='accuracy' or another scorer."
            )
        return scorer, trainer

    def _read(self, X, y, sample_weight, reset):
        """Check data as far as that does not depend on the estimator; `reset` for training data."""
        check_in_memory(X)
        check_unique_names(X)
        if _num_samples(X) == 0:
            raise ValueError("X has no rows: 0 sample(s).")
        validate_data(self, X, y, reset=reset, skip_check_array=True)
        if self.estimator is None:
            check_table(X)
            with naming_bad_columns(X):
                X = check_array(X, **READ_OPTIONS | dict(ensure_all_finite=True), estimator=self, input_name="X")
        else:
            (X,) = indexable(X)  # sparse X by rows
        check_consistent_length(X, y)
        y, codes, weights = self._read_targets(y, sample_weight, reset)
        return RowSet(X, y, weights, codes)

    def _read_validation(self, rows, X_val, y_val, sample_weight_val):
        """Validation data that were given to `fit`, None without."""

        def read(X_val, y_val, sample_weight_val):
            validation = self._read(X_val, y_val, sample_weight_val, reset=False)
            if column_types(rows.X) != column_types(validation.X):
                raise ValueError("X_val must be of the same type as X: both frames with the same types of columns.")
            if validation.y.shape[1:] != rows.y.shape[1:]:
                raise ValueError(f"y_val has shape {validation.y.shape}, but y has shape {rows.y.shape}.")
            return validation

        validation = read_validation(read, X_val, y_val, sample_weight_val)
        if validation is not None and self.cv is not None:
            raise ValueError(f"cv={name_of(self.cv)} splits X, but X_val gives the validation rows: use one of them.")
        if self.cv is not None:
            warn_of_unused(self, ["validation_fraction"], f"cv={name_of(self.cv)} splits X")
        if validation is not None and rows.codes is None:
            weighted = (None if part.weights is None else np.flatnonzero(part.weights) for part in (rows, validation))
            warn_of_other_units(rows.y, validation.y, *weighted)
        return validation

    def _splits(self, rows, groups):
        """Pairs of indices: rows to train on, and validation rows."""
        if groups is not None and self.cv is None:
            raise ValueError("groups are for a splitter: set cv, for example to GroupKFold().")
        if self.cv is None:
            splits = [self._hold_out(rows)]
        else:
            try:
                splits = read_splits(self.cv, rows.X, rows.y, is_classifier(self), groups=groups)
            except IndexError as error:
                raise ValueError(f"cv has indices of rows that X, of n_samples={rows.n}, does not have: {error}") from (
                    error
                )
            splits = splits if self.cv_rounds == "all" else splits[:1]
        source = f"validation_fraction={self.validation_fraction}" if self.cv is None else "a split of cv"
        for train, held in splits:
            for part, name in ((train, "training"), (held, "validation")):
                if not rows.weight_of(part) > 0.0:
                    raise ValueError(f"{source} leaves no {name} rows with weight, of n_samples={rows.n}.")
            if rows.codes is not None:
                self._check_trained(rows.take_codes(train), rows.take_codes(held), source)
        return splits

    def _hold_out(self, rows):
        """A random split of the rows with weight; equal rows stay together, else the validation loss is too low."""
        weighted = np.arange(rows.n) if rows.weights is None else np.flatnonzero(rows.weights > 0.0)
        if weighted.size < 2:
            raise ValueError(
                f"n_samples={weighted.size} rows with weight cannot be split into training and validation rows: at"
                " least two are needed."
            )
        first, group = groups_of_equal_rows(rows.X if weighted.size == rows.n else rows.take(weighted).X)
        if first.size < 2 or (first.size < FEW_UNIQUE_ROWS and weighted.size >= MANY_COPIES * first.size):
            first = group = np.arange(weighted.size)
        codes = None if rows.codes is None else rows.codes[weighted[first]]
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        weights = None if rows.weights is None else np.bincount(group, rows.weights[weighted])
        held = hold_out(first.size, self.validation_fraction, codes, np.random.default_rng(seed), weights)[group]
        return weighted[~held], weighted[held]

    def _check_trained(self, train_codes, validation_codes, source):
        """All classes of the validation rows, and at least two, must be among the training rows."""
        missing = np.setdiff1d(validation_codes, train_codes)
        if missing.size:
            name = self.classes_[missing].tolist()[0]
            raise ValueError(f"{source} leaves no training rows of class {name!r}.")
        if np.unique(train_codes).size < 2:
            raise ValueError(f"{source} leaves training rows of only one class.")

    def _trainer(self, trainer, rows, train=None, step_size=None):
        """A trainer of the estimator on some of the rows, or on all; `step_size` is that of earlier descents."""
        if trainer is not None:
            part = rows if train is None or train.size == rows.n else rows.take(train)
            return trainer(self.estimator, part.X, part.y, part.weights, getattr(self, "classes_", None))
        weights = rows.weights
        if train is not None:  # other rows get weight zero, so that X is not copied
            weights = np.zeros(rows.n)
            weights[train] = 1.0 if rows.weights is None else rows.weights[train]
        return GradientDescentTrainer(self._linear_model(), rows.X, rows.y, weights, self, step_size)

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None, groups=None):
        """Train until the validation loss stops improving.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Whatever `estimator` takes. For ``estimator=None`` a numeric array or sparse matrix; it is not copied if it
            is in Fortran order or CSC.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target: class labels or numbers. A column of shape (n_samples, 1) is taken as (n_samples,), with a
            DataConversionWarning, except for ``estimator=None`` in regression.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows, in training and in the validation loss.
        X_val : array-like or sparse matrix of shape (n_samples_val, n_features), default=None
            Validation rows, instead of a part of X: rows of a later time, for example, or of other groups.
        y_val : array-like of shape (n_samples_val,) or (n_samples_val, n_outputs), default=None
            Targets of the validation rows.
        sample_weight_val : array-like of shape (n_samples_val,), default=None
            Sample weights of the validation rows.
        groups : array-like of shape (n_samples,), default=None
            Group of every row, for the splitter `cv`.

        Returns
        -------
        self : object

        Raises
        ------
        KeyboardInterrupt
            When the user interrupts training. If there was an evaluation, and no other training is to follow, the
            estimator is fitted with the best state so far (the last one, with ``restore_best=False``). Otherwise it
            is as it was before `fit`.
        """
        scorer, kind = self._check_parameters()
        rows = self._read(X, y, sample_weight, reset=True)
        given = self._read_validation(rows, X_val, y_val, sample_weight_val)
        if given is None:
            splits = self._splits(rows, groups)
        else:
            splits = [(np.arange(rows.n), None)]
            if rows.codes is not None:
                self._check_trained(rows.take_codes(slice(None)), given.take_codes(slice(None)), "X")
        trains_again = self.refit or self.cv_rounds == "all"
        for name in _OF_DESCENT:
            vars(self).pop(name, None)
        task = Task.root(self, subtasks=len(splits) + trains_again, data=dict(X=X, y=y))
        rounds = []
        with one_blas_thread() if kind is None else nullcontext():
            for train, held in splits:
                trainer = self._trainer(kind, rows, train)
                validation = given if held is None else rows.take(held)
                rounds.append(self._round(trainer, rows, train, validation, scorer, not trains_again, task))
            self.best_iter_ = int(np.median([history.best.step for history in rounds]) + 0.5)
            if trains_again:
                part = task.part("refit")
                step_size = None if kind else float(np.median([history.path.step_size for history in rounds]))
                everything = rows if given is None else rows.append(given)
                trainer = self._trainer(kind, everything, step_size=step_size)
                trainer.repeat(self.best_iter_, self.eval_every)
                part.end()
        self._set_attributes(rounds, trainer)
        if rounds[-1].interruption:
            raise interrupted_fit(self, rounds[-1].interruption)
        task.end(reconstruction_attributes=lambda: {"estimator_": self.estimator_})
        return self

    def _round(self, trainer, rows, train, validation, scorer, keep, task):
        """Train, and evaluate on validation rows; returns the history, and leaves the best state in the trainer.

        `train` are the indices of the rows that the trainer trains on; `keep` says whether to keep its state.
        """
        history = self._history(trainer, rows, train, validation, scorer, keep)
        part = task.part("round", subtasks=None)

        def hook(steps):
            evaluation = part.part("evaluation")
            stop = history.record(steps)
            return evaluation.end(reconstruction_attributes=lambda: {"estimator_": trainer.state()}) or stop

        try:
            trainer.run(self.eval_every, self.max_iter, hook)
        except KeyboardInterrupt:
            if history.best.step is None or not keep:
                raise
            kept = "best" if history.keep else "last"
            history.interruption = (
                f"{type(self).__name__} was interrupted after {history.steps[-1]} steps; the {kept} state so far is"
                " kept."
            )
        if trainer.error is not None:
            self._warn_of_error(trainer.error, history, keep)
        part.end()
        if history.keep:
            trainer.restore()
        if not (history.interruption or self._warn_if_still_improving(history, rows)):
            self._warn_if_useless(history, rows, train)
        if self.estimator is None and history.best.step == 0:
            self._warn_of_unscaled(rows.X, "no step was better than the constant prediction that it begins with")
        if self.estimator is None:
            history.path = trainer.path(history)
        history.close()
        return history

    def _history(self, trainer, rows, train, validation, scorer, keep):
        """An empty history with the rows to evaluate on."""
        sample = None
        if self.estimator is not None or scorer is not None:  # all training rows would take too much time
            some = np.random.default_rng(0).permutation(train)[: validation.n]
            sample = _evaluation_set(trainer, rows.take(np.sort(some)))
        try:
            held = _evaluation_set(trainer, validation)
        except ValueError as error:
            raise ValueError(f"in the validation rows: {error}") from error
        return History(self, trainer, sample, held, scorer, keep and self.restore_best)

    def _warn_of_error(self, error, history, keep):
        """Go on with the best state after an error in a late step; without a best state, raise the error."""
        if keep and not history.keep:
            raise error
        warnings.warn(
            f"{type(self).__name__}: training ended with an error in the step after {history.steps[-1]}, and the best"
            f" state, after {history.best.step} steps, is kept. The error was {type(error).__name__}: {error}",
            ConvergenceWarning,
            stacklevel=caller_level(),
        )

    def _warn_if_still_improving(self, history, rows):
        """Warn where `max_iter` ended training while the validation loss was still improving; returns whether so."""
        if history.steps[-1] < self.max_iter or history.best.step < self.max_iter or len(history.steps) < 2:
            return False
        last = history.validation_curve[-1]
        before = history.validation_curve[max(len(history.steps) - 1 - self.patience, 0)]
        if abs(last - before) <= STILL_FALLING * abs(before):
            return False
        if self.estimator is None and self._warn_of_unscaled(rows.X, f"it took max_iter={self.max_iter} steps"):
            return True
        what = "loss" if history.scorer is None else "score"
        more = ", or accelerate=True" if self.estimator is None else ""
        warnings.warn(
            f"{type(self).__name__} took max_iter={self.max_iter} steps without a stop: the validation {what} went"
            f" from {before:.6g} to {last:.6g} in the last evaluations alone. Increase max_iter, or set min_delta"
            f" to the smallest improvement that is worth more steps{more}.",
            ConvergenceWarning,
            stacklevel=caller_level(),
        )
        return True

    def _warn_if_useless(self, history, rows, train):
        """Warn where even the best state is far worse than a constant prediction: steps were too large, or too few.

        On training rows, too: a few validation rows may be far off by chance.
        """
        trainer = history.trainer
        if history.scorer is None:
            loss = history.best.value
            train_loss = history.train_curve[history.steps.index(history.best.step)]
        elif is_classifier(self) or (trainer.error is not None and not history.keep):
            return  # scores have no scale to judge by; a model may be unable to predict after an error
        else:
            loss = trainer.value(history.validation, None, None)
            train_loss = trainer.value(history.train, None, None)
        classes = getattr(trainer.model, "classes_", None) if is_classifier(self) else None
        weights = None if rows.weights is None else rows.weights[train]
        constant = history.validation.loss_of_constant(classes, rows.y[train], weights)
        if loss > WORSE_THAN_CONSTANT * constant and not train_loss <= WORSE_THAN_CONSTANT * constant:
            name = "log loss" if is_classifier(self) else "mean squared error"
            warnings.warn(
                f"{type(self).__name__}: even the best state predicts worse than a constant. Its {name} on the"
                f" validation rows is {loss:.6g}, and that of a constant prediction {constant:.6g}. Training diverged,"
                " or took too few steps: scale the features, lower the learning rate, or increase max_iter.",
                ConvergenceWarning,
                stacklevel=caller_level(),
            )

    def _warn_of_unscaled(self, X, what):
        """Warn where descent failed and features have other units: one step size is for all. Returns whether so."""
        some = X[:: -(-X.shape[0] // SCALE_ROWS)]
        deviation = np.sqrt(mean_variance_axis(some, axis=0)[1]) if issparse(some) else moments(some)[1]
        deviation = deviation[deviation > 0.0]
        if not deviation.size or deviation.max() <= FAR_SCALE * np.quantile(deviation, 0.25):
            return False
        warnings.warn(
            f"{type(self).__name__}: {what}, and the standard deviations of the features range from"
            f" {deviation.min():.3g} to {deviation.max():.3g}, but all have one step size: standardize X, for example"
            " by a StandardScaler in a pipeline.",
            ConvergenceWarning,
            stacklevel=caller_level(),
        )
        return True

    def _set_attributes(self, rounds, trainer):
        """Set the fitted attributes."""
        several = self.cv_rounds == "all"

        def per_round(values):
            return values if several else values[0]

        self.steps_ = per_round([np.array(history.steps) for history in rounds])
        self.train_curve_ = per_round([np.array(history.train_curve) for history in rounds])
        self.validation_curve_ = per_round([np.array(history.validation_curve) for history in rounds])
        self.best_score_ = float(np.mean([history.best_score for history in rounds]))
        self.n_iter_ = max(history.steps[-1] for history in rounds)
        self.stopped_early_ = all(history.best.stopped for history in rounds)
        self.estimator_ = trainer.fitted()
        if self.estimator is not None:
            if hasattr(self, "classes_"):  # a splitter may have kept rows of a class from the training
                self.classes_ = getattr(self.estimator_, "classes_", self.classes_)
            return
        if hasattr(self, "feature_names_in_"):
            self.estimator_.feature_names_in_ = self.feature_names_in_
        self.coef_ = self.estimator_.coef_
        self.intercept_ = self.estimator_.intercept_
        self.step_size_ = trainer.step_size
        self.path_ = per_round([history.path for history in rounds])
        steps = self.best_iter_ if self.restore_best or self.refit or several else self.n_iter_
        self.equivalent_alpha_ = float(trainer.equivalent_alpha(steps))
        if trainer.filtered:
            self.effective_degrees_of_freedom_ = float(trainer.degrees_of_freedom(steps))
            self._filter = (steps, trainer.descent.eigenvalues)


def _evaluation_set(trainer, rows):
    return EvaluationSet(trainer.transform(rows.X), rows.y, rows.weights)
