"""The service level objectives of a model, which dashboard and alerts use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Objectives:
    """Shares of requests over 30 days."""

    availability_per_mille: int  # not answered with 5xx
    latency_milliseconds: int  # within which 99 of 100 predictions are answered
