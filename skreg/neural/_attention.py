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
from .._nets.layers.tokens import FeatureTokens
from .._nets.training.evaluation import attention
from ..utils._params import BELOW_ONE, COUNT, NONE, REAL, Options
from ._base import BaseNet
from ._sequences import steps_in
from ._sequential import SequenceNet

FEED_FORWARD = 2  # default width of the dense layers in the blocks, in widths of a token


class TransformerNet(SequenceNet):
    """The family of transformers."""

    residual = True  # branches that `stochastic_depth` can drop
    _kind = None  # of the training data: "table", "sequences" or "tokens"

    _parameter_constraints = {
        **{name: kinds for name, kinds in SequenceNet._parameter_constraints.items() if name != "residual"},
        "n_blocks": [COUNT],
        "n_heads": [COUNT],
        "embedding_size": [COUNT],
        "feed_forward_size": [COUNT, NONE],
        "pooling": [Options("cls", "mean")],
        "inputs": [Options("auto", "table", "sequences", "tokens")],
        "vocabulary_size": [COUNT, NONE],
        "missing": [Options("error", "mask")],
        "attention_dropout": [BELOW_ONE],
        "embedding_dropout": [BELOW_ONE],
        "attention_entropy": [REAL],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = False
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
            self._dense_architecture(hidden, residual=False, dropout=rates[self.n_blocks :]),
        )

    # ---- data

    @property
    def _wants_tokens(self):
        return self.inputs == "tokens"

    @property
    def _has_fixed_inputs(self):
        return self._kind == "table"

    def _validated(self, X, reset, y="no_validation", **options):
        if reset:
            self._kind = self.inputs
            if self.inputs == "auto":
                self._kind = "table" if steps_in(X) is None else "sequences"
        if self._kind != "table":
            return super()._validated(X, reset, y, **options)
        if reset:
            self._n_channels, self._n_columns, self._n_tokens, self._has_tokens = None, None, None, False
        return BaseNet._validated(self, X, reset, y, **options)

    def _unequal_lengths(self, X):
        return None if self._kind == "table" else super()._unequal_lengths(X)

    def _row_shape(self):
        return None if self._kind == "table" else super()._row_shape()

    def _build_net(self, architecture, n_rows, rng, inputs):
        if self._kind == "table":
            first, size = table_tokens(architecture), self.n_features_in_
        else:
            first = sequence_tokens(architecture, self._n_channels, self._n_tokens)
            size = self._longest * self._n_channels
        return build_transformer(architecture, first, (size,), self._count_outputs(), n_rows, rng)

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
        """Vectors of the features of a table (n_features, embedding_size), or of all tokens; None for other sequences.

        The token of a feature is its value times its vector, plus a bias.
        """
        check_is_fitted(self)
        for module in self._net.layer.modules():
            if isinstance(module, (Embedding, FeatureTokens)):
                return (module.table if isinstance(module, Embedding) else module.weight).value.copy()
        return None

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
            ``pooling="cls"``, token 0 is the one that stands for the row, and the features or steps are the tokens from
            1 on; ``weights[:, :, :, 0, 1:].mean(axis=(0, 1, 2))`` is how much the prediction looks at each of them. In
            the last block, only that token has a query then; the others are NaN, as is everything after the end of a
            sequence.
        """
        check_is_fitted(self)
        return attention(self._net, self._rows_of(X), self._architecture.pooling == "cls")
