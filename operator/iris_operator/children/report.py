"""What a child's own controller reports in the child's status. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Report:
    """Whether the child does what it is for; reason and message of the condition that its module names."""

    works: bool
    reason: str
    message: str
