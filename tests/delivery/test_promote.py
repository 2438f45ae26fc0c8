"""Promotion in a real clone: one commit to one file, and every way to be refused changes nothing."""

from typing import Any

import pytest
from iris_delivery import declaration
from iris_delivery.declaration import Release

from tests.delivery.conftest import DIGEST, SERVER, Clone, condition, declared, model, serving


def test_promote_moves_version_and_digest_unchanged(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    assert clone.run("promote", "--from", "dev", "--to", "stage") == 0

    assert clone.declares("stage") == clone.declares("dev") == Release("1.4.0", DIGEST)
    assert clone.git("diff", "--name-only", "HEAD~1") == "clusters/stage/version.yaml"
    assert capsys.readouterr().out.strip() == clone.git("rev-parse", "HEAD")
    assert clone.git("log", "-1", "--format=%s") == "Promote 1.4.0 to stage"
    assert clone.git("status", "--porcelain") == ""


def test_a_dry_run_prints_the_diff_and_changes_nothing(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    before = clone.git("rev-parse", "HEAD")

    assert clone.run("promote", "--to", "stage", "--dry-run") == 0

    diff = capsys.readouterr().out
    assert "--- a/clusters/stage/version.yaml\n+++ b/clusters/stage/version.yaml\n" in diff
    assert "-  version: 1.3.0 # the one\n+  version: 1.4.0 # the one\n" in diff
    assert clone.git("rev-parse", "HEAD") == before
    assert clone.git("status", "--porcelain") == ""


def test_promote_pushes_a_new_branch_for_a_pull_request(clone: Clone) -> None:
    assert clone.run("promote", "--to", "stage", "--branch", "deploy/stage-1.4.0", "--push") == 0

    clone.git("fetch", "--quiet")
    assert clone.declares("stage", "origin/deploy/stage-1.4.0").version == "1.4.0"
    assert clone.declares("stage", "origin/main").version == "1.3.0"


def test_the_second_time_there_is_nothing_to_do(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    clone.run("promote", "--to", "stage")
    before = clone.git("rev-parse", "HEAD")
    capsys.readouterr()

    assert clone.run("promote", "--to", "stage") == 0

    assert capsys.readouterr() == ("", "iris-delivery: stage already declares this release\n")
    assert clone.git("rev-parse", "HEAD") == before


def test_a_release_enters_the_first_environment_by_its_tag(clone: Clone) -> None:
    clone.git("tag", "v1.5.0")
    digest = f"sha256:{'5' * 64}"

    assert clone.run("promote", "--to", "dev", "--version", "1.5.0", "--digest", digest) == 0

    assert clone.declares("dev") == Release("1.5.0", digest)


def test_the_digest_of_a_model_apart_is_pinned_and_the_server_stays(clone: Clone) -> None:
    clone.write("dev", declared("1.4.0", apart=True))
    clone.commit("The model is an image of its own")
    clone.git("tag", "v1.5.0")
    digest = f"sha256:{'5' * 64}"

    assert clone.run("promote", "--to", "dev", "--version", "1.5.0", "--digest", digest) == 0

    text = clone.git("show", f"HEAD:{declaration.path('dev')}")
    assert text == declared("1.5.0", digest, apart=True).strip()


def test_the_image_that_a_promotion_pins_is_printed(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    clone.write("dev", declared("1.4.0", apart=True))
    clone.commit("The model is an image of its own in dev only")

    for environment in ("dev", "stage"):
        assert clone.run("pinned", "--environment", environment) == 0

    assert capsys.readouterr().out == "spec.artifact.image\nspec.image\n"


def _apart(version: str, digest: str | None = DIGEST) -> dict[str, Any]:
    """Serves a model of its own image."""
    found = serving(version, SERVER)
    return found | {"spec": found["spec"] | {"artifact": {"image": {"digest": digest}}}}


def test_a_model_apart_is_promoted_only_when_the_cluster_serves_its_digest(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.write("dev", declared("1.4.0", apart=True))
    clone.write("stage", declared("1.3.0", apart=True))
    clone.commit("The model is an image of its own")
    for answer, why in (
        (serving("1.4.0"), "spec.artifact: the cluster has none, version.yaml declares one"),
        (_apart("1.4.0", SERVER), "the cluster still declares 1.4.0"),
    ):
        clone.serves("dev", answer)
        assert clone.run("promote", "--to", "stage") == 2
        assert why in capsys.readouterr().err

    clone.serves("dev", _apart("1.4.0"))
    assert clone.run("promote", "--to", "stage") == 0

    assert clone.declares("stage") == Release("1.4.0", DIGEST, apart=True)


def test_promote_refuses_the_digest_of_a_model_where_server_and_model_are_one_image(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.write("dev", declared("1.4.0", apart=True))
    clone.commit("The model is an image of its own in dev only")
    clone.serves("dev", _apart("1.4.0"))

    assert clone.run("promote", "--to", "stage") == 2

    line = "clusters/stage/version.yaml: has no spec.artifact, unlike the release 1.4.0 (sha256:1"
    assert capsys.readouterr().err.startswith(f"iris-delivery: {line}")
    assert clone.declares("stage") == Release("1.3.0", DIGEST)


def test_promote_refuses_a_model_apart_that_version_yaml_does_not_declare(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.serves("dev", _apart("1.4.0"))

    assert clone.run("promote", "--to", "stage") == 2

    assert "spec.artifact: the cluster has one, version.yaml declares none" in capsys.readouterr().err


STALLED = condition("Stalled", "True", "ImagePullFailed", "registry says no")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "--from dev --to prod",
            "dev to prod: skips stage; first: iris-delivery promote --from dev --to stage",
        ),
        ("--from stage --to dev", "stage to dev: goes backward; to go back: iris-delivery rollback"),
        ("--to qa", "environment: found 'qa'; expected one of dev, stage, prod"),
        ("--to dev", "--version: missing; dev takes a release"),
        ("--to dev --version 9.9.9", "tag v9.9.9: not found; first: iris-delivery bump 9.9.9 --push"),
        ("--to dev --version 1.x", "version: found '1.x'"),
        ("--to stage --version 1.9.0", "--version 1.9.0: dev declares 1.4.0; promote it to dev first"),
        ("--to stage --digest sha256:0", f"--digest sha256:0: dev declares {DIGEST}"),
        ("--to stage --context lost", "context lost: not in the kubeconfig (it has: dev, stage); name one"),
        ("--to stage --push --remote lost", "remote lost: not found; name one with --remote"),
        ("--to stage --branch main", "git switch: a branch named 'main' already exists; choose another"),
        ("", "options: the following arguments are required: --to; iris-delivery promote --help"),
    ],
)
def test_promote_refuses_in_one_line_with_the_way_out(
    clone: Clone, capsys: pytest.CaptureFixture[str], words: str, message: str
) -> None:
    before = clone.git("rev-parse", "HEAD")

    assert clone.run("promote", *words.split()) == 2

    refusal = capsys.readouterr().err
    assert refusal.startswith(f"iris-delivery: {message}")
    assert refusal.count("\n") == 1
    assert clone.git("rev-parse", "HEAD") == before
    assert clone.git("branch", "--show-current") == "main"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "irismodel iris/iris: not found yet"),
        (serving("1.3.0"), "the cluster still declares 1.3.0"),
        (serving("1.4.0", f"sha256:{'9' * 64}"), "the cluster still declares 1.4.0"),
        (serving("1.4.0") | {"metadata": {"generation": 4}}, "the operator has not observed 1.4.0 yet"),
        (model("1.4.0", conditions=[STALLED]), "ImagePullFailed: registry says no"),
        (model("1.4.0"), "no condition yet"),
        (serving("1.4.0") | {"status": {"observedGeneration": 3}}, "no condition yet"),
        ("error: You must be logged in to the server", "kubectl: error: You must be logged in"),
    ],
)
def test_promote_refuses_what_is_not_ready_in_the_former_environment(
    clone: Clone, capsys: pytest.CaptureFixture[str], answer: dict[str, object] | str, why: str
) -> None:
    clone.serves("dev", answer)

    assert clone.run("promote", "--to", "stage") == 2

    assert why in capsys.readouterr().err
    assert clone.declares("stage").version == "1.3.0"


def test_promote_refuses_a_dirty_tree(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    clone.write("prod", declared("1.2.0"))

    assert clone.run("promote", "--to", "stage") == 2

    refusal = capsys.readouterr().err
    assert refusal.startswith(
        "iris-delivery: work tree: 1 changed, first clusters/prod/version.yaml; commit or"
    )


def test_a_refused_push_leaves_the_clone_as_it_was(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody else pushed in between."""
    mine = clone.git("rev-parse", "HEAD")
    clone.commit("Theirs")
    clone.git("push", "--quiet", "origin", "main")
    clone.git("reset", "--quiet", "--hard", mine)

    assert clone.run("promote", "--to", "stage", "--push") == 2

    assert clone.git("rev-parse", "HEAD") == mine
    assert clone.git("status", "--porcelain") == ""
    assert "git pull, then run it again" in capsys.readouterr().err


def test_line_endings_stay(clone: Clone) -> None:
    path = clone.root / "clusters/stage/version.yaml"
    path.write_bytes(declared("1.3.0").replace("\n", "\r\n").encode())
    clone.git("commit", "--quiet", "--all", "--message=Windows")

    clone.run("promote", "--to", "stage")

    assert path.read_bytes() == declared("1.4.0").replace("\n", "\r\n").encode()


def test_the_next_environment_is_printed_and_nothing_after_the_last(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    for environment in ("dev", "stage", "prod"):
        assert clone.run("next", "--environment", environment) == 0

    assert capsys.readouterr().out == "stage\nprod\n"
