"""Asks a candidate for the reference rows of its card, and both versions for their classes of these rows.

Rows of the candidate, so that a stable server of an older release needs no more than its batch path.
"""

from typing import Any, Final

import aiohttp
import msgspec

from iris_operator.observe import agreement, pod_http
from iris_operator.observe.agreement import Agreement, NoAnswer
from iris_operator.observe.workload import Pod

ROWS: Final = "/api/v1/model/reference"
CLASSES: Final = "/api/v1/predict/batch"
_LARGEST_ANSWER: Final = 262_144


class _Reference(msgspec.Struct):
    rule: str = ""
    rows: list[list[float]] = []


class _Answer(msgspec.Struct):
    prediction_label: list[str]


async def compare(session: aiohttp.ClientSession, stable: Pod, candidate: Pod) -> Agreement | NoAnswer:
    try:
        reference = await _reference(session, candidate)
        if not reference.rows:
            return agreement.NONE
        rule = (await _reference(session, stable)).rule
        old = await _classes(session, stable, reference)
        new = await _classes(session, candidate, reference)
    except pod_http.Failed as failed:
        return NoAnswer(str(failed))
    return agreement.compare(old, new, is_judged=bool(rule) and rule == reference.rule)


async def _reference(session: aiohttp.ClientSession, pod: Pod) -> _Reference:
    """Empty for a server of a release before reference rows."""
    status, raw = await pod_http.ask(session, pod, ROWS, most_bytes=_LARGEST_ANSWER)
    return _Reference() if status == 404 else _decoded(pod, ROWS, status, raw, _Reference)


async def _classes(session: aiohttp.ClientSession, pod: Pod, reference: _Reference) -> list[str]:
    rows = {"rows": reference.rows}
    status, raw = await pod_http.ask(session, pod, CLASSES, content=rows, most_bytes=_LARGEST_ANSWER)
    labels: list[str] = _decoded(pod, CLASSES, status, raw, _Answer).prediction_label
    if len(labels) != len(reference.rows):
        raise pod_http.Failed(
            f"pod {pod.name}: {CLASSES}: found a list of {len(labels)}, expected {len(reference.rows)}, "
            "a class for each row"
        )
    return labels


def _decoded(pod: Pod, path: str, status: int, raw: bytes, expected: Any) -> Any:
    if status != 200:
        raise pod_http.Failed(f"pod {pod.name}: {path}: found {status}, expected 200")
    try:
        return msgspec.json.decode(raw, type=expected)
    except msgspec.DecodeError as error:
        raise pod_http.Failed(f"pod {pod.name}: {path}: {error}") from error
