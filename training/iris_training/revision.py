"""The commit of this code, for the card. Runs git and reads nothing else."""

import subprocess
from pathlib import Path

CODE = Path(__file__)


def of(file: Path = CODE) -> str | None:
    """The commit, with `-dirty` after a change that is not committed; None where git does not track the file.

    Installed below somebody else's repository, the file is not tracked there, and that commit is not ours.
    """
    if _git(file, "ls-files", "--error-unmatch", file.name) is None:
        return None
    return _git(file, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")


def _git(file: Path, *words: str) -> str | None:
    command = ["git", "-C", str(file.parent), *words]
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
