"""Generates the tables of docs/reference that come from code (`make reference`); the prose is by hand."""

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import iris_operator.metrics  # noqa: F401 - puts the operator's metrics into the registry
from annotated_types import Ge, Gt, Le
from iris_api import causes, reasons
from iris_model_server import settings as server_settings
from iris_model_server.telemetry.metrics import Metrics
from iris_operator.runtime import settings as operator_settings
from prometheus_client import REGISTRY, CollectorRegistry

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "docs" / "reference"
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


def ready() -> Iterator[Row]:
    for row in reasons.READY:
        yield f"`{row.reason}`", row.status, row.beside, row.meaning, row.cure


def pod_causes() -> Iterator[Row]:
    for cause in causes.CAUSES:
        words, cure = (
            re.sub(r"\{(\w+)\}", lambda found: found[1].upper(), text) for text in (cause.words, cause.cure)
        )
        yield f"`{words}`", cause.meaning, cure


def tables() -> dict[str, dict[str, str]]:
    """The generated tables of each page, by the name in their markers."""
    measured = ("metric", "type", "labels", "meaning")
    return {
        "settings.md": {
            "server": table(("variable", "default", "bounds", "meaning"), of_server()),
            "operator": table(("variable", "default", "meaning"), of_operator()),
        },
        "metrics.md": {
            "server": table(measured, metrics(Metrics()._registry)),  # noqa: SLF001 - only a scrape needs it
            "operator": table(measured, metrics(REGISTRY)),
        },
        "irismodel.md": {
            "ready": table(("reason", "Ready", "also", "what it means", "what to do"), ready()),
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
