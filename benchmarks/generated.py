"""Generated rows beside simple augmentation, on small tables and with rare classes."""

import time
import warnings
from importlib.util import find_spec

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.utils.multiclass import unique_labels

from skreg import DropoutMLPClassifier
from skreg.augmentation import GANAugmenter, GaussianCopulaAugmenter, GaussianNoise, Mixup, compare_generated

from . import tables

N_SPLITS = 1
NOTE = """\
Generated rows: log loss on real held-out rows of models trained on real rows and about as many new ones, for one random
split into training and held-out rows, which no decision was made on. SMOTE (imbalanced-learn) makes all
classes equally frequent instead, as it does by default. Noise (a tenth of a standard deviation), mixup and SMOTE change
rows after encoding; the others generate tables. `ctgan` has its defaults, 300 steps on so few rows; all generators
have, and see the training rows only. CPU seconds are those of making the rows, with the training of the generator. The
net has two layers of 64 units and 30 epochs, without early stopping. In "all tables" losses are divided by those of
"none" on the same table: geometric means, "from" and "to" their 95 % intervals for the net by a bootstrap over tables.

Early stopping of `GANAugmenter`, on other tables, which chose its default: log loss of logistic regression as above,
and the discriminative score (0.5 is best) of `compare_generated` between generated and held-out rows.
"""
# Training rows; the others are held out.
TASKS = {
    "wine": 100, "scat": 70, "intensive care": 130, "low birth weight": 120, "glass": 140, "Pima": 220,
    "loans": 400, "crashes": 400,
}  # fmt: skip
RARE = "loans", "crashes"
STOPPING_TASKS = {"breast cancer": 150, "churn": 400, "credit": 300, "olives": 200, "attrition": 300, "spam": 200}
STOPPING = {
    "last step, all rows": {},
    "best step": dict(early_stopping=True),
    "best step, patience=3": dict(early_stopping=True, patience=3),
}
MAX_HELD_OUT, MAX_COMPARED = 3000, 500
MODELS = {
    "logistic": lambda: LogisticRegression(max_iter=1000),
    "boosting": lambda: HistGradientBoostingClassifier(max_iter=50, random_state=0),
    "net": lambda: DropoutMLPClassifier((64, 64), max_iter=30, early_stopping=False, random_state=0),
}


def smote(X, y, seed):
    from imblearn.over_sampling import SMOTE

    rarest = np.unique(y, return_counts=True)[1].min()
    return SMOTE(k_neighbors=min(5, rarest - 1), random_state=seed).fit_resample(X, y)


def ctgan(X, y, seed):
    """Rows of PyPI's `ctgan`, which models the label as one more column."""
    import pandas as pd
    import torch
    from ctgan import CTGAN

    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (it draws from the global generator)
    frame = X.assign(label_=y)
    texts = frame.select_dtypes(exclude="number").columns
    frame[texts] = frame[texts].astype(object)
    model = CTGAN(verbose=False)
    model.fit(frame, [*texts, *(["label_"] if "label_" not in texts else [])])
    new = model.sample(len(X))
    labels = np.concatenate([y, new.pop("label_").to_numpy().astype(y.dtype)])
    return pd.concat([X, new.astype(X.dtypes)], ignore_index=True), labels


def ours(augmenter):
    return lambda X, y, seed: augmenter.set_params(random_state=seed).fit_resample(X, y)


ENCODED = {"noise": ours(GaussianNoise(0.1)), "mixup": ours(Mixup(0.2)), "SMOTE": smote}
GENERATED = {"copula": ours(GaussianCopulaAugmenter()), "GAN": ours(GANAugmenter()), "ctgan": ctgan}
NEEDS = {"SMOTE": "imblearn", "ctgan": "ctgan"}


def split(name, small, seed):
    """Training and held-out rows; missing numbers are filled in, since `ctgan` takes none."""
    X, y, _ = tables.load(name)
    n = (TASKS | STOPPING_TASKS)[name]
    n = min(60, n) if small else n
    first, rest = train_test_split(np.arange(len(y)), train_size=n, stratify=y, random_state=seed)
    rest = rest[:MAX_HELD_OUT]
    filler = tables.filler()
    return filler.fit_transform(X.iloc[first]), y[first], filler.transform(X.iloc[rest]), y[rest]


def losses(X, y, X_test, y_test):
    """Log loss of every model."""
    classes = unique_labels(y)
    found = {}
    for name, make in MODELS.items():
        p = make().fit(X, y).predict_proba(X_test)
        found[name] = float(log_loss(y_test, np.clip(p, 1e-7, 1.0), labels=classes))
    return found


def one_split(name, small, seed):
    """Losses, and the CPU seconds of the augmentation, by its name."""
    X, y, X_test, y_test = split(name, small, seed)
    encoder = tables.encoder().fit(X)
    coded, coded_test = (np.asarray(encoder.transform(part), np.float64) for part in (X, X_test))
    found = {"none": dict(losses(coded, y, coded_test, y_test), cpu=None)}
    for way, make in (ENCODED | GENERATED).items():
        if way in NEEDS and not find_spec(NEEDS[way]):
            continue
        start = time.process_time()
        more, labels = make(coded if way in ENCODED else X, y, seed)
        seconds = time.process_time() - start
        rows = more if way in ENCODED else np.asarray(encoder.transform(more), np.float64)
        found[way] = dict(losses(rows, labels, coded_test, y_test), cpu=seconds)
    return found


def compare(name, small):
    """A row for each way of augmenting."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence, and of `ctgan`
        parts = [one_split(name, small, seed) for seed in range(1 if small else N_SPLITS)]
    rows = []
    for way in parts[0]:
        row = {key: float(np.mean([part[way][key] for part in parts])) for key in MODELS}
        rows.append(dict(solver=way, **row, **({} if way == "none" else dict(cpu=min(p[way]["cpu"] for p in parts)))))
    return rows


def compare_stopping(small):
    """A row for each way of ending the training: means over tables, of the losses geometric ones."""
    rows = []
    for way, params in STOPPING.items():
        parts = [stopped(name, small, params) for name in STOPPING_TASKS]
        means = {key: float(np.mean([part[key] for part in parts])) for key in ("cpu", "discriminative")}
        steps = round(np.mean([part["steps"] for part in parts]))
        loss = float(np.exp(np.mean([np.log(part["logistic"]) for part in parts])))
        rows.append(dict(solver=way, **means, steps=steps, logistic=loss, n_tables=len(parts)))
    return rows


def stopped(name, small, params):
    """How well rows of one generator fit held-out rows, and what they do to logistic regression."""
    X, y, X_test, y_test = split(name, small, 0)
    gan = GANAugmenter(n_steps=100 if small else 2000, random_state=0, **params)
    start = time.process_time()
    gan.fit(X, y)
    seconds = time.process_time() - start
    X_seen, y_seen = X_test[:MAX_COMPARED], y_test[:MAX_COMPARED]
    score = compare_generated(X_seen, gan.generate(len(y_seen), y_seen)[0]).discriminative_score
    more, labels = gan.generate(len(y), y)
    encoder = tables.encoder().fit(X)
    rows = np.vstack([encoder.transform(part) for part in (X, more)])
    model = LogisticRegression(max_iter=1000).fit(rows, np.concatenate([y, labels]))
    loss = float(log_loss(y_test, model.predict_proba(encoder.transform(X_test)), labels=model.classes_))
    return dict(cpu=seconds, steps=gan.n_steps_, discriminative=score, logistic=loss)


def about(name):
    X, y, _ = tables.load(name)
    rarest = np.unique(y, return_counts=True)[1].min() / len(y)
    return f"{TASKS[name]} training rows, {X.shape[1]} columns, rarest class {100 * rarest:.0f} %"


def summary(entries):
    """Losses relative to those without augmentation: geometric means over tables."""
    ways = {}
    for entry in entries:
        null = next(row for row in entry["rows"] if row["solver"] == "none")
        for row in entry["rows"]:
            ways.setdefault(row["solver"], []).append([row[key] / null[key] for key in MODELS])
    rng, rows = np.random.default_rng(0), []
    for way, ratios in ways.items():
        if way == "none":
            continue
        logs = np.log(ratios)
        drawn = logs[rng.integers(len(logs), size=(10000, len(logs))), -1].mean(axis=1)
        low, high = np.exp(np.quantile(drawn, [0.025, 0.975]))
        means = dict(zip(MODELS, map(float, np.exp(logs.mean(axis=0))), strict=True))
        rows.append(dict(solver=way, **means, log_loss_low=float(low), log_loss_high=float(high), n_tables=len(logs)))
    return rows
