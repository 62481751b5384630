"""Cells of recurrent nets, and the kernels that run them over whole sequences, forwards and backwards.

Arrays of a pass are time-major, (steps, rows, units), and ordered as the cell sees them: for a cell that reads
sequences from their end, step 0 is the last one. The recurrent products of a step are calls of BLAS, one for every
gate; the products of all inputs are made before. Where a sequence has ended, the state stays as it is, and its gradient
passes unchanged.
"""

from typing import NamedTuple

import numpy as np

from ..._core._jit import inlined, jitted, njit
from ..elementary import HALF, ONE, ZERO, tanh

# Gradients of less are set to 0: those of long sequences vanish, and arithmetic with numbers near the smallest ones
# takes ten times as long.
_NOTHING = np.float32(1e-25)


@inlined
def gate(v):
    """The logistic function by a tanh, which takes half the time; its error is absolute."""
    return HALF + HALF * tanh(HALF * v)


@jitted
class Gru(NamedTuple):
    """Gated recurrent unit (Cho et al. 2014), with the reset gate after the recurrent product, as in cuDNN.

    ``n = tanh(a_n + r (u_n + b))``, ``h' = (1 - z) n + z h``, with r and z the logistic function of a + u, where a is
    the product of the input, with a bias, and u that of the state. The gates are r, z, n; the memory of a step is
    ``u_n + b``.
    """

    n_gates: int = 3
    n_memories: int = 1  # numbers a unit that the backward pass needs beside states and gates

    def advance(self, k, a, u, bias, states, memories):
        """Step k: the products in a (gates, steps, m) become the gates, for the m units of all rows of a batch.

        u (gates, m) are the recurrent products; states (steps + 1, m) and memories (steps + 1, n_memories, m) are those
        before every step, and after the last.
        """
        reset, update, new = a[0, k], a[1, k], a[2, k]
        u_reset, u_update, u_new = u[0], u[1], u[2]
        h, out, memory = states[k], states[k + 1], memories[k + 1, 0]
        for j in range(h.size):
            r = gate(reset[j] + u_reset[j])
            q = u_new[j] + bias[j]
            reset[j] = r
            memory[j] = q
            new[j] = tanh(new[j] + r * q)
        for j in range(h.size):
            z = gate(update[j] + u_update[j])
            update[j] = z
            out[j] = new[j] + z * (h[j] - new[j])

    def retreat(self, k, a, du, states, memories, d, d_memory):
        """Step k backwards: the gates in a become the gradients of the products of the inputs.

        d (m,), the gradient of the new state, becomes the part of that of the old state that does not go through the
        recurrent products, and d_memory likewise; du[:, k] become the gradients of the recurrent products.
        """
        reset, update, new = a[0, k], a[1, k], a[2, k]
        d_reset, d_update, d_new = du[0, k], du[1, k], du[2, k]
        h, memory = states[k], memories[k + 1, 0]
        for j in range(h.size):
            z, n, g = update[j], new[j], d[j]
            dz = g * (h[j] - n) * z * (ONE - z)
            update[j] = dz
            d_update[j] = dz
            new[j] = g * (ONE - z) * (ONE - n * n)
            d[j] = g * z
        for j in range(h.size):
            r, dn = reset[j], new[j]
            dr = dn * memory[j] * r * (ONE - r)
            reset[j] = dr
            d_reset[j] = dr
            d_new[j] = dn * r


@jitted
class Lstm(NamedTuple):
    """Long short-term memory (Hochreiter & Schmidhuber 1997), with the forget gate of Gers et al. (2000).

    ``c' = f c + i g``, ``h' = o tanh(c')``; the gates are i, f, o, which are logistic, and g, a tanh. The memory of a
    step is c and tanh(c).
    """

    n_gates: int = 4
    n_memories: int = 2

    def advance(self, k, a, u, bias, states, memories):
        enter, forget, leave, new = a[0, k], a[1, k], a[2, k], a[3, k]
        u_enter, u_forget, u_leave, u_new = u[0], u[1], u[2], u[3]
        old, cell, squashed, out = memories[k, 0], memories[k + 1, 0], memories[k + 1, 1], states[k + 1]
        for j in range(out.size):
            enter[j] = gate(enter[j] + u_enter[j])
            forget[j] = gate(forget[j] + u_forget[j])
            leave[j] = gate(leave[j] + u_leave[j])
            new[j] = tanh(new[j] + u_new[j])
        for j in range(out.size):
            cell[j] = forget[j] * old[j] + enter[j] * new[j]
            squashed[j] = tanh(cell[j])
            out[j] = leave[j] * squashed[j]

    def retreat(self, k, a, du, states, memories, d, d_memory):
        enter, forget, leave, new = a[0, k], a[1, k], a[2, k], a[3, k]
        old, squashed = memories[k, 0], memories[k + 1, 1]
        for j in range(d.size):
            i, f, o, g, t = enter[j], forget[j], leave[j], new[j], squashed[j]
            dc = d_memory[j] + d[j] * o * (ONE - t * t)
            enter[j] = dc * g * i * (ONE - i)
            forget[j] = dc * old[j] * f * (ONE - f)
            leave[j] = d[j] * t * o * (ONE - o)
            new[j] = dc * i * (ONE - g * g)
            d_memory[j] = dc * f
            d[j] = ZERO


@jitted
class Elman(NamedTuple):
    """``h' = tanh(a + u)`` (Elman 1990)."""

    n_gates: int = 1
    n_memories: int = 0

    def advance(self, k, a, u, bias, states, memories):
        h, product, out = a[0, k], u[0], states[k + 1]
        for j in range(out.size):
            h[j] = tanh(h[j] + product[j])
            out[j] = h[j]

    def retreat(self, k, a, du, states, memories, d, d_memory):
        h = a[0, k]
        for j in range(d.size):
            h[j] = d[j] * (ONE - h[j] * h[j])
            d[j] = ZERO


CELLS = {"gru": Gru(), "lstm": Lstm(), "rnn": Elman()}


@njit
def run_forward(cell, a, U, bias, masks, lengths, backwards, states, memories, u, some):
    """All steps of a cell; m is the number of rows times that of units.

    Parameters
    ----------
    cell : jitted cell
    a : ndarray of shape (gates, steps, m)
        Products of the inputs with their weights, with biases; they become the gates.
    U : ndarray of shape (gates, units, units)
        Weights of the recurrent products.
    bias : ndarray of shape (m,)
        Of the recurrent product of the new state, where the cell has one.
    masks : ndarray of shape (gates, m)
        Factors of the states in the recurrent products; of no gates for none.
    lengths : ndarray of int of shape (rows,)
    backwards : bool
        Whether step k of the arrays is step ``steps - 1 - k`` of the sequences.
    states : ndarray of shape (steps + 1, m)
        The first are the initial ones.
    memories : ndarray of shape (steps + 1, n_memories, m)
    u, some : ndarray of shape (gates, m) and (2, m)
        Scratch memory.
    """
    n_gates, n_steps, m = a.shape
    n, shortest = lengths.size, lengths.min()
    H = m // n
    for k in range(n_steps):
        h = states[k]
        for g in range(n_gates):
            if masks.shape[0] > 0:
                mask, h = masks[g], some[0]
                for j in range(m):
                    h[j] = states[k, j] * mask[j]
            np.dot(h.reshape(n, H), U[g], u[g].reshape(n, H))
        cell.advance(k, a, u, bias, states, memories)
        t = n_steps - 1 - k if backwards else k
        if t >= shortest:
            for i in range(n):
                if t >= lengths[i]:
                    own = slice(i * H, (i + 1) * H)
                    states[k + 1, own] = states[k, own]
                    memories[k + 1, :, own] = memories[k, :, own]


@njit
def run_backward(cell, a, U, masks, lengths, backwards, states, memories, d_out, du, some):
    """Back-propagation through all steps: the gates in `a` become the gradients of the products of the inputs.

    Parameters
    ----------
    U : ndarray of shape (gates, units, units)
        The transposed weights of the recurrent products.
    d_out : ndarray of shape (steps, m)
        Gradient of the states after every step.
    du : ndarray of shape (gates, steps, m)
        Gradients of the recurrent products; `a` itself for cells in which they are those of the inputs.
    some : ndarray of shape (5, m)
        Scratch memory.
    """
    n_gates, n_steps, m = a.shape
    n, shortest = lengths.size, lengths.min()
    H = m // n
    product, d, d_memory, kept, kept_memory = some[0], some[1], some[2], some[3], some[4]
    d[:] = ZERO
    d_memory[:] = ZERO
    for k in range(n_steps - 1, -1, -1):
        given = d_out[k]
        for j in range(m):
            v = d[j] + given[j]
            d[j] = v if abs(v) > _NOTHING else ZERO
        t = n_steps - 1 - k if backwards else k
        if t >= shortest:
            kept[:] = d
            kept_memory[:] = d_memory
        cell.retreat(k, a, du, states, memories, d, d_memory)
        if t >= shortest:
            for i in range(n):
                if t >= lengths[i]:
                    own = slice(i * H, (i + 1) * H)
                    d[own] = kept[own]
                    d_memory[own] = kept_memory[own]
                    a[:, k, own] = ZERO
                    du[:, k, own] = ZERO
        if k == 0:
            return
        for g in range(n_gates):
            np.dot(du[g, k].reshape(n, H), U[g], product.reshape(n, H))
            if masks.shape[0] > 0:
                mask = masks[g]
                for j in range(m):
                    d[j] += product[j] * mask[j]
            else:
                for j in range(m):
                    d[j] += product[j]
