"""Two replicas of one operator with one Lease, each behind a proxy of its own that knows what it wrote."""

import bisect
import itertools
from collections import defaultdict
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.faults import answers, namespaces
from tests.faults.answers import Answers
from tests.faults.lives import Lives
from tests.harness import kubelet, kubernetes
from tests.harness.kubernetes import Cluster, eventually
from tests.harness.proxy import Proxy, Written

if TYPE_CHECKING:
    from types import TracebackType

    from iris_local_cluster.api_server import ApiServer


_STARTS_WITHIN: Final = 240.0


@dataclass(frozen=True, slots=True)
class Replica:
    """One of the two."""

    name: str
    lives: Lives
    proxy: Proxy

    def wrote(self) -> list[Written]:
        """What the API server has answered to it, its own Lease left out."""
        return [write for write in self.proxy.record.written if write.call.plural != "leases"]


@dataclass(frozen=True, slots=True)
class Leader:
    """One life of a replica, by what stands in the Lease: the next life of the same one is another leader."""

    replica: Replica
    identity: str


class Pair:
    """Use as an async context manager; pods with image tags 1.0.0 to 1.2.0 serve."""

    def __init__(self, api_server: "ApiServer", folder: Path) -> None:
        self._api_server = api_server
        self._folder = folder
        self._namespace = namespaces.name()
        self._stack = AsyncExitStack()
        self.answers = Answers()
        self.replicas: tuple[Replica, ...] = ()

    async def __aenter__(self) -> "Pair":
        async with AsyncExitStack() as entered:
            client = await entered.enter_async_context(kubernetes.client_of(self._api_server.kubeconfig))
            self.cluster = Cluster(client, self._namespace)
            await namespaces.make(self.cluster)
            entered.push_async_callback(self.cluster.delete, "Namespace", self._namespace)
            await entered.enter_async_context(self.answers)
            await self.answers.provide(64)
            behaviours = dict.fromkeys(("1.0.0", "1.1.0", "1.2.0"), self.answers.serving)
            await entered.enter_async_context(kubelet.Kubelet(self.cluster, behaviours, self.answers.release))
            self.replicas = (await self._replica(entered, "one"), await self._replica(entered, "two"))
            self._stack = entered.pop_all()
        return self

    async def __aexit__(
        self, kind: "type[BaseException] | None", error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        await self._stack.aclose()

    async def leader(self, *, after: str = "", within: float = _STARTS_WITHIN) -> Leader:
        """Who holds the Lease, once somebody does whose identity is not `after`.

        Not "once the other replica does": who was killed may be back before the other one is, and lead again.
        """

        async def read() -> Leader | None:
            lease = await self.cluster.find("Lease", "iris-operator")
            holder = lease["spec"].get("holderIdentity", "") if lease else ""
            found = [replica for replica in self.replicas if holder.startswith(f"{replica.name}_")]
            return Leader(found[0], holder) if found and holder != after else None

        leader = await eventually(read, bool, within=within)
        assert leader is not None
        return leader

    async def _replica(self, entered: AsyncExitStack, name: str) -> Replica:
        kubeconfig = self._folder / f"{name}.kubeconfig"
        lives = Lives(kubeconfig, self._folder, self._namespace, answers.address())
        lives.environment = {"IRIS_OPERATOR_LEASE_NAMESPACE": self._namespace, "HOSTNAME": name}
        proxy = await entered.enter_async_context(Proxy(self._api_server.kubeconfig, lives.kill))
        proxy.write_kubeconfig(kubeconfig)
        lives.begin()
        entered.push_async_callback(lives.end)
        await eventually(lives.ready, bool, within=_STARTS_WITHIN)
        return Replica(name, lives, proxy)


def two_writers(replicas: Iterable[Replica]) -> list[str]:
    """Lives that wrote while another one did: from its first write to its last, a life is alone.

    A write belongs to the life that asked for it: its answer may come when that one is dead.
    """
    spans: dict[tuple[str, int], list[float]] = defaultdict(list)
    for replica in replicas:
        for write in replica.wrote():
            life = replica.name, bisect.bisect(replica.lives.ended_at, write.asked_at)
            spans[life] += write.asked_at, write.at
    ordered = sorted(((min(moments), max(moments), life) for life, moments in spans.items()))
    return [
        f"{later[2]} wrote {earlier[1] - later[0]:.2f} s before the last write of {earlier[2]}"
        for earlier, later in itertools.pairwise(ordered)
        if later[0] < earlier[1]
    ]
