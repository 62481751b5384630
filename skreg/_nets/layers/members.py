"""Shared ensembles: members that share all weights but for scalings, biases and an output layer of their own.

These are BatchEnsemble (Wen, Tran & Ba 2020) in the form of TabM (Gorishniy, Kotelnikov & Babenko 2025). The units of
all members of a row stand beside each other, as (members * units) numbers; only in attention, whose tokens are not to
meet those of other members, is a member a row of its own. So whatever acts on single units, such as
batch normalization, biases and dropout, has numbers of its own for every member without knowing of them; and a product
with shared weights sees (rows, members, units) without a copy.
"""

import math

import numpy as np

from ..._core._jit import njit
from ..base import Chain, Layer, Param, by_position
from ..noise import ZERO
from ..weights import WeightHook
from .dense import Weighted
from .shapes import Reshape


@njit
def scale_inputs(W, scales, out):
    """Write weights W (inputs, units) times scales (members, inputs) to `out` (inputs, members, units)."""
    for j in range(W.shape[0]):
        for m in range(scales.shape[0]):
            s = scales[m, j]
            for c in range(W.shape[1]):
                out[j, m, c] = s * W[j, c]


@njit
def scale_inputs_backward(W, scales, d, weight_grad, scale_grad):
    """Write the gradient of the weights, from d (inputs, members, units), and add that of the scales."""
    for j in range(W.shape[0]):
        for c in range(W.shape[1]):
            weight_grad[j, c] = ZERO
        for m in range(scales.shape[0]):
            s, total = scales[m, j], ZERO
            for c in range(W.shape[1]):
                weight_grad[j, c] += s * d[j, m, c]
                total += W[j, c] * d[j, m, c]
            scale_grad[m, j] += total


def random_signs(n_members, width, rng, dtype):
    """The first scales of all members."""
    return (2.0 * rng.integers(0, 2, (n_members, width)) - 1.0).astype(dtype)


class MemberInputs(WeightHook):
    """Weights for the inputs of every member, which are those of the row times scales of the member.

    ``W (r_m * x)`` is ``(W * r_m) x``: the weights (inputs, units) become (inputs, members * units), and one product
    with rows, dense or sparse, gives the units of all members. The scales begin as random signs (TabM, section 3.3):
    they make members of one net different from the first step on.

    Parameters
    ----------
    n_members : int
    """

    replayable = True

    def __init__(self, n_members):
        self.n_copies = n_members

    def build_for(self, W, rng):
        self.scales = Param(random_signs(self.n_copies, len(W), rng, W.dtype))

    def __call__(self, x, ctx):
        shape = len(x), self.n_copies, x.shape[1]
        out = ctx.scratch(shape, x.dtype)
        ctx.do(scale_inputs, x, self.scales.value, out)

        def back(d):
            own = ctx.scratch(x.shape, x.dtype)
            ctx.do(scale_inputs_backward, x, self.scales.value, d.reshape(shape), own, ctx.grad(self.scales))
            return own

        return out.reshape(len(x), -1), back


class Scale(Layer):
    """Every unit times a factor of its own."""

    replayable = True

    def build(self, shape, rng, dtype):
        self.scale = Param(np.ones(shape[-1], dtype))
        return shape

    def __call__(self, x, ctx):
        out = ctx.scratch(x.shape, x.dtype)
        ctx.do(np.multiply, x, self.scale.value, out)

        def back(d):
            grad = ctx.grad(self.scale)

            def write_gradients():
                np.add(grad, np.einsum("ij,ij->j", d, x), out=grad)
                np.multiply(d, self.scale.value, out=d)

            ctx.do(write_gradients)
            return d

        return out, back


class MemberDense(Weighted):
    """Product of the units of every member with weights of its own, of shape (members, inputs, units).

    Parameters
    ----------
    n_members, width : int
    group : str
    gain : float
        See `Weighted`.
    """

    reuses_input = True
    replayable = True

    def __init__(self, n_members, width, group="weights", gain=1.0):
        super().__init__(width, group, gain)
        self.n_members = n_members

    def build(self, shape, rng, dtype):
        k, n_inputs = self.n_members, shape[0] // self.n_members
        bound = math.sqrt(3.0 * self.gain / n_inputs)
        W = rng.uniform(-bound, bound, (k, n_inputs, self.width)).astype(dtype)
        self.weight = Param(W, self.group, share=1.0 / k)
        self.n_products = W.size
        return (k * self.width,)

    def _by_member(self, x):
        """A batch as (members, rows, units)."""
        return x.reshape(len(x), self.n_members, -1).transpose(1, 0, 2)

    def __call__(self, x, ctx):
        (W, backs), free = self.effective(ctx), ctx.free_input(x)
        rows = self._by_member(x)
        out = ctx.scratch((len(x), self.n_members * self.width), x.dtype)
        ctx.do(*ctx.multiplication(rows, W, self._by_member(out)))

        def back(d):
            d = self._by_member(d)
            self.add_gradient(ctx, backs, lambda G: ctx.multiplication(rows.transpose(0, 2, 1), d, G))
            if not self.needs_input_gradient:
                return None
            before = ctx.scratch(x.shape, x.dtype) if free is None else free
            ctx.do(*ctx.multiplication(d, W.transpose(0, 2, 1), self._by_member(before)))
            return before

        return out, back


class Members(Reshape):
    """The outputs of every member apart: (members, outputs).

    Parameters
    ----------
    n_members, width : int
    """

    def __init__(self, n_members, width):
        super().__init__((n_members, width))
        self.n_members = n_members


def at_members(n_members, width, layer):
    """Layers that apply a layer to the units of every member, `width` of them."""
    return [layer] if n_members == 1 else [Reshape((n_members, width)), layer, Reshape()]


class MemberCopies(Layer):
    """Every row once for every member, its channels times scales of the member: (rows, ...) to (rows * members, ...).

    The scales begin as random signs, see `MemberInputs`; they are all that tells the members apart until their outputs.

    Parameters
    ----------
    n_members : int
    """

    def __init__(self, n_members):
        self.n_copies = n_members

    def build(self, shape, rng, dtype):
        self.scales = Param(random_signs(self.n_copies, shape[-1], rng, dtype))
        return shape

    def __call__(self, x, ctx):
        n, k, scales = len(x), self.n_copies, self.scales.value
        out = ctx.scratch((n * k, *x.shape[1:]), x.dtype)
        whole = by_position(x)
        np.multiply(whole[:, None], scales[:, None], out=out.reshape(n, k, *whole.shape[1:]))

        def back(d):
            d = d.reshape(n, k, *whole.shape[1:])
            grad = ctx.grad(self.scales)
            grad += np.einsum("nktc,ntc->kc", d, whole)
            if not self.needs_input_gradient:
                return None
            before = np.einsum("nktc,kc->ntc", d, scales, out=ctx.scratch(whole.shape, x.dtype))
            return before.reshape(x.shape)

        return out, back


class MemberRows(Chain):
    """Layers to which every member of a row is a row of its own; what they put out for all members is side by side.

    Their weights and biases are those of all members.

    Parameters
    ----------
    n_members : int
    *layers : Layer
    """

    def __init__(self, n_members, *layers):
        super().__init__(MemberCopies(n_members), *layers)
        self.n_copies = n_members

    def build(self, shape, rng, dtype):
        out = super().build(shape, rng, dtype)
        self.size *= self.n_copies
        inside = (module for layer in self.layers for module in layer.modules())
        self.n_products = (self.n_copies - 1) * sum(module.n_products for module in inside)  # beside their own
        return (self.n_copies * math.prod(out),)

    def __call__(self, x, ctx):
        with ctx.copied_rows(self.n_copies):
            y, back = super().__call__(x, ctx)
        return y.reshape(len(x), -1), lambda d: back(d.reshape(y.shape))
