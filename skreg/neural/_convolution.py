"""The family of convolutional nets: what they read, and their layers."""

import math
from numbers import Integral

import numpy as np
import scipy.sparse as sp

from .._nets.architectures.cnn import POOLING, ConvolutionalArchitecture, build_cnn
from ..utils._images import NARROW, check_numbers, is_image_shape, warn_of_axes, warn_of_first_channels
from ..utils._params import ARRAY_LIKE, BELOW_ONE, BOOLEAN, COUNT, NONE, Interval, Options
from ..utils._validation import as_even
from ._base import BaseNet
from ._sequences import check_cells


class ConvolutionalNet(BaseNet):
    """The family of convolutional nets."""

    _parameter_constraints = {
        **BaseNet._parameter_constraints,
        "channels": [COUNT, ARRAY_LIKE],
        "kernel_size": [COUNT, ARRAY_LIKE],
        "stride": [COUNT, ARRAY_LIKE],
        "padding": [Options("same", "valid")],
        "pool_size": [COUNT, ARRAY_LIKE],
        "pooling": [Options(*POOLING)],
        "global_pooling": [BOOLEAN],
        "image_shape": [ARRAY_LIKE, NONE],
        "dims": [Interval(Integral, 1, 2, closed="both"), NONE],
        "spatial_dropout": [BELOW_ONE],
        "drop_block": [BELOW_ONE],
        "block_size": [COUNT],
    }

    def _read_architecture(self):
        channels, hidden = self._counts("channels"), self._counts("hidden_layer_sizes")
        n = len(channels)
        if n == 0:
            raise ValueError(f"channels must hold ints of at least 1; got {self.channels!r}.")
        if self.normalization == "layer" and 1 in (*channels, *hidden):
            raise ValueError(
                "normalization='layer' makes a layer of one unit, or channel, constant; got"
                f" channels={self.channels!r}, hidden_layer_sizes={self.hidden_layer_sizes!r}."
            )
        self._check_shape_parameters()
        return ConvolutionalArchitecture(
            channels,
            self._per_convolution("kernel_size", n),
            self._per_convolution("stride", n),
            self._per_convolution("pool_size", n),
            self.pooling,
            self.padding,
            self.residual,
            self.global_pooling,
            self.spatial_dropout,
            self.drop_block,
            self.block_size,
            self._dense_architecture(hidden, residual=False),
        )

    def _per_convolution(self, name, n):
        """A parameter as n ints of at least 1, one for every convolutional layer."""
        value, sizes = getattr(self, name), self._counts(name)
        if np.ndim(value) == 0:
            return sizes * n
        if len(sizes) != n:
            raise ValueError(
                f"{name} must be an int, or hold {n}, one for every convolutional layer (channels={self.channels!r});"
                f" got {value!r}."
            )
        return sizes

    def _check_shape_parameters(self):
        shape = self.image_shape
        if shape is None:
            return
        if not is_image_shape(shape):
            raise ValueError(
                "image_shape must be (height, width) or (height, width, channels), or (steps, channels) with dims=1;"
                f" got {shape!r}."
            )
        if self.dims == 1 and len(shape) != 2:
            raise ValueError(f"image_shape must be (steps, channels) with dims=1; got {shape!r}.")

    # ---- data

    @property
    def _has_fixed_inputs(self):
        return not self.global_pooling

    def _flat(self, X, reset):
        """X as rows of numbers; `reset` makes it decide the shape of the images."""
        check_cells(X, "images")
        is_table = sp.issparse(X) or hasattr(X, "columns")
        try:
            X = X if is_table else np.asarray(X)
        except ValueError as error:  # NumPy's words are about axes
            for i, image in enumerate(X):
                as_even(image, i)
            shapes = list(map(np.shape, X))
            other = next(i for i, shape in enumerate(shapes) if shape != shapes[0])
            raise ValueError(
                f"X must hold images of one shape; got {shapes[0]} in row 0 and {shapes[other]} in row {other}."
            ) from error
        if not is_table and X.ndim == 0:
            raise ValueError(f"X must hold images, signals or flat rows; got {X.item()!r}.")
        flat = is_table or X.ndim < 3
        if not reset:
            self._check_is_not_one(X)
        if reset:
            self._shape = self._shape_of(X, flat)
        elif not flat and self._shape is None:
            if X.shape[1:] != (self.n_features_in_, 1):
                raise ValueError(
                    f"X has images or signals of shape {X.shape[1:]}, but {type(self).__name__} was fitted to flat rows"
                    f" of {self.n_features_in_} steps: pass X of shape (n, {self.n_features_in_})."
                )
        elif not flat and (found := self._shape_of(X, flat)) != self._shape:
            raise ValueError(
                f"X has images of shape {found}, but {type(self).__name__} was fitted to images of shape {self._shape}:"
                " (height, width, channels), with height 1 for signals."
            )
        return X if flat else X.reshape(len(X), math.prod(X.shape[1:]))

    def _check_is_not_one(self, X):
        """Raise ValueError where X is one image, or one signal, instead of an array of them."""
        if self._shape is None or sp.issparse(X) or X.shape[-1] == self.n_features_in_:
            return
        height, width, n_channels = self._shape
        forms = [self._shape]
        forms += [(height, width)] if n_channels == 1 else []
        forms += [(width, n_channels)] if height == 1 else []
        if X.shape in forms:
            raise ValueError(f"X has shape {X.shape}, which is that of one row: pass X[None].")

    def _shape_of(self, X, flat):
        """Shape (height, width, channels) of the images in X; None for flat rows whose number of columns decides it."""
        if self.image_shape is not None:
            given = tuple(int(side) for side in self.image_shape)
            found = X.shape[1:]
            check_numbers(given, found)
            if not flat and tuple(found) != given and tuple(found) != (*given, 1):
                raise ValueError(f"image_shape={given} is not the shape of the images in X: {tuple(found)}.")
            return (1, *given) if self.dims == 1 else (*given, *[1] * (3 - len(given)))
        if flat:
            if self.dims == 2:
                raise ValueError(f"dims=2 needs images; X has flat rows of {X.shape[-1]} numbers: set image_shape.")
            return None
        sides = X.shape[1:]
        if self.dims == 1 and len(sides) == 2:
            return (1, *sides)
        if self.dims == 1 or len(sides) > 3:
            wanted = "(n, steps, channels) with dims=1" if self.dims == 1 else "(n, height, width[, channels])"
            raise ValueError(f"X must have shape {wanted}; got {X.shape}.")
        warn_of_first_channels(sides)
        if len(sides) == 2 and sides[1] <= NARROW < sides[0] and self.dims is None:
            warn_of_axes(
                f"X of shape {X.shape} is read as {len(X)} images of {sides[0]} x {sides[1]} pixels. Set dims=1 if it"
                f" holds signals of {sides[0]} steps with {sides[1]} channels, or dims=2 if it holds images."
            )
        return (*sides, *[1] * (3 - len(sides)))

    def _row_shape(self):
        height, width, n_channels = self._shape_in()
        if height > 1:
            return height, width, n_channels
        return (width,) if n_channels == 1 else (width, n_channels)

    def _feature(self, k):
        if self._shape is None:
            return super()._feature(k)
        height, _, n_channels = self._shape
        y, x, channel = (int(place) for place in np.unravel_index(k, self._shape))
        place = f"pixel ({y}, {x})" if height > 1 else f"step {x}"
        return place if n_channels == 1 else f"{place}, channel {channel}"

    def _place(self, row, column):
        feature = self._feature(column)
        return feature if self._shape is None else f"row {row}, {feature}"

    def _shape_in(self):
        return (1, self.n_features_in_, 1) if self._shape is None else self._shape

    def _build_net(self, architecture, n_rows, rng, inputs):
        return build_cnn(architecture, self._shape_in(), self._count_outputs(), n_rows, rng)
