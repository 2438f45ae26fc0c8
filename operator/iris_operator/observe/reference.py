"""Asks a candidate for the reference rows of its card, and both versions for their classes of these rows.

Rows of the candidate, so that a stable server of an older release needs no more than its batch path.
"""

from typing import Any, Final

import aiohttp
import msgspec

from iris_operator.observe import agreement
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


class _Failed(Exception):  # noqa: N818 - an outcome
    """Which pod, what was asked, found and expected."""


async def compare(session: aiohttp.ClientSession, stable: Pod, candidate: Pod) -> Agreement | NoAnswer:
    try:
        reference = await _reference(session, candidate)
        if not reference.rows:
            return agreement.NONE
        rule = (await _reference(session, stable)).rule
        old = await _classes(session, stable, reference)
        new = await _classes(session, candidate, reference)
    except _Failed as failed:
        return NoAnswer(str(failed))
    return agreement.compare(old, new, is_judged=bool(rule) and rule == reference.rule)


async def _reference(session: aiohttp.ClientSession, pod: Pod) -> _Reference:
    """Empty for a server of a release before reference rows."""
    status, raw = await _ask(session, pod, "GET", ROWS)
    return _Reference() if status == 404 else _decoded(pod, ROWS, status, raw, _Reference)


async def _classes(session: aiohttp.ClientSession, pod: Pod, reference: _Reference) -> list[str]:
    status, raw = await _ask(session, pod, "POST", CLASSES, {"rows": reference.rows})
    labels: list[str] = _decoded(pod, CLASSES, status, raw, _Answer).prediction_label
    if len(labels) != len(reference.rows):
        raise _Failed(
            f"pod {pod.name}: {CLASSES}: found {len(labels)} classes for {len(reference.rows)} rows"
        )
    return labels


def _decoded(pod: Pod, path: str, status: int, raw: bytes, expected: Any) -> Any:
    if status != 200:
        raise _Failed(f"pod {pod.name}: {path}: found {status}, expected 200")
    try:
        return msgspec.json.decode(raw, type=expected)
    except msgspec.DecodeError as error:
        raise _Failed(f"pod {pod.name}: {path}: {error}") from error


async def _ask(
    session: aiohttp.ClientSession, pod: Pod, method: str, path: str, content: Any = None
) -> tuple[int, bytes]:
    host = f"[{pod.address}]" if ":" in str(pod.address) else pod.address
    url = f"http://{host}:{pod.port}{path}"
    try:
        async with session.request(method, url, json=content, allow_redirects=False) as response:
            raw = b""
            async for part in response.content.iter_any():
                raw += part
                if len(raw) > _LARGEST_ANSWER:
                    raise _Failed(f"pod {pod.name}: {path}: found more than {_LARGEST_ANSWER} bytes")
            return response.status, raw
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _Failed(f"pod {pod.name}: {path}: {str(error) or type(error).__name__}") from error
