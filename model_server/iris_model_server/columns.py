"""Outcomes to columns of JSON text: each part is written as it comes, and joined once at the end. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from iris_model_server.outcomes import Outcome

INDEX: Final = "index"
LABEL: Final = "label"
FLAT: Final = "flat"
NESTED: Final = "nested"
# What JSON text never holds: inside a string it is escaped.
HOLE: Final = b"\0"
A_COLUMN: Final = msgspec.Raw(HOLE)

_encode: Final = msgspec.json.Encoder().encode
_TEXT: Final[Mapping[str, Callable[[Outcome, Sequence[bytes]], bytes]]] = {
    INDEX: lambda outcome, _: _encode(outcome.classes)[1:-1],
    LABEL: lambda outcome, labels: b",".join([labels[index] for index in outcome.classes]),
    FLAT: lambda outcome, _: _encode(outcome.flat())[1:-1],
    NESTED: lambda outcome, _: _encode(outcome.nested())[1:-1],
}


class Columns:
    """The wanted columns of one answer."""

    def __init__(self, wanted: Sequence[str], labels: Sequence[str]) -> None:
        self._labels = [_encode(label) for label in labels]
        self._parts: dict[str, list[bytes]] = {column: [] for column in wanted}

    def take(self, outcome: Outcome) -> None:
        """The next rows."""
        for column, parts in self._parts.items():
            parts.append(_TEXT[column](outcome, self._labels))

    def parts(self, frame: bytes) -> list[bytes]:
        """The answer: a frame that has HOLE where each column belongs, and the columns in it."""
        texts = frame.split(HOLE)
        answer = [texts[0]]
        for parts, text in zip(self._parts.values(), texts[1:], strict=True):
            answer.append(b"[")
            for part in parts:
                answer += (part, b",")
            # In place of the last comma.
            answer[-1] = b"]" + text
        return answer
