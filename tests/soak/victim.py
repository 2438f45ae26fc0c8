"""A client like any other, beside an attack: it checks that each answer is the one to its own request."""

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.model_server import artifacts

PREDICT = "/api/v1/predict"
TIMEOUT = 30.0
# Between two requests: the server's time is for the attack.
PAUSE = 0.01


@dataclass(slots=True)
class Victim:
    """Its requests so far: how long each took, in seconds, and what was wrong with an answer."""

    url: str
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    async def ask(self, while_runs: "asyncio.Task[Any]") -> None:
        """Predict each golden flower in turn, over kept connections, until the task has ended."""
        loop = asyncio.get_running_loop()
        async with httpx.AsyncClient(base_url=self.url, timeout=TIMEOUT) as client:
            for number in itertools.count():
                golden = artifacts.GOLDEN[number % len(artifacts.GOLDEN)]
                start = loop.time()
                self._check(
                    golden, f"victim-{number}", await self._answer(client, golden, f"victim-{number}")
                )
                self.seconds.append(loop.time() - start)
                if while_runs.done():
                    return
                await asyncio.sleep(PAUSE)

    async def _answer(self, client: httpx.AsyncClient, golden: dict[str, Any], request_id: str) -> Any:
        flower = dict(zip(artifacts.FEATURES, golden["input"], strict=True))
        try:
            return (await client.post(PREDICT, json=flower, headers={"x-request-id": request_id})).json()
        except httpx.HTTPError as error:
            return repr(error)

    def _check(self, golden: dict[str, Any], request_id: str, answer: Any) -> None:
        is_mine = isinstance(answer, dict) and answer.get("request_id") == request_id
        if not is_mine or not _close(answer.get("probabilities"), golden["probabilities"]):
            self.wrong.append(f"{request_id}: {answer}")


def _close(found: Any, expected: list[float]) -> bool:
    return isinstance(found, list) and all(
        abs(one - other) < 1e-9 for one, other in zip(found, expected, strict=True)
    )
