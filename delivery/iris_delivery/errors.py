"""The two bad ends of a job, each one line: refused (nothing was changed), or waited for in vain."""


class Refused(Exception):  # noqa: N818 - the outcome's name in every package
    """Where, found, expected or the way out. Exit 2, nothing changed."""

    def __init__(self, where: object, found: str, way_out: str) -> None:
        """Keep it one line, whatever a file or a program said."""
        line = f"{where}: {found}; {way_out}"
        super().__init__("".join(letter if letter.isprintable() else " " for letter in line))


class Unreachable(Exception):  # noqa: N818
    """The cluster did not answer this time; it may the next."""
