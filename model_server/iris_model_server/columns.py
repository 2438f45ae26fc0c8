"""Outcomes to columns of JSON text: each part is written as it comes, and joined once at the end. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from iris_model_server.outcomes import Outcome

INDEX: Final = "index"
LABEL: Final = "label"
FLAT: Final = "flat"
NESTED: Final = "nested"

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

    def list_of(self, column: str) -> msgspec.Raw:
        """The whole column as a JSON list."""
        return msgspec.Raw(b"[%b]" % b",".join(self._parts[column]))
