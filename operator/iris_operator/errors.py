"""The exceptions of a pass; any other one goes to the queue's backoff.

Invalid         the user must change something: Stalled, retried when it changes
Waiting         nothing is wrong: the pass is retried after `seconds`
ClusterError    the API server refused or could not be reached
Incomplete      a child could not be made; the rest is done and in the status: retried
Unsupported     the operator cannot work in this cluster: the process ends
WatchBroken     a watch cannot be resumed: the process ends, and its restart is the cure
"""

from dataclasses import dataclass

from iris_api import reasons


class Invalid(Exception):  # noqa: N818 - an outcome, named as the status names it
    """The declaration cannot work; `reason` is one of `reasons`, the message: where, found, expected."""

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

    @property
    def is_final(self) -> bool:
        """Whether time alone does not cure it."""
        return 400 <= self.code < 500 and self.code != 429


@dataclass(frozen=True, slots=True)
class ChildFailure:
    """A child that is not as declared; `condition` is the type of the condition that it makes False."""

    condition: str
    reason: str
    message: str
    is_final: bool  # time alone does not cure it
    cause: Invalid | Waiting | ClusterError


def refused(condition: str, where: str, error: ClusterError) -> ChildFailure:
    """A write that the API server has refused."""
    return ChildFailure(condition, reasons.CHILD_REFUSED, f"{where}: {error}", error.is_final, error)


class Incomplete(Exception):  # noqa: N818 - an outcome
    """`again`: seconds until the next pass for another reason, or None."""

    def __init__(self, cause: Waiting | ClusterError, again: float | None) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.again = again


class Unsupported(Exception):  # noqa: N818 - an outcome
    """Where, what was found, what was expected."""


class WatchBroken(Exception):  # noqa: N818 - an outcome
    """A watch ended with an error that asking again does not cure."""
