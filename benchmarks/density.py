"""`make bench-density`: measures the cost of one idle model on a real node, with 50 of them.

It runs on the cluster of `make up`, in a namespace that it deletes at the end, with one pod per model. The
kubelet counts what pods use. One JSON line per figure on standard output, progress on standard error.
"""

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from iris_api import readiness
from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.kubectl import Kubectl

NAMESPACE: Final = "density"
_PATIENCE: Final = 900.0
_SETTLE_SECONDS: Final = 20.0
_MEGABYTE: Final = 1024 * 1024
_SAMPLE: Final = re.compile(
    r'^(container_cpu_usage_seconds_total|container_memory_working_set_bytes)\{container="(?P<container>[^"]*)"'
    r',namespace="(?P<namespace>[^"]*)",pod="(?P<pod>[^"]*)"\} (?P<value>\S+) (?P<milliseconds>\d+)$'
)
_SERVERS: Final = (NAMESPACE, "server")
_OPERATORS: Final = ("iris-system", "operator")


@dataclass(frozen=True, slots=True)
class Used:
    """The resource usage of one container when the kubelet measured it."""

    cpu_seconds: float
    memory_bytes: float
    at: float  # seconds


def used(exposition: str) -> dict[tuple[str, str, str], Used]:
    """Read the usage of each (namespace, container, pod) from the kubelet's /metrics/resource."""
    found: dict[tuple[str, str, str], dict[str, tuple[float, float]]] = {}
    for line in exposition.splitlines():
        if sample := _SAMPLE.match(line):
            container = sample["namespace"], sample["container"], sample["pod"]
            used = float(sample["value"]), int(sample["milliseconds"]) / 1000
            found.setdefault(container, {})[sample[1]] = used
    cpu, memory = "container_cpu_usage_seconds_total", "container_memory_working_set_bytes"
    return {
        container: Used(used[cpu][0], used[memory][0], used[cpu][1])
        for container, used in found.items()
        if cpu in used and memory in used
    }


def costs(
    before: Mapping[tuple[str, str, str], Used],
    after: Mapping[tuple[str, str, str], Used],
    of: tuple[str, str],
) -> list[tuple[float, float]]:
    """Thousandths of a core between two readings, and megabytes at the second, of each container."""
    return [
        (
            (now.cpu_seconds - before[container].cpu_seconds) / (now.at - before[container].at) * 1000,
            now.memory_bytes / _MEGABYTE,
        )
        for container, now in after.items()
        if container[:2] == of and container in before and now.at > before[container].at
    ]


def measure(kubectl: Kubectl, size: int, version: str, seconds: float) -> None:
    names = [f"density-{index:03}" for index in range(size)]
    began = time.monotonic()
    kubectl.apply(*(_model(name, version) for name in names))
    _until_ready(kubectl, size)
    _tell("serve_s", time.monotonic() - began, "s")
    time.sleep(_SETTLE_SECONDS)
    before = _look(kubectl)
    _say(f"all {size} serve; idle for {seconds:g} s")
    time.sleep(seconds)
    after = _look(kubectl)
    for name, containers in (("model", _SERVERS), ("operator", _OPERATORS)):
        found = costs(before, after, containers)
        if not found or (name == "model" and len(found) != size):
            raise LocalClusterError(
                f"the kubelet reported {len(found)} pods of the {name}, expected all that idled"
            )
        _tell(f"{name}_cpu_millicores", statistics.mean(cpu for cpu, _ in found), "m")
        _tell(f"{name}_memory_mb", statistics.mean(memory for _, memory in found), "MB")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, default=50, help="number of models (default 50)")
    parser.add_argument(
        "--version", default="1.0.0", help="a release that the cluster can pull (default 1.0.0)"
    )
    parser.add_argument(
        "--seconds", type=float, default=120, help="duration of the idle measurement (default 120)"
    )
    options = parser.parse_args()
    kubectl = Kubectl(paths.KUBECONFIG)
    try:
        kubectl.run(
            "create", "namespace", NAMESPACE
        )  # fails if it exists, because then it is not ours to delete
        try:
            measure(kubectl, options.models, options.version, options.seconds)
        finally:
            _say(f"deleting namespace {NAMESPACE}")
            kubectl.run("delete", "namespace", NAMESPACE, "--ignore-not-found", seconds=_PATIENCE)
    except LocalClusterError as error:
        sys.stderr.write(f"bench-density: {error}\n")
        return 2
    return 0


def _model(name: str, version: str) -> dict[str, Any]:
    # The node allows 110 pods and has two cores: the requests of the pods must not be the limit.
    resources = {"requests": {"cpu": "10m", "memory": "64Mi"}}
    image = {"repository": "registry.local:5000/iris-server"}
    return {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"version": version, "image": image, "replicas": 1, "resources": resources},
    }


def _until_ready(kubectl: Kubectl, size: int) -> None:
    deadline, shown = time.monotonic() + _PATIENCE, -1
    while True:
        ready = _ready(kubectl.read("irismodels", f"--namespace={NAMESPACE}")["items"])
        if ready != shown:
            _say(f"{ready} of {size} serve")
            shown = ready
        if ready == size:
            return
        if time.monotonic() > deadline:
            raise LocalClusterError(f"{ready} of {size} models serve after {_PATIENCE:g} s")
        time.sleep(2)


def _ready(found: Sequence[Mapping[str, Any]]) -> int:
    return sum(readiness.of(model).ready for model in found)


def _look(kubectl: Kubectl) -> dict[tuple[str, str, str], Used]:
    [node] = kubectl.read("nodes")["items"]
    return used(
        kubectl.run("get", "--raw", f"/api/v1/nodes/{node['metadata']['name']}/proxy/metrics/resource")
    )


def _tell(name: str, value: float, unit: str) -> None:
    sys.stdout.write(json.dumps({"figure": f"density.{name}", "value": round(value, 2), "unit": unit}) + "\n")
    sys.stdout.flush()


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
