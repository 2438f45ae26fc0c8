"""The traffic of a model, as Prometheus counts it. Plain data: who shows it needs no HTTP client."""

from dataclasses import dataclass

Key = tuple[str, str]  # namespace and name of an IrisModel, which are those of its Service


@dataclass(frozen=True, slots=True)
class Traffic:
    """The traffic of one model over five minutes, and its errors over 30 days where they were asked for."""

    requests_per_second: float
    error_share: float | None  # share of 5xx answers; None without requests
    month_error_share: float | None = None
