"""The family of multilayer perceptrons: its layers, and what "auto" means in it."""

import math
from copy import copy

import numpy as np
import scipy.sparse as sp
from sklearn.base import is_classifier

from .._nets.architectures.mlp import build_table_mlp
from ..utils._params import COUNT, NONE, Options
from ._folds import FEW_ROWS
from ._tabular import TableNet

# Chosen on the tables for choosing defaults: python -m benchmarks tabular --parts "few defaults,by rows"
MEMBERS = {2000: 4, 10_000: 2}  # ensemble_size="auto": with fewer unique rows than that, so many
# l1="auto" of classifiers, also chosen there: --parts "by rows". The rows, and rows per class, of the larger strength.
L1_FROM, L1_BELOW, L1_ROWS_PER_CLASS = 1000, 10_000, 100
WEAK_L1, STRONG_L1 = 1e-4, 1e-3
FEW_ROWS_BATCH = 32  # of batch_size="auto" where there are members, and fewer than `FEW_ROWS`; the most rows of a step


class Perceptron(TableNet):
    """The family of multilayer perceptrons."""

    _parameter_constraints = {
        **TableNet._parameter_constraints,
        "numeric_embedding": [Options("piecewise", "periodic"), NONE],
        "ensemble_size": [COUNT, Options("auto")],
        "l1": [*TableNet._parameter_constraints["l1"], Options("auto")],
    }

    _auto = {"l1": WEAK_L1}  # until `_settled`, for checks of the parameters
    _has_small_batches = False  # whether "auto" has the batches for members and few rows in this fit

    def _read_architecture(self):
        hidden = self._counts("hidden_layer_sizes")
        if self.residual and not any(a == b for a, b in zip(hidden[1:], hidden, strict=False)):
            raise ValueError(
                "residual=True needs two successive hidden layers of one width; got"
                f" hidden_layer_sizes={self.hidden_layer_sizes!r}."
            )
        if self.normalization == "layer" and 1 in hidden:
            raise ValueError(
                "normalization='layer' makes a layer of one unit constant; got"
                f" hidden_layer_sizes={self.hidden_layer_sizes!r}."
            )
        n_members = 1 if self.ensemble_size == "auto" else int(self.ensemble_size)  # "auto": until `_settled`
        if n_members > 1 and not hidden:
            raise ValueError(
                f"ensemble_size={self.ensemble_size} needs a hidden layer, whose weights the members share; got"
                f" hidden_layer_sizes={self.hidden_layer_sizes!r}."
            )
        return self._table_architecture(self._dense_architecture(hidden, self.residual, ensemble_size=n_members))

    def _settled(self, architecture, again, data=None, n_rows=math.inf, adapts=False):
        if self._start is not None:
            self._auto = self._start.source._auto
        elif not again:
            self._auto = {"l1": self._auto_l1(n_rows)}
        self.l1_ = copy(self._settled_value("l1"))
        n_members, n_rows = architecture.dense.ensemble_size, n_rows if adapts else math.inf
        if self.ensemble_size == "auto":
            n_members = self._auto_members(again, data, n_rows)
        self._has_small_batches = n_rows < FEW_ROWS and n_members > 1
        return architecture._replace(dense=architecture.dense._replace(ensemble_size=n_members))

    def _auto_members(self, again, data, n_rows):
        """The number of members that "auto" means: that of a net to go on from, else by the rows."""
        if again:
            return self._net.n_members
        if self._start is not None:
            return self._start.source.ensemble_size_
        n_members = next((k for below, k in MEMBERS.items() if n_rows < below), 1)
        shares_weights = n_members > 1 and np.size(self.hidden_layer_sizes) > 0 and not sp.issparse(data.X)
        return n_members if shares_weights else 1

    def _auto_l1(self, n_rows):
        """The strength that "auto" means, by the rows and classes."""
        if is_classifier(self) and max(L1_FROM, L1_ROWS_PER_CLASS * len(self.classes_)) <= n_rows < L1_BELOW:
            return STRONG_L1
        return WEAK_L1

    def _largest_batch(self, n):
        if self.batch_size == "auto" and self._has_small_batches:
            return FEW_ROWS_BATCH
        return super()._largest_batch(n)

    def _build_net(self, architecture, n_rows, rng, inputs):
        return build_table_mlp(architecture, inputs, self.n_features_in_, self._count_outputs(), n_rows, rng)
