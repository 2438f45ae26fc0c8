"""The environment of the operator's measurements: a real API server, and pods played by kwok.

Every pod has the loopback address of a real model server, chosen by its image tag, so the operator's
version checks are real. All models have the same name, each in its own namespace, so one server can answer
for all.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml
from iris_local_cluster import api_server
from iris_local_cluster.api_server import ApiServer
from iris_local_cluster.programs import binaries
from iris_local_cluster.progress import Progress
from iris_local_cluster.server_process import ServerProcess

from tests.harness import kubernetes, model_servers
from tests.harness.kubernetes import Cluster, Manifest

MODEL: Final = "iris"
ADDRESSES: Final = {"1.0.0": "127.0.89.1", "1.1.0": "127.0.89.2"}
CRDS: Final = tuple((Path(__file__).parents[1] / "crds").glob("*.serving.two.inc.yaml"))
_NODES: Final = 4
# Otherwise the node controller declares the nodes and their pods dead after 40 s.
_HEARTBEATS: Final = ("--node-lease-duration-seconds=40",)
_AT_ONCE: Final = 16
_READY: Final = """
conditions:
{{ range $type := list "Initialized" "Ready" "ContainersReady" }}
- {type: {{ $type }}, status: "True", lastTransitionTime: {{ Now | Quote }}}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name }}
  image: {{ .image | Quote }}
  imageID: ""
  containerID: "kwok://{{ $.metadata.uid }}"
  ready: true
  restartCount: 0
  state: {running: {startedAt: {{ Now | Quote }}}}
{{ end }}
{{ $image := (index .spec.containers 0).image }}
{{ $address := "127.0.89.1" }}
{{ if hasSuffix ":1.1.0" $image }}{{ $address = "127.0.89.2" }}{{ end }}
podIP: {{ $address }}
podIPs: [{ip: {{ $address }}}]
phase: Running
startTime: {{ Now | Quote }}
"""
_UP: Final = """
conditions:
- {type: Ready, status: "True", lastTransitionTime: {{ Now | Quote }}, lastHeartbeatTime: {{ Now | Quote }}}
allocatable: {cpu: 1k, memory: 1Ti, pods: 100k}
capacity: {cpu: 1k, memory: 1Ti, pods: 100k}
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A running cluster and an administrator's client."""

    server: ApiServer
    cluster: Cluster
    folder: Path


@contextlib.asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Stage]:
    """Start the API server, its scheduler, kwok with its nodes, and the model servers."""
    programs = binaries.ensure(["kube-scheduler", "kwok"], Progress())
    with api_server.running(crds=CRDS) as server, contextlib.ExitStack() as stack:
        stack.enter_context(model_servers.running(folder, ADDRESSES, MODEL, within=300))
        kubeconfig = f"--kubeconfig={server.kubeconfig}"
        stages = folder / "stages.yaml"
        stages.write_text("---\n".join(_stages()), "utf-8")
        scheduler = ("--leader-elect=false", "--secure-port=0", "--kube-api-qps=500", "--kube-api-burst=1000")
        kwok = ("--manage-all-nodes", f"--config={stages}", "--server-address=127.0.0.1:0", *_HEARTBEATS)
        for name, options in {"kube-scheduler": scheduler, "kwok": kwok}.items():
            command = [str(programs[name]), kubeconfig, *options]
            stack.enter_context(_process(ServerProcess(name, command, folder / f"{name}.log", lambda: None)))
        async with kubernetes.client_of(server.kubeconfig) as client:
            found = Stage(server, Cluster(client), folder)
            await _nodes(found.cluster)
            yield found


@contextlib.contextmanager
def _process(process: ServerProcess) -> Iterator[None]:
    process.start()
    try:
        yield
    finally:
        process.stop()


async def _nodes(cluster: Cluster) -> None:
    for index in range(_NODES):
        await cluster.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{index}"}})
    await kubernetes.eventually(lambda: cluster.list("Node"), _all_ready, within=60)


def _all_ready(nodes: Sequence[Manifest]) -> bool:
    return all(
        any(
            row["type"] == "Ready" and row["status"] == "True" for row in node["status"].get("conditions", ())
        )
        and not node["spec"].get("taints")
        for node in nodes
    )


def _stages() -> Iterator[str]:
    ready = '.status.conditions.[] | select( .type == "Ready" ) | .status'
    yield _stage(
        "up", "Node", {"key": ready, "operator": "NotIn", "values": ["True"]}, {"statusTemplate": _UP}
    )
    pending = {"key": ".status.phase", "operator": "In", "values": ["Pending"]}
    yield _stage("ready", "Pod", pending, {"statusTemplate": _READY})
    yield _stage(
        "gone", "Pod", {"key": ".metadata.deletionTimestamp", "operator": "Exists"}, {"delete": True}
    )


def _stage(name: str, kind: str, when: Manifest, then: Manifest) -> str:
    spec = {
        "resourceRef": {"apiGroup": "v1", "kind": kind},
        "selector": {"matchExpressions": [when]},
        "next": then,
    }
    head = {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "metadata": {"name": name}}
    return str(yaml.safe_dump({**head, "spec": spec}))


async def namespaces(cluster: Cluster, names: Sequence[str]) -> None:
    """Create namespaces."""
    bodies = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names]
    await each([partial(cluster.create, body) for body in bodies])


async def each(jobs: Sequence[Any]) -> None:
    """Run all of these coroutine functions, a few at a time."""
    waiting = iter(jobs)

    async def work() -> None:
        for job in waiting:
            await job()

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
