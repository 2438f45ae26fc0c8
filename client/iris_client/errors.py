"""The exceptions of a call:

IrisError
├── Refused        the server refused, and a retry would not help: a wrong input, a wrong address
├── Unavailable    no answer within the retries: a later call may succeed
└── WrongVersion   an answer of another version than the required one
"""


class IrisError(Exception):
    """The base class of all errors of a call."""


class Refused(IrisError):  # noqa: N818 - an outcome, named as the server names it
    """The server refused; `faults` names each wrong field with what was found and expected."""

    def __init__(self, status: int, detail: str, faults: tuple[tuple[str, str, str], ...] = ()) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.faults = faults


class Unavailable(IrisError):  # noqa: N818
    """Every attempt failed; the message has the failure of the last one."""


class WrongVersion(IrisError):  # noqa: N818
    """The answer is of another version than the required one."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"model_version: {found}, expected {expected}")
        self.found = found
        self.expected = expected
