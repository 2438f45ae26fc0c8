"""What the users of a model were promised. Dashboard and alerts measure against it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Objectives:
    """Shares of requests over 30 days."""

    availability_per_mille: int  # not answered with 5xx
    latency_milliseconds: int  # within which 99 of 100 predictions are answered
