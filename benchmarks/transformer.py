"""Transformers: seconds per epoch beside PyTorch, and fits of tables beside the perceptron."""

import statistics
import time
from functools import partial
from typing import NamedTuple

import numpy as np

from . import race, report, sequences
from .linear import names

PARTS = ("epoch", "fit")
DECAY, LEARNING_RATE, CLIP, BATCH, EPOCHS, GOAL = 1e-5, 1e-4, 1.0, 64, 4, 0.6
NOTE = f"""\
Seconds per epoch: both libraries train the same transformer with AdamW (learning rate {LEARNING_RATE}, weight decay
{DECAY}) on the same rows in float32, with batches of {BATCH} rows and gradients clipped to a norm of {CLIP:g}. Features
are tokens, as in FT-Transformer (Gorishniy et al. 2021), or steps are, with positions added; a token stands for the
row, and the last block computes only what that token needs. The dense layers are twice as wide as a token. Rates of
dropout are those of FT-Transformer, 0.2 for attention and 0.1 for the dense layers, or 0. PyTorch uses
`scaled_dot_product_attention`. The time of an epoch is a part of that of a whole fit of {EPOCHS} epochs, so that
preparation counts, and what ours learns about uncertainty after the last epoch. Each library has a process of its own,
and the processes take turns; the first fit, which compiles, is left out. PyTorch is a plain loop without a data loader,
with one thread and with all; the faster is shown. The goal was set before the first measurement: at most {GOAL} of
PyTorch's seconds with dropout.

Fits of tables: five folds of standardized tables, default parameters; log loss of classification, or RMSE over the
standard deviation of y, and CPU seconds of one fit, compiled before.
"""


class Case(NamedTuple):
    """A net and simulated data: features of a table, or steps of channels."""

    rows: int
    tokens: int
    channels: int | None
    width: int
    heads: int
    rates: tuple  # of attention and of the dense layers
    blocks: int = 3


FT = 0.2, 0.1
CASES = {
    "table-8": Case(5000, 8, None, 64, 4, FT),
    "table-30": Case(3000, 30, None, 64, 4, FT),
    "table-30-plain": Case(3000, 30, None, 64, 4, (0.0, 0.0)),
    "table-30-wide": Case(600, 30, None, 192, 8, FT),
    "table-100": Case(600, 100, None, 64, 4, FT),
    "sequences-50": Case(2000, 50, 8, 64, 4, FT),
}
SMALL_ROWS = 130


def data(case, rows=None):
    n = rows or case.rows
    if case.channels:
        return sequences.simulated(n, case.tokens, case.channels)
    X = np.random.default_rng(0).standard_normal((n, case.tokens)).astype(np.float32)
    return X, (X[:, 0] * X[:, 1] > 0.0).astype(np.int64)


def ours(case):
    from skreg import DropoutTransformerClassifier

    return DropoutTransformerClassifier(
        case.blocks, n_heads=case.heads, embedding_size=case.width, attention_dropout=case.rates[0],
        dropout=case.rates[1], weight_decay=DECAY, clip_norm=CLIP, averaging=None, schedule="constant", warmup=0.0,
        learning_rate=LEARNING_RATE, batch_size=BATCH, max_iter=EPOCHS, early_stopping=False, random_state=0,
    ).fit  # fmt: skip


def positions(n_steps, width):
    import torch

    angles = torch.arange(n_steps)[:, None] * 10000.0 ** (-torch.arange(width // 2) / (width / 2))
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def module(case):
    """The same net in PyTorch."""
    import torch
    from torch import nn
    from torch.nn import functional

    C, (attention_rate, rate) = case.width, case.rates

    class Block(nn.Module):
        def __init__(self, is_last):
            super().__init__()
            self.is_last = is_last
            self.before_attention, self.before_dense = nn.LayerNorm(C), nn.LayerNorm(C)
            self.inputs = nn.ModuleList([nn.Linear(C, n * C) for n in ((1, 2) if is_last else (3,))])
            self.mixed = nn.Linear(C, C)
            self.dense = nn.Sequential(nn.Linear(C, 2 * C), nn.ReLU(), nn.Dropout(rate), nn.Linear(2 * C, C))

        def forward(self, x):
            h = self.before_attention(x)
            if self.is_last:
                q, (k, v) = self.inputs[0](h[:, :1]), self.inputs[1](h).chunk(2, dim=2)
                x = x[:, :1]
            else:
                q, k, v = self.inputs[0](h).chunk(3, dim=2)
            q, k, v = (one.unflatten(2, (case.heads, -1)).transpose(1, 2) for one in (q, k, v))
            dropout = attention_rate if self.training else 0.0
            means = functional.scaled_dot_product_attention(q, k, v, dropout_p=dropout)
            x = x + self.mixed(means.transpose(1, 2).flatten(2))
            return x + self.dense(self.before_dense(x))

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            if case.channels:
                self.steps = nn.Linear(case.channels, C)
                self.positions = positions(case.tokens, C)
            else:
                self.vectors, self.biases = (nn.Parameter(torch.randn(case.tokens, C) / C**0.5) for _ in range(2))
            self.token = nn.Parameter(torch.randn(C) / C**0.5)
            self.blocks = nn.Sequential(*(Block(k == case.blocks - 1) for k in range(case.blocks)))
            self.output = nn.Sequential(nn.LayerNorm(C), nn.ReLU(), nn.Linear(C, 2))

        def forward(self, x):
            x = self.steps(x) + self.positions if case.channels else x[:, :, None] * self.vectors + self.biases
            x = torch.cat([self.token.expand(len(x), 1, -1), x], dim=1)
            return self.output(self.blocks(x)[:, 0])

    return Net()


def pytorch(case):
    return race.pytorch_fit(partial(module, case), EPOCHS, BATCH, LEARNING_RATE, DECAY, CLIP)


def epoch_times(case, rows, repeats):
    solvers = {
        "skreg": (partial(ours, case), "skreg", [{}]),
        "PyTorch": (partial(pytorch, case), "torch", race.all_threads()),
    }
    found = race.race(solvers, partial(data, case, rows), EPOCHS, repeats)
    goal = dict(goal=f"<= {GOAL}") if any(case.rates) else {}
    return [row | (goal if row["solver"] == "PyTorch" else {}) for row in found]


def tables():
    """Tables of scikit-learn by name."""
    from sklearn import datasets

    return {
        "breast_cancer": partial(datasets.load_breast_cancer, return_X_y=True),
        "wine": partial(datasets.load_wine, return_X_y=True),
        "diabetes": partial(datasets.load_diabetes, return_X_y=True),
        "friedman1": partial(datasets.make_friedman1, 1000, noise=1.0, random_state=0),
    }


TABLES = ("breast_cancer", "wine", "diabetes", "friedman1")


def fits(name, small):
    """Rows of a table: the transformer and the perceptron on five folds."""
    import skreg

    X, y = tables()[name]()
    kind = "Classifier" if y.dtype.kind == "i" else "Regressor"
    settings = dict(random_state=0) | (dict(max_iter=1) if small else {})
    rows = []
    for family in ("DropoutTransformer", "DropoutMLP"):
        model = getattr(skreg, f"{family}{kind}")(**settings)
        errors, seconds = folds(model, X, y, 2 if small else 5)
        rows.append({"what": type(model).__name__, "log_loss" if kind == "Classifier" else "rmse": errors} | seconds)
        print(f"    {name}, {family}: {errors:.4f}, {seconds['cpu']:.2f} s", flush=True)
    return rows


def folds(model, X, y, n_folds):
    """Mean error over folds, and median CPU seconds of a fit."""
    from sklearn.base import clone, is_classifier
    from sklearn.metrics import log_loss
    from sklearn.model_selection import KFold, StratifiedKFold
    from sklearn.preprocessing import StandardScaler

    splitter = (StratifiedKFold if is_classifier(model) else KFold)(n_folds, shuffle=True, random_state=0)
    errors, seconds = [], []
    for k, (train, test) in enumerate(splitter.split(X, y)):
        scaler = StandardScaler().fit(X[train])
        if k == 0:
            clone(model).set_params(max_iter=1).fit(scaler.transform(X[train]), y[train])  # compiles
        start = time.process_time()
        fitted = clone(model).fit(scaler.transform(X[train]), y[train])
        seconds.append(time.process_time() - start)
        Z = scaler.transform(X[test])
        if is_classifier(model):
            errors.append(log_loss(y[test], fitted.predict_proba(Z)))
        else:
            errors.append(np.sqrt(np.mean((fitted.predict(Z) - y[test]) ** 2)) / y.std())
    return statistics.mean(errors), dict(cpu=statistics.median(seconds))


def configure(parser):
    problems = [*CASES, *TABLES]
    parser.add_argument("--problems", type=names(problems), default=problems, help=", ".join(problems))
    parser.add_argument("--parts", type=names(PARTS), default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--repeats", type=int, default=5, help="turns of every solver at the clock")
    parser.add_argument("--small", action="store_true", help=f"{SMALL_ROWS} rows; written only to --out")
    parser.add_argument("--out", help="folder of transformer.json and transformer.md (default: docs/benchmarks)")


def book(folder):
    return report.Book("transformer", folder, [*CASES, *TABLES], PARTS, NOTE)


def describe(case):
    tokens = f"{case.tokens} steps of {case.channels} channels" if case.channels else f"{case.tokens} features"
    rates = f"dropout {case.rates[0]:g} and {case.rates[1]:g}" if any(case.rates) else "no dropout"
    return f"{tokens}, {case.blocks} blocks, {case.heads} heads, tokens of {case.width}, {rates}"


def run(args):
    pages = book(report.folder(args))
    rows = SMALL_ROWS if args.small else None
    for name, case in CASES.items() if "epoch" in args.parts else ():
        if name in args.problems:
            found = epoch_times(case, rows, 1 if args.small else args.repeats)
            pages.enter("epoch", name, f"{rows or case.rows:,} rows of {describe(case)}", rows=found)
    for name in TABLES if "fit" in args.parts else ():
        if name in args.problems:
            pages.enter("fit", name, f"{name}, default parameters", rows=fits(name, args.small))
