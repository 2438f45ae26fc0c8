"""The controller and the data plane of a Gateway in a FakeCluster: routes are accepted, requests counted."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from iris_api import kinds
from iris_operator.cluster import Body
from iris_operator.observe.traffic import PodTraffic, Traffic
from iris_operator.observe.workload import Pod

from tests.fakes.cluster import FakeCluster
from tests.fakes.pods import FakeProver, is_ready

ROUTE: Final[Mapping[str, Any]] = {
    "type": "Gateway",
    "host": "iris.kube.two.inc",
    "gateway": {"name": "public", "namespace": "gateways"},
}
_NAME: Final = "app.kubernetes.io/name"


class Gateway:
    """`failing`: by version, the share of requests that is answered with 500."""

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster
        self.failing: dict[str, float] = {}
        self.refusal = ""
        self.is_silent = False  # it refuses without a message
        self.is_there = True
        self.weights: Mapping[str, int] = {}  # by Service, as of the last route that it accepted
        self.lost = 0  # requests to a Service without ready pods
        self._asked: Counter[str] = Counter()  # by container
        self._due: Counter[str] = Counter()

    @property
    def percent(self) -> int:
        """Of the candidate."""
        return self.weights.get("iris-canary", 0)

    def step(self, namespace: str = "iris", name: str = "iris") -> None:
        """Accept or refuse the route as it is now."""
        live = self._cluster.find(kinds.HTTP_ROUTE, namespace, name)
        if live is None:
            self.weights = {}
            return
        if not self.is_there:
            return
        reported = {**live, "status": {"parents": [self._parent(live)]}}
        if reported != live:
            self._cluster.put(kinds.HTTP_ROUTE, reported)
        if not self.refusal:
            *_, rule = live["spec"]["rules"]
            self.weights = {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}

    def serve(self, requests: int) -> None:
        """Divide requests by the weights, and among the ready pods of each Service."""
        total = sum(self.weights.values())
        for service, weight in self.weights.items():
            self._due[service] += requests * weight
            asked, self._due[service] = divmod(self._due[service], total)
            pods = [pod for pod in self._pods(service) if is_ready(pod)]
            self.lost += 0 if pods else asked
            for number, pod in enumerate(pods):
                share = asked // len(pods) + (number < asked % len(pods))
                self._asked[container_of(pod)] += share

    def traffic(self, container: str) -> Traffic:
        asked = self._asked[container]
        failed = int(asked * self.failing.get(container.partition("/")[0], 0.0))
        classes = {"setosa": asked // 2, "virginica": asked - asked // 2}
        return Traffic(asked, failed, 0, asked, 0, asked, classes)

    def _parent(self, live: Body) -> dict[str, Any]:
        [parent] = live["spec"]["parentRefs"]
        verdicts = {"Accepted": not self.refusal, "ResolvedRefs": True}
        conditions = [
            {
                "type": kind,
                "status": str(works),
                "reason": kind if works else "NotAllowedByListeners",
                "message": "" if self.is_silent else self.refusal,
                "observedGeneration": live["metadata"]["generation"],
            }
            for kind, works in verdicts.items()
        ]
        return {"parentRef": parent, "conditions": conditions}

    def _pods(self, service: str) -> list[Body]:
        found = self._cluster.find(kinds.SERVICE, "iris", service)
        if found is None:
            return []
        names = self._cluster.names(kinds.POD, "iris")
        pods = (self._cluster.find(kinds.POD, "iris", name) for name in names)
        selected = found["spec"]["selector"][_NAME]
        return [pod for pod in pods if pod and pod["metadata"]["labels"][_NAME] == selected]


class CountingProver(FakeProver):
    """Pods that count the requests of a Gateway."""

    gateway: Gateway
    failure: Exception | None = None

    async def traffic(self, pods: Iterable[Pod], *, milliseconds: int) -> Sequence[PodTraffic]:
        if self.failure is not None:
            raise self.failure
        return [PodTraffic(pod.uid, pod.container_id, self.gateway.traffic(pod.container_id)) for pod in pods]


def container_of(pod: Mapping[str, Any]) -> str:
    return str(pod["status"]["containerStatuses"][0]["containerID"])
