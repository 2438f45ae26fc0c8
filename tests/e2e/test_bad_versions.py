"""A new version that cannot serve never takes the old one down, says why in time, and goes away by reverting.

Each case runs under a steady client from inside the node's network: not one request may fail.
"""

import time
from dataclasses import dataclass

import pytest
from iris_local_cluster import images, models, paths, steady, story
from iris_local_cluster.progress import Progress

from tests.e2e.clone import Clone
from tests.e2e.stage import Told

pytestmark = pytest.mark.e2e

GOOD = story.SECOND


@dataclass(frozen=True, slots=True)
class Bad:
    """A version that cannot serve: its reason, and the seconds it may take to be known."""

    version: str
    reason: str
    seconds: float


MISSING = Bad("9.9.9", "ImagePullFailed", 90)
OTHER_MODEL = Bad("2.0.0", "ArtifactRejected", 60)
CRASHING = Bad("3.0.0", "PodsCrashing", 180)


def push_other_model(told: Told) -> None:
    """An image whose tag says one version and whose model is another."""
    image = images.build_server(story.FIRST, paths.ARTIFACTS, Progress(), tag=OTHER_MODEL.version)
    images.push(image, told.cluster.registry, Progress())


def push_crashing(told: Told) -> None:
    """An image that ends as soon as it starts."""
    good = images.build_server(GOOD, paths.ARTIFACTS, Progress())
    crash = ["python3", "-c", "raise SystemExit('no such thing')"]
    image = images.build_derived(good, CRASHING.version, crash, Progress())
    images.push(image, told.cluster.registry, Progress())


def declare_under_load(told: Told, clone: Clone, bad: Bad) -> tuple[steady.Report, models.Standing, float]:
    """Commit it, wait until it is known to be stuck, go back, wait until all is well again."""
    clone.serve(GOOD)
    with steady.watch(told.cluster.entered, address=told.cluster.ingress_inside(), host=story.HOST) as seen:
        seen.wait_for(story.RATE)
        declared = time.monotonic()
        clone.declare(bad.version)
        stuck = models.wait(
            told.kubectl, lambda now: now.declared == bad.version and now.stalled, seconds=bad.seconds + 120
        )
        known_after = time.monotonic() - declared
        seen.wait_for(seen.report.requests + 3 * story.RATE)
        clone.serve(GOOD)
        seen.wait_for(seen.report.requests + story.RATE)
    return seen.report, stuck, known_after


def require_harmless(bad: Bad, outcome: tuple[steady.Report, models.Standing, float]) -> None:
    report, stuck, known_after = outcome
    assert stuck.reason == bad.reason, stuck.message
    assert not stuck.ready
    assert stuck.serving == GOOD
    assert known_after <= bad.seconds
    assert report.failed == 0, report.failures
    assert set(report.versions) == {GOOD}


def test_an_image_that_does_not_exist_harms_nobody(told: Told, clone: Clone) -> None:
    outcome = declare_under_load(told, clone, MISSING)

    require_harmless(MISSING, outcome)


def test_an_image_with_another_model_than_declared_harms_nobody(told: Told, clone: Clone) -> None:
    push_other_model(told)

    outcome = declare_under_load(told, clone, OTHER_MODEL)

    require_harmless(OTHER_MODEL, outcome)
    assert story.FIRST in outcome[1].message
    assert OTHER_MODEL.version in outcome[1].message


def test_a_pod_that_crashes_at_start_harms_nobody(told: Told, clone: Clone) -> None:
    push_crashing(told)

    outcome = declare_under_load(told, clone, CRASHING)

    require_harmless(CRASHING, outcome)
