"""Losses are functions of one sample and its score; loops sum them over rows."""

from typing import NamedTuple

from ._jit import jitted


@jitted
class Squared(NamedTuple):
    """``scale (z - y)^2 / 2``."""

    scale: float = 1.0  # compiled code cannot take a NamedTuple without fields

    def loss(self, y, z):
        return 0.5 * self.scale * (z - y) ** 2

    def grad(self, y, z):
        return self.scale * (z - y)
