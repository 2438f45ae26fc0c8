"""The outcomes of a pass that have a type; everything else rises to the queue's backoff.

Invalid         the user must change something: Stalled, tried again when it changes
Waiting         nothing is wrong: the pass is tried again after `seconds`
ClusterError    the API server refused or could not be reached
Incomplete      a child could not be made; all else was done and the status says so: tried again
Unsupported     this cluster is not one that we can work in: the process ends
WatchBroken     we would not hear of changes any more: the process ends, its restart is the cure
"""

from dataclasses import dataclass


class Invalid(Exception):  # noqa: N818 - an outcome, named as the status names it
    """What was declared cannot work; `reason` is one of `reasons`, the message where, found, expected."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Waiting(Exception):  # noqa: N818 - an outcome, not a fault
    """Something else has to happen first."""

    def __init__(self, seconds: float, message: str) -> None:
        super().__init__(message)
        self.seconds = seconds
        self.message = message


class ClusterError(Exception):
    """An answer of the API server other than success; `code` 0 means that there was no answer.

    `ending`: nothing can be created there any more, because the namespace is being deleted.
    """

    def __init__(
        self, code: int, message: str, *, retry_after: float | None = None, ending: bool = False
    ) -> None:
        super().__init__(f"{code} {message}" if code else message)
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.ending = ending


@dataclass(frozen=True, slots=True)
class ChildFailure:
    """A child that is not as declared; `condition` is the type of the condition that it makes False."""

    condition: str
    reason: str
    message: str
    is_final: bool  # time alone does not cure it
    cause: Invalid | Waiting | ClusterError


class Incomplete(Exception):  # noqa: N818 - an outcome
    """`again`: seconds until the next pass for another reason, or None."""

    def __init__(self, cause: Waiting | ClusterError, again: float | None) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.again = again


class Unsupported(Exception):  # noqa: N818 - an outcome
    """Where, found, expected."""


class WatchBroken(Exception):  # noqa: N818 - an outcome
    """A watch ended with an error that asking again does not cure."""
