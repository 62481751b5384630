"""Convolution: the product of the same weights with every window of an image or a signal.

A window is a row of numbers, so the product of all windows with the weights is one product of matrices ("im2col"). The
windows of a few images at a time are copied, so that they stay in the cache of the processor; the backward pass copies
them again instead of keeping them.
"""

import math
from typing import NamedTuple

import numpy as np

from ..._core._jit import njit
from ..noise import ZERO
from .dense import Weighted
from .direct import add_weight_gradient, multiply_windows, with_zeros
from .signals import SignalProduct
from .winograd import WinogradProduct, filled, resized

_TILE = 1 << 18  # numbers in the windows that are copied at a time
_FEW_CHANNELS = 4  # with at most so many, windows are not copied


class Geometry(NamedTuple):
    """Windows of an image.

    `kernel` and `stride` are the size and step of a window, `before` the rows and columns of zeros before the image,
    `padded` the size of the image with its zeros, `n_windows` the number of windows; all are pairs (height, width).
    """

    kernel: tuple
    stride: tuple
    before: tuple
    padded: tuple
    n_windows: tuple


@njit
def gather_windows(x, geometry, padded, out):
    """Copy every window of images x (n, height, width, channels) to a row of `out`.

    `padded` is scratch memory for an image with zeros around it.
    """
    (kernel_y, kernel_x), (stride_y, stride_x), before, (_, width), (windows_y, windows_x) = geometry
    n_channels = x.shape[3]
    row, step, length = width * n_channels, stride_x * n_channels, kernel_x * n_channels
    target = out.reshape(-1)
    t = 0
    for b in range(len(x)):
        source = with_zeros(x[b], before, padded)
        for i in range(windows_y):
            for j in range(windows_x):
                s = i * stride_y * row + j * step
                for _ in range(kernel_y):
                    for c in range(length):
                        target[t + c] = source[s + c]
                    t += length
                    s += row


@njit
def scatter_windows(windows, geometry, padded, out):
    """Write the sum of all windows at their places to images `out`: the transpose of `gather_windows`."""
    (kernel_y, kernel_x), (stride_y, stride_x), (before_y, before_x), (height, width), (windows_y, windows_x) = geometry
    n, inner_height, inner_width, n_channels = out.shape
    inside = inner_height == height and inner_width == width
    row, step, length = width * n_channels, stride_x * n_channels, kernel_x * n_channels
    source = windows.reshape(-1)
    s = 0
    for b in range(n):
        inner = out[b].reshape(inner_height, inner_width * n_channels)
        image = inner if inside else padded
        image[:] = ZERO
        target = image.reshape(-1)
        for i in range(windows_y):
            for j in range(windows_x):
                t = i * stride_y * row + j * step
                for _ in range(kernel_y):
                    for c in range(length):
                        target[t + c] += source[s + c]
                    s += length
                    t += row
        if not inside:
            for y in range(inner_height):
                for c in range(inner_width * n_channels):
                    inner[y, c] = padded[before_y + y, before_x * n_channels + c]


class WindowProduct:
    """Products of weights with the windows of images, and the products of the backward pass.

    Parameters
    ----------
    geometry : Geometry
    n_inputs : int
        Numbers of a window.
    """

    def __init__(self, geometry, n_inputs):
        self.geometry = geometry
        self.n_inputs = n_inputs
        self.per_image = math.prod(geometry.n_windows)
        self.images = max(1, _TILE // (self.per_image * n_inputs))  # whose windows are copied at a time

    def tiles(self, x):
        """Yield some images at a time, and the rows of their windows."""
        for first in range(0, len(x), self.images):
            last = min(first + self.images, len(x))
            yield slice(first, last), slice(first * self.per_image, last * self.per_image)

    def padded(self, x, ctx):
        """Scratch memory for an image with its zeros."""
        return ctx.scratch((self.geometry.padded[0], self.geometry.padded[1] * x.shape[-1]), x.dtype)

    def windows(self, x, ctx):
        """Scratch memory for the windows of some images."""
        return ctx.scratch((min(self.images, len(x)) * self.per_image, self.n_inputs), x.dtype)

    def __call__(self, x, W, ctx, needs_input_gradient):
        """Products of the weights with the windows of x, (n, height, width, filters), and the backward pass."""
        windows, padded = self.windows(x, ctx), self.padded(x, ctx)
        out = ctx.scratch((len(x) * self.per_image, W.shape[1]), W.dtype)

        def gather(images, rows):
            some = windows[: rows.stop - rows.start]
            gather_windows(x[images], self.geometry, padded, some)
            return some

        for images, rows in self.tiles(x):
            np.dot(gather(images, rows), W, out=out[rows])

        def back(d, G):
            """Write the gradient of the weights to G; returns that of the input, None if it is not needed."""
            d, part = d.reshape(out.shape), ctx.scratch(W.shape, W.dtype)
            G[:] = 0.0
            for images, rows in self.tiles(x):
                np.add(G, np.dot(gather(images, rows).T, d[rows], out=part), out=G)
            return self.input_gradient(x, d, W, ctx) if needs_input_gradient else None

        return out.reshape(len(x), *self.geometry.n_windows, -1), back

    def input_gradient(self, x, d, W, ctx):
        """The gradient of the input, from that of the output, (windows, filters)."""
        dx, windows, padded = ctx.scratch(x.shape, W.dtype), self.windows(x, ctx), self.padded(x, ctx)
        for images, rows in self.tiles(x):
            some = np.dot(d[rows], W.T, out=windows[: rows.stop - rows.start])
            scatter_windows(some, self.geometry, padded, dx[images])
        return dx


class DirectProduct(WindowProduct):
    """The same for few channels: windows are multiplied where they are, for sixteen filters at a time."""

    def __call__(self, x, W, ctx, needs_input_gradient):
        F, geometry = W.shape[1], self.geometry
        width, padded = filled(F), self.padded(x, ctx)
        out = ctx.scratch((len(x), *geometry.n_windows, width), W.dtype)
        multiply_windows(x, resized(W, width, ctx), geometry, padded, out)

        def back(d, G):
            """Write the gradient of the weights to G; returns that of the input, None if it is not needed."""
            d = d.reshape(*out.shape[:3], F)
            wide = G if width == F else ctx.scratch((len(W), width), W.dtype)
            wide[:] = 0.0
            add_weight_gradient(x, resized(d, width, ctx), geometry, padded, wide)
            if width > F:
                G[:] = wide[:, :F]
            return self.input_gradient(x, d.reshape(-1, F), W, ctx) if needs_input_gradient else None

        return resized(out, F, ctx), back


class Convolution(Weighted):
    """Product of a matrix of weights (kernel height x kernel width x channels, filters) with every window.

    Biases belong to the layer after it. Signals are images of height 1.

    Parameters
    ----------
    width, group, gain, hooks
        As in `Weighted`: the number of filters, and so on.
    kernel, stride : pair of int
    padding : {"same", "valid"}
        "same" puts zeros around the image, so that with a stride of 1 the output has its size; "valid" has windows
        inside the image only.
    """

    def __init__(self, width, kernel, stride=(1, 1), padding="same", group="weights", gain=1.0, hooks=()):
        super().__init__(width, group, gain, hooks)
        self.kernel = tuple(kernel)
        self.stride = tuple(stride)
        self.padding = padding

    def build(self, shape, rng, dtype):
        height, width, n_channels = shape
        before, padded, n_windows = [], [], []
        for side, size, step in zip((height, width), self.kernel, self.stride, strict=True):
            zeros = 0
            if self.padding == "same":  # as in TensorFlow: there are ceil(side / step) windows
                zeros = max((-(-side // step) - 1) * step + size - side, 0)
            if side + zeros < size:
                raise ValueError(
                    f"a kernel of {self.kernel[0]} x {self.kernel[1]} does not fit in its input of {height} x {width}"
                    " without padding: use padding='same', a smaller kernel_size, or less pooling."
                )
            before.append(zeros // 2)
            padded.append(side + zeros)
            n_windows.append((side + zeros - size) // step + 1)
        self.geometry = Geometry(self.kernel, self.stride, *map(tuple, (before, padded, n_windows)))
        n_inputs = math.prod(self.kernel) * n_channels
        self.build_weights(n_inputs, rng, dtype)
        self.n_products = math.prod(n_windows) * n_inputs * self.width
        if WinogradProduct.suits(self.geometry, n_channels, self.width):
            self.product = WinogradProduct(self.geometry, n_channels, self.width)
        elif SignalProduct.suits(self.geometry) and n_channels > _FEW_CHANNELS:
            self.product = SignalProduct(self.geometry, n_channels, self.width)
        else:
            kind = DirectProduct if n_channels <= _FEW_CHANNELS else WindowProduct
            self.product = kind(self.geometry, n_inputs)
        return (*n_windows, self.width)

    def __call__(self, x, ctx):
        W, backs = self.effective(ctx)
        out, back_product = self.product(x, W, ctx, self.needs_input_gradient)

        def back(d):
            dx = None

            def multiply(G):
                nonlocal dx
                dx = back_product(d, G)

            self.add_gradient(ctx, backs, lambda G: (multiply, G))
            return dx

        return out, back
