"""Nets on Dask collections: epochs over row blocks in random order, of which two are in memory."""

import warnings

import numpy as np
from sklearn.utils import check_X_y

from .._nets.training.batches import ahead
from ..utils._blocks import dask_parts, in_memory
from ..utils._errors import caller_level
from ..utils._hashing import HashedRows
from ..utils._targets import as_one_column, check_weights
from ._data import UniqueRows, n_compared, too_large, warn_of_scales

SORTED_SHARE = 0.2  # of the variance of y; blocks that tell more of it get a warning


def _weighted_rows(weights, sample_weight, rows):
    """Rows of positive weight, as they are: equal ones are not merged."""
    return UniqueRows(rows, rows, weights[rows], sample_weight[rows])


class TrainingBlocks:
    """The rows of a fit in blocks; see `TrainingRows`. Targets and weights are in memory.

    The first block decides the features, their scales and their categories. Blocks without weight are not read.

    Attributes
    ----------
    data : NetData
        Of all rows, but with the X of the first block, until training begins.
    training, held : list of int
        Numbers of the blocks to train on, and of those that are held out.
    """

    def __init__(self, net, X, y, sample_weight, reset):
        if getattr(net, "return_sequences", False):
            raise ValueError("return_sequences=True needs X in memory: pass X.compute().")
        if getattr(net, "_wants_tokens", False) and net.vocabulary_size is None:
            raise ValueError("vocabulary_size must be given where X is a Dask array; got vocabulary_size=None.")
        self.net = net
        self._parts, sizes = dask_parts(X)
        self._starts = np.append(0, np.cumsum(sizes))
        n = int(self._starts[-1])
        y, sample_weight = as_one_column(in_memory(y)), in_memory(sample_weight)
        if y is None or np.ndim(y) == 0 or len(y) != n:
            raise ValueError(f"y must have n_samples={n} rows, as X; got {'None' if y is None else np.shape(y)}.")
        y = check_X_y(np.zeros((n, 1)), y, estimator=net, **net._target_options)[1]
        sample_weight = check_weights(sample_weight, n)
        self._y = y
        targets = net._with_targets(None, y, sample_weight, reset=reset, training=True)
        self._counts = [np.count_nonzero(targets.weights[self._at(k)]) for k in range(len(sizes))]
        self.training = [k for k, count in enumerate(self._counts) if count]
        self.held = []
        first = self._read_rows(self.training[0], reset)
        data = net._data(first, targets.y, targets.codes, targets.weights, targets.sample_weight)
        self.data = data._replace(start=int(self._starts[self.training[0]]))
        warn_of_scales(self.data, net._feature)
        self._warn_of_sorted_rows()

    def _warn_of_sorted_rows(self):
        """Warn where blocks tell much of y: every batch is of one block, and batch normalization sees one kind only."""
        share = self._share_between_blocks()
        if share > SORTED_SHARE + 2.0 * (len(self.training) - 1) / len(self._y):  # the second is half as much by chance
            warnings.warn(
                f"the blocks of X tell {share:.0%} of the variance of y, as those of rows in the order of y do. Batches"
                " are of one block each, from which a net learns badly: shuffle the rows once before they are stored.",
                UserWarning,
                stacklevel=caller_level(),
            )

    def _share_between_blocks(self):
        """The share of the variance of y, or of indicators of its classes, that the means of blocks explain."""
        counts = np.array([self._starts[k + 1] - self._starts[k] for k in self.training])
        codes = self.data.codes
        if codes is not None:
            sums = np.array([np.bincount(codes[self._at(k)], minlength=codes.max() + 1) for k in self.training])
            squares = counts.sum()
        else:
            y = self.data.targets.reshape(len(self._y), -1)
            y = (y - y.mean(axis=0)) / np.where(np.ptp(y, axis=0) > 0.0, y.std(axis=0), 1.0)
            sums = np.array([y[self._at(k)].sum(axis=0) for k in self.training])
            squares = np.square(y).sum()
        mean = np.square(sums.sum(axis=0)).sum() / counts.sum()
        between, total = (np.square(sums) / counts[:, None]).sum() - mean, squares - mean
        return between / total if total > 0.0 else 0.0

    def _at(self, k):
        return slice(*map(int, self._starts[k : k + 2]))

    def _read_rows(self, k, reset=False):
        """X of a block, checked."""
        at, net = self._at(k), self.net
        X = self._parts[k].compute()
        try:
            return net._rows_and_targets(X, self._y[at], reset, **net._target_options)[0]
        except ValueError as error:
            raise ValueError(f"in block {k}, which begins with row {at.start}: {error}") from error

    def read(self, k):
        """The `NetData` of a block, and its rows of positive weight as `UniqueRows`."""
        at, X = self._at(k), self._read_rows(k)
        if not HashedRows(X, single=not self.data.exact).finite:
            error = too_large(X, self.net._place, start=at.start)
            raise ValueError(f"in block {k}, which begins with row {at.start}: {error}")
        codes = None if self.data.codes is None else self.data.codes[at]
        weights, sample_weight = self.data.weights[at], self.data.sample_weight[at]
        part = self.data._replace(X=X, y=self.data.y[at], codes=codes, weights=weights, sample_weight=sample_weight)
        return part, _weighted_rows(weights, sample_weight, np.flatnonzero(weights))

    @property
    def found(self):
        """The rows to train on."""
        chosen = np.zeros(len(self.data.weights), bool)
        for k in self.training:
            chosen[self._at(k)] = True
        return _weighted_rows(
            self.data.weights, self.data.sample_weight, np.flatnonzero(chosen & (self.data.weights > 0))
        )

    def hold_out(self, seed):
        """Take validation blocks out of those to train on; never the first, from which scales are learned."""
        if self.net.monitor != "loss":
            raise ValueError(
                f"monitor={self.net.monitor!r} needs validation rows in memory, where X is a Dask collection: give"
                " X_val and y_val, or set monitor='loss'."
            )
        if len(self.training) < 2:
            raise ValueError(
                f"early_stopping={self.net.early_stopping!r} holds out whole blocks, and X has only one: rechunk X,"
                " give X_val and y_val, or set early_stopping=False."
            )
        first, *others = self.training
        order = np.random.default_rng([seed, 1]).permutation(others)
        n_held = min(max(round(self.net.validation_fraction * len(self.training)), 1), order.size)
        self.held, self.training = order[:n_held].tolist(), [first, *sorted(order[n_held:].tolist())]
        return True

    def folds(self, k, seed):
        raise ValueError("early_stopping='cv' needs X in memory: pass X.compute(), or set early_stopping=True.")

    def validation(self):
        """The blocks that are held out, as a `ValidationSet`."""
        return ValidationBlocks(self, self.held)

    def steps(self):
        """The largest batch, and the steps of an epoch."""
        counts = [self._counts[k] for k in self.training]
        size = min(self.net._largest_batch(sum(counts)), max(counts))
        for k in self.training if self.net.normalization == "batch" else ():
            if self._counts[k] // self._steps_of(k, size) < 2:
                raise ValueError(
                    f"batch_size={self.net.batch_size} leaves batches of one of the {self._counts[k]} rows of block"
                    f" {k}, which have no variance to normalize by: normalization='batch' needs at least two."
                )
        return size, sum(self._steps_of(k, size) for k in self.training)

    def _steps_of(self, k, size):
        return -(-self._counts[k] // size)

    def batches(self, size, n_steps):
        """Batches of the blocks to train on. The first block leaves memory."""
        unit = self.net._unit(self.data, self.found)
        self.data = self.data._replace(X=None)
        return BlockBatches(self, size, n_steps, unit)

    def batches_of(self, k, part, size, unit):
        """Batches of a block, which was read."""
        return self.net._batches(*part, size, self._steps_of(k, size), unit, self.net.augmenter)

    def subset(self, validation, rng):
        """As many blocks, or rows of a block, to train on as there are validation blocks or rows."""
        some = rng.permutation(self.training)
        if isinstance(validation, ValidationBlocks):
            return ValidationBlocks(self, some[: len(self.held)].tolist())
        data, found = self.read(int(some[0]))
        some = rng.permutation(found.rows.size)[: n_compared(self.net, validation)]
        return self.net._validation_set(data, found.take(some))


class BlockBatches:
    """Epochs of batches of blocks in random order, each of which is read while the one before is trained on.

    Every batch has rows of one block. Has the attributes of `Batches` that training asks for.
    """

    def __init__(self, blocks, size, n_steps, unit):
        self.blocks = blocks
        self.size = size
        self.n_steps = n_steps
        self.unit = unit

    def epoch(self, rng):
        """Yield every `Minibatch`."""
        order = rng.permutation(self.blocks.training).tolist()
        for k, part in ahead((k, self.blocks.read(k)) for k in order):
            yield from self.blocks.batches_of(k, part, self.size, self.unit).epoch(rng)

    def rows_with_targets(self):
        """X, targets, weights and the rows to train on, of the first block."""
        k = self.blocks.training[0]
        return self.blocks.batches_of(k, self.blocks.read(k), self.size, self.unit).rows_with_targets()


class ValidationBlocks:
    """Blocks whose loss is computed without noise after every epoch, one after the other; see `ValidationSet`."""

    def __init__(self, blocks, numbers):
        self.blocks = blocks
        self.numbers = numbers

    def criterion(self, estimator, net, scorer):
        """The mean loss."""
        losses, weights = [], []
        for data, found in ahead(self.blocks.read(k) for k in self.numbers):
            losses.append(estimator._validation_set(data, found).criterion(estimator, net, None))
            weights.append(found.fit_weight.sum())
        return float(np.average(losses, weights=weights))

    def rows_with_targets(self):
        """X, targets, weights and the rows to use, of the first block."""
        return self.blocks.net._validation_set(*self.blocks.read(self.numbers[0])).rows_with_targets()
