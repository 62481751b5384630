"""Compile kernels before they are needed: ``python -m skreg.compile``.

numba compiles a kernel when it is first called, and keeps it on disk. This command makes small fits of all kinds of
models, so that later processes find their kernels compiled: in the image of a container, in continuous integration, or
before a class. Run it as the user who will fit models, and with the same ``NUMBA_CACHE_DIR``, if that is set:
`skreg.show_versions` prints where kernels are kept. Without arguments it compiles all groups, with a process for each;
``python -m skreg.compile linear`` compiles the kernels of linear models only, ``nets`` those of nets, and
``recommendation`` those of matrix factorization.

Every loss is there with the elastic net, every penalty with the squared loss, and every activation, noise,
normalization and cell of nets. Other combinations, such as the Huber loss with MCP, are compiled when they are first
used.
"""

import argparse
import subprocess
import sys
import time
import warnings

import numpy as np
import scipy.sparse as sp


def _table():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 8))
    return X, X[:, 0] + rng.standard_normal(60)


def _linear():
    """Models, rows and targets."""
    import skreg

    from ._core.parts.penalty import OF_VECTOR
    from .linear._base import LinearRegressor
    from .linear._loss_choice import LOSSES
    from .linear._penalty_choice import GROUPED, PENALTIES

    X, y = _table()
    forms = [X, np.asfortranarray(X), np.asfortranarray(X, dtype=np.float32), sp.csc_array(X)]
    for form in forms:
        for solver in LinearRegressor._solvers.names:
            yield skreg.ElasticNetProx(0.01, l1_ratio=0.0 if solver == "direct" else 0.5, solver=solver), form, y
        for labels in (y > 0.0, np.digitize(y, [-1.0, 1.0])):
            for l1_ratio in (0.0, 0.5):
                yield skreg.LabelSmoothedLogistic(0.01, l1_ratio=l1_ratio), form, labels
            yield skreg.EarlyStoppingClassifier(random_state=0), form, labels
        yield skreg.LabelSmoothedLogistic(0.01, l1_ratio=0.5, grouped=True), form, labels
        yield skreg.EarlyStoppingRegressor(random_state=0), form, y
    for loss in LOSSES:
        yield skreg.PenalizedRegressor(0.01, loss=loss), X, np.exp(0.1 * y)
    for penalty in (*PENALTIES, *OF_VECTOR):
        groups = np.arange(8) // 2 if penalty in GROUPED else None
        yield skreg.PenalizedRegressor(0.01, penalty=penalty, groups=groups), X, y
    survival = np.column_stack([y > -0.5, np.exp(y)])
    yield skreg.PenalizedCox(0.01), X, survival
    yield skreg.PenalizedCoxCV(alphas=2, cv=2, scoring="concordance"), X, survival


def _nets():
    """The same of nets."""
    import skreg

    from ._nets.architectures.cnn import POOLING
    from ._nets.architectures.mlp import NORMALIZATION, WEIGHTS
    from ._nets.layers.activations import ACTIVATIONS
    from ._nets.layers.cells import CELLS
    from ._nets.noise import KINDS

    X, y = _table()
    short = dict(hidden_layer_sizes=(10,), max_iter=2, random_state=0)
    for form in (X, X.astype(np.float32), np.asfortranarray(X), sp.csr_array(X)):
        for kind in KINDS:
            yield skreg.DropoutMLPClassifier(dropout_kind=kind, **short), form, y > 0.0
    for normalization in (*NORMALIZATION, None):
        for activation in ACTIVATIONS:
            yield skreg.DropoutMLPRegressor(normalization=normalization, activation=activation, **short), X, y
    yield skreg.DropoutMLPRegressor(heteroscedastic=True, optimizer="sgd", mixup=0.2, **short), X, y
    yield skreg.DropoutMLPRegressor(ensemble_size=2, **short), X, y
    for weights in WEIGHTS:
        yield skreg.DropoutMLPRegressor(weight_normalization=weights, **short), X, y
    blocks = dict(spatial_dropout=0.1, drop_block=0.1, block_size=2)
    for form in (X, X.astype(np.float32)):
        for pooling in POOLING:
            yield skreg.DropoutCNNClassifier(pooling=pooling, **blocks, **short), form, y > 0.0
        yield skreg.DropoutCNNRegressor(residual=True, stochastic_depth=0.1, global_pooling=True, **short), form, y
        for cell in CELLS:
            yield skreg.DropoutRNNClassifier(8, cell=cell, recurrent_dropout=0.1, **short), form, y > 0.0
        tokens = dict(embedding_size=8, n_heads=2, embedding_dropout=0.1, **short)
        for pooling in ("cls", "mean"):
            yield skreg.DropoutTransformerClassifier(1, pooling=pooling, **tokens), form, y > 0.0
            yield skreg.DropoutTransformerRegressor(1, pooling=pooling, inputs="sequences", **tokens), form, y


def _recommendation():
    """The same of users and items."""
    import skreg

    from .recommendation._implicit import ALPHA

    _, y = _table()
    pairs = np.column_stack([np.arange(60) % 9, np.arange(60) % 7])
    yield skreg.MatrixFactorizationRegressor(2), pairs, y
    for loss in ALPHA:
        yield skreg.MatrixFactorizationRecommender(2, loss=loss, max_iter=2), pairs, np.exp(y)
    features = dict(user_features=np.column_stack([np.arange(9), np.arange(9) % 2]))
    yield skreg.MatrixFactorizationRecommender(2, max_iter=2, **features), pairs, np.exp(y)


GROUPS = {"linear": _linear, "nets": _nets, "recommendation": _recommendation}


def _compile(group):
    for model, X, y in GROUPS[group]():
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # so few rows and iterations are no use but for this
            model.fit(X, y)
            getattr(model, "predict_uncertainty", model.predict)(X)
        print(f"{time.perf_counter() - start:7.1f} s  {type(model).__name__}", flush=True)


def main(arguments=None):
    """Compile some groups of kernels, several of them side by side; returns the exit status, 1 where any failed."""
    parser = argparse.ArgumentParser("python -m skreg.compile", description="Compile kernels and keep them on disk.")
    parser.add_argument("groups", nargs="*", metavar="group", help=f"{', '.join(GROUPS)}; all by default")
    groups = parser.parse_args(arguments).groups or list(GROUPS)
    if unknown := set(groups) - GROUPS.keys():
        parser.error(f"unknown group {', '.join(sorted(unknown))}; known are {', '.join(GROUPS)}")
    if len(groups) == 1:
        _compile(*groups)
        return 0
    command = [sys.executable, *(["-P"] if sys.flags.safe_path else []), "-m", "skreg.compile"]
    running = [subprocess.Popen([*command, group]) for group in groups]
    statuses = [process.wait() for process in running]  # below 0 where a signal ended one
    return int(any(statuses))


if __name__ == "__main__":
    sys.exit(main())
