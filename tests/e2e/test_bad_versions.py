"""A version that cannot serve never stops the old one, has its reason in the status, and can be reverted.

Three models get one bad version each, all in one commit, each under load from inside the
node's network: not one request may fail.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from iris_api.readiness import Readiness
from iris_local_cluster import paths
from iris_local_cluster.flux.flux_status import FluxObject
from iris_local_cluster.images import project_images
from iris_local_cluster.progress import Progress
from iris_local_cluster.up import load_client, models, run
from iris_local_cluster.up.load_client import Report

from tests.e2e.clone import Clone, flux_until
from tests.e2e.stage import UpRun

pytestmark = pytest.mark.e2e

GOOD = run.SECOND
_RATE = 10.0
# Small requests: old and new pods of three models together, on a node of two cores.
_MODEL = """\
apiVersion: serving.two.inc/v1alpha1
kind: IrisModel
metadata: {{name: {name}, namespace: iris}}
spec:
  version: {version}
  image: {{repository: registry.local:5000/iris-server, pullPolicy: Always}}
  replicas: 1
  resources: {{requests: {{cpu: 10m}}}}
  route: {{type: Ingress, host: {name}.kube.two.inc, className: traefik}}
"""


@dataclass(frozen=True, slots=True)
class Bad:
    """A version that cannot serve, the model that gets it, its reason, and when that must be known."""

    name: str
    version: str
    reason: str
    seconds: float

    @property
    def host(self) -> str:
        return f"{self.name}.kube.two.inc"


MISSING = Bad("missing", "9.9.9", "ImagePullFailed", 90)
OTHER_MODEL = Bad("other", "2.0.0", "ArtifactRejected", 60)
CRASHING = Bad("crashing", "3.0.0", "PodsCrashing", 180)
ALL = (MISSING, OTHER_MODEL, CRASHING)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the client of one model saw; its status when stuck, after so many seconds, and when reverted."""

    report: Report
    stuck: Readiness
    known_after: float
    reverted: Readiness


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said of all three."""

    outcomes: dict[Bad, Outcome]
    flux: FluxObject


def push_images(up_run: UpRun) -> None:
    """One whose tag says one version and whose model is another; one that ends as soon as it starts."""
    other = project_images.build_server(run.FIRST, paths.ARTIFACTS, Progress(), tag=OTHER_MODEL.version)
    good = project_images.build_server(GOOD, paths.ARTIFACTS, Progress())
    crash = """CMD ["python3", "-c", "raise SystemExit('no such thing')"]"""
    crashing = project_images.build_derived(good, good.name, CRASHING.version, crash, Progress())
    for image in (other, crashing):
        project_images.push(image, up_run.cluster.registry, Progress())


def declare(clone: Clone, versions: dict[Bad, str], subject: str) -> str:
    documents = [_MODEL.format(name=bad.name, version=version) for bad, version in versions.items()]
    clone.write("clusters/local/models/three.yaml", "---\n".join(documents))
    return clone.push(subject)


def stuck(up_run: UpRun, *, since: float) -> dict[Bad, tuple[Readiness, float]]:
    """Wait until each is known to be stuck, or much too late."""
    found: dict[Bad, tuple[Readiness, float]] = {}
    while len(found) < len(ALL):
        for bad in ALL:
            now, passed = models.look(up_run.kubectl, bad.name), time.monotonic() - since
            assert passed < 2 * CRASHING.seconds, (bad.name, now)
            if bad not in found and now.declared == bad.version and now.stalled:
                found[bad] = now, passed
        time.sleep(0.3)
    return found


def clients(up_run: UpRun, entered: ExitStack) -> Sequence[load_client.Watch]:
    address = up_run.cluster.ingress_inside()
    watch = [
        entered.enter_context(
            load_client.watch(up_run.cluster.entered, address=address, host=bad.host, rate=_RATE)
        )
        for bad in ALL
    ]
    _more(watch)
    return watch


def _more(watch: Sequence[load_client.Watch]) -> None:
    for seen in watch:
        seen.wait_for(seen.report.requests + int(3 * _RATE))


@pytest.fixture(scope="module")
def three(up_run: UpRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Verdict]:
    push_images(up_run)
    clone = Clone.of(up_run, tmp_path_factory.mktemp("bad") / "iris")
    before = clone.head()
    listing = clone.read("clusters/local/models/kustomization.yaml")
    clone.write(
        "clusters/local/models/kustomization.yaml",
        listing.replace("  - ../version.yaml\n", "  - ../version.yaml\n  - three.yaml\n"),
    )
    try:
        clone.applied(declare(clone, dict.fromkeys(ALL, GOOD), "Three models that serve"))
        with ExitStack() as entered:
            watch = clients(up_run, entered)
            since = time.monotonic()
            declare(clone, {bad: bad.version for bad in ALL}, "A bad version for each")
            said = flux_until(up_run, "Kustomization", "models", lambda each: "failed early" in each.message)
            known = stuck(up_run, since=since)
            _more(watch)
            clone.git("revert", "--no-edit", "HEAD")
            clone.applied(clone.push("Serve what was served before"))
            _more(watch)
        reverted = [models.look(up_run.kubectl, bad.name) for bad in ALL]
        yield Verdict(
            {
                bad: Outcome(seen.report, *known[bad], now)
                for bad, seen, now in zip(ALL, watch, reverted, strict=True)
            },
            said,
        )
    finally:
        clone.restore(before)


@pytest.mark.parametrize("bad", ALL, ids=[bad.reason for bad in ALL])
def test_a_version_that_cannot_serve_harms_nobody(three: Verdict, bad: Bad) -> None:
    outcome = three.outcomes[bad]

    assert outcome.report.failed == 0, outcome.report.failures
    assert set(outcome.report.versions) == {GOOD}
    assert outcome.stuck.serving == GOOD
    assert not outcome.stuck.ready


@pytest.mark.parametrize("bad", ALL, ids=[bad.reason for bad in ALL])
def test_the_reason_is_known_in_time(three: Verdict, bad: Bad) -> None:
    outcome = three.outcomes[bad]

    assert outcome.stuck.reason == bad.reason, outcome.stuck.message
    assert outcome.known_after <= bad.seconds


def test_the_message_names_what_is_missing_or_different(three: Verdict) -> None:
    assert f"iris-server:{MISSING.version}" in three.outcomes[MISSING].stuck.message
    assert run.FIRST in three.outcomes[OTHER_MODEL].stuck.message
    assert OTHER_MODEL.version in three.outcomes[OTHER_MODEL].stuck.message


def test_flux_fails_early_naming_the_model(three: Verdict) -> None:
    """Long before its timeout of ten minutes: as soon as the operator says that it cannot be served."""
    assert (three.flux.ready, three.flux.reason) == ("False", "HealthCheckFailed")
    assert any(f"IrisModel/iris/{bad.name} status: 'Failed'" in three.flux.message for bad in ALL)


@pytest.mark.parametrize("bad", ALL, ids=[bad.reason for bad in ALL])
def test_reverting_is_the_cure(three: Verdict, bad: Bad) -> None:
    now = three.outcomes[bad].reverted

    assert (now.declared, now.serving, now.ready, now.stalled) == (GOOD, GOOD, True, False)
