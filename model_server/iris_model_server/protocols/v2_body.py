"""Decodes the body of an Open Inference V2 request: a JSON object, and the binary data behind it. No HTTP.

A usual body, one tensor in JSON, is decoded in one go. Any other keeps its numbers as text, to be read tensor
by tensor. Names that come twice are refused.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from iris_model_server import errors
from iris_model_server.protocols import chunks, duplicates, tensors
from iris_model_server.schemas import FEATURES, Centimetres, Row
from iris_model_server.standard_schemas import InferBody, InferInput

INPUT: Final = "input-0"
HEADER: Final = "inference-header-content-length"

_FLAT: Final = msgspec.json.Decoder(InferBody[list[Centimetres]])
_NESTED: Final = msgspec.json.Decoder(InferBody[list[Row]])
_RAW: Final = msgspec.json.Decoder(InferBody[msgspec.Raw])
# How often a name may come in the whole JSON: once, or once for each tensor.
_ONCE: Final = (b'"inputs"', b'"outputs"', b'"id"', b'"binary_data_output"')
_ONCE_A_TENSOR: Final = (b'"shape"', b'"datatype"', b'"data"', b'"binary_data_size"')


def one_in_json(body: bytes) -> InferBody[Any] | None:
    """A request of one tensor whose data are JSON; None for any other that can be read."""
    request: InferBody[Any]
    try:
        request = _FLAT.decode(body)
    except chunks.REFUSALS as error:
        found = _decode_nested(body, error)
        if found is None:
            return None
        request = found
    if len(request.inputs) != 1 or request.inputs[0].data is msgspec.UNSET:
        return None
    if not duplicates.has_only(body, _fewest_strings(request), b'"data"'):
        _refuse_duplicates(body, request, ())
    return request


def _decode_nested(body: bytes, refusal: Exception) -> InferBody[Any] | None:
    try:
        return _NESTED.decode(body)
    except chunks.REFUSALS as error:
        # Of two refusals the one that speaks of the kind of list that was sent.
        try:
            inputs = _RAW.decode(body).inputs
        except chunks.REFUSALS as broken:
            raise chunks.refusal(broken, body) from None
        if len(inputs) != 1:
            return None
        data = inputs[0].data
        nested = isinstance(data, msgspec.Raw) and chunks.is_nested(bytes(data))
        raise chunks.refusal(error if nested else refusal, body) from None


def split(body: bytes, json_bytes: int | None) -> tuple[InferBody[msgspec.Raw], memoryview | None]:
    """The JSON object of a body, and the binary data behind it."""
    if json_bytes == 0:
        return _raw_request(len(body)), memoryview(body)
    if json_bytes is not None and json_bytes > len(body):
        raise errors.invalid(HEADER, json_bytes, f"at most {len(body)}, the length of the body")
    text = body[:json_bytes]
    try:
        request = _RAW.decode(text)
    except chunks.REFUSALS as error:
        raise chunks.refusal(error, text) from None
    data = [bytes(tensor.data) for tensor in request.inputs if isinstance(tensor.data, msgspec.Raw)]
    _refuse_duplicates(text, request, data)
    return request, None if json_bytes is None else memoryview(body)[json_bytes:]


def _raw_request(size: int) -> InferBody[msgspec.Raw]:
    """The request that a body without a JSON object stands for: rows of FP64, all outputs in binary."""
    rows = max(1, size // (len(FEATURES) * tensors.ITEM_BYTES["FP64"]))
    shape = [rows, len(FEATURES)]
    tensor = InferInput[msgspec.Raw](INPUT, shape, "FP64", parameters={"binary_data_size": size})
    return InferBody[msgspec.Raw]([tensor], parameters={"binary_data_output": True})


def _fewest_strings(request: InferBody[Any]) -> int:
    """The names and text values of a request with one tensor in JSON, if it has no other members."""
    # "inputs", "shape", "data", and "name" and "datatype" with their values.
    count = 7
    if request.id is not None:
        count += 2
    if request.outputs is not None:
        # "outputs", and the "name" of each with its value.
        count += 1 + 2 * len(request.outputs)
    return count


def _refuse_duplicates(body: bytes, request: InferBody[Any], numbers: Sequence[bytes]) -> None:
    duplicates.refuse(body, _most(len(request.inputs), len(request.outputs or ())), numbers)


@lru_cache(maxsize=64)
def _most(inputs: int, outputs: int) -> Mapping[bytes, int]:
    most = dict.fromkeys(_ONCE, 1) | dict.fromkeys(_ONCE_A_TENSOR, inputs)
    return most | {
        b'"name"': inputs + outputs,
        b'"parameters"': 1 + inputs + outputs,
        b'"binary_data"': outputs,
    }
