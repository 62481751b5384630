"""How a net trains: its epochs, the parameters that are kept, and what is measured with these."""

import contextlib
import math
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._nets.architectures.mlp import EMBEDDING
from .._nets.training.averaging import Average
from .._nets.training.loop import Adversarial, Diverged, MaxNorm, SharpnessAware, train_epoch
from .._nets.training.parallel import Gradients
from .._nets.training.strengths import StrengthSchedule
from ..utils._early_stopping import warn_of_unused
from ..utils._errors import caller_level, interrupted_fit
from ..utils._params import changed_params
from ..utils._threads import one_blas_thread
from ..utils._validation import labelled
from ._data import FEWEST_ROWS
from ._monitor import TrainingHistory
from ._uncertainty import MANY_FEATURES, MAX_FEATURES, FeatureDistance, features_of, rows_for_distance, thinned

_STOPPING = ("early_stopping", "validation_fraction", "patience", "min_delta", "monitor")  # they need validation rows
_AUTO_BATCH = 16, 256  # smallest and largest batch of batch_size="auto"
_AUTO_STEPS = 16  # steps of an epoch between these
_MOST_STEPS = 100  # steps of an epoch, at most, for rows that repeat or have weights above 1; unique rows may need more


class NetTraining:
    """What all nets have for training; see `BaseNet`."""

    _is_fold = False  # whether this is a part of another fit, which warns of the same, and tells callbacks
    _part = ""  # such as "without fold 1 of 3", in what `verbose` prints

    def _row_shape(self):
        """The shape that a row of X has for augmenters; None for rows that are flat or sparse."""
        return None

    def _feature(self, k):
        """What has a mean of its own, in messages: a column of a table, a pixel of images, a channel of sequences."""
        return labelled("column", k, getattr(self, "feature_names_in_", None))

    def _place(self, row, column):
        """An entry of X in messages: its column in a table; families with other rows say the row, and where in it."""
        return self._feature(column)

    def _mixed_rows(self):
        """What makes texts of codes for augmenters, where X has categories; else None."""
        return None

    def _largest_batch(self, n):
        """The largest batch of n rows, by `batch_size`."""
        smallest, largest = _AUTO_BATCH
        return min(max(n // _AUTO_STEPS, smallest), largest) if self.batch_size == "auto" else self.batch_size

    def _steps(self, found):
        """The largest batch of the unique rows, and the steps of an epoch.

        Both are those of the rows before merging, with weights as their number, so that few unique rows are trained as
        long as many equal ones would be. Weights may have any scale, however: an epoch never has fewer steps than a
        pass over the unique rows takes, and has more than `_MOST_STEPS` for no other reason.

        Raises ValueError where batch normalization cannot use the batches.
        """
        n, largest = found.rows.size, self._largest_batch(int(found.n_rows))
        size = min(largest, n)
        one_pass = -(-n // size)
        if self.normalization == "batch" and n // one_pass < 2:
            fold = " of a fold, as the epoch is cross-validated" if self._is_fold else ""
            advice = "Set batch_size=3 or more, or normalization='layer'" if n > 1 else "Set normalization='layer'"
            raise ValueError(
                f"batch_size={self.batch_size!r} leaves batches of one of n_samples={n} unique training rows{fold},"
                f" which have no variance to normalize by: normalization='batch' needs at least two. {advice}."
            )
        return size, max(one_pass, min(math.ceil(found.n_rows / largest), _MOST_STEPS))

    def _average(self, steps, batches):
        """The running mean of the parameters to predict with; None without averaging."""
        if self.averaging is None:
            return None
        if self.averaging == "swa":
            return Average(self._net, lambda t: 1.0 - 1.0 / t, batches)
        span = max(batches.n_steps, steps // 50)
        return Average(self._net, lambda t: min(1.0 - 1.0 / span, t / (t + 9.0)))

    def _train(self, batches, rng, rate, epochs, task, average=None, train_subset=None, validation=None, chosen=None):
        """Train the net for some epochs, or until early stopping, and set the fitted attributes."""
        net = self._net
        net.forget_copies()
        history = TrainingHistory(self, net, average, train_subset, validation, chosen)
        interrupt = None
        try:
            # overflow makes the loss infinite or NaN, and the warning below reports that
            with np.errstate(over="ignore", invalid="ignore"):
                self._run_epochs(history, batches, rng, rate, epochs, task)
        except Diverged:
            history.average = None  # it contains numbers that are not finite
            kept = "best" if history.best is not None else "last good"
            self._warn(
                f"{type(self).__name__} diverged: the loss, or the parameters, were not finite in epoch"
                f" {history.epochs + 1}. The {kept} parameters before that are kept. {self._remedy()}",
                ConvergenceWarning,
            )
        except KeyboardInterrupt as error:
            if history.epochs == 0:
                raise  # no epoch is complete: the estimator stays as it was
            interrupt = error
        history.finish()
        net.freeze(())
        net.keep_copies()
        self._warn_of_rise(history)
        self.n_iter_ = len(self.loss_curve_)
        if history.best_iter is not None:
            self.best_iter_ = history.best_iter
            self.best_score_ = history.best_score
        takes_choice = chosen is not None and history.best is not None
        if not takes_choice:
            known = batches if validation is None else validation
            self._measure_held_out(*known.rows_with_targets(), has_validation=validation is not None)
        with one_blas_thread() if net.n_features < MANY_FEATURES else contextlib.nullcontext():
            self._measure_distance(batches, validation)
        if takes_choice:
            self._take_choice(chosen, batches)
        self._measure_sparsity()
        if interrupt is not None:
            kept = "best" if history.best is not None else "last"
            raise interrupted_fit(
                self,
                f"{type(self).__name__} was interrupted in epoch {history.epochs + 1}; it keeps the {kept} parameters"
                " before that.",
            ) from interrupt

    def _take_choice(self, chosen, batches):
        """Set the attributes that come from the validation rows of a cross-validation."""
        self.validation_curve_, self.gap_curve_ = chosen.validation_curve, chosen.gap_curve
        self.fold_curves_ = [one.validation_curve_ for one in chosen.fitted]
        self.best_iter_, self.best_score_ = chosen.step, chosen.score
        self._join_folds(chosen, *batches.rows_with_targets())
        if self._distance is not None:
            self._distance.unit = float(np.mean([one._distance.unit for one in chosen.fitted]))

    def _run_epochs(self, history, batches, rng, rate, epochs, task):
        """The epochs of one training, recorded in the history."""
        net, average, optimizer = self._net, history.average, self._optimizer
        begun, steps = optimizer.steps, epochs * batches.n_steps
        after_step = []
        if self.max_norm is not None:
            after_step.append(MaxNorm(net, self._radii(self._architecture.groups())))
        if average is not None and self.averaging == "ema":
            after_step.append(average)
        seed = int(rng.integers(1 << 63))
        strength = StrengthSchedule("constant" if self._streams else self.strength_schedule)
        if self._start is not None and history.record_start():
            return
        is_adversarial = self.adversarial_epsilon > 0.0 and self._moves_numbers()
        with Gradients(net, seed, batches.size, of_rows=is_adversarial) as gradients:
            descent = Adversarial(gradients, self.adversarial_epsilon) if is_adversarial else gradients
            descent = SharpnessAware(descent, self.sam_rho) if self.sam_rho > 0.0 else descent

            def advance(_):
                share = (optimizer.steps - begun) / steps
                strength.advance(share)
                optimizer.strength = strength.now
                gradients.set_progress(share)
                gradients.set_strength(strength.now)

            advance(net)
            after_step.append(advance)
            for epoch in range(epochs):
                if self._start is not None:
                    self._start.set_frozen(net, optimizer, epoch)
                part = task.part("epoch")
                loss = train_epoch(descent, self._objective(), batches, optimizer, rate, rng, after_step=after_step)
                if average is not None and self.averaging == "swa" and epoch + 1 >= 0.75 * epochs:
                    average(net)
                stop = history.record(loss)
                self.strength_curve_.append(strength.now)
                if history.keeps_last:
                    self._noise_strength = strength.now
                if strength.follows_gap:
                    strength.follow(*history.losses)
                    advance(net)
                if part.end(reconstruction_attributes=lambda: self._fitted_state(history.current())) or stop:
                    break

    def _moves_numbers(self):
        """Whether there are numbers that adversarial training may move; warns where there are only categories."""
        if self._net.numbers.stop != 0:
            return True
        self._warn(f"adversarial_epsilon={self.adversarial_epsilon} has no effect: no column of X holds numbers.")
        return False

    def _measure_sparsity(self):
        """Count exact zeros; warn where all weights of a layer are zero."""
        weights = [p.value for p in self._net.weights()]
        self.sparsity_ = float(sum((w == 0.0).sum() for w in weights) / sum(w.size for w in weights))
        layers = [p.value for p in self._net.weights() if p.group != EMBEDDING]
        empty = [k for k, w in enumerate(layers) if not w.any()]
        if empty and not self.residual:
            cause = f"all weights of layer {empty[0]} are zero"
            inputs = self._net.inputs
            if inputs is not None and not (inputs.numbers.scale.any() or inputs.one_hot or inputs.coded):
                self._warn(f"{cause}, since all columns of X are constant: predictions do not depend on X.")
            else:
                self._warn(f"{cause}: predictions do not depend on X. Lower l1={self._settled_value('l1')!r}.")

    def _measure_distance(self, batches, validation):
        """Learn where the training rows are in the last hidden layer, for the `distance` of `predict_uncertainty`."""
        self._distance = None
        if self._streams or self._net.has_steps or self._net.n_features > MAX_FEATURES:
            return  # a chunk of `partial_fit` does not say where all rows are
        X, targets, _, rows = batches.rows_with_targets()
        if rows.size < 2:
            return  # one row has no covariance
        rows = rows_for_distance(rows, targets.codes, self._net.n_features)
        codes = None if targets.codes is None else targets.codes[rows]
        features = features_of(self._net, X, rows)
        self._distance = FeatureDistance(features, codes)
        if validation is not None:
            X, _, _, rows = validation.rows_with_targets()
            features = features_of(self._net, X, thinned(rows))
        self._distance.set_unit(features)

    def _fitted_state(self, net):
        """Attributes with which a copy of the estimator predicts with a given net."""
        return {"_net": net, "n_iter_": len(self.loss_curve_)}

    def _warn(self, message, category=UserWarning):
        """Warn at the user's line, in a fold of a cross-validation not at all."""
        if not self._is_fold:
            warnings.warn(message, category, stacklevel=caller_level())

    @property
    def _name(self):
        """The class of the estimator whose `fit` was called, in messages."""
        return type(self).__name__ if self._start is None else self._start.name

    def _remedy(self):
        """What to change where training diverges, in messages."""
        decay = max(penalty.decay for penalty in self._strengths(self._architecture.groups()).values())
        grows = self.optimizer != "adam" and self.learning_rate * decay > 2.0  # by the decoupled decay alone
        also = f" or weight_decay={self.weight_decay!r}" if grows else ""
        return f"Lower learning_rate={self.learning_rate:g}{also}, set clip_norm, or scale the features."

    def _own(self, names):
        """Those of some parameters that are not the source's, in fine-tuning."""
        return names if self._start is None else [name for name in names if name in self._start.changed]

    def _warn_of_no_validation(self, rows):
        """Warn that no rows are held out, if a parameter, or True and the number of rows, let the user expect it.

        Where only the weights are the reason, all users expect it.
        """
        changed = changed_params(self, self._own(_STOPPING))
        by_weights = rows.found.n_distinct >= FEWEST_ROWS
        expects = self.early_stopping is True and np.count_nonzero(rows.data.weights) >= FEWEST_ROWS
        if changed or by_weights or expects:
            settings = "".join(f" {name}={getattr(self, name)!r} has no effect." for name in changed)
            count = "fewer" if rows.data.weights.all() else "fewer of positive weight"
            count = "fewer whose weight is at least a hundredth of the mean weight" if by_weights else count
            self._warn(
                f"{self._name} trains for all max_iter={self.max_iter} epochs without early stopping:"
                f" validation rows are held out where X has at least {FEWEST_ROWS} unique rows, and this X has"
                f" {count}.{settings} Give X_val and y_val to fit, or set early_stopping=False."
            )

    def _warn_of_seen_rows(self, again):
        """Warn where the last fit was cross-validated, and so trained on the rows that are held out now."""
        if again and hasattr(self, "fold_curves_"):
            self._warn(
                f"{self._name} continues from a fit whose epoch was cross-validated, and which trained on all rows: if"
                " X holds these again, the validation loss and intervals are too good. Set warm_start=True before the"
                " first fit, which then holds out the same rows, or give X_val and y_val."
            )

    def _warn_of_unused_stopping(self, cross_validates, has_rows):
        """Warn of parameters of early stopping that were set to no effect.

        `has_rows` says whether `fit` was given validation rows.
        """
        if has_rows:  # which wrappers may have held out themselves, by `validation_fraction`
            if not self.early_stopping:
                reason = "training does not stop before max_iter: early_stopping=False"
                warn_of_unused(self, self._own(["patience", "min_delta"]), reason, self._name)
        elif cross_validates:
            reason = f"the epoch is cross-validated: early_stopping={self.early_stopping!r}"
            warn_of_unused(self, self._own(["validation_fraction"]), reason, self._name)
        elif not self.early_stopping:
            reason = "rows are held out for early stopping only: early_stopping=False"
            warn_of_unused(self, self._own(_STOPPING[1:]), reason, self._name)

    def _warn_of_rise(self, history):
        """Warn where the training loss rose sharply but stayed finite, and the last parameters are kept."""
        losses = self.loss_curve_[len(self.loss_curve_) - history.epochs :]
        if history.best is None and losses and losses[-1] > losses[0] + max(1.0, abs(losses[0])):
            self._warn(
                f"{self._name} did not converge: the training loss rose from {losses[0]:.3g} in epoch 1"
                f" to {losses[-1]:.3g} in the last. {self._remedy()}",
                ConvergenceWarning,
            )
