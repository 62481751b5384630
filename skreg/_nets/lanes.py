"""Sixteen numbers at a time, in registers of the processor.

The compiler vectorizes a loop only where it can show that the arrays in it do not overlap, and how long they are. The
loops over the channels of a pixel are short and move between many places, so that it cannot. `load` gives sixteen
numbers as one value, with ``+``, ``-`` and ``*``; `spread` gives one number as such a value, and `store` writes one;
`maximum`, `where_larger` and `exponential` are functions of such values. Without the compiler, a value is an array, or
a number.
"""

import inspect
import operator
import sys

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, models, overload, register_model, type_callable

from .._core._jit import njit

LANES = 16
LINE = 64  # bytes of a line of the cache
FLAGS = ("reassoc", "contract", "nsz")  # as for all kernels
_EXACT = ("contract",)  # where the order of the operations keeps digits

# The exponential in single precision: Cody & Waite's reduction, and the polynomial of Cephes' `expf`.
_LOG2E, _LN2_HIGH, _LN2_LOW = 1.44269504088896341, 0.693359375, -2.12194440e-4
_POLYNOMIAL = 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1
_LEAST = -87.0  # the exponential of less is no normal number
_BIAS, _MANTISSA = 127, 23


def aligned_empty(size, dtype):
    """An array of any contents that begins with a line of the cache: a store across two lines takes twice the time."""
    dtype = np.dtype(dtype)
    memory = np.empty(size * dtype.itemsize + LINE - 1, np.uint8)
    return memory[-memory.ctypes.data % LINE :][: size * dtype.itemsize].view(dtype)


@njit
def aligned_memory(size, dtype):
    """An array of any contents that begins with a line of the cache, for kernels."""
    memory = np.empty(size + LANES, dtype)
    first = (-memory.ctypes.data % LINE) // memory.itemsize
    return memory[first : first + size]


@njit
def aligned_zeros(size, dtype):
    """Zeros that begin with a line of the cache, for kernels."""
    memory = aligned_memory(size, dtype)
    memory[:] = 0
    return memory


class Lanes(types.Type):
    """numba's type of sixteen numbers.

    Parameters
    ----------
    dtype : numba.types.Float
    """

    def __init__(self, dtype):
        self.dtype = dtype
        super().__init__(f"Lanes({dtype})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, lanes):
        number = manager.lookup(lanes.dtype).get_value_type()
        super().__init__(manager, lanes, ir.VectorType(number, LANES))


def load(array, place):
    """Sixteen numbers of a flat array, beginning at a place."""
    return array[place : place + LANES].copy()


def spread(array, place):
    """Sixteen times the number at a place of a flat array."""
    return array[place]


def store(array, place, lanes):
    """Write sixteen numbers to a flat array, beginning at a place."""
    array[place : place + LANES] = lanes


def pointer(context, builder, array_type, array, place):
    """The address of a place of an array, as that of a vector."""
    data = context.make_array(array_type)(context, builder, array).data
    vector = ir.VectorType(data.type.pointee, LANES)
    return builder.bitcast(builder.gep(data, [place]), vector.as_pointer())


@intrinsic
def _load(typing_context, array, place):
    def generate(context, builder, signature, args):
        alignment = context.get_abi_alignment(context.get_data_type(array.dtype))
        return builder.load(pointer(context, builder, array, *args), align=alignment)

    return Lanes(array.dtype)(array, types.intp), generate


@intrinsic
def _spread_from(typing_context, array, place):
    def generate(context, builder, signature, args):
        data = context.make_array(array)(context, builder, args[0]).data
        return spread_value(builder, builder.load(builder.gep(data, [args[1]])))  # no index counts from the end

    return Lanes(array.dtype)(array, types.intp), generate


def maximum(a, b):
    """The larger one of each two numbers; where one is NaN, the second."""
    return np.where(a > b, a, b)


def where_larger(a, b, c, d):
    """Numbers of c where those of a are larger than those of b, and of d elsewhere, also where one is NaN."""
    return np.where(a > b, c, d)


def exponential(a):
    """The exponential of numbers up to about 0; in single precision with an error of a rounding or two."""
    return np.exp(a)


@intrinsic
def _store(typing_context, array, place, lanes):
    def generate(context, builder, signature, args):
        alignment = context.get_abi_alignment(context.get_data_type(array.dtype))
        builder.store(args[2], pointer(context, builder, array, *args[:2]), align=alignment)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


@overload(load)
def _overload_load(array, place):
    return lambda array, place: _load(array, place)


@overload(spread)
def _overload_spread(array, place):
    return lambda array, place: _spread_from(array, place)


@overload(store)
def _overload_store(array, place, lanes):
    return lambda array, place, lanes: _store(array, place, lanes)


def spread_value(builder, number):
    """A vector of sixteen times the same number."""
    vector = ir.Constant(ir.VectorType(number.type, LANES), ir.Undefined)
    vector = builder.insert_element(vector, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(vector, vector, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


@intrinsic
def _maximum(typing_context, a, b):
    def generate(context, builder, signature, args):
        return builder.select(builder.fcmp_ordered(">", *args), *args)

    return a(a, b), generate


@intrinsic
def _where_larger(typing_context, a, b, c, d):
    def generate(context, builder, signature, args):
        return builder.select(builder.fcmp_ordered(">", *args[:2]), *args[2:])

    return a(a, b, c, d), generate


def _exp_of_singles(builder, v):
    """exp(v) as ``2^k exp(x)``, x being small."""
    numbers, whole = v.type, ir.VectorType(ir.IntType(32), LANES)

    def constant(value, kind=numbers):
        return ir.Constant(kind, [value] * LANES)

    def multiply_add(a, b, c):
        return builder.fadd(builder.fmul(a, b, _EXACT), c, _EXACT)

    least = constant(_LEAST)
    v = builder.select(builder.fcmp_ordered("<", v, least), least, v)  # NaN stays NaN
    k = builder.fptosi(multiply_add(v, constant(_LOG2E), constant(-0.5)), whole)
    rounded = builder.sitofp(k, numbers)
    x = multiply_add(rounded, constant(-_LN2_HIGH), v)
    x = multiply_add(rounded, constant(-_LN2_LOW), x)
    p = constant(_POLYNOMIAL[0])
    for coefficient in (*_POLYNOMIAL[1:], 1.0, 1.0):
        p = multiply_add(p, x, constant(coefficient))
    power = builder.shl(builder.add(k, constant(_BIAS, whole)), constant(_MANTISSA, whole))
    return builder.fmul(p, builder.bitcast(power, numbers))


def _exp_of_doubles(builder, v):
    exp = builder.module.declare_intrinsic("llvm.exp", [v.type.element])
    for lane in range(LANES):
        at = ir.Constant(ir.IntType(32), lane)
        v = builder.insert_element(v, builder.call(exp, [builder.extract_element(v, at)]), at)
    return v


@intrinsic
def _exponential(typing_context, a):
    def generate(context, builder, signature, args):
        return (_exp_of_singles if a.dtype == types.float32 else _exp_of_doubles)(builder, *args)

    return a(a), generate


@overload(maximum)
def _overload_maximum(a, b):
    return lambda a, b: _maximum(a, b)


@overload(where_larger)
def _overload_where_larger(a, b, c, d):
    return lambda a, b, c, d: _where_larger(a, b, c, d)


@overload(exponential)
def _overload_exponential(a):
    return lambda a: _exponential(a)


def _define(operation, instruction):
    """Let an operation of two values, the second or first of which may be a number, be one instruction."""

    @type_callable(operation)
    def result(context):
        def of(a, b):
            for lanes, other in ((a, b), (b, a)):
                if isinstance(lanes, Lanes) and (other == lanes or isinstance(other, types.Float)):
                    return lanes

        return of

    def generate(context, builder, signature, args):
        lanes = signature.return_type
        values = []
        for given, value in zip(signature.args, args, strict=True):
            if not isinstance(given, Lanes):
                value = spread_value(builder, context.cast(builder, value, given, lanes.dtype))
            values.append(value)
        return getattr(builder, instruction)(*values, flags=FLAGS)

    for pair in ((Lanes, Lanes), (Lanes, types.Float), (types.Float, Lanes)):
        lower_builtin(operation, *pair)(generate)


_define(operator.add, "fadd")
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")

# The cache of kernels follows Python code, not what numba makes of it here.
for _function in (load, spread, store, maximum, where_larger, exponential):
    _function.compiled_from = inspect.getsource(sys.modules[__name__])
