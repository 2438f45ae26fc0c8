"""The colours of conditions: one list for Grafana and the console, with a meaning, for every reader."""

import itertools
import json
import math
from collections.abc import Sequence
from typing import Any, Final

import pytest
from iris_cli.console import boards, drawings
from iris_cli.console.boards import Panel
from iris_cli.console.drawings import Span
from iris_operator.model.objectives import Objectives
from iris_operator.monitoring.dashboards import model, operator, tones

SPAN: Final = Span(end=1_800, seconds=900, variables={})
TEXTS: Final = (model.build("flowers", "iris", Objectives(999, 250)), operator.build())
PAGES: Final = ("#ffffff", "#1c1928", "#181b1f")  # of the console in both schemes, and of Grafana in the dark
# Machado, Oliveira and Fernandes 2009: what a reader sees without red, green and blue cones.
BLINDNESS: Final = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "red": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "green": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "blue": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}
COLORS: Final = [color for color in tones.MEANINGS if color.startswith("#")]


def panel(title: str) -> Panel:
    [found] = [each for text in TEXTS for each in boards.read(text).panels() if each.title == title]
    return found


def drawn(title: str, *names: str) -> list[dict[str, Any]]:
    """What the console draws for conditions, named by type and reason."""
    result = [
        {"metric": dict(zip(("type", "reason"), name.split(), strict=True)), "values": [(1_800, "1")]}
        for name in names
    ]
    series: list[dict[str, Any]] = drawings.draw(panel(title), [result], SPAN)["series"]
    return series


@pytest.mark.parametrize(
    ("name", "otherwise", "while_true"),
    [
        ("Ready Serving", ("False", "failed"), ("True", "ok")),
        ("Ready ImagePullFailed", ("False", "failed"), ("True", "ok")),
        ("Ready Progressing", ("False", "waits"), ("True", "ok")),
        ("Ready Suspended", ("False", "unknown"), ("True", "ok")),
        ("PickleDenied PickleAllowed", ("False", "unknown"), ("True", "ok")),
        ("RouteReady RouteNotAccepted", ("False", "failed"), ("True", "ok")),
        ("RouteReady AddressNotPublished", ("Unknown", "unknown"), ("True", "ok")),
        ("Reconciling Progressing", ("False", "ok"), ("True", "waits")),
        ("Stalled RolledBack", ("False", "ok"), ("True", "failed")),
    ],
)
def test_a_condition_over_time_is_painted_by_what_it_means(
    name: str, otherwise: tuple[str, str], while_true: tuple[str, str]
) -> None:
    """Stalled was green while it was True."""
    [series] = drawn("Conditions", name)

    words = {value: (text, tones.MEANINGS[color]) for value, (text, color) in series["words"].items()}
    assert words == {"0": otherwise, "1": while_true}


def test_models_by_condition_are_painted_in_shades_of_what_they_mean() -> None:
    names = ("Ready Serving", "Reconciling Progressing", "Stalled RolledBack", "Stalled ImagePullFailed")

    found = [(tones.MEANINGS[one["color"]], one["shade"]) for one in drawn("Models by condition", *names)]

    assert found == [("ok", 0), ("waits", 0), ("failed", 0), ("failed", 1)]


def test_every_colour_of_a_dashboard_is_in_the_list_of_colours() -> None:
    def colors(body: Any) -> list[str]:
        if isinstance(body, list):
            return [color for each in body for color in colors(each)]
        if not isinstance(body, dict):
            return []
        own = [body[key] for key in ("color", "fixedColor") if isinstance(body.get(key), str)]
        return own + colors(list(body.values()))

    found = [color for text in TEXTS for each in json.loads(text)["panels"] for color in colors(each)]

    assert set(found) == set(tones.MEANINGS)


@pytest.mark.parametrize(("color", "page"), list(itertools.product(COLORS, PAGES)))
def test_a_colour_stands_out_from_the_page(color: str, page: str) -> None:
    light, dark = sorted((luminance(color), luminance(page)), reverse=True)

    assert (light + 0.05) / (dark + 0.05) >= 3


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_a_reader_who_is_colour_blind_sees_different_colours(blindness: str) -> None:
    seen = [lab(seen_by(BLINDNESS[blindness], linear(color))) for color in COLORS]

    assert min(math.dist(*pair) for pair in itertools.combinations(seen, 2)) >= 20


def linear(color: str) -> list[float]:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def luminance(color: str) -> float:
    return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear(color), strict=True))


def seen_by(matrix: Sequence[Sequence[float]], color: Sequence[float]) -> list[float]:
    return [min(1.0, max(0.0, sum(a * b for a, b in zip(row, color, strict=True)))) for row in matrix]


def lab(color: Sequence[float]) -> tuple[float, float, float]:
    """In CIELAB, where a distance of 20 is seen at a glance."""
    white = ((0.4339, 0.3763, 0.1899), (0.2126, 0.7152, 0.0722), (0.0177, 0.1095, 0.8729))
    parts = [sum(a * b for a, b in zip(row, color, strict=True)) for row in white]
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in parts)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)
