"""What a pass through the layers needs beside its input: mode, noise, row weights, scratch memory and gradients."""

import contextlib
import math
import threading
from typing import NamedTuple

import numpy as np

from .._core._jit import njit
from .lanes import aligned_empty
from .noise import ONE, at_strength
from .products import blas_multiplication, multiplication

_SHAPES = 4  # of a scratch array that are kept: batches have two sizes, which differ by one row


class RowWeights(NamedTuple):
    """Weights of the rows of a batch, for statistics."""

    relative: np.ndarray  # (rows,), with mean 1 over the whole batch
    totals: np.ndarray  # (2,): their mean before that, and the effective number of rows of the whole batch

    @classmethod
    def empty(cls, n, dtype):
        """Memory for those of n rows."""
        return cls(np.empty(n, dtype), np.empty(2))

    def write(self, weights, rows):
        """Write those of a batch, of which these are some rows.

        Parameters
        ----------
        weights : ndarray or None
            Of all rows of the batch; None for equal ones.
        rows : slice or None
            Those of `relative`; None for all.
        """
        if weights is None:
            self.relative.fill(1.0)
            self.totals[:] = 1.0, self.relative.size
        else:
            write_row_weights(weights, 0 if rows is None else rows.start, self.relative, self.totals)


@njit
def write_row_weights(weights, first, relative, totals):
    """Write `RowWeights` of some rows of a batch with these weights; `first` is the first one of the rows.

    The effective number of rows (Kish 1965) is that of the batch where all weights are equal.
    """
    n, total, squares, are_equal = weights.size, 0.0, 0.0, True
    for i in range(n):
        total += weights[i]
        are_equal &= weights[i] == weights[0]
    if are_equal:  # the usual case, and the one where all may be 0
        relative[:] = ONE
        totals[0], totals[1] = weights[0], n
        return
    for i in range(n):
        squares += (weights[i] * (n / total)) ** 2
    for i in range(relative.size):
        relative[i] = weights[first + i] * (n / total)
    totals[0], totals[1] = total / n, n * n / squares


class Exchange:
    """What the parts of a batch, each of which is in a thread of its own, tell each other.

    Parameters
    ----------
    n_parts : int
    """

    def __init__(self, n_parts):
        self._barrier = threading.Barrier(n_parts)
        self._given = [None] * n_parts, [None] * n_parts  # in turns: nobody overwrites what another still reads

    def gather(self, part, turn, value):
        """What all parts give, in their order; every thread calls it, waits for the others, and changes nothing."""
        given = self._given[turn % 2]
        given[part] = value
        self._barrier.wait()
        return tuple(given)

    def abort(self):
        """Raise `threading.BrokenBarrierError` in the threads that wait, as one of the others has failed."""
        self._barrier.abort()


class Context:
    """What a pass through the layers needs beside its input.

    Parameters
    ----------
    seed : int
        The first state of the sequence of seeds.
    train : bool
        Whether statistics are those of the batch, and update the running means.
    noisy : bool
        Whether noise is sampled: for every row in training, else once for all rows.
    gradient : bool
        Whether the backward pass will be called.
    part : int
        Which part of the batches this context is for, counted from 0.
    exchange : Exchange or None
        Adds up statistics over the parts; None where batches have one part.

    Attributes
    ----------
    progress : float
        Share of the training that is done, in [0, 1], for strengths that grow; 1 outside training.
    strength : float
        Factor of the rates of all noise.
    lengths : ndarray of int of shape (rows,) or None
        Steps of every sequence of this pass, set by the layer that finds them; None for rows that are not sequences.
    input_is_free : bool
        Whether nobody else needs the memory of the input of the layer that is called next; see `free_input`.
    attention : list or None
        Layers of attention add their weights to it, if it is a list.
    constants : dict or None
        See `constant`; those of the net of this pass. None while its parameters change.
    one_thread : bool
        Whether products are to use one thread; else BLAS forms them, with as many as it may use.
    tape : list or None
        What `do` was given is added to it, if it is a list; see `Passes`.
    """

    def __init__(self, seed=0, train=False, noisy=False, gradient=False, part=0, exchange=None):
        self.state = seed
        self.train = train
        self.noisy = noisy
        self.gradient = gradient
        self.part = part
        self.progress = 1.0
        self.strength = 1.0
        self.lengths = None
        self.input_is_free = False
        self.attention = None
        self.constants = None
        self.one_thread = True
        self.tape = None
        self._grads = []
        self._has_gradient = []
        self.exchange = exchange
        self._n_exchanges = 0
        self._arrays = []
        self._memory = []
        self._used = 0
        self._weights = None
        self._row_weights = None
        self._weight_memory = {}
        self._rows = None

    @property
    def leads(self):
        """Whether this is the context of the first part, which does what must be done once a batch."""
        return self.part == 0

    @property
    def is_divided(self):
        """Whether this context is for a part of the rows of a batch."""
        return self.exchange is not None

    def do(self, work, *args):
        """Call ``work(*args)``, and again with the same arguments for every later batch of the same shape.

        See `Layer.replayable`.
        """
        work(*args)
        if self.tape is not None:
            self.tape.append((work, args))

    def multiplication(self, a, b, out):
        """A function that writes the product of two matrices, or of many, to `out`, and its arguments, for `do`."""
        return (multiplication if self.one_thread else blas_multiplication)(a, b, out)

    # ---- random numbers

    def seed(self):
        """The next of a sequence of 32-bit seeds (Knuth's linear congruential generator)."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return self.state >> 32

    def places(self, shape, shared=()):
        """Where the factors of a noise are in the sequence of random numbers of a new seed.

        Parameters
        ----------
        shape : tuple
            (rows, positions, channels) of the batch.
        shared : collection of {"positions", "channels"}
            What has a factor in common. Rows share all factors in predictions: a draw is one thinned net.

        Returns
        -------
        places : tuple of int
            ``(seed, first, row, position, channel)``: the factor of channel c at position t of row i has the place
            ``(first + i) * row + t * position + c * channel``, where `channel` is 0 or 1. A stride of 0 shares factors.
            Not a named tuple, which takes longer to pass to a kernel than many kernels run.
        """
        _, positions, channels = shape
        channel = 0 if "channels" in shared else 1
        position = 0 if "positions" in shared else channels if channel else 1
        row = (1 if "positions" in shared else positions) * (channels if channel else 1)
        first = 0 if self._rows is None else self._rows.start
        return self.seed(), first, row if self.train else 0, position, channel

    def at_strength(self, noise):
        """The noise with its rate times the strength of this pass."""
        return noise if self.strength == 1.0 else at_strength(noise, self.strength)

    def constant(self, owner, make):
        """What ``make()`` returns, which depends on parameters and buffers alone: kept for the passes after this one.

        Nothing is kept while parameters change, and in passes with noise, which weights may have. Every owner, a layer
        or a part of one, has one such value.
        """
        if self.constants is None or self.noisy:
            return make()
        if owner not in self.constants:
            self.constants[owner] = make()
        return self.constants[owner]

    # ---- rows

    def set_batch(self, weights, rows=None):
        """Begin a batch.

        Parameters
        ----------
        weights : ndarray or None
            Weights of all rows of the batch; None for equal ones.
        rows : slice or None
            The rows that this context is for; None for all.
        """
        self._weights = weights
        self._rows = rows
        self._row_weights = None

    @contextlib.contextmanager
    def copied_rows(self, k):
        """While layers see every row k times, one after another: weights, lengths and places of noise go with them."""
        before = self._weights, self._rows, self._row_weights, self.lengths
        if self._weights is not None:
            self._weights = np.repeat(self._weights, k)
        if self._rows is not None:
            self._rows = slice(k * self._rows.start, k * self._rows.stop)
        if self.lengths is not None:
            self.lengths = np.repeat(self.lengths, k)
        self._row_weights = None
        try:
            yield
        finally:
            self._weights, self._rows, self._row_weights, self.lengths = before

    def row_weights(self, n, dtype):
        """`RowWeights` of the n rows of this context; computed by the first layer that asks.

        Batches of the same size have them in the same memory.
        """
        if self._row_weights is None or self._row_weights.relative.size != n:
            if (n, dtype) not in self._weight_memory:
                self._weight_memory[n, dtype] = RowWeights.empty(n, dtype)
            self._row_weights = self._weight_memory[n, dtype]
            self._row_weights.write(self._weights, self._rows)
        return self._row_weights

    def shares(self, n):
        """Factors of the losses of the n rows of this context in the mean over the whole batch."""
        if self._weights is None:
            return np.full(n, 1.0 / n)
        own = self._weights if self._rows is None else self._weights[self._rows]
        return own / self._weights.size

    def n_rows(self, n):
        """The number of rows of the whole batch, of which this context has n."""
        return n if self._rows is None else self._weights.size

    def gather(self, value):
        """What all parts of the batch give, in their order; nobody may change it until the next batch.

        Only for batches that are divided.
        """
        self._n_exchanges += 1
        return self.exchange.gather(self.part, self._n_exchanges, value)

    def total(self, array):
        """The sum of an array over the parts of the batch, which is formed again for later batches, as by `do`."""
        if not self.is_divided:
            return array
        out = self.scratch(array.shape, array.dtype)
        self.do(self._write_total, array, out)
        return out

    def _write_total(self, array, out):
        first, *others = self.gather(array)
        out[:] = first
        for other in others:
            out += other

    # ---- gradients

    def set_gradients(self, arrays):
        """Say where the gradients of the parameters go, by ``param.index``."""
        self._grads = arrays

    def begin_gradients(self):
        """Forget all gradients: a new batch begins."""
        self._has_gradient = [False] * len(self._grads)

    def end_gradients(self, params):
        """Set the gradients of parameters to 0 that are frozen, or that the backward pass did not come to."""
        for k, param in enumerate(params):
            if param.frozen or not self._has_gradient[k]:
                self.do(self._grads[k].fill, 0.0)

    def grad(self, param):
        """The gradient of a parameter so far, to add to."""
        k = param.index
        if not self._has_gradient[k]:
            self._has_gradient[k] = True
            self.do(self._grads[k].fill, 0.0)
        return self._grads[k]

    def new_grad(self, param):
        """Where to write the gradient of a parameter that has none yet; None if it has one, to which to add."""
        k = param.index
        if self._has_gradient[k]:
            return None
        self._has_gradient[k] = True
        return self._grads[k]

    # ---- memory

    def begin(self):
        """Make all scratch memory free: a new pass begins."""
        self._used = 0
        self.lengths = None

    def scratch(self, shape, dtype):
        """An array with any contents, which is nobody else's until the next pass.

        A pass asks for the same arrays as the pass before it, so that the k-th request gets the memory of the k-th
        request before, whatever its shape.
        """
        k = self._used
        self._used += 1
        if k < len(self._arrays):
            array = self._arrays[k].get((shape, dtype))
            if array is not None:
                return array
        return self._fit_scratch(k, shape, dtype)

    def vectors(self, count, size, dtype):
        """Some vectors of scratch memory, as `scratch` gives it; rows of a matrix take longer to make."""
        k, key = self._used, (count, size, dtype)
        if k < len(self._arrays):
            vectors = self._arrays[k].get(key)
            if vectors is not None:
                self._used += 1
                return vectors
        vectors = tuple(self.scratch((count, size), dtype))
        self._arrays[k][key] = vectors
        return vectors

    def free_input(self, x):
        """The memory of the input x of a layer, for the gradient of x, if nobody else needs it; otherwise None.

        A layer that `reuses_input` asks once, before its product: the layers inside other layers may not.
        """
        is_free, self.input_is_free = self.input_is_free, False
        return x if is_free and x.flags.c_contiguous else None

    def in_turns(self, items):
        """Yield items, where the scratch memory that was asked for since an item is free for the next one.

        A layer that is called in turns, for some rows at a time, may not rely on the contents of scratch memory in its
        backward pass: other rows have been there since its forward pass. It may read its arguments, and what was asked
        for before the loop, and computes the rest again. `MaxPool.write` and the products of a `Convolution` do so.
        Activations, noise and normalization do not: they keep slopes, factors or inputs in scratch memory.
        """
        first = self._used
        for item in items:
            self._used = first
            yield item

    def _fit_scratch(self, k, shape, dtype):
        """The k-th array with a new shape: in the same memory, if that is large enough."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if k == len(self._arrays):
            self._arrays.append({})
            self._memory.append(aligned_empty(size, np.uint8))
        elif self._memory[k].size < size:
            self._memory[k] = aligned_empty(size, np.uint8)
            self._arrays[k].clear()
        elif len(self._arrays[k]) == _SHAPES:
            self._arrays[k].clear()
        array = self._arrays[k][shape, dtype] = self._memory[k][:size].view(dtype).reshape(shape)
        return array
