"""Nets for tables as they are: text, categories, missing values and numbers in any units."""

import copy

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import (
    _check_feature_names,
    _check_n_features,
    _num_samples,
    check_array,
    check_is_fitted,
    check_X_y,
    validate_data,
)

from .._nets.architectures.mlp import TableArchitecture
from ..utils._params import ARRAY_LIKE, BELOW_ONE, COUNT, NONE, Options
from ..utils._table import TableReader, as_table, few_steps, names_of, vanishes
from ..utils._validation import check_table, labelled, naming_bad_columns
from ._augmented import MixedRows
from ._base import BaseNet
from ._data import NetData
from ._scaling import MOST_ONE_HOT, ends_in_double, learn_inputs, needs_double
from ._sequences import check_is_table

TEXT_ADVICE = "name it in categorical_features when you fit, or encode it"
NO_MISSING = "Sparse X has no missing numbers: leave the entries out, which makes them 0, or pass X.toarray()."
TAKES_MISSING = "Set missing='indicator' to take it."


class TableNet(BaseNet):
    """Base of the nets that read tables."""

    _parameter_constraints = {
        **BaseNet._parameter_constraints,
        "categorical_features": [Options("from_dtype"), ARRAY_LIKE, NONE],
        "missing": [Options("indicator", "raise")],
        "standardize": [Options("robust", "standard"), NONE],
        "embedding_size": [COUNT, Options("auto")],
        "embedding_dropout": [BELOW_ONE],
    }

    numeric_embedding = None  # a parameter of some families
    _most_one_hot = MOST_ONE_HOT  # columns of more categories have embeddings
    _table = None  # TableReader, where X is more than numbers
    _exact = False  # whether X has to be read in double precision

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.missing == "indicator"
        return tags

    @property
    def _scales_numbers(self):
        return self.standardize is not None

    def _table_architecture(self, dense):
        return TableArchitecture(
            self.missing, self.standardize, self.numeric_embedding, self.embedding_size, self.embedding_dropout, dense
        )

    @property
    def ensemble_size_(self):
        """Number of members."""
        check_is_fitted(self)
        return self._net.n_members

    # ---- data

    @property
    def _takes_arrays(self):
        return self._table is None

    def _rows_and_targets(self, X, y, reset, sample_weight=None, **options):
        check_is_table(X, type(self).__name__)
        if reset and not self._inputs_are_fixed:
            self._table = TableReader.of(X, self.categorical_features, sample_weight, shifts=self._scales_numbers)
            self._warn_of_text(X)
            if self._scales_numbers:
                self._warn_of_few_steps(X)
        table = X
        X, y = super()._rows_and_targets(X, y, reset, sample_weight, **options)
        if reset and self._inputs_are_fixed:
            self._warn_of_gaps(X, list(table.columns) if hasattr(table, "iloc") else None)
        elif reset:
            self._exact = False
            small = {} if self._table is None else self._table.vanishing
            if self._table is None and self._scales_numbers:
                low, high = ends_in_double(X)
                self._exact = needs_double(low, high)
                small = {j: max(-low[j], high[j]) for j in np.flatnonzero(vanishes(low, high)).tolist()}
            if small and not self._exact:
                self._warn_of_small(small, names_of(as_table(table)))
        return X, y

    def _warn_of_text(self, X):
        """Warn of numbers as text that are read as categories, where nobody said that they are some."""
        if self._table is None or not isinstance(self.categorical_features, str):
            return
        found = self._table.numbers_as_text(_num_samples(X))
        if found:
            j, (example, count) = next(iter(found.items()))
            column = labelled("column", j, self._table.names)
            self._warn(
                f"X holds numbers as text, which are read as categories; the first of {len(found)} such columns is"
                f" {column} with {count} categories, such as {example!r}: turn them into numbers, or list all columns"
                " of categories in categorical_features."
            )

    def _warn_of_small(self, found, names):
        """Warn of columns whose numbers are all 0 in single precision."""
        j, largest = next(iter(found.items()))
        self._warn(
            f"X has columns of numbers too small for float32, in which nets compute, so that they count as constant;"
            f" the first of {len(found)} is {labelled('column', j, names)}, with numbers up to {largest:.3g}: rescale"
            " it."
        )

    def _warn_of_few_steps(self, X):
        """Warn of whole numbers that are equal, or nearly so, in the double precision in which they are scaled."""
        found = few_steps(X)
        for j in () if self._table is None else self._table.categories:
            found.pop(j, None)
        if found:
            j, (low, high) = next(iter(found.items()))
            column = labelled("column", j, names_of(as_table(X)))
            self._warn(
                f"X has columns of whole numbers of which double precision tells few apart; the first of {len(found)}"
                f" is {column}, from {low} to {high}: subtract the smallest before."
            )

    def _warn_of_gaps(self, X, names):
        """Warn of missing numbers in training rows that the source has no indicator for."""
        numbers = getattr(self._start.source._net.inputs, "numbers", None)
        if numbers is None or sp.issparse(X):
            return
        without = np.delete(numbers.columns, numbers.indicators)
        gaps = without[np.isnan(X[:, without]).any(axis=0)] if X.dtype.kind == "f" else without[:0]
        if gaps.size:
            self._warn(
                f"X has missing numbers in columns where the training rows of the pretrained net had none; the first of"
                f" {gaps.size} is {labelled('column', int(gaps[0]), names)}. They become the mean of the column there,"
                " or its median, and the net cannot see that they were missing: fill them in before, or pretrain with"
                " rows in which numbers are missing."
            )

    def _validated(self, X, reset, y="no_validation", **options):
        if not reset:  # else `_rows_and_targets` did
            check_is_table(X, type(self).__name__)
        if self._table is None:
            return self._numbers(X, reset, y, **options)
        check_table(X, text=True)
        if sp.issparse(X):
            raise TypeError(
                f"X is sparse, but {type(self).__name__} was fitted to a table with columns of several types."
            )
        X = as_table(X)
        if len(np.shape(X)) != 2:
            raise ValueError(
                f"X must have rows and columns; got {type(X).__name__} of the shape {np.shape(X)}. A single row is a"
                " table, too, such as X.iloc[[0]] or X[:1]."
            )
        _check_feature_names(self, X, reset=reset)
        check_array(np.zeros(np.shape(X)), ensure_all_finite=False, estimator=self)  # rows and columns there are
        _check_n_features(self, X, reset=reset)
        has_targets = not isinstance(y, str)
        X = self._table.matrix(X, np.float32 if has_targets else np.float64, self.missing == "indicator")
        if not has_targets:
            return X
        return check_X_y(X, y, ensure_all_finite=False, dtype=None, estimator=self, **options)

    def _numbers(self, X, reset, y, **options):
        """X, which holds nothing but numbers, after scikit-learn's checks, and y if it is given."""
        check_table(X, advice=TEXT_ADVICE)
        allow_nan = self.missing == "indicator" and not sp.issparse(X)
        reads = dict(self._reads(X), ensure_all_finite="allow-nan" if allow_nan else True)
        with naming_bad_columns(X, NO_MISSING if sp.issparse(X) else TAKES_MISSING):
            return validate_data(self, X, y, reset=reset, **reads, **options)

    def _data(self, *given):
        numbers = None if self._table is None else self._table.numbers
        about = dict(exact=self._exact, is_scaled=self._scales_numbers, numbers=numbers)
        return NetData(*given, **about)

    def _mixed_rows(self):
        if self._table is None or not self._table.categories:
            return None
        return MixedRows(sorted(self._table.categories), self._table.n_features, self._table.names)

    def _go_on(self, wanted, data):
        super()._go_on(wanted, data)
        new = self.categorical_features
        old = vars(self).get("_categorical_features", new)  # nets of sequences have none
        if not np.array_equal(np.asarray(new, dtype=object), np.asarray(old, dtype=object)):
            raise ValueError(f"a fitted net cannot continue with categorical_features={new!r} (it was {old!r}).")

    def _learn_inputs(self, data, found):
        self._categorical_features = copy.copy(self.categorical_features)
        if self._inputs_are_fixed:
            return self._start.source._net.inputs
        sizes = {} if self._table is None else self._table.sizes()
        rows, weights = found.rows, found.fit_weight
        if data.start is not None:
            weights = data.weights[data.start : data.start + data.X.shape[0]]
            rows = np.flatnonzero(weights)
            weights = weights[rows]
        if self.numeric_embedding is not None and sp.issparse(data.X):
            raise ValueError(f"numeric_embedding={self.numeric_embedding!r} needs dense X; got sparse X.")
        options = self.standardize, self.missing, self._exact, self._most_one_hot, self.numeric_embedding
        return learn_inputs(data.X, rows, weights, sizes, *options)
