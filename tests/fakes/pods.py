"""The Deployment controller of a FakeCluster, and what the pods that it makes answer.

One step at a time, so that a test decides what has happened when the operator looks.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator.cluster import Body
from iris_operator.observe import agreement
from iris_operator.observe.agreement import Agreement, NoAnswer
from iris_operator.observe.proof import Proof, Prover
from iris_operator.observe.workload import Pod

from tests.fakes.cluster import FakeCluster

_REVISION: Final = "deployment.kubernetes.io/revision"


class FakeProver(Prover):
    """Pods answer the version of their image tag; `labels` is what a version makes of the reference rows."""

    def __init__(self, labels: Callable[[str], str]) -> None:
        super().__init__(lambda: 0.0)
        self._labels = labels
        self.asked: list[tuple[str, str]] = []
        self.silent: set[str] = set()  # tags of pods that do not answer

    async def prove(self, pods: Iterable[Pod], model: str, version: str) -> Mapping[str, Proof]:
        return {pod.uid: self._proof(pod) for pod in pods if pod.ready}

    def _proof(self, pod: Pod) -> Proof:
        if _tag(pod) in self.silent:
            return Proof(failure=f"pod {pod.name}: no answer")
        return Proof(_tag(pod), f"sha256:{_tag(pod)}")

    async def compare(self, stable: Pod, candidate: Pod) -> Agreement | NoAnswer:
        old, new = _tag(stable), _tag(candidate)
        self.asked.append((old, new))
        return agreement.compare(list(self._labels(old)), list(self._labels(new)), is_judged=True)


def _tag(pod: Pod) -> str:
    return pod.container_id.partition("/")[0]


class DeploymentController:
    """Makes a Deployment's pods, newest template first, and removes old ones once the new are ready."""

    def __init__(self, cluster: FakeCluster, starts: Callable[[str], bool]) -> None:
        self._cluster = cluster
        self._starts = starts
        self._made = 0

    def step(self, namespace: str) -> None:
        """At most one pod more, ready or less for each Deployment."""
        live = self._all(kinds.DEPLOYMENT, namespace)
        names = {body["metadata"]["name"] for body in live}
        for kind in (kinds.REPLICA_SET, kinds.POD):
            for body in self._all(kind, namespace):
                if body["metadata"]["labels"]["deployment"] not in names:
                    self._cluster.take(kind, body)
        for body in live:
            newest = self._newest(body)
            self._move(body, newest)
            self._report(body, newest)

    def _move(self, live: Body, newest: Body) -> None:
        wanted, pods = live["spec"].get("replicas", 1), self._pods(live)
        new = [pod for pod in pods if _owner(pod) == newest["metadata"]["uid"]]
        old = [pod for pod in pods if pod not in new]
        old.sort(key=is_ready)
        unready = [pod for pod in new if not is_ready(pod)]
        if len(new) < wanted:
            self._create(live, newest)
        elif len(new) > wanted:
            self._cluster.take(kinds.POD, new[-1])
        elif unready and self._starts(unready[0]["tag"]):
            self._cluster.put(kinds.POD, {**unready[0], "status": _status(unready[0], ready=True)})
        elif old and (not is_ready(old[0]) or sum(map(is_ready, pods)) > wanted):
            self._cluster.take(kinds.POD, old[0])

    def _report(self, live: Body, newest: Body) -> None:
        wanted, pods = live["spec"].get("replicas", 1), self._pods(live)
        updated = sum(_owner(pod) == newest["metadata"]["uid"] for pod in pods)
        ready = sum(map(is_ready, pods))
        is_done = updated == len(pods) == ready == wanted
        status = {
            "observedGeneration": live["metadata"]["generation"],
            "replicas": len(pods),
            "updatedReplicas": updated,
            "readyReplicas": ready,
            "availableReplicas": ready,
            "conditions": [
                {"type": "Progressing", "reason": "NewReplicaSetAvailable" if is_done else "Updated"}
            ],
        }
        revision = {_REVISION: newest["metadata"]["annotations"][_REVISION]}
        annotations = {**live["metadata"]["annotations"], **revision}
        reported = {**live, "metadata": {**live["metadata"], "annotations": annotations}, "status": status}
        if reported != live:
            self._cluster.put(kinds.DEPLOYMENT, reported)

    def _newest(self, live: Body) -> Body:
        metadata, template = live["metadata"], live["spec"]["template"]
        known = [
            body
            for body in self._all(kinds.REPLICA_SET, metadata["namespace"])
            if _owner(body) == metadata["uid"]
        ]
        last = max((int(body["metadata"]["annotations"][_REVISION]) for body in known), default=0)
        same = next((body for body in known if body["template"] == template), None)
        if same and int(same["metadata"]["annotations"][_REVISION]) == last:
            return same
        self._made += 1
        name = same["metadata"]["name"] if same else f"{metadata['name']}-{self._made}"
        labels = {**template["metadata"]["labels"], "deployment": metadata["name"]}
        identity = {"name": name, "namespace": metadata["namespace"], "labels": labels}
        owner = {"ownerReferences": [{"uid": metadata["uid"], "kind": "Deployment", "controller": True}]}
        made = {**identity, **owner, "annotations": {_REVISION: str(last + 1)}}
        return self._cluster.put(kinds.REPLICA_SET, {"metadata": made, "template": template})

    def _create(self, live: Body, newest: Body) -> None:
        self._made += 1
        tag = live["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
        metadata = {
            "name": f"{newest['metadata']['name']}-{self._made}",
            "namespace": live["metadata"]["namespace"],
            "labels": newest["metadata"]["labels"],
            "ownerReferences": [{"uid": newest["metadata"]["uid"], "kind": "ReplicaSet", "controller": True}],
        }
        pod = {"metadata": metadata, "tag": tag}
        self._cluster.put(kinds.POD, {**pod, "status": _status(pod, ready=False)})

    def _pods(self, live: Body) -> list[Body]:
        namespace, name = live["metadata"]["namespace"], live["metadata"]["name"]
        return [
            pod for pod in self._all(kinds.POD, namespace) if pod["metadata"]["labels"]["deployment"] == name
        ]

    def _all(self, kind: Kind, namespace: str) -> list[Body]:
        found = (self._cluster.find(kind, namespace, name) for name in self._cluster.names(kind, namespace))
        return [body for body in found if body is not None]


def is_ready(pod: Mapping[str, Any]) -> bool:
    return bool(pod["status"]["conditions"][0]["status"] == "True")


def _owner(body: Mapping[str, Any]) -> str:
    return str(body["metadata"]["ownerReferences"][0]["uid"])


def _status(pod: Mapping[str, Any], *, ready: bool) -> dict[str, Any]:
    container = {
        "name": "server",
        "ready": ready,
        "restartCount": 0,
        "containerID": f"{pod['tag']}/{pod['metadata']['name']}",
        "state": {"running": {}},
    }
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": "2026-11-23T12:00:00Z"}
    return {"podIP": "10.0.0.1", "conditions": [condition], "containerStatuses": [container]}
