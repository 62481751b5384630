"""Sequences: spoken vowels and sets of the UCR archive, MNIST-1D, questions of TREC, and simulated ones."""

import os
from pathlib import Path

import numpy as np

from .vision import UCR, Data, mnist1d, ucr


def standardized(X, X_test):
    """Lists of sequences (steps, channels) whose channels have mean 0 and variance 1 over all training steps."""
    steps = np.concatenate(X)
    mean, deviation = steps.mean(axis=0), steps.std(axis=0)
    return [[(one - mean) / deviation for one in part] for part in (X, X_test)]


def read_sequences(path):
    """Sequences (steps, channels) of unequal length, and the names of their classes, in the format of the archive."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    rows = [line.split(":") for line in lines if line and line[0] not in "#@"]
    X = [np.array([channel.split(",") for channel in row[:-1]], dtype=np.float32).T for row in rows]
    return X, np.array([row[-1] for row in rows])


def vowels():
    """Two Japanese vowels, spoken by nine men: 12 channels, 7 to 29 steps."""
    folder = os.environ.get("SKREG_UCR")
    files = [sorted(Path(folder).rglob(f"JapaneseVowels_{part}.ts")) for part in ("TRAIN", "TEST")] if folder else [[]]
    if not all(files):
        return None
    (X, y), (X_test, y_test) = (read_sequences(found[0]) for found in files)
    X, X_test = standardized(X, X_test)
    return Data(X, y, X_test, y_test)


def trec():
    """Questions and what they ask for, in six classes."""
    folder = os.environ.get("SKREG_TREC")
    if not folder:
        return None
    found = []
    for part in ("train", "test"):
        lines = (Path(folder) / f"TREC.{part}.all").read_text(encoding="latin-1").splitlines()
        rows = [line.split(" ", 1) for line in lines]
        found += [[text for _, text in rows], np.array([label for label, _ in rows])]
    return Data(*found)


def simulated(n, steps, channels):
    """Noise whose class is the sign of the sum of every seventh step."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, steps, channels)).astype(np.float32)
    return X, (X[:, ::7].sum(axis=(1, 2)) > 0.0).astype(np.int64)


def tokens(n, steps, vocabulary):
    """Random tokens whose class is whether the smaller half of them is larger."""
    X = np.random.default_rng(0).integers(0, vocabulary, (n, steps))
    return X, (np.less(X, vocabulary // 2).mean(axis=1) > 0.5).astype(np.int64)


def load(name):
    """The data; None where they are not available."""
    if name in UCR:
        return ucr(name)
    return {"MNIST-1D": mnist1d, "JapaneseVowels": vowels, "TREC": trec}[name]()
