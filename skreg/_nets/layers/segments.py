"""Loops over channels in segments: some positions at a time, as one row of numbers.

A loop over the few channels of a position ends before it pays to vectorize it. The numbers of several positions lie one
after another, so that a loop over them is long; what belongs to channels is repeated as often.
"""

import numpy as np

from ..._core._jit import njit
from ..noise import ZERO

SEGMENT = 512  # numbers, if there are not more channels


@njit
def positions_of_segment(n_positions, n_channels):
    """How many positions a segment has."""
    return max(1, min(n_positions, SEGMENT // n_channels))


@njit
def repeated(values, count):
    """An array of numbers of channels, `count` times one after another."""
    out = np.empty(values.size * count, values.dtype)
    for k in range(count):
        for c in range(values.size):
            out[k * values.size + c] = values[c]
    return out


@njit
def add_by_channel(segment, out):
    """Add the numbers of a segment to those of its channels, and set them to 0."""
    for start in range(0, segment.size, out.size):
        for c in range(out.size):
            out[c] += segment[start + c]
            segment[start + c] = ZERO
