"""Everything that a call can raise:

IrisError
├── Refused        the server says no, and would say it again: a wrong input, a wrong address
├── Unavailable    no answer within the retries: asking later can help
└── WrongVersion   an answer, but of another model than the one asked for
"""


class IrisError(Exception):
    """What all of these are."""


class Refused(IrisError):  # noqa: N818 - an outcome, named as the server names it
    """The server refused; `faults` names each wrong field with what was found and expected."""

    def __init__(self, status: int, detail: str, faults: tuple[tuple[str, str, str], ...] = ()) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail
        self.faults = faults


class Unavailable(IrisError):  # noqa: N818
    """Every attempt failed; the message says how the last one did."""


class WrongVersion(IrisError):  # noqa: N818
    """Another version answered than the one that must."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"model_version: {found}, expected {expected}")
        self.found = found
        self.expected = expected
