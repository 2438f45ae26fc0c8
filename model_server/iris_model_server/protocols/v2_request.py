"""Reads the numbers of an Open Inference V2 request: one tensor of [rows, 4] or one per column. No HTTP.

`v2_body` decodes the body. One tensor in JSON is then complete; anything else is read tensor by tensor: in
chunks where it is large, and in binary where `binary_data_size` is given (Triton's binary tensor extension).
"""

import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

import msgspec

from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.prediction.execution import Flat
from iris_model_server.protocols import chunks, tensors, v2_body, v2_outputs
from iris_model_server.schemas import FEATURES, LARGEST_CM
from iris_model_server.standard_schemas import InferBody, InferInput

NUMBERS_AT_ONCE: Final = 32_768

_MEASUREMENT: Final = f"a number greater than 0 and at most {LARGEST_CM:g}"


class Question(msgspec.Struct, frozen=True):
    """A request, understood. Its numbers are all here, or come in parts."""

    id: str | None
    outputs: Sequence[str]
    # Those that the answer has in binary.
    binary: frozenset[str]
    rows: int
    whole: Flat | None
    parts: Iterable[Flat]


class RequestReader:
    """Reads requests of at most so many rows; `first_outside` finds the first number out of its bounds."""

    def __init__(self, most_rows: int, first_outside: Callable[[Flat], int | None]) -> None:
        self._most_rows = most_rows
        self._first_outside = first_outside

    def read(self, body: bytes, json_bytes: int | None = None) -> Question:
        """A request whose every number is within its bounds, or will be refused when its part is read.

        `json_bytes` is how much of the body is JSON, where binary tensors may follow.
        """
        if json_bytes is None and len(body) <= chunks.ONE_GO_BYTES:
            request = v2_body.one_in_json(body)
            if request is not None:
                return self._in_one_go(request)
        return self._by_tensor(body, json_bytes)

    def _in_one_go(self, request: InferBody[Any]) -> Question:
        rows = self._rows(request.inputs)
        tensor = request.inputs[0]
        data: Any = tensor.data
        flat: list[float] = list(chain.from_iterable(data)) if data and isinstance(data[0], tuple) else data
        if tensor.datatype not in ("FP64", "FP32"):
            flat = list(chain.from_iterable(_exact([flat], tensor, _where(0))))
        if len(flat) != rows * len(FEATURES):
            raise _wrong_length(len(flat), tensor, _where(0))
        outputs = v2_outputs.names(request)
        return Question(request.id, outputs, v2_outputs.binary(request, outputs), rows, flat, ())

    def _by_tensor(self, body: bytes, json_bytes: int | None) -> Question:
        request, binary = v2_body.split(body, json_bytes)
        rows = self._rows(request.inputs)
        sources = self._sources(request.inputs, binary, rows)
        parts = sources[0] if len(sources) == 1 else _interleaved(sources)
        outputs = v2_outputs.names(request)
        whole: Flat | None = None
        if len(body) <= chunks.ONE_GO_BYTES:
            parts_here = list(parts)
            whole = parts_here[0] if len(parts_here) == 1 else list(chain.from_iterable(parts_here))
        return Question(request.id, outputs, v2_outputs.binary(request, outputs), rows, whole, parts)

    def _rows(self, inputs: Sequence[InferInput[Any]]) -> int:
        """How many rows the tensors have; all that is said of them, but not their numbers, is checked."""
        alone = len(inputs) == 1
        if not alone:
            _refuse_other_names([tensor.name for tensor in inputs])
        rows = 0
        for number, tensor in enumerate(inputs):
            its_rows = _rows_of(tensor, number, alone=alone)
            if rows and its_rows != rows:
                raise errors.invalid(
                    f"{_where(number)}.shape", tensor.shape, f"{errors.counted(rows, 'row')}, as in inputs[0]"
                )
            rows = its_rows
        if rows > self._most_rows:
            detail = f"inputs[0].shape: {rows} rows, at most {self._most_rows} fit in one request"
            raise Problem(errors.TOO_LARGE, detail)
        return rows

    def _sources(
        self, inputs: Sequence[InferInput[msgspec.Raw]], binary: memoryview | None, rows: int
    ) -> list[Iterator[Flat]]:
        """The numbers of each tensor, in the order of the features."""
        sources: dict[str, Iterator[Flat]] = {}
        width = len(FEATURES) if len(inputs) == 1 else 1
        place = 0
        for number, tensor in enumerate(inputs):
            size = _binary_size(tensor, _where(number), rows * width)
            if size is None:
                sources[tensor.name] = _from_json(tensor, _where(number), width)
                continue
            if binary is None:
                raise errors.invalid(v2_body.HEADER, "nothing", "the length of the JSON object")
            content = binary[place : place + size]
            sources[tensor.name] = self._from_binary(content, tensor.datatype, _where(number))
            place += size
        if binary is not None and place != len(binary):
            expected = f"{place}, the sum of binary_data_size"
            found = f"{errors.counted(len(binary), 'byte')} after the JSON object"
            raise errors.invalid("body", found, expected)
        return list(sources.values()) if len(inputs) == 1 else [sources[name] for name in FEATURES]

    def _from_binary(self, content: memoryview, datatype: str, where: str) -> Iterator[Flat]:
        step = NUMBERS_AT_ONCE * tensors.ITEM_BYTES[datatype]
        for start in range(0, len(content), step):
            read = tensors.numbers(content[start : start + step], datatype)
            outside = self._first_outside(read)
            if outside is not None:
                place = start // tensors.ITEM_BYTES[datatype] + outside
                raise errors.invalid(f"{where}: binary number {place}", read[outside], _MEASUREMENT)
            yield read


def _refuse_other_names(names: Sequence[str]) -> None:
    if sorted(names) != sorted(FEATURES):
        found = ", ".join(names) if len(names) == len(FEATURES) else errors.counted(len(names), "tensor")
        expected = f"one of [rows, {len(FEATURES)}], or one of [rows] for each of {', '.join(FEATURES)}"
        raise errors.invalid("inputs", found, expected)


def _rows_of(tensor: InferInput[Any], number: int, *, alone: bool) -> int:
    if tensor.datatype not in tensors.ITEM_BYTES:
        found = tensor.datatype
        raise errors.invalid(f"{_where(number)}.datatype", found, " or ".join(tensors.ITEM_BYTES))
    rows, *others = tensor.shape or [0]
    fits = others == [len(FEATURES)] if alone else others in ([], [1])
    if rows < 1 or not fits:
        whole = f"[rows, {len(FEATURES)}]: {', '.join(FEATURES)}"
        expected = whole if alone else "[rows] or [rows, 1]"
        raise errors.invalid(f"{_where(number)}.shape", tensor.shape, expected)
    return rows


def _binary_size(tensor: InferInput[Any], where: str, count: int) -> int | None:
    """The bytes of a binary tensor, which must be what its shape and datatype make; None for JSON."""
    found = (tensor.parameters or {}).get("binary_data_size")
    if found is None:
        return None
    if tensor.data is not msgspec.UNSET:
        raise errors.invalid(where, "data and parameters.binary_data_size", "one of both")
    expected = count * tensors.ITEM_BYTES[tensor.datatype]
    if type(found) is not int or found != expected:
        shape = f"{expected} for {tensor.datatype} of the shape {tensor.shape}"
        raise errors.invalid(f"{where}.parameters.binary_data_size", found, shape)
    return expected


def _from_json(tensor: InferInput[msgspec.Raw], where: str, width: int) -> Iterator[Flat]:
    if isinstance(tensor.data, msgspec.UnsetType):
        raise errors.invalid(f"{where}.data", "nothing", "numbers, or parameters.binary_data_size")
    parts = chunks.of(tensor.data, f"{where}.data", width=width)
    return _counted(_exact(parts, tensor, where), tensor, where)


def _exact(parts: Iterable[Flat], tensor: InferInput[Any], where: str) -> Iterator[Flat]:
    """JSON numbers that the tensor's datatype can hold."""
    if tensor.datatype == tensors.HALF:
        raise errors.invalid(f"{where}.datatype", "FP16 in JSON", "binary data, or FP64")
    for part in parts:
        if tensor.datatype in tensors.INTEGERS:
            wrong = next((number for number in part if not number.is_integer()), None)
            if wrong is not None:
                raise errors.invalid(f"{where}.data", wrong, f"whole numbers for {tensor.datatype}")
        yield part


def _interleaved(columns: Sequence[Iterator[Flat]]) -> Iterator[Flat]:
    """Rows out of columns of the same length, which come in parts of any length."""
    waiting = [array("d") for _ in columns]
    while True:
        for own, source in zip(waiting, columns, strict=True):
            if not own:
                own.extend(next(source, ()))
        rows = min(map(len, waiting))
        if not rows:
            return
        joined = array("d", bytes(8 * rows * len(columns)))
        for number, own in enumerate(waiting):
            joined[number :: len(columns)] = own[:rows]
            del own[:rows]
        yield joined


def _counted(parts: Iterable[Flat], tensor: InferInput[Any], where: str) -> Iterator[Flat]:
    expected = math.prod(tensor.shape)
    count = 0
    for part in parts:
        count += len(part)
        if count > expected:
            break
        yield part
    if count != expected:
        raise _wrong_length(count, tensor, where)


def _wrong_length(count: int, tensor: InferInput[Any], where: str) -> Problem:
    found, expected = errors.counted(count, "number"), math.prod(tensor.shape)
    return errors.invalid(f"{where}.data", found, f"{expected} for the shape {tensor.shape}")


def _where(number: int) -> str:
    return f"inputs[{number}]"
