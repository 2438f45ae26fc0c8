"""What a pod has counted of its requests, from its own metrics. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

_NOT_ASKED: Final = frozenset({"/livez", "/readyz", "/metrics"})
_BATCH: Final = "/api/v1/predict/batch"
_REFUSED: Final = frozenset({"400", "422"})


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counts of requests: of one container since it started, or of all pods of a version in one step."""

    requests: int = 0
    failed: int = 0
    refused: int = 0
    predictions: int = 0  # without batches, whose time depends on their size
    slow: int = 0  # of these
    calls: int = 0  # of the model
    classes: Mapping[str, int] = field(default_factory=dict)  # of rows

    @property
    def rows(self) -> int:
        return sum(self.classes.values())

    def __add__(self, other: "Traffic") -> "Traffic":
        return self._combined(other, 1)

    def __sub__(self, other: "Traffic") -> "Traffic":
        return self._combined(other, -1)

    def _combined(self, other: "Traffic", sign: int) -> "Traffic":
        names = sorted({*self.classes, *other.classes})
        return Traffic(
            self.requests + sign * other.requests,
            self.failed + sign * other.failed,
            self.refused + sign * other.refused,
            self.predictions + sign * other.predictions,
            self.slow + sign * other.slow,
            self.calls + sign * other.calls,
            {name: self.classes.get(name, 0) + sign * other.classes.get(name, 0) for name in names},
        )


@dataclass(frozen=True, slots=True)
class PodTraffic:
    """The counts of one container's life: another life begins at nothing."""

    pod: str  # its uid
    container: str
    traffic: Traffic


Sample = tuple[str, Mapping[str, str], float]  # name, labels, value


def read(samples: Iterable[Sample], *, milliseconds: int) -> Traffic:
    """The counts in a server's metrics; slow is what took longer than `milliseconds`."""
    counted: Counter[str] = Counter()
    classes: Counter[str] = Counter()
    for name, labels, value in samples:
        if name == "prediction_distribution_total":
            classes[labels["prediction_label"]] += int(value)
        counted.update({part: int(value) for part in _parts(name, labels, milliseconds / 1000)})
    slow = counted["predictions"] - counted["quick"]
    fields = {part: counted[part] for part in ("requests", "failed", "refused", "predictions", "calls")}
    return Traffic(**fields, slow=slow, classes=dict(classes))


def _parts(name: str, labels: Mapping[str, str], bound: float) -> Iterator[str]:
    if name == "http_requests_total" and labels["route"] not in _NOT_ASKED:
        yield "requests"
        if labels["http_status"].startswith("5"):
            yield "failed"
        if labels["http_status"] in _REFUSED:
            yield "refused"
    elif name == "inference_requests_total" and labels["status"] == "success":
        yield "calls"
    elif labels.get("method") == "POST" and labels.get("route") not in (*_NOT_ASKED, _BATCH):
        if name == "http_request_duration_seconds_count":
            yield "predictions"
        elif name == "http_request_duration_seconds_bucket" and float(labels["le"]) == bound:
            yield "quick"
