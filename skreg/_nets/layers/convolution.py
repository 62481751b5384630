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

_TILE = 1 << 18  # numbers in the windows that are copied at a time


class Geometry(NamedTuple):
    """Windows of an image: size and step of a window, rows and columns of zeros before the image, and their number."""

    kernel: tuple
    stride: tuple
    before: tuple
    n_windows: tuple


@njit
def gather_windows(x, geometry, out):
    """Copy every window of images x (n, height, width, channels) to a row of `out`; zeros where it leaves the image."""
    (kernel_y, kernel_x), (stride_y, stride_x), (before_y, before_x), (windows_y, windows_x) = geometry
    n, height, width, n_channels = x.shape
    length = kernel_x * n_channels
    r = 0
    for b in range(n):
        image = x[b].reshape(height, width * n_channels)
        for i in range(windows_y):
            for j in range(windows_x):
                left = j * stride_x - before_x
                skipped = max(-left, 0) * n_channels
                end = min(width - left, kernel_x) * n_channels
                start = left * n_channels
                for u in range(kernel_y):
                    y = i * stride_y + u - before_y
                    target = out[r, u * length : (u + 1) * length]
                    if y < 0 or y >= height:
                        target[:] = ZERO
                        continue
                    for c in range(skipped):
                        target[c] = ZERO
                    for c in range(end, length):
                        target[c] = ZERO
                    source = image[y, start + skipped : start + end]
                    target = target[skipped:end]
                    for c in range(target.size):
                        target[c] = source[c]
                r += 1


@njit
def scatter_windows(windows, geometry, out):
    """Add every window to its place in images `out`: the transpose of `gather_windows`."""
    (kernel_y, kernel_x), (stride_y, stride_x), (before_y, before_x), (windows_y, windows_x) = geometry
    n, height, width, n_channels = out.shape
    length = kernel_x * n_channels
    r = 0
    for b in range(n):
        image = out[b].reshape(height, width * n_channels)
        for i in range(windows_y):
            for j in range(windows_x):
                left = j * stride_x - before_x
                skipped = max(-left, 0) * n_channels
                end = min(width - left, kernel_x) * n_channels
                start = left * n_channels
                for u in range(kernel_y):
                    y = i * stride_y + u - before_y
                    if 0 <= y < height:
                        source = windows[r, u * length + skipped : u * length + end]
                        target = image[y, start + skipped : start + end]
                        for c in range(target.size):
                            target[c] += source[c]
                r += 1


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
        before, n_windows = [], []
        for side, size, step in zip((height, width), self.kernel, self.stride, strict=True):
            if self.padding == "same":  # as TensorFlow's: the output has ceil(side / step) windows
                count = -(-side // step)
                before.append(max((count - 1) * step + size - side, 0) // 2)
            else:
                count = (side - size) // step + 1
                before.append(0)
            if count < 1:
                raise ValueError(f"a kernel of {self.kernel} is larger than its input of {(height, width)}.")
            n_windows.append(count)
        self.geometry = Geometry(self.kernel, self.stride, tuple(before), tuple(n_windows))
        n_inputs = math.prod(self.kernel) * n_channels
        self.build_weights(n_inputs, rng, dtype)
        self.n_products = math.prod(n_windows) * n_inputs * self.width
        return (*n_windows, self.width)

    def _tiles(self, n):
        """Slices of a few images, and the number of windows of an image."""
        per_image = math.prod(self.geometry.n_windows)
        step = max(1, _TILE // (per_image * len(self.weight.value)))
        return [slice(first, min(first + step, n)) for first in range(0, n, step)], per_image

    def __call__(self, x, ctx):
        W, add_gradient = self.effective(ctx)
        tiles, per_image = self._tiles(len(x))
        longest = (tiles[0].stop * per_image, len(W))
        windows = ctx.scratch(longest, W.dtype)
        out = ctx.scratch((len(x) * per_image, self.width), W.dtype)

        def gather(tile):
            some = windows[: (tile.stop - tile.start) * per_image]
            gather_windows(x[tile], self.geometry, some)
            return some

        for tile in tiles:
            np.dot(gather(tile), W, out=out[tile.start * per_image : tile.stop * per_image])

        def back(d):
            rows = d.reshape(-1, self.width)
            G, part = ctx.scratch((2, *W.shape), W.dtype)
            G[:] = 0.0
            before = d_windows = None
            if self.needs_input_gradient:
                before = ctx.scratch(x.shape, W.dtype)
                before[:] = 0.0
                d_windows = ctx.scratch(longest, W.dtype)
            for tile in tiles:
                d_tile = rows[tile.start * per_image : tile.stop * per_image]
                G += np.dot(gather(tile).T, d_tile, out=part)
                if before is not None:
                    some = np.dot(d_tile, W.T, out=d_windows[: len(d_tile)])
                    scatter_windows(some, self.geometry, before[tile])
            add_gradient(G)
            return before

        return out.reshape(len(x), *self.geometry.n_windows, self.width), back
