"""The limits of one client: bytes, seconds, connections."""

from dataclasses import dataclass

from iris_model_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one client may use."""

    head_bytes: int
    head_seconds: float
    body_seconds: float
    idle_seconds: float
    connections: int


def of(settings: Settings) -> Limits:
    """The limits in these settings."""
    return Limits(
        head_bytes=settings.max_head_bytes,
        head_seconds=settings.head_seconds,
        body_seconds=settings.body_seconds,
        idle_seconds=settings.keep_alive_seconds,
        connections=settings.max_connections,
    )
