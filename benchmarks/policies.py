"""Policies of augmentation, fixed and searched, on Fashion-MNIST with few labels and with all."""

import statistics
import time
from functools import lru_cache

import numpy as np
from sklearn.model_selection import train_test_split

from skreg import AugmentationSearchCV, DropoutCNNClassifier
from skreg.augmentation import Compose, Flip, RandAugment, RandomCrop, RandomErasing, Rotate, Shift, TrivialAugment

from . import vision

NOTE = """\
Policies: errors on the 10,000 test images of Fashion-MNIST of a small `DropoutCNNClassifier`, {net}. All models of one
table train for the same number of epochs, and the net augments every batch. "Searched" is the augmenter that
`AugmentationSearchCV` chose on the training rows (with all labels on 1,000 of them); CPU seconds include the search.
"Better by" is the mean paired difference to "none" over the seeds, which draw other training rows, with its standard
error. Epochs and seeds are few, so that the run takes minutes: errors are far from the best of such nets, and with one
seed there is no standard error.
"""
NET = dict(
    channels=(8, 16), kernel_size=3, pool_size=2, hidden_layer_sizes=(64,), normalization="batch", dropout=0.3,
    schedule="cosine", warmup=0.05, learning_rate=0.003, early_stopping=False,
)  # fmt: skip
NOTE = NOTE.format(net=", ".join(f"{key}={value}" for key, value in NET.items()))
# Training rows (None for all), seeds, epochs, rows of a batch, folds of the search.
TASKS = {
    "Fashion 100 labels": (100, 2, 30, 32, 5),
    "Fashion 1000 labels": (1000, 1, 8, 32, 5),
    "Fashion all labels": (None, 1, 2, 128, 5),
}
POLICIES = {
    "none": None,
    "shifts and flips": Compose([Flip(0.5), RandomCrop(2)]),
    "RandAugment": RandAugment(),
    "TrivialAugment": TrivialAugment(),
}
CANDIDATES = {
    "flips": Flip(0.5),
    "shifts": Shift(3.0),
    "rotations": Rotate(15.0),
    "erasing": RandomErasing(0.5),
    "TrivialAugment": TrivialAugment(),
}


def some_rows(data, n, seed):
    """Training rows of a seed, of all classes alike."""
    rows = np.arange(len(data.y))
    return rows if n is None else train_test_split(rows, train_size=n, stratify=data.y, random_state=seed)[0]


def net(task, seed, augmenter=None):
    _, _, epochs, batch_size, _ = TASKS[task]
    return DropoutCNNClassifier(**NET, max_iter=epochs, batch_size=batch_size, augmenter=augmenter, random_state=seed)


@lru_cache
def searched(task, seed):
    """The name of the chosen augmenter, the augmenter, and the CPU seconds of the search."""
    data = vision.fashion()
    n, _, _, _, cv = TASKS[task]
    rows = some_rows(data, n, seed)
    start = time.process_time()
    search = AugmentationSearchCV(
        net(task, seed), CANDIDATES, strengths=[1.0], n_copies=2, factor=5, cv=cv, random_state=seed
    ).fit(data.X[rows], data.y[rows])
    return search.best_name_, search.best_augmenter_, time.process_time() - start


def error_of(data, rows, task, seed, augmenter):
    """Test error in percent, and CPU seconds of the fit."""
    start = time.process_time()
    model = net(task, seed, augmenter).fit(data.X[rows], data.y[rows])
    seconds = time.process_time() - start
    return 100.0 * float(np.mean(model.predict(data.X_test) != data.y_test)), seconds


def compare(task, small):
    """A row for each policy; None where the images are not available."""
    data = vision.fashion()
    if data is None:
        print("Fashion-MNIST is not available: set SKREG_FASHION_MNIST")
        return None
    n, seeds, *_ = TASKS[task]
    found, chosen = {name: [] for name in (*POLICIES, "searched")}, []
    for seed in range(2 if small else seeds):
        rows = some_rows(data, 200 if small else n, seed)
        for name, augmenter in POLICIES.items():
            found[name].append(error_of(data, rows, task, seed, augmenter))
        of_search = "Fashion 1000 labels" if n is None else task
        name, augmenter, seconds = searched("Fashion 100 labels" if small else of_search, seed)
        chosen.append(name)
        error, of_fit = error_of(data, rows, task, seed, augmenter)
        found["searched"].append((error, seconds + of_fit))
        print(task, seed, {name: round(own[-1][0], 2) for name, own in found.items()}, chosen, flush=True)
    return [row_of(name, own, found["none"], chosen) for name, own in found.items()]


def row_of(name, own, null, chosen):
    """The entries of one policy, beside those of "none"."""
    errors, seconds = zip(*own, strict=True)
    row = dict(solver=name, error=statistics.mean(errors), cpu=statistics.median(seconds), seeds=len(errors))
    if name != "none":
        gains = [other[0] - error for other, error in zip(null, errors, strict=True)]
        row |= dict(points=statistics.mean(gains))
        if len(gains) > 1:
            row |= dict(points_error=statistics.stdev(gains) / len(gains) ** 0.5)
    if name == "searched":
        row["solver"] += f": {', '.join(chosen)}"
    return row


def about(task):
    n, _, epochs, batch_size, cv = TASKS[task]
    words = f"{n or 'all'} training rows, {epochs} epochs, batches of {batch_size}"
    return f"{words}; candidates of the search: {', '.join(CANDIDATES)}, {cv} folds"
