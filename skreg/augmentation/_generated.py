"""Augmenters that generate rows from a model of the training rows."""

import numpy as np
from scipy.special import ndtr
from sklearn.covariance import ledoit_wolf
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from ..utils._params import COUNT, RANDOM_STATE
from ..utils._rows import as_table, n_rows
from ._base import Augmenter
from ._columns import COLUMNS
from ._comparison import compare_generated
from ._ranks import RankModel, gathered, scores_of

MAX_CORRELATION = 0.999
MIN_EIGENVALUE = 1e-6  # of the correlations


def latent_correlation(Z):
    """Correlations of the Gaussians behind mean normal scores Z (n, m), shrunken.

    The mean score of equal entries is the mean of its Gaussian given the entry. Its covariance with another Gaussian is
    their correlation times its variance, which is below 1 where many entries are equal, as of categories; so
    covariances are divided by the variances. That is exact where one of the two is continuous.
    """
    covariance = ledoit_wolf(Z, assume_centered=True)[0] if min(Z.shape) > 1 else np.eye(Z.shape[1])
    size = np.maximum(np.mean(Z**2, axis=0), 1e-12)
    R = np.clip(covariance / np.outer(size, size), -MAX_CORRELATION, MAX_CORRELATION)
    R[size <= 1e-12] = R[:, size <= 1e-12] = 0.0
    np.fill_diagonal(R, 1.0)
    values, vectors = np.linalg.eigh(R)
    R = vectors * np.maximum(values, MIN_EIGENVALUE) @ vectors.T
    size = np.sqrt(R.diagonal())
    return R / np.outer(size, size)


def _names_of(X):
    """The names of the columns, or their number."""
    table = as_table(X)
    return np.shape(X)[1] if table is None else table.columns


class RowGenerator(Augmenter):
    """Base class of augmenters that draw rows from a model of the training rows.

    A subclass implements `_learned(X, y, labelled)`, a `RankModel` of rows and their targets or None, and
    `_describe(model)`, which sets attributes.
    """

    _parameter_constraints = {"columns": [COLUMNS], "random_state": [RANDOM_STATE]}

    def _learn(self, X, y):
        if hasattr(X, "tocsr"):
            raise ValueError(f"{type(self).__name__} needs a dense X or a frame; got a sparse one.")
        if not n_rows(X) or (as_table(X) is None and np.ndim(X) != 2):
            raise ValueError(f"{type(self).__name__} needs rows of a table; got X of shape {np.shape(X)}.")
        if not np.shape(X)[1]:
            raise ValueError(f"{type(self).__name__} needs columns; got X of shape {np.shape(X)}.")
        check_consistent_length(X, y)
        y = None if y is None else np.asarray(y)
        if y is not None and y.dtype.kind == "f" and not np.isfinite(y).all():
            raise ValueError(f"y contains NaN or infinity in row {np.flatnonzero(~np.isfinite(y))[0]}.")
        is_number = y is not None and y.dtype.kind == "f" and type_of_target(y) == "continuous"
        self._rows = X, y
        self._models, self._comparison = {}, None
        self._describe(self._model(not is_number))

    def _model(self, labelled):
        """The model for targets that are labels, or numbers; learned when it is first asked for."""
        if labelled not in self._models:
            self._models[labelled] = self._learned(*self._rows, labelled)
        return self._models[labelled]

    def _augment(self, batch, rng):
        check_is_fitted(self, "_models")
        labelled, known = batch.labelled or self._rows[1] is None, _names_of(self._rows[0])
        if _names_of(batch.X) != known:
            raise ValueError(f"X must have the columns that fit has seen, {known}; got {_names_of(batch.X)}.")
        return batch._replace(X=self._model(labelled).draw(np.asarray(batch.y), rng))

    def __dir__(self):
        """Without the diagnostics, which must not be computed by what reads all attributes, as the HTML of estimators.

        Not by `super`, which reads them all, too.
        """
        costly = "discriminative_score_", "distance_ratio_"
        return [name for name in object.__dir__(self) if name not in costly and hasattr(self, name)]

    @property
    def discriminative_score_(self):
        """How well a classifier tells generated rows from the training rows; see `compare_generated`."""
        return self._compared().discriminative_score

    @property
    def distance_ratio_(self):
        """How near generated rows are to the training rows; see `compare_generated`."""
        return self._compared().distance_ratio

    def _compared(self):
        """The comparison of the training rows with as many new ones of the same labels, made when first asked for."""
        check_is_fitted(self, "_models")
        if self._comparison is None:
            X, y = self._rows
            self._comparison = compare_generated(X, self.generate(n_rows(X), y)[0])
        return self._comparison

    def generate(self, n, y=None):
        """New rows with their labels.

        Parameters
        ----------
        n : int
            Number of rows, at least 1.
        y : array-like of shape (n,), default=None
            Labels, or targets, of the rows; None draws those of random training rows.

        Returns
        -------
        X : in the container of the training rows
            The generated columns only, if `columns` chooses some.
        y : ndarray of shape (n,)
            None where `fit` was given none.
        """
        check_is_fitted(self, "_models")
        if n not in COUNT:
            raise ValueError(f"n must be an int of at least 1; got {n!r}.")
        rng = np.random.default_rng(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        model, known = next(iter(self._models.values())), self._rows[1]
        if y is not None and known is None:
            raise ValueError("y must be None, since fit was given none.")
        if y is None:
            y = np.zeros(n) if known is None else known[rng.integers(len(known), size=n)]
        y = np.asarray(y)
        if y.shape != (n,):
            raise ValueError(f"y must have shape ({n},), one for each new row; got {y.shape}.")
        X = model.draw(y, rng)
        return X, None if known is None else y


DIAGNOSTICS = """
    discriminative_score_ : float
        How well a classifier tells generated rows from the training rows: 0.5 is a guess, 1 is certain. This and the
        next are computed by `compare_generated`, for as many new rows as training rows, with their labels, when one of
        them is first asked for. At least 10 training rows are needed.
    distance_ratio_ : float
        Median distance of a generated row to the nearest training row, divided by that of a training row to the nearest
        other. About 1 is right. Below 0.5 a warning says that the generator has memorized rows."""


class GaussianCopulaAugmenter(RowGenerator):
    __doc__ = f"""Generate rows in which columns are distributed, and correlated, as in the training rows.

    A Gaussian copula: entries are replaced by the normal scores of their ranks, which are taken for jointly Gaussian.
    A new row is a draw of these Gaussians, turned back into entries that occur in the training rows. So all types are
    kept, bounds and categories, and the share of missing entries. For classes, ranks are those within a class, and the
    correlations are shared by all; for regression, new rows are drawn given their target.

    It is fast and needs few rows. Relations that are not monotone, such as a circle, are lost. The levels of a category
    are ordered by the numbers that they go with; a relation between two categories without such an order is lost.
    Generated rows rarely make a good model better: compare with no augmentation, as `AugmentationSearchCV` does. They
    are not anonymous: every entry, such as a name or a salary, occurs in a training row.

    Parameters
    ----------
    columns : str, int, list, mask, slice or callable, default=None
        Columns to generate, as in `ColumnTransformer`; None is all of them. The others stay as they are.
    random_state : int, RandomState or None, default=None
        For `fit_resample` and `generate`.

    Attributes
    ----------
    correlation_ : ndarray of shape (m, m)
        Of the normal scores, shrunken as Ledoit & Wolf (2004) do: of all columns, then of whether an entry is missing,
        for the columns with missing entries, and for regression of the target.{DIAGNOSTICS}

    Raises
    ------
    ValueError
        If X is sparse, holds text without columns, or has no rows or no columns; if y has not one label, or finite
        number, for each row.

    References
    ----------
    .. [1] N. Patki, R. Wedge, K. Veeramachaneni, "The synthetic data vault", DSAA 2016, section III.
    .. [2] O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", Journal of
       Multivariate Analysis 88(2), 2004.

    See Also
    --------
    GANAugmenter : Relations that are not monotone; takes seconds.
    compare_generated : Both diagnostics, for rows of any generator.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.stats import spearmanr
    >>> from skreg.augmentation import GaussianCopulaAugmenter
    >>> rng = np.random.default_rng(0)
    >>> X = rng.exponential(size=(500, 2))
    >>> X[:, 1] += X[:, 0]
    >>> new, _ = GaussianCopulaAugmenter(random_state=0).fit(X).generate(5000)
    >>> [round(float(spearmanr(rows).statistic), 1) for rows in (X, new)]
    [0.6, 0.6]
    """

    def __init__(self, *, columns=None, random_state=None):
        self.columns = columns
        self.random_state = random_state

    def _learned(self, X, y, labelled):
        return Copula(X, y, labelled)

    def _describe(self, model):
        self.correlation_ = model.correlation


class Copula(RankModel):
    """The Gaussian copula of some rows with labels or with numeric targets."""

    def __init__(self, X, y, labelled):
        super().__init__(X, y, labelled)
        n, groups = n_rows(X), self.groups
        self.with_missing = [j for j, column in enumerate(self.columns) if column.has_missing]
        Z = np.empty((n, len(self.columns) + len(self.with_missing) + (self.target is not None)))
        for rows in groups:
            parts = [column.scores(rows) for column in self.columns]
            parts += [scores_of(self.columns[j].missing[rows]) for j in self.with_missing]
            parts += [] if self.target is None else [self.target.scores(rows)]
            Z[rows] = np.column_stack(parts)
        self.correlation = latent_correlation(Z)
        self.quantiles = [[column.quantiles(rows) for column in self.columns] for rows in groups]

    def draw(self, y, rng):
        """New rows for labels or targets."""
        Z, codes, p = self._scores_given(y, rng), self.codes_of(y), len(self.columns)
        sources = np.empty((len(Z), p), dtype=np.intp)
        for k, quantiles in enumerate(self.quantiles):
            of_class = np.flatnonzero(codes == k)
            for j, of_column in enumerate(quantiles):
                is_missing = np.zeros(of_class.size, dtype=bool)
                if j in self.with_missing:
                    place = p + self.with_missing.index(j)
                    is_missing = ndtr(Z[of_class, place]) > 1.0 - of_column.missing_share
                sources[of_class, j] = of_column.sources(Z[of_class, j], is_missing)
        return gathered(self.X, sources)

    def _scores_given(self, y, rng):
        """Draws of the Gaussians, for regression given the score of the target."""
        R, n = self.correlation, len(y)
        if self.target is None:
            return rng.multivariate_normal(np.zeros(len(R)), R, size=n, method="eigh")
        z = self.target_scores(y)
        r = R[:-1, -1]
        rest = R[:-1, :-1] - np.outer(r, r)
        draws = rng.multivariate_normal(np.zeros(r.size), rest, size=n, method="eigh")
        return np.column_stack([draws + np.outer(z, r), z])
