"""Recurrent layers: a cell that reads sequences in one direction or in both, with variational dropout."""

import numpy as np

from ..._core._jit import njit
from ..base import Layer, Param, by_channel
from ..noise import ONE, perturb
from .cells import CELLS, run_backward, run_forward
from .dense import Weighted


@njit
def to_steps(x, factors, backwards, out):
    """Write sequences x (rows, steps, channels), times factors (rows, channels), to `out` (steps, rows, channels).

    `factors` may have no rows, for none. With `backwards`, the last step comes first. Where `out` has more channels,
    ones follow.
    """
    n, n_steps, n_channels = x.shape
    for t in range(n_steps):
        target = out[n_steps - 1 - t if backwards else t]
        for i in range(n):
            if factors.shape[0]:
                for c in range(n_channels):
                    target[i, c] = x[i, t, c] * factors[i, c]
            else:
                for c in range(n_channels):
                    target[i, c] = x[i, t, c]
            for c in range(n_channels, out.shape[2]):
                target[i, c] = ONE


@njit
def from_steps(x, backwards, out):
    """Write steps x (steps, rows, channels) to `out` (rows, steps, channels)."""
    n_steps, n, n_channels = x.shape
    for t in range(n_steps):
        source = x[n_steps - 1 - t if backwards else t]
        for i in range(n):
            for c in range(n_channels):
                out[i, t, c] = source[i, c]


@njit
def add_steps(x, factors, backwards, out):
    """Add steps x (steps, rows, channels), times factors (rows, channels), to `out` (rows, steps, channels)."""
    n, n_steps, n_channels = out.shape
    for t in range(n_steps):
        source = x[n_steps - 1 - t if backwards else t]
        for i in range(n):
            if factors.shape[0]:
                for c in range(n_channels):
                    out[i, t, c] += source[i, c] * factors[i, c]
            else:
                for c in range(n_channels):
                    out[i, t, c] += source[i, c]


class RecurrentWeights(Weighted):
    """The weights of the recurrent products: an orthogonal matrix for every gate (Saxe, McClelland & Ganguli 2014)."""

    def build_weights(self, n_inputs, rng, dtype):
        gates = []
        for _ in range(self.width // n_inputs):
            Q, R = np.linalg.qr(rng.standard_normal((n_inputs, n_inputs)))
            gates.append(Q * np.sign(R.diagonal()))
        self.weight = Param(np.concatenate(gates, axis=1).astype(dtype), self.group)
        for hook in self.hooks:
            hook.build_for(self.weight.value, rng)


def by_gate(weights, n_gates):
    """The weights of every gate (gates, inputs, units), from a matrix (inputs, gates * units)."""
    return weights.reshape(len(weights), n_gates, -1).transpose(1, 0, 2).copy()


class GateProducts:
    """Products of time-major numbers with the weights of all gates, each of which may see them times its own mask.

    Parameters
    ----------
    numbers : callable
        ``numbers(factors)`` are the numbers (steps, rows, channels), times factors (rows, channels) if there are any.
        They are valid until the next call.
    n_gates : int
    masks : ndarray of shape (gates, rows, channels)
        Of no gates where all see the same.
    """

    def __init__(self, numbers, n_gates, masks):
        self.n_gates = n_gates
        self.numbers = numbers
        self.masks = masks

    def _gates(self):
        """For every gate, the numbers that it sees, with one row for every step of a sequence."""
        none = np.empty((0, 0), self.masks.dtype)
        shared = None if len(self.masks) else by_channel(self.numbers(none))
        for g in range(self.n_gates):
            yield by_channel(self.numbers(self.masks[g])) if shared is None else shared

    def multiply(self, W, out):
        """Write the products (gates, steps, rows, units) with weights (gates, channels, units) to `out`."""
        for g, steps in enumerate(self._gates()):
            np.dot(steps, W[g], out=by_channel(out[g]))

    def weight_gradient(self, d, out):
        """Write the gradient of the weights (channels, gates * units), from that of the products, to `out`."""
        H = d.shape[-1]
        for g, steps in enumerate(self._gates()):
            out[:, g * H : (g + 1) * H] = np.dot(steps.T, by_channel(d[g]))

    def add_input_gradient(self, d, W, steps, backwards, out):
        """Add the gradient of sequences, from that of the products, to `out` (rows, steps, channels).

        `steps` (steps, rows, channels) is scratch memory.
        """
        for g, weights in enumerate(W):
            factors = self.masks[g] if len(self.masks) else np.empty((0, 0), out.dtype)
            np.dot(by_channel(d[g]), weights.T, out=by_channel(steps))
            add_steps(steps, factors, backwards, out)


class Direction(Layer):
    """A cell that reads sequences in one direction: (rows, steps, channels) to the states after every step.

    With noise, every gate sees the input, and the state, times a mask of its own; a mask is the same at all steps of a
    sequence (Gal & Ghahramani 2016, the untied variant of section 4). `Context.lengths` says where sequences end; the
    state stays the same after that. A pass keeps about ``rows * steps * units`` times 10 numbers for a GRU, 12 for an
    LSTM, 5 for the cell of Elman.

    Parameters
    ----------
    cell : {"gru", "lstm", "rnn"}
    width : int
        Number of units.
    group : str
        The group whose penalty strengths apply to both matrices of weights.
    noise, recurrent_noise : jitted noise or None
        On inputs and on states; its factors must not depend on the values.
    hooks, recurrent_hooks : tuple of WeightHook
        Transformations of the weights of the inputs and of the states.
    backwards : bool
        Whether it reads sequences from the end.
    """

    def __init__(
        self, cell, width, group, noise=None, recurrent_noise=None, hooks=(), recurrent_hooks=(), backwards=False
    ):
        self.cell = CELLS[cell]
        self.width = width
        self.noise = noise
        self.recurrent_noise = recurrent_noise
        self.is_noisy = noise is not None or recurrent_noise is not None
        self.input = Weighted(self.cell.n_gates * width, group, 1.0, hooks)
        self.recurrent = RecurrentWeights(self.cell.n_gates * width, group, 1.0, recurrent_hooks)
        self.backwards = backwards

    def build(self, shape, rng, dtype):
        n_steps, n_channels = shape
        H, G = self.width, self.cell.n_gates
        self.input.gain = 2.0 * n_channels / (n_channels + H)  # Glorot & Bengio 2010, eq. 16, for every gate
        self.input.build_weights(n_channels, rng, dtype)
        self.recurrent.build_weights(H, rng, dtype)
        bias = np.zeros(G * H, dtype)
        if self.cell is CELLS["lstm"]:
            bias[H : 2 * H] = 1.0  # at first it forgets little (Jozefowicz, Zaremba & Sutskever 2015)
        self.bias = Param(bias)
        self.has_state_bias = self.cell is CELLS["gru"]
        self.state_bias = Param(np.zeros(H if self.has_state_bias else 0, dtype))
        self.n_products = n_steps * (n_channels + H) * G * H
        self.size = n_steps * (G + 3 + self.cell.n_memories) * H
        return n_steps, H

    def _masks(self, noise, n, width, ctx):
        """Masks (gates, n, width) of a noise; without noise, of no gates."""
        if noise is None or not ctx.noisy:
            return np.empty((0, 0, 0), self.bias.value.dtype)
        masks = ctx.scratch((self.cell.n_gates, n, width), self.bias.value.dtype)
        masks[:] = 1.0
        noise = ctx.at_strength(noise)
        for mask in masks:
            perturb(noise, mask[:, None], ctx.places((n, 1, width)), mask[:, None])
        return masks

    def _inputs(self, x, ctx):
        """`GateProducts` of the inputs and, after their channels, a one: the input of the biases."""
        n, n_steps, n_channels = x.shape
        masks = self._masks(self.noise, n, n_channels, ctx)
        steps = ctx.scratch((n_steps, n, n_channels + 1), x.dtype)

        def numbers(factors):
            to_steps(x, factors, self.backwards, steps)
            return steps

        return GateProducts(numbers, self.cell.n_gates, masks)

    def __call__(self, x, ctx):
        cell, dtype, H, G = self.cell, x.dtype, self.width, self.cell.n_gates
        n, n_steps, _ = x.shape
        W, W_backs = self.input.effective(ctx)
        U, U_backs = self.recurrent.effective(ctx)
        U = by_gate(U, G)
        inputs = self._inputs(x, ctx)
        masks = self._masks(self.recurrent_noise, n, H, ctx)
        lengths = np.full(n, n_steps) if ctx.lengths is None else ctx.lengths
        a = ctx.scratch((G, n_steps, n, H), dtype)
        inputs.multiply(by_gate(np.vstack([W, self.bias.value]), G), a)
        states = ctx.scratch((n_steps + 1, n, H), dtype)
        memories = ctx.scratch((n_steps + 1, cell.n_memories, n * H), dtype)
        states[0] = 0.0
        memories[0] = 0.0
        u, some = ctx.scratch((G, n * H), dtype), ctx.scratch((5, n * H), dtype)
        flat = a.reshape(G, n_steps, -1), states.reshape(n_steps + 1, -1), masks.reshape(len(masks), n * H)
        gates, flat_states, flat_masks = flat
        bias = np.tile(self.state_bias.value, n)
        rest = lengths, self.backwards, flat_states, memories
        run_forward(cell, gates, U, bias, flat_masks, *rest, u, some)
        out = ctx.scratch((n, n_steps, H), dtype)
        from_steps(states[1:], self.backwards, out)

        def back(d):
            d_out = ctx.scratch((n_steps, n, H), dtype)
            to_steps(d, np.empty((0, 0), dtype), self.backwards, d_out)
            du = ctx.scratch(a.shape, dtype) if self.has_state_bias else a
            turned = U.transpose(0, 2, 1).copy()
            flat = d_out.reshape(n_steps, -1), du.reshape(gates.shape)
            run_backward(cell, gates, turned, flat_masks, *rest, *flat, some)

            def states_before(factors):
                return np.multiply(states[:-1], factors, out=d_out) if len(factors) else states[:-1]

            before = GateProducts(states_before, G, masks)
            self.recurrent.add_gradient(ctx, U_backs, lambda out: (before.weight_gradient, du, out))
            whole = ctx.scratch((len(W) + 1, G * H), dtype)
            inputs.weight_gradient(a, whole)
            self.input.add_gradient(ctx, W_backs, lambda out: (np.copyto, out, whole[:-1]))
            gradient = ctx.grad(self.bias)
            gradient += whole[-1]
            if self.has_state_bias:
                gradient = ctx.grad(self.state_bias)
                gradient += np.dot(np.ones(n_steps * n, dtype), by_channel(du[2]))
            if not self.needs_input_gradient:
                return None
            dx = ctx.scratch(x.shape, dtype)
            dx[:] = 0.0
            inputs.add_input_gradient(a, by_gate(W, G), ctx.scratch((n_steps, n, len(W)), dtype), self.backwards, dx)
            return dx

        return out, back


class Bidirectional(Layer):
    """Two layers that read sequences in opposite directions; their channels one after the other.

    Parameters
    ----------
    forwards, backwards : Direction
    """

    def __init__(self, forwards, backwards):
        self.directions = (forwards, backwards)

    def build(self, shape, rng, dtype):
        widths = [direction.build(shape, rng, dtype)[1] for direction in self.directions]
        self.size = sum(direction.size for direction in self.directions) + shape[0] * sum(widths)
        return shape[0], sum(widths)

    def trace(self, trainable):
        self.needs_input_gradient = trainable
        after = [direction.trace(trainable) for direction in self.directions]
        return any(after)

    def __call__(self, x, ctx):
        outs, backs = zip(*(direction(x, ctx) for direction in self.directions), strict=True)
        out = np.concatenate(outs, axis=2, out=ctx.scratch((*x.shape[:2], sum(y.shape[2] for y in outs)), x.dtype))

        def back(d):
            width = outs[0].shape[2]
            first, second = backs[0](d[:, :, :width].copy()), backs[1](d[:, :, width:].copy())
            return None if first is None else np.add(first, second, out=first)

        return out, back
