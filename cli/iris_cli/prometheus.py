"""Asks Prometheus over HTTP, by its own address or through the API server.

`Web` has an address. `Proxied` is a Service of the cluster, reached through the API server's proxy; that
needs the right to `get services/proxy`.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from iris_cli.errors import Refused, Trouble
from iris_cli.kubectl import Kubectl
from iris_cli.traffic import Key, Traffic

_TIMEOUT_SECONDS: Final = 3.0
_LARGEST_ANSWER: Final = 32 * 1024 * 1024
_FORMS: Final = "expected http://…, https://… or NAMESPACE/SERVICE:PORT"
_EXPECTED: Final = "expected its address in --prometheus or IRIS_PROMETHEUS"
# Prometheus Operator labels the Service of each Prometheus that it runs.
_SERVICES: Final = "/api/v1/services?labelSelector=operated-prometheus%3Dtrue"
# Requests of clients: probes and scrapes are no traffic.
_REQUESTS: Final = 'http_requests_total{route!~"/livez|/readyz|/metrics"}'
QUERY: Final = f"sum by (namespace, service, http_status) (rate({_REQUESTS}[5m]))"
# As the tile "Error budget left" of a model's dashboard.
MONTH_QUERY: Final = f"sum by (namespace, service, http_status) (increase({_REQUESTS}[30d]))"


class Source(Protocol):
    """A Prometheus that can be asked."""

    def read(self, path: str) -> Any:
        """The answer to one GET below `/api/v1/`. Raises Trouble."""


@dataclass(frozen=True, slots=True)
class Web:
    address: str
    seconds: float = _TIMEOUT_SECONDS

    def read(self, path: str) -> Any:
        request = self._request(path)
        try:
            with urllib.request.urlopen(request, timeout=self.seconds) as answer:  # noqa: S310 - http only
                return json.loads(answer.read(_LARGEST_ANSWER))
        except urllib.error.HTTPError as error:
            found = f"found {error.code} {error.reason}, expected 200"
            raise Trouble(f"Prometheus {self.address}: {found}") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise Trouble(f"Prometheus {self.address}: no usable answer: {reason}") from error

    def _request(self, path: str) -> urllib.request.Request:
        """The request; *.localhost is sent to this machine, as browsers, curl and Git do."""
        url = urllib.parse.urlsplit(f"{self.address.rstrip('/')}/api/v1/{path}")
        headers = {"Host": url.netloc}
        if str(url.hostname).endswith(".localhost"):
            url = url._replace(netloc=url.netloc.replace(str(url.hostname), "127.0.0.1"))
        return urllib.request.Request(url.geturl(), headers=headers)  # noqa: S310 - http only


@dataclass(frozen=True, slots=True)
class Proxied:
    kubectl: Kubectl
    namespace: str
    service: str  # with its port

    def read(self, path: str) -> Any:
        root = f"/api/v1/namespaces/{self.namespace}/services/{self.service}/proxy/api/v1"
        try:
            return self.kubectl.read(f"{root}/{path}")
        except Refused as refused:
            if refused.reason == "Forbidden":
                place = f"{self.namespace}/{self.service}"
                raise Trouble(f"Prometheus {place}: this user may not get services/proxy there") from refused
            raise


def connect(text: str, kubectl: Kubectl, *, seconds: float = _TIMEOUT_SECONDS) -> Source:
    """The Prometheus of an option, with patience for each answer. Asks nothing yet; raises Trouble."""
    url = urllib.parse.urlsplit(text)
    if url.scheme in ("http", "https") and url.hostname:
        return Web(text, seconds)
    namespace, _, service = text.partition("/")
    name, _, port = service.partition(":")
    if url.scheme or not all(word.replace("-", "").isalnum() for word in (namespace, name, port)):
        raise Trouble(f"Prometheus: found address {text!r}, {_FORMS}")
    return Proxied(kubectl, namespace, service)


def discover(kubectl: Kubectl) -> Source:
    """The Prometheus that Prometheus Operator runs in this cluster. Raises Trouble."""
    try:
        found = kubectl.read(_SERVICES)["items"]
    except Refused as refused:
        if refused.reason != "Forbidden":
            raise
        raise Trouble(f"Prometheus: this user may not list services, {_EXPECTED}") from refused
    if not found:
        raise Trouble(f"Prometheus: found none of Prometheus Operator here, {_EXPECTED}")
    metadata = min(found, key=lambda body: (body["metadata"]["namespace"], body["metadata"]["name"]))[
        "metadata"
    ]
    return Proxied(kubectl, metadata["namespace"], f"{metadata['name']}:web")


def query(expression: str, **times: object) -> str:
    """The path of a query at present, or over `start` to `end` in steps of `step`."""
    path = "query_range" if times else "query"
    return f"{path}?{urllib.parse.urlencode({'query': expression, **times})}"


def result(answer: Any) -> list[Mapping[str, Any]]:
    """The series of an answer. Raises Trouble."""
    try:
        return list(answer["data"]["result"])
    except (KeyError, TypeError) as error:
        raise Trouble("Prometheus: found no series in its answer, expected those of its HTTP API") from error


def ask(source: Source, *, month: bool = False) -> dict[Key, Traffic]:
    """The traffic of every model; with the errors of 30 days if they are there in time. Raises Trouble."""
    found = parse(source.read(query(QUERY)))
    if not month:
        return found
    try:
        long = parse(source.read(query(MONTH_QUERY)))
    except Trouble:  # Many samples: a small Prometheus may refuse or be late.
        return found
    return {
        key: replace(traffic, month_error_share=long[key].error_share if key in long else None)
        for key, traffic in found.items()
    }


def parse(answer: Any) -> dict[Key, Traffic]:
    """The traffic in Prometheus' answer. Pure; raises Trouble."""
    total: dict[Key, float] = defaultdict(float)
    failed: dict[Key, float] = defaultdict(float)
    for series in result(answer):
        labels, rate = series["metric"], float(series["value"][1])
        key = labels.get("namespace", ""), labels.get("service", "")
        total[key] += rate
        if labels.get("http_status", "").startswith("5"):
            failed[key] += rate
    return {key: Traffic(rate, failed[key] / rate if rate else None) for key, rate in total.items()}
