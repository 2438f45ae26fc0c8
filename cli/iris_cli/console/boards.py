"""Reads the panels of the operator's Grafana dashboards: the console and Grafana draw one list. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from iris_operator import errors
from iris_operator.model import spec
from iris_operator.monitoring.dashboards import fleet, model, operator, tones

from iris_cli.errors import Trouble
from iris_cli.kubectl import Body

KINDS: Final = {"stat": "tile", "timeseries": "graph", "state-timeline": "states", "table": "table"}


@dataclass(frozen=True, slots=True)
class Query:
    expression: str
    legend: str  # labels in double braces
    is_instant: bool


@dataclass(frozen=True, slots=True)
class Limit:
    """From this value on a panel has this colour; None: from the lowest."""

    value: float | None
    color: str

    @property
    def meaning(self) -> str:
        return tones.MEANINGS[self.color]


@dataclass(frozen=True, slots=True)
class Tone:
    """How the series with these names are drawn: word and colour by their value, or one colour for all."""

    names: str  # a regular expression for the whole name
    words: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    color: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    number: int
    title: str
    description: str
    kind: str
    unit: str
    width: int  # of 24 columns
    queries: tuple[Query, ...]
    limits: tuple[Limit, ...]
    tones: tuple[Tone, ...]  # the last one with a name of a series decides
    shows_name: bool  # a label instead of the value
    columns: Mapping[str, str]  # of a table: title by Grafana's name, empty for a hidden one


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard; `marks` are the changes that are drawn into its graphs."""

    title: str
    sections: tuple[Section, ...]
    marks: tuple[Query, ...]
    windows: tuple[str, ...]  # choices of its variable `drift_window`

    def panels(self) -> Iterator[Panel]:
        for section in self.sections:
            yield from section.panels


def of_model(body: Body) -> Board:
    """The dashboard of a stored IrisModel. Raises Trouble."""
    try:
        parsed = spec.parse(body)
    except errors.Invalid as invalid:
        raise Trouble(f"IrisModel {body['metadata']['name']}: {invalid.message}") from invalid
    return read(model.build(parsed.namespace, parsed.name, parsed.monitoring.objectives))


def of_fleet() -> Board:
    return read(fleet.build())


def of_operator() -> Board:
    return read(operator.build())


def read(text: str) -> Board:
    """The dashboard in Grafana's JSON."""
    board = json.loads(text)
    sections: list[Section] = []
    for number, body in enumerate(board["panels"]):
        if body["type"] == "row":
            sections.append(Section(body["title"], ()))
            continue
        last = sections[-1]
        sections[-1] = Section(last.title, (*last.panels, _panel(number, body)))
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    windows = variables.get("drift_window", {}).get("query", "")
    marks = (mark for mark in board["annotations"].get("list", ()) if "expr" in mark)
    return Board(
        title=board["title"],
        sections=tuple(sections),
        marks=tuple(Query(mark["expr"], mark["titleFormat"], is_instant=False) for mark in marks),
        windows=tuple(windows.split(",")) if windows else (),
    )


def _panel(number: int, body: Mapping[str, Any]) -> Panel:
    defaults = body["fieldConfig"]["defaults"]
    return Panel(
        number=number,
        title=body["title"],
        description=body.get("description", ""),
        kind=KINDS[body["type"]],
        unit=defaults.get("unit", "short"),
        width=body["gridPos"]["w"],
        queries=tuple(
            Query(target["expr"], target.get("legendFormat", ""), bool(target.get("instant")))
            for target in body["targets"]
        ),
        limits=tuple(
            Limit(step["value"], step["color"]) for step in defaults.get("thresholds", {}).get("steps", ())
        ),
        tones=tuple(_tones(body["fieldConfig"])),
        shows_name=body.get("options", {}).get("textMode") == "name",
        columns=_columns(body),
    )


def _tones(config: Mapping[str, Any]) -> Iterator[Tone]:
    given = [(".*", config["defaults"])]
    for override in config.get("overrides", ()):
        settings = {setting["id"]: setting["value"] for setting in override["properties"]}
        given.append((override["matcher"]["options"], settings))
    for names, settings in given:
        words = {
            value: (word["text"], word["color"])
            for mapping in settings.get("mappings", ())
            for value, word in mapping["options"].items()
        }
        color = settings.get("color", {})
        if words or color.get("mode") == "shades":
            yield Tone(names, words, color.get("fixedColor", ""))


def _columns(body: Mapping[str, Any]) -> dict[str, str]:
    for transformation in body.get("transformations", ()):
        if transformation["id"] == "organize":
            options = transformation["options"]
            hidden = dict.fromkeys(options["excludeByName"], "")
            return {**options["renameByName"], **hidden}
    return {}
