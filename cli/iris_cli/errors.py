"""The failures of a command, one line each."""


class Trouble(Exception):  # noqa: N818 - an outcome: the question could not be answered
    """Where, what was found, and what was expected or what to do."""


class Refused(Trouble):
    """The API server refused; `reason` is its word, such as NotFound or Forbidden."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
