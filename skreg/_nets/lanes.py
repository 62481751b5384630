"""Sixteen numbers at a time, in registers of the processor.

The compiler vectorizes a loop only where it can show that the arrays in it do not overlap, and how long they are. The
loops over the channels of a pixel are short and move between many places, so that it cannot. `load` gives sixteen
numbers as one value, with ``+``, ``-`` and ``*``; `spread` gives one number as such a value, and `store` writes one.
Without the compiler, the value is an array, or a number.
"""

import inspect
import operator
import sys

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, lower_builtin, models, overload, register_model, type_callable

LANES = 16
_FLAGS = ("reassoc", "contract", "nsz")  # as for all kernels


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


def _pointer(context, builder, array_type, array, place):
    """The address of a place of an array, as that of a vector."""
    data = context.make_array(array_type)(context, builder, array).data
    vector = ir.VectorType(data.type.pointee, LANES)
    return builder.bitcast(builder.gep(data, [place]), vector.as_pointer())


@intrinsic
def _load(typing_context, array, place):
    def generate(context, builder, signature, args):
        alignment = context.get_abi_alignment(context.get_data_type(array.dtype))
        return builder.load(_pointer(context, builder, array, *args), align=alignment)

    return Lanes(array.dtype)(array, types.intp), generate


@intrinsic
def _spread_from(typing_context, array, place):
    def generate(context, builder, signature, args):
        data = context.make_array(array)(context, builder, args[0]).data
        return _spread(builder, builder.load(builder.gep(data, [args[1]])))  # no index counts from the end

    return Lanes(array.dtype)(array, types.intp), generate


@intrinsic
def _store(typing_context, array, place, lanes):
    def generate(context, builder, signature, args):
        alignment = context.get_abi_alignment(context.get_data_type(array.dtype))
        builder.store(args[2], _pointer(context, builder, array, *args[:2]), align=alignment)
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


def _spread(builder, number):
    """A vector of sixteen times the same number."""
    vector = ir.Constant(ir.VectorType(number.type, LANES), ir.Undefined)
    vector = builder.insert_element(vector, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(vector, vector, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


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
                value = _spread(builder, context.cast(builder, value, given, lanes.dtype))
            values.append(value)
        return getattr(builder, instruction)(*values, flags=_FLAGS)

    for pair in ((Lanes, Lanes), (Lanes, types.Float), (types.Float, Lanes)):
        lower_builtin(operation, *pair)(generate)


_define(operator.add, "fadd")
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")

# The cache of kernels follows Python code, not what numba makes of it here.
load.compiled_from = spread.compiled_from = store.compiled_from = inspect.getsource(sys.modules[__name__])
