"""Estimators that are trained step after step."""

import copy
import warnings

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from ..utils._weights import weight_name

# What an ensemble keeps for each of its members, in their order.
PER_MEMBER = (
    "estimators_", "estimators_features_", "_seeds", "_predictors", "train_score_", "oob_improvement_", "oob_scores_",
)  # fmt: skip
AHEAD = 10  # evaluations for which members are made together at least; half as many as there are if that is more
# Parameters that make an estimator stop early by itself, and their values that do not.
OWN_STOPPING = {"early_stopping": False, "early_stopping_rounds": None, "early_stopping_round": None}
# Other parameters that training step after step needs to be so, and which are given back in the end.
FOR_A_WHILE = {"warm_start": True, "oob_score": False}
# Names that LightGBM and XGBoost know the number of rounds by.
COUNTS = ("num_iterations", "num_iteration", "n_iter", "num_tree", "num_trees", "num_round", "num_rounds", "nrounds",
          "num_boost_round", "max_iter", "n_estimators")  # fmt: skip


class Growth:
    """Trains a clone of an estimator on some rows, of a pipeline the last step on what the others make of the rows.

    Parameters
    ----------
    estimator : estimator
    X, y : array-likes
        Rows to train on.
    weights : ndarray of shape (n,) or None
    classes : ndarray or None
        All labels, of a classifier.

    Attributes
    ----------
    model : estimator
        The last step; predicts from rows that went through `transform`.
    """

    method = "fit"  # what takes the rows
    for_a_while = FOR_A_WHILE
    draws_anew = True  # whether every call begins with the seed

    def __init__(self, estimator, X, y, weights, classes):
        whole = clone(estimator)
        self.pipeline, self.head, self.model, self.best, self.steps = None, None, whole, None, 0
        if isinstance(whole, Pipeline):
            self.pipeline, self.model = whole, whole.steps[-1][1]
            if len(whole.steps) > 1:
                self.head = whole[:-1]
                X = self.head.fit_transform(X, y)
        self.X, self.y, self.classes = X, y, classes
        name = weight_name(self.model, self.method)
        self.weights = {} if weights is None else {name: weights}
        if weights is not None and name is None:
            raise ValueError(f"sample_weight is given, and estimator={self.model!r} takes none in {self.method}.")
        params = self.model.get_params(deep=False)
        self.model.set_params(**{name: value for name, value in OWN_STOPPING.items() if name in params})
        if "n_iter_no_change" in params and "early_stopping" not in params:  # gradient boosting
            self.model.set_params(n_iter_no_change=None)
        self.given = {name: params[name] for name in self.for_a_while if name in params}
        self.model.set_params(**{name: self.for_a_while[name] for name in self.given})
        seed = params.get("random_state")
        if self.draws_anew and isinstance(seed, (int, np.integer)):
            # every call draws from the seed anew: all steps would see the rows in one order
            self.given["random_state"] = seed
            self.model.set_params(random_state=np.random.RandomState(seed))

    def transform(self, X):
        """Rows as the model wants them."""
        return X if self.head is None else self.head.transform(X)

    def run(self, every, max_steps, hook=None):
        """Train until ``hook(steps)``, asked every `every` steps, says stop; the number of steps taken."""
        self.limit, steps = max_steps, 0
        while steps < max_steps:
            more = min(every, max_steps - steps)
            self.grow(steps, more)
            steps += more
            self.steps = steps
            if hook is not None and hook(steps):
                break
        return steps

    def repeat(self, steps, every):
        """Train for as long as another run that was stopped every so many steps."""
        if steps:
            self.run(steps, steps)

    def value(self, watched, scorer, monitor):
        """The loss, or the score, of the present state on some rows."""
        return watched.value(self.model, scorer, monitor)

    def train_value(self, own, scorer, monitor):
        """The same on rows that are trained on."""
        return self.value(own, scorer, monitor)

    def save(self, steps):
        """Keep the state after these steps, the present ones."""
        self.best = None  # two states in memory, not three
        self.best = steps, copy.deepcopy(self.model)

    def restore(self):
        """Return to the state that was kept: the present one, if keeping it was interrupted."""
        if self.best is not None:
            (self.steps, self.model), self.best = self.best, None

    def state(self):
        """A copy of the estimator as it is now."""
        return self._whole(copy.deepcopy(self.model))

    def fitted(self):
        """The fitted estimator."""
        return self._whole(self.model)

    def _whole(self, model):
        model.set_params(**self.given)
        if self.pipeline is None:
            return model
        whole = copy.copy(self.pipeline)
        whole.steps = [*([] if self.head is None else self.head.steps), (self.pipeline.steps[-1][0], model)]
        return whole


class Epochs(Growth):
    """A step is a call of `partial_fit`, which goes over the rows once."""

    method, for_a_while = "partial_fit", {}

    def grow(self, steps, more):
        labels = {} if self.classes is None else {"classes": self.classes}
        for step in range(steps, steps + more):
            self.model.partial_fit(self.X, self.y, **self.weights, **({} if step else labels))


class Continued(Growth):
    """A step is one of `max_iter`, of which a warm start takes more."""

    def grow(self, steps, more):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=ConvergenceWarning)  # it stops where it is told to
            self.model.set_params(max_iter=more).fit(self.X, self.y, **self.weights)

    def repeat(self, steps, every):
        self.run(every, steps)  # a call forgets what the solver has learned of the curvature

    def fitted(self):
        self.model.set_params(max_iter=self.steps)
        return super().fitted()


class Ensemble(Growth):
    """A step is a member, or a round of boosting; those after the best are cut off in the end.

    With predictions of all stages, which cost no more than those of the last, it grows some evaluations ahead: every
    call of `fit` and every prediction begin with work on all rows and members.
    """

    draws_anew = False  # members know which of all they are

    def __init__(self, *args):
        super().__init__(*args)
        self.staged = False  # known after the first step
        self.size = 0  # members there are, of which `steps` count
        self.losses = {}  # of stages, by the rows that they are on

    def grow(self, steps, more):
        if steps + more > self.size:
            ahead = max(AHEAD * more, steps // 2) if self.staged else more
            self._train(min(steps + ahead, self.limit))
            self.cut = members_of(self.model, self.size)
            self.staged = bool(self.cut) and hasattr(self.model, "staged_predict")

    def _train(self, size):
        with warnings.catch_warnings():
            if isinstance(getattr(self.model, "class_weight", None), str):
                warnings.filterwarnings("ignore", "class_weight presets")  # the rows are always the same
            self.model.set_params(**{count_of(self.model): size}).fit(self.X, self.y, **self.weights)
        self.size = size

    def value(self, watched, scorer, monitor):
        if scorer is not None or not self.staged:
            return watched.value(first_members(self.model, self.steps), scorer, monitor)
        losses = self.losses.setdefault(id(watched), [])
        if len(losses) < self.steps:
            losses += watched.losses_of_stages(self.model, len(losses))
        return losses[self.steps - 1]

    def save(self, steps):
        if self.cut:
            self.best = steps, self.model
        else:  # what it keeps of its members is not known
            super().save(steps)

    def state(self):
        return self._whole(first_members(copy.deepcopy(self.model) if not self.cut else self.model, self.steps))

    def fitted(self):
        return self._whole(first_members(self.model, self.steps))


def count_of(ensemble):
    """The parameter that says how many members an ensemble has."""
    return "n_estimators" if "n_estimators" in ensemble.get_params(deep=False) else "max_iter"


def members_of(ensemble, size):
    """Names of what an ensemble keeps for each of so many members."""
    return [name for name in PER_MEMBER if len(vars(ensemble).get(name, ())) == size]


def first_members(ensemble, size):
    """A copy of an ensemble with its first members only, which both share."""
    part = copy.copy(ensemble)
    vars(part).pop("_in_fit", None)  # of a fit of HistGradientBoosting that was interrupted
    for name in PER_MEMBER:
        values = vars(part).get(name)
        if values is not None and len(values) > size:
            setattr(part, name, copy.copy(values[:size]))
    if hasattr(part, "n_estimators_"):
        part.n_estimators_ = size
    if getattr(part, count_of(part)) > size:
        vars(part).pop("oob_score_", None)
    return part.set_params(**{count_of(part): size})


class Boosters(Growth):
    """A step is a round of boosting of LightGBM or XGBoost.

    Going on from a booster would draw the same rows and columns again in every call, and forget schedules. So they are
    trained anew at twice the size, which costs no more than three times the last training, asked for predictions of
    their first rounds, and trained for the best number of rounds in the end.
    """

    for_a_while, draws_anew = {}, False

    def __init__(self, *args):
        super().__init__(*args)
        params = self.model.get_params(deep=False)
        if isinstance(params.get("random_state"), np.random.RandomState):  # every training begins with the same seed
            self.given["random_state"] = params["random_state"]
            self.model.set_params(random_state=params["random_state"].randint(np.iinfo(np.int32).max))
        self.count = next(name for name in COUNTS if name in params)
        self.size = 0  # rounds there are, of which `steps` count

    def grow(self, steps, more):
        if steps + more > self.size:
            self._train(min(max(steps + AHEAD * more, 2 * steps), self.limit))

    def _train(self, size):
        self.model.set_params(**{self.count: size}).fit(self.X, self.y, **self.weights)
        self.size = size

    def value(self, watched, scorer, monitor):
        _use_rounds(self.model, self.steps)
        return watched.value(self.model, scorer, monitor)

    def save(self, steps):
        self.best = steps, self.model

    def state(self):
        _use_rounds(self.model, self.steps)
        return super().state()

    def fitted(self):
        if self.size != self.steps or self.model.get_params()[self.count] != self.steps:
            self._train(self.steps)
        return super().fitted()


def _use_rounds(model, rounds):
    """Let a model of LightGBM or XGBoost predict with its first rounds."""
    if hasattr(model, "booster_"):
        model.booster_.best_iteration = rounds
    else:
        model.get_booster().best_iteration = rounds - 1


def _check_booster(model):
    """Raise ValueError for boosters whose first rounds are no model."""
    params = model.get_params()
    kinds = [params.get(name) for name in ("boosting_type", "boosting", "boost", "booster")]
    if bad := {"dart", "gblinear"}.intersection(filter(None, kinds)):
        raise ValueError(
            f"estimator={type(model).__name__} of kind {bad.pop()!r} changes earlier rounds in later ones."
        )
    if (
        hasattr(model, "get_num_boosting_rounds")
        and clone(model).set_params(n_estimators=7).get_num_boosting_rounds() != 7
    ):
        raise ValueError(f"estimator={type(model).__name__} is one round of many trees, not boosting step after step.")


def growth_of(estimator):
    """The kind of growth of an estimator.

    Raises
    ------
    ValueError
        If it can only be fitted at once.
    """
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    if isinstance(last, type) or not hasattr(last, "get_params"):
        raise ValueError(f"estimator must be an estimator, not a class, or a pipeline that ends in one; got {last!r}.")
    params = last.get_params(deep=False)
    if has_fit_parameter(last, "init_model") or has_fit_parameter(last, "xgb_model"):
        _check_booster(last)
        return Boosters
    free = clone(last).set_params(**{name: value for name, value in OWN_STOPPING.items() if name in params})
    if hasattr(free, "partial_fit"):
        return Epochs
    counts = [name for name in ("n_estimators", "max_iter") if name in params]
    if params.get("solver") == "liblinear":
        raise ValueError(f"estimator={last!r} cannot be trained step after step: liblinear ignores warm_start.")
    if "warm_start" in params and counts:
        return Ensemble if counts[0] == "n_estimators" or hasattr(last, "staged_predict") else Continued
    lacks = "warm_start" if counts else "a parameter n_estimators or max_iter" if "warm_start" in params else "both"
    raise ValueError(
        f"estimator={last!r} cannot be trained step after step: that takes the method partial_fit, which it does not"
        f" have, or warm_start with n_estimators or max_iter, of which it lacks {lacks}."
    )
