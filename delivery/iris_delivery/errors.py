"""The failures of a job, one line each: refused before any change, unfinished, unreachable."""


def _line(where: object, found: str, way_out: str) -> str:
    """One line, whatever a file or a program contains."""
    text = f"{where}: {found}; {way_out}"
    return "".join(letter if letter.isprintable() else " " for letter in text)


class Refused(Exception):  # noqa: N818 - the outcome's name in every package
    """Where, what was found, and what was expected or what to do. Exit code 2; nothing changed."""

    def __init__(self, where: object, found: str, way_out: str) -> None:
        super().__init__(_line(where, found, way_out))


class Unfinished(Exception):  # noqa: N818
    """Where, what was found, and what remains. Exit code 6."""

    def __init__(self, where: object, found: str, left: str) -> None:
        super().__init__(_line(where, found, left))


class Unreachable(Exception):  # noqa: N818
    """The cluster or the remote did not answer; a retry may succeed."""
