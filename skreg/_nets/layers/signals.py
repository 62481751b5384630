"""Convolution along signals without copies of their windows.

A signal (steps, channels) is one row of numbers, in which every k-th window of k steps begins where the one before
ended. So these windows are a matrix already, and all windows are k such matrices, which begin one step apart. Signals
are put one after another with zeros between them; windows over two signals are computed, too, and left out.
"""

import numpy as np

_BLOCK = 1 << 18  # numbers of signals and results that are kept at a time


def multiply(steps, W, out):
    """Write the products of weights W (k * channels, filters) with the windows that begin at each step to `out`.

    `steps` (at least len(out) + k, channels) are those of all signals.
    """
    k = len(W) // steps.shape[1]
    for first in range(k):
        np.matmul(_windows(steps, first, k, len(out)), W, out=out[first::k])


def multiply_transposed(steps, d, part, out):
    """Write the gradient of the weights of `multiply`, from that of its results, to `out`; `part` is scratch memory."""
    k = len(out) // steps.shape[1]
    out[:] = 0.0
    for first in range(k):
        np.add(out, np.matmul(_windows(steps, first, k, len(d)).T, d[first::k], out=part), out=out)


def _windows(steps, first, k, n):
    """Every k-th of n windows as a row of a matrix."""
    count = -(-(n - first) // k)
    return steps[first : first + count * k].reshape(count, -1)


class SignalProduct:
    """Products of weights with the windows of signals, and the products of the backward pass.

    Parameters
    ----------
    geometry : Geometry
    n_channels, n_filters : int
    """

    def __init__(self, geometry, n_channels, n_filters):
        self.n_channels = n_channels
        self.n_filters = n_filters
        self.size = geometry.kernel[1]
        self.before = geometry.before[1]
        self.padded = geometry.padded[1]
        self.n_windows = geometry.n_windows[1]

    @staticmethod
    def suits(geometry):
        """Whether this is possible."""
        return geometry.kernel[0] == geometry.padded[0] == 1 and geometry.stride == (1, 1)

    def __call__(self, x, W, ctx, needs_input_gradient):
        """Products of the weights with the windows of x, (n, 1, steps, filters), and the backward pass."""
        dtype, C, F, k, padded = W.dtype, self.n_channels, self.n_filters, self.size, self.padded
        n, width = len(x), x.shape[2]
        some = max(1, min(_BLOCK // (padded * (C + F)), n))
        steps = ctx.scratch((some * padded + k, C), dtype)
        results = ctx.scratch((some * padded, F), dtype)
        blocks = [slice(first, min(first + some, n)) for first in range(0, n, some)]
        out = ctx.scratch((n, 1, self.n_windows, F), dtype)

        def spread(block):
            """Copy some signals to `steps`, with zeros around them; returns these and the number of all windows."""
            count = block.stop - block.start
            signals = steps[: count * padded].reshape(count, padded, C)
            signals[:, : self.before] = 0.0
            signals[:, self.before : self.before + width] = x[block, 0]
            signals[:, self.before + width :] = 0.0
            steps[count * padded :] = 0.0
            return count * padded

        for block in blocks:
            size = spread(block)
            multiply(steps, W, results[:size])
            out[block, 0] = results[:size].reshape(-1, padded, F)[:, : self.n_windows]

        def back(d, gradient):
            """Write the gradient of the weights to `gradient`; returns that of the input, None if not needed."""
            d = d.reshape(out.shape)
            part, own = ctx.scratch((2, *W.shape), dtype)
            # in reverse order, with zeros before the first step, gradients of results are windows, too
            backwards = ctx.scratch((k * F, C), dtype)
            backwards.reshape(k, F, C)[:] = W.reshape(k, C, F)[::-1].transpose(0, 2, 1)
            d_steps = ctx.scratch((k - 1 + len(results) + k, F), dtype)
            d_steps[: k - 1] = 0.0
            dx = ctx.scratch(x.shape, dtype) if needs_input_gradient else None
            gradient[:] = 0.0
            for block in blocks:
                size = spread(block)
                d_results = d_steps[k - 1 : k - 1 + size]
                signals = d_results.reshape(-1, padded, F)
                signals[:, : self.n_windows] = d[block, 0]
                signals[:, self.n_windows :] = 0.0
                d_steps[k - 1 + size :] = 0.0
                multiply_transposed(steps, d_results, part, own)
                np.add(gradient, own, out=gradient)
                if dx is not None:
                    multiply(d_steps, backwards, steps[:size])
                    signals = steps[:size].reshape(-1, padded, C)
                    dx[block, 0] = signals[:, self.before : self.before + width]
            return dx

        return out, back
