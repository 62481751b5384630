"""Multilayer perceptrons: seconds per epoch, and memory."""

import time
from functools import partial
from typing import NamedTuple

import numpy as np

from . import processes, race, report
from .linear import names
from .problems import image_rows

PARTS = ("epoch", "defaults", "members", "order", "memory")
DROPOUT, SMOOTHING = 0.2, 0.1
MEMBER_SIZES, MEMBER_EPOCHS = (1, 2, 4, 8, 16), 20
NOTE = f"""\
Every library trains the same net with AdamW or Adam on the same rows in float32, with dropout {DROPOUT} and label
smoothing {SMOOTHING} where it has them. Each has a process of its own, and the processes take turns. A figure is the
time of a whole fit divided by its number of epochs, so that preparation counts. The first fit, which compiles, is left
out. PyTorch and skorch run with one thread and with all, and the faster of the two is shown, with its number of
threads.

Default nets have two layers of 100 units, batch normalization, dropout, a running mean of the parameters, weight decay
and L1, a cosine schedule, and a tenth of the rows held out, on which the mean is evaluated after every epoch. PyTorch
trains the same, scikit-learn what it has of this: the layers, Adam, L2 and the rows held out.
"""


class Case(NamedTuple):
    """A table and a net."""

    rows: int
    features: int
    hidden: tuple
    batch: int
    epochs: int  # to take the mean over: some tenths of a second at least


CASES = {
    "tiny": Case(500, 10, (32,), 32, 100),
    "narrow": Case(20000, 30, (64, 64), 32, 5),
    "shallow": Case(20000, 30, (100,), 200, 20),
    "deep": Case(20000, 30, (256, 256, 256), 256, 4),
    "digits": Case(60000, 784, (800, 800), 128, 1),
}


DEFAULTS = {  # the hidden layers, the largest batch and the epochs of our defaults
    "small": Case(2000, 20, (100, 100), 112, 100),
    "middle": Case(20000, 30, (100, 100), 256, 100),
}


def data(name, case):
    """X in float32 and y: simulated, or MNIST; None where MNIST is not available."""
    if name == "digits":
        found = image_rows()
        return found and found[:2]
    rng = np.random.default_rng(0)
    X = rng.standard_normal((case.rows, case.features)).astype(np.float32)
    return X, (X[:, 0] * X[:, 1] + X[:, 2] > 0.0).astype(np.int64)


def ours(case):
    from skreg import DropoutMLPClassifier

    return DropoutMLPClassifier(
        case.hidden, normalization=None, dropout=DROPOUT, weight_decay=0.01, l1=0.0, label_smoothing=SMOOTHING,
        averaging=None, schedule="constant", learning_rate=0.001, batch_size=case.batch, max_iter=case.epochs,
        early_stopping=False, random_state=0,
    ).fit  # fmt: skip


def scikit_learn(case):
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        case.hidden, batch_size=case.batch, max_iter=case.epochs, n_iter_no_change=10**9, random_state=0
    ).fit


def module(case, classes):
    import torch

    layers, width = [], case.features
    for units in case.hidden:
        layers += [torch.nn.Linear(width, units), torch.nn.ReLU(), torch.nn.Dropout(DROPOUT)]
        width = units
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, classes))


def pytorch(case):
    """A plain training loop without a data loader: the fastest one in common use."""
    import torch

    def fit(X, y):
        torch.manual_seed(0)
        X, y = torch.from_numpy(X), torch.from_numpy(y)
        net = module(case, int(y.max()) + 1).train()
        optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01)
        loss = torch.nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
        for _ in range(case.epochs):
            order = torch.randperm(len(y))
            for first in range(0, len(y), case.batch):
                rows = order[first : first + case.batch]
                optimizer.zero_grad()
                loss(net(X[rows]), y[rows]).backward()
                optimizer.step()

    return fit


def skorch(case):
    import torch
    from skorch import NeuralNetClassifier

    def fit(X, y):
        NeuralNetClassifier(
            module(case, int(y.max()) + 1), criterion=torch.nn.CrossEntropyLoss, optimizer=torch.optim.AdamW, lr=1e-3,
            batch_size=case.batch, max_epochs=case.epochs, train_split=None, verbose=0,
        ).fit(X, y)  # fmt: skip

    return fit


SOLVERS = {
    "skreg": (ours, "skreg", [{}]),
    "scikit-learn (no dropout)": (scikit_learn, "sklearn", [{}]),
    "PyTorch": (pytorch, "torch", race.all_threads()),
    "skorch": (skorch, "skorch", race.all_threads()),
}


def our_defaults(case, **params):
    from skreg import DropoutMLPClassifier

    return DropoutMLPClassifier(max_iter=case.epochs, random_state=0, **params).fit


def our_defaults_with_a_frame(case):
    import pandas as pd

    names, fit = [f"x{k}" for k in range(case.features)], our_defaults(case)
    return lambda X, y: fit(pd.DataFrame(X, columns=names), y)


def scikit_learn_defaults(case):
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        case.hidden, batch_size=case.batch, max_iter=case.epochs, early_stopping=True, n_iter_no_change=10**9,
        random_state=0,
    ).fit  # fmt: skip


def pytorch_defaults(case, rate=2e-3, decay=0.3, l1=1e-4, averaging=0.98):
    """Our defaults in a plain training loop."""
    import torch
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    def fit(X, y):
        torch.manual_seed(0)
        X, y = torch.from_numpy(X), torch.from_numpy(y)
        parts, width = [], case.features
        for units in case.hidden:
            parts += [torch.nn.Linear(width, units, bias=False), torch.nn.BatchNorm1d(units), torch.nn.ReLU()]
            parts.append(torch.nn.Dropout(0.25))
            width = units
        net = torch.nn.Sequential(*parts, torch.nn.Linear(width, int(y.max()) + 1))
        weights = [param for param in net.parameters() if param.ndim == 2]
        others = [param for param in net.parameters() if param.ndim == 1]
        groups = [dict(params=weights, weight_decay=decay), dict(params=others, weight_decay=0.0)]
        optimizer, loss = torch.optim.AdamW(groups, lr=rate, foreach=True), torch.nn.CrossEntropyLoss()
        mean = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(averaging), use_buffers=True)
        held, kept = torch.randperm(len(y)).split([len(y) // 10, len(y) - len(y) // 10])
        steps = case.epochs * -(-len(kept) // case.batch)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(case.epochs):
            net.train()
            order = kept[torch.randperm(len(kept))]
            for rows in order.split(case.batch):
                optimizer.zero_grad()
                loss(net(X[rows]), y[rows]).backward()
                optimizer.step()
                schedule.step()
                with torch.no_grad():
                    for weight in weights:
                        weight.copy_(torch.nn.functional.softshrink(weight, rate * l1))
                mean.update_parameters(net)
            mean.eval()
            with torch.no_grad():
                loss(mean(X[held]), y[held])

    return fit


DEFAULT_SOLVERS = {
    "skreg": (our_defaults, "skreg", [{}]),
    "skreg, one member as the others": (partial(our_defaults, ensemble_size=1), "skreg", [{}]),
    "skreg, from a DataFrame": (our_defaults_with_a_frame, "pandas", [{}]),
    "scikit-learn (layers and L2 only)": (scikit_learn_defaults, "sklearn", [{}]),
    "PyTorch": (pytorch_defaults, "torch", race.all_threads()),
}


def some_rows(name, case, rows):
    return tuple(part[:rows] for part in data(name, case))


def epoch_times(solvers, name, case, repeats, rows):
    """Rows of a table: seconds per epoch."""
    solvers = {solver: (partial(make, case), *rest) for solver, (make, *rest) in solvers.items()}
    return race.race(solvers, partial(some_rows, name, case, rows), case.epochs, repeats)


def members(sizes, n, p, repeats):
    """Rows of a table: seconds per epoch of default nets with so many members, the least of several turns."""
    from skreg import DropoutMLPClassifier

    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p)).astype(np.float32)
    y = (X[:, 0] * X[:, 1] > 0.0).astype(np.int64)
    few, seconds = 200, {size: [] for size in sizes}
    for turn in range(repeats + 1):
        for size in sizes:
            net = DropoutMLPClassifier(ensemble_size=size, max_iter=MEMBER_EPOCHS, random_state=0)
            start = time.perf_counter()
            net.fit(X[: n if turn else few], y[: n if turn else few])
            if turn:  # the first one compiles
                seconds[size].append((time.perf_counter() - start) / MEMBER_EPOCHS)
    least = {size: min(found) for size, found in seconds.items()}
    one = least[sizes[0]]
    return [dict(solver=f"ensemble_size={size}", epoch=value, of_one=value / one) for size, value in least.items()]


def orders(sizes, p):
    """Rows of a table: seconds of an epoch and of a prediction; frames are in Fortran order."""
    from skreg import DropoutMLPClassifier

    rng = np.random.default_rng(0)
    X = rng.standard_normal((max(sizes), p))
    y = (X[:, 0] * X[:, 1] > 0.0).astype(np.int64)
    model = DropoutMLPClassifier((32,), max_iter=1, early_stopping=False, random_state=0)
    model.fit(X[:1000], y[:1000]).predict(X[:1000])  # compiles
    rows = []
    for n in sizes:
        for order, words in (("C", "C order"), ("F", "Fortran order")):
            some = np.array(X[:n], order=order)
            start = time.perf_counter()
            model.fit(some, y[:n])
            middle = time.perf_counter()
            model.predict(some)
            end = time.perf_counter()
            rows.append(dict(solver=f"{n:,} rows, {words}", epoch=middle - start, predict=end - middle))
    return rows


def configure(parser):
    parser.add_argument("--problems", type=names(CASES), default=list(CASES), help=", ".join(CASES))
    parser.add_argument("--parts", type=names(PARTS), default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--repeats", type=int, default=5, help="turns of every solver at the clock")
    parser.add_argument("--small", action="store_true", help="at most 300 rows; written only to --out")
    parser.add_argument("--out", help="folder of mlp.json and mlp.md (default: docs/benchmarks)")


def book(folder):
    return report.Book("mlp", folder, CASES, PARTS, NOTE)


def run(args):
    pages = book(report.folder(args))
    if "epoch" in args.parts:
        for name in args.problems:
            case = CASES[name]
            if data(name, case) is None:
                print(f"{name}: MNIST is not available")
                continue
            repeats, n = (1, 300) if args.small else (args.repeats, case.rows)
            rows = epoch_times(SOLVERS, name, case, repeats, n)
            about = f"{case.rows} x {case.features}, hidden {case.hidden}, batches of {case.batch}"
            pages.enter("epoch", name, about, None, None, rows=rows)
    if "defaults" in args.parts:
        for name, case in DEFAULTS.items():
            repeats, n = (1, 1200) if args.small else (args.repeats, case.rows)
            rows = epoch_times(DEFAULT_SOLVERS, name, case, repeats, n)
            about = f"default parameters, batches of {case.batch}, {case.epochs} epochs"
            pages.enter("defaults", f"{case.rows} x {case.features}", about, None, None, rows=rows)
    if "members" in args.parts:
        for n, p in [(300, 5)] if args.small else [(2_000, 20), (10_000, 50)]:
            rows = members(MEMBER_SIZES, n, p, 1 if args.small else args.repeats)
            pages.enter("members", f"{n} x {p} in float32", "default parameters", None, None, rows=rows)
    if "order" in args.parts:
        sizes, p = (1000, 2000, 4000) if args.small else (100_000, 200_000, 400_000), 20
        pages.enter("order", f"{p} features in float64", "hidden (32,)", None, None, rows=orders(sizes, p))
    if "memory" in args.parts:
        n, p = (20000, 50) if args.small else (1_000_000, 50)
        found = processes.child("memory_of_net", n, p)
        row = dict(solver="skreg", megabytes=found["above"], share=found["above"] / found["data"])
        pages.enter("memory", f"{n} x {p} in float32", "two epochs, hidden (100,)", None, None, rows=[row])
