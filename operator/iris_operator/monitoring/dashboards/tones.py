"""The colours of the panels and what they mean, for Grafana and for the console alike. Pure.

Each has a contrast of at least 3 with white and with dark pages, and all differ for colour-blind readers.
"""

from collections.abc import Iterator
from typing import Final

from iris_api import conditions, reasons

GREEN, YELLOW, RED, GREY, BLUE = "#32a689", "#cc8500", "#cc1442", "#6c6680", "semi-dark-blue"
MEANINGS: Final = {GREEN: "ok", YELLOW: "waits", RED: "failed", GREY: "unknown", BLUE: "plain"}

# Series are named `TYPE REASON`; an expression matches the whole name. True is good for all other conditions.
WHILE_TRUE: Final = (("Reconciling .*", YELLOW), ("Stalled .*", RED))


def unless_true() -> Iterator[tuple[str, str, str]]:
    """Names of series, with word and colour, of conditions that may be other than True without a failure."""
    for name, _ in WHILE_TRUE:
        yield name, "False", GREEN
    waits = [row.reason for row in reasons.READY if row.beside == "Reconciling"]
    chosen = [row.reason for row in reasons.READY if row.status != "True" and not row.beside]
    unknown = [row.reason for row in conditions.CONDITIONS if row.status == "Unknown"]
    yield f"Ready {_any(waits)}", "False", YELLOW
    yield f"[A-Za-z]+ {_any([*chosen, reasons.PICKLE_ALLOWED])}", "False", GREY
    yield f"[A-Za-z]+ {_any(unknown)}", "Unknown", GREY


def _any(names: list[str]) -> str:
    return f"({'|'.join(names)})"
