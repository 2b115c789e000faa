"""Prefetching of memory in compiled functions."""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from models.features.compiled import inlined

_LINE = 64
_INT = ir.IntType(32)
_READ, _KEEP, _DATA = _INT(0), _INT(3), _INT(1)


@intrinsic
def _prefetch_line(_typing_context: Any, _address: Any) -> Any:
    """Ask for the cache line of an address."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())
        arguments = (pointer, _READ, _KEEP, _DATA)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch", [pointer.type], ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
        )
        builder.call(function, arguments)
        return context.get_dummy_value()

    return types.void(types.intp), generate


@inlined
def prefetch(address, size):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Ask for the cache lines of some bytes, which are needed soon."""
    for offset in range(0, size, _LINE):
        _prefetch_line(address + offset)  # type: ignore[call-arg]
