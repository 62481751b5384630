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
from .signals import SignalProduct
from .winograd import WinogradProduct

_TILE = 1 << 18  # numbers in the windows that are copied at a time
_FEW_CHANNELS = 4  # with at most so many, windows are copied to columns


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
def copy_with_zeros(image, before, out):
    """Copy an image (height, width * channels) into a larger one, behind `before` rows and numbers of a row."""
    height, length = image.shape
    out[:] = ZERO
    for y in range(height):
        for c in range(length):
            out[before[0] + y, before[1] + c] = image[y, c]


@njit
def gather_windows(x, geometry, padded, out):
    """Copy every window of images x (n, height, width, channels) to a row of `out`.

    `padded` is scratch memory for an image with zeros around it.
    """
    (kernel_y, kernel_x), (stride_y, stride_x), (before_y, before_x), (height, width), (windows_y, windows_x) = geometry
    n, inner_height, inner_width, n_channels = x.shape
    inside = inner_height == height and inner_width == width
    row, step, length = width * n_channels, stride_x * n_channels, kernel_x * n_channels
    target = out.reshape(-1)
    t = 0
    for b in range(n):
        image = x[b].reshape(inner_height, inner_width * n_channels)
        if not inside:
            copy_with_zeros(image, (before_y, before_x * n_channels), padded)
            image = padded
        source = image.reshape(-1)
        for i in range(windows_y):
            for j in range(windows_x):
                s = i * stride_y * row + j * step
                for _ in range(kernel_y):
                    for c in range(length):
                        target[t + c] = source[s + c]
                    t += length
                    s += row


@njit
def gather_columns(x, geometry, padded, out):
    """Copy every window of images x to a column of `out`: `gather_windows`, transposed.

    Rows of windows are short where there are few channels, and loops over them take long.
    """
    (kernel_y, kernel_x), (stride_y, stride_x), (before_y, before_x), (height, width), (windows_y, windows_x) = geometry
    n, inner_height, inner_width, n_channels = x.shape
    inside = inner_height == height and inner_width == width
    step, length = stride_x * n_channels, kernel_x * n_channels
    first = 0
    for b in range(n):
        image = x[b].reshape(inner_height, inner_width * n_channels)
        if not inside:
            copy_with_zeros(image, (before_y, before_x * n_channels), padded)
            image = padded
        for i in range(windows_y):
            for u in range(kernel_y):
                for c in range(length):
                    source, target = image[i * stride_y + u, c:], out[u * length + c, first : first + windows_x]
                    if step == 1:
                        for j in range(windows_x):
                            target[j] = source[j]
                    else:
                        for j in range(windows_x):
                            target[j] = source[j * step]
            first += windows_x


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
        self.per_image = math.prod(geometry.n_windows)
        self.images = max(1, _TILE // (self.per_image * n_inputs))  # whose windows are copied at a time
        self.by_columns = n_inputs <= _FEW_CHANNELS * math.prod(geometry.kernel)

    def __call__(self, x, W, ctx, needs_input_gradient):
        """Products of the weights with the windows of x, (n, height, width, filters), and the backward pass."""
        geometry, per_image = self.geometry, self.per_image
        tiles = [slice(first, min(first + self.images, len(x))) for first in range(0, len(x), self.images)]
        longest = (min(self.images, len(x)) * per_image, len(W))
        windows = ctx.scratch((math.prod(longest),), W.dtype)
        padded = ctx.scratch((geometry.padded[0], geometry.padded[1] * x.shape[-1]), W.dtype)
        out = ctx.scratch((len(x) * per_image, W.shape[1]), W.dtype)

        def gather(tile):
            n = (tile.stop - tile.start) * per_image
            some = windows[: n * len(W)]
            if self.by_columns:
                columns = some.reshape(len(W), n)
                gather_columns(x[tile], geometry, padded, columns)
                return columns.T
            rows = some.reshape(n, len(W))
            gather_windows(x[tile], geometry, padded, rows)
            return rows

        for tile in tiles:
            np.dot(gather(tile), W, out=out[tile.start * per_image : tile.stop * per_image])

        def back(d, G):
            """Write the gradient of the weights to G; returns that of the input, None if it is not needed."""
            rows = d.reshape(out.shape)
            part = ctx.scratch(W.shape, W.dtype)
            G[:] = 0.0
            dx = d_windows = None
            if needs_input_gradient:
                dx, d_windows = ctx.scratch(x.shape, W.dtype), ctx.scratch(longest, W.dtype)
            for tile in tiles:
                d_tile = rows[tile.start * per_image : tile.stop * per_image]
                np.add(G, np.dot(gather(tile).T, d_tile, out=part), out=G)
                if needs_input_gradient:
                    some = np.dot(d_tile, W.T, out=d_windows[: len(d_tile)])
                    scatter_windows(some, geometry, padded, dx[tile])
            return dx

        return out.reshape(len(x), *geometry.n_windows, -1), back


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
            self.product = WindowProduct(self.geometry, n_inputs)
        return (*n_windows, self.width)

    def __call__(self, x, ctx):
        W, backs = self.effective(ctx)
        out, back_product = self.product(x, W, ctx, self.needs_input_gradient)

        def back(d):
            dx = None

            def multiply(G):
                nonlocal dx
                dx = back_product(d, G)

            self.add_gradient(ctx, backs, multiply)
            return dx

        return out, back
