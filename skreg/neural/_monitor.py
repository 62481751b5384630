"""What is watched while a net trains, and what ends the training."""

import math

import numpy as np

from .._nets.training import Diverged, mean_loss, refresh_statistics


class Watched:
    """Rows whose loss, or score, is taken without noise after every epoch.

    Parameters
    ----------
    problem : Problem
    targets : Targets
        Without smoothing.
    weights : ndarray of shape (n,)
    rows : ndarray of int, default=None
        All that have weight.
    """

    def __init__(self, problem, targets, weights, rows=None):
        self.problem, self.targets, self.weights = problem, targets, weights
        self.rows = np.flatnonzero(weights > 0.0) if rows is None else rows

    def badness(self, estimator, net, scorer):
        """The mean loss, or minus the score."""
        X, y = self.problem.X, self.problem.y
        if scorer is None:
            return mean_loss(net, estimator._plain_objective(), X, self.targets, self.weights, self.rows)
        weighted = {} if self.problem.sample_weight is None else {"sample_weight": self.weights[self.rows]}
        return -float(scorer(estimator, X[self.rows], y[self.rows], **weighted))


class History:
    """Keeps the curves of the estimator, the best and the last good parameters, and says when no more is gained.

    Parameters
    ----------
    estimator : BaseDropoutMLP
        Able to predict with the net while it trains.
    net : Net
    batches : Batches
    average : Average or None
        Whose mean is watched, and used in the end, in place of the parameters.
    own, validation : Watched or None
        Training and validation rows, as many of either where there are.
    """

    def __init__(self, estimator, net, batches, average, own, validation):
        self.estimator, self.net, self.batches, self.average = estimator, net, batches, average
        self.own, self.validation, self.scorer = own, validation, estimator._scorer()
        self.epochs, self.last, self.best = 0, net.snapshot(), None
        self.best_iter, self.lowest, self.since = 0, math.inf, 0
        if validation is not None and estimator.validation_curve_ is None:
            estimator.validation_curve_, estimator.gap_curve_ = [], []

    @property
    def best_score(self):
        """The lowest loss, or the highest score."""
        return self.lowest if self.scorer is None else -self.lowest

    def record(self, loss):
        """Note an epoch; whether to stop."""
        estimator = self.estimator
        estimator.loss_curve_.append(loss)
        self.last = self.net.snapshot()
        stop = self.validation is not None and self._validate()
        self.epochs += 1
        if estimator.verbose:
            seen = f", validation {estimator.validation_curve_[-1]:.5g}" if self.validation is not None else ""
            print(f"{type(estimator).__name__}: epoch {len(estimator.loss_curve_)}, loss {loss:.5g}{seen}")
        return stop

    def _validate(self):
        estimator = self.estimator
        self._settle()
        bad, own = (watched.badness(estimator, self.net, self.scorer) for watched in (self.validation, self.own))
        if self.scorer is None and not math.isfinite(bad):
            raise Diverged
        if math.isnan(bad):
            raise ValueError(f"monitor={estimator.monitor!r} is NaN after epoch {self.epochs + 1}.")
        estimator.validation_curve_.append(bad if self.scorer is None else -bad)
        estimator.gap_curve_.append(bad - own)
        if bad < self.lowest - estimator.min_delta:
            self.lowest, self.best_iter, self.since = bad, len(estimator.validation_curve_) - 1, 0
            if estimator.early_stopping:
                self.best = self.net.snapshot()
        else:
            self.since += 1
        self.net.restore(self.last)
        patience = estimator.n_iter_no_change
        return estimator.early_stopping and patience is not None and self.since >= patience

    def _settle(self):
        """Put the averaged parameters in the net."""
        if self.average is not None and self.average.updates:
            self.net.theta[:] = self.average.mean
            refresh_statistics(self.net, self.batches.X, self.batches.rows)

    def finish(self):
        """Leave in the net what to predict with."""
        if self.best is not None:
            self.net.restore(self.best)
        else:
            self.net.restore(self.last)
            self._settle()


def validation_rows(rows, fraction, codes, rng):
    """Split rows at random into those to train on and those to watch, of every class (in `codes`) its share.

    They are taken at even distances from an order that is random in each class. A class of one row is trained on.
    """
    order = rng.permutation(rows.size)
    lonely = np.zeros(rows.size, dtype=bool)
    if codes is not None:
        own = codes[rows]
        order = order[np.argsort(own[order], kind="stable")]
        lonely = (np.bincount(own) == 1)[own]
    n = max(1, round(fraction * rows.size))
    held = np.zeros(rows.size, dtype=bool)
    held[order[np.floor((np.arange(n) + rng.random()) * (rows.size / n)).astype(int)]] = True
    held &= ~lonely
    if held.all() or not held.any():
        raise ValueError(
            f"validation_fraction={fraction} of n_samples={rows.size} distinct rows leaves none to"
            f" {'train' if held.all() else 'validate'} on."
        )
    return rows[~held], rows[held]
