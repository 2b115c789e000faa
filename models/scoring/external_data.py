"""Tensors that an ONNX graph keeps outside its file, where no checksum covers them."""

from typing import Any

LOCATION = b"location"
"""Key that names the file of an external tensor: a graph whose bytes lack it has none."""


def has_external_data(onnx: bytes) -> bool:
    """Return whether a graph reads a tensor from another file, which onnxruntime reads from the working folder.

    Initializers, sparse ones, attributes, subgraphs and functions are all searched, at any nesting of
    later versions of ONNX.

    Raises
    ------
    google.protobuf.message.DecodeError
        The bytes hold no graph.
    """
    if LOCATION not in onnx:
        return False
    from onnx import ModelProto, TensorProto  # noqa: PLC0415  (a tenth of a second, and seldom needed)

    model = ModelProto()
    model.ParseFromString(onnx)
    pending: list[Any] = [model]
    while pending:
        message = pending.pop()
        if isinstance(message, TensorProto) and (
            message.external_data or message.data_location == TensorProto.EXTERNAL
        ):
            return True
        for descriptor, value in message.ListFields():
            if descriptor.message_type is not None:
                pending += [value] if hasattr(value, "ListFields") else value
    return False
