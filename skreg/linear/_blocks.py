"""Linear models on row blocks: reading, and folds."""

import warnings
from numbers import Integral
from typing import NamedTuple

import numpy as np

from .._core.block_fits import add_each, are_finite, cells_of_block
from .._core.block_newton import BlockScoresFit
from .._core.block_scores import MAX_COORDINATES, BlockScores, LossRows, log_loss_sums
from .._core.data.blocks import BlockData, RowMoments
from .._core.solve import MAX_GRAM_COLUMNS
from ..utils._blocks import NeedsRowsInMemory, as_blocks, in_memory
from ..utils._classes import smoothed_targets
from ..utils._errors import caller_level
from ..utils._features import check_bounds, check_left_out, check_penalty_factor
from ..utils._split import name_of, pairs_of
from ..utils._targets import as_labels, check_classes
from ..utils._validation import LEAST_SQUARABLE, is_dask, labelled
from ._data import LinearData, class_factors

LEAST_SHARE = 1e-12  # of a class, where intercepts begin
MAX_CELLS = 1000  # sets of rows that splits may have in common: a p x p matrix is kept for each


class BlockSplits:
    """Training and test rows of all folds, as sets of cells: rows that are in the same of these sets.

    Parameters
    ----------
    cells : callable
        For the positions of the first and past the last row, the cell of each row (an ndarray of int).
    n_cells : int
    train, test : list of list of int
        The cells of every fold.
    rows : list of slice or ndarray
        Test rows of every fold.
    """

    def __init__(self, cells, n_cells, train, test, rows):
        self.cells = cells
        self.n_cells = n_cells
        self.train = train
        self.test = test
        self.rows = rows

    def __len__(self):
        return len(self.test)

    def __getitem__(self, fold):
        return None, self.rows[fold]

    def mask_of(self, cells):
        """A mask of the rows of some cells, as a function of the positions of the first and past the last row."""
        return RowMask(self.cells, np.array(cells))


class RowMask:
    """Whether rows belong to some cells."""

    def __init__(self, cells, chosen):
        self.cells = cells
        self.chosen = chosen

    def __call__(self, first, stop):
        return np.isin(self.cells(first, stop), self.chosen)


class Consecutive:
    """Cells of consecutive rows, as the folds of `KFold`."""

    def __init__(self, bounds):
        self.bounds = bounds

    def __call__(self, first, stop):
        return np.searchsorted(self.bounds[1:], np.arange(first, stop), side="right")


class Listed:
    """Cells by a number for every row."""

    def __init__(self, numbers):
        self.numbers = numbers

    def __call__(self, first, stop):
        return self.numbers[first:stop]


def consecutive_splits(n, n_folds):
    """Folds of consecutive rows."""
    sizes = np.full(n_folds, n // n_folds)
    sizes[: n % n_folds] += 1
    bounds = np.append(0, np.cumsum(sizes))
    train = [[cell for cell in range(n_folds) if cell != fold] for fold in range(n_folds)]
    rows = [slice(*map(int, bounds[fold : fold + 2])) for fold in range(n_folds)]
    return BlockSplits(Consecutive(bounds), n_folds, train, [[fold] for fold in range(n_folds)], rows)


def listed_splits(splits, n):
    """Folds that are given by pairs of index arrays."""
    for fold, pair in enumerate(splits):
        for rows in pair:
            if rows.dtype != bool and np.unique(rows).size < len(rows):
                raise NeedsRowsInMemory(f"cv repeats rows in fold {fold}, which row blocks do not allow: use weights.")
    numbers = np.zeros(n, dtype=np.int64)
    members = [[]]  # of every cell, the sets that it belongs to
    for k, rows in enumerate(rows for pair in splits for rows in pair):
        mask = np.zeros(n, dtype=bool)
        mask[rows] = True
        pairs, numbers = np.unique(2 * numbers + mask, return_inverse=True)
        members = [[*members[pair // 2], *([k] if pair % 2 else [])] for pair in pairs]
        if len(members) > MAX_CELLS:
            raise NeedsRowsInMemory(
                f"cv makes {len(splits)} splits that cut the rows into more than {MAX_CELLS} parts: use fewer splits,"
                " or KFold."
            )
    small = np.min_scalar_type(len(members))
    sets = [[cell for cell, of in enumerate(members) if k in of] for k in range(2 * len(splits))]
    return BlockSplits(Listed(numbers.astype(small)), len(members), sets[::2], sets[1::2], [test for _, test in splits])


class BlockTargets:
    """Targets (T, n) that are read when one is asked for."""

    def __init__(self, blocks):
        self.blocks = blocks

    def __len__(self):
        return self.blocks.n_targets

    def __getitem__(self, target):
        return self.blocks.targets()[target]

    @property
    def T(self):
        return self.blocks.targets().T


def read_blocks(estimator, X, y, sample_weight=None, splits_of=None, complete=None, **restrictions):
    """Check row blocks and numeric targets, and compute their moments, in one pass over the rows.

    Sets `n_features_in_` and `feature_names_in_` of the estimator.

    Parameters
    ----------
    estimator : estimator
        Gives `fit_intercept`.
    X : object of shape (n, p)
        See `utils._blocks.has_blocks`.
    y : array-like or dask collection of shape (n,) or (n, n_targets)
    sample_weight : array-like or dask array of shape (n,), default=None
    splits_of : callable, default=None
        The `BlockSplits` of a `LinearData`, of which only the shape of X and the targets may be asked.
    complete : callable, default=None
        Of a `LinearData` as for `splits_of`, the same with what the estimator knows besides.
    **restrictions : dict
        `penalty_factor`, `bounds` and `positive`.

    Returns
    -------
    problem : LinearData
    splits : BlockSplits or None
    """
    _check_solver(estimator, "gram")
    blocks = as_blocks(X, y, sample_weight)
    problem = LinearData(
        blocks, BlockTargets(blocks), None, sample_weight, None, *_parts(estimator, blocks, **restrictions),
        one_target=blocks.one_target,
    )  # fmt: skip
    return _with_data(estimator, problem, splits_of, complete)


def _with_data(estimator, problem, splits_of, complete):
    """The completed problem with the moments of all rows and of the cells of its splits, and the splits."""
    problem = problem if complete is None else complete(problem)
    splits = None if splits_of is None else splits_of(problem)
    return problem._replace(data=_measured(estimator, problem.X, splits)), splits


def read_block_classes(
    estimator, X, y, sample_weight=None, splits_of=None, complete=None, class_weight=None, **restrictions
):
    """Check row blocks and labels, and compute the moments of the columns. Labels and weights are read as a whole.

    Sets `n_features_in_` and `feature_names_in_` of the estimator.

    Parameters
    ----------
    estimator : estimator
        Gives `fit_intercept`.
    X : object of shape (n, p)
        See `utils._blocks.has_blocks`.
    y : array-like or dask collection of shape (n,)
    sample_weight : array-like or dask array of shape (n,), default=None
    splits_of, complete : callable, default=None
        As for `read_blocks`.
    class_weight : dict, "balanced" or None
    **restrictions : dict
        `penalty_factor`, `bounds` and `positive`.

    Returns
    -------
    problem : LinearData
    splits : BlockSplits or None
    """
    _check_solver(estimator, "newton")
    classes, codes, sample_weight = check_classes(as_labels(in_memory(y)), in_memory(sample_weight))
    weights, factors = sample_weight, class_factors(class_weight, classes, codes, sample_weight)
    if factors is not None:
        weights = factors[codes] * (1.0 if weights is None else weights)
    blocks = as_blocks(X, codes, weights)
    check_coordinates(blocks, classes.size if classes.size > 2 else 1, f"y has {classes.size} classes")
    parts = _parts(estimator, blocks, **restrictions)
    problem = LinearData(blocks, codes[None], weights, sample_weight, None, *parts, one_target=True, classes=classes)
    return _with_data(estimator, problem, splits_of, complete)


def check_coordinates(blocks, n_scores, reason):
    """Raise NeedsRowsInMemory where the curvature matrix of all coefficients of some scores would be too large."""
    if n_scores * blocks.p > MAX_COORDINATES:
        raise NeedsRowsInMemory(
            f"X has {blocks.p} columns and {reason}; row blocks are fitted through the curvature of at most"
            f" {MAX_COORDINATES} coefficients. Select features first, or pass an X that fits in memory."
        )


def read_in_blocks(X, read):
    """What `read()` returns for an X that has blocks; None where X must be read as a whole, and may be.

    Raises `NeedsRowsInMemory` for a Dask collection only.
    """
    try:
        return read()
    except NeedsRowsInMemory:
        if is_dask(X):
            raise
    return None


def _check_solver(estimator, only):
    """Raise NeedsRowsInMemory for a solver that needs the rows in memory; `only` is the one that does not."""
    solver = getattr(estimator, "solver", "auto")
    if solver not in ("auto", only):
        raise NeedsRowsInMemory(f"solver={solver!r} needs the rows in memory; row blocks have 'auto' and {only!r}.")


class ClassTargets(NamedTuple):
    """Targets of the scores for codes of classes."""

    n_classes: int
    label_smoothing: float

    def __call__(self, Y):
        return smoothed_targets(Y[0].astype(np.int64), self.n_classes, self.label_smoothing)


def block_scores_fit(problem, loss, label_smoothing, data=None):
    """The fit of a loss of classes on row blocks, or on some of their cells."""
    data = problem.data if data is None else data
    K, codes, weights = problem.classes.size, problem.Y[0], problem.row_weights
    if data.used is not None:
        weights = weights * data.used(0, data.n)
    targets, shares = ClassTargets(K, label_smoothing), np.bincount(codes, weights, K)
    mean = np.clip(targets(np.arange(K)[None]) @ (shares / shares.sum()), LEAST_SHARE, 1.0 - LEAST_SHARE)
    start = np.log(mean / (1.0 - mean)) if mean.size == 1 else np.log(mean) - np.log(mean).mean()
    return BlockScoresFit(BlockScores(data, LossRows(loss, targets, data.mean, data.scale, data.used), start))


def training_cells(problem, splits, fold):
    """What solvers need of the training rows of a fold."""
    cells = splits.train[fold]
    blocks, every = problem.data.blocks, problem.data.cells
    return BlockData(blocks, [every[cell] for cell in cells], problem.data.fit_intercept, splits.mask_of(cells))


def block_log_losses(problem, splits, fold, coefs, intercepts):
    """Mean log losses on the test rows of a fold, for coefs (m, K, p) and intercepts (m, K), in one pass."""
    cells, data = splits.test[fold], problem.data
    sums = data.blocks.total(log_loss_sums, splits.mask_of(cells), np.array(coefs), np.array(intercepts))
    return sums / sum(data.cells[cell].weight for cell in cells)


def _parts(estimator, blocks, penalty_factor=None, bounds=None, positive=False, prior_coef=None):
    """Penalty factors and bounds as arrays; sets what is known of the features."""
    if prior_coef is not None:
        raise NeedsRowsInMemory(f"row blocks are fitted without prior_coef; got prior_coef={prior_coef!r}.")
    p, names = blocks.p, blocks.names
    if p > MAX_GRAM_COLUMNS:
        raise NeedsRowsInMemory(
            f"X has {p} columns; row blocks are fitted through the inner products of at most {MAX_GRAM_COLUMNS}. Select"
            " features first, or pass an array or sparse matrix that fits in memory."
        )
    factor = check_penalty_factor(penalty_factor, p, names)
    bounds = check_bounds(bounds, positive, p, names)
    check_left_out(factor, bounds, names)
    estimator.n_features_in_ = p
    vars(estimator).pop("feature_names_in_", None)
    if names is not None:
        estimator.feature_names_in_ = names
    return factor, bounds


def _measured(estimator, blocks, splits=None):
    """The moments of all rows, and of the cells of some splits."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = blocks.total(cells_of_block, splits, add=add_each, is_finite=are_finite)
    nothing = RowMoments.of_nothing(blocks.p + blocks.n_targets)
    cells = [found.get(cell, nothing) for cell in range(1 if splits is None else splits.n_cells)]
    if not any(cell.weight for cell in cells):
        raise ValueError("sample_weight must have a positive entry; got zeros only.")
    with np.errstate(over="ignore", invalid="ignore"):  # columns whose squares overflow are named
        data = BlockData(blocks, cells, estimator.fit_intercept)
    _check_moments(data, splits, blocks.names)
    return data


def _described(j, p, names):
    return labelled("Input X contains values in column", j, names) if j < p else "y has values"


def _check_moments(data, splits, names):
    squares = data.all.scatter.diagonal()
    for j in np.flatnonzero(~np.isfinite(squares)):
        what = _described(j, data.p, names)
        raise ValueError(f"{what} so large that their squares overflow: rescale.")
    small = (data.all.largest > 0.0) & (data.all.largest < LEAST_SQUARABLE)
    for j in np.flatnonzero(small & (np.abs(data.all.mean) < (1.0 - 1e-14) * data.all.largest)):
        what = _described(j, data.p, names)
        raise ValueError(f"{what} so small that their squares vanish: rescale.")
    for fold in range(0 if splits is None else len(splits)):
        for part, name in ((splits.train, "training"), (splits.test, "held-out")):
            if not any(data.cells[cell].weight for cell in part[fold]):
                raise ValueError(f"sample_weight is 0 in all {name} rows of fold {fold}.")
    if not data.scale.any():
        warnings.warn(
            "X has no feature that varies: all coefficients are 0, and predictions are those of the null model.",
            UserWarning,
            stacklevel=caller_level(),
        )


def read_block_splits(cv, n, labels, classifier, **params):
    """`BlockSplits` of a number of folds, a splitter or an iterable; `labels` gives y only if a splitter needs it."""
    if isinstance(cv, Integral) and not classifier:
        if cv > n:
            raise ValueError(f"cv={cv} is more than n_samples={n}.")
        return consecutive_splits(n, cv)
    y = labels()
    splits = [tuple(map(np.asarray, pair)) for pair in pairs_of(cv, np.zeros((n, 1)), y, classifier, **params)]
    if not splits:
        raise ValueError(f"cv={name_of(cv)} has no splits; an iterator is empty after its first use.")
    return listed_splits(splits, n)
