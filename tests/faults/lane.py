"""One namespace with all that a plan needs: proxy, operator, played kubelet, bystanders. Plans take turns.

The operator is restarted whenever it ends, as Kubernetes would.
"""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.faults import answers, namespaces
from tests.faults.answers import Answers
from tests.faults.lives import Lives
from tests.harness import kubelet, kubernetes
from tests.harness.kubernetes import Cluster, Manifest, eventually
from tests.harness.proxy import Proxy

if TYPE_CHECKING:
    from types import TracebackType

    from iris_local_cluster.api_server import ApiServer

_PODS_AT_ONCE: Final = 24
_CLEAN_WITHIN: Final = 240.0
_STARTS_WITHIN: Final = 240.0


class Lane:
    """Use as an async context manager."""

    def __init__(self, api_server: "ApiServer", folder: Path, namespace: str) -> None:
        self._api_server = api_server
        self._stack = AsyncExitStack()
        self.namespace = namespace
        self.answers = Answers()
        self.proxy = Proxy(api_server.kubeconfig, self._kill)
        self.operator = Lives(folder / f"{namespace}.kubeconfig", folder, namespace, answers.address())
        self.bystanders: dict[str, Any] = {}

    async def __aenter__(self) -> "Lane":
        async with AsyncExitStack() as entered:  # what was entered is left again when the next one fails
            client = await entered.enter_async_context(kubernetes.client_of(self._api_server.kubeconfig))
            self.cluster = Cluster(client, self.namespace)
            await entered.enter_async_context(self.proxy)
            await entered.enter_async_context(self.answers)
            await self._furnish()
            refused = kubelet.ended(65, "artifact refused: found version 1.0.0, expected 2.0.0", restarts=0)
            serving = ("1.0.0", "1.1.0", "1.2.0", answers.FAILING)
            behaviours = dict.fromkeys(serving, self.answers.serving)
            playing = kubelet.Kubelet(self.cluster, {**behaviours, "2.0.0": refused})
            await entered.enter_async_context(playing)
            self.proxy.write_kubeconfig(self.operator.kubeconfig)
            self.operator.begin()
            entered.push_async_callback(self.operator.end)
            # One lane after the other: many that start at once on a busy machine would wait for each other.
            await eventually(self.operator.ready, bool, within=_STARTS_WITHIN)
            self._stack = entered.pop_all()
        return self

    async def __aexit__(
        self, kind: "type[BaseException] | None", error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        await self.cluster.delete("Namespace", self.namespace)
        await self._stack.aclose()

    async def clean(self) -> None:
        """Delete every IrisModel and wait until nothing of it is left: that it goes away is tested too."""
        for model in await self.cluster.list("IrisModel"):
            await self.cluster.delete("IrisModel", model["metadata"]["name"])
        await eventually(
            lambda: namespaces.leftovers(self.cluster), lambda found: not found, within=_CLEAN_WITHIN
        )
        await self.answers.forget()
        await self.answers.provide(_PODS_AT_ONCE)

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
        await namespaces.make(self.cluster)
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
