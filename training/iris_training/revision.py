"""The commit of this code, for the card. Asks git and reads nothing else."""

from pathlib import Path

from iris_programs.git import Git
from iris_programs.process import ProgramFailed

CODE = Path(__file__)


def of(file: Path = CODE) -> str | None:
    """The commit, with `-dirty` after a change that is not committed; None where git does not track the file.

    Installed below somebody else's repository, the file is not tracked there, and that commit is not ours.
    """
    git = Git(file.parent)
    try:
        git.run("ls-files", "--error-unmatch", file.name)
        return git.run("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*").strip()
    except ProgramFailed:
        return None
