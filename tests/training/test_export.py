"""Publishing a version: whole or not at all, whatever step fails and whenever the process dies."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from iris_training import export
from iris_training.errors import Invalid
from iris_training.export import Disk

FILES = {"m.joblib": b"weights", "m.png": b"picture", "m.md": b"words", "m.json": b"card"}
OTHER = {"old.joblib": b"old weights", "old.json": b"old card", "notes.txt": b"mine"}


class FailingDisk(Disk):
    """A real disk on which one step fails; when dead, every later step fails too, as after a kill."""

    def __init__(self, fails_at: int, *, number: int = errno.ENOSPC, dead: bool = False) -> None:
        self.steps = 0
        self.fails_at = fails_at
        self.number = number
        self.dead = dead

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.fails_at or (self.dead and self.steps > self.fails_at):
            raise OSError(self.number, os.strerror(self.number))

    def make_folder(self, folder: Path) -> None:
        self.step()
        super().make_folder(folder)

    @contextlib.contextmanager
    def locked(self, folder: Path) -> Iterator[None]:
        self.step()
        with super().locked(folder):
            yield

    def make_staging(self, folder: Path) -> Path:
        self.step()
        return super().make_staging(folder)

    def write(self, path: Path, content: bytes) -> None:
        super().write(path, content[: len(content) // 2])
        self.step()
        super().write(path, content)

    def sync(self, folder: Path) -> None:
        self.step()
        super().sync(folder)

    def rename(self, source: Path, target: Path) -> None:
        self.step()
        super().rename(source, target)

    def remove(self, path: Path) -> None:
        self.step()
        super().remove(path)


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() if path.is_file() else b"" for path in folder.iterdir()}


def steps_of_a_save(folder: Path) -> int:
    counting = FailingDisk(fails_at=0)
    export.save(FILES, folder, counting)
    return counting.steps


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An output folder that holds another version and a file of the user's."""
    made = tmp_path / "artifacts"
    made.mkdir()
    for name, content in OTHER.items():
        (made / name).write_bytes(content)
    return made


def test_a_published_version_has_every_file_and_no_other(folder: Path) -> None:
    export.save(FILES, folder, Disk())

    assert content_of(folder) == OTHER | FILES


def test_the_output_folder_and_its_parents_are_created(tmp_path: Path) -> None:
    export.save(FILES, tmp_path / "a" / "b", Disk())

    assert content_of(tmp_path / "a" / "b") == FILES


def test_an_existing_version_is_never_overwritten(folder: Path) -> None:
    export.save(FILES, folder, Disk())

    with pytest.raises(Invalid, match=r"m\.json: found this version already there"):
        export.save(dict.fromkeys(FILES, b"new"), folder, Disk())

    assert content_of(folder) == OTHER | FILES


def test_a_failed_step_leaves_no_file(tmp_path: Path, folder: Path) -> None:
    steps = steps_of_a_save(tmp_path / "counted")

    for step in range(1, steps):
        with pytest.raises(Invalid) as refused:
            export.save(FILES, folder, FailingDisk(step))

        assert str(refused.value) == (
            f"{folder}: found No space left on device, expected room for a few hundred kilobytes"
        )
        assert content_of(folder) == OTHER, f"step {step}"


def test_a_leftover_that_stays_does_not_fail_a_published_version(tmp_path: Path, folder: Path) -> None:
    last = steps_of_a_save(tmp_path / "counted")

    export.save(FILES, folder, FailingDisk(last))

    assert FILES.items() <= {path.name: path.read_bytes() for path in folder.glob("m.*")}.items()
    assert_whole_or_repairable(folder)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EIO])
def test_an_error_of_the_disk_is_reported_in_one_line(folder: Path, number: int) -> None:
    with pytest.raises(Invalid) as refused:
        export.save(FILES, folder, FailingDisk(4, number=number))

    assert (
        str(refused.value) == f"{folder}: found {os.strerror(number)}, expected a place that can be written"
    )


def test_a_card_means_a_complete_artifact_wherever_the_disk_failed(tmp_path: Path, folder: Path) -> None:
    steps = steps_of_a_save(tmp_path / "counted")

    for step in range(1, steps):
        with pytest.raises(Invalid):
            export.save(FILES, folder, FailingDisk(step, dead=True))

        assert_whole_or_repairable(folder)


def assert_whole_or_repairable(folder: Path) -> None:
    """Judge what a death left, repair it by a later run, and take the version away again."""
    left = content_of(folder)
    assert OTHER.items() <= left.items()
    if "m.json" in left:
        assert FILES.items() <= left.items()
        (folder / "m.json").unlink()
    export.save(FILES, folder, Disk())
    assert content_of(folder) == OTHER | FILES
    for name in FILES:
        (folder / name).unlink()


def test_a_file_of_the_user_stays_when_it_cannot_be_replaced(folder: Path) -> None:
    (folder / "m.md").mkdir()
    (folder / "m.md" / "thesis.txt").write_bytes(b"years of work")

    with pytest.raises(Invalid, match="Is a directory"):
        export.save(FILES, folder, Disk())

    assert (folder / "m.md" / "thesis.txt").read_bytes() == b"years of work"
    assert not (folder / "m.joblib").exists()


def test_an_interrupted_export_leaves_no_file(folder: Path) -> None:
    class Interrupted(Disk):
        def rename(self, source: Path, target: Path) -> None:
            if target.name == "m.md":
                raise KeyboardInterrupt
            super().rename(source, target)

    with pytest.raises(KeyboardInterrupt):
        export.save(FILES, folder, Interrupted())

    assert content_of(folder) == OTHER


def test_an_existing_version_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "m.json").write_bytes(b"card")

    for output, found in {
        tmp_path / "file": "which is not a folder",
        tmp_path / "file" / "below": "which is not a folder",
        tmp_path: "this version already there",
    }.items():
        with pytest.raises(Invalid, match=found):
            export.refuse(output, "m.json")
    export.refuse(tmp_path / "new" / "deep", "m.json")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "m.json"]


def test_sample_never_replaces_a_file(tmp_path: Path) -> None:
    path = tmp_path / "data" / "iris.csv"

    export.save_sample(path, b"sample", Disk())
    export.save_sample(path, b"other", Disk())

    assert content_of(path.parent) == {"iris.csv": b"sample"}


def test_the_sample_file_is_complete_or_missing(tmp_path: Path) -> None:
    counting = FailingDisk(fails_at=0)
    export.save_sample(tmp_path / "counted" / "iris.csv", b"sample", counting)

    for step in range(1, counting.steps):
        path = tmp_path / "data" / "iris.csv"
        with pytest.raises(Invalid, match="found No space left on device"):
            export.save_sample(path, b"sample", FailingDisk(step))

        assert not path.exists()


KILLED_AT_A_STEP = """
import os, signal, sys
from pathlib import Path
from iris_training import export
from tests.training.test_export import FILES, FailingDisk

class Killer(FailingDisk):
    def step(self):
        self.steps += 1
        if self.steps == self.fails_at:
            os.kill(os.getpid(), signal.SIGKILL)

export.save(FILES, Path(sys.argv[1]), Killer(int(sys.argv[2])))
"""


@pytest.mark.process
def test_a_card_means_a_complete_artifact_wherever_the_process_was_killed(
    tmp_path: Path, folder: Path
) -> None:
    steps = steps_of_a_save(tmp_path / "counted")

    for step in range(1, steps + 1):
        killed = subprocess.run(
            [sys.executable, "-c", KILLED_AT_A_STEP, str(folder), str(step)], timeout=60, check=False
        )

        assert killed.returncode == -signal.SIGKILL
        assert_whole_or_repairable(folder)


SAVES_ONE = """
import sys
from pathlib import Path
from iris_training import errors, export
from tests.training.test_export import FILES

sys.stdin.read()
try:
    export.save({name: sys.argv[2].encode() for name in FILES}, Path(sys.argv[1]), export.Disk())
except errors.Invalid as error:
    sys.exit("already there" in str(error) and 3)
"""


@pytest.mark.process
def test_one_of_many_writers_of_a_version_wins(folder: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", SAVES_ONE, str(folder), str(number)], stdin=subprocess.PIPE)
        for number in range(6)
    ]
    for writer in writers:
        assert writer.stdin
        writer.stdin.close()

    codes = [writer.wait(timeout=60) for writer in writers]

    winner = codes.index(0)
    assert sorted(codes) == [0, 3, 3, 3, 3, 3]
    assert content_of(folder) == OTHER | dict.fromkeys(FILES, str(winner).encode())
