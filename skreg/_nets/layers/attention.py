"""Multi-head self-attention of tokens, with noise on the weights and a penalty on their entropy."""

import math

import numpy as np

from ..base import Layer, by_channel
from ..noise import NoNoise
from .attention_kernels import MOST_TOKENS, attend, attend_backward
from .dense import Weighted


class Attention(Layer):
    """Scaled dot-product attention of several heads (Vaswani et al. 2017, eq. 1): (rows, tokens, channels) to the same.

    Every token gets, from every head, a mean of the values of all tokens, weighted by the softmax of the products of
    its query with their keys. The layer puts out the means of all heads side by side; the product with a matrix that
    usually follows is a `Dense` layer. `Context.lengths` says how many tokens a row has: what follows these is not
    attended to, and 0 in the output. The weights of different rows, heads and pairs of tokens have noise of their own.

    Parameters
    ----------
    n_heads : int
        A divisor of the number of channels.
    group : str
        The group whose penalty strengths apply.
    noise : jitted noise or None
        On the weights of the means; its factors must not depend on the values.
    entropy : float
        Factor of the entropy of the weights, in nats, that is added to the objective: the mean over heads and queries,
        and over rows by their weights. A positive factor lets attention concentrate, a negative one spreads it.
    hooks : sequence of tuple of WeightHook
        Transformations of the weights of queries, keys and values; with `only_first` of queries, then of the others.
    only_first : bool
        Whether only the first token has a query, so that the output has one token.
    """

    def __init__(self, n_heads, group, noise=None, entropy=0.0, hooks=((), ()), only_first=False):
        self.n_heads = n_heads
        self.group = group
        self.noise = noise
        self.entropy = entropy
        self.hooks = hooks
        self.only_first = only_first
        self.is_noisy = noise is not None

    def build(self, shape, rng, dtype):
        n_tokens, C = shape
        n_queries = 1 if self.only_first else n_tokens
        widths = (C, 2 * C) if self.only_first else (3 * C,)  # queries, keys and values by one product, or by two
        pairs = zip(widths, self.hooks, strict=False)
        self.projections = [Weighted(width, self.group, 1.0, hooks) for width, hooks in pairs]
        for projection in self.projections:
            projection.build_weights(C, rng, dtype)
        self.n_products = C * (n_queries * C + n_tokens * 2 * C) + 2 * n_queries * n_tokens * C
        self.size = n_tokens * 3 * C
        return n_queries, C

    def _projected(self, x, ctx):
        """Queries, keys and values of some tokens, and what each of their products has seen."""
        inputs = [np.ascontiguousarray(x[:, :1]), x] if self.only_first else [x]
        outs, backs = [], []
        for projection, seen in zip(self.projections, inputs, strict=True):
            W, back = projection.effective(ctx)
            out = ctx.scratch((*seen.shape[:2], projection.width), x.dtype)
            ctx.do(*ctx.multiplication(by_channel(seen), W, by_channel(out)))
            outs.append(out)
            backs.append((W, back))
        return inputs, outs, backs

    def __call__(self, x, ctx):
        n, n_tokens, C = x.shape
        dtype = x.dtype.type
        lengths = np.full(n, n_tokens) if ctx.lengths is None else ctx.lengths
        inputs, outs, hooked = self._projected(x, ctx)
        q, kv = outs[0], outs[-1]
        noise, places = NoNoise(), (0, 0, 0, 0)
        if self.noise is not None and ctx.noisy:
            seed, first, row, _, _ = ctx.places((n, self.n_heads, MOST_TOKENS**2))
            noise, places = ctx.at_strength(self.noise), (seed, first, row, MOST_TOKENS**2)
        out = ctx.scratch((n, q.shape[1], C), x.dtype)
        log_sums = ctx.scratch((n, self.n_heads, q.shape[1]), x.dtype)
        given = q, kv, self.n_heads, lengths, dtype(1.0 / math.sqrt(C // self.n_heads)), places, log_sums
        attend(noise, *given, out)
        if ctx.attention is not None:
            ctx.attention.append(attention_weights(q, kv, self.n_heads, lengths))
        entropy = (self.entropy * ctx.shares(n)).astype(x.dtype)

        def back(d):
            gradients = [ctx.scratch(one.shape, x.dtype) for one in outs]
            attend_backward(noise, *given, entropy, d, gradients[0], gradients[-1])
            before = []
            for projection, seen, g, (W, backs) in zip(self.projections, inputs, gradients, hooked, strict=True):
                seen, g = by_channel(seen), by_channel(g)
                projection.add_gradient(ctx, backs, lambda G, seen=seen, g=g: ctx.multiplication(seen.T, g, G))
                if self.needs_input_gradient:
                    before.append(ctx.scratch(seen.shape, x.dtype))
                    ctx.do(*ctx.multiplication(g, W.T, before[-1]))
            if not self.needs_input_gradient:
                return None
            dx = before[-1].reshape(x.shape)
            if self.only_first:
                dx[:, 0] += before[0]
            return dx

        return out, back


def attention_weights(q, kv, n_heads, lengths):
    """The weights (rows, heads, queries, tokens) of every mean, without noise; NaN for what is no token.

    The arguments are those of `attend`.
    """
    n, n_queries, _ = q.shape
    n_tokens, C = kv.shape[1], (kv.shape[2] // 3 if kv is q else kv.shape[2] // 2)
    keys = kv[:, :, -2 * C : -C].reshape(n, n_tokens, n_heads, -1)
    queries = q[:, :, :C].reshape(n, n_queries, n_heads, -1)
    scores = np.einsum("nqhd,nkhd->nhqk", queries, keys) / math.sqrt(keys.shape[3])
    is_token = np.arange(n_tokens) < lengths[:, None]
    scores[np.broadcast_to(~is_token[:, None, None], scores.shape)] = -np.inf
    weights = np.exp(scores - scores.max(axis=3, keepdims=True))
    weights /= weights.sum(axis=3, keepdims=True)
    pairs = is_token[:, None, :n_queries, None] & is_token[:, None, None]
    weights[~np.broadcast_to(pairs, weights.shape)] = np.nan
    return weights
