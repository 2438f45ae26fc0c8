"""Writes predictions as columns, JSON text or binary: part by part, joined once at the end. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from iris_model_server.model.predictions import Predictions
from iris_model_server.protocols import tensors

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
_PACKED: Final[Mapping[str, Callable[[Predictions, Sequence[bytes]], bytes]]] = {
    INDEX: lambda predictions, _: predictions.packed_classes(),
    LABEL: lambda predictions, labels: b"".join([labels[index] for index in predictions.classes]),
    FLAT: lambda predictions, _: predictions.packed_probabilities(),
}


@lru_cache(maxsize=8)
def _quoted(labels: Sequence[str]) -> Sequence[bytes]:
    return [_encode(label) for label in labels]


class Columns:
    """The requested columns of one answer."""

    def __init__(
        self, wanted: Sequence[str], labels: Sequence[str], binary: Collection[str] = frozenset()
    ) -> None:
        self._labels = _quoted(tuple(labels))
        self._texts: dict[str, list[bytes]] = {column: [] for column in wanted if column not in binary}
        self._packed_labels: Sequence[bytes] = ()
        self._packed: dict[str, list[bytes]] = {}
        if binary:
            self._packed_labels = tensors.packed_texts(labels)
            self._packed = {column: [] for column in binary}

    def take(self, predictions: Predictions) -> None:
        """Add the next rows."""
        for column, parts in self._texts.items():
            parts.append(_TEXT[column](predictions, self._labels))
        for column, parts in self._packed.items():
            parts.append(_PACKED[column](predictions, self._packed_labels))

    def parts(self, frame: bytes) -> list[bytes]:
        """The answer: a frame with HOLE where each column of text belongs, and the columns in it."""
        texts = frame.split(HOLE)
        answer = [texts[0]]
        for parts, text in zip(self._texts.values(), texts[1:], strict=True):
            answer.append(b"[")
            for part in parts:
                answer += (part, b",")
            # In place of the last comma.
            answer[-1] = b"]" + text
        return answer

    def packed(self, column: str) -> Sequence[bytes]:
        """A binary column, in parts."""
        return self._packed[column]
