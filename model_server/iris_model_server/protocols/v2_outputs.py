"""The outputs of Open Inference V2, and which of them a request asks for, in JSON or binary. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from iris_model_server import errors
from iris_model_server.protocols import columns
from iris_model_server.standard_schemas import InferBody, Parameters

_NONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Output:
    """Its datatype, where its data comes from, and whether it has a number for each class."""

    datatype: str
    source: str
    per_class: bool = False

    def shape(self, rows: int, classes: int) -> list[int]:
        return [rows, classes] if self.per_class else [rows]


OUTPUTS: Final = {
    "predict": Output("INT64", columns.INDEX),
    "label": Output("BYTES", columns.LABEL),
    "probabilities": Output("FP64", columns.FLAT, per_class=True),
}


def names(request: InferBody[Any]) -> Sequence[str]:
    """The outputs that a request asks for, in its order; all where it lists none."""
    if not request.outputs:
        return tuple(OUTPUTS)
    asked = [output.name for output in request.outputs]
    for number, name in enumerate(asked):
        if name not in OUTPUTS or name in asked[:number]:
            expected = f"each of {', '.join(OUTPUTS)} at most once"
            raise errors.invalid(f"outputs[{number}].name", name, expected)
    return asked


def binary(request: InferBody[Any], asked: Sequence[str]) -> frozenset[str]:
    """Those of them that the answer has in binary."""
    if not request.parameters and not request.outputs:
        return _NONE
    everything = _flag(request.parameters, "binary_data_output", "parameters", default=False)
    if not request.outputs:
        return frozenset(asked) if everything else _NONE
    return frozenset(
        output.name
        for number, output in enumerate(request.outputs)
        if _flag(output.parameters, "binary_data", f"outputs[{number}].parameters", default=everything)
    )


def _flag(parameters: Parameters | None, name: str, where: str, *, default: bool) -> bool:
    found = (parameters or {}).get(name, default)
    if not isinstance(found, bool):
        raise errors.invalid(f"{where}.{name}", found, "true or false")
    return found
