"""Policies of augmentation, fixed and searched, on Fashion-MNIST with few labels and with all."""

import statistics
import time
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

from skreg import AugmentationSearchCV, DropoutCNNClassifier
from skreg.augmentation import Compose, Flip, RandAugment, RandomCrop, TrivialAugment

from . import vision

NOTE = """\
Policies: errors on the 10,000 test images of Fashion-MNIST of `DropoutCNNClassifier`, {net}. All models of one table
train for the same number of epochs, and the net augments every batch. "Better by" is the mean paired difference to
"none" over the seeds, which draw other training rows, with its standard error; with one seed there is none. "Searched"
is what `AugmentationSearchCV` chose on the training rows of the first seed (with all labels on 1,000 of them); its CPU
seconds are those of the search. No choice was made on test images. With all labels epochs are few, so that the run
takes minutes: the page of images has the errors of longer training, without and with shifts and flips.
"""
NET = dict(
    kernel_size=3, pool_size=2, hidden_layer_sizes=(64,), normalization="batch", dropout=0.3, schedule="cosine",
    warmup=0.05, learning_rate=0.003, early_stopping=False,
)  # fmt: skip
NOTE = NOTE.format(net=", ".join(f"{key}={value}" for key, value in NET.items()))


class Task(NamedTuple):
    """How many training rows, None for all, and how the nets and the search train."""

    n: int | None
    seeds: int
    epochs: int
    batch_size: int
    channels: tuple
    search_epochs: int
    n_copies: int  # of every row in the last round of the search


TASKS = {
    "Fashion 100 labels": Task(100, 3, 100, 32, (16, 32), 40, 3),
    "Fashion 1000 labels": Task(1000, 2, 60, 32, (16, 32), 20, 1),
    "Fashion all labels": Task(None, 1, 2, 128, (8, 16), 20, 1),
}
POLICIES = {
    "none": None,
    "shifts and flips": Compose([Flip(0.5), RandomCrop(2)]),
    "RandAugment": RandAugment(),
    "TrivialAugment": TrivialAugment(),
}
N_FOLDS = 5  # of the search


def some_rows(data, n, seed):
    """Training rows of a seed, of all classes alike."""
    rows = np.arange(len(data.y))
    return rows if n is None else train_test_split(rows, train_size=n, stratify=data.y, random_state=seed)[0]


def net(task, epochs, seed, augmenter=None):
    options = dict(channels=task.channels, max_iter=epochs, batch_size=task.batch_size, random_state=seed)
    return DropoutCNNClassifier(**NET, **options, augmenter=augmenter)


@lru_cache
def searched(name):
    """The name of the policy that the search chooses, and its CPU seconds."""
    data, task = vision.fashion(), TASKS[name]
    rows = some_rows(data, task.n, 0)
    candidates = {key: policy for key, policy in POLICIES.items() if policy is not None}
    start = time.process_time()
    options = dict(strengths=[1.0], n_copies=task.n_copies, factor=3, cv=N_FOLDS, random_state=0)
    search = AugmentationSearchCV(net(task, task.search_epochs, 0), candidates, **options).fit(
        data.X[rows], data.y[rows]
    )
    return search.best_name_, time.process_time() - start


def error_of(data, rows, task, seed, augmenter):
    """Test error in percent, and CPU seconds of the fit."""
    start = time.process_time()
    model = net(task, task.epochs, seed, augmenter).fit(data.X[rows], data.y[rows])
    seconds = time.process_time() - start
    return 100.0 * float(np.mean(model.predict(data.X_test) != data.y_test)), seconds


def compare(name, small):
    """A row for each policy; None where the images are not available."""
    data, task = vision.fashion(), TASKS[name]
    if data is None:
        print("Fashion-MNIST is not available: set SKREG_FASHION_MNIST")
        return None
    if small:
        task = task._replace(n=200, seeds=2, epochs=1)
    found = {policy: [] for policy in POLICIES}
    for seed in range(task.seeds):
        rows = some_rows(data, task.n, seed)
        for policy, augmenter in POLICIES.items():
            found[policy].append(error_of(data, rows, task, seed, augmenter))
        print(name, seed, {policy: round(own[-1][0], 2) for policy, own in found.items()}, flush=True)
    table = [row_of(policy, own, found["none"]) for policy, own in found.items()]
    chosen, seconds = searched("Fashion 100 labels" if small else "Fashion 1000 labels" if task.n is None else name)
    return [*table, row_of(chosen, found[chosen], found["none"]) | dict(solver=f"searched: {chosen}", cpu=seconds)]


def row_of(policy, own, null):
    """The entries of one policy, beside those of "none"."""
    errors, seconds = zip(*own, strict=True)
    row = dict(solver=policy, error=statistics.mean(errors), cpu=statistics.median(seconds), seeds=len(errors))
    if policy != "none":
        gains = [other[0] - error for other, error in zip(null, errors, strict=True)]
        row |= dict(points=statistics.mean(gains))
        if len(gains) > 1:
            row |= dict(points_error=statistics.stdev(gains) / len(gains) ** 0.5)
    return row


def about(name):
    task = TASKS[name]
    words = f"{task.n or 'all'} training rows, {task.epochs} epochs, batches of {task.batch_size}, {task.channels}"
    return f"{words} channels; search: {task.search_epochs} epochs, copies up to {task.n_copies}, {N_FOLDS} folds"
