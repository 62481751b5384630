"""The family of recurrent nets: what they read, and targets at every step."""

import numpy as np

from .._nets.architectures.rnn import RecurrentArchitecture, build_rnn
from .._nets.layers.cells import CELLS
from .._nets.layers.sequences import Embedding
from ..utils._params import ARRAY_LIKE, BELOW_ONE, BOOLEAN, COUNT, NONE, Options
from ..utils._targets import check_weights
from ._sequences import step_targets
from ._sequential import SequenceNet

# Parameters that have other values with return_sequences=True: what they count on is one target for each sequence.
_WITH_STEPS = {
    "pooling": ("last",),
    "normalization": (None, "layer"),
    "augmenter": (None,),
    "monitor": ("loss",),
    "class_weight": (None,),
}


class RecurrentNet(SequenceNet):
    """The family of recurrent nets."""

    _parameter_constraints = {
        **SequenceNet._parameter_constraints,
        "units": [COUNT, ARRAY_LIKE],
        "cell": [Options(*CELLS)],
        "bidirectional": [BOOLEAN],
        "pooling": [Options("last", "mean", "max")],
        "return_sequences": [BOOLEAN],
        "embedding_size": [COUNT, NONE],
        "vocabulary_size": [COUNT, NONE],
        "missing": [Options("mask", "raise")],
        "recurrent_dropout": [BELOW_ONE],
        "embedding_dropout": [BELOW_ONE],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "mask"
        return tags

    def _read_architecture(self):
        units, hidden = self._counts("units"), self._counts("hidden_layer_sizes")
        if not units:
            raise ValueError(f"units must hold ints of at least 1; got {self.units!r}.")
        if self.normalization == "layer" and 1 in hidden:
            raise ValueError(
                "normalization='layer' makes a layer of one unit constant; got"
                f" hidden_layer_sizes={self.hidden_layer_sizes!r}."
            )
        self._check_tokens_and_steps()
        rates = tuple(self._per_layer("dropout", len(units) + len(hidden), high=1.0).tolist())
        architecture = RecurrentArchitecture(
            units,
            self.cell,
            self.bidirectional,
            self.pooling,
            self.return_sequences,
            self.embedding_size,
            self.embedding_dropout,
            self.residual,
            self.recurrent_dropout,
            rates[: len(units)],
            self._dense_architecture(hidden, residual=False, dropout=rates[len(units) :]),
        )
        if self.residual and not architecture.skips():
            raise ValueError(
                f"residual=True needs two successive recurrent layers of one width; got units={self.units!r}."
            )
        return architecture

    def _check_tokens_and_steps(self):
        """Raise ValueError for parameters that have no meaning for tokens, or for targets at every step."""
        if self.embedding_size is None:
            for name in ("vocabulary_size", "embedding_dropout"):
                if getattr(self, name):
                    raise ValueError(f"{name}={getattr(self, name)!r} is about tokens: it needs embedding_size.")
        else:
            self._check_changes_of_tokens()
        for name, allowed in _WITH_STEPS.items() if self.return_sequences else ():
            value = getattr(self, name, None)
            if not any(value is one or (isinstance(value, str) and value == one) for one in allowed):
                wanted = " or ".join(map(repr, allowed))
                raise ValueError(f"return_sequences=True needs {name}={wanted}; got {value!r}.")

    @property
    def dropout_rates_(self):
        """Dropout rates of the recurrent layers, then of the dense hidden layers, there the learned ones."""
        return np.concatenate([self._architecture.layer_dropout, super().dropout_rates_])

    @property
    def embeddings_(self):
        """Vectors of all tokens, of shape (vocabulary_size, embedding_size); None without `embedding_size`."""
        tables = [module.table.value.copy() for module in self._net.layer.modules() if isinstance(module, Embedding)]
        return tables[0] if tables else None

    # ---- data

    @property
    def _missing_only_at_end(self):
        return self.return_sequences

    def _rows_and_steps(self, X, y, reset):
        """Flat rows, the targets of all their steps one after another, and which of (n, steps) these are."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        X = self._validated(X, reset)
        return X, *step_targets(y, self._lengths(X), X.shape[1] // self._n_channels, self._n_channels)

    def _weights_of(self, X, sample_weight):
        weights = check_weights(sample_weight, len(X))
        return np.ones(len(X)) if weights is None else weights

    def _unit(self, data, found):
        if not self.return_sequences:
            return super()._unit(data, found)
        return (found.fit_weight * self._lengths(data.X)[found.rows]).mean()

    def _build_net(self, architecture, n_rows, rng, inputs):
        return build_rnn(
            architecture, self._longest, self._n_channels, self._n_tokens, self._count_outputs(), n_rows, rng
        )

    def _steps_to_score(self, X, y, sample_weight):
        """Targets of all steps, one after another; predictions for them, and their weights."""
        rows, values, counts = self._rows_and_steps(X, y, reset=False)
        weights = np.broadcast_to(self._weights_of(rows, sample_weight)[:, None], counts.shape)
        return values, self.predict(X)[counts], weights[counts]
