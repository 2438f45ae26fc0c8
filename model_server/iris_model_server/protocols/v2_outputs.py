"""The outputs of Open Inference V2, and which of them a request asks for, in JSON or binary. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from iris_model_server import errors
from iris_model_server.protocols import columns
from iris_model_server.standard_schemas import InferBody, Parameters


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
    everything = False
    if request.parameters:
        everything = _flag(request.parameters, "binary_data_output", "parameters", default=False)
    found = set(asked) if everything else set()
    for number, output in enumerate(request.outputs or ()):
        if output.parameters:
            where = f"outputs[{number}].parameters"
            if _flag(output.parameters, "binary_data", where, default=everything):
                found.add(output.name)
            else:
                found.discard(output.name)
    return frozenset(found)


def _flag(parameters: Parameters, name: str, where: str, *, default: bool) -> bool:
    found = parameters.get(name, default)
    if not isinstance(found, bool):
        raise errors.invalid(f"{where}.{name}", found, "true or false")
    return found
