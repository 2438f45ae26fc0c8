"""Queries Prometheus once for the requests per second and the share of failures of every model."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from iris_cli.errors import Trouble

_TIMEOUT_SECONDS: Final = 3.0
_LARGEST_ANSWER: Final = 32 * 1024 * 1024
# Requests of clients: probes and scrapes are no traffic.
QUERY: Final = (
    "sum by (namespace, service, http_status) "
    '(rate(http_requests_total{route!~"/livez|/readyz|/metrics"}[5m]))'
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """The traffic of one model over the last five minutes."""

    requests_per_second: float
    error_share: float | None  # share of 5xx answers; None without requests


Key = tuple[str, str]  # namespace and name of an IrisModel, which are those of its Service


def ask(address: str) -> dict[Key, Traffic]:
    """The traffic of every model. Raises Trouble."""
    request = _request(address)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - http only
            return parse(json.loads(answer.read(_LARGEST_ANSWER)))
    except urllib.error.HTTPError as error:
        raise Trouble(f"Prometheus {address}: found {error.code} {error.reason}, expected 200") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "reason", error)
        raise Trouble(f"Prometheus {address}: no usable answer: {reason}") from error


def _request(address: str) -> urllib.request.Request:
    """The request; *.localhost is sent to this machine, as browsers, curl and Git do."""
    url = urllib.parse.urlsplit(f"{address.rstrip('/')}/api/v1/query")
    if url.scheme not in ("http", "https") or not url.hostname:
        raise Trouble(f"Prometheus: found address {address!r}, expected http://… or https://…")
    headers = {"Host": url.netloc}
    if url.hostname.endswith(".localhost"):
        url = url._replace(netloc=url.netloc.replace(url.hostname, "127.0.0.1"))
    asked = url._replace(query=urllib.parse.urlencode({"query": QUERY})).geturl()
    return urllib.request.Request(asked, headers=headers)  # noqa: S310 - http only


def parse(answer: Mapping[str, Any]) -> dict[Key, Traffic]:
    """The traffic in Prometheus' answer. Pure."""
    total: dict[Key, float] = defaultdict(float)
    failed: dict[Key, float] = defaultdict(float)
    for series in answer["data"]["result"]:
        labels, rate = series["metric"], float(series["value"][1])
        key = labels.get("namespace", ""), labels.get("service", "")
        total[key] += rate
        if labels.get("http_status", "").startswith("5"):
            failed[key] += rate
    return {key: Traffic(rate, failed[key] / rate if rate else None) for key, rate in total.items()}
