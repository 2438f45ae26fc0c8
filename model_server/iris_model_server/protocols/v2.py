"""Open Inference Protocol V2, bytes to bytes: one input of [rows, 4] centimetres, up to three outputs.

Knows no HTTP. A usual body is decoded in one go, a large one in chunks.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import msgspec

from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.prediction.execution import Execution, Flat
from iris_model_server.prediction.serving import Loaded, Serving
from iris_model_server.protocols import chunks, columns, duplicates
from iris_model_server.protocols.columns import Columns
from iris_model_server.schemas import FEATURES, Centimetres, Row
from iris_model_server.standard_schemas import (
    InferAnswer,
    InferBody,
    InferOutput,
    ModelMetadata,
    RequestedOutput,
    TensorMetadata,
)

INPUT: Final = "input-0"
DATATYPES: Final = ("FP64", "FP32")

_FLAT: Final = msgspec.json.Decoder(InferBody[list[Centimetres]])
_NESTED: Final = msgspec.json.Decoder(InferBody[list[Row]])
_RAW: Final = msgspec.json.Decoder(InferBody[msgspec.Raw])
_DATA: Final = "inputs[0].data"
# One input; each requested output has a name, too.
_MOST: Final = dict.fromkeys((b'"inputs"', b'"outputs"', b'"id"', b'"shape"', b'"datatype"', b'"data"'), 1)


@dataclass(frozen=True, slots=True)
class _Column:
    """An output: its datatype, where its data comes from, and whether it has a share for each class."""

    datatype: str
    source: str
    per_class: bool = False


OUTPUTS: Final = {
    "predict": _Column("INT64", columns.INDEX),
    "label": _Column("BYTES", columns.LABEL),
    "probabilities": _Column("FP64", columns.FLAT, per_class=True),
}


@dataclass(frozen=True, slots=True)
class Question:
    """A request, understood. Its numbers are all here, or come in parts."""

    id: str | None
    outputs: Sequence[str]
    rows: int
    whole: Flat | None
    parts: Iterable[Flat]


class V2:
    """The inference of the protocol."""

    def __init__(self, serving: Serving, execution: Execution, most_rows: int) -> None:
        self._serving = serving
        self._execution = execution
        self._most_rows = most_rows
        self._encode = msgspec.json.Encoder().encode

    def infer_at_once(self, body: bytes) -> bytes | None:
        """What `infer` answers where that needs no words and no waiting; else None, and nothing counted."""
        loaded = self._serving.loaded_or_none()
        if loaded is None or loaded.batcher is not None or len(body) > chunks.ONE_GO_BYTES:
            return None
        try:
            question = parse(body, self._most_rows)
        except Problem:
            return None
        if question.whole is None:
            return None
        predictions = self._execution.at_once(loaded, question.whole)
        if predictions is None:
            return None
        collected = _columns(question, loaded)
        collected.take(predictions)
        return b"".join(self._answer(question, collected, loaded))

    async def infer(self, body: bytes) -> list[bytes]:
        loaded = self._serving.loaded()
        try:
            question = parse(body, self._most_rows)
            collected = _columns(question, loaded)
            if question.whole is not None:
                await self._execution.whole(loaded, question.whole, collected.take)
            else:
                await self._execution.chunks(loaded, question.parts, collected.take)
        except Problem as problem:
            if problem.kind is not errors.OVERLOADED:
                loaded.metrics.count("invalid")
            raise
        return self._answer(question, collected, loaded)

    def _answer(self, question: Question, collected: Columns, loaded: Loaded) -> list[bytes]:
        card = loaded.artifact.card
        outputs = []
        for name in question.outputs:
            column = OUTPUTS[name]
            shape = [question.rows, len(card.classes)] if column.per_class else [question.rows]
            outputs.append(InferOutput(name, column.datatype, shape, columns.A_COLUMN))
        frame = self._encode(InferAnswer(self._serving.name, card.version, outputs, question.id))
        return collected.parts(frame)

    def metadata(self) -> ModelMetadata:
        """The model's tensors."""
        artifact = self._serving.loaded().artifact
        shares = len(artifact.card.classes)
        outputs = [
            TensorMetadata(name, column.datatype, [-1, shares] if column.per_class else [-1])
            for name, column in OUTPUTS.items()
        ]
        return ModelMetadata(
            name=self._serving.name,
            versions=[artifact.card.version],
            platform=f"sklearn_{artifact.model.source}",
            inputs=[TensorMetadata(INPUT, DATATYPES[0], [-1, len(FEATURES)])],
            outputs=outputs,
        )


def parse(body: bytes, most_rows: int) -> Question:
    """A request whose every number is within its bounds, or will be refused when its part is read."""
    if len(body) <= chunks.ONE_GO_BYTES:
        return _parse_in_one_go(body, most_rows)
    try:
        request = _RAW.decode(body)
    except chunks.REFUSALS as error:
        raise chunks.refusal(error, body) from None
    rows = _rows(request, most_rows)
    _refuse_duplicates(body, request, bytes(request.inputs[0].data))
    parts = _counted(chunks.of(request.inputs[0].data, _DATA), rows)
    return Question(request.id, _names(request.outputs), rows, None, parts)


def _parse_in_one_go(body: bytes, most_rows: int) -> Question:
    request: InferBody[Any]
    try:
        request = _FLAT.decode(body)
    except chunks.REFUSALS as error:
        request = _decode_nested(body, error)
    rows = _rows(request, most_rows)
    _refuse_duplicates(body, request)
    data: list[Any] = request.inputs[0].data
    flat: list[float] = list(chain.from_iterable(data)) if data and isinstance(data[0], tuple) else data
    if len(flat) != rows * len(FEATURES):
        raise _wrong_length(len(flat), rows)
    return Question(request.id, _names(request.outputs), rows, flat, ())


def _decode_nested(body: bytes, refusal: Exception) -> InferBody[Any]:
    try:
        return _NESTED.decode(body)
    except chunks.REFUSALS as error:
        # Of two refusals the one that speaks of the kind of list that was sent.
        try:
            inputs = _RAW.decode(body).inputs
        except chunks.REFUSALS as broken:
            raise chunks.refusal(broken, body) from None
        nested = any(chunks.is_nested(bytes(one.data)) for one in inputs)
        raise chunks.refusal(error if nested else refusal, body) from None


def _refuse_duplicates(body: bytes, request: InferBody[Any], numbers: bytes = b"") -> None:
    duplicates.refuse(body, {**_MOST, b'"name"': 1 + len(request.outputs or ())}, numbers)


def _rows(request: InferBody[Any], most_rows: int) -> int:
    if len(request.inputs) != 1:
        raise _invalid("inputs", f"{len(request.inputs)} tensors", "one")
    tensor = request.inputs[0]
    if tensor.datatype not in DATATYPES:
        raise _invalid("inputs[0].datatype", tensor.datatype, " or ".join(DATATYPES))
    if len(tensor.shape) != 2 or tensor.shape[0] < 1 or tensor.shape[1] != len(FEATURES):
        expected = f"[rows, {len(FEATURES)}]: {', '.join(FEATURES)}"
        raise _invalid("inputs[0].shape", tensor.shape, expected)
    rows = tensor.shape[0]
    if rows > most_rows:
        raise Problem(
            errors.TOO_LARGE, f"inputs[0].shape: {rows} rows, at most {most_rows} fit in one request"
        )
    return rows


def _names(outputs: Sequence[RequestedOutput] | None) -> Sequence[str]:
    if not outputs:
        return tuple(OUTPUTS)
    names = [output.name for output in outputs]
    for number, name in enumerate(names):
        if name not in OUTPUTS or name in names[:number]:
            raise _invalid(f"outputs[{number}].name", name, f"each of {', '.join(OUTPUTS)} at most once")
    return names


def _columns(question: Question, loaded: Loaded) -> Columns:
    wanted = [OUTPUTS[name].source for name in question.outputs]
    return Columns(wanted, loaded.artifact.card.classes)


def _counted(parts: Iterable[Flat], rows: int) -> Iterator[Flat]:
    count = 0
    for part in parts:
        count += len(part)
        if count > rows * len(FEATURES):
            break
        yield part
    if count != rows * len(FEATURES):
        raise _wrong_length(count, rows)


def _wrong_length(count: int, rows: int) -> Problem:
    return _invalid(_DATA, f"{count} numbers", f"{rows * len(FEATURES)} for the shape [{rows}, 4]")


def _invalid(where: str, found: object, expected: str) -> Problem:
    return Problem(errors.INVALID, f"{where}: {errors.one_line(found)}, expected {expected}")
