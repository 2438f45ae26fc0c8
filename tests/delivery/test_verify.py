"""Waiting for an environment: each of the four answers, on virtual time and as a command."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from iris_delivery import verify
from iris_delivery.comparison import Comparison
from iris_delivery.errors import Unreachable
from iris_delivery.verify import Clock, Outcome

from tests.delivery.conftest import Clone, condition, model


class Time:
    """A clock that only pausing moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def pause(self, seconds: float) -> None:
        self.now += seconds


def _wait(
    looks: Iterator[Comparison], superseded: Callable[[], str | None] = lambda: None
) -> tuple[Outcome, list[str], float]:
    time, reported = Time(), list[str]()
    clock = Clock(lambda: time.now, time.pause)
    outcome = verify.wait(lambda: next(looks), superseded, clock, seconds=60, report=reported.append)
    return outcome, reported, time.now


def _repeat(*several: Comparison) -> Iterator[Comparison]:
    yield from several
    while True:
        yield several[-1]


WAITING, SERVING = Comparison("waiting", "rolling"), Comparison("serving", "serves 1.4.0")


def test_verify_waits_until_it_serves_and_tells_each_change_once() -> None:
    looks = _repeat(WAITING, WAITING, Comparison("waiting", "almost"), SERVING)

    outcome, reported, _ = _wait(looks)

    assert outcome == Outcome("serving", "serves 1.4.0")
    assert reported == ["rolling", "almost"]


def test_a_stalled_version_is_not_waited_for() -> None:
    outcome, _, seconds = _wait(_repeat(WAITING, Comparison("stalled", "ImagePullFailed: no such tag")))

    assert outcome == Outcome("stalled", "ImagePullFailed: no such tag")
    assert seconds < 5


def test_silence_is_failure_and_says_what_was_last_seen() -> None:
    outcome, _, seconds = _wait(_repeat(WAITING))

    assert outcome == Outcome("silent", "not serving after 60 s; last seen: rolling")
    assert 60 <= seconds < 65


def test_a_later_commit_ends_the_wait_though_the_cluster_serves() -> None:
    outcome, _, _ = _wait(_repeat(SERVING), lambda: "1.4.0 was replaced by 1.5.0")

    assert outcome == Outcome("superseded", "1.4.0 was replaced by 1.5.0")


def test_a_remote_that_is_silent_for_a_moment_does_not_end_the_wait() -> None:
    """A fetch was cut off in the middle, and the whole wait with it."""
    answers = iter([None, "git fetch origin main: cut off", None])

    def superseded() -> str | None:
        if (said := next(answers)) is not None:
            raise Unreachable(said)
        return None

    outcome, reported, _ = _wait(_repeat(*[WAITING] * 12, SERVING), superseded)

    assert outcome == Outcome("serving", "serves 1.4.0")
    assert reported == ["rolling", "git fetch origin main: cut off; retrying in 15 s"]


def test_a_remote_that_never_answered_is_refused(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    assert clone.run("verify", "--environment=dev", "--branch=nowhere") == 2

    assert "remote: git fetch origin nowhere: couldn't find remote ref" in capsys.readouterr().err


def test_git_is_asked_far_less_often_than_the_cluster() -> None:
    asked = list[None]()

    _wait(_repeat(WAITING), lambda: asked.append(None))

    assert 3 <= len(asked) <= 6


def test_the_command_says_that_it_serves(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    assert clone.run("verify", "--environment", "dev") == 0

    assert capsys.readouterr().out.startswith("dev: irismodel iris/iris: serves 1.4.0 (sha256:")


def test_the_command_gives_the_operators_reason(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    stalled = condition("Stalled", "True", "ArtifactRejected", "found 1.3.0, expected 1.4.0")
    clone.serves("dev", model("1.4.0", conditions=[stalled]))

    assert clone.run("verify", "--environment", "dev") == 3

    assert "stalled: irismodel iris/iris: ArtifactRejected: found 1.3.0" in capsys.readouterr().err


GATE = {
    "name": "failed", "verdict": "Fail", "canaryPerMille": 62, "stablePerMille": 1, "lowPerMille": 14,
    "highPerMille": 128, "requests": 128,
}  # fmt: skip


def _in_rollout(reason: str, **gate: object) -> dict[str, Any]:
    body = model("1.4.0", conditions=[condition("Stalled", "True", reason, "1.3.0 serves")])
    body["spec"]["rollout"] = {"gates": {"failedPerMille": 10}}
    body["status"]["rollout"] = {"gates": [GATE | gate, {"name": "shift", "verdict": "NotJudged"}]}
    return body


def test_a_version_that_was_rolled_back_ends_with_its_numbers(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.serves("dev", _in_rollout("RolledBack"))

    assert clone.run("verify", "--environment", "dev") == 7

    assert capsys.readouterr().err == (
        "iris-delivery: dev: rolled-back: irismodel iris/iris: RolledBack: 1.3.0 serves; gate failed Fail: "
        "62 against 1, difference 14 to 128 per 1,000, at most 10 (128 requests)\n"
    )


def test_a_rollout_that_is_held_is_not_waited_for(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    clone.serves("dev", _in_rollout("RolloutHeld", verdict="NotEnough", lowPerMille=-9, needed=700))

    assert clone.run("verify", "--environment", "dev") == 3

    told = capsys.readouterr().err
    assert "stalled: irismodel iris/iris: RolloutHeld: 1.3.0 serves; gate failed NotEnough: " in told
    assert told.endswith("(128 requests, needs about 700 more)\n")


@pytest.mark.parametrize(
    ("arguments", "warned"),
    [("--feature-gates=Another=true", True), ("--feature-gates=CancelHealthCheckOnNewRevision=true", False)],
)
def test_an_environment_whose_flux_holds_back_a_revert_is_warned_about(
    clone: Clone, capsys: pytest.CaptureFixture[str], arguments: str, warned: bool
) -> None:
    folder = clone.root / "clusters" / "dev" / "flux-system"
    folder.mkdir(parents=True)
    (folder / "gotk-components.yaml").write_text("args: []\n")
    (folder / "kustomization.yaml").write_text(f"patches: [{arguments}]\n")
    clone.commit("Connect dev")
    clone.git("push", "--quiet", "origin", "main")

    assert clone.run("verify", "--environment", "dev") == 0

    told = "dev: warning: clusters/dev/flux-system: found no CancelHealthCheckOnNewRevision=true"
    assert (told in capsys.readouterr().err) is warned


def test_the_command_tells_a_later_commit_from_a_failure(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = clone.git("rev-parse", "HEAD")
    clone.commit("Another", dev="1.5.0")
    clone.git("push", "--quiet", "origin", "main")
    clone.git("reset", "--quiet", "--hard", mine)

    assert clone.run("verify", "--environment", "dev") == 4

    assert "superseded: 1.4.0 (sha256:1" in capsys.readouterr().err


def test_a_later_commit_to_something_else_supersedes_nothing(clone: Clone) -> None:
    mine = clone.git("rev-parse", "HEAD")
    clone.commit("Another environment", prod="1.4.0")
    clone.git("push", "--quiet", "origin", "main")
    clone.git("reset", "--quiet", "--hard", mine)

    assert clone.run("verify", "--environment", "dev") == 0


def test_a_cluster_that_says_nothing_ends_in_failure(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    clone.serves("dev", "error: connection refused")

    assert clone.run("verify", "--environment", "dev", "--timeout", "1") == 5

    assert "last seen: context dev: kubectl: error: connection refused" in capsys.readouterr().err


def test_a_commit_that_was_never_pushed_is_refused(clone: Clone, capsys: pytest.CaptureFixture[str]) -> None:
    clone.commit("Only here", dev="1.4.1")

    assert clone.run("verify", "--environment", "dev") == 2

    assert "not on origin/main, so Flux never sees it; push it" in capsys.readouterr().err
