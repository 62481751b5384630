"""Weights of SLOPE, the sorted L1 penalty."""

import numpy as np
from scipy.special import ndtri

from ..utils._validation import as_numbers


def read_slope_weights(slope_weights, fdr, p):
    """Weights (p,) of the magnitudes in decreasing order, by name or as given."""
    if isinstance(slope_weights, str):
        rank = np.arange(1, p + 1)
        return -ndtri(0.5 * fdr * rank / p) if slope_weights == "bh" else (p + 1.0 - rank) / p
    weights = as_numbers(slope_weights, "slope_weights").astype(np.float64)
    if weights.shape != (p,):
        raise ValueError(f"slope_weights must have shape ({p},), one for every feature of X; got {weights.shape}.")
    bad = np.flatnonzero(~np.isfinite(weights) | (weights < 0.0))
    if bad.size:
        raise ValueError(f"slope_weights must be finite and not negative; got {weights[bad[0]]} at {bad[0]}.")
    rises = np.flatnonzero(np.diff(weights) > 0.0)
    if rises.size:
        i = rises[0]
        raise ValueError(f"slope_weights must not increase; got {weights[i]} and then {weights[i + 1]} at {i + 1}.")
    if weights[0] == 0.0:
        raise ValueError("slope_weights must not all be 0; use alpha=0 for no penalty.")
    return weights
