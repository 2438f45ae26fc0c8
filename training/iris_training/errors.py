"""Errors that the user can correct: where, what was found, what was expected; one line for each fault."""

LONGEST_QUOTE = 60
# More lines would scroll the first ones off the screen.
MOST_SHOWN = 20


class Invalid(Exception):  # noqa: N818 - the outcome's name in every package
    """The user must change the input, the options or the machine: exit 2, nothing written."""

    def __init__(self, where: object, found: str, expected: str) -> None:
        """Keep it one line, whatever a path or a cell contains."""
        line = f"{where}: found {found}, expected {expected}"
        self.lines = ["".join(letter if letter.isprintable() else "?" for letter in line)]
        super().__init__(self.lines[0])


class Faults:
    """All faults of one input, which are reported together."""

    def __init__(self) -> None:
        self._shown: list[Invalid] = []
        self._count = 0

    def __bool__(self) -> bool:
        return self._count > 0

    def add(self, fault: Invalid) -> None:
        """Only the first faults are kept, and the number of the others: a file may have a million."""
        self._count += 1
        if self._count <= MOST_SHOWN:
            self._shown.append(fault)

    def refusal(self) -> Invalid:
        """One error with a line for each."""
        first = self._shown[0]
        first.lines = [line for fault in self._shown for line in fault.lines]
        if self._count > MOST_SHOWN:
            first.lines.append(f"and {self._count - MOST_SHOWN} more faults")
        return first


def counted(number: int, noun: str) -> str:
    """A count for a message: 1 row, 2 rows."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def quote(value: str, longest: int = LONGEST_QUOTE) -> str:
    """A cell for a message: quoted, and shortened if it is long."""
    return repr(value if len(value) <= longest else value[:longest] + "…")
