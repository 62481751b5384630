"""Products of matrices that are small, or many.

BLAS copies both matrices to blocks of its own, which takes up to a fifth of the time where they have a hundred columns,
and one call for each of many matrices takes longer than their arithmetic. The kernel here copies only the second one,
some columns at a time, and reads the first one where it is.
"""

import inspect
import math
import sys

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from .._core._jit import OPTIONS, njit
from .lanes import FLAGS, LANES, aligned_memory, load, pointer, spread_value, store


def _has_avx512():
    try:
        return bool(binding.get_host_cpu_features().get("avx512f"))
    except RuntimeError:  # LLVM does not know this processor
        return False


# The sums of a tile of rows and columns stay in registers. AVX-512 has 32 registers of sixteen numbers; other
# processors need two or four registers for sixteen numbers.
_ROWS, _MOST_VECTORS = (8, 3) if _has_avx512() else (6, 1)
_PANEL = _MOST_VECTORS * LANES  # columns of a tile, at most
_BLOCK = 128  # terms of a sum at a time: those of a tile's columns stay in the fastest cache
# The kernel is faster than BLAS from so many multiplications on, from fewer where the second matrix is a transpose, and
# up to so many columns.
_FEWEST, _FEWEST_TURNED, _WIDEST = (1_000_000, 50_000, 512) if _ROWS == 8 else (1_000_000, 300_000, 256)
_INLINED = dict(OPTIONS, forceinline=True)


def multiply_tile(a, a_at, panel, n_terms, out, out_at, last, back, adds, vectors):
    """Write the product of some rows with the columns of a panel to `out`, or add it to what is there.

    Parameters
    ----------
    a, panel, out : ndarray
        Flat; a row of the panel begins `_PANEL` numbers after the one before.
    a_at : tuple of int
        The first number of a, the step to its next row, and that to its next term.
    n_terms : int
    out_at : tuple of int
        The first number, and the step to the next row.
    last : int
        The last row there is: those after it are that row again.
    back : int
        How many columns earlier than after those before them the last sixteen columns of `out` begin.
    adds : bool
    vectors : int
        Times sixteen columns; a literal number.
    """
    rows, terms, columns = np.minimum(np.arange(_ROWS), last)[:, None], np.arange(n_terms), np.arange(LANES * vectors)
    product = np.dot(a[a_at[0] + rows * a_at[1] + terms * a_at[2]], panel[terms[:, None] * _PANEL + columns])
    places = out_at[0] + rows * out_at[1] + columns - back * (columns >= LANES * (vectors - 1))
    out[places] = out[places] + product if adds else product


@intrinsic(prefer_literal=True)
def _multiply_tile(typing_context, a, a_at, panel, n_terms, out, out_at, last, back, adds, vectors):
    def generate(context, builder, signature, args):
        a_values, a_at, panel_values, n_terms, out_values, out_at, last, back, adds, _ = args
        (first, row_step, term_step), (out_first, out_step) = (
            [builder.extract_value(place, k) for k in range(count)] for place, count in ((a_at, 3), (out_at, 2))
        )
        alignment = context.get_abi_alignment(context.get_data_type(a.dtype))
        numbers = context.make_array(a)(context, builder, a_values).data

        def constants(count, step=1):
            return [ir.Constant(first.type, k * step) for k in range(count)]

        rows = [builder.select(builder.icmp_signed("<", row, last), row, last) for row in constants(_ROWS)]
        starts = [builder.add(first, builder.mul(row, row_step)) for row in rows]
        columns = constants(vectors.literal_value, LANES)
        tile = [(r, c) for r in range(_ROWS) for c in range(len(columns))]
        nothing = ir.Constant(ir.VectorType(numbers.type.pointee, LANES), [0.0] * LANES)
        sums = {each: cgutils.alloca_once(builder, nothing.type) for each in tile}
        for each in tile:
            builder.store(nothing, sums[each])

        def add(each, values):
            builder.store(builder.fadd(builder.load(sums[each]), values, flags=FLAGS), sums[each])

        with cgutils.for_range(builder, n_terms) as loop:
            row = builder.mul(loop.index, ir.Constant(first.type, _PANEL))
            places = [pointer(context, builder, panel, panel_values, builder.add(row, column)) for column in columns]
            lanes = [builder.load(place, align=alignment) for place in places]
            term = builder.mul(loop.index, term_step)
            for r, start in enumerate(starts):
                number = spread_value(builder, builder.load(builder.gep(numbers, [builder.add(start, term)])))
                for c in range(len(columns)):
                    add((r, c), builder.fmul(number, lanes[c], flags=FLAGS))
        firsts = [builder.add(out_first, builder.mul(row, out_step)) for row in rows]
        columns[-1] = builder.sub(columns[-1], back)
        places = {(r, c): builder.add(firsts[r], columns[c]) for r, c in tile}
        places = {each: pointer(context, builder, out, out_values, place) for each, place in places.items()}
        with builder.if_then(adds):
            for each in tile:  # before any is written: rows and columns may be there twice
                add(each, builder.load(places[each], align=alignment))
        for each in tile:
            builder.store(builder.load(sums[each]), places[each], align=alignment)
        return context.get_dummy_value()

    n = types.intp
    three, two = types.UniTuple(n, 3), types.UniTuple(n, 2)
    return types.void(a, three, panel, n, out, two, n, n, types.boolean, vectors), generate


@overload(multiply_tile, prefer_literal=True, jit_options=_INLINED)
def _overload_multiply_tile(a, a_at, panel, n_terms, out, out_at, last, back, adds, vectors):
    def multiply(a, a_at, panel, n_terms, out, out_at, last, back, adds, vectors):
        _multiply_tile(a, a_at, panel, n_terms, out, out_at, last, back, adds, vectors)

    return multiply


def turn_tile(a, at, step, out, out_at, out_step):
    """Write sixteen rows and columns of a flat matrix to those of its transpose.

    `at` and `out_at` are the first numbers, `step` and `out_step` lead to the next rows.
    """
    k = np.arange(LANES)
    out[out_at + k[:, None] * out_step + k] = a[at + k * step + k[:, None]]


@intrinsic
def _turn_tile(typing_context, a, at, step, out, out_at, out_step):
    def generate(context, builder, signature, args):
        a_values, at, step, out_values, out_at, out_step = args
        alignment = context.get_abi_alignment(context.get_data_type(a.dtype))
        numbers = [ir.Constant(at.type, k) for k in range(LANES)]
        places = [builder.add(at, builder.mul(k, step)) for k in numbers]
        rows = [builder.load(pointer(context, builder, a, a_values, place), align=alignment) for place in places]
        half = LANES // 2
        while half:  # the blocks beside the diagonal change places, first those of eight rows
            of_first = [k + LANES - half if k & half else k for k in range(LANES)]
            of_second = [k + LANES if k & half else k + half for k in range(LANES)]
            for k in range(LANES):
                if not k & half:
                    pair = rows[k], rows[k + half]
                    masks = (ir.Constant(ir.VectorType(ir.IntType(32), LANES), own) for own in (of_first, of_second))
                    rows[k], rows[k + half] = (builder.shuffle_vector(*pair, mask) for mask in masks)
            half //= 2
        for k, row in zip(numbers, rows, strict=True):
            place = builder.add(out_at, builder.mul(k, out_step))
            builder.store(row, pointer(context, builder, out, out_values, place), align=alignment)
        return context.get_dummy_value()

    n = types.intp
    return types.void(a, n, n, out, n, n), generate


@overload(turn_tile, jit_options=_INLINED)
def _overload_turn_tile(a, at, step, out, out_at, out_step):
    return lambda a, at, step, out, out_at, out_step: _turn_tile(a, at, step, out, out_at, out_step)


# The cache of kernels follows Python code, not what numba makes of it here.
for _function in (multiply_tile, turn_tile):
    _function.compiled_from = inspect.getsource(sys.modules[__name__])


@njit
def copy_to_panel(b, at, term_step, column_step, n_terms, panel, column):
    """Write sixteen columns of a matrix of some terms to those of a panel.

    Parameters
    ----------
    b, panel : ndarray
        Flat.
    at : int
        The first number of b.
    term_step, column_step : int
        From a term of b to the next one, and from a column.
    n_terms : int
    column : int
        The first one in the panel.
    """
    if column_step == 1:
        for k in range(n_terms):
            store(panel, k * _PANEL + column, load(b, at + k * term_step))
    elif term_step == 1 and n_terms >= LANES:
        for k in range(0, n_terms, LANES):
            k = min(k, n_terms - LANES)
            turn_tile(b, at + k, column_step, panel, k * _PANEL + column, _PANEL)
    else:
        for k in range(n_terms):
            for c in range(LANES):
                panel[k * _PANEL + column + c] = b[at + k * term_step + c * column_step]


@njit
def multiply_places(a, a_steps, b, b_steps, out, out_steps, sizes, adds):
    """Write the product of two matrices of every place to `out`, or add it to what is there.

    Parameters
    ----------
    a, b, out : ndarray
        Flat, with matrices (n_rows, n_terms), (n_terms, width) and (n_rows, width) of every place.
    a_steps, b_steps, out_steps : tuple of int
        From a place to the next one, from a row of the matrix, and from a column. That from a column of `out` is 1.
    sizes : tuple of int
        ``(n_places, n_rows, n_terms, width)``. The width is at least sixteen, and a multiple of that where products are
        added.
    adds : bool
    """
    n_places, n_rows, n_terms, width = sizes
    n_vectors = -(-width // LANES)
    panel = aligned_memory(_BLOCK * _PANEL, b.dtype)
    for place in range(n_places):
        first = 0
        while first < n_vectors:
            left = n_vectors - first
            vectors = left if left <= _MOST_VECTORS else min(2, _MOST_VECTORS)
            # the last sixteen columns are partly columns that are there already, and are written once more
            back = n_vectors * LANES - width if vectors == left else 0
            for k in range(0, n_terms, _BLOCK):
                some, is_added = min(_BLOCK, n_terms - k), adds or k > 0
                for v in range(vectors):
                    column = LANES * (first + v) - (back if v == vectors - 1 else 0)
                    at = place * b_steps[0] + k * b_steps[1] + column * b_steps[2]
                    copy_to_panel(b, at, b_steps[1], b_steps[2], some, panel, LANES * v)
                for i in range(0, n_rows, _ROWS):
                    a_at = place * a_steps[0] + i * a_steps[1] + k * a_steps[2], a_steps[1], a_steps[2]
                    out_at = place * out_steps[0] + i * out_steps[1] + LANES * first, out_steps[1]
                    last = n_rows - 1 - i
                    if vectors == 1:
                        multiply_tile(a, a_at, panel, some, out, out_at, last, back, is_added, 1)
                    elif vectors == 2:
                        multiply_tile(a, a_at, panel, some, out, out_at, last, back, is_added, 2)
                    else:
                        multiply_tile(a, a_at, panel, some, out, out_at, last, back, is_added, 3)
            first += vectors


def _flat(matrices):
    """Matrices (rows, columns), or (places, rows, columns), as a flat view, and the steps along all three axes."""
    matrices = matrices if matrices.ndim == 3 else matrices[None]
    steps = tuple(step // matrices.itemsize for step in matrices.strides)
    if matrices.flags.c_contiguous:
        return matrices.reshape(-1), steps  # a view takes less time than the one below
    span = 1 + sum(step * (size - 1) for step, size in zip(steps, matrices.shape, strict=True))
    return np.lib.stride_tricks.as_strided(matrices, (span,), (matrices.itemsize,)), steps


def _has_places(matrices):
    """Whether every number is some whole numbers after the first one."""
    return all(step >= 0 and step % matrices.itemsize == 0 for step in matrices.strides)


def _suits(a, b, out):
    """Whether the kernel can write the product, and is faster than BLAS."""
    n_rows, n_terms = a.shape[-2:]
    width = out.shape[-1]
    is_turned = b.strides[-1] != b.itemsize
    fewest = 1 if n_terms == 1 else _FEWEST_TURNED if is_turned else _FEWEST
    return (
        n_rows >= _ROWS
        and LANES <= width <= _WIDEST
        and math.prod(a.shape) * width >= fewest
        and out.strides[-1] == out.itemsize
        and all(each.dtype == np.float32 and each.flags.writeable and _has_places(each) for each in (a, b, out))
    )


def multiplication(a, b, out):
    """A function that writes the product of two matrices, or of many, to `out`, and its arguments.

    The function uses one thread, unless it is BLAS's.

    Parameters
    ----------
    a : ndarray of shape (n_rows, n_terms) or (places, n_rows, n_terms)
    b : ndarray of shape (n_terms, width) or (places, n_terms, width)
    out : ndarray of shape (n_rows, width) or (places, n_rows, width)
    """
    if not _suits(a, b, out):
        return blas_multiplication(a, b, out)
    (left, left_steps), (right, right_steps), (results, steps) = map(_flat, (a, b, out))
    sizes = math.prod(a.shape[:-2]), *a.shape[-2:], out.shape[-1]
    return multiply_places, left, left_steps, right, right_steps, results, steps, sizes, False


def blas_multiplication(a, b, out):
    """As `multiplication`, by BLAS, with as many threads as it may use."""
    if a.ndim == 2:
        return np.dot, a, b, out
    if a.shape[-1] == 1:
        return _multiply_vectors, a, b, out
    return np.matmul if b.strides[-1] == b.itemsize else _multiply_by_copies, a, b, out


def _multiply_vectors(a, b, out):
    np.einsum("pi,pj->ipj", a[:, :, 0], b[:, 0], out=out.swapaxes(0, 1))  # a third of the time of `matmul`


def _multiply_by_copies(a, b, out):
    np.matmul(a, np.ascontiguousarray(b), out=out)  # transposes of many matrices are slow
