"""A model behind a Gateway, in a cluster in memory: a rollout by steps, with requests at every look.

What must hold is checked at every write of the operator.
"""

from collections.abc import Mapping
from typing import Any, Final

from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator.observe.store import Store

from tests.fakes.gateway import ROUTE, CountingProver, Gateway
from tests.fakes.pods import is_ready
from tests.operator.rollout_world import CANARY, LABELS, World

STEPS: Final[Mapping[str, Any]] = {
    **CANARY, "steps": [5, 20, 50], "stepSeconds": 60, "decideSeconds": 600,
}  # fmt: skip
# Their rollout replaces the stable pods, or there is none.
_MAY_REPLACE: Final = ("Promoting", "Promoted", "")


class GatewayWorld(World):
    """Version 1.0.0 serves; each look takes 20 s."""

    requests = 1000  # between two looks

    def __init__(self) -> None:
        super().__init__()
        self.gateway = Gateway(self.cluster)
        self.counting = CountingProver(lambda tag: LABELS[tag])
        self.counting.gateway = self.gateway
        self.prover = self.counting
        self._context = self._operator()
        self.cluster.written = self._check
        self.states: list[str] = []
        self.percents: list[int] = []
        self.absent = False  # the API of Gateways

    def step_to(self, version: str, **declared: Any) -> None:
        rollout = {**STEPS, **declared.pop("rollout", {})}
        self.declare(version, route=ROUTE, rollout=rollout, **declared)

    async def round(self) -> None:
        self.controller.step("iris")
        self.gateway.step()
        self.gateway.serve(self.requests)
        had_candidate = self.template("iris-canary")
        await self.look()
        is_removed = had_candidate and not self.template("iris-canary")
        assert not (is_removed and self.gateway.percent), "the candidate is deleted while it has requests"
        for seen, now in ((self.states, self.rollout().get("state")), (self.percents, self.gateway.percent)):
            if seen[-1:] != [now]:
                seen.append(now)  # type: ignore[arg-type]

    async def run(self, rounds: int = 200, *, until: str = "") -> None:
        """Until the rollout is in this state, or for so many rounds."""
        for _ in range(rounds):
            if until and self.rollout().get("state") == until:
                return
            await self.round()
        assert not until, f"never {until}: {self.rollout()}"

    async def rest(self, rounds: int = 60) -> None:
        """Until the rollout has ended, and a round has cost no call."""
        for _ in range(rounds):
            calls = len(self.cluster.calls)
            await self.round()
            is_over = self.rollout().get("state") in (None, "Promoted", "RolledBack")
            if is_over and len(self.cluster.calls) == calls:
                return
        raise AssertionError(f"never at rest: {self.rollout()}")

    def routed(self) -> int:
        """The share of the candidate in the HTTPRoute."""
        live = self.cluster.find(kinds.HTTP_ROUTE, "iris", "iris")
        return 0 if live is None else _percent(live)

    def rules(self) -> list[dict[str, Any]]:
        """Of the HTTPRoute."""
        live = self.cluster.find(kinds.HTTP_ROUTE, "iris", "iris")
        return live["spec"]["rules"] if live else []

    def may_shrink(self) -> bool:
        """Whether the autoscaler may remove pods."""
        live = self.cluster.find(kinds.HORIZONTAL_POD_AUTOSCALER, "iris", "iris")
        assert live is not None
        return "behavior" not in live["spec"]

    async def _see(self, store: Store, behind: Mapping[str, Any] | None = None) -> None:
        await super()._see(store, behind)
        if self.absent:
            store.uninstalled(kinds.HTTP_ROUTE)

    def _check(self, kind: Kind, body: Mapping[str, Any]) -> None:
        if kind == kinds.HTTP_ROUTE and _percent(body):
            pods = [pod for pod in self._candidates() if is_ready(pod)]
            assert pods, "a share of the requests without a ready pod of the candidate"
            candidate = self.rollout()["candidate"]["version"]
            assert {pod["tag"] for pod in pods} == {candidate}
            assert self.rollout()["weight"] >= _percent(body), "the status is behind the route"
            rejected = self.rollout().get("rejected") or {}
            assert rejected.get("version") != candidate or "status" in body, "a refused version got requests"
        if kind == kinds.DEPLOYMENT and body["metadata"]["name"] == "iris" and self.rollout():
            self._check_template(body)

    def _check_template(self, body: Mapping[str, Any]) -> None:
        tag = str(body["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition(":")[2]
        rollout = self.rollout()
        if tag == rollout["candidate"]["version"] and "status" not in body:
            assert rollout["state"] in _MAY_REPLACE, "the stable pods are replaced before the promotion"

    def _candidates(self) -> list[Mapping[str, Any]]:
        names = self.cluster.names(kinds.POD, "iris")
        found = (self.cluster.find(kinds.POD, "iris", name) for name in names)
        return [pod for pod in found if pod and pod["metadata"]["labels"]["deployment"] == "iris-canary"]


def _percent(route: Mapping[str, Any]) -> int:
    *_, rule = route["spec"]["rules"]
    return sum(part["weight"] for part in rule["backendRefs"] if part["name"] == "iris-canary")
