"""Augmenters that combine other augmenters."""

from copy import copy

import numpy as np
from sklearn.utils import get_tags

from ..utils._params import ARRAY_LIKE, PROBABILITY, RANDOM_STATE, check_params
from ._base import AUGMENTER, Augmenter
from ._rounding import JudgedTogether


class _Several(Augmenter):
    """Base class of augmenters that hold a list of augmenters."""

    _parameter_constraints = {"augmenters": [ARRAY_LIKE], "random_state": [RANDOM_STATE]}

    def __init__(self, augmenters, *, random_state=None):
        self.augmenters = augmenters
        self.random_state = random_state

    @property
    def _parts(self):
        return [] if self.augmenters is None else self.augmenters

    def _check(self):
        check_params(self)
        if not len(self.augmenters):
            raise ValueError("augmenters must hold at least one augmenter; got none.")
        for part in self.augmenters:
            if part not in AUGMENTER:
                raise ValueError(f"augmenters must hold augmenters; got {part!r}.")

    def get_params(self, deep=True):
        """Parameters; those of the parts begin with their index: ``0__p`` is `p` of the first.

        Parameters
        ----------
        deep : bool, default=True

        Returns
        -------
        params : dict
        """
        params = super().get_params(deep=False)
        if deep:
            for place, part in enumerate(self._parts):
                params[str(place)] = part
                if hasattr(part, "get_params") and not isinstance(part, type):
                    params |= {f"{place}__{name}": value for name, value in part.get_params().items()}
        return params

    def set_params(self, **params):
        """Set parameters, including those of the parts.

        Parameters
        ----------
        **params : dict

        Returns
        -------
        self : object
        """
        if "augmenters" in params:
            self.augmenters = params.pop("augmenters")
        whole = {name: params.pop(name) for name in list(params) if name.isdigit()}
        unknown = [name for name in whole if int(name) >= len(self._parts)]
        if unknown:
            raise ValueError(f"there are {len(self._parts)} augmenters; got a value for {unknown[0]!r}.")
        if whole:
            self.augmenters = [whole.get(str(place), part) for place, part in enumerate(self._parts)]
        return super().set_params(**params)

    @property
    def _takes_sparse(self):
        return bool(len(self._parts)) and all(get_tags(part).input_tags.sparse for part in self._parts)

    def _learn(self, X, y):
        for part in self._parts:
            part.fit(X, y)

    @property
    def has_strength(self):
        """Whether all parts have a strength."""
        return bool(len(self._parts)) and all(part.has_strength for part in self._parts)

    def _at_strength(self, t):
        new = copy(self)
        new.augmenters = [part.at_strength(t) for part in self.augmenters]
        return new


class Compose(_Several):
    """Apply augmenters one after another.

    Parameters
    ----------
    augmenters : list of augmenters
        Parameters of the parts begin with their index, as in ``set_params`` and in searches: ``0__scale`` is `scale` of
        the first. The parts themselves are fitted, as the steps of a `Pipeline`.
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import Compose, FeatureMask, GaussianNoise
    >>> both = Compose([GaussianNoise(0.1), FeatureMask(0.2)], random_state=0)
    >>> X, y = both.fit_resample(np.ones((5, 3)), np.arange(5))
    >>> X.shape
    (10, 3)
    """

    def _augment(self, batch, rng):
        for part in self.augmenters:
            batch = part.augment(batch, rng)
        return batch


class OneOf(_Several):
    """Apply one of several augmenters to every row, chosen at random.

    Parameters
    ----------
    augmenters : list of augmenters
        All are equally likely. Names of parameters and fitting are as in `Compose`.
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import FeatureMask, GaussianNoise, OneOf
    >>> one = OneOf([GaussianNoise(0.1), FeatureMask(0.5)], random_state=0)
    >>> X, y = one.fit_resample(np.ones((5, 3)), np.arange(5))
    >>> y.tolist()
    [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    """

    def _augment(self, batch, rng):
        which = rng.integers(len(self.augmenters), size=batch.n)
        new = batch
        with JudgedTogether():
            for k, part in enumerate(self.augmenters):
                rows = np.flatnonzero(which == k)
                if rows.size:
                    new = new.replace(rows, part._augment_rows(batch, rows, rng))
        return new


class RandomApply(Augmenter):
    """Apply an augmenter to some rows only.

    Parameters
    ----------
    augmenter : augmenter
        What is applied; it is fitted itself, as the steps of a `Pipeline`.
    p : float, default=0.5
        Probability that a row is augmented, in [0, 1].
    random_state : int, RandomState or None, default=None
        For `fit_resample`.

    Examples
    --------
    >>> import numpy as np
    >>> from skreg.augmentation import GaussianNoise, RandomApply
    >>> X, _ = RandomApply(GaussianNoise(1.0), p=0.5, random_state=0).fit_resample(np.ones((100, 2)), np.arange(100))
    >>> bool(30 < (X[100:] == 1.0).all(axis=1).sum() < 70)
    True
    """

    _parameter_constraints = {
        "augmenter": [AUGMENTER],
        "p": [PROBABILITY],
        "random_state": [RANDOM_STATE],
    }

    def __init__(self, augmenter, p=0.5, *, random_state=None):
        self.augmenter = augmenter
        self.p = p
        self.random_state = random_state

    @property
    def _takes_sparse(self):
        return get_tags(self.augmenter).input_tags.sparse

    def _learn(self, X, y):
        self.augmenter.fit(X, y)

    @property
    def has_strength(self):
        """Whether the augmenter has a strength."""
        return self.augmenter.has_strength

    def _at_strength(self, t):
        new = copy(self)
        new.augmenter = self.augmenter.at_strength(t)
        return new

    def _augment(self, batch, rng):
        rows = np.flatnonzero(rng.random(batch.n) < self.p)
        return batch.replace(rows, self.augmenter._augment_rows(batch, rows, rng)) if rows.size else batch
