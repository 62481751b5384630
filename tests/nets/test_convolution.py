"""Convolution, pooling, spatial noise and residual blocks, against finite differences, SciPy and theory."""

import math

import numpy as np
import pytest
from scipy.signal import correlate

from skreg._nets.architectures.cnn import ConvolutionalArchitecture, build_cnn
from skreg._nets.architectures.mlp import Architecture
from skreg._nets.base import Chain, Layer, ResidualBlock, by_channel
from skreg._nets.context import Context
from skreg._nets.layers import pooled, signals
from skreg._nets.layers.activations import ACTIVATIONS, BiasActivationDropout
from skreg._nets.layers.convolution import Convolution, DirectProduct, WindowProduct
from skreg._nets.layers.dense import Bias, Dense
from skreg._nets.layers.dropout import DropBlock, Dropout
from skreg._nets.layers.normalization import BatchNorm, LayerNorm
from skreg._nets.layers.pooled import PooledConvolution
from skreg._nets.layers.pooling import GlobalMeanPool, MaxPool, MeanPool
from skreg._nets.layers.shapes import Reshape
from skreg._nets.layers.signals import SignalProduct
from skreg._nets.layers.winograd import WinogradProduct
from skreg._nets.net import Net
from skreg._nets.objectives import CrossEntropy, SquaredError
from skreg._nets.training import evaluation
from skreg._nets.training.batches import Minibatch
from skreg._nets.training.evaluation import MeanLoss, scores
from skreg._nets.training.parallel import N_PARTS, Gradients
from skreg._nets.training.rows import Targets
from skreg._nets.weights import DropConnect, WeightNorm
from tests.combinations import combinations
from tests.nets.test_layers import HALF, ROW, built, check_gradient, problem

SHAPE = (5, 6, 2)
TILED = (6, 10, 1)  # as many numbers, of which tiles leave few empty
TANH = ACTIVATIONS["tanh"]


def conv(*args, **options):
    return Convolution(*args, **options)


CASES = {
    "same": lambda: [conv(3, (3, 3)), BiasActivationDropout(TANH), Reshape()],
    "valid, strides": lambda: [
        conv(3, (3, 2), (2, 1), "valid"),
        BiasActivationDropout(TANH),
        conv(2, (2, 2), (1, 2)),
        Reshape(),
    ],
    "even kernels": lambda: [conv(3, (2, 4), (2, 2)), BiasActivationDropout(TANH), Reshape()],
    "twelve numbers of a window": lambda: [conv(3, (2, 3), (2, 1)), BiasActivationDropout(TANH), Reshape()],
    "many channels": lambda: [conv(5, (1, 1)), BiasActivationDropout(TANH), conv(2, (2, 3), (2, 1)), Reshape()],
    "by tiles": lambda: [
        Reshape(TILED),
        conv(16, (1, 1)),
        BiasActivationDropout(TANH),
        conv(12, (3, 3)),
        GlobalMeanPool(),
    ],
    "max pooling": lambda: [conv(2, (1, 1)), MaxPool((2, 2)), BiasActivationDropout(TANH), Reshape()],
    "pooled by blocks": lambda: [
        conv(3, (3, 3)),
        PooledConvolution(conv(16, (2, 2)), MaxPool((2, 2))),
        BiasActivationDropout(TANH),
        PooledConvolution(conv(2, (2, 2), hooks=[WeightNorm()]), MaxPool((1, 2))),
        Reshape(),
    ],
    "pooled by blocks, filters filled up": lambda: [
        Reshape(TILED),
        conv(16, (1, 1)),
        PooledConvolution(conv(12, (3, 3)), MaxPool((2, 2))),
        GlobalMeanPool(),
    ],
    "pooled by blocks, channels filled up": lambda: [
        Reshape(TILED),
        conv(12, (1, 1)),
        PooledConvolution(conv(16, (3, 3)), MaxPool((2, 2))),
        GlobalMeanPool(),
    ],
    "mean pooling": lambda: [conv(3, (3, 3)), BiasActivationDropout(TANH, HALF), MeanPool((2, 3)), Reshape()],
    "batch norm": lambda: [conv(3, (3, 3)), BiasActivationDropout(TANH, norm=BatchNorm()), GlobalMeanPool()],
    "batch norm of sixteen channels": lambda: [
        conv(16, (3, 3)),
        BiasActivationDropout(TANH, norm=BatchNorm()),
        GlobalMeanPool(),
    ],
    "layer norm": lambda: [conv(3, (3, 3)), LayerNorm(), BiasActivationDropout(TANH), GlobalMeanPool()],
    "spatial dropout": lambda: [conv(3, (3, 3)), Dropout(HALF, shared=("positions",)), GlobalMeanPool()],
    "DropBlock": lambda: [conv(3, (3, 3)), DropBlock(0.3, (2, 2)), GlobalMeanPool()],
    "weight hooks": lambda: [
        conv(3, (3, 3), hooks=[WeightNorm(), DropConnect(HALF)]),
        BiasActivationDropout(TANH),
        GlobalMeanPool(),
    ],
    "pre-activation": lambda: [
        conv(2, (3, 3)),
        ResidualBlock(Chain(BiasActivationDropout(TANH, norm=BatchNorm()), conv(2, (3, 3)), Dropout(HALF, ROW))),
        GlobalMeanPool(),
    ],
    "shortcut": lambda: [
        conv(2, (3, 3)),
        ResidualBlock(
            Chain(LayerNorm(), BiasActivationDropout(TANH), conv(4, (3, 3), (2, 2))), conv(4, (1, 1), (2, 2))
        ),
        GlobalMeanPool(),
    ],
}


PLAIN = {
    "even kernels",
    "max pooling",
    "mean pooling",
    "spatial dropout",
    "DropBlock",
}  # small ones, each with other kernels


@pytest.fixture
def _small_blocks(monkeypatch):
    monkeypatch.setattr(pooled, "_BLOCK", 3 * 5 * 6 * 16)  # three images of some layers, so that the last block has one


@pytest.mark.usefixtures("_small_blocks")
@pytest.mark.parametrize("case", [pytest.param(c, marks=[pytest.mark.plain] if c in PLAIN else []) for c in CASES])
def test_convolution__gradients_of_layers(case):
    x, T, w = problem(2, n=4, p=60)
    check_gradient(built([Reshape(SHAPE), *CASES[case]()], 2, p=60), SquaredError(), x, T, w)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_convolution__gradients_along_signals(padding):
    x, T, w = problem(2, n=4, p=60)
    layers = [Reshape((1, 10, 6)), conv(8, (1, 5), padding=padding), BiasActivationDropout(TANH), conv(2, (1, 3))]
    check_gradient(built([*layers, GlobalMeanPool()], 2, p=60), SquaredError(), x, T, w)


PRODUCTS = {
    "tiles": ((8, 8, 16), 16, (3, 3), WinogradProduct),
    "tiles, filters filled up": ((8, 8, 16), 12, (3, 3), WinogradProduct),
    "tiles, channels filled up": ((8, 8, 12), 16, (3, 3), WinogradProduct),
    "tiles of signals": ((1, 16, 15), 16, (1, 5), WinogradProduct),
    "signals": ((1, 16, 8), 5, (1, 3), SignalProduct),
    "windows": ((5, 6, 7), 3, (2, 2), WindowProduct),
    "few channels": ((5, 6, 2), 5, (3, 3), DirectProduct),
}


@pytest.mark.parametrize("case", PRODUCTS)
def test_pooled_convolution__images_in_turns_are_the_whole_batch(case, monkeypatch):
    shape, width, kernel, product = PRODUCTS[case]
    x, results = np.random.default_rng(0).standard_normal((5, *shape)), []
    for images in (5, 2):  # the last turn has one
        monkeypatch.setattr(pooled, "_BLOCK", images * math.prod(shape[:2]) * width)
        layer = PooledConvolution(Convolution(width, kernel), MaxPool((1, 2)))
        net, ctx = Net(layer, shape, np.random.default_rng(1), np.float64), Context(train=True, gradient=True)
        assert isinstance(layer.convolution.product, product)
        assert layer.images == images
        layer.trace(True)
        ctx.set_gradients(net.views(net.grad))
        ctx.begin_gradients()
        y, back = net(x, ctx)
        results.append((y, back(np.random.default_rng(2).standard_normal(y.shape)), net.grad))
    for found, wanted in zip(*results, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


COMBINATIONS = combinations(
    [False, True], [None, "batch", "layer"], [None, "weight"], ["max", "mean"], ["tanh", "silu"]
)


@pytest.mark.parametrize(("residual", "normalization", "weights", "pooling", "activation"), COMBINATIONS)
def test_convolution__gradients_in_combination(residual, normalization, weights, pooling, activation):
    x, T, w = problem(2, n=4, p=60)
    net = small_net(residual=residual, pooling=pooling, normalization=normalization, weights=weights, act=activation)
    net.theta += 0.1 * np.random.default_rng(1).standard_normal(net.theta.size)
    check_gradient(net, SquaredError(), x, T, w)


def small_net(*, normalization="batch", weights=None, act="tanh", channels=(3, 3), shape=SHAPE, **options):
    dense = Architecture((4,), act, False, normalization, weights, (0.2,), 0.1, "bernoulli", 0.3, 0.1, 0.1)
    n = len(channels)
    defaults = dict(
        kernel_size=(3,) * n, stride=(1,) * n, pool_size=(2, *[1] * (n - 1)), pooling="max", padding="same",
        residual=False, global_pooling=False, spatial_dropout=0.2, drop_block=0.2, block_size=2,
    )  # fmt: skip
    a = ConvolutionalArchitecture(channels, **{**defaults, **options}, dense=dense)
    return build_cnn(a, shape, 2, 50, np.random.default_rng(0), np.float64)


def product_of(layer, x, W):
    return layer.product(x, W, Context(), True)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("kernel", [(3, 3), (2, 4), (1, 1)])
def test_convolution__is_that_of_scipy(padding, stride, kernel):
    rng = np.random.default_rng(0)
    x, layer = rng.standard_normal((2, 7, 9, 3)), Convolution(4, kernel, stride, padding)
    layer.build(x.shape[1:], rng, np.float64)
    W = layer.weight.value
    found, _ = product_of(layer, x, W)
    sides, zeros = x.shape[1:3], [(0, 0), (0, 0)]
    if padding == "same":
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(sides, stride, kernel, strict=True)]
        zeros = [(t // 2, t - t // 2) for t in total]
    padded = np.pad(x, [(0, 0), *zeros, (0, 0)])
    filters = W.reshape(*kernel, 3, 4)
    wanted = [
        [correlate(image, filters[..., k], mode="valid")[:: stride[0], :: stride[1], 0] for k in range(4)]
        for image in padded
    ]
    np.testing.assert_allclose(found, np.moveaxis(wanted, 1, -1), atol=1e-12)


@pytest.mark.parametrize(("dtype", "tol"), [(np.float64, 1e-13), (np.float32, 1e-5)])
@pytest.mark.parametrize(
    ("padding", "shape", "kernel"),
    [
        ("same", (12, 9, 16), (3, 3)),
        ("valid", (13, 13, 20), (3, 3)),
        ("same", (7, 16, 16), (5, 4)),
        ("same", (1, 15, 16), (1, 5)),
        ("valid", (1, 12, 16), (1, 4)),
    ],
)
def test_convolution__by_tiles_is_that_by_windows(dtype, tol, padding, shape, kernel):
    rng = np.random.default_rng(0)
    layer = Convolution(16, kernel, (1, 1), padding)
    layer.build(shape, rng, dtype)
    assert isinstance(layer.product, WinogradProduct)
    x = rng.standard_normal((7, *shape)).astype(dtype)
    results = []
    for product in (layer.product, WindowProduct(layer.geometry, len(layer.weight.value))):
        y, back = product(x, layer.weight.value, Context(), True)
        G = np.empty_like(layer.weight.value)
        dx = back(np.random.default_rng(1).standard_normal(y.shape).astype(dtype), G)
        results.append((y, G, dx))
    for found, wanted in zip(*results, strict=True):
        assert np.abs(found - wanted).max() <= tol * np.abs(wanted).max()


@pytest.mark.parametrize(("padding", "kernel", "width"), [("same", 5, 9), ("valid", 4, 7), ("same", 1, 3)])
def test_convolution__along_signals_is_that_by_windows(padding, kernel, width, monkeypatch):
    monkeypatch.setattr(signals, "_BLOCK", 60 * kernel)  # so that blocks have several signals, and the last one fewer
    rng = np.random.default_rng(0)
    layer = Convolution(4, (1, kernel), (1, 1), padding)
    layer.build((1, width, 6), rng, np.float64)
    assert isinstance(layer.product, SignalProduct)  # with few filters, which tiles would fill up with zeros
    x = rng.standard_normal((5, 1, width, 6))
    results = []
    for product in (layer.product, WindowProduct(layer.geometry, kernel * 6)):
        y, back = product(x, layer.weight.value, Context(), True)
        G = np.empty_like(layer.weight.value)
        results.append((y, G, back(np.random.default_rng(1).standard_normal(y.shape), G)))
    for found, wanted in zip(*results, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def test_convolution__kernel_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"a kernel of 1 x 5 does not fit in its input of 1 x 4 without padding"):
        Convolution(2, (1, 5), padding="valid").build((1, 4, 1), np.random.default_rng(0), np.float64)


@pytest.mark.parametrize("width", [3, 21])  # several channels at a time, where there are sixteen
def test_pooling__values_and_the_rest_of_the_image(width):
    x = np.arange(2.0 * 5 * 7 * width).reshape(2, 5, 7, width) * np.tile([1.0, -1.0, 2.0], width // 3)
    for layer, function in ((MaxPool((2, 3)), np.max), (MeanPool((2, 3)), np.mean)):
        assert layer.build((5, 7, width), None, None) == (2, 2, width)
        y, back = layer(x, Context())
        windows = x[:, :4, :6].reshape(2, 2, 2, 2, 3, width)
        np.testing.assert_allclose(y, function(windows, axis=(2, 4)))
        dx = back(np.ones_like(y))
        assert dx.sum() == pytest.approx(y.size)
        assert not dx[:, 4:].any()
        assert not dx[:, :, 6:].any()
    small = MaxPool((4, 4))
    assert small.build((1, 3, 2), None, None) == (1, 1, 2)  # a window is not larger than its input


@pytest.mark.parametrize("width", [1, 17])
def test_max_pool__equal_numbers_give_the_gradient_to_the_first(width):
    layer = MaxPool((2, 2))
    layer.build((2, 2, width), None, None)
    _, back = layer(np.zeros((1, 2, 2, width)), Context())
    assert back(np.ones((1, 1, 1, width))).reshape(4, width).T.tolist() == [[1.0, 0.0, 0.0, 0.0]] * width


@pytest.mark.parametrize(("train", "width"), [(True, 3), (True, 21), (False, 21)])
def test_max_pool__within_batch_norm_is_that_after_it(train, width):
    rng = np.random.default_rng(0)
    x, biases, scales = rng.standard_normal((4, 5, 7, width)), rng.standard_normal(width), np.full(width, 0.7)
    scales[1:3] = -1.3, 0.0
    apart = Chain(BatchNorm(), MaxPool((2, 3)), BiasActivationDropout(TANH))
    within = Chain(BiasActivationDropout(TANH, norm=BatchNorm(), pool=MaxPool((2, 3))))
    results = []
    for chain in (apart, within):
        net = Net(chain, (5, 7, width), rng, np.float64)
        norm = next(module for module in chain.modules() if isinstance(module, BatchNorm))
        norm.scale.value[:], chain.layers[-1].bias.value[:] = scales, biases
        for module in chain.modules():
            module.needs_input_gradient = True
        ctx = Context(train=train, gradient=True)
        ctx.set_gradients(net.views(net.grad))
        ctx.begin_gradients()
        y, back = net(x.copy(), ctx)
        dx = back(np.random.default_rng(1).standard_normal(y.shape))
        results.append((y.copy(), dx, ctx.grad(norm.scale)[:2], ctx.grad(chain.layers[-1].bias), net.memory))
    for found, wanted in zip(*results, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def test_max_pool__commutes_with_activations_that_never_decrease():
    x = np.random.default_rng(0).standard_normal((3, 60))
    nets = [small_net(act=act, spatial_dropout=0.0, drop_block=0.0, normalization=None) for act in ("relu", "relu")]
    layers = nets[1].layer.layers
    k = [type(layer) for layer in layers].index(PooledConvolution)
    assert isinstance(layers[k + 1], BiasActivationDropout)
    swapped = Chain(*layers[:k], layers[k].convolution, layers[k + 1], layers[k].pool, *layers[k + 2 :])
    np.testing.assert_allclose(nets[0](x, Context())[0], swapped(x, Context())[0])


# ---- noise


def mask_of(layer, n=400, shape=(6, 7, 3), **options):
    layer.build(shape, None, None)
    y, _ = layer(np.ones((n, *shape)), Context(3, noisy=True, **options))
    return y


def test_spatial_dropout__drops_whole_channels_of_a_row():
    mask = mask_of(Dropout(HALF, shared=("positions",)), train=True)
    assert (np.ptp(mask, axis=(1, 2)) == 0.0).all()
    channels = mask[:, 0, 0]
    assert set(np.unique(channels)) == {0.0, float(np.float32(1 / 0.7))}
    assert abs((channels == 0.0).mean() - 0.3) < 4.0 * np.sqrt(0.21 / channels.size)
    assert len(np.unique(channels, axis=0)) == 8  # all combinations: rows and channels are independent


def test_row_dropout__drops_whole_rows():
    mask = mask_of(Dropout(HALF, shared=ROW), train=True).reshape(400, -1)
    assert (np.ptp(mask, axis=1) == 0.0).all()
    assert abs((mask[:, 0] == 0.0).mean() - 0.3) < 4.0 * np.sqrt(0.21 / 400)


def test_dropout__of_pixels_is_independent_in_training_and_in_prediction():
    mask = mask_of(Dropout(HALF), train=True)
    assert abs((mask == 0.0).mean() - 0.3) < 4.0 * np.sqrt(0.21 / mask.size)
    assert (np.ptp(mask, axis=(1, 2)) > 0.0).mean() > 0.0
    drawn = mask_of(Dropout(HALF))
    np.testing.assert_array_equal(drawn, np.broadcast_to(drawn[:1], drawn.shape))  # one thinned net for all rows
    flat = drawn[0].ravel()
    assert 0.0 < (flat == 0.0).mean() < 1.0
    assert not (np.ptp(drawn[0], axis=(0, 1)) == 0.0).all()  # and still every pixel by itself, as in training


@pytest.mark.parametrize("block", [(1, 1), (2, 2), (3, 5), (7, 7)])
def test_drop_block__drops_its_share_in_whole_blocks(block):
    layer = DropBlock(0.3, block)
    mask = mask_of(layer, n=3000, shape=(7, 7, 2), train=True)
    dropped = mask == 0.0
    assert set(np.unique(mask)) == {0.0, float(np.float32(1 / 0.7))}
    assert abs(dropped.mean() - 0.3) < 0.02
    assert abs(mask.mean() - 1.0) < 0.03
    some = dropped[dropped.any(axis=(1, 2, 3))]
    areas = some.sum(axis=(1, 2))
    assert areas[areas > 0].min() >= np.prod(layer.block)


def test_drop_block__rate_grows_from_0_while_training():
    layer = DropBlock(0.4, (2, 2))
    layer.build((8, 8, 1), None, None)
    x = np.ones((2000, 8, 8, 1))
    for progress in (0.0, 0.5, 1.0):
        ctx = Context(1, train=True, noisy=True)
        ctx.progress = progress
        assert abs((layer(x, ctx)[0] == 0.0).mean() - 0.4 * progress) < 0.02


def test_layers__plain_prediction_leaves_noise_out():
    x = np.ones((2, 4, 4, 2))
    for layer in (Dropout(HALF, shared=("positions",)), DropBlock(0.3, (2, 2))):
        layer.build((4, 4, 2), None, None)
        assert layer(x, Context())[0] is x


# ---- ownership, memory, threads


class Recorder(Layer):
    """Keeps a copy of what it sees, and the array itself."""

    def __call__(self, x, ctx):
        self.seen, self.array = x.copy(), x
        return x, lambda d: d


def test_chain__layers_that_overwrite_get_memory_of_their_own():
    recorder, x = Recorder(), np.random.default_rng(0).standard_normal((5, 4))
    given = x.copy()
    net = Net(
        Chain(recorder, ResidualBlock(Chain(BatchNorm(), BiasActivationDropout(TANH))), Dense(2), Bias()),
        (4,), np.random.default_rng(0), np.float64,
    )  # fmt: skip
    net(x, Context(train=True))
    np.testing.assert_array_equal(x, given)
    np.testing.assert_array_equal(recorder.array, recorder.seen)


def test_context__scratch_memory_is_used_again_in_the_next_pass():
    ctx = Context()
    ctx.begin()
    a, b = ctx.scratch((3, 4), np.float32), ctx.scratch((5,), np.float64)
    assert not np.shares_memory(a, b)
    ctx.begin()
    assert np.shares_memory(ctx.scratch((2, 3), np.float32), a)
    assert np.shares_memory(ctx.scratch((4,), np.float64), b)
    larger = ctx.scratch((100,), np.float64)
    assert larger.shape == (100,)


def gradients_of(net, batch, n_rows):
    with Gradients(net, 7, n_rows) as gradients:
        losses = [gradients(CrossEntropy(np.float32(0.0)), batch) for _ in range(2)]
        return losses, net.grad.copy(), len(gradients.contexts)


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize("residual", [False, True])
def test_gradients__halves_of_a_batch_are_the_whole_batch(normalization, residual):
    """Statistics, noise and weights are those of the whole batch, whatever the part."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((9, 60)), rng.uniform(0.0, 2.0, 9)
    T = np.eye(2)[rng.integers(0, 2, 9)]
    results = []
    for n_rows in (1, 10**9):  # the largest batch decides on halves
        net = small_net(residual=residual, normalization=normalization)
        results.append((*gradients_of(net, Minibatch(x, T, w), n_rows), net.memory.copy()))
    (losses, grad, n_parts, memory), (losses_2, grad_2, n_parts_2, memory_2) = results
    assert (n_parts, n_parts_2) == (1, N_PARTS)
    np.testing.assert_allclose(losses_2, losses, rtol=1e-10)
    assert losses[0] != losses[1]  # other noise
    np.testing.assert_allclose(grad_2, grad, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(memory_2, memory, rtol=1e-10)


def test_gradients__an_error_in_either_half_reaches_the_caller():
    class Failing(Layer):
        def __call__(self, x, ctx):
            if ctx.part == self.part:
                raise RuntimeError(f"part {self.part}")
            return x, lambda d: d

    layer = Failing()
    net = Net(Chain(layer, BatchNorm(), Dense(2), Bias()), (60,), np.random.default_rng(0), np.float64)
    x, T, w = problem(2, n=8, p=60)
    for part in range(N_PARTS):
        layer.part = part
        with pytest.raises(RuntimeError, match=f"part {part}"):
            gradients_of(net, Minibatch(x, T, w), 10**9)


def test_scores__chunks_in_threads_are_one_pass(monkeypatch):
    net = small_net(channels=(8, 8), shape=(24, 24, 1), pool_size=(1, 1), drop_block=0.0)
    X = np.random.default_rng(0).standard_normal((700, 576))
    assert net.n_products * len(X) > evaluation._LARGE
    used, in_threads = [], evaluation._in_threads
    monkeypatch.setattr(evaluation, "_in_threads", lambda *args: used.append(1) or in_threads(*args))
    whole, _ = net(X, Context())
    np.testing.assert_allclose(scores(net, X), whole)
    targets = Targets(np.zeros((700, 2)), None)
    loss = MeanLoss(X, targets, np.ones(700), np.arange(700))(net, SquaredError())
    assert loss == pytest.approx((whole**2).mean() / 2)
    drawn = [scores(net, X, ctx=Context(5, noisy=True)) for _ in range(2)]
    np.testing.assert_array_equal(*drawn)
    assert len(used) == 4


def test_residual__rates_grow_with_depth_and_shortcuts_are_there_where_shapes_change():
    net = small_net(residual=True, channels=(4, 4, 8), stride=(1, 1, 2), drop_block=0.0, spatial_dropout=0.0)
    blocks = [layer for layer in net.layer.layers if isinstance(layer, ResidualBlock)]
    assert [block.shortcut is not None for block in blocks] == [False, False, True]
    rates = [layer.noise.rate for block in blocks for layer in block.branch.layers if isinstance(layer, Dropout)]
    np.testing.assert_allclose(rates, [0.1, 0.2, 0.3], rtol=1e-6)
    assert net.segment_groups == ["conv1"] * 3 + ["conv2"] * 2 + ["conv3"] * 3 + ["hidden1", "output"]


def test_by_channel__is_a_view():
    x = np.zeros((2, 3, 4, 5))
    assert by_channel(x).shape == (24, 5)
    assert np.shares_memory(by_channel(x), x)
