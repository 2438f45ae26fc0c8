"""Asks the real Prometheus of the cluster over its HTTP API, through the ingress, as Grafana would."""

import math
import time
from collections.abc import Callable
from typing import Any

import httpx

HOST = "prometheus.kube.two.inc"


class Prometheus:
    """Reached at `host:port` of the cluster's ingress, over one connection for the length of a block."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(
            base_url=f"http://{address}/api/v1/", headers={"Host": HOST}, timeout=60, trust_env=False
        )

    def __enter__(self) -> "Prometheus":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, **parameters: str) -> Any:
        answer = self._client.get(path, params=parameters)
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

    def past(self, expression: str, since: float) -> list[dict[str, str]]:
        """The labels of every series that had a value since then."""
        times = {"start": str(since), "end": str(time.time()), "step": "5"}
        found = self.get("query_range", query=expression, **times)["result"]
        return [each["metric"] for each in found if any(value != "NaN" for _, value in each["values"])]

    def series(self, selector: str, since: float) -> list[dict[str, str]]:
        """The labels of every series of that kind that was scraped since then."""
        found: list[dict[str, str]] = self.get("series", **{"match[]": selector, "start": str(since)})
        return found


def eventually(true: Callable[[], bool], what: Callable[[], object], *, seconds: float = 300) -> None:
    """Wait until it is so; what was found instead if it never is."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what()
        time.sleep(0.5)
