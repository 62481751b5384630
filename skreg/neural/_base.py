"""Base of the neural estimators: parameters, data, training, and predictions with and without noise."""

import copy
import math
import warnings
from contextlib import nullcontext
from inspect import signature
from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from .._nets.activations import ACTIVATIONS, BiasActivationDropout
from .._nets.averaging import Average
from .._nets.base import Context
from .._nets.batches import Batches
from .._nets.dense import Bias, Dense
from .._nets.evaluation import scores
from .._nets.mlp import Architecture, perceptron
from .._nets.noise import KINDS, Concrete
from .._nets.optim import Optimizer
from .._nets.schedules import SCHEDULES, rate_at
from .._nets.training import Diverged, MaxNorm, train_epoch
from ..utils._callbacks import CallbackSupportMixin, Task
from ..utils._documentation import DocumentationLinkMixin
from ..utils._early_stopping import read_validation
from ..utils._hashing import HashedRows
from ..utils._params import (
    ANY_STRING,
    ARRAY_LIKE,
    BELOW_ONE,
    BOOLEAN,
    CALLABLE,
    COUNT,
    FRACTION,
    NONE,
    NONNEGATIVE,
    POSITIVE,
    RANDOM_STATE,
    Options,
    check_params,
)
from ..utils._scoring import read_monitor
from ..utils._threads import one_blas_thread
from ..utils._validation import caller_level, check_table, interrupted_fit
from ._data import FEWEST_ROWS, UniqueRows, warn_of_shift
from ._monitor import TrainingHistory, ValidationSet
from ._uncertainty import MAX_FEATURES, FeatureDistance, features_of, thinned

_READ = dict(accept_sparse="csr", dtype=[np.float64, np.float32])
_THREADED_PRODUCT = 1 << 23  # multiplications of the smallest product that several threads of BLAS make faster
_AUTO_BATCH = 16, 256  # smallest and largest batch of batch_size="auto"
_AUTO_STEPS = 16  # steps of an epoch between these
_MOST_STEPS = 100  # steps of an epoch, at most, for rows that repeat or have weights above 1; unique rows may need more
_STOPPING = ("validation_fraction", "patience", "min_delta", "monitor")  # parameters that need validation rows


class BaseDropoutMLP(CallbackSupportMixin, DocumentationLinkMixin, BaseEstimator):
    """Base of the multilayer perceptrons."""

    _parameter_constraints = {
        "hidden_layer_sizes": [COUNT, ARRAY_LIKE],
        "activation": [Options(*ACTIVATIONS)],
        "residual": [BOOLEAN],
        "normalization": [Options("batch", "layer"), NONE],
        "weight_normalization": [Options("weight", "spectral"), NONE],
        "dropout": [BELOW_ONE, ARRAY_LIKE],
        "input_dropout": [BELOW_ONE],
        "dropout_kind": [Options(*KINDS)],
        "stochastic_depth": [BELOW_ONE],
        "weight_decay": [NONNEGATIVE, ARRAY_LIKE],
        "l2": [NONNEGATIVE, ARRAY_LIKE],
        "l1": [NONNEGATIVE, ARRAY_LIKE],
        "max_norm": [POSITIVE, ARRAY_LIKE, NONE],
        "clip_norm": [POSITIVE, NONE],
        "mixup": [NONNEGATIVE],
        "input_noise": [NONNEGATIVE],
        "feature_mask": [BELOW_ONE],
        "sam_rho": [NONNEGATIVE],
        "averaging": [Options("ema", "swa"), NONE],
        "optimizer": [Options("adamw", "adam", "sgd")],
        "learning_rate": [POSITIVE],
        "momentum": [BELOW_ONE],
        "schedule": [Options(*SCHEDULES)],
        "warmup": [BELOW_ONE],
        "batch_size": [COUNT, Options("auto")],
        "max_iter": [COUNT],
        "early_stopping": [BOOLEAN],
        "validation_fraction": [FRACTION],
        "patience": [COUNT, NONE],
        "min_delta": [NONNEGATIVE],
        "monitor": [ANY_STRING, CALLABLE],
        "random_state": [RANDOM_STATE],
        "warm_start": [BOOLEAN],
        "verbose": [BOOLEAN],
    }
    _distance = None  # FeatureDistance, set by fit

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __getstate__(self):
        """Without the state of the optimizer, twice as large as the net, unless the estimator may continue from it."""
        keeps = self.warm_start or getattr(self, "_streams", False)
        left_out = ("_checked_rows",) if keeps else ("_checked_rows", "_optimizer")
        return {name: value for name, value in super().__getstate__().items() if name not in left_out}

    def _per_layer(self, name, n, high=np.inf):
        """A parameter as n floats, one for every layer."""
        value = getattr(self, name)
        try:
            array = np.asarray(value, dtype=float)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name} must hold numbers, one for every layer; got {value!r}.") from error
        if array.shape not in ((), (n,)):
            raise ValueError(f"{name} must be a number, or hold {n}, one for every layer; got {value!r}.")
        if not ((array >= 0.0) & (array < high)).all():
            raise ValueError(f"{name} must lie in [0, {high:g}) in every layer; got {value!r}.")
        return np.broadcast_to(array, (n,))

    def _check_parameters(self):
        """Check everything that can be checked without data; returns the architecture."""
        check_params(self)
        sizes = np.atleast_1d(np.asarray(self.hidden_layer_sizes, dtype=object))
        if sizes.ndim != 1 or not all(size in COUNT for size in sizes):
            raise ValueError(f"hidden_layer_sizes must hold ints of at least 1; got {self.hidden_layer_sizes!r}.")
        hidden = tuple(int(size) for size in sizes)
        if self.residual and not any(a == b for a, b in zip(hidden[1:], hidden, strict=False)):
            raise ValueError(
                "residual=True needs two successive hidden layers of one width; got"
                f" hidden_layer_sizes={self.hidden_layer_sizes!r}."
            )
        if self.stochastic_depth > 0.0 and not self.residual:
            raise ValueError(
                f"stochastic_depth={self.stochastic_depth} drops residual branches: it needs residual=True."
            )
        if self.averaging == "swa" and self.early_stopping and self.patience is not None:
            raise ValueError(
                "averaging='swa' starts in the last quarter of max_iter, but training may stop earlier with"
                f" patience={self.patience}: set patience=None."
            )
        if self.max_norm is not None and self.weight_normalization is not None:
            raise ValueError(
                f"max_norm={self.max_norm!r} cannot be combined with"
                f" weight_normalization={self.weight_normalization!r}, which sets the length of the weights itself."
            )
        if self.weight_normalization is not None and np.ndim(self.l1) and np.any(np.asarray(self.l1)[:-1] != 0.0):
            raise ValueError(
                f"l1={self.l1!r} cannot be combined with weight_normalization={self.weight_normalization!r}: weights"
                " that are all zero have no direction. Set l1 to 0 for the hidden layers, or give one number, which"
                " then applies to the output layer only."
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
        """Strengths of decay, L2 and L1 for the weights of every layer, the output layer included."""
        decay, l2, l1 = (self._per_layer(name, n_hidden + 1) for name in ("weight_decay", "l2", "l1"))
        if self.weight_normalization is not None:
            l1 = np.append(np.zeros(n_hidden), l1[-1])
        return decay, l2, l1

    def _radii(self, n_hidden):
        """The radius of max-norm for every hidden layer, None for no constraint."""
        value = self.max_norm
        radii = list(value) if np.ndim(value) else [value] * n_hidden
        if len(radii) != n_hidden or not all(r is None or (isinstance(r, Real) and r > 0.0) for r in radii):
            raise ValueError(
                f"max_norm must be positive, or hold {n_hidden} positive numbers or None, one for every layer; got"
                f" {value!r}."
            )
        return radii

    def _rows_of(self, X):
        """X after scikit-learn's checks, which rows for a monitor have passed already."""
        if X is getattr(self, "_checked_rows", None):
            return X
        check_table(X)
        return self._canonical(validate_data(self, X, reset=False, **_READ))

    def _rows_and_targets(self, X, y, reset, **options):
        check_table(X)
        X, y = validate_data(self, X, y, reset=reset, **_READ, **options)
        return self._canonical(X), y

    def _canonical(self, X):
        """X with the entries of sparse rows ordered by column, since another order rounds sums differently."""
        if not sp.issparse(X):
            return X
        if self.input_noise > 0.0:
            raise ValueError(f"input_noise={self.input_noise} would make sparse X dense: use feature_mask instead.")
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        return X

    def _read_validation(self, X_val, y_val, sample_weight_val):
        """Validation data and their rows of positive weight; None without validation data."""

        def read(*given):
            data = self._read(*given)
            if not HashedRows(data.X, single=True).finite:
                raise ValueError("Input X contains values too large for float32: rescale it.")
            if not data.weights.any():
                raise ValueError("all rows have weight zero, by their class_weight.")
            rows = np.flatnonzero(data.weights > 0.0)
            return data, UniqueRows(rows, rows, data.weights[rows], data.sample_weight[rows])

        return read_validation(read, X_val, y_val, sample_weight_val)

    def _largest_batch(self, n):
        """The largest batch of n rows, by `batch_size`."""
        smallest, largest = _AUTO_BATCH
        return min(max(n // _AUTO_STEPS, smallest), largest) if self.batch_size == "auto" else self.batch_size

    def _steps(self, found):
        """The largest batch of the unique rows, and the steps of an epoch.

        Both are those of the rows before merging, with weights as their number, so that few unique rows are trained as
        long as many equal ones would be. Weights may have any scale, however: an epoch never has fewer steps than a
        pass over the unique rows takes, and has more than `_MOST_STEPS` for no other reason.

        Raises ValueError where batch normalization cannot use the batches.
        """
        n, largest = found.rows.size, self._largest_batch(int(found.n_rows))
        size = min(largest, n)
        one_pass = -(-n // size)
        if self.normalization == "batch" and n // one_pass < 2:
            raise ValueError(
                f"batch_size={self.batch_size} leaves batches of one of n_samples={n} unique rows, which have no"
                " variance to normalize by: normalization='batch' needs at least two."
            )
        return size, max(one_pass, min(math.ceil(found.n_rows / largest), _MOST_STEPS))

    def _begin(self, architecture, data, found, seed):
        """Create a net for the data."""
        self._set_units(data, found.rows, found.fit_weight)
        rng = np.random.default_rng(seed)
        self._architecture = architecture
        self._width_out = self._count_outputs()
        self._net = perceptron(architecture, self.n_features_in_, self._width_out, found.n_rows, rng)
        self._split_seed = seed
        self._seed = int(rng.integers(1 << 63))
        self._mean_weight = found.fit_weight.mean()
        self.loss_curve_ = []
        self.validation_curve_ = None
        self.gap_curve_ = None
        for name in ("_optimizer", "best_iter_", "best_score_", "noise_variance_"):
            vars(self).pop(name, None)

    def _go_on(self, wanted):
        """Continue from copies of the fitted net and its curves, so that an error leaves the originals alone.

        Raises ValueError where the architecture would have to change.
        """
        old = self._architecture
        changed = [name for name in wanted._fields if getattr(wanted, name) != getattr(old, name)]
        if "hidden_layer_sizes" in changed:  # parameters with one value for every layer change with it
            changed = ["hidden_layer_sizes"]
        now = [f"{name}={getattr(wanted, name)!r} (it was {getattr(old, name)!r})" for name in changed]
        if self._count_outputs() != self._width_out:
            now.append(f"heteroscedastic={self.heteroscedastic!r} (it was {not self.heteroscedastic})")
        if now:
            raise ValueError(f"a fitted net cannot continue with {', '.join(now)}.")
        for name in ("_net", "_optimizer", "loss_curve_", "validation_curve_", "gap_curve_"):
            if hasattr(self, name):
                setattr(self, name, copy.deepcopy(getattr(self, name)))

    def _set_optimizer(self):
        """Make an optimizer, or set the parameters of the last one, which keeps its moments."""
        if not hasattr(self, "_optimizer") or self._optimizer.kind != self.optimizer:
            self._optimizer = Optimizer(self._net, self.optimizer)
        strengths = self._strengths(len(self._architecture.hidden_layer_sizes))
        self._optimizer.configure(self._net, self.momentum, *strengths, self.clip_norm)

    def _threads(self, size):
        """Limit BLAS to one thread where products are too small for several."""
        largest = size * max(p.value.size for p in self._net.weights())
        return one_blas_thread() if largest < _THREADED_PRODUCT else nullcontext()

    def _fit(self, X, y, sample_weight, X_val, y_val, sample_weight_val):
        architecture = self._check_parameters()
        again = self.warm_start and hasattr(self, "_net")
        data = self._read(X, y, sample_weight, reset=not again, training=True)
        outside = self._read_validation(X_val, y_val, sample_weight_val)
        found = UniqueRows.of(data)
        if outside is not None:
            warn_of_shift(data.X, outside[0].X)
        seed = self._split_seed if again else self._draw_seed()
        held = None
        if outside is None and self.early_stopping:
            found, held = found.split(self.validation_fraction, data.codes, np.random.default_rng([seed, 1]))
            if held is None:
                self._warn_of_no_validation(np.count_nonzero(data.weights))
        size, n_steps = self._steps(found)
        if again:
            self._go_on(architecture)
        else:
            self._begin(architecture, data, found, seed)
        self._streams = False
        self._set_optimizer()
        validation = self._validation_set(*outside) if outside else self._validation_set(data, held) if held else None
        rng = np.random.default_rng([seed, 2, self._optimizer.steps])
        batches = self._batches(data, found, size, n_steps, found.fit_weight.mean())
        train_subset = None
        if validation is not None:
            some = rng.permutation(found.rows.size)[: validation.rows.size]
            train_subset = self._validation_set(data, found.take(some))
        begun, steps = self._optimizer.steps, self.max_iter * batches.n_steps

        def rate(step):
            return self.learning_rate * rate_at(step - begun, steps, self.schedule, self.warmup * steps)

        task = Task.root(self, subtasks=self.max_iter)
        average = self._average(steps, batches)
        self._train(batches, rng, rate, self.max_iter, task, average, train_subset, validation)
        task.end(reconstruction_attributes=lambda: self._fitted_state(copy.deepcopy(self._net)))
        return self

    def _warn_of_no_validation(self, n_rows):
        """Warn that no rows are held out, if the number of rows or a parameter let the user expect it."""
        defaults = signature(type(self)).parameters
        changed = [name for name in _STOPPING if getattr(self, name) != defaults[name].default]
        if changed or n_rows >= FEWEST_ROWS:
            settings = "".join(f" {name}={getattr(self, name)!r} has no effect." for name in changed)
            warnings.warn(
                f"{type(self).__name__} trains for all max_iter={self.max_iter} epochs without early stopping:"
                f" validation rows are held out of at least {FEWEST_ROWS} unique rows of X, and this X has"
                f" fewer.{settings} Give X_val and y_val to fit, or set early_stopping=False.",
                UserWarning,
                stacklevel=caller_level(),
            )

    def _partial_fit(self, architecture, data):
        """One epoch on some rows at a constant learning rate, without schedule, average and early stopping."""
        found = UniqueRows.of(data)
        size, n_steps = self._steps(found)
        if hasattr(self, "_net"):
            self._go_on(architecture)
        else:
            self._begin(architecture, data, found, self._draw_seed())
        self._streams = True
        self._set_optimizer()
        rng = np.random.default_rng([self._split_seed, 2, len(self.loss_curve_), self._optimizer.steps])
        batches = self._batches(data, found, size, n_steps, self._mean_weight)
        self._train(batches, rng, lambda step: self.learning_rate, 1, Task(self, None))
        return self

    def _draw_seed(self):
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _batches(self, data, found, size, n_steps, unit):
        """Batches of the unique rows; weights are relative to a unit."""
        weights = found.spread(found.fit_weight / unit, len(data.weights))
        return Batches(data.X, self._targets(data), weights, found.rows, size, self.mixup, n_steps=n_steps)

    def _validation_set(self, data, found):
        """Unique rows as a `ValidationSet`."""
        weights = found.spread(found.fit_weight / found.fit_weight.max(), len(data.weights))
        return ValidationSet(data, self._plain_targets(data), weights, found.rows, found.sample_weight)

    def _average(self, steps, batches):
        """The running mean of the parameters to predict with; None without averaging."""
        if self.averaging is None:
            return None
        if self.averaging == "swa":
            return Average(self._net, lambda t: 1.0 - 1.0 / t, batches)
        span = max(batches.n_steps, steps // 50)
        return Average(self._net, lambda t: min(1.0 - 1.0 / span, t / (t + 9.0)))

    def _train(self, batches, rng, rate, epochs, task, average=None, train_subset=None, validation=None):
        """Train the net for some epochs, or until early stopping, and set the fitted attributes."""
        net = self._net
        net.forget_copies()
        history = TrainingHistory(self, net, average, train_subset, validation)
        interrupt = None
        try:
            # overflow makes the loss infinite or NaN, and the warning below reports that
            with self._threads(batches.size), np.errstate(over="ignore", invalid="ignore"):
                self._run_epochs(history, batches, rng, rate, epochs, task)
        except Diverged:
            history.average = None  # it contains numbers that are not finite
            kept = "best" if history.best is not None else "last good"
            warnings.warn(
                f"{type(self).__name__} diverged: the loss, or the parameters, were not finite in epoch"
                f" {history.epochs + 1}. The {kept} parameters before that are kept. Lower"
                f" learning_rate={self.learning_rate:g}, set clip_norm, or scale the features.",
                ConvergenceWarning,
                stacklevel=caller_level(),
            )
        except KeyboardInterrupt as error:
            if history.epochs == 0:
                raise  # no epoch is complete: the estimator stays as it was
            interrupt = error
        history.finish()
        net.keep_copies()
        self._warn_of_rise(history)
        self.n_iter_ = len(self.loss_curve_)
        if history.best_iter is not None:
            self.best_iter_ = history.best_iter
            self.best_score_ = history.best_score
        known = batches if validation is None else validation
        self._measure_noise(*known.rows_with_targets(), has_validation=validation is not None)
        self._measure_distance(batches, validation)
        self._measure_sparsity()
        if interrupt is not None:
            kept = "best" if history.best is not None else "last"
            raise interrupted_fit(
                self,
                f"{type(self).__name__} was interrupted in epoch {history.epochs + 1}; it keeps the {kept} parameters"
                " before that.",
            ) from interrupt

    def _run_epochs(self, history, batches, rng, rate, epochs, task):
        """The epochs of one training, recorded in the history."""
        net, average = self._net, history.average
        after_step = []
        if self.max_norm is not None:
            after_step.append(MaxNorm(net, self._radii(len(self._architecture.hidden_layer_sizes))))
        if average is not None and self.averaging == "ema":
            after_step.append(average)
        ctx = Context(int(rng.integers(1 << 63)), train=True, noisy=True, gradient=True)
        options = dict(sam_rho=self.sam_rho, after_step=after_step)
        for epoch in range(epochs):
            part = task.part("epoch")
            loss = train_epoch(net, self._objective(), batches, self._optimizer, rate, rng, ctx, **options)
            if average is not None and self.averaging == "swa" and epoch + 1 >= 0.75 * epochs:
                average(net)
            stop = history.record(loss)
            if part.end(reconstruction_attributes=lambda: self._fitted_state(history.current())) or stop:
                break

    def _measure_sparsity(self):
        """Count exact zeros; warn where all weights of a layer are zero."""
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
        """Warn where the training loss rose sharply but stayed finite, and the last parameters are kept."""
        losses = self.loss_curve_[len(self.loss_curve_) - history.epochs :]
        if history.best is None and losses and losses[-1] > losses[0] + max(1.0, abs(losses[0])):
            warnings.warn(
                f"{type(self).__name__} did not converge: the training loss rose from {losses[0]:.3g} in epoch 1"
                f" to {losses[-1]:.3g} in the last. Lower learning_rate={self.learning_rate:g}, or set clip_norm.",
                ConvergenceWarning,
                stacklevel=caller_level(),
            )

    def _fitted_state(self, net):
        """Attributes with which a copy of the estimator predicts with a given net."""
        return {"_net": net, "n_iter_": len(self.loss_curve_)}

    @property
    def weights_(self):
        """Weights of every layer (n_in, n_out), after weight normalization."""
        check_is_fitted(self)
        layers = [part for part in self._net.layer.parts() if isinstance(part, Dense)]
        return [layer.effective(Context())[0].copy() for layer in layers]

    @property
    def biases_(self):
        """Biases of every layer (n_out,)."""
        check_is_fitted(self)
        return [
            part.bias.value.copy()
            for part in self._net.layer.parts()
            if isinstance(part, (BiasActivationDropout, Bias))
        ]

    @property
    def dropout_rates_(self):
        """Dropout rate of every hidden layer; with concrete dropout, the learned rate."""
        check_is_fitted(self)
        if self._architecture.dropout_kind != "concrete":
            return np.array(self._architecture.dropout)
        units = [part for part in self._net.layer.parts() if isinstance(part, BiasActivationDropout)]
        return np.array([part.rate for part in units if isinstance(part.noise, Concrete)])

    def __sklearn_is_fitted__(self):
        return hasattr(self, "n_iter_") or hasattr(self, "loss_curve_")

    def _scores(self, X):
        """Outputs without noise, in the precision of X."""
        check_is_fitted(self)
        X = self._rows_of(X)
        return scores(self._net.astype(X.dtype), X)

    def _check_n_draws(self, n_draws):
        if not isinstance(n_draws, Integral) or isinstance(n_draws, bool) or n_draws < 1:
            raise ValueError(f"n_draws must be an int of at least 1; got {n_draws!r}.")

    def _rows_to_predict(self, X, n_draws):
        """X, checked, for `_noisy_scores`."""
        check_is_fitted(self)
        self._check_n_draws(n_draws)
        return self._rows_of(X)

    def _noisy_scores(self, X, n_draws):
        """Outputs for X, which was checked, under `n_draws` draws of the noise, one by one; the same at every call."""
        a = self._architecture
        if not (any(a.dropout) or a.input_dropout or a.stochastic_depth or a.dropout_kind == "concrete"):
            z = scores(self._net, X).astype(X.dtype, copy=False)  # all draws are equal
            yield from (z for _ in range(n_draws))
            return
        seeds = Context(self._seed)
        for _ in range(n_draws):
            yield scores(self._net, X, ctx=Context(seeds.seed(), noisy=True)).astype(X.dtype, copy=False)

    def _measure_distance(self, batches, validation):
        """Learn where the training rows are in the last hidden layer, for the `distance` of `predict_uncertainty`."""
        self._distance = None
        sizes = self._architecture.hidden_layer_sizes
        if self._streams or (sizes[-1] if sizes else self.n_features_in_) > MAX_FEATURES:
            return  # a chunk of `partial_fit` does not say where all rows are
        X, targets, _, rows = batches.rows_with_targets()
        if rows.size < 2:
            return  # one row has no covariance
        rows = thinned(rows)
        codes = None if targets.codes is None else targets.codes[rows]
        self._distance = FeatureDistance(features_of(self._net, sizes, X, rows), codes)
        if validation is not None:
            X, _, _, rows = validation.rows_with_targets()
        self._distance.set_unit(features_of(self._net, sizes, X, thinned(rows)))

    def _distances(self, X):
        """Distance of rows, which were checked, from the training rows; NaN where it was not learned."""
        if self._distance is None:
            return np.full(X.shape[0], np.nan)
        return self._distance(features_of(self._net, self._architecture.hidden_layer_sizes, X))
