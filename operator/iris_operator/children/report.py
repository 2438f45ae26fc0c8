"""What a child's own controller reports in the child's status. Pure."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Report:
    """Whether the child does what it is for; reason and message of the condition that its module names."""

    works: bool | None  # None: not known
    reason: str  # empty: there is nothing to report yet
    message: str
    since: datetime | None = None
    overdue: "Report | None" = (
        None  # replaces this one once the progress deadline has passed, from `since` on
    )
