"""Strength schedules: a factor of noise and weight decay that changes while a net trains."""

import math

_CURRICULUM = 10.0  # of the strength, all but exp(-10) is reached in the end (Morerio et al. 2017, section 3)
GAP_BOUNDS = 0.1, 1.5  # of the strength that follows the gap
_GAP_STEP = 1.1  # factor of the strength after an epoch
_LARGE_GAP = 0.1  # of the validation loss
_HIGH_LOSS = 1.05  # of the lowest loss so far


def constant(share):
    return 1.0


def curriculum(share):
    """From 0 to 1, fast at first (Morerio et al. 2017, eq. 3)."""
    return 1.0 - math.exp(-_CURRICULUM * share)


def annealed(share):
    """From 1 to 0, by the same difference at every step (Rennie, Goel & Thomas 2014)."""
    return 1.0 - share


BY_PROGRESS = {"constant": constant, "curriculum": curriculum, "annealed": annealed}
STRENGTHS = *BY_PROGRESS, "gap"


class StrengthSchedule:
    """The strength at every step of a training.

    Parameters
    ----------
    schedule : str
        One of `STRENGTHS`.

    Attributes
    ----------
    now : float
    """

    def __init__(self, schedule):
        self.follows_gap = schedule == "gap"
        self._of_progress = BY_PROGRESS.get(schedule)
        self._last_gap = 0.0
        self._lowest = math.inf, math.inf
        self.now = 1.0 if self.follows_gap else self._of_progress(0.0)

    def advance(self, share):
        """After a step: `share` of the training is done."""
        if not self.follows_gap:
            self.now = self._of_progress(share)

    def follow(self, train_loss, validation_loss):
        """After an epoch: more strength where the gap is large and growing.

        Less where the gap is small, or both losses are higher than they were. The losses are without noise, so that the
        strength itself does not change them.
        """
        gap = validation_loss - train_loss
        both, (low, high) = (train_loss, validation_loss), GAP_BOUNDS
        self._lowest = tuple(map(min, both, self._lowest))
        are_high = all(loss > _HIGH_LOSS * abs(best) for loss, best in zip(both, self._lowest, strict=True))
        if are_high or gap <= _LARGE_GAP * abs(validation_loss):
            self.now = max(self.now / _GAP_STEP, low)
        elif gap > self._last_gap:
            self.now = min(self.now * _GAP_STEP, high)
        self._last_gap = gap
