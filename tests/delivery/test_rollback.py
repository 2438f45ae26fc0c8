"""Rolling back in a real clone: to what the environment's own history declared."""

import pytest

from tests.delivery.conftest import Clone, declared


def test_rollback_goes_back_to_the_release_before(clone: Clone) -> None:
    clone.commit("Promote 1.4.0 to prod", prod="1.4.0")

    assert clone.run("rollback", "--environment", "prod") == 0

    assert clone.declares("prod").version == "1.3.0"
    assert clone.git("diff", "--name-only", "HEAD~1") == "clusters/prod/version.yaml"


def test_the_second_time_goes_further_back_and_never_forward_again(clone: Clone) -> None:
    clone.commit("Promote 1.4.0", prod="1.4.0")
    clone.commit("Promote 1.5.0", prod="1.5.0")

    clone.run("rollback", "--environment", "prod")
    clone.run("rollback", "--environment", "prod")

    assert clone.declares("prod").version == "1.3.0"


def test_rollback_goes_to_a_named_version_whatever_happened_to_it(clone: Clone) -> None:
    clone.commit("Promote 1.4.0", prod="1.4.0")
    clone.run("rollback", "--environment", "prod")

    assert clone.run("rollback", "--environment", "prod", "--to", "1.4.0") == 0

    assert clone.declares("prod").version == "1.4.0"


def test_rollback_needs_no_cluster_and_prints_a_diff_first(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.commit("Promote 1.4.0", prod="1.4.0")
    clone.serves("prod", "error: down")

    assert clone.run("rollback", "--environment", "prod", "--dry-run") == 0

    assert "+  version: 1.3.0" in capsys.readouterr().out
    assert clone.declares("prod").version == "1.4.0"


def test_rollback_refuses_a_release_from_before_the_model_was_an_image_of_its_own(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.write("prod", declared("1.4.0", apart=True))
    clone.commit("The model is an image of its own")

    assert clone.run("rollback", "--environment", "prod") == 2

    line = "clusters/prod/version.yaml: has spec.artifact, unlike the release 1.3.0 (sha256:1"
    assert capsys.readouterr().err.startswith(f"iris-delivery: {line}")
    assert clone.declares("prod").apart


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--environment prod", "clusters/prod/version.yaml: it never declared another than 1.3.0"),
        ("--environment prod --to 7.0.0", "clusters/prod/version.yaml: its history has no 7.0.0"),
        ("--environment qa", "environment: found 'qa'"),
    ],
)
def test_rollback_refuses_what_was_never_there(
    clone: Clone, capsys: pytest.CaptureFixture[str], words: str, message: str
) -> None:
    assert clone.run("rollback", *words.split()) == 2

    assert capsys.readouterr().err.startswith(f"iris-delivery: {message}")
