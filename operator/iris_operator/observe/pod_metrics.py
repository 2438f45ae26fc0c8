"""Reads from a pod's own metrics what it has counted of its requests: no Prometheus is needed."""

from collections.abc import Iterator
from typing import Final

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from iris_operator.observe import pod_http, traffic
from iris_operator.observe.traffic import PodTraffic, Sample
from iris_operator.observe.workload import Pod

PATH: Final = "/metrics"
# One feature has a line per bucket, class and route; a page of the sample model has 20 KiB.
_MOST_BYTES: Final = 4_194_304
# Reading the rest of the page would take most of the time.
_READ: Final = (
    "http_requests_total", "http_request_duration_seconds_", "inference_requests_total",
    "prediction_distribution_total",
)  # fmt: skip


async def read(session: aiohttp.ClientSession, pod: Pod, *, milliseconds: int) -> PodTraffic:
    """Raises pod_http.Failed."""
    status, raw = await pod_http.ask(session, pod, PATH, most_bytes=_MOST_BYTES)
    if status != 200:
        raise pod_http.Failed(f"pod {pod.name}: {PATH}: found {status}, expected 200")
    try:
        counts = traffic.read(samples(raw.decode()), milliseconds=milliseconds)
    except (ValueError, KeyError) as error:
        raise pod_http.Failed(f"pod {pod.name}: {PATH}: found no metrics of a server ({error})") from error
    return PodTraffic(pod.uid, pod.container_id, counts)


def samples(page: str) -> Iterator[Sample]:
    """Those that `traffic` reads."""
    wanted = "\n".join(line for line in page.splitlines() if line.startswith(_READ))
    for family in text_string_to_metric_families(f"{wanted}\n"):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value
