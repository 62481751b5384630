"""Embeddings of numbers: vectors that are piecewise linear, or periodic, functions of a number."""

import math

import numpy as np

from ..._core._jit import njit
from ..base import Layer, Param
from .tokens import FeatureTokens

TWO_PI = 2.0 * math.pi


@njit
def find_bins(x, edges, n_bins, bins, places):
    """Write the bin of every number of x (rows, columns), and its place between the edges of the bin.

    Numbers outside of all bins are in the first or the last one, with a place below 0 or above 1.
    """
    n, p = x.shape
    for i in range(n):
        for j in range(p):
            low, high = 0, n_bins[j]
            while high - low > 1:
                middle = (low + high) // 2
                if x[i, j] < edges[j, middle]:
                    high = middle
                else:
                    low = middle
            bins[i, j] = low
            places[i, j] = (x[i, j] - edges[j, low]) / (edges[j, low + 1] - edges[j, low])


@njit
def add_piecewise(bins, places, sums, weight, out):
    """Add what the bins before that of a number put out in whole, and its own bin in part, to `out`."""
    n, p = bins.shape
    for i in range(n):
        for j in range(p):
            k, t, target = bins[i, j], places[i, j], out[i, j]
            done, slope = sums[j, k], weight[j, k]
            for c in range(target.size):
                target[c] += done[c] + t * slope[c]


@njit
def piecewise_backward(bins, places, d, whole, grad):
    """Add the gradients of the bins' own outputs to `grad`, and those of all bins before to `whole`."""
    n, p = bins.shape
    for i in range(n):
        for j in range(p):
            k, t, given = bins[i, j], places[i, j], d[i, j]
            before, own = whole[j, k], grad[j, k]
            for c in range(given.size):
                before[c] += given[c]
                own[c] += t * given[c]


def _add_bins_after(whole, grad):
    """Add to the gradient of every bin but the last what the bins after it have in whole."""
    grad[:, :-1] += np.cumsum(whole[:, :0:-1], axis=1)[:, ::-1]


class PiecewiseNumbers(Layer):
    """Vectors that are linear in a number within every bin: (rows, columns) to (rows, columns, width).

    A linear function plus one that is linear within bins and 0 at first (Gorishniy et al. 2022, section 3.2; in the
    form of Gorishniy et al. 2025). Its cost does not depend on the number of bins, of which a number touches one: what
    the bins before it add up to is computed once a batch.

    Parameters
    ----------
    edges : list of ndarray
        For every column, the increasing ends of its bins, at least two.
    width : int
    group : str
        The group whose penalty strengths apply.
    """

    replayable = True

    def __init__(self, edges, width, group="embedding"):
        self.n_bins = np.array([len(own) - 1 for own in edges])
        self.edges = np.zeros((len(edges), self.n_bins.max() + 1))
        for j, own in enumerate(edges):
            self.edges[j, : len(own)] = own
        self.width = width
        self.group = group
        self.linear = FeatureTokens(width, group)

    def build(self, shape, rng, dtype):
        self.weight = Param(np.zeros((shape[0], self.n_bins.max(), self.width), dtype), self.group)
        return self.linear.build(shape, rng, dtype)

    def trace(self, trainable):
        super().trace(trainable)
        self.linear.trace(trainable)
        return True

    def __call__(self, x, ctx):
        W = self.weight.value
        bins, places = ctx.scratch(x.shape, np.int64), ctx.scratch(x.shape, x.dtype)
        ctx.do(find_bins, x, self.edges, self.n_bins, bins, places)
        sums = ctx.scratch(W.shape, W.dtype)
        ctx.do(sums[:, 0].fill, 0.0)
        ctx.do(np.cumsum, W[:, :-1], 1, None, sums[:, 1:])
        out, back_linear = self.linear(x, ctx)
        ctx.do(add_piecewise, bins, places, sums, W, out)

        def back(d):
            whole, grad = ctx.scratch(W.shape, W.dtype), ctx.grad(self.weight)
            ctx.do(whole.fill, 0.0)
            ctx.do(piecewise_backward, bins, places, d, whole, grad)
            ctx.do(_add_bins_after, whole, grad)
            dx = back_linear(d)
            if dx is not None:
                ctx.do(self._add_slopes, d, bins, dx)
            return dx

        return out, back

    def _add_slopes(self, d, bins, dx):
        """Add the gradient by the numbers, of what their bins put out."""
        columns = np.arange(bins.shape[1])
        lengths = self.edges[columns, bins + 1] - self.edges[columns, bins]
        dx += np.einsum("njc,njc->nj", d, self.weight.value[columns, bins]) / lengths.astype(dx.dtype)


class PeriodicNumbers(Layer):
    """Vectors from sines and cosines of a number: (rows, columns) to (rows, columns, width).

    The frequencies are trained; a linear layer and ReLU follow, of each column its own ("PLR" of Gorishniy et al. 2022,
    section 3.3).

    Parameters
    ----------
    n_frequencies : int
    width : int
    deviation : float
        Standard deviation of the initial frequencies.
    group : str
        The group whose penalty strengths apply to the linear layers.
    """

    def __init__(self, n_frequencies, width, deviation, group="embedding"):
        self.n_frequencies = n_frequencies
        self.width = width
        self.deviation = deviation
        self.group = group

    def build(self, shape, rng, dtype):
        p, k = shape[0], self.n_frequencies
        bound = 1.0 / math.sqrt(2 * k)
        self.frequency = Param((self.deviation * rng.standard_normal((p, k))).astype(dtype))
        self.weight = Param(rng.uniform(-bound, bound, (p, 2 * k, self.width)).astype(dtype), self.group)
        self.bias = Param(rng.uniform(-bound, bound, (p, self.width)).astype(dtype))
        self.n_products = p * 2 * k * self.width
        self.size = p * 2 * (k + self.width)
        return p, self.width

    def __call__(self, x, ctx):
        n, p = x.shape
        k, two_pi = self.n_frequencies, x.dtype.type(TWO_PI)
        F, W = self.frequency.value, self.weight.value
        waves, inner = ctx.scratch((p, n, 2 * k), x.dtype), ctx.scratch((p, n, self.width), x.dtype)
        angles = np.multiply(x.T[:, :, None], (two_pi * F)[:, None], out=waves[:, :, k:])
        np.sin(angles, out=waves[:, :, :k])
        np.cos(angles, out=waves[:, :, k:])
        np.matmul(waves, W, out=inner)
        inner += self.bias.value[:, None]
        np.maximum(inner, 0.0, out=inner)
        out = ctx.scratch((n, p, self.width), x.dtype)
        out[:] = inner.transpose(1, 0, 2)

        def back(d):
            own = ctx.scratch((p, n, self.width), x.dtype)
            np.multiply(d.transpose(1, 0, 2), inner > 0.0, out=own)
            for param, found in ((self.weight, np.matmul(waves.transpose(0, 2, 1), own)), (self.bias, own.sum(axis=1))):
                grad = ctx.grad(param)
                grad += found
            back_waves = np.matmul(own, W.transpose(0, 2, 1))
            slopes = two_pi * (back_waves[:, :, :k] * waves[:, :, k:] - back_waves[:, :, k:] * waves[:, :, :k])
            grad = ctx.grad(self.frequency)
            grad += np.einsum("pnk,np->pk", slopes, x)
            return np.einsum("pnk,pk->np", slopes, F) if self.needs_input_gradient else None

        return out, back
