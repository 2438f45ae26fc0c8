"""What stops a training in one line: where, what was found, what was expected."""

LONGEST_QUOTE = 60


class Invalid(Exception):  # noqa: N818 - the outcome's name in every package
    """The user must change the input, the options or the machine: exit 2, nothing written."""

    def __init__(self, where: object, found: str, expected: str) -> None:
        """Keep it one line, whatever a path or a cell holds."""
        line = f"{where}: found {found}, expected {expected}"
        super().__init__("".join(letter if letter.isprintable() else "?" for letter in line))


def quote(value: str) -> str:
    """A cell as it stands in a message: quoted, and short even when the cell is not."""
    return repr(value if len(value) <= LONGEST_QUOTE else value[:LONGEST_QUOTE] + "…")
