"""How generated rows differ from the rows that they were learned from."""

import warnings
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.stats import rankdata
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors

from ..utils._errors import caller_level
from ..utils._rows import as_table, n_rows, stack
from ..utils._validation import check_in_memory
from ._ranks import columns_of

N_TREES = 100
NEAR_COPIES = 0.5  # distance ratio below which generated rows are said to be copies


class GeneratedComparison(NamedTuple):
    """See `compare_generated`."""

    discriminative_score: float
    distance_ratio: float


def compare_generated(X, generated, *, random_state=0):
    """How well a classifier tells generated rows from real ones, and how near to a real row they are.

    Parameters
    ----------
    X : array-like of shape (n, n_columns) or frame
        Real rows, best the training rows of the generator.
    generated : in the container of X
    random_state : int, RandomState or None, default=0
        Seed of the folds and of the classifier.

    Returns
    -------
    comparison : GeneratedComparison
        A named tuple.

        - `discriminative_score`: area under the ROC curve of a random forest that tells generated from real rows, on
          held-out rows of five folds, or one minus that area if it is larger, as for copies, which are taken for their
          originals. 0.5 is a guess, 1 is certain.
        - `distance_ratio`: median distance of a generated row to the nearest real one, divided by that of a real row to
          the nearest other. About 1 is right; near 0 the generator has memorized its rows, which then leak.

    Raises
    ------
    ValueError
        If there are fewer than 10 rows of one kind, or the columns differ.

    Warns
    -----
    UserWarning
        If the distance ratio is below 0.5.

    Notes
    -----
    Distances are Euclidean, in standard deviations of the real rows; two categories have distance 1, and so have a
    missing entry and one that is not.

    Whole rows are compared. A good comparison does not mean that generated rows are anonymous: their single entries may
    be those of real rows, as they are with `GaussianCopulaAugmenter` and `GANAugmenter`.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import compare_generated
    >>> rng = np.random.default_rng(0)
    >>> circle = np.column_stack([np.cos(t := rng.uniform(0, 7, 300)), np.sin(t)])
    >>> comparison = compare_generated(circle, rng.permuted(circle, axis=0))  # columns fit, but not together
    >>> comparison.discriminative_score > 0.8
    True
    """
    for name, rows in (("X", X), ("generated", generated)):
        check_in_memory(rows, name)
        if sp.issparse(rows) or (as_table(rows) is None and np.ndim(rows) != 2):
            kind = "a sparse matrix" if sp.issparse(rows) else f"shape {np.shape(rows)}"
            raise ValueError(f"{name} must be a dense table of rows and columns; got {kind}.")
    n, m = n_rows(X), n_rows(generated)
    if min(n, m) < 10:
        raise ValueError(f"X and generated must have at least 10 rows each; got {n} and {m}.")
    names = [None if as_table(rows) is None else as_table(rows).columns for rows in (X, generated)]
    if names[0] != names[1] or (names[0] is None and np.shape(X)[1:] != np.shape(generated)[1:]):
        both = [
            f"an array of {np.shape(rows)[1]} columns" if known is None else f"a frame of {known}"
            for rows, known in zip((X, generated), names, strict=True)
        ]
        raise ValueError(f"generated must have the columns of X, which is {both[0]}; got {both[1]}.")
    columns = columns_of(stack([X, generated]))
    is_generated = np.repeat([0, 1], [n, m])
    forest = RandomForestClassifier(N_TREES, min_samples_leaf=3, random_state=random_state)
    folds = StratifiedKFold(5, shuffle=True, random_state=random_state)
    table = np.column_stack([np.where(c.missing, -1.0, rankdata(c.values)) for c in columns])
    scores = cross_val_predict(forest, table, is_generated, cv=folds, method="predict_proba")[:, 1]
    places = np.column_stack([part for column in columns for part in _coordinates(column, n)])
    real = NearestNeighbors().fit(places[:n])
    to_real = np.median(real.kneighbors(places[n:], 1)[0])
    between = np.median(real.kneighbors(n_neighbors=1)[0])
    ratio = float(to_real / between) if between > 0.0 else 1.0 if to_real == 0.0 else np.inf
    if ratio < NEAR_COPIES:
        warnings.warn(
            f"generated rows are about {ratio:.2g} times as far from real rows as those are from each other: the"
            " generator has memorized rows, which must not be shown where the real ones must not.",
            UserWarning,
            stacklevel=caller_level(),
        )
    area = float(roc_auc_score(is_generated, scores))
    return GeneratedComparison(max(area, 1.0 - area), ratio)


def _coordinates(column, n):
    """Coordinates in which distances are those of numbers, of categories, and of missing entries; n rows are real."""
    if column.has_missing:
        yield column.missing.astype(float)
    if column.is_category:
        values = np.where(column.missing, -1.0, column.values)
        for k in np.unique(values):
            yield (values == k) / np.sqrt(2.0)
        return
    known = column.values[:n][~column.missing[:n]]
    middle, size = (known.mean(), known.std()) if known.size else (0.0, 0.0)
    yield np.where(column.missing, 0.0, column.values - middle) / (size if size > 0.0 else 1.0)
