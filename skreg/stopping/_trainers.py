"""Train an estimator step by step."""

import copy
import warnings

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from ..utils._weights import weight_name

# Attributes of scikit-learn's ensembles that hold one entry a member, in the order of the members.
PER_MEMBER = (
    "estimators_", "estimators_features_", "_seeds", "_predictors", "train_score_", "oob_improvement_", "oob_scores_",
)  # fmt: skip
EVALUATIONS_AHEAD = 10  # ensembles are grown for at least this many evaluations at once
# Parameters by which an estimator stops early by itself, and the values that turn this off.
OWN_STOPPING = {"early_stopping": False, "early_stopping_rounds": None, "early_stopping_round": None}
# Parameters that warm starts need; the fitted estimator gets back those of the user.
WARM_START_PARAMS = {"warm_start": True, "oob_score": False}
# Names by which LightGBM and XGBoost know the number of rounds.
ROUNDS_NAMES = ("num_iterations", "num_iteration", "n_iter", "num_tree", "num_trees", "num_round", "num_rounds",
                "nrounds", "num_boost_round", "max_iter", "n_estimators")  # fmt: skip


class Trainer:
    """Trains a clone of an estimator step by step; of a pipeline, the last step, on rows that the others transformed.

    Subclasses say in `advance` what a step is.

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
        The last step of the pipeline, which predicts from rows that went through `transform`.
    steps : int
        Steps taken.
    error : Exception or None
        What ended the last `run`, if a step after the first evaluation raised an error.
    """

    method = "fit"  # the method that is called with the rows
    temporary_params = WARM_START_PARAMS
    reseeds = True  # whether every call of `method` starts its random numbers from the seed again

    def __init__(self, estimator, X, y, weights, classes):
        whole = clone(estimator)
        self.pipeline = None
        self.transformers = None
        self.model = whole
        self.best = None
        self.steps = 0
        self.error = None
        if isinstance(whole, Pipeline):
            self.pipeline = whole
            self.model = whole.steps[-1][1]
            if len(whole.steps) > 1:
                self.transformers = whole[:-1]
                X = self.transformers.fit_transform(X, y)
        self.X = X
        self.y = y
        self.classes = classes
        name = weight_name(self.model, self.method)
        if weights is not None and name is None:
            raise ValueError(f"sample_weight is given, and estimator={self.model!r} takes none in {self.method}.")
        self.weights = {} if weights is None else {name: weights}
        self._set_params()

    def _set_params(self):
        """Turn off early stopping of the model's own, and set what training step by step needs."""
        params = self.model.get_params(deep=False)
        self.model.set_params(**{name: value for name, value in OWN_STOPPING.items() if name in params})
        if "n_iter_no_change" in params and "early_stopping" not in params:  # gradient boosting
            self.model.set_params(n_iter_no_change=None)
        self.original_params = {name: params[name] for name in self.temporary_params if name in params}
        self.model.set_params(**{name: self.temporary_params[name] for name in self.original_params})
        seed = params.get("random_state")
        if self.reseeds and isinstance(seed, (int, np.integer)):
            # with the int, every step would shuffle the rows into the same order
            self.original_params["random_state"] = seed
            self.model.set_params(random_state=np.random.RandomState(seed))

    def transform(self, X):
        """Rows as the model takes them."""
        return X if self.transformers is None else self.transformers.transform(X)

    def run(self, eval_every, max_steps, hook=None):
        """Train, and after every `eval_every` steps call ``hook(steps)``, until that returns True.

        An error in a step after the first call of `hook` ends the run; it is kept in `error`.

        Returns
        -------
        steps : int
            Number of steps taken.
        """
        self.limit = max_steps
        steps = 0
        while steps < max_steps:
            more = min(eval_every, max_steps - steps)
            try:
                self.advance(steps, more)
            except Exception as error:
                if steps == 0 or hook is None:
                    raise
                self.error = error
                break
            steps += more
            self.steps = steps
            if hook is not None and hook(steps):
                break
        return steps

    def repeat(self, steps, eval_every):
        """Train for as many steps as another run that was evaluated every `eval_every` steps."""
        if steps:
            self.run(steps, steps)

    def value(self, evaluation_set, scorer, monitor):
        """The loss, or the score, of the present state."""
        return evaluation_set.value(self.model, scorer, monitor)

    def train_value(self, evaluation_set, scorer, monitor):
        """The same on training rows."""
        return self.value(evaluation_set, scorer, monitor)

    def save(self, steps):
        """Keep a copy of the present state, which took `steps` steps."""
        self.best = None  # two states in memory, not three
        self.best = (steps, copy.deepcopy(self.model))

    def restore(self):
        """Return to the saved state; stay at the present one if saving was interrupted."""
        if self.best is not None:
            self.steps, self.model = self.best
            self.best = None

    def state(self):
        """A copy of the estimator as it is now."""
        return self._whole(copy.deepcopy(self.model))

    def fitted(self):
        """The fitted estimator."""
        return self._whole(self.model)

    def _whole(self, model):
        """The pipeline around a model, if there is one; with the parameters that the user set."""
        model.set_params(**self.original_params)
        if self.pipeline is None:
            return model
        whole = copy.copy(self.pipeline)
        transformers = [] if self.transformers is None else self.transformers.steps
        whole.steps = [*transformers, (self.pipeline.steps[-1][0], model)]
        return whole


class PartialFitTrainer(Trainer):
    """A step is a call of `partial_fit`: one pass over the rows."""

    method = "partial_fit"
    temporary_params = {}

    def advance(self, steps, more):
        labels = {} if self.classes is None else {"classes": self.classes}
        for step in range(steps, steps + more):
            self.model.partial_fit(self.X, self.y, **self.weights, **({} if step else labels))


class WarmStartTrainer(Trainer):
    """A step is an iteration of a solver, which is counted by `max_iter`; every call of `fit` is a warm start."""

    def advance(self, steps, more):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=ConvergenceWarning)  # max_iter is small on purpose
            self.model.set_params(max_iter=more).fit(self.X, self.y, **self.weights)

    def repeat(self, steps, eval_every):
        self.run(eval_every, steps)  # every call restarts the solver: only as many calls give the same result

    def fitted(self):
        self.model.set_params(max_iter=self.steps)
        return super().fitted()


class EnsembleTrainer(Trainer):
    """A step is a member of the ensemble, or a round of boosting; members after the best step are cut off in the end.

    Where the ensemble has staged predictions, it is grown some evaluations ahead. Predictions of all stages cost no
    more than those of the last one, and every call of `fit` has a fixed cost.
    """

    reseeds = False  # members have seeds of their own, by their position

    def __init__(self, *args):
        super().__init__(*args)
        self.staged = False  # known after the first step
        self.size = 0  # members that are trained; the first `steps` of them are the present state
        self.losses = {}  # of all stages, for every evaluation set

    def advance(self, steps, more):
        if steps + more > self.size:
            ahead = max(EVALUATIONS_AHEAD * more, steps // 2) if self.staged else more
            self._train(min(steps + ahead, self.limit))
            self.cut = members_of(self.model, self.size)
            self.staged = bool(self.cut) and hasattr(self.model, "staged_predict")

    def _train(self, size):
        with warnings.catch_warnings():
            if isinstance(getattr(self.model, "class_weight", None), str):
                # advice for calls with different rows; here every call has all rows
                warnings.filterwarnings("ignore", "class_weight presets")
            self.model.set_params(**{count_of(self.model): size}).fit(self.X, self.y, **self.weights)
        self.size = size

    def value(self, evaluation_set, scorer, monitor):
        if scorer is not None or not self.staged:
            return evaluation_set.value(first_members(self.model, self.steps), scorer, monitor)
        losses = self.losses.setdefault(evaluation_set, [])
        if len(losses) < self.steps:
            losses += evaluation_set.losses_of_stages(self.model, len(losses))
        return losses[self.steps - 1]

    def save(self, steps):
        if self.cut:
            self.best = (steps, self.model)
        else:  # an ensemble that cannot be cut
            super().save(steps)

    def state(self):
        return self._whole(first_members(copy.deepcopy(self.model) if not self.cut else self.model, self.steps))

    def fitted(self):
        return self._whole(first_members(self.model, self.steps))


def count_of(ensemble):
    """The name of the parameter that is the number of members."""
    return "n_estimators" if "n_estimators" in ensemble.get_params(deep=False) else "max_iter"


def members_of(ensemble, size):
    """Names of the attributes of an ensemble with one entry for each of `size` members."""
    return [name for name in PER_MEMBER if len(vars(ensemble).get(name, ())) == size]


def first_members(ensemble, size):
    """A shallow copy of an ensemble, cut to its first members."""
    part = copy.copy(ensemble)
    vars(part).pop("_in_fit", None)  # left behind by an interrupted fit of HistGradientBoosting
    for name in PER_MEMBER:
        values = vars(part).get(name)
        if values is not None and len(values) > size:
            setattr(part, name, copy.copy(values[:size]))
    if hasattr(part, "n_estimators_"):
        part.n_estimators_ = size
    if getattr(part, count_of(part)) > size:
        vars(part).pop("oob_score_", None)
    return part.set_params(**{count_of(part): size})


class BoosterTrainer(Trainer):
    """A step is a round of boosting of LightGBM or XGBoost.

    A warm start would draw the same rows and columns in every call, and forget schedules. So the model is trained from
    scratch with twice the rounds whenever more are needed, which costs at most three times the last training. It
    predicts with its first rounds only, and is trained with the best number of rounds in the end.
    """

    temporary_params = {}
    reseeds = False

    def __init__(self, *args):
        super().__init__(*args)
        params = self.model.get_params(deep=False)
        if isinstance(params.get("random_state"), np.random.RandomState):  # every training starts from one seed
            self.original_params["random_state"] = params["random_state"]
            self.model.set_params(random_state=params["random_state"].randint(np.iinfo(np.int32).max))
        self.count = next(name for name in ROUNDS_NAMES if name in params)
        self.size = 0  # rounds that are trained; the first `steps` of them are the present state

    def advance(self, steps, more):
        if steps + more > self.size:
            self._train(min(max(steps + EVALUATIONS_AHEAD * more, 2 * steps), self.limit))

    def _train(self, size):
        self.model.set_params(**{self.count: size}).fit(self.X, self.y, **self.weights)
        self.size = size

    def value(self, evaluation_set, scorer, monitor):
        _use_rounds(self.model, self.steps)
        return evaluation_set.value(self.model, scorer, monitor)

    def save(self, steps):
        self.best = (steps, self.model)

    def state(self):
        _use_rounds(self.model, self.steps)
        return super().state()

    def fitted(self):
        if self.size != self.steps or self.model.get_params()[self.count] != self.steps:
            self._train(self.steps)
        return super().fitted()


def _use_rounds(model, rounds):
    """Make a model of LightGBM or XGBoost predict with its first rounds."""
    if hasattr(model, "booster_"):
        model.booster_.best_iteration = rounds
    else:
        model.get_booster().best_iteration = rounds - 1


def _check_booster(model):
    """Raise ValueError for boosters whose first rounds are no model of their own."""
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
        raise ValueError(f"estimator={type(model).__name__} is one round of many trees: it has no steps to stop after.")


def trainer_of(estimator):
    """The class of trainer for an estimator.

    Raises
    ------
    ValueError
        If it cannot be trained step by step.
    """
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    if isinstance(last, type) or not hasattr(last, "get_params"):
        raise ValueError(f"estimator must be an estimator, not a class, or a pipeline that ends in one; got {last!r}.")
    params = last.get_params(deep=False)
    if has_fit_parameter(last, "init_model") or has_fit_parameter(last, "xgb_model"):
        _check_booster(last)
        return BoosterTrainer
    free = clone(last).set_params(**{name: value for name, value in OWN_STOPPING.items() if name in params})
    if hasattr(free, "partial_fit"):
        return PartialFitTrainer
    counts = [name for name in ("n_estimators", "max_iter") if name in params]
    if params.get("solver") == "liblinear":
        raise ValueError(f"estimator={last!r} cannot be trained step by step: liblinear ignores warm_start.")
    if "warm_start" in params and counts:
        ensemble = counts[0] == "n_estimators" or hasattr(last, "staged_predict")
        return EnsembleTrainer if ensemble else WarmStartTrainer
    lacks = "n_estimators or max_iter" if "warm_start" in params else "warm_start"
    raise ValueError(
        f"estimator={last!r} cannot be trained step by step. That takes the method partial_fit, or the parameter"
        f" warm_start together with n_estimators or max_iter; this estimator lacks partial_fit and {lacks}."
    )
