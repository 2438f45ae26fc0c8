"""Asks the real Prometheus of the cluster over its HTTP API, through the ingress, as Grafana would."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

HOST = "prometheus.kube.two.inc"


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Reached at `host:port` of the cluster's ingress."""

    address: str

    def get(self, path: str, **parameters: str) -> Any:
        answer = httpx.get(
            f"http://{self.address}/api/v1/{path}",
            params=parameters,
            headers={"Host": HOST},
            timeout=30,
            trust_env=False,
        )
        assert answer.status_code == httpx.codes.OK, f"{parameters}: {answer.text}"
        return answer.json()["data"]

    def now(self, expression: str) -> dict[tuple[str, ...], float]:
        """The values at present that are numbers, by the values of their labels in the labels' order."""
        found = self.get("query", query=expression)["result"]
        values = {
            tuple(value for _, value in sorted(each["metric"].items())): float(each["value"][1])
            for each in found
        }
        return {labels: value for labels, value in values.items() if not math.isnan(value)}

    def past(self, expression: str, *, seconds: int) -> list[dict[str, str]]:
        """The labels of every series that had a value in these last seconds."""
        end = time.time()
        times = {"start": str(end - seconds), "end": str(end), "step": "15"}
        found = self.get("query_range", query=expression, **times)["result"]
        return [each["metric"] for each in found if any(value != "NaN" for _, value in each["values"])]


def eventually(true: Callable[[], bool], what: Callable[[], object], *, seconds: float = 60) -> None:
    """Wait until it is so; what was found instead if it never is."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what()
        time.sleep(0.5)
