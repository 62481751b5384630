"""Targets, scores and the log loss of classes, shared by everything that predicts probabilities."""

import numpy as np


def smoothed_targets(codes, n_classes, label_smoothing):
    """Targets of the scores of a softmax.

    Parameters
    ----------
    codes : ndarray of int of shape (n,)
        Indices into the classes.
    n_classes : int
    label_smoothing : float
        Share of every label that is spread evenly over all classes.

    Returns
    -------
    T : ndarray of shape (K, n)
        Of two classes one row, for the second class; else one row for each class.
    """
    off = label_smoothing / n_classes
    if n_classes == 2:
        return np.where(codes == 1, 1.0 - off, off)[None]
    T = np.full((n_classes, codes.size), off)
    T[codes, np.arange(codes.size)] = 1.0 - label_smoothing + off
    return T


def scores_of_all(scores):
    """Scores of all classes (n, n_classes), from scores (n, K) where K is 1 for two classes: the first class has 0."""
    return np.column_stack([np.zeros_like(scores), scores]) if scores.shape[1] == 1 else scores


def log_loss(codes, log_p, weights=None):
    """Weighted mean of minus the log probability of the class of every row.

    scikit-learn's `log_loss` takes probabilities and cuts them off near 0; this one takes logarithms as they are.

    Parameters
    ----------
    codes : ndarray of int of shape (n,)
        Indices of the classes.
    log_p : ndarray of shape (n, n_classes)
    weights : ndarray of shape (n,), default=None
    """
    own = np.take_along_axis(log_p, codes[:, None], axis=1)[:, 0]
    return -float(np.average(own, weights=weights))
