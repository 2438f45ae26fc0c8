"""A model with a rollout in a cluster in memory: declare, let the controllers work, let the operator look.

`Crash` ends a pass at any call, before or after it took effect; the next operator has an empty store.
"""

import itertools
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator import children, errors
from iris_operator.observe.store import Store
from iris_operator.reconcile import Context, reconcile

from tests.fakes.cluster import Call, FakeCluster
from tests.fakes.pods import DeploymentController, FakeProver, is_ready
from tests.operator import bodies

KEY: Final = ("iris", "iris")
# The classes that each version gives to ten reference rows; a version that is not here never starts.
LABELS: Final = {"1.0.0": "aaaaabbbbb", "1.1.0": "aaaaabbbba", "1.2.0": "aaaaabbbbb", "6.6.6": "bbbbbaaaaa"}
WORSE: Final = "6.6.6"
BROKEN: Final = "7.7.7"
CANARY: Final[Mapping[str, Any]] = {"strategy": "Canary", "gates": {"agreementPerMille": 800}}
# Dashboards and rules take most of the time of a pass and play no part here.
_QUIET: Final = {"dashboard": {"enabled": False}, "scrape": {"enabled": False}, "alerts": {"enabled": False}}
# After so many without a change, more than the deadline has passed.
_QUIET_ROUNDS: Final = 3
_WATCHED: Final[tuple[Kind, ...]] = (kinds.IRIS_MODEL, *children.KINDS, kinds.REPLICA_SET, kinds.POD)


class Crash(BaseException):
    """The operator ends here."""


async def _nothing(_: Call) -> None:
    return None


class World:
    """Time passes with each look."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self._starting = set(LABELS)
        self.controller = DeploymentController(self.cluster, lambda tag: tag in self._starting)
        self.prover = FakeProver(lambda tag: LABELS[tag])
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)
        self._context = self._operator()

    def declare(self, version: str, **declared: Any) -> None:
        """A commit that reaches the cluster."""
        body = bodies.body(version=version, **{"monitoring": _QUIET, **declared})
        del body["metadata"]["resourceVersion"]
        known = self.cluster.find(kinds.IRIS_MODEL, *KEY)
        if known is not None:
            generation = known["metadata"]["generation"] + (known["spec"] != body["spec"])
            body["metadata"]["generation"] = generation
            body["status"] = known["status"]
        self.cluster.put(kinds.IRIS_MODEL, body)

    async def look(self) -> None:
        """One pass of the operator with all that has happened; after a crash another operator starts."""
        self.now += timedelta(seconds=20)
        await self._see(self._context.store)
        try:
            await reconcile(self._context, KEY)
        except (errors.Waiting, errors.Incomplete):
            pass
        except Crash:
            self._context = self._operator()

    async def look_behind(self, body: Mapping[str, Any]) -> None:
        """One pass of another operator, whose watch of IrisModels is behind and still shows this one."""
        context = self._operator()
        await self._see(context.store, behind=body)
        with suppress(errors.Waiting):
            await reconcile(context, KEY)

    def model(self) -> Mapping[str, Any]:
        body = self.cluster.find(kinds.IRIS_MODEL, *KEY)
        assert body is not None
        return body

    def crash(self, at: int, *, before: bool) -> None:
        """The operator ends at one of its next calls, before it takes effect or just after."""
        calls = itertools.count()

        async def end(_: Call) -> None:
            if next(calls) == at:
                raise Crash

        self.cluster.before, self.cluster.after = (end, _nothing) if before else (_nothing, end)

    async def settle(self, rounds: int = 60) -> None:
        """Long enough for a rollout and for the deadline of one that hangs."""
        quiet = 0
        for _ in range(rounds):
            before = len(self.cluster.calls), self.cluster.happened
            self.controller.step("iris")
            await self.look()
            if (len(self.cluster.calls), self.cluster.happened) != before:
                quiet = 0
            elif (quiet := quiet + 1) > _QUIET_ROUNDS:
                return
            else:
                self.now += timedelta(minutes=5)

    def status(self) -> dict[str, Any]:
        body = self.cluster.find(kinds.IRIS_MODEL, *KEY)
        return dict(body["status"]) if body else {}

    def rollout(self) -> dict[str, Any]:
        return dict(self.status().get("rollout") or {})

    def events(self) -> list[str]:
        return [str(event["reason"]) for event in self.found_events()]

    def found_events(self) -> list[dict[str, Any]]:
        names = self.cluster.names(kinds.EVENT, "iris")
        return [event for name in names if (event := self.cluster.find(kinds.EVENT, "iris", name))]

    def reason(self) -> str:
        return str(self._ready().get("reason", ""))

    def message(self) -> str:
        return str(self._ready().get("message", ""))

    def template(self, name: str = "iris") -> str:
        """The version that a Deployment's pods are built from."""
        live = self.cluster.find(kinds.DEPLOYMENT, "iris", name)
        return _version(live["spec"]["template"]["spec"]) if live else ""

    def serving(self) -> list[str]:
        """The versions of the pods that users reach."""
        found = (self.cluster.find(kinds.POD, "iris", name) for name in self.cluster.names(kinds.POD, "iris"))
        return [
            str(pod["tag"])
            for pod in found
            if pod and is_ready(pod) and pod["metadata"]["labels"]["app.kubernetes.io/name"] == "iris-server"
        ]

    def stop_starting(self, version: str) -> None:
        """Its pods that are not ready yet never will be."""
        self._starting.discard(version)

    def lose_pods(self, deployment: str = "iris") -> None:
        """All at once, as with their node."""
        for name in self.cluster.names(kinds.POD, "iris"):
            pod = self.cluster.find(kinds.POD, "iris", name)
            if pod and pod["metadata"]["labels"]["deployment"] == deployment:
                self.cluster.take(kinds.POD, pod)

    def _ready(self) -> Mapping[str, str]:
        rows = self.status().get("conditions", ())
        return next((row for row in rows if row["type"] == "Ready"), {})

    def _operator(self) -> Context:
        return Context(self.cluster, Store(), self.prover, lambda: self.now, "test")

    async def _see(self, store: Store, behind: Mapping[str, Any] | None = None) -> None:
        for kind in _WATCHED:
            found = (self.cluster.find(kind, "iris", name) for name in self.cluster.names(kind, "iris"))
            listed = [body for body in found if body]
            if behind is not None and kind == kinds.IRIS_MODEL:
                listed = [dict(behind)]
            store.compare(kind, None, listed, self.cluster.version_now())


async def served(**declared: Any) -> World:
    """Version 1.0.0 serves."""
    world = World()
    world.declare("1.0.0", rollout=CANARY, **declared)
    await world.settle(12)
    assert world.reason() == "Serving"
    return world


def _version(pod: Mapping[str, Any]) -> str:
    return str(pod["containers"][0]["image"]).rpartition(":")[2]
