"""One namespace with all that a plan needs: proxy, operator, played kubelet, bystanders. Plans take turns.

The operator is restarted whenever it ends, as Kubernetes would; the lane counts how often that was.
"""

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.faults import answers
from tests.faults.answers import Answers
from tests.harness import kubelet, kubernetes, operator_process
from tests.harness.kubernetes import Cluster, Manifest, eventually
from tests.harness.proxy import Proxy

if TYPE_CHECKING:
    from types import TracebackType

    from iris_local_cluster.api_server import ApiServer

SWEEP_SECONDS: Final = 1
_PODS_AT_ONCE: Final = 24
_CLEAN_WITHIN: Final = 90.0
_LOOK_SECONDS: Final = 0.1
_CHILDREN: Final = (
    "ServiceAccount", "NetworkPolicy", "Deployment", "ReplicaSet", "Pod", "Service", "PodDisruptionBudget",
    "HorizontalPodAutoscaler", "ConfigMap", "Ingress",
)  # fmt: skip
_NOT_OURS: Final = frozenset({"default", "kube-root-ca.crt", "bystander", "stranger"})


@dataclass(slots=True)
class Running:
    """The operator of a lane, over all its lives."""

    kubeconfig: Path
    folder: Path
    namespace: str
    address: str  # of its probes: a port of another lane's cannot be in the way
    life: operator_process.OperatorProcess | None = None
    log: str = ""  # of the lives that have ended
    ends: int = 0

    def kill(self) -> None:
        if self.life is not None:
            self.life.process.kill()

    def memory(self) -> float:
        """MiB that this life has held at most."""
        if self.life is None:
            return 0.0
        with suppress(OSError):  # it has just ended
            for line in Path(f"/proc/{self.life.process.pid}/status").read_text("utf-8").splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        return 0.0

    def whole_log(self) -> str:
        return self.log + (self.life.log() if self.life else "")

    async def supervise(self) -> None:
        """Until cancelled: start it, wait for its end, again."""
        while True:
            self.life = operator_process.start(
                self.kubeconfig,
                self.folder,
                namespaces=self.namespace,
                IRIS_OPERATOR_SWEEP_SECONDS=str(SWEEP_SECONDS),
                IRIS_OPERATOR_HEALTH_ADDRESS=f"{self.address}:8080",
            )
            while self.life.process.poll() is None:  # noqa: ASYNC110 - of another process
                await asyncio.sleep(_LOOK_SECONDS)
            self.log += self.life.log()
            self.life = None
            self.ends += 1


class Lane:
    """Use as an async context manager."""

    def __init__(self, api_server: "ApiServer", folder: Path, namespace: str) -> None:
        self._api_server = api_server
        self._stack = AsyncExitStack()
        self._supervising: asyncio.Task[None] | None = None
        self.namespace = namespace
        self.answers = Answers()
        self.proxy = Proxy(api_server.kubeconfig, self._kill)
        self.operator = Running(folder / f"{namespace}.kubeconfig", folder, namespace, answers.address())
        self.bystanders: dict[str, Any] = {}

    async def __aenter__(self) -> "Lane":
        async with AsyncExitStack() as entered:  # what was entered is left again when the next one fails
            client = await entered.enter_async_context(kubernetes.client_of(self._api_server.kubeconfig))
            self.cluster = Cluster(client, self.namespace)
            await entered.enter_async_context(self.proxy)
            await entered.enter_async_context(self.answers)
            await self._furnish()
            refused = kubelet.ended(65, "artifact refused: found version 1.0.0, expected 2.0.0", restarts=0)
            behaviours = dict.fromkeys(("1.0.0", "1.1.0", "1.2.0"), self.answers.serving)
            playing = kubelet.Kubelet(self.cluster, {**behaviours, "2.0.0": refused})
            await entered.enter_async_context(playing)
            self.proxy.write_kubeconfig(self.operator.kubeconfig)
            self._supervising = asyncio.create_task(self.operator.supervise())
            self._stack = entered.pop_all()
        return self

    async def __aexit__(
        self, kind: "type[BaseException] | None", error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        if self._supervising is not None:
            self._supervising.cancel()
            await asyncio.gather(self._supervising, return_exceptions=True)
        life = self.operator.life
        if life is not None:
            life.process.kill()
            await asyncio.to_thread(life.process.wait)
        await self.cluster.delete("Namespace", self.namespace)
        await self._stack.aclose()

    async def clean(self) -> None:
        """Delete every IrisModel and wait until nothing of it is left: that it goes away is tested too."""
        for model in await self.cluster.list("IrisModel"):
            await self.cluster.delete("IrisModel", model["metadata"]["name"])
        await eventually(self.leftovers, lambda found: not found, within=_CLEAN_WITHIN)
        await self.answers.forget()
        await self.answers.provide(_PODS_AT_ONCE)

    async def leftovers(self) -> list[str]:
        """What of our kinds is still there."""
        return [name for name in await self.observe() if not name.startswith("IrisModel/")]

    async def observe(self) -> dict[str, Manifest]:
        """Everything of our kinds and the IrisModels, by kind and name, as the API server has it."""
        found = {}
        for kind in ("IrisModel", *_CHILDREN):
            for body in await self.cluster.list(kind):
                if body["metadata"]["name"] not in _NOT_OURS:
                    found[f"{kind}/{body['metadata']['name']}"] = body
        return found

    async def lives_ended(self) -> int:
        """How often the operator has ended."""
        return self.operator.ends

    async def touched(self) -> list[str]:
        """Objects of other people that are not what they were."""
        return [
            name
            for name, version in self.bystanders.items()
            if (await self._bystander(name))["metadata"]["resourceVersion"] != version
        ]

    def _kill(self) -> None:
        self.operator.kill()

    async def _bystander(self, name: str) -> Manifest:
        return await self.cluster.get("ConfigMap", name)

    async def _furnish(self) -> None:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        await self.cluster.create(namespace)
        await eventually(lambda: self.cluster.find("ServiceAccount", "default"), bool)
        bystander = await self.cluster.create(_config_map("bystander", {}))
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "bystander", "controller": True}
        reference["uid"] = bystander["metadata"]["uid"]
        # With our labels, so that the operator sees it, and controlled by somebody else.
        labels = {"app.kubernetes.io/managed-by": "iris-operator", "app.kubernetes.io/instance": "iris"}
        stranger = await self.cluster.create(
            _config_map("stranger", {"labels": labels, "ownerReferences": [reference]})
        )
        for body in (bystander, stranger):
            self.bystanders[body["metadata"]["name"]] = body["metadata"]["resourceVersion"]


def _config_map(name: str, metadata: dict[str, Any]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
        "data": {"theirs": "untouched"},
    }
