"""Base of all nets: what they read, and how a fit begins and goes on."""

import copy
import math

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_feature_names, validate_data

from .._nets.training.batches import Batches
from .._nets.training.optimizer import Optimizer
from .._nets.training.schedules import rate_at
from ..augmentation._rounding import JudgedTogether
from ..utils._callbacks import CallbackSupportMixin, Task
from ..utils._documentation import DocumentationLinkMixin
from ..utils._early_stopping import read_validation
from ..utils._hashing import HashedRows
from ..utils._images import range_of, warn_of_range
from ..utils._targets import warn_of_other_units
from ..utils._threads import one_blas_thread
from ..utils._validation import check_table, is_dask, naming_bad_columns
from ._augmented import RowAugmenter
from ._blocks import TrainingBlocks
from ._data import (
    FEWEST_ROWS,
    NetData,
    TrainingRows,
    UniqueRows,
    too_large,
    warn_of_scales,
    warn_of_shift,
)
from ._folds import FEW_ROWS, N_FOLDS, cross_validated
from ._monitor import ValidationSet
from ._outputs import NetOutputs
from ._params import NetParameters
from ._scaling import dtype_of_whole_numbers
from ._sequences import as_list
from ._training import NetTraining

_DTYPES = [np.float64, np.float32, np.float16, np.uint8, np.int8, np.uint16, np.int16]
_PLAIN_DTYPES = np.dtype(np.float32), np.dtype(np.float64)
_FEW_NUMBERS = 10_000  # in X, of which predictions take less time than all checks


def _settings(architecture):
    """Parameters that decide the layers, by name."""
    own = architecture._asdict()
    own.pop("dense", None)
    return own | architecture.dense._asdict()


class BaseNet(NetParameters, NetTraining, NetOutputs, CallbackSupportMixin, DocumentationLinkMixin, BaseEstimator):
    """Base of all nets.

    A family adds its parameters and three methods. ``_read_architecture()`` checks the parameters that decide the
    layers, and returns them as a NamedTuple with a method ``groups()``: the names of the groups of weights in the order
    of the layers, the last being the output layer's. ``_build_net(architecture, n_rows, rng, inputs)`` returns the
    `Net`, with the `Inputs` that ``_learn_inputs`` returns, None for most families.
    ``_flat(X, reset)`` returns X as rows, if the family takes arrays of other shapes. A family of sequences overrides
    ``_validated``, sets ``_n_channels`` there, and has rows that end with NaN where a sequence is shorter than others.
    """

    _n_channels = None  # of every step, where rows are sequences
    _has_tokens = False  # whether the one channel holds tokens, not quantities

    _has_fixed_inputs = True  # whether the shape of the weights depends on the number of features
    _start = None  # Start, while a pretrained net is fine-tuned
    _streams = False  # whether the last rows came by `partial_fit`
    _range = None  # of brightness, where the rows of fit look like images

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "_checked_rows"}

    @property
    def _takes_arrays(self):
        """Whether predictions take arrays of numbers as they are."""
        return type(self)._validated is BaseNet._validated

    def _rows_of(self, X):
        """X after scikit-learn's checks, which rows for a monitor have passed already."""
        if X is not None and X is getattr(self, "_checked_rows", None):
            return X
        if self._is_plain(X):
            rows = self._flat(X, reset=False)
            if rows.ndim == 2 and len(rows) and rows.shape[1] == self.n_features_in_ and np.isfinite(rows).all():
                return self._of_known_range(rows)
        return self._of_known_range(self._canonical(self._validated(X, reset=False)))

    def _of_known_range(self, X):
        """The same rows, with a warning where they are images of another range than those of `fit`."""
        warn_of_range(X, self._range, self._reads_images, type(self).__name__)
        return X

    @property
    def _reads_images(self):
        """Whether rows are known to be images, with a height."""
        return len(self._row_shape() or ()) == 3

    def _is_plain(self, X):
        """Whether X is an array of few numbers, for which scikit-learn's checks would take longer than the net."""
        if type(X) is not np.ndarray or X.dtype not in _PLAIN_DTYPES or X.size > _FEW_NUMBERS:
            return False
        return self._takes_arrays and not hasattr(self, "feature_names_in_")

    @property
    def _inputs_are_fixed(self):
        """Whether X must be as the source of fine-tuning knows it."""
        return self._start is not None and self._start.fixes_inputs

    def _rows_and_targets(self, X, y, reset, sample_weight=None, **options):
        fixed = self._inputs_are_fixed
        if reset and fixed and not hasattr(self, "feature_names_in_"):  # the source has no names that must agree
            _check_feature_names(self, X, reset=True)
        X, y = self._validated(X, reset and not fixed, y, **options)
        for name in ("input_noise", "adversarial_epsilon"):
            if sp.issparse(X) and (value := getattr(self, name)) > 0.0:
                raise ValueError(f"{name}={value} would make sparse X dense: set it to 0, or pass X.toarray().")
        return self._canonical(X), y

    def _validated(self, X, reset, y="no_validation", **options):
        """X as rows after scikit-learn's checks, and y if it is given."""
        X = as_list(X)
        check_table(X, any_shape=True)
        with naming_bad_columns(X, "Fill it in before, for example with the mean of its neighbors.", self._place):
            return validate_data(self, self._flat(X, reset), y, reset=reset, **self._reads(X), **options)

    def _flat(self, X, reset):
        """X as rows of numbers."""
        return X

    _scales_numbers = False  # by statistics of the columns, for which single precision may be too coarse

    def _reads(self, X):
        """How scikit-learn checks X: small integers and halves stay as they are, and are cast a batch at a time.

        Of other whole numbers, those that single precision holds are read in it, and truth values as bytes.
        """
        whole = dtype_of_whole_numbers(X, self._scales_numbers)
        dtypes = _DTYPES if whole is None else [whole, *_DTYPES]  # others become the first
        return dict(accept_sparse="csr" if self.__sklearn_tags__().input_tags.sparse else False, dtype=dtypes)

    def _data(self, *given):
        """`NetData` of X, y, codes and weights."""
        return NetData(*given, self._n_channels, self._has_tokens)

    def _learn_inputs(self, data, found):
        """What a new net sees of rows of X, from the training rows; None for the rows as they are."""
        return None

    def _canonical(self, X):
        """X with the entries of sparse rows ordered by column, since another order rounds sums differently."""
        if not sp.issparse(X):
            return X
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        return X

    def _read_validation(self, X_val, y_val, sample_weight_val):
        """Validation data and their rows of positive weight; None without validation data."""

        def read(*given):
            data = self._read(*given)
            if not HashedRows(data.X, single=True).finite:
                raise too_large(data.X, self._place)
            if not data.weights.any():
                raise ValueError("all rows have weight zero, by their class_weight.")
            rows = np.flatnonzero(data.weights > 0.0)
            return data, UniqueRows(rows, rows, data.weights[rows], data.sample_weight[rows])

        return read_validation(read, X_val, y_val, sample_weight_val)

    def _begin(self, architecture, data, found, seed):
        """Create a net for the data."""
        if self._start is not None:
            self._start.choose_head(self, data, found)
        self._set_units(data, found.rows, found.fit_weight)
        self._range = range_of(data.X, self._reads_images)
        rng = np.random.default_rng(seed)
        self._architecture = architecture
        self._width_out = self._count_outputs()
        inputs = self._learn_inputs(data, found)
        with one_blas_thread():  # initial weights may take many small decompositions
            self._net = self._build_net(architecture, found.n_rows, rng, inputs)
        if self._start is not None:
            self._start.load_into(self._net)
        self._split_seed = seed
        self._seed = int(rng.integers(1 << 63))
        self._mean_weight = self._unit(data, found)
        self.loss_curve_ = []
        self.strength_curve_ = []
        self.validation_curve_ = None
        self.gap_curve_ = None
        for name in ("_optimizer", "best_iter_", "best_score_", "fold_curves_", "noise_variance_", "_noise_factor"):
            vars(self).pop(name, None)

    def _go_on(self, wanted, data):
        """Continue from copies of the fitted net and its curves, so that an error leaves the originals alone.

        Raises ValueError where the architecture would have to change.
        """
        new, old = _settings(wanted), _settings(self._architecture)
        changed = [name for name in new if new[name] != old[name]]
        if "hidden_layer_sizes" in changed:  # parameters with one value for every layer change with it
            changed = ["hidden_layer_sizes"]
        now = [f"{name}={new[name]!r} (it was {old[name]!r})" for name in changed]
        if self._count_outputs() != self._width_out:
            now.append(f"heteroscedastic={self.heteroscedastic!r} (it was {not self.heteroscedastic})")
        if now:
            raise ValueError(f"a fitted net cannot continue with {', '.join(now)}.")
        curves = "loss_curve_", "strength_curve_", "validation_curve_", "gap_curve_"
        if range_of(data.X, self._reads_images) != self._range:
            self._range = None
        for name in ("_net", "_optimizer", *curves):
            if hasattr(self, name):
                setattr(self, name, copy.deepcopy(getattr(self, name)))

    def _set_optimizer(self):
        """Make an optimizer, or set the parameters of the last one, which keeps its moments."""
        if not hasattr(self, "_optimizer") or self._optimizer.kind != self.optimizer:
            self._optimizer = Optimizer(self._net, self.optimizer)
        strengths = self._strengths(self._architecture.groups())
        options = {} if self._start is None else self._start.options(self._net, strengths)
        self._optimizer.configure(
            self._net, self.momentum, **dict(strengths=strengths, clip_norm=self.clip_norm) | options
        )

    def _fit(self, X, y, sample_weight, X_val, y_val, sample_weight_val):
        architecture = self._check_parameters()
        if X_val is None:
            self._check_cross_validation()
        again = self.warm_start and hasattr(self, "_net")
        in_blocks = is_dask(X) and self._start is None
        rows = (TrainingBlocks if in_blocks else TrainingRows)(self, X, y, sample_weight, reset=not again)
        outside = self._read_validation(X_val, y_val, sample_weight_val)
        if outside is not None:
            warn_of_shift(rows.data, outside[0], self._feature)
            if rows.data.codes is None:
                weighted = np.flatnonzero(rows.data.weights)
                warn_of_other_units(rows.data.y, outside[0].y, weighted, outside[1].rows)
        seed = self._split_seed if again else self._draw_seed()
        n_rows = math.inf if in_blocks else rows.found.rows.size  # before some are held out
        folds, chosen, adapts = None, None, False
        if outside is None and self.early_stopping:
            folds = rows.folds(N_FOLDS, seed) if self._cross_validates(rows, again) else None
            if folds is None and not rows.hold_out(seed):
                self._warn_of_no_validation(rows)
            else:
                adapts = folds is not None or self._adapts(again)
                self._warn_of_seen_rows(again)
        self._warn_of_unused_stopping(cross_validates=folds is not None, has_rows=outside is not None)
        architecture = self._settled(architecture, again, rows.data, n_rows, adapts)
        with JudgedTogether():
            if folds is not None:
                chosen = cross_validated(self, architecture, folds, seed)
            given = None if in_blocks else dict(X=X, y=y)
            self._train_rows(architecture, rows, outside, seed, again=again, chosen=chosen, given=given)
        return self

    def _cross_validates(self, rows, again):
        """Whether the best epoch is that of a cross-validation, instead of that on rows that are held out."""
        if self.early_stopping != "auto":
            return self.early_stopping == "cv"
        if self.warm_start:  # the next fit holds out rows that this one must not have seen
            return False
        return isinstance(rows, TrainingRows) and rows.found.rows.size < FEW_ROWS and self._adapts(again)

    def _adapts(self, again):
        """Whether "auto" chooses by the number of rows: not where a net goes on, or a strength needs held-out rows."""
        goes_on = again or self._start is not None
        return self.early_stopping == "auto" and not goes_on and self.strength_schedule != "gap"

    def _settled(self, architecture, again, data=None, n_rows=math.inf, adapts=False):
        """The architecture with numbers for "auto".

        Parameters
        ----------
        architecture : NamedTuple
        again : bool
            Whether the last net goes on.
        data : NetData, default=None
        n_rows : int or inf, default=inf
            Unique training rows, infinity where they come in parts.
        adapts : bool, default=False
            Whether few rows may change the architecture; see `_adapts`.
        """
        return architecture

    def _train_rows(self, architecture, rows, outside, seed, again=False, chosen=None, given=None):
        """Train a new net, or the last one again, for `max_iter` epochs, or until early stopping.

        Parameters
        ----------
        architecture : NamedTuple
        rows : TrainingRows or TrainingBlocks
            Those that are held out are validation rows.
        outside : tuple of (NetData, UniqueRows) or None
            Validation rows from outside.
        seed : int
        again : bool, default=False
            Whether the last net goes on.
        chosen : CrossValidated, default=None
            Where the epoch to keep is known already.
        given : dict, default=None
            ``X`` and ``y`` as they were given to `fit`, for callbacks.
        """
        self.batch_size_, n_steps = rows.steps()
        self._streams = False
        if again:
            self._go_on(architecture, rows.data)
        else:
            self._begin(architecture, rows.data, rows.found, seed)
        self._set_optimizer()
        validation = self._validation_set(*outside) if outside else rows.validation() if rows.held else None
        if self.strength_schedule == "gap" and validation is None:
            raise ValueError(
                "strength_schedule='gap' needs validation rows: set early_stopping=True, with at least"
                f" {FEWEST_ROWS} unique rows, or give X_val and y_val to fit."
            )
        rng = np.random.default_rng([seed, 2, self._optimizer.steps])
        batches = rows.batches(self.batch_size_, n_steps)
        train_subset = None if validation is None else rows.subset(validation, rng)
        begun, steps = self._optimizer.steps, self.max_iter * batches.n_steps

        def rate(step):
            return self.learning_rate * rate_at(step - begun, steps, self.schedule, self.warmup * steps)

        task = Task(self, None) if self._is_fold else Task.root(self, subtasks=self.max_iter, data=given)
        average = self._average(steps, batches)
        try:
            self._train(batches, rng, rate, self.max_iter, task, average, train_subset, validation, chosen)
        finally:
            if not self.warm_start:  # its state is twice as large as the net
                del self._optimizer
        task.end(reconstruction_attributes=lambda: self._fitted_state(copy.deepcopy(self._net)))

    def _partial_fit(self, architecture, data):
        """One epoch on some rows at a constant learning rate, without schedule, average and early stopping."""
        found = UniqueRows.of(data, self._place)
        warn_of_scales(data, self._feature)
        again = hasattr(self, "_net")
        architecture = self._settled(architecture, again)
        self.batch_size_, n_steps = self._steps(found)
        self._streams = True
        if again:
            self._go_on(architecture, data)
        else:
            self._begin(architecture, data, found, self._draw_seed())
        self._set_optimizer()
        rng = np.random.default_rng([self._split_seed, 2, len(self.loss_curve_), self._optimizer.steps])
        with JudgedTogether():
            batches = self._batches(data, found, self.batch_size_, n_steps, self._mean_weight, self.augmenter)
            self._train(batches, rng, lambda step: self.learning_rate, 1, Task(self, None))
        return self

    def _unit(self, data, found):
        """What weights of rows are relative to: with it, the loss is a mean over all targets."""
        return found.fit_weight.mean()

    def _draw_seed(self):
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _batches(self, data, found, size, n_steps, unit, augmenter):
        """Batches of the unique rows, new ones by an augmenter if it is not None; weights are relative to a unit."""
        weights = found.spread(found.fit_weight / unit, len(data.weights))
        targets = self._targets(data)
        augment = None
        if augmenter is not None:
            if self.mixup > 0.0 and sp.issparse(data.X):
                raise ValueError(
                    f"mixup={self.mixup} of sparse X cannot be combined with an augmenter: use one of both."
                )
            given = augmenter, data, targets, weights, found.rows, self._row_shape()
            augment = RowAugmenter(*given, self._net.inputs, self._mixed_rows())
        options = dict(n_steps=n_steps, augment=augment, lengths=self._unequal_lengths(data.X), inputs=self._net.inputs)
        return Batches(data.X, targets, weights, found.rows, size, self.mixup, **options)

    def _unequal_lengths(self, X):
        """Lengths of sequences, where they differ; else None."""
        return None

    def _validation_set(self, data, found):
        """Unique rows as a `ValidationSet`."""
        weights = found.spread(found.fit_weight / found.fit_weight.max(), len(data.weights))
        return ValidationSet(data, self._plain_targets(data), weights, found.rows, found.sample_weight)
