"""Generates the tables of docs/reference that come from code (`make reference`); the prose is by hand."""

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import iris_operator.metrics  # noqa: F401 - puts the operator's metrics into the registry
import yaml
from annotated_types import Ge, Gt, Le
from iris_api import causes, conditions, reasons
from iris_model_server import errors
from iris_model_server import settings as server_settings
from iris_model_server.telemetry.metrics import Metrics
from iris_operator.runtime import settings as operator_settings
from prometheus_client import REGISTRY, CollectorRegistry

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "docs" / "reference"
CRD: Final = ROOT / "crds" / "irismodels.serving.two.inc.yaml"
# The metrics of the client library itself, which every Python program has.
_COMMON: Final = ("process_", "python_")
Row = tuple[str, ...]


def table(head: Row, rows: Iterable[Row]) -> str:
    ruler = f"|{'---|' * len(head)}"
    head_line, *lines = (f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in (head, *rows))
    return "\n".join((head_line, ruler, *lines))


def of_server() -> Iterator[Row]:
    """The variables of the model server; the text of each is below it in its class."""
    (definition,) = ast.parse(inspect.getsource(server_settings.Settings)).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    texts = {
        field.target.id: " ".join(text.value.value.split())
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
    for name, field in server_settings.Settings.model_fields.items():
        shown = "none" if field.default in (None, ()) else f"`{_plain(field.default)}`"
        variable = f"`{server_settings.PREFIX}{name.upper()}`"
        yield variable, shown, _bounds(field.metadata), texts[name]


def _plain(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _bounds(metadata: Iterable[Any]) -> str:
    least, most = "", ""
    for bound in metadata:
        match bound:
            case Ge(ge=number):
                least = f"{number} to"
            case Gt(gt=number):
                least = f"above {number}, at most"
            case Le(le=number):
                most = str(number)
    return f"{least} {most}".strip()


def of_operator() -> Iterator[Row]:
    for name, default, meaning in operator_settings.VARIABLES:
        yield f"`{name}`", f"`{default}`" if default else "none", meaning


def metrics(registry: CollectorRegistry) -> Iterator[Row]:
    """The metrics of a registry, also those that have no series yet."""
    for collector in registry._collector_to_names:  # noqa: SLF001 - there is no public way to the labels
        for family in collector.collect():
            if family.name.startswith(_COMMON):
                continue
            name = f"{family.name}_total" if family.type == "counter" else family.name
            described = collector if hasattr(collector, "_labelnames") else family
            labels = ", ".join(f"`{label}`" for label in getattr(described, "_labelnames", ()))
            yield f"`{name}`", family.type, labels, family.documentation.replace("<", "\\<")


def _of_server() -> Metrics:
    made = Metrics()
    made.of_clients()
    return made


def ready() -> Iterator[Row]:
    for row in reasons.READY:
        yield f"`{row.reason}`", row.status, row.beside, row.meaning, row.cure


def other_conditions() -> Iterator[Row]:
    for row in conditions.CONDITIONS:
        yield ", ".join(f"`{name}`" for name in row.conditions), f"`{row.reason}`", row.status, row.meaning


def named(meanings: Mapping[str, str]) -> Iterator[Row]:
    for reason, meaning in meanings.items():
        yield f"`{reason}`", meaning


def pod_causes() -> Iterator[Row]:
    for cause in causes.CAUSES:
        words, cure = (
            re.sub(r"\{(\w+)\}", lambda found: found[1].upper(), text) for text in (cause.words, cause.cure)
        )
        yield f"`{words}`", cause.meaning, cure


def fields(schema: Mapping[str, Any], path: str = "") -> Iterator[Row]:
    """Every field of an object, with the fields of the objects below it and in its lists."""
    for name, field in schema.get("properties", {}).items():
        default = _default(field, is_required=name in schema.get("required", ()))
        yield f"`{path}{name}`", default, _meaning(field["description"], default)
        yield from fields(field, f"{path}{name}.")
        yield from fields(field.get("items", {}), f"{path}{name}[].")


def _default(field: Mapping[str, Any], *, is_required: bool) -> str:
    if is_required:
        return "required"
    match field.get("default"):
        case None:
            return "none"
        case {}:
            return ""
        case value:
            return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _meaning(description: str, default: str) -> str:
    """The description in one line, without the default, which has a column of its own."""
    value = rf"`?{re.escape(default.strip('`'))}`?"
    text = re.sub(
        rf"(?:Required|Default {value})(?:; (.)|\.)", lambda found: (found[1] or "").upper(), description
    )
    return " ".join(text.split()).replace("|", "\\|")


def problems() -> Iterator[Row]:
    for kind in errors.KINDS:
        yield str(kind.status), f"`{kind.name}`", kind.cure


def tables() -> dict[str, dict[str, str]]:
    """The generated tables of each page, by the name in their markers."""
    (version,) = yaml.safe_load(CRD.read_text("utf-8"))["spec"]["versions"]
    model = version["schema"]["openAPIV3Schema"]["properties"]
    measured = ("metric", "type", "labels", "meaning")
    return {
        "settings.md": {
            "server": table(("variable", "default", "bounds", "meaning"), of_server()),
            "operator": table(("variable", "default", "meaning"), of_operator()),
        },
        "metrics.md": {
            "server": table(measured, metrics(_of_server()._registry)),  # noqa: SLF001 - only a scrape needs it
            "operator": table(measured, metrics(REGISTRY)),
        },
        "http.md": {
            "errors": table(("status", "type ends with", "cure"), problems()),
        },
        "irismodel.md": {
            "spec": table(("field of `spec`", "default", "what it does"), fields(model["spec"])),
            "status": table(
                ("field of `status`", "meaning"),
                ((name, meaning) for name, _, meaning in fields(model["status"])),
            ),
            "ready": table(("reason", "Ready", "also", "what it means", "what to do"), ready()),
            "conditions": table(("condition", "reason", "status", "what it means"), other_conditions()),
            "events": table(("event", "what happened"), named(conditions.EVENTS)),
            "rejections": table(("reason", "what it means"), named(conditions.REJECTIONS)),
            "causes": table(("in the message", "what it means", "what to do"), pod_causes()),
        },
    }


def filled(page: str) -> str:
    """A page with its tables as the code is now."""
    text = (FOLDER / page).read_text("utf-8")
    for name, content in tables()[page].items():
        begin, end = f"<!-- {name}: made by `make reference` -->", f"<!-- end of {name} -->"
        before, found, rest = text.partition(f"{begin}\n")
        _, ended, after = rest.partition(end)
        if not (found and ended):
            raise SystemExit(f"{page}: found no table {name!r}, expected it between {begin} and {end}")
        text = f"{before}{begin}\n{content}\n{end}{after}"
    return text


def main() -> int:
    for page in tables():
        (FOLDER / page).write_text(filled(page), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
