"""What the neural estimators share: parameters, data, training, and passes with and without noise."""

import copy
import warnings
from contextlib import nullcontext
from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from .._nets.activations import ACTIVATIONS, Units
from .._nets.base import Context
from .._nets.dense import Bias, Dense
from .._nets.mlp import Architecture, perceptron
from .._nets.noise import Concrete
from .._nets.optim import Optimizer
from .._nets.rows import Batches, hashes
from .._nets.schedules import SCHEDULES, rate_at
from .._nets.training import Average, Diverged, MaxNorm, scores, train_epoch
from ..utils._callbacks import CallbackSupportMixin, Task, with_callbacks
from ..utils._documentation import DocumentationLinkMixin
from ..utils._params import (
    ANY_STRING,
    ARRAY_LIKE,
    BOOLEAN,
    CALLABLE,
    NONE,
    RANDOM_STATE,
    Interval,
    Options,
    check_params,
)
from ..utils._scoring import read_monitor
from ..utils._threads import one_blas_thread
from ..utils._validation import caller_level, has_validation, unchanged_on_error
from ._monitor import History, Watched
from ._problem import Distinct, warn_of_shift

_READ = dict(accept_sparse="csr", dtype=[np.float64, np.float32])
_THREADS = 1 << 23  # multiplications in the largest product of a step from which on BLAS's threads are worth waking
_POSITIVE = Interval(Real, 0.0, np.inf, closed="neither")
_NONNEGATIVE = Interval(Real, 0.0, np.inf)
_RATE = Interval(Real, 0.0, 1.0)


class BaseDropoutMLP(CallbackSupportMixin, DocumentationLinkMixin, BaseEstimator):
    """Base of the multilayer perceptrons."""

    _parameter_constraints = {
        "hidden_layer_sizes": [Interval(Integral, 1, np.inf), ARRAY_LIKE],
        "activation": [Options(*ACTIVATIONS)],
        "residual": [BOOLEAN],
        "normalization": [Options("batch", "layer"), NONE],
        "weight_normalization": [Options("weight", "spectral"), NONE],
        "dropout": [_RATE, ARRAY_LIKE],
        "input_dropout": [_RATE],
        "dropout_kind": [Options("bernoulli", "gaussian", "dropconnect", "adaptive", "concrete")],
        "stochastic_depth": [_RATE],
        "weight_decay": [_NONNEGATIVE, ARRAY_LIKE],
        "l2": [_NONNEGATIVE, ARRAY_LIKE],
        "l1": [_NONNEGATIVE, ARRAY_LIKE],
        "max_norm": [_POSITIVE, ARRAY_LIKE, NONE],
        "clip_norm": [_POSITIVE, NONE],
        "mixup": [_NONNEGATIVE],
        "input_noise": [_NONNEGATIVE],
        "feature_mask": [_RATE],
        "sam_rho": [_NONNEGATIVE],
        "averaging": [Options("ema", "swa"), NONE],
        "optimizer": [Options("adamw", "adam", "sgd")],
        "learning_rate": [_POSITIVE],
        "momentum": [_RATE],
        "schedule": [Options(*SCHEDULES)],
        "warmup": [_RATE],
        "batch_size": [Interval(Integral, 1, np.inf), Options("auto")],
        "max_iter": [Interval(Integral, 1, np.inf)],
        "early_stopping": [BOOLEAN],
        "validation_fraction": [Interval(Real, 0.0, 1.0, closed="neither")],
        "patience": [Interval(Integral, 1, np.inf), NONE],
        "min_delta": [_NONNEGATIVE],
        "monitor": [ANY_STRING, CALLABLE],
        "random_state": [RANDOM_STATE],
        "warm_start": [BOOLEAN],
        "verbose": [BOOLEAN],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __getstate__(self):
        """Without the state of the optimizer, twice as large as the net, where no fit will go on from it."""
        left_out = ("_checked_rows",) if self.warm_start else ("_checked_rows", "_optimizer")
        return {name: value for name, value in super().__getstate__().items() if name not in left_out}

    def _per_layer(self, name, n, high=np.inf):
        """A parameter as n floats, one a layer."""
        value = getattr(self, name)
        try:
            array = np.asarray(value, dtype=float)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must hold numbers, one a layer; got {value!r}.") from error
        if array.shape not in ((), (n,)):
            raise ValueError(f"{name} must be a number or hold {n}, one a layer; got {value!r}.")
        if not ((array >= 0.0) & (array < high)).all():
            raise ValueError(f"{name} must lie in [0, {high:g}) in every layer; got {value!r}.")
        return np.broadcast_to(array, (n,))

    def _check_parameters(self):
        """Check what can be checked without data; returns the architecture."""
        check_params(self)
        sizes = np.atleast_1d(np.asarray(self.hidden_layer_sizes, dtype=object))
        if sizes.ndim != 1 or not all(size in Interval(Integral, 1, np.inf) for size in sizes):
            raise ValueError(f"hidden_layer_sizes must hold ints of at least 1; got {self.hidden_layer_sizes!r}.")
        hidden = tuple(int(size) for size in sizes)
        if self.residual and not any(a == b for a, b in zip(hidden[1:], hidden, strict=False)):
            raise ValueError(
                "residual=True needs two hidden layers of one width in succession; got"
                f" hidden_layer_sizes={self.hidden_layer_sizes!r}."
            )
        if self.stochastic_depth > 0.0 and not self.residual:
            raise ValueError(
                f"stochastic_depth={self.stochastic_depth} drops residual branches: it needs residual=True."
            )
        if self.averaging == "swa" and self.early_stopping and self.patience is not None:
            raise ValueError(
                "averaging='swa' begins in the last quarter of max_iter; training may end before with"
                f" patience={self.patience}: set that to None."
            )
        if self.max_norm is not None and self.weight_normalization is not None:
            raise ValueError(
                f"max_norm={self.max_norm!r} does not go with weight_normalization={self.weight_normalization!r}, which"
                " sets the length of the weights itself."
            )
        if self.weight_normalization is not None and np.ndim(self.l1) and np.any(np.asarray(self.l1)[:-1] != 0.0):
            raise ValueError(
                f"l1={self.l1!r} does not go with weight_normalization={self.weight_normalization!r}: weights that are"
                " all zero have no direction. Give 0 for the hidden layers, or one number for what is left."
            )
        if self.normalization == "layer" and 1 in hidden:
            raise ValueError(
                "normalization='layer' makes a layer of one unit constant; got"
                f" hidden_layer_sizes={self.hidden_layer_sizes!r}."
            )
        self._strengths(len(hidden))
        self._radii(len(hidden))
        read_monitor(self.monitor)
        return Architecture(
            hidden,
            self.activation,
            self.residual,
            self.normalization,
            self.weight_normalization,
            tuple(self._per_layer("dropout", len(hidden), high=1.0).tolist()),
            self.input_dropout,
            self.dropout_kind,
            self.stochastic_depth,
            self.input_noise,
            self.feature_mask,
        )

    def _strengths(self, n_hidden):
        """Strengths of decay, L2 and L1 for the weights of every layer, the last one included."""
        decay, l2, l1 = (self._per_layer(name, n_hidden + 1) for name in ("weight_decay", "l2", "l1"))
        if self.weight_normalization is not None:
            l1 = np.append(np.zeros(n_hidden), l1[-1])
        return decay, l2, l1

    def _radii(self, n_hidden):
        """The radius of max-norm for every hidden layer, None where there is none."""
        value = self.max_norm
        radii = list(value) if np.ndim(value) else [value] * n_hidden
        if len(radii) != n_hidden or not all(r is None or (isinstance(r, Real) and r > 0.0) for r in radii):
            raise ValueError(
                f"max_norm must be positive, or hold {n_hidden} positive numbers or None, one a layer; got {value!r}."
            )
        return radii

    def _rows_of(self, X):
        """X through scikit-learn's checks, which the rows that a monitor is given have passed."""
        if X is getattr(self, "_checked_rows", None):
            return X
        return self._canonical(validate_data(self, X, reset=False, **_READ))

    def _rows_and_targets(self, X, y, reset, **options):
        X, y = validate_data(self, X, y, reset=reset, **_READ, **options)
        return self._canonical(X), y

    def _canonical(self, X):
        """X with sparse rows in the order of their columns: in another, sums are rounded in another way."""
        if not sp.issparse(X):
            return X
        if self.input_noise > 0.0:
            raise ValueError(f"input_noise={self.input_noise} would fill sparse X: use feature_mask, or a dense X.")
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        return X

    def _read_validation(self, X_val, y_val, sample_weight_val):
        """Validation data as `Watched`, None without."""
        if not has_validation(X_val, y_val, sample_weight_val):
            return None
        try:
            problem = self._read(X_val, y_val, sample_weight_val)
            if not hashes(problem.X)[1]:
                raise ValueError("Input X contains values too large for float32: rescale it.")
            if not problem.weights.any():
                raise ValueError("all rows have weight zero, by their class_weight.")
        except ValueError as error:
            raise ValueError(f"in the validation data X_val, y_val, sample_weight_val: {error}") from error
        rows = np.flatnonzero(problem.weights > 0.0)
        return problem, Distinct(rows, rows, problem.weights[rows], problem.sample_weight[rows])

    def _batch(self, n):
        """Rows a batch, of n to train on."""
        size = min(max(n // 16, 16), 256) if self.batch_size == "auto" else self.batch_size
        size = min(size, n)
        if self.normalization == "batch" and n // -(-n // size) < 2:
            raise ValueError(
                f"batch_size={self.batch_size} leaves batches of one of n_samples={n} distinct rows, which have no"
                " variance to normalize by: normalization='batch' needs at least two."
            )
        return size

    def _begin(self, architecture, problem, found, seed):
        """A new net for the data."""
        self._set_units(problem, found.rows, found.sums)
        rng = np.random.default_rng(seed)
        self._architecture, self._width_out = architecture, self._count_outputs()
        self._net = perceptron(architecture, self.n_features_in_, self._width_out, found.rows.size, rng)
        self._split_seed, self._seed, self._mean_weight = seed, int(rng.integers(1 << 63)), found.sums.mean()
        self.loss_curve_, self.validation_curve_, self.gap_curve_ = [], None, None
        for name in ("_optimizer", "best_iter_", "best_score_", "noise_variance_"):
            vars(self).pop(name, None)

    def _go_on(self, wanted):
        """A copy of the last net and its curves, if its architecture is wanted: an error leaves the originals alone."""
        old = self._architecture
        changed = [name for name in wanted._fields if getattr(wanted, name) != getattr(old, name)]
        if "hidden_layer_sizes" in changed:  # what holds one value a layer differs with it
            changed = ["hidden_layer_sizes"]
        now = [f"{name}={getattr(wanted, name)!r} (it was {getattr(old, name)!r})" for name in changed]
        if self._count_outputs() != self._width_out:
            now.append(f"heteroscedastic={self.heteroscedastic!r} (it was {not self.heteroscedastic})")
        if now:
            raise ValueError(f"a fitted net cannot go on with {', '.join(now)}.")
        for name in ("_net", "_optimizer", "loss_curve_", "validation_curve_", "gap_curve_"):
            if hasattr(self, name):
                setattr(self, name, copy.deepcopy(getattr(self, name)))

    def _set_optimizer(self):
        """Make an optimizer, or give the last one, with its momentum, the parameters as they are now."""
        if not hasattr(self, "_optimizer") or self._optimizer.kind != self.optimizer:
            self._optimizer = Optimizer(self._net, self.optimizer)
        strengths = self._strengths(len(self._architecture.hidden_layer_sizes))
        self._optimizer.configure(self._net, self.momentum, *strengths, self.clip_norm)

    def _threads(self, size):
        """Hold BLAS to one thread where products are too small for more."""
        largest = size * max(p.value.size for p in self._net.weights())
        return one_blas_thread() if largest < _THREADS else nullcontext()

    @unchanged_on_error
    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the net.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Features, best standardized. Computed with in float32; neither copied nor, if sparse, filled.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels of any type; in regression numbers, of several outputs too.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows; 2 is the same as having the row twice.
        X_val : array-like or sparse matrix of shape (n_samples_val, n_features), default=None
            Rows to watch, which are never trained on, instead of a random part of X: later ones, or other groups.
        y_val : array-like of shape (n_samples_val,) or (n_samples_val, n_outputs), default=None
            Their targets.
        sample_weight_val : array-like of shape (n_samples_val,), default=None
            Their weights.

        Returns
        -------
        self : object
        """
        architecture = self._check_parameters()
        again = self.warm_start and hasattr(self, "_net")
        problem = self._read(X, y, sample_weight, reset=not again, training=True)
        outside = self._read_validation(X_val, y_val, sample_weight_val)
        found = Distinct.of(problem)
        if outside is not None:
            warn_of_shift(problem.X, outside[0].X)
        seed = self._split_seed if again else self._draw_seed()
        held = None
        if outside is None and self.early_stopping:
            found, held = found.split(self.validation_fraction, problem.codes, np.random.default_rng([seed, 1]))
        size = self._batch(found.rows.size)
        if again:
            self._go_on(architecture)
        else:
            self._begin(architecture, problem, found, seed)
        self._set_optimizer()
        validation = self._watched(*outside) if outside else self._watched(problem, held) if held else None
        rng = np.random.default_rng([seed, 2, self._optimizer.steps])
        batches = self._batches(problem, found, size, found.sums.mean())
        own = None
        if validation is not None:
            own = self._watched(problem, found.take(rng.permutation(found.rows.size)[: validation.rows.size]))
        begun, steps = self._optimizer.steps, self.max_iter * batches.count

        def rate(step):
            return self.learning_rate * rate_at(step - begun, steps, self.schedule, self.warmup * steps)

        task = Task.root(self, subtasks=self.max_iter)
        self._train(batches, rng, rate, self.max_iter, task, self._average(steps, batches), own, validation)
        task.end(reconstruction_attributes=lambda: self._fitted_state(copy.deepcopy(self._net)))
        return self

    def _partial_fit(self, architecture, problem):
        """One epoch on some rows at a constant rate; schedules, averages and early stopping belong to `fit`."""
        found = Distinct.of(problem)
        size = self._batch(found.rows.size)
        if hasattr(self, "_net"):
            self._go_on(architecture)
        else:
            self._begin(architecture, problem, found, self._draw_seed())
        self._set_optimizer()
        rng = np.random.default_rng([self._split_seed, 2, len(self.loss_curve_), self._optimizer.steps])
        batches = self._batches(problem, found, size, self._mean_weight)
        self._train(batches, rng, lambda step: self.learning_rate, 1, Task(self, None))
        return self

    def _draw_seed(self):
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _batches(self, problem, found, size, unit):
        """Batches of distinct rows; weights are relative to a unit."""
        weights = found.spread(found.sums / unit, len(problem.weights))
        return Batches(problem.X, self._targets(problem), weights, found.rows, size, self.mixup)

    def _watched(self, problem, found):
        """Some rows, to be watched under their weights in the fit, and by scorers under those that were given."""
        weights = found.spread(found.sums / found.sums.max(), len(problem.weights))
        return Watched(problem, self._plain_targets(problem), weights, found.rows, found.copies)

    def _average(self, steps, batches):
        """The running mean of the parameters that takes their place, None without."""
        if self.averaging is None:
            return None
        if self.averaging == "swa":
            return Average(self._net, lambda t: 1.0 - 1.0 / t, batches)
        span = max(batches.count, steps // 50)
        return Average(self._net, lambda t: min(1.0 - 1.0 / span, t / (t + 9.0)))

    def _train(self, batches, rng, rate, epochs, task, average=None, own=None, validation=None):
        """Train the net for some epochs, or until no more is gained, and keep the results."""
        net = self._net
        history = History(self, net, average, own, validation)
        after_step = []
        if self.max_norm is not None:
            after_step.append(MaxNorm(net, self._radii(len(self._architecture.hidden_layer_sizes))))
        if average is not None and self.averaging == "ema":
            after_step.append(average)
        ctx = Context(int(rng.integers(1 << 63)), train=True, noisy=True, gradient=True)
        options = dict(sam_rho=self.sam_rho, after_step=after_step)
        try:
            # what overflows is seen in the loss, and told by one warning of our own
            with self._threads(batches.size), np.errstate(over="ignore", invalid="ignore"):
                for epoch in range(epochs):
                    part = task.part("epoch")
                    loss = train_epoch(net, self._objective(), batches, self._optimizer, rate, rng, ctx, **options)
                    if average is not None and self.averaging == "swa" and epoch + 1 >= 0.75 * epochs:
                        average(net)
                    stop = history.record(loss)
                    if part.end(reconstruction_attributes=lambda: self._fitted_state(history.current())) or stop:
                        break
        except Diverged:
            history.average = None  # it has taken up what is not finite
            kept = "best" if history.best is not None else "last good"
            warnings.warn(
                f"{type(self).__name__} diverged: the loss, or the parameters, were not finite in epoch"
                f" {history.epochs + 1}. The {kept} parameters until then are kept. Lower"
                f" learning_rate={self.learning_rate:g}, set clip_norm, or scale the features.",
                ConvergenceWarning,
                stacklevel=caller_level(),
            )
        except KeyboardInterrupt:
            kept = "best" if history.best is not None else "last"
            warnings.warn(
                f"{type(self).__name__} was interrupted in epoch {history.epochs + 1}; the {kept} parameters until"
                " then are kept.",
                UserWarning,
                stacklevel=caller_level(),
            )
        history.finish()
        self._warn_of_rise(history)
        self.n_iter_ = len(self.loss_curve_)
        if history.best_iter is not None:
            self.best_iter_, self.best_score_ = history.best_iter, history.best_score
        self._measure_noise(*(batches if validation is None else validation).rows_with_targets())
        self._measure_sparsity()

    def _measure_sparsity(self):
        """Count exact zeros, and say so where they leave nothing of X."""
        weights = [p.value for p in self._net.weights()]
        self.sparsity_ = float(sum((w == 0.0).sum() for w in weights) / sum(w.size for w in weights))
        empty = [k for k, w in enumerate(weights) if not w.any()]
        if empty and not self.residual:
            warnings.warn(
                f"all weights of layer {empty[0]} are zero: predictions do not depend on X. Lower l1={self.l1!r}.",
                UserWarning,
                stacklevel=caller_level(),
            )

    def _warn_of_rise(self, history):
        """Say so where the parameters that are kept come after an explosion of the loss that stayed finite."""
        losses = self.loss_curve_[len(self.loss_curve_) - history.epochs :]
        if history.best is None and losses and losses[-1] > losses[0] + max(1.0, abs(losses[0])):
            warnings.warn(
                f"{type(self).__name__} did not converge: the training loss rose from {losses[0]:.3g} in epoch 1"
                f" to {losses[-1]:.3g} in the last. Lower learning_rate={self.learning_rate:g}, or set clip_norm.",
                ConvergenceWarning,
                stacklevel=caller_level(),
            )

    def _fitted_state(self, net):
        """What makes a copy of the estimator predict with a net."""
        return {"_net": net, "n_iter_": len(self.loss_curve_)}

    @property
    def weights_(self):
        """Weights of every layer (n_in, n_out), as they multiply."""
        check_is_fitted(self)
        layers = [part for part in self._net.layer.parts() if isinstance(part, Dense)]
        return [layer.effective(Context())[0].copy() for layer in layers]

    @property
    def biases_(self):
        """Biases of every layer (n_out,)."""
        check_is_fitted(self)
        return [part.bias.value.copy() for part in self._net.layer.parts() if isinstance(part, (Units, Bias))]

    @property
    def dropout_rates_(self):
        """Dropout rate of every hidden layer; those that concrete dropout learned."""
        check_is_fitted(self)
        if self._architecture.dropout_kind != "concrete":
            return np.array(self._architecture.dropout)
        units = [part for part in self._net.layer.parts() if isinstance(part, Units)]
        return np.array([part.rate for part in units if isinstance(part.noise, Concrete)])

    def __sklearn_is_fitted__(self):
        return hasattr(self, "n_iter_") or hasattr(self, "loss_curve_")

    def _scores(self, X):
        """Outputs without noise, in the precision of X."""
        check_is_fitted(self)
        X = self._rows_of(X)
        return scores(self._net.astype(X.dtype), X)

    def _noisy_scores(self, X, n_draws):
        """Outputs under `n_draws` draws of the noise, one after another; the same ones at every call."""
        check_is_fitted(self)
        if not isinstance(n_draws, Integral) or isinstance(n_draws, bool) or n_draws < 1:
            raise ValueError(f"n_draws must be an int of at least 1; got {n_draws!r}.")
        X = self._rows_of(X)
        seeds = Context(self._seed)
        for _ in range(n_draws):
            yield scores(self._net, X, ctx=Context(seeds.seed(), noisy=True)).astype(X.dtype, copy=False)
