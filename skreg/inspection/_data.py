"""What the rows themselves tell, before anything is fitted: rare classes, copies of rows, their order, their units."""

import warnings
from numbers import Integral
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.stats import ks_2samp
from sklearn.base import is_classifier
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.utils.multiclass import type_of_target

from ..utils._rows import distinct, n_rows, take
from ..utils._split import read_splits
from ..utils._table import as_table, categorical_mask, columns_of, names_of
from ._display import last_step
from ._strength import chain

MAX_RARE_SHARE = 0.2  # a class is rare whose share is less than this part of an even one: 10 % of two classes
MIN_TWIN_SHARE = 0.05  # held-out rows with an equal row in training, above which folds keep equal rows together
MIN_DRIFT = 0.35  # Kolmogorov-Smirnov distance of the last fifth of the rows from the others
MAX_DRIFT_P = 1e-4  # p-value of that distance, over all columns together
MIN_NEIGHBOUR_CORRELATION = 0.3  # of a feature in consecutive rows
MIN_CORRELATION = 0.9  # above which two features are called correlated
MAX_COLUMNS = 2000  # with more, correlations are not computed
MAX_ROWS = 2000  # of which correlations are computed
MIN_ROWS_ORDER = 60  # with fewer, nothing is said about the order of rows
LAST_SHARE = 0.2  # of the rows, which are compared with those before
EXTRA_PARTITIONS = 2  # of the rows, for comparisons that the first leaves open


class Drift(NamedTuple):
    """How far the last rows are from the others, in the feature where that is most."""

    feature: str
    distance: float


class Facts(NamedTuple):
    """What is known of the rows and of the features that the last step sees."""

    n_features: int = 0  # 0 where they are neither numbers nor a table of numbers and categories
    is_sparse: bool = False
    has_missing: bool = False
    categories: tuple = ()  # positions of the columns of text or categories, where there are such
    scale_ratio: float = 1.0
    n_correlated: int = 0
    names: tuple = ()
    neighbour_correlation: float = 0.0
    drift: Drift | None = None


def class_shares(y):
    """Share of every class, the rarest first: {label: share}."""
    labels, counts = np.unique(np.asarray(y), return_counts=True)
    order = np.argsort(counts, kind="stable")
    names, shares = labels[order].tolist(), counts[order] / counts.sum()
    return dict(zip(names, shares.tolist(), strict=True))


def rare_class(y):
    """The rarest class where it is rare, else None."""
    if type_of_target(y) not in ("binary", "multiclass"):
        return None
    shares = class_shares(y)
    label, share = next(iter(shares.items()))
    return label if len(shares) > 1 and share < MAX_RARE_SHARE / len(shares) else None


def possible_folds(cv, y, groups, classifier):
    """The number of folds, or fewer with a warning where the rows do not suffice; other splitters as they are."""
    if not isinstance(cv, Integral) or isinstance(cv, bool):
        return cv
    if cv < 2:
        raise ValueError(f"cv must be at least 2 folds, a splitter or splits; got {cv!r}.")
    y = np.asarray(y)
    most, what = len(y) // 2, f"{len(y)} rows, two for each fold"
    if classifier and y.ndim == 1:
        most = int(np.unique(y, return_counts=True)[1].max())
        what = f"{most} rows of the largest class"
    if groups is not None:
        n_groups = len(np.unique(np.asarray(groups)))
        if n_groups < 2:
            raise ValueError("groups must hold at least two groups; got one.")
        if n_groups < most:
            most, what = n_groups, f"{n_groups} groups"
    if cv <= most:
        return cv
    if most < 2:
        raise ValueError(f"y must hold at least two rows of some class; got {len(y)} rows of {len(y)} classes.")
    warnings.warn(f"cv={cv} is more folds than the data allow ({what}); {most} folds are used.", stacklevel=3)
    return most


class Splits(NamedTuple):
    """The folds of a diagnosis.

    Attributes
    ----------
    used : list of (train, test)
    other : list of (train, test) or None
        Folds that differ in whether they keep `kept` together; the difference of the scores is what that costs.
    kept : {"groups", "equal rows", None}
    together : bool
        Whether `used` keep them together.
    twin_share : float
        Share of held-out rows of the plain folds that have an equal row in training.
    more : sequence of (train, test)
        Further partitions of the rows, shuffled, for comparisons that the first leaves open; none for splits that were
        given.
    """

    used: list
    other: list | None
    kept: str | None
    together: bool
    twin_share: float
    more: tuple = ()


def choose_splits(cv, X, y, groups, classifier):
    """Splits of the given cross-validation; of a number of folds, such that groups and equal rows stay together."""
    keys = row_keys(X)
    if not isinstance(cv, Integral) or isinstance(cv, bool):
        used = read_splits(cv, X, y, classifier, **({} if groups is None else {"groups": groups}))
        share = twin_share(keys, used)
        n_folds = len(used)
        if groups is None and share > MIN_TWIN_SHARE and 2 <= n_folds <= len(np.unique(keys)):
            return Splits(used, _grouped(min(n_folds, 5), y, keys, classifier), "equal rows", False, share)
        return Splits(used, None, None, groups is not None, share)
    plain = read_splits(cv, X, y, classifier)
    share = twin_share(keys, plain)
    kept = "groups" if groups is not None else None
    if groups is None and share > MIN_TWIN_SHARE and len(np.unique(keys)) >= cv:
        groups, kept = keys, "equal rows"
    seeds = range(1, 1 + EXTRA_PARTITIONS)
    if groups is None:
        more = [split for seed in seeds for split in shuffled_splits(cv, y, classifier, seed)]
        return Splits(plain, None, None, True, share, more)
    more = [split for seed in seeds for split in _grouped(cv, y, groups, classifier, seed)]
    return Splits(_grouped(cv, y, groups, classifier), shuffled_splits(cv, y, classifier), kept, True, share, more)


def _grouped(n_folds, y, groups, classifier, seed=None):
    classifier = classifier and np.asarray(y).ndim == 1
    kind = StratifiedGroupKFold if classifier else GroupKFold
    rows, groups = np.zeros(len(y)), np.unique(np.asarray(groups), return_inverse=True)[1]
    labels = np.unique(np.asarray(y), return_inverse=True)[1] if classifier else np.asarray(y)
    options = {} if seed is None else {"shuffle": True, "random_state": seed}
    return list(kind(n_folds, **options).split(rows, labels, groups))


def shuffled_splits(n_folds, y, classifier, seed=0):
    """Folds of rows in random order, of every class alike."""
    kind = StratifiedKFold if classifier and np.asarray(y).ndim == 1 else KFold  # several labels a row: no classes
    return list(kind(n_folds, shuffle=True, random_state=seed).split(np.zeros(len(y)), np.asarray(y)))


def row_keys(X):
    """A number for every row, equal for equal rows; for what cannot be compared, all different."""
    try:
        return distinct(X)[1]
    except (TypeError, ValueError, AttributeError, IndexError):
        return np.arange(n_rows(X))


def twin_share(keys, splits):
    """Share of held-out rows that have an equal row among the training rows, mean over folds."""
    return float(np.mean([np.isin(keys[test], keys[train]).mean() for train, test in splits]))


def facts_of(estimator, X, y, train):
    """The `Facts`, from training rows as the last step of the estimator sees them."""
    X, y = take(X, train), take(y, train)
    names = None
    try:
        for _, outer in chain(estimator):
            if isinstance(outer, Pipeline):
                _, X, names = last_step(outer, X, y, refit=True)
        names = names or last_step(estimator, X)[2]
        X = X if sp.issparse(X) else np.asarray(X, dtype=float)
    except (TypeError, ValueError, IndexError, AttributeError):  # texts, categories
        return _facts_of_table(X)
    if X.ndim != 2:
        return Facts()
    return Facts(
        n_features=X.shape[1],
        is_sparse=sp.issparse(X),
        has_missing=not sp.issparse(X) and bool(np.isnan(X).any()),
        scale_ratio=scale_ratio(X),
        n_correlated=n_correlated(X),
        names=tuple(names),
    )


def _facts_of_table(X):
    """The `Facts` of a table with text, categories or booleans; of what is no table, none."""
    if getattr(X, "ndim", 2) != 2:
        return Facts()
    try:
        columns, names = columns_of(as_table(X)), names_of(X)
        holds_text = categorical_mask("from_dtype", columns, names)
    except (TypeError, ValueError, AttributeError):  # sequences, several types in one column
        return Facts()
    is_bool = [str(column.dtype).lower().startswith("bool") for column in columns]
    return Facts(
        n_features=len(columns),
        categories=tuple(map(int, np.flatnonzero(holds_text | is_bool))),
        names=tuple(names or ()),
    )


def order_facts(X, y, classifier):
    """Correlation of consecutive rows, and the drift of the last ones; of classes, inside each class."""
    try:
        names = [str(name) for name in X.columns] if hasattr(X, "columns") else None
        values = np.asarray(X, dtype=float)
    except (TypeError, ValueError):
        return 0.0, None
    if sp.issparse(X) or values.ndim != 2 or len(values) < MIN_ROWS_ORDER or not np.isfinite(values).all():
        return 0.0, None
    names = names or [f"x{j}" for j in range(values.shape[1])]
    values, y = values[:, :MAX_COLUMNS], np.asarray(y)
    varies = values.std(axis=0) > 0.0
    names, values = np.array(names[:MAX_COLUMNS])[varies], values[:, varies]
    if not names.size:
        return 0.0, None
    groups = [np.flatnonzero(y == label) for label in np.unique(y)] if classifier else [np.arange(len(y))]
    groups = [rows for rows in groups if rows.size >= 10]
    if not groups:
        return 0.0, None
    centred = [values[rows] - values[rows].mean(axis=0) for rows in groups]
    early = np.vstack([part[: -max(1, round(LAST_SHARE * len(part)))] for part in centred])
    late = np.vstack([part[-max(1, round(LAST_SHARE * len(part))) :] for part in centred])
    below = sum((part[1:] * part[:-1]).sum(axis=0) for part in centred)
    correlation = float(np.median(below / np.maximum(sum((part**2).sum(axis=0) for part in centred), 1e-300)))
    return correlation, _largest_drift(names, early, late)


def _largest_drift(names, early, late):
    tests = [ks_2samp(early[:, j], late[:, j]) for j in range(len(names))]
    worst = max(range(len(tests)), key=lambda j: tests[j].statistic)
    found = tests[worst]
    if found.statistic < MIN_DRIFT or found.pvalue * len(tests) > MAX_DRIFT_P:
        return None
    return Drift(str(names[worst]), float(found.statistic))


def scale_ratio(X):
    """Largest over smallest standard deviation of the columns that vary; of sparse ones, root mean square."""
    with np.errstate(invalid="ignore"):
        scale = np.sqrt(np.asarray(X.multiply(X).mean(axis=0)).ravel()) if sp.issparse(X) else np.nanstd(X, axis=0)
    scale = scale[np.isfinite(scale) & (scale > 1e-12 * scale.max(initial=0.0))]
    return float(scale.max() / scale.min()) if scale.size else 1.0


def n_correlated(X):
    """How many columns have another one that they are correlated with by more than 0.9."""
    if sp.issparse(X) or not 1 < X.shape[1] <= MAX_COLUMNS or not np.isfinite(X).all():
        return 0
    X = X[:: max(1, -(-len(X) // MAX_ROWS))]
    X = X[:, X.std(axis=0) > 0.0]
    if X.shape[1] < 2:
        return 0
    R = np.abs(np.corrcoef(X, rowvar=False))
    np.fill_diagonal(R, 0.0)
    return int((R.max(axis=0) > MIN_CORRELATION).sum())


def is_numeric(X):
    """Whether X is dense and holds numbers only."""
    if sp.issparse(X):
        return False
    columns = [X[name] for name in X.columns] if hasattr(X, "columns") else [X]
    return all(np.asarray(column).dtype.kind in "iuf" for column in columns)


def can_classify(estimator, y):
    """Whether these are classes of one target."""
    return is_classifier(estimator) and np.asarray(y).ndim == 1
