"""Reads times and formats how long ago they were. Imports nothing of the operator, unlike `explanation`."""

from datetime import UTC, datetime, timedelta


def moment(text: str) -> datetime:
    """A time as Kubernetes writes it, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def age(passed: timedelta) -> str:
    """The age in the largest unit that gives at least two: 119 s, then 2 min."""
    seconds = max(0, int(passed.total_seconds()))
    for name, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"
