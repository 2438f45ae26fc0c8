"""Completes `kubectl iris`: kubectl runs `kubectl_complete-iris` with the words so far.

The answer has kubectl's own format: a candidate per line, then a directive as a number.
"""

import io
import os
import shlex
import sys
from collections.abc import Sequence
from typing import Final

import argcomplete

from iris_cli.__main__ import parser

_NO_FILES: Final = 4
_NO_SPACE: Final = 2


def main(words: Sequence[str] | None = None) -> int:
    *before, last = sys.argv[1:] if words is None else words
    found = _candidates(before, last)
    unfinished = len(found) == 1 and found[0].endswith(("/", "="))
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.stdout.write(f":{_NO_FILES | (_NO_SPACE if unfinished else 0)}\n")
    return 0


def _candidates(before: Sequence[str], last: str) -> list[str]:
    """argcomplete's candidates, requested through environment variables as a shell does."""
    line = f"{shlex.join(['iris', *before])} {last}"
    asked = {"COMP_LINE": line, "COMP_POINT": str(len(line))}
    form = {"_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_DFS": "\t", "_ARGCOMPLETE_SUPPRESS_SPACE": "1"}
    os.environ.update({"_ARGCOMPLETE": "1", **asked, **form})
    answer = io.StringIO()
    # Like kubectl: options only after a dash.
    argcomplete.autocomplete(parser(), False, exit_method=lambda _: None, output_stream=answer)
    return [each.rstrip("\t") for each in answer.getvalue().splitlines()]
