"""Why a question could not be answered, in one line each."""


class Trouble(Exception):  # noqa: N818 - an outcome: the question could not be answered
    """Where, found, expected or the way out."""


class Refused(Trouble):
    """The API server's own no; `reason` is its word, such as NotFound or Forbidden."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
