"""Attention, tokens and transformers, against finite differences, plain formulas and theory."""

import numpy as np
import pytest
from scipy.special import entr, log_softmax, softmax

from skreg._nets.architectures.mlp import Architecture
from skreg._nets.architectures.transformer import (
    TransformerArchitecture,
    build_transformer,
    sequence_tokens,
    table_tokens,
)
from skreg._nets.base import Chain, ResidualBlock
from skreg._nets.context import Context
from skreg._nets.layers.attention import Attention
from skreg._nets.layers.attention_kernels import (
    BLOCK_ROWS,
    attend,
    product,
    rounded_up,
)
from skreg._nets.layers.dense import Bias, Dense
from skreg._nets.layers.dropout import Dropout
from skreg._nets.layers.normalization import LayerNorm
from skreg._nets.layers.sequences import PoolSteps, Sequences
from skreg._nets.layers.shapes import Reshape
from skreg._nets.layers.tokens import ClassToken, FeatureTokens, FirstToken, Positions, sinusoids
from skreg._nets.net import Net
from skreg._nets.noise import Gaussian, NoNoise
from skreg._nets.objectives import SquaredError, evaluate_batch
from skreg._nets.training.batches import Minibatch
from skreg._nets.training.evaluation import scores
from skreg._nets.training.parallel import N_PARTS, Gradients
from skreg._nets.training.rows import SEQUENCE_ROWS
from skreg._nets.weights import DropConnect, WeightNorm
from tests.combinations import combinations
from tests.nets.test_layers import HALF, assert_gradient, gradient, problem
from tests.nets.test_recurrent import sequences

F = np.float32


def objective_of(net, x, T, w):
    """The objective with the entropies of all layers, the seed of the noise held."""
    ctx = Context(5, train=True, noisy=True)
    ctx.set_batch(w)
    ctx.attention = []
    z, _ = net(x, ctx)
    layers = [module for module in net.layer.modules() if isinstance(module, Attention)]
    penalty = 0.0
    for layer, maps in zip(layers, ctx.attention, strict=True):
        by_query = np.where(np.isnan(maps[..., 0]), np.nan, entr(np.nan_to_num(maps)).sum(axis=3))
        weights = np.repeat(w, net.n_members) / len(maps)
        penalty += layer.entropy * weights @ np.nanmean(by_query, axis=(1, 2))
    return evaluate_batch(SquaredError(), z, T, w, len(w), np.empty_like(z)) + penalty


def check_gradient(net, x, T, w):
    gradient(net, SquaredError(), x, T, w)
    assert_gradient(net.grad.copy(), net, lambda: objective_of(net, x, T, w))


def built(layers, p, seed=0):
    rng = np.random.default_rng(seed)
    net = Net(Chain(*layers, Dense(2), Bias()), (p,), rng, np.float64)
    net.theta += 0.3 * rng.standard_normal(net.theta.size)
    return net


CASES = {
    "plain": {},
    "noise": dict(noise=HALF),
    "gaussian noise": dict(noise=Gaussian(F(0.4))),
    "one head of one number": dict(n_heads=4),
    "concentrated": dict(entropy=0.7),
    "spread, with noise": dict(entropy=-0.7, noise=HALF),
    "weight norm": dict(hooks=[(WeightNorm(), DropConnect(HALF)), (WeightNorm(),)]),
}


@pytest.mark.parametrize("only_first", [False, True], ids=["", "first"])
@pytest.mark.parametrize("case", CASES)
def test_attention__gradients_on_tables(case, only_first):
    x, T, w = problem(2, n=4)
    attention = Attention(**dict(n_heads=2) | CASES[case], group="a", only_first=only_first)
    end = [Reshape()] if only_first else [PoolSteps("mean", 4)]
    net = built([FeatureTokens(4), LayerNorm(shift=True), ClassToken(), attention, *end], 3)
    check_gradient(net, x, T, w)


@pytest.mark.parametrize("only_first", [False, pytest.param(True, marks=pytest.mark.plain)], ids=["", "first"])
def test_attention__gradients_with_lengths(only_first):
    x, T, w = sequences()
    options = dict(noise=HALF, entropy=0.5)
    first = ResidualBlock(Chain(LayerNorm(shift=True), Attention(2, "a", **options), Dense(4), Bias()))
    last = Attention(1, "b", only_first=only_first, **options)
    end = [ResidualBlock(last, FirstToken()), Reshape()] if only_first else [last, PoolSteps("mean", 4)]
    tokens = [Sequences(2), Dense(4), Positions(), Dropout(HALF, ("channels",)), ClassToken()]
    check_gradient(built([*tokens, first, *end], 10), x, T, w)


COMBINATIONS = combinations(
    ["table", "steps", "words"],
    ["cls", "mean"],
    ["bernoulli", "gaussian", "dropconnect", "concrete"],
    [None, "weight"],
    [1, 2],
)


def small(pooling="cls", kind="bernoulli", weights=None, members=1, **options):
    dense = Architecture((3,), "tanh", False, None, weights, (0.2,), 0.2, kind, 0.2, 0.1, 0.1, members)
    defaults = dict(
        n_blocks=2, n_heads=2, embedding_size=4, feed_forward_size=3, pooling=pooling, attention_dropout=0.2,
        embedding_dropout=0.2, block_dropout=(0.2, 0.3), attention_entropy=0.3,
        missing="indicator", standardize=None, numeric_embedding=None,
    )  # fmt: skip
    return TransformerArchitecture(**defaults | options, dense=dense)


def net_of(a, what, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    first, p = {
        "table": lambda: (table_tokens(a), 3),
        "steps": lambda: (sequence_tokens(a, 2, None), 10),
        "words": lambda: (sequence_tokens(a, 1, 6), 5),
    }[what]()
    net = build_transformer(a, first, (p,), 2, 50, rng, dtype)
    net.theta += (0.1 * rng.standard_normal(net.theta.size)).astype(dtype)
    return net


def rows_of(what):
    if what == "steps":
        return sequences()
    x, T, w = problem(2, n=4, p=3 if what == "table" else 5)
    if what == "words":
        x = np.random.default_rng(1).integers(0, 6, x.shape).astype(float)
        x[0, 2:], x[3, 4:] = np.nan, np.nan
    return x, T, w


@pytest.mark.parametrize(("what", "pooling", "kind", "weights", "members"), COMBINATIONS)
def test_transformer__gradients_in_combination(what, pooling, kind, weights, members):
    x, T, w = rows_of(what)
    net = net_of(small(pooling, kind, weights, members), what)
    regularizer = net.regularizer
    gradient(net, SquaredError(), x, T, w)
    assert_gradient(net.grad.copy(), net, lambda: objective_of(net, x, T, w) + regularizer())


@pytest.mark.plain
@pytest.mark.parametrize(("dtype", "tol"), [(np.float64, 1e-13), (np.float32, 2e-6)])
def test_attention__means_are_those_of_the_formula(dtype, tol):
    rng = np.random.default_rng(0)
    n, n_tokens, n_heads, d = 3, 19, 2, 5
    qkv = rng.standard_normal((n, n_tokens, 3 * n_heads * d)).astype(dtype)
    lengths = np.array([19, 1, 8])
    out = np.empty((n, n_tokens, n_heads * d), dtype)
    log_sums = np.empty((n, n_heads, n_tokens), dtype)
    attend(NoNoise(), qkv, qkv, n_heads, lengths, dtype(0.3), (0,) * 4, log_sums, out)
    q, k, v = (part.reshape(n, n_tokens, n_heads, d) for part in np.split(qkv.astype(float), 3, axis=2))
    for i, length in enumerate(lengths):
        for h in range(n_heads):
            s = 0.3 * q[i, :length, h] @ k[i, :length, h].T
            wanted = softmax(s, axis=1) @ v[i, :length, h]
            np.testing.assert_allclose(out[i, :length, h * d : (h + 1) * d], wanted, atol=tol)
            log_sum = (s - log_softmax(s, axis=1))[:, 0]
            np.testing.assert_allclose(log_sums[i, h, :length], log_sum, atol=10.0 * tol)
        assert not out[i, length:].any()


@pytest.mark.plain
@pytest.mark.parametrize("turned", [False, True])
def test_attention__products_are_those_of_numpy(turned):
    rng = np.random.default_rng(0)
    for n_rows, n_inner, width in ((1, 1, 16), (8, 3, 32), (13, 7, 16)):
        rows = rounded_up(n_rows, BLOCK_ROWS)
        A, B = rng.standard_normal((rows, n_inner)), rng.standard_normal((n_inner, width))
        a = np.ascontiguousarray(A.T if turned else A).ravel()
        out = np.full(rows * width, np.nan)
        product(a, *((1, rows) if turned else (n_inner, 1)), B.ravel(), n_inner, out, n_rows, width)
        np.testing.assert_allclose(out.reshape(rows, width)[:n_rows], (A @ B)[:n_rows], atol=1e-14)


def test_attention__weights_to_look_at_are_those_of_the_means():
    x, *_ = sequences()
    layer = Attention(2, "a")
    net = built([Sequences(2), Dense(4), ClassToken(), layer, PoolSteps("mean", 4)], 10)
    ctx = Context()
    ctx.attention = []
    net(x, ctx)
    (maps,) = ctx.attention
    assert maps.shape == (4, 2, 6, 6)
    for i, length in enumerate((4, 6, 2, 6)):
        np.testing.assert_allclose(maps[i, :, :length, :length].sum(axis=2), 1.0)
        assert np.isnan(maps[i, :, length:]).all()
        assert np.isnan(maps[i, :, :, length:]).all()


# ---- noise


def masks(layer, x, **options):
    """Weights of attention times their factors: of values that are unit vectors."""
    n_tokens = x.shape[1]
    (projection,) = layer.projections
    projection.weight.value[:, -n_tokens:] = np.eye(n_tokens)
    return layer(x, Context(3, noisy=True, **options))[0].copy()


def test_attention_dropout__weights_rows_heads_and_queries_have_noise_of_their_own():
    layer = Attention(1, "a", HALF)
    layer.build((24, 24), np.random.default_rng(0), np.float64)
    x = np.broadcast_to(np.eye(24), (40, 24, 24)).copy()
    found = masks(layer, x, train=True)
    assert abs((found == 0.0).mean() - 0.3) < 4.0 * np.sqrt(0.21 / found.size)
    assert (found[0] != found[1]).any()
    assert ((found[0] == 0.0)[0] != (found[0] == 0.0)[1]).any()
    draw = masks(layer, x)
    np.testing.assert_array_equal(draw, np.broadcast_to(draw[:1], draw.shape))
    assert abs((draw[0] == 0.0).mean() - 0.3) < 0.1


def test_embedding_dropout__drops_whole_tokens():
    layer = Dropout(HALF, ("channels",))
    y = layer(np.ones((200, 5, 3)), Context(1, train=True, noisy=True))[0]
    assert (np.ptp(y, axis=2) == 0.0).all()
    assert abs((y[:, :, 0] == 0.0).mean() - 0.3) < 0.06
    assert len(np.unique(y[:, :, 0], axis=0)) > 10


# ---- tokens, batches, padding and threads


def test_attention__permuted_tokens_give_permuted_means():
    rng = np.random.default_rng(0)
    layer = Attention(2, "a")
    layer.build((7, 6), rng, np.float64)
    x, order = rng.standard_normal((3, 7, 6)), rng.permutation(7)
    found = layer(x[:, order].copy(), Context())[0]
    np.testing.assert_allclose(found, layer(x, Context())[0][:, order], atol=1e-14)


def test_positions__are_those_of_the_paper_and_do_not_depend_on_the_length():
    table = sinusoids(50, 8)
    np.testing.assert_allclose(table[:, 1], np.sin(np.arange(50) / 10.0))
    np.testing.assert_allclose(table[:, 5], np.cos(np.arange(50) / 10.0))
    np.testing.assert_array_equal(sinusoids(20, 8), table[:20])
    assert sinusoids(4, 5).shape == (4, 5)


@pytest.mark.parametrize("what", ["steps", "words"])
def test_transformer__padding_and_other_rows_never_change_a_prediction(what):
    rng = np.random.default_rng(0)
    n, n_steps, C = 150, 9, 2 if what == "steps" else 1
    X = rng.standard_normal((n, n_steps * C)).astype(F)
    X = X if what == "steps" else rng.integers(0, 6, X.shape).astype(F)
    for i, length in enumerate(rng.integers(1, n_steps + 1, n)):
        X[i, C * length :] = np.nan
    for pooling, members in (("cls", 1), ("mean", 2)):
        net = net_of(small(pooling, embedding_size=32, members=members), what, F)
        for noisy in (False, True):
            whole = scores(net, X, ctx=Context(7, noisy=noisy))
            for rows in (np.array([5]), np.arange(100)[::-1], rng.permutation(n)[: SEQUENCE_ROWS + 3]):
                padded = np.full((rows.size, C * (n_steps + 20)), np.nan, F)
                padded[:, : X.shape[1]] = X[rows]
                np.testing.assert_array_equal(scores(net, padded, ctx=Context(7, noisy=noisy)), whole[rows])


@pytest.mark.parametrize("members", [1, 2])
def test_transformer__halves_of_a_batch_give_the_gradient_of_the_whole(members):
    a = small(embedding_size=32, feed_forward_size=64, members=members)
    net = build_transformer(a, table_tokens(a), (20,), 2, 50, np.random.default_rng(0), np.float64)
    x, T, w = problem(2, n=64, p=20)
    found = []
    for largest in (1, 64):
        with Gradients(net, 3, largest) as of:
            assert len(of.contexts) == (N_PARTS if largest > 1 else 1)
            loss = of(SquaredError(), Minibatch(x, T, w))
            found.append((loss, net.grad.copy()))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=1e-9, atol=1e-12)


def test_transformer__last_block_computes_only_what_the_first_token_needs():
    """The same weights without that saving give the same outputs."""
    a = small(attention_dropout=0.0)
    net = net_of(a, "table")
    x, *_ = rows_of("table")
    wanted = scores(net, x)
    last = next(module for module in reversed(list(net.layer.modules())) if isinstance(module, Attention))
    query, rest = last.projections
    whole = Attention(2, "a")
    whole.build((4, 4), np.random.default_rng(0), np.float64)
    whole.projections[0].weight.value = np.hstack([query.weight.value, rest.weight.value])
    chain = net.layer.layers
    stage = next(k for k, layer in enumerate(chain) if isinstance(layer, ResidualBlock) and layer.shortcut is not None)
    chain[stage].branch.layers = tuple(whole if layer is last else layer for layer in chain[stage].branch.layers)
    chain[stage].shortcut = None
    reshape = next(k for k, layer in enumerate(chain) if isinstance(layer, Reshape))
    net.layer.layers = (*chain[:reshape], FirstToken(), *chain[reshape:])
    np.testing.assert_allclose(scores(net, x), wanted, atol=1e-12)
