"""One call, from the first attempt to an answer or an error, as a generator without I/O.

It yields `SEND`, and receives the response or the failure, or it yields seconds to wait. So the blocking
and the async client share every rule and differ only in how they wait.
"""

import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal

import httpx

from iris_client.calls import Answer, Call
from iris_client.errors import Refused, Unavailable, WrongVersion

SEND: Final = "send"
Step = Literal["send"] | float
Outcome = httpx.Response | httpx.TransportError | None
# A retry may succeed. After a 500 it would fail again.
PASSING: Final = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Retries:
    """How often to send a call, and how long to wait before a retry: doubling with jitter, or Retry-After."""

    attempts: int = 4
    first_seconds: float = 0.1
    most_seconds: float = 10.0
    jitter: Callable[[], float] = random.random


class Exchange(Generic[Answer]):
    """A call in progress: do what `step` says and report with `go_on`, until there is no step left."""

    def __init__(self, call: Call[Answer], retries: Retries, verify_version: str | None) -> None:
        self._steps: Generator[Step, Outcome, Answer] = steps(call, retries, verify_version)
        self.step: Step | None = next(self._steps)
        self.answer: Answer

    def go_on(self, outcome: Outcome = None) -> None:
        try:
            self.step = self._steps.send(outcome)
        except StopIteration as end:
            self.step, self.answer = None, end.value


def steps(
    call: Call[Answer], retries: Retries, verify_version: str | None
) -> Generator[Step, Outcome, Answer]:
    """Run it with `send`; the generator's return value is the answer."""
    last = "not sent"
    for attempt in range(retries.attempts):
        outcome = yield SEND
        if isinstance(outcome, httpx.Response) and outcome.status_code not in PASSING:
            return _read(call, outcome, verify_version)
        last = _words(outcome)
        if attempt + 1 < retries.attempts:
            yield _wait(outcome, attempt, retries)
    raise Unavailable(f"{call.path}: {last}, after {retries.attempts} attempts")


def _read(call: Call[Answer], response: httpx.Response, verify_version: str | None) -> Answer:
    content = _content(response)
    if not response.is_success:
        faults = tuple(
            (fault["field"], fault["found"], fault["expected"]) for fault in content.get("errors", ())
        )
        raise Refused(response.status_code, content.get("detail", response.reason_phrase), faults)
    try:
        answer = call.read(content)
    except (KeyError, TypeError) as error:
        raise Refused(response.status_code, f"{call.path}: no answer of an Iris model server") from error
    if verify_version is not None and answer.model_version != verify_version:
        raise WrongVersion(answer.model_version, verify_version)
    return answer


def _content(response: httpx.Response) -> Mapping[str, Any]:
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _wait(outcome: Outcome, attempt: int, retries: Retries) -> float:
    asked = outcome.headers.get("retry-after", "") if isinstance(outcome, httpx.Response) else ""
    if asked.isdecimal():
        return min(float(asked), retries.most_seconds)
    # Jitter from half to all of it, so that clients that failed together retry at different times.
    return float(min(retries.first_seconds * 2**attempt, retries.most_seconds)) * (0.5 + retries.jitter() / 2)


def _words(outcome: Outcome) -> str:
    if isinstance(outcome, httpx.Response):
        return f"{outcome.status_code} {_content(outcome).get('detail', outcome.reason_phrase)}"
    return f"{type(outcome).__name__}: {outcome}"
