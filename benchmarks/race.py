"""Seconds per epoch of one net in several libraries, each in a process of its own, in turns."""

import multiprocessing
import operator
import statistics
import time
import warnings
from importlib.util import find_spec

from joblib import cpu_count

SLOW = 2.0  # settings of a library that take so many times as long as its fastest one are timed once only


def all_threads():
    """Settings of a library to be timed with one thread and with all."""
    return [dict(threads=threads) for threads in sorted({1, cpu_count()})]


def pytorch_fit(make_module, epochs, batch, rate, decay, clip):
    """A plain training loop of PyTorch without a data loader, with AdamW: the fastest one in common use."""
    import torch

    def fit(X, y):
        torch.manual_seed(0)
        net, X, y = make_module().train(), torch.from_numpy(X), torch.from_numpy(y)
        optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=decay)
        loss = torch.nn.CrossEntropyLoss()
        for _ in range(epochs):
            order = torch.randperm(len(y))
            for first in range(0, len(y), batch):
                rows = order[first : first + batch]
                optimizer.zero_grad()
                loss(net(X[rows]), y[rows]).backward()
                torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
                optimizer.step()

    return fit


def serve(pipe, make, load, settings, epochs):
    """One fit per message, in a process of its own, so that threads of libraries do not wait for each other."""
    warnings.simplefilter("ignore")
    X, y = load()
    settings = dict(settings)
    if threads := settings.pop("threads", None):
        import torch

        torch.set_num_threads(threads)
    while pipe.recv():
        fit = make(**settings)
        start = time.perf_counter()
        fit(X, y)
        pipe.send((time.perf_counter() - start) / epochs)


def _without_slow(servers):
    """The processes that go on after the first turn at the clock; the others end."""
    fastest = {}
    for solver, _, _, (seconds,) in servers:
        fastest[solver] = min(seconds, fastest.get(solver, seconds))
    kept = []
    for server in servers:
        solver, _, pipe, (seconds,) = server
        if seconds <= SLOW * fastest[solver]:
            kept.append(server)
        else:
            pipe.send(False)
    return kept


def race(solvers, load, epochs, repeats):
    """Rows of a table: seconds per epoch, measured in turns. The first turn compiles and is not counted.

    EOFError where a process fails; its traceback is printed.

    Parameters
    ----------
    solvers : dict
        For every name, the function that makes a fit, the module that it needs, and a list of settings, of which the
        fastest is shown: keywords of that function, and the number of threads of PyTorch. Ours comes first.
    load : callable
        Returns X and y. Processes receive this and the functions above, so that pickle must know them.
    epochs : int
        Epochs of a fit.
    repeats : int
    """
    context = multiprocessing.get_context("spawn")
    servers = []
    for solver, (make, library, choices) in solvers.items():
        for settings in choices if find_spec(library) else []:
            mine, theirs = context.Pipe()
            context.Process(target=serve, args=(theirs, make, load, settings, epochs), daemon=True).start()
            theirs.close()  # so that a process that failed is an EOFError here, instead of waiting for ever
            servers.append((solver, settings, mine, []))
    for turn in range(repeats + 1):
        for _, _, pipe, times in servers:
            pipe.send(True)
            seconds = pipe.recv()
            if turn:
                times.append(seconds)
        if turn == 1:  # two threads on a busy machine can take a hundred times as long as one
            servers = _without_slow(servers)
    for _, _, pipe, _ in servers:
        pipe.send(False)
    found = {}
    for solver, settings, _, seconds in servers:
        row = dict(solver=solver, **settings, epoch=statistics.median(seconds), fastest=min(seconds))
        found[solver] = min(row, found.get(solver, row), key=operator.itemgetter("epoch"))
    own, *peers = found.values()
    return [own, *(row | dict(of_peer=own["epoch"] / row["epoch"]) for row in peers)]
