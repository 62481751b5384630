"""Data of a fit after all checks: unique rows and their weights, and the split into training and validation rows."""

import copy
import warnings
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from ..utils._errors import caller_level
from ..utils._hashing import HashedRows, group_equal
from ..utils._split import check_some_class_repeats, deal, hold_out
from ..utils._targets import SAMPLE_ROWS, moments
from ..utils._validation import labelled
from ._augmented import with_indices

FAR_MEAN = 1000  # a column whose mean is more standard deviations from 0 gets a warning
CHANNEL_SCALES = 0.02, 10.0  # standard deviations of channels of sequences outside get a warning
FAR_SHIFT = 10  # a column whose means in X and X_val differ by more standard deviations gets a warning
FAR_RATIO = 20  # X_val whose features are so many times larger or smaller than those of X gets a warning
FEWEST_ROWS = 50  # with fewer unique rows in X, no validation rows are held out
LEAST_WEIGHT = 0.01  # rows of less than this share of the mean weight do not count among these
GAP_ROWS = 1000  # training rows whose loss is compared with that of the validation rows, at most: it takes as long
SAMPLE_VALUES = 1 << 20  # values of these rows, at most, but at least those of 100 rows


def _sample(data):
    """Every k-th row of dense X, about `SAMPLE_ROWS` of them or fewer, in double precision; of sequences all steps."""
    X = data.X
    n_rows = min(SAMPLE_ROWS, max(SAMPLE_VALUES // X.shape[1], 100))
    some = X[:: -(-len(X) // n_rows)].astype(np.float64)
    if data.n_channels is None:
        return some if data.numbers is None else some[:, data.numbers]
    steps = some.reshape(-1, data.n_channels)
    return steps[~np.isnan(steps[:, 0])]


def _moments(data):
    """Means and standard deviations of the columns of numbers, on some rows; NaN where all are missing."""
    return moments(_sample(data))


def warn_of_scales(data, feature):
    """Warn of features that a net would learn little from, where it does not scale them itself.

    These are features whose means are so large that single precision leaves few digits for their changes, and channels
    of sequences with standard deviations far from 1: they saturate gates and attention, or hardly move them.

    ``feature(k)`` names number k of them.
    """
    if data.is_scaled or not data.has_quantities or len(data.weights) < 2:
        return
    mean, deviation = _moments(data)
    least, most = CHANNEL_SCALES
    unscaled = np.flatnonzero((deviation > most) | ((deviation > 0.0) & (deviation < least)))
    if data.n_channels is not None and unscaled.size:
        k = unscaled[0]
        warnings.warn(
            f"X has channels whose standard deviations are not between {least:g} and {most:g}; the first of"
            f" {unscaled.size} is {feature(data.place_of(k))} with {deviation[k]:.6g}: standardize every channel, or"
            " nets learn little from them.",
            UserWarning,
            stacklevel=caller_level(),
        )
    far = np.flatnonzero((np.abs(mean) > 10.0) & (np.abs(mean) > FAR_MEAN * deviation))
    if far.size:
        k = far[0]
        warnings.warn(
            f"X has features whose means are more than {FAR_MEAN} standard deviations from 0; the first of"
            f" {far.size} is {feature(data.place_of(k))} with mean {mean[k]:.6g}: standardize X, or nets learn little"
            " from them.",
            UserWarning,
            stacklevel=caller_level(),
        )


def _sizes(data):
    """Root mean squares of the features of some rows; of sparse X that of some entries."""
    if sp.issparse(data.X):
        some = data.X.data[:: data.X.nnz // SAMPLE_VALUES + 1].astype(np.float64)
        return np.sqrt(np.mean(some**2, keepdims=True)) if some.size else np.zeros(1)
    return np.hypot(*_moments(data))


def _median_ratio(own, others):
    """The median ratio of other sizes to those of X; 1 where it cannot be told, as where one of them is sparse."""
    if own.size != others.size:
        return 1.0
    both = (own > 0.0) & (others > 0.0)
    return float(np.median(others[both] / own[both])) if both.any() else 1.0


def warn_of_shift(data, validation, feature):
    """Warn of features of the validation data that seem to have other units: they would choose a useless epoch.

    ``feature(k)`` names number k of them.
    """
    if data.has_tokens:
        return
    if data.has_quantities and validation.has_quantities:
        (mean, deviation), (shifted, spread) = _moments(data), _moments(validation)
        far = np.flatnonzero((deviation > 0.0) & (np.abs(shifted - mean) > FAR_SHIFT * deviation))
        if far.size:
            k = far[0]
            _warn_of_units(
                f"X_val has features whose means differ from those of X by more than {FAR_SHIFT} standard deviations;"
                f" the first of {far.size} is {feature(data.place_of(k))} with mean {shifted[k]:.6g} instead of"
                f" {mean[k]:.6g}"
            )
            return
        ratio = _median_ratio(np.hypot(mean, deviation), np.hypot(shifted, spread))
    else:
        ratio = _median_ratio(_sizes(data), _sizes(validation))
    if not 1.0 / FAR_RATIO < ratio < FAR_RATIO:
        _warn_of_units(f"features in X_val are {ratio:.3g} times as large as in X, in the median of the features")


def _warn_of_units(what):
    advice = "transform X_val as X was transformed; a Pipeline does with transform_input=['X_val']"
    warnings.warn(f"{what}: {advice}.", UserWarning, stacklevel=caller_level())


def in_column(row, column):
    """An entry of a table without names, in messages."""
    return labelled("column", column, None)


def too_large(X, place, purpose="in which nets compute", start=0):
    """The error to raise for numbers that are not finite in single precision.

    It names the first column of them in a table, a row and a place in it otherwise: ``place(row, column)`` says where
    an entry is. X begins with row `start`.
    """
    with np.errstate(over="ignore"):
        if sp.issparse(X):
            X = X.tocoo()
            bad = np.isinf(X.data.astype(np.float32))
            rows, columns = X.row[bad], X.col[bad]
        else:
            rows, columns = np.nonzero(np.isinf(X.astype(np.float32)))
    first = columns.argmin()
    where = place(start + int(rows[first]), int(columns[first]))
    return ValueError(f"Input X contains values too large for float32, {purpose}, in {where}: rescale it.")


class NetData(NamedTuple):
    """X, y and weights of n rows."""

    X: object
    y: np.ndarray  # in the form that scorers take
    codes: np.ndarray | None  # indices of the labels among the classes; None in regression
    weights: np.ndarray  # (n,): sample weights times class weights
    sample_weight: np.ndarray  # (n,)
    n_channels: int | None = None  # of every step, where rows are sequences
    has_tokens: bool = False  # whether numbers name things, instead of measuring them
    exact: bool = False  # whether single precision would lose what numbers say
    is_scaled: bool = False  # whether the net scales numbers itself
    numbers: np.ndarray | None = None  # the columns that hold numbers; None for all
    start: int | None = None  # where X is one block of all rows: the row that it begins with

    @property
    def targets(self):
        """Codes of the classes, or targets of regression, of shape (n, n_outputs) or (n, steps, n_outputs)."""
        if self.codes is None and self.y.ndim == 3:
            return self.y
        return (self.y if self.codes is None else self.codes).reshape(len(self.weights), -1)

    @property
    def has_quantities(self):
        """Whether means and standard deviations of the columns say something."""
        return not (sp.issparse(self.X) or self.has_tokens)

    def place_of(self, k):
        """Where number k of the columns of numbers is among all."""
        return int(k if self.numbers is None else self.numbers[k])


def _pieces(Y):
    """Doubles (n, k) as four pieces of 16 bits each, which single precision holds exactly."""
    doubles = np.array(Y, dtype=np.float64, order="C")
    doubles += 0.0  # not -0.0
    return doubles.view(np.uint16)


def counted(values, weights):
    """What belongs to targets that count, (m, n_outputs), and their weights.

    Of values (n, n_outputs) these are all; of those of sequences (n, steps, n_outputs), the steps that are not NaN.
    """
    if values.ndim == 2:
        return values, weights
    counts = ~np.isnan(values[:, :, 0])
    return values[counts], np.broadcast_to(weights[:, None], counts.shape)[counts]


class UniqueRows(NamedTuple):
    """Rows of the data after equal ones, target included, are merged, and their weights are added.

    A fit depends on nothing else: not on the order of the rows, and a weight of 2 is the same as having a row twice.
    """

    rows: np.ndarray  # index in X of the first of the equal rows
    keys: np.ndarray  # hashes of their features
    fit_weight: np.ndarray  # sums of the weights in the loss
    sample_weight: np.ndarray  # sums of the sample weights

    @classmethod
    def of(cls, data, place=in_column):
        """Merge equal rows; rows of weight 0 are left out. ``place(row, column)`` names an entry in messages.

        Raises ValueError where X has numbers that are not finite in single precision, or the sum of the weights is not
        finite.
        """
        features = HashedRows(data.X, single=not data.exact)
        if not features.finite:
            raise too_large(data.X, place)
        plain = data.weights is data.sample_weight
        weights = data.weights[:, None] if plain else np.column_stack([data.weights, data.sample_weight])
        order, first = group_equal(
            [HashedRows(_pieces(data.targets.reshape(len(data.weights), -1)), single=True), features]
        )
        if first.all():
            rows, sums = order, weights[order]
        else:
            starts = np.flatnonzero(first)
            rows, sums = order[starts], np.add.reduceat(weights[order], starts, axis=0)
        positive = sums[:, 0] > 0.0
        if not positive.all():
            rows, sums = rows[positive], sums[positive]
        with np.errstate(over="ignore"):
            total = sums.sum(axis=0)
        if not np.isfinite(total).all():
            raise ValueError("sample_weight or class_weight: the weights are so large that their sum overflows.")
        own = sums[:, 0]
        return cls(rows, features.keys[rows], own, own if plain else sums[:, 1])

    @property
    def n_rows(self):
        """The number of rows before merging, where a sample weight of 2 counts as two; at least the unique rows.

        Class weights say how much rows matter, not how many there are.
        """
        return max(float(self.rows.size), float(self.sample_weight.sum()))

    @property
    def n_distinct(self):
        """The number of rows whose features differ."""
        return np.unique(self.keys).size

    def take(self, at):
        fit_weight = self.fit_weight[at]
        sample_weight = fit_weight if self.sample_weight is self.fit_weight else self.sample_weight[at]
        return UniqueRows(self.rows[at], self.keys[at], fit_weight, sample_weight)

    def _groups(self, codes):
        """Rows of equal features as groups: the first row of each, the group of every row, their weights and classes.

        None where there are fewer than `FEWEST_ROWS` groups; those of nearly no weight do not count.
        """
        in_order = np.sort(self.keys)
        if (in_order[1:] == in_order[:-1]).any():
            _, firsts, groups = np.unique(self.keys, return_index=True, return_inverse=True)
            weights = np.bincount(groups, self.fit_weight)
        else:  # the usual case, in a third of the memory
            firsts = groups = np.arange(self.keys.size)
            weights = self.fit_weight
        del in_order
        if np.count_nonzero(weights > LEAST_WEIGHT * weights.mean()) < FEWEST_ROWS:
            return None
        classes = None if codes is None or codes.ndim > 1 else codes[self.rows[firsts]]
        if classes is not None:
            remedy = ": set early_stopping=False to train without validation rows, or give X_val and y_val to fit"
            check_some_class_repeats(classes, "holding out validation rows", remedy)
        return firsts, groups, weights, classes

    def split(self, fraction, codes, rng):
        """Training rows and validation rows: a fraction of the rows of every class (in `codes`).

        Rows of equal features stay on one side. There are no validation rows, but None, where X has fewer than
        `FEWEST_ROWS` unique rows; rows of nearly no weight do not count.
        """
        found = self._groups(codes)
        if found is None:
            return self, None
        firsts, groups, weights, classes = found
        held = hold_out(firsts.size, fraction, classes, rng, weights)
        return self.take(~held[groups]), self.take(held[groups])

    def folds(self, k, codes, rng):
        """Pairs of training rows and validation rows, each row being a validation row once; None as in `split`.

        Some rows are always training rows, see `deal`; there may be fewer pairs than k for them.
        """
        found = self._groups(codes)
        if found is None:
            return None
        firsts, groups, weights, classes = found
        fold = deal(firsts.size, k, classes, rng, weights)[groups]
        taken = np.unique(fold[fold >= 0])  # not all, where nearly every class has one row
        return [(self.take(fold != i), self.take(fold == i)) for i in taken]

    def spread(self, values, n):
        """Values of the unique rows at their places among all n rows of X, in single precision."""
        out = np.zeros(n, np.float32)
        out[self.rows] = values
        return out


def n_compared(net, validation):
    """How many training rows are compared with the validation rows: as many, of losses at most `GAP_ROWS`.

    A score needs rows of every class, which may be rare.
    """
    return min(validation.rows.size, GAP_ROWS) if net.monitor == "loss" else validation.rows.size


class TrainingRows:
    """The rows of a fit in memory, and what training asks of them.

    Parameters
    ----------
    net : BaseNet
    X, y, sample_weight
        As for `fit`.
    reset : bool
        Whether X decides the features.

    Attributes
    ----------
    data : NetData
    found : UniqueRows
        The rows to train on.
    """

    def __init__(self, net, X, y, sample_weight, reset):
        self.net = net
        self.data = net._read(X, y, sample_weight, reset=reset, training=True)
        self.found = UniqueRows.of(self.data, net._place)
        warn_of_scales(self.data, net._feature)
        self.held = None
        self._augmenter = with_indices(net.augmenter, X)

    def hold_out(self, seed):
        """Take validation rows out of those to train on; returns whether there are any."""
        rng = np.random.default_rng([seed, 1])
        self.found, self.held = self.found.split(self.net.validation_fraction, self.data.codes, rng)
        return self.held is not None

    def folds(self, k, seed):
        """Rows of which another k-th is held out each time; None where there are too few."""
        pairs = self.found.folds(k, self.data.codes, np.random.default_rng([seed, 1]))
        if pairs is None:
            return None
        folds = [copy.copy(self) for _ in pairs]
        for fold, pair in zip(folds, pairs, strict=True):
            fold.found, fold.held = pair
        return folds

    def validation(self):
        """The `ValidationSet` of the rows that are held out."""
        return self.net._validation_set(self.data, self.held)

    def steps(self):
        """The largest batch, and the steps of an epoch."""
        return self.net._steps(self.found)

    def batches(self, size, n_steps):
        """Batches of the rows to train on."""
        unit = self.net._unit(self.data, self.found)
        return self.net._batches(self.data, self.found, size, n_steps, unit, self._augmenter)

    def subset(self, validation, rng):
        """A `ValidationSet` of training rows to compare the validation rows with; see `n_compared`."""
        some = rng.permutation(self.found.rows.size)[: n_compared(self.net, validation)]
        return self.net._validation_set(self.data, self.found.take(some))
