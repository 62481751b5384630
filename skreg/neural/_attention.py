"""The family of transformers: tables whose features are tokens, sequences, and what attention looks at."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._nets.architectures.transformer import (
    TransformerArchitecture,
    build_transformer,
    sequence_tokens,
    table_tokens,
)
from .._nets.layers.sequences import Embedding
from .._nets.training.evaluation import attention
from ..utils._params import BELOW_ONE, COUNT, NONE, REAL, Options
from ._base import BaseNet
from ._sequences import steps_in
from ._sequential import SequenceNet
from ._tabular import TableNet

FEED_FORWARD = 2  # default width of the dense layers in the blocks, in widths of a token


class TransformerNet(SequenceNet, TableNet):
    """The family of transformers."""

    residual = True  # branches that `stochastic_depth` can drop
    _form = None  # of the training data: "table", "sequences" or "tokens"
    _for_tokens = "inputs='tokens'"
    _least_padding = 2  # a table may have a last column of numbers from -1 on
    _most_one_hot = 0  # every column of categories is one token

    _parameter_constraints = {
        **{name: kinds for name, kinds in TableNet._parameter_constraints.items() if name != "residual"},
        "n_blocks": [COUNT],
        "n_heads": [COUNT],
        "embedding_size": [COUNT],
        "feed_forward_size": [COUNT, NONE],
        "pooling": [Options("cls", "mean")],
        "inputs": [Options("auto", "table", "sequences", "tokens")],
        "vocabulary_size": [COUNT, NONE],
        "missing": [Options("indicator", "mask", "raise")],
        "numeric_embedding": [Options("piecewise", "periodic"), NONE],
        "attention_dropout": [BELOW_ONE],
        "embedding_dropout": [BELOW_ONE],
        "attention_entropy": [REAL],
        "ensemble_size": [COUNT],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = self.missing == "indicator" and self.inputs in ("auto", "table")
        return tags

    def _read_architecture(self):
        hidden = self._counts("hidden_layer_sizes")
        if self.embedding_size % self.n_heads:
            raise ValueError(
                "embedding_size must be a multiple of n_heads, whose parts of it the heads see; got"
                f" embedding_size={self.embedding_size!r} and n_heads={self.n_heads!r}."
            )
        for name, sizes in (("hidden_layer_sizes", hidden), ("embedding_size", (self.embedding_size,))):
            if 1 in sizes and (self.normalization == "layer" or name == "embedding_size"):
                raise ValueError(
                    f"layer normalization makes a layer of one unit constant; got {name}={getattr(self, name)!r}."
                )
        if self._wants_tokens:
            self._check_changes_of_tokens()
        elif self.vocabulary_size is not None:
            raise ValueError(
                f"vocabulary_size={self.vocabulary_size!r} is about tokens: it needs inputs='tokens'; got"
                f" inputs={self.inputs!r}."
            )
        rates = tuple(self._per_layer("dropout", self.n_blocks + len(hidden), high=1.0).tolist())
        return TransformerArchitecture(
            self.n_blocks,
            self.n_heads,
            self.embedding_size,
            FEED_FORWARD * self.embedding_size if self.feed_forward_size is None else self.feed_forward_size,
            self.pooling,
            self.attention_dropout,
            self.embedding_dropout,
            rates[: self.n_blocks],
            self.attention_entropy,
            self.missing,
            self.standardize,
            self.numeric_embedding,
            self._dense_architecture(
                hidden, residual=False, dropout=rates[self.n_blocks :], ensemble_size=int(self.ensemble_size)
            ),
        )

    # ---- data

    @property
    def _wants_tokens(self):
        return self.inputs == "tokens"

    @property
    def _is_table(self):
        return self._form == "table"

    @property
    def _has_fixed_inputs(self):
        return self._is_table

    @property
    def _takes_arrays(self):
        return self._is_table and super()._takes_arrays

    def _rows_and_targets(self, X, y, reset, sample_weight=None, **options):
        if reset and not self._inputs_are_fixed:
            self._form = self.inputs
            if self.inputs == "auto":
                self._form = "table" if steps_in(X) is None else "sequences"
                if self._is_table:
                    self._warn_of_tokens(X)
            if self._is_table:
                self._n_channels, self._n_columns, self._n_tokens, self._has_tokens = None, None, None, False
            else:
                self._table, self._exact = None, False
        if self._is_table and self.missing == "mask":
            raise ValueError("missing='mask' leaves out steps of sequences; for tables use 'indicator' or 'raise'.")
        owner = super() if self._is_table else super(TableNet, self)
        return owner._rows_and_targets(X, y, reset, sample_weight, **options)

    def _validated(self, X, reset, y="no_validation", **options):
        owner = TableNet if self._is_table else SequenceNet
        return owner._validated(self, X, reset, y, **options)

    def _data(self, *given):
        return (TableNet if self._is_table else BaseNet)._data(self, *given)

    def _learn_inputs(self, data, found):
        return super()._learn_inputs(data, found) if self._is_table else None

    def _unequal_lengths(self, X):
        return None if self._is_table else super()._unequal_lengths(X)

    def _row_shape(self):
        return None if self._is_table else super()._row_shape()

    def _build_net(self, architecture, n_rows, rng, inputs):
        if self._is_table:
            first = table_tokens(architecture, inputs)
            size = self.n_features_in_ if inputs is None else inputs.width
        else:
            first = sequence_tokens(architecture, self._n_channels, self._n_tokens)
            size = self._longest * self._n_channels
        return build_transformer(architecture, first, (size,), self._count_outputs(), n_rows, rng, inputs=inputs)

    # ---- what was learned

    @property
    def dropout_rates_(self):
        """Dropout rates of the blocks, then of the dense hidden layers; with concrete dropout, the learned ones."""
        rates = super().dropout_rates_
        if self._architecture.dense.dropout_kind == "concrete":
            return rates  # of all layers that have activations
        return np.concatenate([self._architecture.block_dropout, rates])

    @property
    def embeddings_(self):
        """Vectors of all tokens, of shape (vocabulary_size, embedding_size), with ``inputs="tokens"``; else None."""
        check_is_fitted(self)
        tables = [module.table.value.copy() for module in self._net.layer.modules() if isinstance(module, Embedding)]
        return tables[0] if tables and self._has_tokens else None

    @property
    def token_names_(self):
        """Names of the tokens of a table, in the order of `attention_maps`; None for sequences."""
        check_is_fitted(self)
        if not self._is_table:
            return None
        names = list(getattr(self, "feature_names_in_", [f"x{j}" for j in range(self.n_features_in_)]))
        first, inputs = (["row"] if self._architecture.pooling == "cls" else []), self._net.inputs
        if inputs is None:
            return [*first, *names]
        numbers = [names[j] for j in inputs.numbers.columns]
        missing = [f"{numbers[k]} missing" for k in inputs.numbers.indicators]
        return [*first, *numbers, *missing, *(names[categories.column] for categories in inputs.coded)]

    def attention_maps(self, X):
        """What every token looks at: the weights of attention, without noise.

        A row of a map has sum 1: it says how much of the output of a token, the query, comes from every token.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Few rows at a time: the result has ``n_samples * n_blocks * n_heads * tokens ** 2`` numbers.

        Returns
        -------
        weights : ndarray of shape (n_samples, n_blocks, n_heads, n_tokens, n_tokens)
            For every head of every block, the weights of all tokens (last axis) for every query (the axis before). With
            ``pooling="cls"``, token 0 is the one that stands for the row, and the features (see `token_names_`) or
            steps are the tokens from 1 on; ``weights[:, :, :, 0, 1:].mean(axis=(0, 1, 2))`` is how much the prediction
            looks at each of them. In the last block, only that token has a query then; the others are NaN, as is
            everything after the end of a sequence. With ``ensemble_size`` above 1, they are means over the members.
        """
        check_is_fitted(self)
        return attention(self._net, self._rows_of(X), self._architecture.pooling == "cls")
