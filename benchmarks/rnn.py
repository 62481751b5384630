"""Recurrent nets: seconds per epoch beside PyTorch, and accuracy without and with variational dropout."""

import statistics
import time
from functools import partial
from typing import NamedTuple

import numpy as np

from . import music, race, report, sequences
from .images import UCR
from .linear import names

PARTS = ("epoch", "variational")
DECAY, LEARNING_RATE, CLIP, EPOCHS = 0.01, 0.001, 1.0, 3
VOCABULARY, EMBEDDING = 5000, 64
NOTE = f"""\
Seconds per epoch: both libraries train the same net with AdamW (learning rate {LEARNING_RATE}, weight decay {DECAY}) on
the same rows in float32, with the same batches, gradients clipped to a norm of {CLIP:g}, and no dropout. The time of an
epoch is a part of that of a whole fit of {EPOCHS} epochs, so that preparation counts. Each library has a process of its
own, and the processes take turns; the first fit, which compiles, is left out. PyTorch is a plain loop without a data
loader, with one thread and with all; the faster is shown.

Accuracy on the test sets: the same net for the same number of epochs without dropout, and with variational dropout (Gal
& Ghahramani 2016): one mask a sequence, for every gate another. Means over seeds, in percent. The settings of
JapaneseVowels and TREC had the highest accuracy on training rows that were held out, in five folds and on a fifth of
them; the others were set beforehand. Published figures are those of FCN (Wang et al. 2017) and MiniRocket (Dempster et
al. 2021) for signals, of a GRU for MNIST-1D (Greydanus & Kobak 2024), and of a convolutional net on random embeddings
for TREC (Kim 2014). TREC-ensemble is the mean prediction of five such nets, which differ in their seeds.

Nottingham: folk tunes, in which the notes of every step are predicted from all steps before. A class is a combination
of notes; those that training has once are one class, in which notes are independent. The figure is the mean negative
log-likelihood of a step, whose published value is that of an LSTM with independent notes (Bai, Kolter & Koltun 2018).
The epoch is that with the smallest loss on the tunes for validation.

Goals that were set before the first measurement: """


class Case(NamedTuple):
    """A net of one recurrent layer and simulated data; `channels` is 0 for tokens."""

    rows: int
    steps: int
    channels: int
    units: int
    cell: str
    goal: float
    bidirectional: bool = False


CASES = {
    "signals-gru": Case(5000, 50, 8, 64, "gru", 0.4),
    "signals-lstm": Case(5000, 50, 8, 64, "lstm", 0.4),
    "long-gru": Case(2000, 500, 1, 32, "gru", 0.4),
    "long-lstm": Case(2000, 500, 1, 32, "lstm", 0.4),
    "tokens-gru": Case(5000, 20, 0, 128, "gru", 0.7, bidirectional=True),
    "tokens-lstm": Case(5000, 20, 0, 128, "lstm", 0.7, bidirectional=True),
}
BATCH = 64
SMALL_ROWS = 200


def data(case, rows=None):
    n = rows or case.rows
    if case.channels:
        return sequences.simulated(n, case.steps, case.channels)
    return sequences.tokens(n, case.steps, VOCABULARY)


def ours(case):
    from skreg import DropoutRNNClassifier

    words = {} if case.channels else dict(embedding_size=EMBEDDING, vocabulary_size=VOCABULARY)
    return DropoutRNNClassifier(
        case.units, cell=case.cell, bidirectional=case.bidirectional, dropout=0.0, recurrent_dropout=0.0,
        weight_decay=DECAY, clip_norm=CLIP, averaging=None, schedule="constant", learning_rate=LEARNING_RATE,
        batch_size=BATCH, max_iter=EPOCHS, early_stopping=False, random_state=0, **words,
    ).fit  # fmt: skip


def module(case):
    """The same net in PyTorch."""
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = None if case.channels else nn.Embedding(VOCABULARY, EMBEDDING)
            cell = nn.GRU if case.cell == "gru" else nn.LSTM
            width = case.channels or EMBEDDING
            self.cell = cell(width, case.units, batch_first=True, bidirectional=case.bidirectional)
            self.output = nn.Linear(case.units * (1 + case.bidirectional), 2)

        def forward(self, x):
            states, _ = self.cell(x if self.embedding is None else self.embedding(x))
            last = states[:, -1]
            if case.bidirectional:
                last = torch.cat([last[:, : case.units], states[:, 0, case.units :]], dim=1)
            return self.output(last)

    return Net()


def pytorch(case):
    return race.pytorch_fit(partial(module, case), EPOCHS, BATCH, LEARNING_RATE, DECAY, CLIP)


def epoch_times(case, rows, repeats):
    solvers = {
        "skreg": (partial(ours, case), "skreg", [{}]),
        "PyTorch": (partial(pytorch, case), "torch", race.all_threads()),
    }
    found = race.race(solvers, partial(data, case, rows), EPOCHS, repeats)
    return [row | (dict(goal=f"<= {case.goal}") if row["solver"] == "PyTorch" else {}) for row in found]


class Task(NamedTuple):
    """A data set, the net, and the rates of variational dropout: outputs, inputs, states and words."""

    net: dict
    rates: tuple
    published: dict
    goal: float | None = None
    fewest_texts: int = 1  # that hold a word of the vocabulary
    ensemble_of: str | None = None  # the task whose net and data it has


COMMON = dict(bidirectional=True, pooling="mean", early_stopping=False)
SIGNALS = dict(COMMON, units=64, max_iter=100)
MUSIC = "Nottingham"


def beside(name):
    """Published accuracies of a set of the UCR archive."""
    fcn, _, minirocket = UCR[name]
    return dict(published=fcn, minirocket=minirocket)


TASKS = {
    "JapaneseVowels": Task(
        dict(SIGNALS, cell="lstm", input_noise=0.3, mixup=0.3), (0.5, 0.1, 0.25, 0.0), dict(published=99.3), 99.0
    ),
    "MNIST-1D": Task(
        dict(COMMON, units=64, max_iter=30, batch_size=100), (0.25, 0.0, 0.25, 0.0), dict(published=91.0), 93.0
    ),
    "TREC": Task(
        dict(COMMON, units=64, pooling="max", embedding_size=128, max_iter=20, learning_rate=0.003, batch_size=64),
        (0.5, 0.1, 0.1, 0.1), dict(published=91.2), 90.0, fewest_texts=2,
    ),
    **{name: Task(SIGNALS, (0.25, 0.0, 0.25, 0.0), beside(name)) for name in UCR},
    MUSIC: Task(
        dict(units=128, return_sequences=True, max_iter=6, learning_rate=0.003, batch_size=16, weight_decay=0.01),
        (0.3, 0.0, 0.1, 0.0), dict(published=3.29), 3.3,
    ),
}  # fmt: skip
TASKS["TREC-ensemble"] = TASKS["TREC"]._replace(ensemble_of="TREC")
MEMBERS = 5
RATES = ("dropout", "input_dropout", "recurrent_dropout", "embedding_dropout")


def model(task, rates, seed, small):
    from sklearn.pipeline import make_pipeline

    from skreg import DeepEnsembleClassifier, DropoutRNNClassifier
    from skreg.neural import Tokens

    net = DropoutRNNClassifier(random_state=seed, **task.net, **dict(zip(RATES, rates, strict=True)))
    if small:
        net.set_params(max_iter=1, units=4)
    if net.embedding_size:
        net = make_pipeline(Tokens(token_pattern=r"\S+", min_count=task.fewest_texts), net)
    return net if task.ensemble_of is None else DeepEnsembleClassifier(net, n_members=MEMBERS, random_state=seed)


def accuracy(found, net):
    """In percent, on the test rows."""
    return 100.0 * net.fit(found.X, found.y).score(found.X_test, found.y_test)


def measurements(name, found, seeds, small):
    """Rows of a table: without and with variational dropout."""
    task, rows = TASKS[name], []
    measure, column, worst = (music.negative_log_likelihood, "nll", max) if name == MUSIC else (accuracy, "score", min)
    kinds = {"no dropout": (0.0,) * 4, "variational dropout": task.rates}
    if task.ensemble_of is not None:
        kinds = {f"{MEMBERS} nets with variational dropout": task.rates}
    for what, rates in kinds.items():
        values, seconds = [], []
        for seed in range(seeds):
            start = time.perf_counter()
            values.append(measure(found, model(task, rates, seed, small)))
            seconds.append(time.perf_counter() - start)
        row = dict(what=what, seeds=seeds, seed_scores=values, seconds=statistics.median(seconds), **task.published)
        rows.append(row | {column: statistics.mean(values), "worst": worst(values)})
        print(f"    {name}, {what}: {np.round(values, 3)}", flush=True)
    if task.goal is not None:
        rows[-1]["goal"] = f"{'<' if name == MUSIC else '>='} {task.goal:g}"
    return rows


def configure(parser):
    parser.add_argument(
        "--problems", type=names(CASES | TASKS), default=list(CASES | TASKS), help=", ".join(CASES | TASKS)
    )
    parser.add_argument("--parts", type=names(PARTS), default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--repeats", type=int, default=5, help="turns of every solver at the clock")
    parser.add_argument("--seeds", type=int, default=3, help="fits whose accuracies are averaged")
    parser.add_argument("--small", action="store_true", help=f"{SMALL_ROWS} rows; written only to --out")
    parser.add_argument("--out", help="folder of rnn.json and rnn.md (default: docs/benchmarks)")


def book(folder):
    goals = ", ".join(f"{case.goal} ({name})" for name, case in CASES.items())
    note = (
        f"{NOTE}at most this ratio of our seconds per epoch to PyTorch's: {goals}; and the accuracies in the tables.\n"
    )
    return report.Book("rnn", folder, [*CASES, *TASKS], PARTS, note)


def describe(case):
    inputs = f"{case.channels} channels" if case.channels else f"tokens, embedding of {EMBEDDING}"
    return f"{case.steps} steps, {inputs}, {case.units} units{' in both directions' if case.bidirectional else ''}"


def run(args):
    pages = book(report.folder(args))
    rows = SMALL_ROWS if args.small else None
    for name, case in CASES.items() if "epoch" in args.parts else ():
        if name in args.problems:
            found = epoch_times(case, rows, 1 if args.small else args.repeats)
            pages.enter("epoch", name, f"{rows or case.rows:,} rows of {describe(case)}", rows=found)
    for name in TASKS if "variational" in args.parts else ():
        if name in args.problems:
            found = music.load() if name == MUSIC else sequences.load(TASKS[name].ensemble_of or name)
            if found is None:
                print(f"{name}: the data are not available, see benchmarks/README.md")
                continue
            net = ", ".join(f"{key}={value}" for key, value in TASKS[name].net.items())
            rates = ", ".join(f"{key}={rate}" for key, rate in zip(RATES, TASKS[name].rates, strict=True))
            if args.small and name == MUSIC:
                found = music.Tunes(*(tunes[:10] for tunes in found))
            table = measurements(name, found, 1 if args.small else args.seeds, args.small)
            n = len(found.train if name == MUSIC else found.y)
            pages.enter("variational", name, f"{n:,} sequences; {net}; with {rates}", rows=table)
