"""Plays a Gateway on an API server without one: it accepts HTTPRoutes, and divides requests as they ask.

Requests go to the real model servers at the addresses of ready pods. A route that leads to no pod is noted.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import httpx
from sklearn.datasets import load_iris

from tests.harness import kubernetes, tasks
from tests.harness.kubernetes import Cluster, Manifest, Refused, eventually

ROUTE: Final[dict[str, Any]] = {"type": "Gateway", "gateway": {"name": "public", "namespace": "gateways"}}
# By the Service that selects them.
_PODS: Final = {"iris": "iris-server", "iris-canary": "iris-server-canary"}
_FIELDS: Final = ("sepal_length", "sepal_width", "petal_length", "petal_width")
_AT_ONCE: Final = 4
_TURN: Final = 60  # requests between two looks at the pods


async def install(kubeconfig: Path, crd: Manifest) -> None:
    """Let the API server know HTTPRoutes."""
    async with kubernetes.client_of(kubeconfig) as client:
        cluster = Cluster(client)
        await cluster.apply(crd)
        await eventually(lambda: cluster.get(crd["kind"], crd["metadata"]["name"]), _is_served)


def _is_served(crd: Manifest) -> bool:
    conditions = crd.get("status", {}).get("conditions") or ()
    return any(row["type"] == "Established" and row["status"] == "True" for row in conditions)


def rows(*classes: int) -> list[dict[str, float]]:
    """The sample's rows of these classes, one class after the other."""
    sample = load_iris()
    groups = [sample.data[sample.target == wanted].tolist() for wanted in classes]
    return [dict(zip(_FIELDS, row, strict=True)) for group in zip(*groups, strict=True) for row in group]


class PlayedGateway:
    """Accepts the route of a model named iris, and sends these rows, until the block ends.

    `pause`: seconds between two turns of sixty requests.
    """

    def __init__(self, cluster: Cluster, sent: list[dict[str, float]], *, pause: float) -> None:
        self._cluster = cluster
        self._pause = pause
        self._rows = {service: itertools.cycle(sent) for service in _PODS}
        self.weights: dict[str, int] = {}  # of the route that it accepted last
        self.percents: list[int] = []  # of the candidate, one after the other
        self.refusal = ""
        self.is_sending = True
        self.answers: Counter[tuple[str, int]] = Counter()  # by Service and HTTP status
        self.broken: list[str] = []  # what must never be
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "PlayedGateway":
        self._client = httpx.AsyncClient(trust_env=False, timeout=10)
        self._tasks = [asyncio.create_task(self._accept()), asyncio.create_task(self._send())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await tasks.end(self._tasks)
        await self._client.aclose()

    @property
    def failed(self) -> dict[tuple[str, int], int]:
        return {answer: count for answer, count in self.answers.items() if answer[1] != httpx.codes.OK}

    async def _accept(self) -> None:
        async for event, route in self._cluster.watch("HTTPRoute"):
            if event == "DELETED":
                self.weights = {}
                continue
            *_, rule = route["spec"]["rules"]
            weights = {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}
            await self._check(weights)
            with suppress(Refused):  # deleted meanwhile
                await self._report(route)
            if not self.refusal:
                self.weights = weights
                percent = weights.get("iris-canary", 0)
                if self.percents[-1:] != [percent]:
                    self.percents.append(percent)

    async def _check(self, weights: dict[str, int]) -> None:
        for service, weight in weights.items():
            if weight and service != "iris" and not await self._addresses(service):
                self.broken.append(f"weight {weight} for {service}, which has no ready pod")

    async def _report(self, route: Manifest) -> None:
        [parent] = route["spec"]["parentRefs"]
        generation = route["metadata"]["generation"]
        conditions = [
            {
                "type": kind,
                "status": "False" if refusal else "True",
                "reason": "NotAllowedByListeners" if refusal else kind,
                "message": refusal,
                "observedGeneration": generation,
                "lastTransitionTime": "2026-11-23T12:00:00Z",
            }
            for kind, refusal in (("Accepted", self.refusal), ("ResolvedRefs", ""))
        ]
        status = {
            "parents": [
                {"parentRef": parent, "controllerName": "test.two.inc/played", "conditions": conditions}
            ]
        }
        if route.get("status") != status:
            name = route["metadata"]["name"]
            await self._cluster.patch("HTTPRoute", name, {"status": status}, subresource="status")

    async def _send(self) -> None:
        while True:
            await asyncio.sleep(self._pause)
            weights = self.weights if self.is_sending else {}
            addresses = {service: await self._addresses(service) for service in weights}
            turn = list(_turn(weights))
            for start in range(0, len(turn), _AT_ONCE):
                part = turn[start : start + _AT_ONCE]
                await asyncio.gather(*(self._ask(service, addresses[service]) for service in part))

    async def _ask(self, service: str, addresses: list[str]) -> None:
        if not addresses:
            self.answers[service, 503] += 1
            return
        url = f"http://{addresses[0]}:8000/api/v1/predict"
        answer = await self._client.post(url, json=next(self._rows[service]))
        self.answers[service, answer.status_code] += 1

    async def _addresses(self, service: str) -> list[str]:
        """Of the ready pods."""
        pods = await self._cluster.list("Pod", labels=f"app.kubernetes.io/name={_PODS[service]}")
        return [pod["status"]["podIP"] for pod in pods if _is_ready(pod)]


def _turn(weights: dict[str, int]) -> Iterator[str]:
    """Requests that are divided as the weights are, by turns; none without weights."""
    due: Counter[str] = Counter()
    total = sum(weights.values())
    for _ in range(_TURN if total else 0):
        for service, weight in weights.items():
            due[service] += weight
        [(service, _)] = due.most_common(1)
        due[service] -= total
        yield service


def _is_ready(pod: Manifest) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(row["type"] == "Ready" and row["status"] == "True" for row in conditions)
