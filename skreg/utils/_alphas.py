"""Grids of penalty strengths, and the one-standard-error rule that chooses from them."""

import numpy as np

# The L1 ratio that replaces 0 when a grid of alphas is computed: without an L1 part no finite alpha sets all
# coefficients to zero (glmnet does the same).
MIN_GRID_L1_RATIO = 1e-3


def alpha_grid(top, n_alphas, eps):
    """Decreasing geometric grid from `top` to ``eps * top``; where `top` is 0, any strength has the same solution."""
    top = top if top > 0.0 else np.finfo(float).resolution
    return np.geomspace(top, eps * top, n_alphas) if n_alphas > 1 else np.array([top])


def one_standard_error(scores, best):
    """Index of the largest alpha whose mean score is within one standard error of that of row `best`.

    Alphas decrease along the rows of `scores`, of shape (n_alphas, n_folds), so the choice is never less regularized
    than `best` (Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, 2nd ed., section 7.10).
    """
    mean = scores.mean(axis=1)
    folds = scores.shape[1]
    error = scores[best].std(ddof=1) / np.sqrt(folds) if folds > 1 else 0.0
    return int(np.flatnonzero(mean[: best + 1] >= mean[best] - error)[0])
