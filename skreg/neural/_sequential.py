"""What all nets for sequences have: how they read X, and lengths that differ."""

import warnings

import numpy as np
from sklearn.utils import check_X_y
from sklearn.utils.validation import _check_feature_names, validate_data

from .._nets.training.rows import lengths_of
from ..augmentation._text import WordDropout
from ..utils._errors import caller_level
from ..utils._validation import check_table, labelled
from ._base import BaseNet
from ._sequences import (
    SWAP,
    as_list,
    check_container,
    check_tokens,
    entries_by_names,
    flat_rows,
    longest_padding,
    steps_in,
    tokens_in,
    without_missing,
)


class SequenceNet(BaseNet):
    """Base of the nets that read sequences: of numbers, or of tokens."""

    _has_fixed_inputs = False
    _n_steps = None  # of the longest sequence that the net was fitted to
    _n_columns = None  # of the flat rows that the net was fitted to; None for sequences

    _for_tokens = "embedding_size"  # the parameter to set where X holds tokens
    _least_padding = 1  # so many -1 at the end of a row of integers look like tokens

    @property
    def _wants_tokens(self):
        """Whether the parameters say that X holds tokens."""
        return self.embedding_size is not None

    @property
    def _missing_only_at_end(self):
        """Whether steps may be missing at the end of a sequence only."""
        return False

    def _validated(self, X, reset, y="no_validation", **options):
        X, advice = as_list(X), f"encode it, texts by skreg.neural.Tokens with {self._for_tokens}"
        check_container(X)
        check_table(X, text=self._wants_tokens, advice=advice, any_shape=True)
        if reset:
            self._has_tokens = self._wants_tokens
        has_targets = not isinstance(y, str)
        steps = None if self._has_tokens else steps_in(X)
        if self._has_tokens:
            rows, n_channels, lengths = tokens_in(X, self._for_tokens), 1, None
        elif steps is None and (reset or self._n_columns is not None):
            reads = dict(self._reads(X), ensure_all_finite=False)
            read = validate_data(self, X, y, reset=reset, **reads, **options)
            rows, y = read if has_targets else (read, y)
            n_channels, lengths = 1, np.full(len(rows), rows.shape[1])
            self._n_columns = rows.shape[1]
        else:
            array = np.asarray(X) if steps is None else steps
            rows, n_channels, lengths = flat_rows(array, self._reads(array)["dtype"])
        if self._has_tokens or steps is not None:
            self._check_names(X, reset)
        elif reset:
            self._warn_of_tokens(X)
        if has_targets and (self._has_tokens or steps is not None):
            y = check_X_y(np.zeros((len(rows), 1)), y, estimator=self, **options)[1]
        if reset:
            self._set_channels(rows, n_channels, is_flat=steps is None and not self._has_tokens)
        elif n_channels != self._n_channels:
            is_one = steps is None and not self._has_tokens and np.shape(X)[1] == self._n_channels
            hint = " For one sequence, pass X[None]." if is_one else ""
            if (n_channels, rows.shape[1] // n_channels) == (self._n_steps, self._n_channels):
                hint = f" Its axes seem to be swapped, as sequences had {self._n_steps} steps in fit: {SWAP}."
            raise ValueError(
                f"X has sequences of {n_channels} channels, but {type(self).__name__} was fitted to sequences of"
                f" {self._n_channels}: its shape must be (n, steps, {self._n_channels}).{hint}"
            )
        if self._has_tokens:
            check_tokens(rows, self._n_tokens, self.vocabulary_size)
        else:
            rows = without_missing(rows, n_channels, lengths, self.missing == "mask", self._missing_only_at_end)
        return (rows, y) if has_targets else rows

    def _check_names(self, X, reset):
        """Set the names of the channels, or compare them, for all frames in a list of sequences."""
        if not reset and self._n_columns is not None:
            return  # fitted to flat rows, whose names are those of steps
        first, *others = entries_by_names(X)
        source = None if self._start is None else self._start.source
        if reset and hasattr(source, "feature_names_in_") and source._n_columns is None:
            self.feature_names_in_, reset = source.feature_names_in_, False
        _check_feature_names(self, first, reset=reset)
        for entry in others:
            _check_feature_names(self, entry, reset=False)

    def _warn_of_tokens(self, X):
        """Warn where rows of integers look like tokens, but are read as measurements."""
        if longest_padding(X) >= self._least_padding:
            warnings.warn(
                f"X holds integers whose rows end with -1, as skreg.neural.Tokens makes them, and"
                f" {type(self).__name__} reads them as measurements: set {self._for_tokens} if they are tokens.",
                UserWarning,
                stacklevel=caller_level(),
            )

    def _set_channels(self, rows, n_channels, is_flat):
        """Let the training data decide what predictions take."""
        self._n_channels = n_channels
        self._n_steps = rows.shape[1] // n_channels
        if not is_flat:
            self._n_columns = None
            self.n_features_in_ = n_channels
        self._n_tokens = None
        if self._has_tokens:
            self._n_tokens = self.vocabulary_size or int(np.nanmax(rows)) + 1

    def _lengths(self, X):
        return lengths_of(X, self._n_channels)

    def _unequal_lengths(self, X):
        lengths = self._lengths(X)
        return None if (lengths == lengths[0]).all() else lengths

    def _batches(self, data, *args):
        if self.augmenter is not None and self._unequal_lengths(data.X) is not None:
            raise ValueError(f"augmenter={self.augmenter!r} needs sequences of one length; those of X differ.")
        return super()._batches(data, *args)

    def _row_shape(self):
        return None if self._n_channels == 1 else (-1, self._n_channels)

    def _feature(self, k):
        if self._n_channels is None:
            return super()._feature(k)
        names = getattr(self, "feature_names_in_", None) if self._n_columns is None else None
        return labelled("channel", k, names)

    def _place(self, row, column):
        if self._n_channels is None or self._n_columns is not None:  # a table
            return super()._feature(column)
        step, channel = divmod(column, self._n_channels)
        place = f"row {row}, step {step}"
        return place if self._n_channels == 1 else f"{place}, channel {channel}"

    def _begin(self, architecture, data, found, seed):
        if self._n_channels is not None:
            self._longest = data.X.shape[1] // self._n_channels
        super()._begin(architecture, data, found, seed)

    def _check_changes_of_tokens(self):
        """Raise ValueError where parameters would change tokens as if they were quantities."""
        for name in ("mixup", "augmenter", "adversarial_epsilon"):
            if (value := getattr(self, name)) not in (None, 0.0):
                advice = "augment texts before they become tokens"
                if isinstance(value, WordDropout):
                    advice = "wrap the net in AugmentedClassifier or AugmentedRegressor, with this augmenter"
                raise ValueError(f"{name}={value!r} would change tokens as if they were quantities: {advice}.")
