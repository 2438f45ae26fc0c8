"""An applier and the cluster in memory that it writes to."""

from typing import Any

from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator import errors
from iris_operator.act.apply import Applier
from iris_operator.act.overrides import Overrides
from iris_operator.model.spec import IrisModel
from iris_operator.observe.store import Store

from tests.fakes.cluster import FakeCluster
from tests.operator import bodies
from tests.operator.passes import KEY


class Applying:
    """A cluster, what the operator knows of it, and an applier between them."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.store = Store()
        self._applier = Applier(self.cluster, self.store, Overrides())
        self.cluster.put(kinds.IRIS_MODEL, bodies.body())

    async def make(self, model: IrisModel) -> tuple[errors.ChildFailure, ...]:
        return await self._applier.children(self.store.snapshot(KEY), model, bodies.built(model))

    async def settle(self, model: IrisModel) -> None:
        """Make it so, then count from here."""
        await self.make(model)
        self.cluster.calls.clear()

    def somebody_writes(self, kind: Kind, body: dict[str, Any]) -> None:
        """Somebody else writes, and a watch reports it."""
        self.store.observe(kind, self.cluster.put(kind, body))

    def live(self, kind: Kind, name: str = "iris") -> dict[str, Any]:
        found = self.cluster.find(kind, "iris", name)
        assert found is not None
        return found

    def wrote(self) -> list[tuple[str, str]]:
        return [(call.verb, call.kind.name) for call in self.cluster.writes]
