"""What stops a training: where, what was found, what was expected, in one line for each fault."""

LONGEST_QUOTE = 60
# More would scroll the first ones away.
MOST_SHOWN = 20


class Invalid(Exception):  # noqa: N818 - the outcome's name in every package
    """The user must change the input, the options or the machine: exit 2, nothing written."""

    def __init__(self, where: object, found: str, expected: str) -> None:
        """Keep it one line, whatever a path or a cell holds."""
        line = f"{where}: found {found}, expected {expected}"
        self.lines = ["".join(letter if letter.isprintable() else "?" for letter in line)]
        super().__init__(self.lines[0])


class Faults:
    """All that is wrong with one input, to be refused at once."""

    def __init__(self) -> None:
        self._shown: list[Invalid] = []
        self._count = 0

    def __bool__(self) -> bool:
        return self._count > 0

    def add(self, fault: Invalid) -> None:
        """Beyond the first ones only their number is kept: a file may have a million."""
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


def quote(value: str) -> str:
    """A cell as it stands in a message: quoted, and short even when the cell is not."""
    return repr(value if len(value) <= LONGEST_QUOTE else value[:LONGEST_QUOTE] + "…")
