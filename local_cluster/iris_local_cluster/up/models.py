"""IrisModels from a user's side: read the status, wait for a version, request a prediction."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
from iris_api import readiness
from iris_api.readiness import Readiness

from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.up import load_client

NAMESPACE = "iris"
NAME = "iris"
_PODS = f"app.kubernetes.io/name=iris-server,app.kubernetes.io/instance={NAME}"


ABSENT = Readiness("", "", False, False, False, "", "not there yet", "")


def look(kubectl: Kubectl, name: str = NAME) -> Readiness:
    found = kubectl.run(
        "get", "irismodel", name, f"--namespace={NAMESPACE}", "--output=json", "--ignore-not-found"
    )
    return readiness.of(json.loads(found)) if found.strip() else ABSENT


def wait(
    kubectl: Kubectl,
    reached: Callable[[Readiness], bool],
    *,
    note: Callable[[str], None] = lambda _: None,
    seconds: float = 300,
) -> Readiness:
    """Wait until the predicate holds; the error has the last status."""
    deadline = time.monotonic() + seconds
    while True:
        now = look(kubectl)
        if reached(now):
            return now
        if time.monotonic() > deadline:
            raise LocalClusterError(
                f"irismodel {NAME}: after {seconds:.0f} s: {now.reason or 'no reason'}: {now.message}"
            )
        note(f"{now.reason}: {now.message}" if now.reason else "waiting for the operator")
        time.sleep(0.3)


def wait_until_serving(
    kubectl: Kubectl, version: str, *, note: Callable[[str], None], seconds: float = 300
) -> None:
    """Wait until it is declared, Ready and proven; a stalled rollout fails at once."""

    def decided(now: Readiness) -> bool:
        return now.declared == version and (now.ready or now.stalled)

    now = wait(kubectl, decided, note=note, seconds=seconds)
    if not now.ready or now.serving != version:
        raise LocalClusterError(
            f"irismodel {NAME}: serves {now.serving}, expected {version}: {now.reason}: {now.message}"
        )


def wait_until_settled(kubectl: Kubectl, *, seconds: float = 120) -> None:
    """Wait until only pods of the declared version are left."""
    deadline = time.monotonic() + seconds
    while True:
        version = look(kubectl).declared
        pods = kubectl.read("pods", f"--namespace={NAMESPACE}", f"--selector={_PODS}")["items"]
        if {pod["metadata"]["labels"].get("app.kubernetes.io/version") for pod in pods} == {version}:
            return
        if time.monotonic() > deadline:
            raise LocalClusterError(f"pods of irismodel {NAME}: not all of {version} after {seconds:.0f} s")
        time.sleep(0.3)


def predict(address: str, host: str, *, seconds: float = 60) -> dict[str, Any]:
    """Request a prediction through the ingress, which may need a moment to read a new route."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = httpx.post(
                f"http://{address}/api/v1/predict",
                json=load_client.FLOWER,
                headers={"Host": host},
                timeout=10,
                trust_env=False,
            )
            if answer.status_code == httpx.codes.OK:
                return dict(answer.json())
            found = f"status {answer.status_code}"
        except httpx.HTTPError as error:
            found = type(error).__name__
        if time.monotonic() > deadline:
            raise LocalClusterError(f"http://{address} for host {host}: {found}, expected a prediction")
        time.sleep(0.3)
