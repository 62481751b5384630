"""What both deep ensembles share: fits of the members, their folds, and the moments of their mixture."""

import warnings
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import check_cv
from sklearn.utils import check_consistent_length, check_random_state, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, get_routing_for_object, process_routing
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted, validate_data

from ..augmentation._held_out import VALIDATION, fit_with, takes_validation
from ..utils._documentation import DocumentationLinkMixin
from ..utils._errors import caller_level, names_errors, unchanged_on_error
from ..utils._images import warns_of_range_once
from ..utils._params import COUNT, CV, ESTIMATOR, NONE, RANDOM_STATE, Interval, check_params
from ..utils._rows import n_rows, readable, take
from ..utils._split import name_of, params_of_rows, read_splits
from ..utils._targets import check_weights
from ..utils._weights import weight_name
from ._uncertainty import check_n_draws
from ._wrapped import _net_inside

_ROWS_TO_COMPARE = 100  # of the training rows, at most, to see whether members differ


def net_inside(model, X):
    """The net inside a fitted member, and X as it takes it; None where there is none that tells its uncertainty."""
    try:
        net, Z = _net_inside(model, X, "predict_uncertainty")
    except TypeError:
        return None
    return None if isinstance(net, TransformedTargetRegressor) else (net, Z)


class MemberSplit(NamedTuple):
    """Rows that a member is trained on, and those of the fold that it leaves out."""

    train: np.ndarray
    held: np.ndarray


class BaseDeepEnsemble(MetaEstimatorMixin, DocumentationLinkMixin, BaseEstimator):
    """Base of the deep ensembles.

    A kind of them defines ``_default()``, its default estimator; ``_read_y(y, sample_weight)``, which checks y; and
    ``_predicted(model, X)``, what a member predicts; ``_is_exact(predicted, y)``, whether that is without error.
    ``_measure(...)`` sets what is estimated from residuals.
    """

    _parameter_constraints = {
        "estimator": [ESTIMATOR, NONE],
        "n_members": [COUNT],
        "cv": [Interval(Integral, 2, np.inf), CV, NONE],
        "n_jobs": [Interval(Integral, -np.inf, np.inf, closed="neither"), NONE],
        "random_state": [RANDOM_STATE],
    }

    def __init__(self, estimator=None, n_members=5, *, cv=None, n_jobs=None, random_state=None):
        self.estimator = estimator
        self.n_members = n_members
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        try:
            inner = get_tags(self._inner())
        except (AttributeError, TypeError):  # fit raises where this is not an estimator
            return tags
        tags.input_tags, tags.target_tags = inner.input_tags, inner.target_tags
        tags.target_tags.required = True
        return tags

    def _inner(self):
        """The estimator of a member, which gets weights and validation rows if it is the default one."""
        if self.estimator is not None:
            return self.estimator
        net = self._default()
        if get_config()["enable_metadata_routing"]:
            net.set_fit_request(sample_weight=True, X_val=True, y_val=True, sample_weight_val=True)
        return net

    def get_metadata_routing(self):
        """Where the parameters of `fit` are routed to.

        Returns
        -------
        routing : MetadataRouter
        """
        router = MetadataRouter(owner=self)
        router.add(estimator=self._inner(), method_mapping=MethodMapping().add(caller="fit", callee="fit"))
        if self.cv is not None:
            splitter = check_cv(self.cv, classifier=is_classifier(self))
            router.add(splitter=splitter, method_mapping=MethodMapping().add(caller="fit", callee="split"))
        return router

    # ---- fit

    @unchanged_on_error
    def fit(self, X, y, sample_weight=None, **fit_params):
        """Fit the members.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...), or list of sequences
            What the estimator takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels of shape (n_samples,), or numbers in regression.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows.
        **fit_params : dict
            Passed on to the `fit` of every member, such as `X_val` and `y_val`; with `cv`, those with an entry for
            every row are divided as the rows are. With metadata routing enabled, they and `sample_weight` go where they
            are requested.

        Returns
        -------
        self : object
        """
        check_params(self)
        inner = self._inner()
        self._check_inner(inner)
        X = readable(X, takes_sequences=True)
        validate_data(self, X, y, skip_check_array=True)
        check_consistent_length(X, y)
        if not n_rows(X):
            raise ValueError("X has no rows: 0 sample(s).")
        y = self._read_y(y, sample_weight)
        weights = check_weights(sample_weight, len(y))
        params, of_split = self._routed(inner, weights, fit_params)
        folds = self._folds(X, y, fit_params, of_split)
        rng = check_random_state(self.random_state)
        models = [self._seeded(inner, rng) for _ in range(self.n_members)]
        parallel = Parallel(n_jobs=self.n_jobs, prefer="threads")
        tasks = zip(models, folds, strict=True)
        self.estimators_ = list(parallel(delayed(_fit_member)(model, X, y, params, fold) for model, fold in tasks))
        self._finish(X, y, weights, folds)
        self._warn_of_equal_members(inner, take(X, np.arange(min(len(y), _ROWS_TO_COMPARE))), y)
        return self

    def _check_inner(self, inner):
        if is_classifier(self) != is_classifier(inner):
            wanted = "classifier" if is_classifier(self) else "regressor"
            raise ValueError(f"{type(self).__name__} needs a {wanted}; got estimator={self.estimator!r}.")
        if self.cv is None and self.n_members > 1 and not _seeds(inner):
            raise ValueError(
                f"estimator={inner!r} has no random_state, so that all members would be equal: give cv, or"
                f" n_members=1; got n_members={self.n_members}."
            )

    def _seeded(self, inner, rng):
        """A copy of the estimator with seeds of its own."""
        model = clone(inner)
        seeds = {name: int(rng.randint(np.iinfo(np.int32).max)) for name in _seeds(model)}
        return model.set_params(**seeds)

    def _routed(self, inner, weights, fit_params):
        """Parameters of the `fit` of a member, and of the `split` of `cv`."""
        own = {} if weights is None else {"sample_weight": weights}
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", **own, **fit_params)
            return routed.estimator.fit, routed.splitter.split if self.cv is not None else {}
        self._check_splitter(fit_params)
        name = weight_name(inner)
        if weights is not None and name is None:
            raise ValueError(f"sample_weight is given, but the fit of estimator={inner!r} takes none.")
        return {**({} if weights is None else {name: weights}), **fit_params}, {}

    def _check_splitter(self, fit_params):
        """Raise ValueError for parameters of `fit` that only metadata routing could pass on to the splitter."""
        if self.cv is None:
            return
        splitter = check_cv(self.cv, classifier=is_classifier(self))
        given = [name for name, value in fit_params.items() if value is not None]
        if missed := get_routing_for_object(splitter).consumes("split", given):
            raise ValueError(
                f"fit got {sorted(missed)}; to pass them to the splitter, enable metadata routing with"
                " sklearn.set_config(enable_metadata_routing=True)."
            )

    def _folds(self, X, y, fit_params, of_split):
        """`MemberSplit` of every member; None for all rows."""
        if self.cv is None:
            return [None] * self.n_members
        if given := [name for name in VALIDATION if fit_params.get(name) is not None]:
            raise ValueError(
                f"cv={name_of(self.cv)} makes validation rows of every member: fit takes no {given[0]} then."
            )
        splits = [MemberSplit(*split) for split in read_splits(self.cv, X, y, is_classifier(self), **of_split)]
        if len(splits) > self.n_members:
            raise ValueError(
                f"n_members={self.n_members} must be at least the number of folds, {len(splits)}, of"
                f" cv={name_of(self.cv)}, so that every fold is left out by a member."
            )
        return [splits[m % len(splits)] for m in range(self.n_members)]

    def _finish(self, X, y, weights, folds):
        """Set what members predict for the rows that they left out."""
        held, count = None, np.zeros(len(y))
        for model, fold in zip(self.estimators_, folds, strict=True) if self.cv is not None else ():
            predicted = self._predicted(model, take(X, fold.held))
            held = np.zeros((len(y), *predicted.shape[1:])) if held is None else held
            np.add.at(held, fold.held, predicted)
            np.add.at(count, fold.held, 1.0)
        if held is not None:
            with np.errstate(invalid="ignore"):
                held /= count.reshape(-1, *[1] * (held.ndim - 1))  # NaN where no member left the row out
        self.oof_prediction_ = held
        self._measure(X, y, np.ones(len(y)) if weights is None else weights, folds)

    def _measure(self, X, y, weights, folds):
        """Set what is estimated from residuals."""

    def _warn_of_equal_members(self, inner, X, y):
        """Warn where all members predict the same for some training rows, so that they show no uncertainty.

        Members that fit these rows without error agree there, and perhaps nowhere else.
        """
        if self.cv is not None or self.n_members == 1 or net_inside(self.estimators_[0], take(X, [0])) is not None:
            return
        predicted = [self._predicted(model, X) for model in self.estimators_]
        if np.allclose(predicted, predicted[0], rtol=1e-9, atol=0.0) and not self._is_exact(predicted[0], y[: len(X)]):
            warnings.warn(
                f"all {self.n_members} members predict the same: the fit of estimator={inner!r} does not depend on its"
                " random_state, so that their disagreement is no uncertainty. Set cv, such as cv=5, or draw rows or"
                " features at random in the estimator.",
                UserWarning,
                stacklevel=caller_level(),
            )

    # ---- predictions

    def _draws_of_each(self, n_draws):
        """Draws of a member, of which all together have at least `n_draws`."""
        check_is_fitted(self, "estimators_")
        check_n_draws(n_draws)
        return -(-int(n_draws) // len(self.estimators_))

    @warns_of_range_once
    @names_errors
    def sample_predictions(self, X, n_draws=50):
        """Predictions of members in turns, each in draws of its noise if it has any.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, ...)
        n_draws : int, default=50
            Number of draws, at least 1.

        Returns
        -------
        draws : ndarray of shape (n_draws, n_samples) or (n_draws, n_samples, n_outputs)
            Values, or probabilities of every class from a classifier.
        """
        n_own, samples = self._draws_of_each(n_draws), []
        for model in self.estimators_:
            found = net_inside(model, X)
            if found is None:
                samples.append(np.repeat(self._predicted(model, X)[None], n_own, axis=0))
            else:
                samples.append(self._aligned(model, found[0].sample_predictions(found[1], n_own)))
        both = np.stack(samples, axis=1)  # (draws of each, members, ...)
        return both.reshape(-1, *both.shape[2:])[: int(n_draws)]

    def _aligned(self, model, values):
        """What a member predicts, in the order of all classes; nothing to do in regression."""
        return values


def _seeds(estimator):
    """Names of its parameters that are random states, also of estimators inside."""
    names = estimator.get_params()
    return sorted(name for name in names if name == "random_state" or name.endswith("__random_state"))


def _fit_member(model, X, y, params, fold):
    """A member, fitted to all rows but those that it leaves out; these are its validation rows if it takes any."""
    if fold is None:
        fit_with(model, X, y, params)
        return model
    weights = next((value for name, value in params.items() if name.rpartition("__")[2] == "sample_weight"), None)
    params = params_of_rows(X, params, fold.train)
    held = fold.held
    if is_classifier(model):  # a class whose rows are all left out is no class of the member
        counts = fold.train if weights is None else fold.train[weights[fold.train] > 0.0]
        held = held[np.isin(y[held], y[counts])]
    has_weight = weights is None or weights[held].any()
    if held.size and has_weight and takes_validation(model):
        params |= {"X_val": take(X, held), "y_val": y[held]}
        if weights is not None:
            params["sample_weight_val"] = weights[held]
    fit_with(model, take(X, fold.train), y[fold.train], params)
    return model


def mixture(means, epistemic, aleatoric):
    """Mean, epistemic and aleatoric variance of a mixture of members, from those of each."""
    return np.mean(means, axis=0), np.mean(epistemic, axis=0) + np.var(means, axis=0), np.mean(aleatoric, axis=0)
