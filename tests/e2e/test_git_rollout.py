"""Flux waits for a rollout up to an hour: not when a commit reverts it, nor when it is held.

The times are logged, not asserted: they are those of the machine (`--log-cli-level=INFO` shows them).
"""

import logging
import time
from dataclasses import dataclass
from typing import Any, Final

import pytest
from iris_api import readiness
from iris_local_cluster.up import models, run

from tests.e2e.clone import Clone, flux_until, model_file
from tests.e2e.prometheus import eventually
from tests.e2e.stage import UpRun

pytestmark = pytest.mark.e2e
log = logging.getLogger(__name__)

NAME: Final = "stepped"
_FILE: Final = f"clusters/local/models/{NAME}.yaml"
_WHERE: Final = f"--namespace={models.NAMESPACE}"
_GATEWAY: Final = {"name": "traefik", "namespace": "traefik"}


@dataclass(frozen=True, slots=True)
class Stepped:
    """A model whose versions get a share of the requests first; it gets none, so nothing can be proven."""

    clone: Clone
    up_run: UpRun

    def declare(self, version: str, *, step_seconds: int) -> str:
        rollout = {
            "strategy": "Canary",
            "steps": [20, 50],
            "stepSeconds": step_seconds,
            "decideSeconds": 1,
        }
        spec = {
            "version": version,
            "replicas": 1,
            "resources": {"requests": {"cpu": "10m"}},
            "route": {"type": "Gateway", "host": f"{NAME}.kube.two.inc", "gateway": _GATEWAY},
            "rollout": rollout,
        }
        self.clone.write(_FILE, model_file(NAME, **spec))
        return self.clone.push(f"Serve {version} by steps of {step_seconds} s")

    def body(self) -> dict[str, Any]:
        return dict(self.up_run.kubectl.read("irismodel", NAME, _WHERE))

    def state(self) -> str:
        body = self.body()
        return str(body["status"].get("rollout", {}).get("state", "")) if readiness.is_current(body) else ""

    def share(self) -> int:
        """Of the candidate, in the route."""
        [rule] = self.up_run.kubectl.read("httproute", NAME, _WHERE)["spec"]["rules"]
        shares = {each["name"]: each.get("weight", 1) for each in rule["backendRefs"]}
        return int(shares.get(f"{NAME}-canary", 0))


@pytest.fixture
def stepped(up_run: UpRun, clone: Clone) -> Stepped:
    listing = clone.read("clusters/local/models/kustomization.yaml")
    clone.write(
        "clusters/local/models/kustomization.yaml",
        listing.replace("  - ../version.yaml\n", f"  - ../version.yaml\n  - {NAME}.yaml\n"),
    )
    model = Stepped(clone, up_run)
    clone.applied(model.declare(run.FIRST, step_seconds=600))
    return model


def test_flux_does_not_wait_for_a_rollout_that_was_reverted_or_is_held(
    up_run: UpRun, clone: Clone, stepped: Stepped
) -> None:
    stepped.declare(run.SECOND, step_seconds=600)
    eventually(lambda: stepped.share() == 20, stepped.body)
    flux_until(up_run, "Kustomization", "models", lambda each: each.reason == "Progressing")
    clone.git("revert", "--no-edit", "HEAD")
    commit = clone.push("Serve what was served before")
    pushed = time.monotonic()
    eventually(lambda: stepped.body()["spec"]["version"] == run.FIRST, stepped.body)
    declared = time.monotonic()
    eventually(lambda: stepped.share() == 0, stepped.body)
    withdrawn = time.monotonic()
    clone.applied(commit)

    stepped.declare(run.SECOND, step_seconds=1)
    eventually(lambda: stepped.state() == "Held", stepped.body)
    held = time.monotonic()
    failed = flux_until(up_run, "Kustomization", "models", lambda each: each.ready == "False")

    log.info("%.1f s from the push of a revert until it is declared", declared - pushed)
    log.info("%.1f s from there until the candidate gets no request", withdrawn - declared)
    log.info("%.1f s from Held to a failed Kustomization", time.monotonic() - held)
    assert f"IrisModel/iris/{NAME} status: 'Failed'" in failed.message
    assert stepped.body()["status"]["servingVersion"] == run.FIRST
