"""Tags and pull request versions in a real clone with a real remote."""

import pytest
from iris_delivery import __main__ as command

from tests.delivery.conftest import Clone


@pytest.fixture
def released(clone: Clone) -> Clone:
    """v1.4.0 is known to the remote only: a fresh clone without tags must not tag it again."""
    clone.git("tag", "v1.4.0")
    clone.git("push", "--quiet", "origin", "v1.4.0")
    clone.git("tag", "--delete", "v1.4.0")
    return clone


@pytest.mark.parametrize(
    ("size", "expected"),
    [("major", "2.0.0"), ("minor", "1.5.0"), ("patch", "1.4.1"), ("1.7.0-rc.1", "1.7.0-rc.1")],
)
def test_tags_head_with_the_next_version(
    released: Clone, capsys: pytest.CaptureFixture[str], size: str, expected: str
) -> None:
    assert released.run("bump", size, "--push") == 0

    assert capsys.readouterr().out == f"{expected}\n"
    assert released.git("rev-parse", f"v{expected}^{{}}") == released.git("rev-parse", "HEAD")
    assert f"refs/tags/v{expected}" in released.git("ls-remote", "--tags", "origin")


def test_the_first_release_needs_no_tag_before_it(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    assert clone.run("bump", "minor") == 0

    assert capsys.readouterr().out == "0.1.0\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("1.4.0", "tag v1.4.0: exists; the next are 2.0.0, 1.5.0, 1.4.1"),
        ("1.3.9", "1.3.9: goes backward, the latest is 1.4.0; the next are 2.0.0, 1.5.0, 1.4.1"),
        ("1.4.0-rc.1", "1.4.0-rc.1: goes backward, the latest is 1.4.0"),
        ("huge", "version: found 'huge'; expected MAJOR.MINOR.PATCH"),
        ("minor --remote lost --push", "remote lost: not found"),
    ],
)
def test_release_refuses_in_one_line_and_tags_nothing(
    released: Clone, capsys: pytest.CaptureFixture[str], words: str, message: str
) -> None:
    assert released.run("bump", *words.split()) == 2

    assert capsys.readouterr().err.startswith(f"iris-delivery: {message}")
    assert released.git("tag", "--list") == ""


def test_release_refuses_a_dirty_tree(released: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    (released.root / "clusters" / "promotion.yaml").write_text("environments: [dev]\n")

    assert released.run("bump", "minor") == 2

    assert "work tree: 1 changed, first clusters/promotion.yaml" in capsys.readouterr().err


def test_a_dry_run_tags_nothing(released: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    assert released.run("bump", "minor", "--dry-run") == 0

    assert capsys.readouterr().out == f"would tag {released.git('rev-parse', 'HEAD')} as v1.5.0\n"
    assert released.git("tag", "--list") == ""


def test_a_pull_request_gets_a_version_of_its_own(
    released: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    assert released.run("pr-version", "--pull-request", "17", "--commit", "0123456789abcdef") == 0

    assert capsys.readouterr().out == "1.4.1-pr.17.g0123456\n"


def test_outside_of_a_clone_says_so(
    clone: Clone, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("elsewhere")

    assert command.main([f"--repository={folder}", "bump", "minor"]) == 2
    assert "run it in a clone, or name one with --repository" in capsys.readouterr().err
