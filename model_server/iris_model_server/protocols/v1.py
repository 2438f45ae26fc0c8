"""KServe's protocol V1, bytes to bytes: instances in, the number of each one's class out."""

from collections.abc import Iterator
from itertools import chain
from typing import Final

import msgspec

from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.prediction.execution import Execution, Flat
from iris_model_server.prediction.serving import Serving
from iris_model_server.protocols import chunks, columns, duplicates
from iris_model_server.protocols.columns import Columns
from iris_model_server.schemas import Row
from iris_model_server.standard_schemas import PredictV1Answer


class _Rows(msgspec.Struct, frozen=True):
    instances: list[Row]


class _Raw(msgspec.Struct, frozen=True):
    instances: msgspec.Raw


_ROWS: Final = msgspec.json.Decoder(_Rows)
_RAW: Final = msgspec.json.Decoder(_Raw)
_MOST: Final = {b'"instances"': 1}


class V1:
    """The prediction of the protocol."""

    def __init__(self, serving: Serving, execution: Execution, most_rows: int) -> None:
        self._serving = serving
        self._execution = execution
        self._most_rows = most_rows

    async def predict(self, body: bytes) -> list[bytes]:
        loaded = self._serving.loaded()
        collected = Columns((columns.INDEX,), loaded.artifact.card.classes)
        try:
            if len(body) <= chunks.ONE_GO_BYTES:
                await self._execution.whole(loaded, _whole(body, self._most_rows), collected.take)
            else:
                await self._execution.chunks(loaded, _parts(body, self._most_rows), collected.take)
        except Problem as problem:
            if problem.kind is not errors.OVERLOADED:
                loaded.metrics.count("invalid")
            raise
        return collected.parts(msgspec.json.encode(PredictV1Answer(columns.A_COLUMN)))


def _whole(body: bytes, most_rows: int) -> Flat:
    try:
        rows = _ROWS.decode(body).instances
    except chunks.REFUSALS as error:
        raise chunks.refusal(error, body) from None
    duplicates.refuse(body, _MOST)
    if not rows:
        raise Problem(errors.INVALID, "instances: a list of 0, expected a list of at least one row")
    if len(rows) > most_rows:
        raise Problem(
            errors.TOO_LARGE, f"instances: {len(rows)} rows, at most {most_rows} fit in one request"
        )
    return list(chain.from_iterable(rows))


def _parts(body: bytes, most_rows: int) -> Iterator[Flat]:
    try:
        data = _RAW.decode(body).instances
    except chunks.REFUSALS as error:
        raise chunks.refusal(error, body) from None
    duplicates.refuse(body, _MOST, (bytes(data),))
    return chunks.of_rows(data, "instances", most_rows)
