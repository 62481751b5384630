"""Convolutional nets beside PyTorch and skorch: seconds per epoch, memory, and the time to predict one image."""

import statistics
from functools import partial
from typing import NamedTuple

import numpy as np

from . import processes, race, report, vision
from .linear import names

PARTS = ("epoch", "memory", "latency")
DROPOUT, DECAY, LEARNING_RATE = 0.25, 0.01, 0.001
NOTE = f"""\
Every library trains the same net with AdamW (learning rate {LEARNING_RATE}, weight decay {DECAY}) on the same rows in
float32, with the same batches, dropout {DROPOUT} of the hidden dense units, and the layers in their usual order:
convolution, batch normalization where the case has it, ReLU, pooling. The time of an epoch is that of a whole fit
divided by its number of epochs, so that preparation counts. Each library has a process of its own, and the processes
take turns; the first fit, which compiles, is left out. PyTorch is a plain loop without a data loader. It runs with one
thread and with all, and with channels first and last in memory, skorch with one thread and with all; the fastest is
shown, with its settings.

Memory is the peak of a fit, early stopping included, above what the process held after loading X. Latency is the time
from one image in a NumPy array to its class: the median of many calls of `predict`, and of PyTorch's module with one
thread, in evaluation mode and under `torch.no_grad()`, in processes that take turns. Goals that were set
before the first measurement: less memory than 300 MB, latency under PyTorch's, and at most this ratio of our seconds
per epoch to PyTorch's: """


class Case(NamedTuple):
    """A data set and a net.

    `pool`, `kernel` and `padding` are those of every convolutional layer; `goal` is the ratio of our time per epoch to
    PyTorch's.
    """

    data: str
    rows: int
    channels: tuple
    hidden: tuple
    batch: int
    goal: float
    pool: tuple = (2, 2)
    kernel: int = 3
    padding: str = "same"
    normalization: str | None = "batch"
    residual: bool = False
    epochs: int = 1  # of a fit, to take the mean over


CASES = {
    "MNIST": Case("MNIST", 12_800, (32, 64), (128,), 128, 0.6, padding="valid", normalization=None, epochs=3),
    "Fashion-MNIST": Case("Fashion-MNIST", 12_800, (32, 64), (150, 64), 128, 0.8, epochs=3),
    "residual": Case("noise", 1_280, (32,) * 8, (), 64, 0.9, pool=(1, 2) * 4, residual=True, epochs=3),
    "signal": Case("signals", 6_400, (32, 64, 64), (128,), 64, 0.6, (2, 2, 2), 5, normalization=None, epochs=3),
    "digits": Case("digits", 1_797, (16, 32), (128,), 32, 0.2, epochs=10),
}
SMALL_ROWS = 200
WITH_MEMORY = ("MNIST", "Fashion-MNIST")


def data(name, rows=None):
    """X (n, height, width, channels) or (n, steps, channels) in float32 and y; None where data are not available."""
    found = vision.load(CASES[name].data)
    if found is None:
        return None
    X, y = found.X[:rows], found.y[:rows]
    return (X if CASES[name].data in ("noise", "signals") else X[..., None]), y


def is_signal(case):
    return case.data == "signals"


def estimator(case, **params):
    from skreg import DropoutCNNClassifier

    given = dict(
        kernel_size=case.kernel, padding=case.padding, pool_size=case.pool, global_pooling=case.residual,
        dims=1 if is_signal(case) else 2, hidden_layer_sizes=case.hidden, residual=case.residual,
        normalization=case.normalization, dropout=DROPOUT, weight_decay=DECAY, averaging=None, schedule="constant",
        learning_rate=LEARNING_RATE, batch_size=case.batch, max_iter=case.epochs, early_stopping=False, random_state=0,
    )  # fmt: skip
    return DropoutCNNClassifier(case.channels, **given | params)


def ours(case):
    return estimator(case).fit


def module(case, shape, classes):
    """The same net in PyTorch, for images of a shape (height, width, channels) or signals (steps, channels)."""
    import torch
    from torch import nn

    d = 1 if is_signal(case) else 2
    convolution, norm = (nn.Conv1d, nn.BatchNorm1d) if d == 1 else (nn.Conv2d, nn.BatchNorm2d)
    pooling = nn.MaxPool1d if d == 1 else nn.MaxPool2d

    def convolve(before, after):
        return convolution(before, after, case.kernel, padding=case.padding, bias=case.normalization is None)

    class Block(nn.Module):
        """Pre-activation block of channels that stay the same (He et al. 2016b)."""

        def __init__(self, width):
            super().__init__()
            self.first, self.second = norm(width), norm(width)
            self.before, self.after = convolve(width, width), convolve(width, width)

        def forward(self, x):
            inner = self.before(torch.relu_(self.first(x)))
            return x + self.after(torch.relu_(self.second(inner)))

    *sides, width = shape
    layers = [convolve(width, case.channels[0])] if case.residual else []
    for channels, pool in zip(case.channels, case.pool, strict=True):
        if case.residual:
            layers.append(Block(channels))
        else:
            normalization = [norm(channels)] if case.normalization else []
            layers += [convolve(width, channels), *normalization, nn.ReLU(inplace=True)]
            sides = [side - case.kernel + 1 for side in sides] if case.padding == "valid" else sides
        layers += [pooling(pool)] if pool > 1 else []
        width, sides = channels, [side // pool for side in sides]
    if case.residual:
        layers += [norm(width), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1)]
        sides = []
    layers.append(nn.Flatten())
    width *= int(np.prod(sides))
    for units in case.hidden:
        normalization = [nn.BatchNorm1d(units)] if case.normalization else []
        layers += [nn.Linear(width, units, bias=not normalization), *normalization, nn.ReLU(inplace=True)]
        layers.append(nn.Dropout(DROPOUT))
        width = units
    return nn.Sequential(*layers, nn.Linear(width, classes))


def channels_first(X, layout=None):
    """X for PyTorch, with channels as the second axis; they stay last in memory with layout "channels last"."""
    import torch

    X = torch.from_numpy(np.moveaxis(X, -1, 1))
    return X if layout == "channels last" else X.contiguous()


def pytorch(case, layout=None):
    """A plain training loop without a data loader: the fastest one in common use."""
    import torch

    def fit(X, y):
        torch.manual_seed(0)
        net = module(case, X.shape[1:], int(y.max()) + 1).train()
        X, y = channels_first(X, layout), torch.from_numpy(y)
        if layout == "channels last":
            net = net.to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=DECAY)
        loss = torch.nn.CrossEntropyLoss()
        for _ in range(case.epochs):
            order = torch.randperm(len(y))
            for first in range(0, len(y), case.batch):
                rows = order[first : first + case.batch]
                optimizer.zero_grad()
                loss(net(X[rows]), y[rows]).backward()
                optimizer.step()
        return net

    return fit


def pytorch_prediction(case, X, y):
    """A function from one image to its class, by one thread."""
    import torch

    torch.set_num_threads(1)
    net = pytorch(case)(X, y).eval()

    def predict(image):
        with torch.no_grad():
            return net(torch.from_numpy(np.moveaxis(image, -1, 1))).argmax(1).numpy()

    return predict


def skorch(case):
    import torch
    from skorch import NeuralNetClassifier

    def fit(X, y):
        NeuralNetClassifier(
            module(case, X.shape[1:], int(y.max()) + 1), criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.AdamW, optimizer__weight_decay=DECAY, lr=LEARNING_RATE, batch_size=case.batch,
            max_epochs=case.epochs, train_split=None, verbose=0,
        ).fit(channels_first(X).numpy(), y)  # fmt: skip

    return fit


def solvers(case):
    """As `race.race` takes them."""
    layouts = ["channels first"] if is_signal(case) else ["channels first", "channels last"]
    choices = [dict(settings, layout=layout) for settings in race.all_threads() for layout in layouts]
    return {
        "skreg": (partial(ours, case), "skreg", [{}]),
        "PyTorch": (partial(pytorch, case), "torch", choices),
        "skorch": (partial(skorch, case), "skorch", race.all_threads()),
    }


def parameters(case, shape, classes):
    """Number of trainable parameters of the net."""
    from skreg._nets.architectures.cnn import build_cnn

    shape = (1, *shape) if is_signal(case) else shape
    architecture = estimator(case)._read_architecture()
    return build_cnn(architecture, shape, classes, 1, np.random.default_rng(0)).theta.size


def epoch_times(name, rows, repeats):
    case = CASES[name]
    found = race.race(solvers(case), partial(data, name, rows), case.epochs, repeats)
    return [row | (dict(goal=f"<= {case.goal}") if row["solver"] == "PyTorch" else {}) for row in found]


def peaks(name, rows):
    """Rows of a table: the peak memory of a fit of two epochs."""
    table = []
    for solver, library, goal in (("skreg", "skreg", "< 300"), ("PyTorch", "torch", None)):
        if race.find_spec(library):
            found = processes.child("memory_of_cnn", solver, name, rows)
            table.append(dict(solver=solver, megabytes=found["above"], share=found["above"] / found["data"], goal=goal))
    return table


def latencies(name, repeats, calls):
    """Rows of a table: milliseconds to predict one image, measured in turns."""
    libraries = {"skreg": "skreg", "PyTorch": "torch"}
    times = {solver: [] for solver, library in libraries.items() if race.find_spec(library)}
    for _ in range(repeats):
        for solver, own in times.items():
            own.append(processes.child("latency_of_cnn", solver, name, calls)["milliseconds"])
    rows = [dict(solver=solver, milliseconds=statistics.median(own)) for solver, own in times.items()]
    return [
        rows[0],
        *(row | dict(of_peer=rows[0]["milliseconds"] / row["milliseconds"], goal="< 1") for row in rows[1:]),
    ]


def configure(parser):
    parser.add_argument("--problems", type=names(CASES), default=list(CASES), help=", ".join(CASES))
    parser.add_argument("--parts", type=names(PARTS), default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--rows", type=int, help="rows of every fit (default: some seconds per epoch)")
    parser.add_argument("--repeats", type=int, default=5, help="turns of every solver at the clock")
    parser.add_argument("--small", action="store_true", help=f"{SMALL_ROWS} rows; written only to --out")
    parser.add_argument("--out", help="folder of cnn.json and cnn.md (default: docs/benchmarks)")


def book(folder):
    goals = ", ".join(f"{case.goal} ({name})" for name, case in CASES.items())
    return report.Book("cnn", folder, CASES, PARTS, f"{NOTE}{goals}.\n")


def describe(case, shape):
    """The net and its batches in words."""
    words = [" x ".join(map(str, shape)), f"channels {case.channels}", f"kernels of {case.kernel}, {case.padding}"]
    words.append("pre-activation residual blocks" if case.residual else f"hidden {case.hidden}")
    words.append(f"normalization {case.normalization}, batches of {case.batch}")
    return ", ".join(words)


def run(args):
    pages = book(report.folder(args))
    repeats = 1 if args.small else args.repeats
    for name in args.problems:
        case = CASES[name]
        few = data(name, SMALL_ROWS)
        if few is None:
            print(f"{name}: the data are not available, see benchmarks/README.md")
            continue
        rows = SMALL_ROWS if args.small else args.rows
        shape = few[0].shape[1:]
        about = f"{describe(case, shape)}, {parameters(case, shape, int(few[1].max()) + 1):,} parameters"
        if "epoch" in args.parts:
            n = len(data(name, rows or case.rows)[0])  # digits has fewer than may be asked for
            pages.enter("epoch", name, f"{n:,} rows of {about}", rows=epoch_times(name, n, repeats))
        if "memory" in args.parts and name in WITH_MEMORY:
            pages.enter("memory", name, f"two epochs of {rows or 60_000:,} rows", rows=peaks(name, rows or 60_000))
        if "latency" in args.parts:
            pages.enter("latency", name, about, rows=latencies(name, repeats, 20 if args.small else 2000))
