"""Requests a reconciliation at once, as `flux reconcile` does, and reads who wrote an object and when."""

import itertools
import time
from typing import Any

from iris_local_cluster.kubectl import Kubectl

from tests.e2e.stage import UpRun

CHILDREN = (
    "deployments,services,ingresses,horizontalpodautoscalers,serviceaccounts,configmaps,"
    "poddisruptionbudgets,networkpolicies"
)
_asked = itertools.count(1)


def reconcile(up_run: UpRun, kind: str, name: str, *, namespace: str, seconds: float = 120) -> None:
    """Until Flux has handled this very request."""
    token = f"{time.time_ns()}-{next(_asked)}"
    place = (f"{kind}/{name}", f"--namespace={namespace}")
    up_run.kubectl.run("annotate", *place, "--overwrite", f"reconcile.fluxcd.io/requestedAt={token}")
    handled = "--for=jsonpath={.status.lastHandledReconcileAt}=" + token
    up_run.kubectl.run("wait", *place, handled, f"--timeout={seconds:.0f}s", seconds=seconds + 30)
    up_run.kubectl.run(
        "wait", *place, "--for=condition=Ready", f"--timeout={seconds:.0f}s", seconds=seconds + 30
    )


def objects_of(kubectl: Kubectl, model: str, *, namespace: str) -> list[dict[str, Any]]:
    """The model and everything that the operator keeps for it."""
    place = (f"--namespace={namespace}", "--show-managed-fields")
    labels = f"--selector=app.kubernetes.io/instance={model},app.kubernetes.io/managed-by=iris-operator"
    children: list[dict[str, Any]] = kubectl.read(CHILDREN, *place, labels)["items"]
    return [kubectl.read("irismodel", model, *place), *children]


def writes(manifests: list[dict[str, Any]], manager: str) -> dict[str, str]:
    """Object to the moment of this manager's last write that changed something."""
    return {
        f"{each['kind']} {each['metadata']['name']}": entry["time"]
        for each in manifests
        for entry in each["metadata"].get("managedFields", [])
        if entry["manager"] == manager and "subresource" not in entry
    }
