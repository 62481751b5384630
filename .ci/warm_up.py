"""Compile the kernels that most tests use, on two cores: one process fits linear models, one fits nets."""

import subprocess
import sys
import warnings

import numpy as np
import scipy.sparse as sp


def fit_linear():
    from skreg import EarlyStoppingClassifier, EarlyStoppingRegressor, ElasticNetProx, LabelSmoothedLogistic

    X, y = data()
    forms = [X, np.asfortranarray(X), np.asfortranarray(X, dtype=np.float32), sp.csc_array(X)]
    for form in forms:
        for solver in ("cd", "gram", "prox_grad"):
            ElasticNetProx(0.01, solver=solver).fit(form, y)
        for labels in (y > 0.0, np.digitize(y, [-1.0, 1.0])):
            for l1_ratio in (0.0, 0.5):
                LabelSmoothedLogistic(0.01, l1_ratio=l1_ratio).fit(form, labels)
            EarlyStoppingClassifier(random_state=0).fit(form, labels)
        LabelSmoothedLogistic(0.01, l1_ratio=0.5, grouped=True).fit(form, labels)
        EarlyStoppingRegressor(random_state=0).fit(form, y)


def fit_nets():
    from skreg import DropoutCNNClassifier, DropoutCNNRegressor, DropoutMLPClassifier, DropoutMLPRegressor

    X, y = data()
    short = dict(hidden_layer_sizes=(10,), max_iter=2, random_state=0)
    for form in (X, X.astype(np.float32), np.asfortranarray(X), sp.csr_array(X)):
        for kind in ("bernoulli", "gaussian", "adaptive", "concrete", "dropconnect"):
            DropoutMLPClassifier(dropout_kind=kind, **short).fit(form, y > 0.0).predict_uncertainty(form)
    for normalization in ("batch", "layer", None):
        for activation in ("relu", "gelu", "silu", "tanh"):
            DropoutMLPRegressor(normalization=normalization, activation=activation, **short).fit(X, y).predict(X)
    DropoutMLPRegressor(heteroscedastic=True, optimizer="sgd", mixup=0.2, **short).fit(X, y).predict(X)
    for form in (X, X.astype(np.float32)):
        for pooling in ("max", "mean"):
            model = DropoutCNNClassifier(pooling=pooling, spatial_dropout=0.1, drop_block=0.1, block_size=2, **short)
            model.fit(form, y > 0.0).predict_uncertainty(form)
        DropoutCNNRegressor(residual=True, stochastic_depth=0.1, global_pooling=True, **short).fit(form, y).predict(
            form
        )


def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 8))
    return X, X[:, 0] + rng.standard_normal(60)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    tasks = {"linear": fit_linear, "nets": fit_nets}
    if sys.argv[1:]:
        tasks[sys.argv[1]]()
    else:
        running = [subprocess.Popen([sys.executable, "-P", __file__, task]) for task in tasks]
        sys.exit(max(process.wait() for process in running))
