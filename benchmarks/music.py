"""Folk tunes of the Nottingham collection: how probable a recurrent net finds the notes of the next step."""

import os
from typing import NamedTuple

import numpy as np

STEPS = 128  # tunes are cut into training sequences of this many steps
FEWEST = 2  # a combination of notes is a class of its own if training has it so often
OTHER = -1  # the class of all other combinations
BLOCK = 10  # tunes that are predicted at a time


class Tunes(NamedTuple):
    """Three lists of tunes, arrays (steps, 88) of which keys sound."""

    train: list
    validation: list
    test: list


def load():
    """The tunes, split as by Boulanger-Lewandowski et al. (2012); None where they are not available."""
    path = os.environ.get("SKREG_NOTTINGHAM")
    if not path:
        return None
    from scipy.io import loadmat

    found = loadmat(path)
    return Tunes(*(list(found[f"{part}data"][0]) for part in ("train", "valid", "test")))


class Chords:
    """Combinations of notes as classes, and the probabilities of combinations from those of classes.

    The rare ones are one class; within it, notes are independent, with their frequencies among these.

    Parameters
    ----------
    tunes : list of ndarray of shape (steps, 88)
    """

    def __init__(self, tunes):
        steps = np.concatenate(tunes)
        found, counts = np.unique(steps, axis=0, return_counts=True)
        self.codes = {chord.tobytes(): code for code, chord in enumerate(found[counts >= FEWEST])}
        rare = found[counts < FEWEST]
        self.frequencies = (rare.sum(axis=0) + 0.5) / (len(rare) + 1.0)

    def classes(self, tune):
        return np.array([self.codes.get(chord.tobytes(), OTHER) for chord in tune])

    def log_likelihoods(self, p, classes, tune):
        """Logarithms of the probabilities of the steps of a tune.

        p (steps, classes) are those of the sorted `classes`.
        """
        own = self.classes(tune)
        column = np.minimum(np.searchsorted(classes, own), len(classes) - 1)
        column = np.where(classes[column] == own, column, np.searchsorted(classes, OTHER))
        q = self.frequencies
        notes = np.where(tune > 0, np.log(q), np.log1p(-q)).sum(axis=1)
        return np.log(p[np.arange(len(tune)), column]) + np.where(classes[column] == OTHER, notes, 0.0)


def pieces(tunes):
    """Tunes cut into sequences of at most `STEPS` steps and the one that follows the last."""
    return [tune[first : first + STEPS + 1] for tune in tunes for first in range(0, len(tune) - 1, STEPS)]


def negative_log_likelihood(tunes, net):
    """Mean over all steps of the test tunes, of which every step but the first is predicted from those before it."""
    chords = Chords([tune[1:] for tune in tunes.train])
    train, validation = pieces(tunes.train), pieces(tunes.validation)
    inputs, targets, held_out, held_targets = (
        [one[part].astype(np.float32) if what is None else what(one[part]) for one in some]
        for some in (train, validation)
        for part, what in ((slice(-1), None), (slice(1, None), chords.classes))
    )
    net.fit(inputs, targets, X_val=held_out, y_val=held_targets)
    total = count = 0
    for first in range(0, len(tunes.test), BLOCK):
        some = tunes.test[first : first + BLOCK]
        for tune, p in zip(some, net.predict_proba([one[:-1].astype(np.float32) for one in some]), strict=True):
            found = chords.log_likelihoods(p[: len(tune) - 1], net.classes_, tune[1:])
            total, count = total - found.sum(), count + found.size
    return total / count
