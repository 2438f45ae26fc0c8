"""Writes predictions as columns of JSON text: part by part, joined once at the end. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from iris_model_server.model.predictions import Predictions

INDEX: Final = "index"
LABEL: Final = "label"
FLAT: Final = "flat"
NESTED: Final = "nested"
# JSON text never contains this byte: a string escapes it.
HOLE: Final = b"\0"
A_COLUMN: Final = msgspec.Raw(HOLE)

_encode: Final = msgspec.json.Encoder().encode
_TEXT: Final[Mapping[str, Callable[[Predictions, Sequence[bytes]], bytes]]] = {
    INDEX: lambda predictions, _: _encode(predictions.classes)[1:-1],
    LABEL: lambda predictions, labels: b",".join([labels[index] for index in predictions.classes]),
    FLAT: lambda predictions, _: _encode(predictions.flat())[1:-1],
    NESTED: lambda predictions, _: _encode(predictions.nested())[1:-1],
}


class Columns:
    """The requested columns of one answer."""

    def __init__(self, wanted: Sequence[str], labels: Sequence[str]) -> None:
        self._labels = [_encode(label) for label in labels]
        self._parts: dict[str, list[bytes]] = {column: [] for column in wanted}

    def take(self, predictions: Predictions) -> None:
        """Add the next rows."""
        for column, parts in self._parts.items():
            parts.append(_TEXT[column](predictions, self._labels))

    def parts(self, frame: bytes) -> list[bytes]:
        """The answer: a frame with HOLE where each column belongs, and the columns in it."""
        texts = frame.split(HOLE)
        answer = [texts[0]]
        for parts, text in zip(self._parts.values(), texts[1:], strict=True):
            answer.append(b"[")
            for part in parts:
                answer += (part, b",")
            # In place of the last comma.
            answer[-1] = b"]" + text
        return answer
