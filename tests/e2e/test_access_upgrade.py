"""On the node, under load: from a server without access keys to one that has them, and back to its image.

Two clients send all the while, one with a key and one without. Nothing is from Git: what is tested is the
node, the servers and the operator.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from iris_api import readiness
from iris_api.readiness import Readiness
from iris_local_cluster.images import project_images
from iris_local_cluster.progress import Progress
from iris_local_cluster.up import models, run

from tests.e2e import before_keys
from tests.e2e.clone import model_body
from tests.e2e.stage import UpRun
from tests.harness.callers import Caller
from tests.model_server import access

pytestmark = pytest.mark.e2e

NAME: Final = "doors"
HOST: Final = f"{NAME}.kube.two.inc"
BEFORE, TODAY = "0.9.0", run.SECOND
_WHERE: Final = f"--namespace={models.NAMESPACE}"
_LIST: Final = {"keys": [access.entry("shop", access.GOOD)]}


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the model: when it was declared, when its status was as expected, and that status."""

    declared: float
    reached: float
    status: Readiness


@dataclass(frozen=True, slots=True)
class Seen:
    """The four changes, and what both clients were answered."""

    upgrade: Step
    close: Step
    back: Step
    reopen: Step
    keyed: Caller
    keyless: Caller

    def others(self, caller: Caller, *expected: int) -> list[str]:
        """Every other outcome, with its seconds since the upgrade was declared."""
        return [
            f"{each.began - self.upgrade.declared:+.1f} s: {each.outcome}"
            for each in caller.answers
            if each.outcome not in expected
        ]


def body(version: str, **more: Any) -> dict[str, Any]:
    return model_body(NAME, version=version, replicas=2, resources={"requests": {"cpu": "10m"}}, **more)


def until(up_run: UpRun, reached: Callable[[Readiness], bool], *, seconds: float = 120) -> Readiness:
    deadline = time.monotonic() + seconds
    while not reached(now := readiness.of(up_run.kubectl.read("irismodel", NAME, _WHERE))):
        assert time.monotonic() < deadline, now
        time.sleep(0.3)
    return now


def ready(now: Readiness) -> bool:
    return now.ready


def stalled(now: Readiness) -> bool:
    return now.stalled


@dataclass(frozen=True, slots=True)
class UnderLoad:
    """Makes one change after the other while both clients send."""

    up_run: UpRun
    callers: tuple[Caller, ...]

    def change(self, wanted: dict[str, Any], reached: Callable[[Readiness], bool]) -> Step:
        declared = time.monotonic()
        self.up_run.kubectl.apply(wanted)
        status = until(self.up_run, reached)
        step = Step(declared, time.monotonic(), status)
        for caller in self.callers:
            caller.wait_for_more(10)
        return step


def walked(up_run: UpRun, folder: Path) -> Seen:
    project_images.push(before_keys.build(BEFORE, folder), up_run.cluster.registry, Progress())
    up_run.kubectl.apply(body(BEFORE))
    until(up_run, ready)
    models.predict(up_run.cluster.ingress, HOST)
    with ExitStack() as stack:
        keyed, keyless = (
            stack.enter_context(Caller(up_run.cluster.ingress, HOST, key)) for key in (access.GOOD, "")
        )
        load = UnderLoad(up_run, (keyed, keyless))
        return Seen(
            upgrade=load.change(body(TODAY), ready),
            close=load.change(body(TODAY, access=_LIST), ready),
            back=load.change(body(BEFORE, access=_LIST), stalled),
            reopen=load.change(body(BEFORE), ready),
            keyed=keyed,
            keyless=keyless,
        )


@pytest.fixture(scope="module")
def seen(up_run: UpRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    try:
        yield walked(up_run, tmp_path_factory.mktemp("before"))
    finally:
        up_run.kubectl.run("delete", "irismodel", NAME, _WHERE, "--ignore-not-found")


def test_no_request_with_a_key_is_lost(seen: Seen) -> None:
    assert seen.others(seen.keyed, 200) == []


def test_no_request_without_a_key_is_lost_while_the_model_is_declared_open(seen: Seen) -> None:
    assert seen.upgrade.status.serving == TODAY
    assert seen.keyless.outcomes(until=seen.close.declared) == {200}
    assert seen.reopen.status.serving == BEFORE
    assert seen.keyless.outcomes(since=seen.reopen.reached) == {200}


def test_no_request_without_a_key_is_answered_from_ready_until_the_model_is_declared_open(seen: Seen) -> None:
    assert seen.keyless.outcomes(since=seen.close.reached, until=seen.reopen.declared) == {401}


def test_a_request_without_a_key_is_answered_or_refused_while_the_pods_change(seen: Seen) -> None:
    assert seen.others(seen.keyless, 200, 401) == []


def test_the_image_of_the_release_before_never_serves_a_closed_model(seen: Seen) -> None:
    now = seen.back.status

    assert (now.reason, now.ready, now.serving) == ("ServerTooOld", False, TODAY), now.message
    assert "a server of a release without --management-port" in now.message
