"""The table of the dropout paper on MNIST, permutation-invariant and without augmentation, and more regularizers."""

import statistics
import time
from typing import NamedTuple

import numpy as np

from skreg import DropoutMLPClassifier

from . import report
from .linear import names
from .problems import image_rows

NOTE = """\
Error on the 10,000 test images after training on all 60,000. Test images decide nothing: there is no early stopping.
"Published" is Srivastava et al. (2014, table 2); for DropConnect it is Wan et al. (2013, table 3, 2 x 800, mean of five
nets, without augmentation). Both come from longer runs. Pixels are in [0, 1]; weights are float32.
"""

BASE = dict(
    normalization=None, learning_rate=0.001, schedule="cosine", warmup=0.02, batch_size=128, weight_decay=0.0, l1=0.0,
    averaging=None, early_stopping=False, standardize=None,
)  # fmt: skip
WIDE = dict(BASE, hidden_layer_sizes=(1024, 1024, 1024))
TWO = dict(BASE, hidden_layer_sizes=(800, 800), dropout=0.5, input_dropout=0.2)


class Row(NamedTuple):
    """A net, and the published error for it, in percent."""

    params: dict
    published: float | None = None
    seeds: int = 1


ROWS = {
    "no regularizer 2 x 800": Row(dict(BASE, hidden_layer_sizes=(800, 800), dropout=0.0, max_iter=30), 1.60, 3),
    "dropout 3 x 1024": Row(dict(WIDE, dropout=0.5, input_dropout=0.2, max_iter=30), 1.25, 3),
    "dropout and max-norm 3 x 1024": Row(
        dict(WIDE, dropout=0.5, input_dropout=0.2, max_norm=2.0, max_iter=30), 1.06, 3
    ),
    "dropout 2 x 800": Row(dict(TWO, max_iter=60), 1.28),
    "DropConnect 2 x 800": Row(dict(TWO, dropout_kind="dropconnect", max_iter=40), 1.20),
    "Gaussian dropout 2 x 800": Row(dict(TWO, dropout_kind="gaussian", max_iter=40), 0.95),
    "concrete dropout 2 x 800": Row(dict(TWO, dropout_kind="concrete", dropout=0.2, max_iter=40)),
    "adaptive dropout 2 x 800": Row(dict(TWO, dropout_kind="adaptive", max_iter=40)),
    "label smoothing 2 x 800": Row(dict(TWO, dropout=0.0, input_dropout=0.0, label_smoothing=0.1, max_iter=40)),
    "confidence penalty 2 x 800": Row(dict(TWO, dropout=0.0, input_dropout=0.0, confidence_penalty=0.3, max_iter=40)),
    "stochastic depth 4 x 800": Row(
        dict(TWO, hidden_layer_sizes=(800,) * 4, residual=True, stochastic_depth=0.5, max_iter=40)
    ),
    "SAM 2 x 800": Row(dict(TWO, dropout=0.0, input_dropout=0.0, sam_rho=0.1, max_iter=40)),
    "mixup 2 x 800": Row(dict(TWO, dropout=0.0, input_dropout=0.0, mixup=0.4, max_iter=40)),
    "cocktail 2 x 1024": Row(
        dict(
            BASE, hidden_layer_sizes=(1024, 1024), normalization="batch", dropout_kind="gaussian", dropout=0.25,
            input_noise=0.3, learning_rate=0.003, averaging="ema", max_iter=80,
        ),
        None,
        3,
    ),
    "adversarial training 2 x 1024": Row(
        dict(
            BASE, hidden_layer_sizes=(1024, 1024), normalization="batch", dropout_kind="gaussian", dropout=0.25,
            input_noise=0.1, adversarial_epsilon=0.1, learning_rate=0.003, averaging="ema", max_iter=40,
        ),
        None,
        3,
    ),
}  # fmt: skip


def configure(parser):
    parser.add_argument("--problems", type=names(ROWS), default=list(ROWS), help="some of the nets, by their names")
    parser.add_argument("--small", action="store_true", help="1000 images and 2 epochs; written only to --out")
    parser.add_argument("--out", help="folder of mnist.json and mnist.md (default: docs/benchmarks)")


def book(folder):
    return report.Book("mnist", folder, ROWS, ("nets", "digits"), NOTE)


def run(args):
    pages = book(report.folder(args))
    found = image_rows()
    if found is None:
        print("the digits are out of reach: set SKREG_MNIST")
        return
    X, y, X_test, y_test = found
    for name in args.problems:
        row = ROWS[name]
        params = dict(row.params, max_iter=2) if args.small else row.params
        n = 1000 if args.small else len(y)
        about = ", ".join(f"{key}={value}" for key, value in params.items())
        errors, seconds = [], []
        for seed in range(1 if args.small else row.seeds):
            start = time.perf_counter()
            model = DropoutMLPClassifier(**params, random_state=seed).fit(X[:n], y[:n])
            seconds.append(time.perf_counter() - start)
            errors.append(float(100.0 * np.mean(model.predict(X_test) != y_test)))
            print(f"    {name}, seed {seed}: {errors[-1]:.2f} % in {seconds[-1]:.0f} s", flush=True)
            entry = dict(
                solver=name, error=statistics.mean(errors), published=row.published, worst=max(errors),
                seeds=len(errors), seconds=statistics.median(seconds),
            )  # fmt: skip
            pages.enter("digits", name, about, None, None, rows=[entry])
    rows = [row for entry in pages.entries("digits") for row in entry["rows"]]
    pages.enter("nets", "test errors", rows=rows)
