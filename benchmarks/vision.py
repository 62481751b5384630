"""Images and signals: MNIST, Fashion-MNIST, MNIST-1D, sets of the UCR archive, and simulated ones."""

import gzip
import os
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.datasets import fetch_openml, load_digits

from .problems import image_rows


class Data(NamedTuple):
    """Images (n, height, width[, channels]) or signals (n, steps[, channels]) and their classes 0, 1, ...

    `X_test` and `y_test` are None where only time is measured.
    """

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray | None = None
    y_test: np.ndarray | None = None


def mnist():
    found = image_rows()
    if found is None:
        return None
    X, y, X_test, y_test = found
    return Data(X.reshape(-1, 28, 28), y, X_test.reshape(-1, 28, 28), y_test)


def read_idx(path):
    """An array in the format of MNIST's files, compressed or not."""
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    n_axes = content[3]
    shape = np.frombuffer(content, ">u4", n_axes, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes).reshape(shape)


def fashion_parts(path):
    """Images and classes of both parts, from a folder with the four original files or from an npz file."""
    if path.is_file():
        with np.load(path) as file:
            names = [f"{kind}_{part}" for part in ("train", "test") for kind in "Xy"]
            return [file[name if name in file else name.lower()] for name in names]
    found = []
    for part in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            files = sorted(path.rglob(f"{part}-{kind}-ubyte*"))
            if not files:
                raise FileNotFoundError(f"{path} has no file {part}-{kind}-ubyte")
            found.append(read_idx(files[0]))
    return found


def fashion():
    if path := os.environ.get("SKREG_FASHION_MNIST"):
        X, y, X_test, y_test = fashion_parts(Path(path))
    else:
        try:
            images, classes = fetch_openml("Fashion-MNIST", version=1, return_X_y=True, as_frame=False)
        except OSError:
            return None
        X, y, X_test, y_test = images[:60000], classes[:60000], images[60000:], classes[60000:]
    X, X_test = (np.reshape(part, (-1, 28, 28)).astype(np.float32) / np.float32(255.0) for part in (X, X_test))
    return Data(X, y.astype(np.int64), X_test, y_test.astype(np.int64))


def mnist1d():
    """Digits drawn as curves of 40 steps, made by the package of their authors (Greydanus & Kobak 2024)."""
    if not find_spec("mnist1d"):
        return None
    from mnist1d.data import get_dataset_args, make_dataset

    found = make_dataset(get_dataset_args())
    X, X_test = (found[name].astype(np.float32) for name in ("x", "x_test"))
    return Data(X, found["y"].astype(np.int64), X_test, found["y_test"].astype(np.int64))


UCR = ("ArrowHead", "GunPoint", "ItalyPowerDemand", "OSULeaf", "ACSF1")


def read_ts(path):
    """Signals of one channel and equal length, and the names of their classes, in the format of the UCR archive."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    rows = [line.rpartition(":") for line in lines if line and line[0] not in "#@"]
    return np.array([row.split(",") for row, *_ in rows], dtype=np.float32), np.array([name for *_, name in rows])


def ucr(name):
    folder = os.environ.get("SKREG_UCR")
    files = [sorted(Path(folder).rglob(f"{name}_{part}.ts")) for part in ("TRAIN", "TEST")] if folder else [[], []]
    if not all(files):
        return None
    (X, classes), (X_test, classes_test) = (read_ts(found[0]) for found in files)
    names, y = np.unique(classes, return_inverse=True)
    return Data(X, y, X_test, np.searchsorted(names, classes_test))


def digits():
    found = load_digits()
    return Data(found.images.astype(np.float32) / np.float32(16.0), found.target.astype(np.int64))


def noise():
    """Random images of ten classes, in the shape of CIFAR."""
    rng = np.random.default_rng(0)
    y = np.arange(4000) % 10
    return Data(rng.standard_normal((4000, 32, 32, 3), np.float32), y)


def signals():
    """Noisy bumps, at ten places, in signals of 500 steps and one channel."""
    rng = np.random.default_rng(0)
    y = np.arange(12_800) % 10
    bumps = np.exp(-((np.arange(500) - (50 * y[:, None] + rng.uniform(0.0, 50.0, (len(y), 1)))) ** 2) / 50.0)
    return Data((bumps + 0.3 * rng.standard_normal(bumps.shape)).astype(np.float32)[..., None], y)


SETS = {
    "MNIST": mnist,
    "Fashion-MNIST": fashion,
    "MNIST-1D": mnist1d,
    "digits": digits,
    "noise": noise,
    "signals": signals,
}


def load(name):
    """The data; None where they are not available."""
    return ucr(name) if name in UCR else SETS[name]()
