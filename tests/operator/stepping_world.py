"""A rollout by steps on a virtual clock: the pure decisions, a route that follows them, and requests.

Each tick decides, then acts; the status is all that one tick passes on to the next. What must hold is checked
at every tick.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from iris_operator.decide import rollout, split_requests
from iris_operator.decide.facts import WorkloadFacts
from iris_operator.decide.rollout_facts import RolloutFacts, Step, TrafficCounts
from iris_operator.model.plan import CANARY
from iris_operator.model.shape import Shape
from iris_operator.model.spec import Gates, Image, Rollout, Server
from iris_operator.observe import workload
from iris_operator.observe.agreement import Agreement
from iris_operator.observe.proof import Proof
from iris_operator.observe.split import Split
from iris_operator.observe.traffic import PodTraffic, Traffic
from iris_operator.observe.workload import Pod, Workload

TICK: Final = timedelta(seconds=5)
DEADLINE: Final = timedelta(seconds=600)
POLICY: Final[Mapping[str, Any]] = {"strategy": "Canary", "gates": Gates(800), "steps": (5, 20, 50)}


def shape(version: str) -> Shape:
    return Shape(version, Image("iris", "Always"), Server("Info", "Auto"))


@dataclass
class Pods:
    """The pods of one Deployment, all of one version; `age` in ticks, ready from the first on."""

    version: str
    amount: int
    age: int = 0
    is_down: bool = False
    counted: Traffic = field(default_factory=Traffic)
    life: int = 0
    due: float = 0.0  # requests

    @property
    def ready(self) -> bool:
        return self.age > 0 and not self.is_down

    def facts(self, name: str, version: str, since: str | None, now: datetime) -> WorkloadFacts:
        pods = tuple(self._pod(f"{name}-{number}") for number in range(self.amount))
        seen = Workload(
            seen=True,
            complete=self.ready,
            rolled_out=self.ready,
            deadline_exceeded=False,
            progressed_at=None,
            wanted=self.amount,
            updated=self.amount,
            ready=self.amount if self.ready else 0,
            replicas=self.amount,
            refusal="",
            pods=pods,
        )
        proofs = {pod.uid: Proof(self.version, f"sha256:{self.version}") for pod in pods if pod.ready}
        started = datetime.fromisoformat(since) if since else None
        return WorkloadFacts(version, seen, proofs, DEADLINE, started, now)

    def traffic(self, name: str) -> list[PodTraffic]:
        """Everything that was counted is on the first pod."""
        names = [f"{name}-{number}" for number in range(self.amount if self.ready else 0)]
        return [
            PodTraffic(name, self._container(name), Traffic() if number else self.counted)
            for number, name in enumerate(names)
        ]

    def _container(self, name: str) -> str:
        return f"{name}/{self.version}/{self.life}"

    def _pod(self, name: str) -> Pod:
        container = self._container(name)
        return Pod(
            name, name, "10.0.0.1", container, True, self.ready, None, self.life, None, "", "", None, ""
        )


class SteppingWorld:
    """Version 1.0.0 serves with four pods; `rates` are answers to 1,000 requests of a version."""

    def __init__(self, requests: int = 100) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)
        self.requests = requests  # in a tick
        self.failing: dict[str, float] = {}  # by version, the share that fails
        self.policy = Rollout(**POLICY)
        self.declared = self.fallback = shape("1.0.0")
        self.status: dict[str, Any] = {}
        self.stable = Pods("1.0.0", 4, age=1)
        self.candidate: Pods | None = None
        self.routed = 0
        self.is_accepted = True
        self.refusal = ""
        self.is_forced = False  # the route keeps its former weights, whatever is decided
        self.skew = 0  # points that the observed share is off
        self.events: list[str] = []
        self.step: Step | None = None
        self.states: list[str] = []
        self.failure = ""  # of reading counts

    def declare(self, version: str, **policy: Any) -> None:
        self.declared = shape(version)
        self.policy = Rollout(**{**POLICY, **policy})

    def run(self, ticks: int = 1000, *, until: str = "") -> None:
        """Until the rollout is in this state, or for so long."""
        for _ in range(ticks):
            if until and self.status.get("state") == until:
                return
            self.tick()
        assert not until, f"never {until}: {self.status}"

    def tick(self) -> None:
        self.now += TICK
        step = rollout.decide(self._facts())
        if step.asks:
            step = rollout.decide(self._facts(Agreement(30, 30, (), is_judged=True)))
        self._check(step)
        self.step, self.status = step, dict(step.report.status)
        if step.event:
            self.events.append(step.event[0])
        if self.status.get("state") and self.states[-1:] != [self.status["state"]]:
            self.states.append(self.status["state"])
        self._act(step)
        self._serve()

    @property
    def reason(self) -> str:
        assert self.step is not None
        return self.step.report.verdict.reason if self.step.report.verdict else "Serving"

    @property
    def message(self) -> str:
        assert self.step is not None
        return self.step.report.verdict.message if self.step.report.verdict else ""

    def suspend(self, ticks: int) -> None:
        """As the status is built while nothing is decided."""
        self.status = split_requests.suspended(self.status)
        for _ in range(ticks):
            self.now += TICK
            self._serve()

    def _facts(self, agreement: Agreement | None = None) -> RolloutFacts:
        since = self.status.get("since")
        nothing = WorkloadFacts(self.declared.version, workload.NOTHING, {}, DEADLINE, None, self.now)
        is_promoted = self.stable.version == self.declared.version
        candidate = self.candidate
        is_ours = candidate is not None and candidate.version == self.declared.version
        return RolloutFacts(
            policy=self.policy,
            declared=self.declared,
            fallback=self.fallback,
            before=self.status,
            serving=self.stable.facts("stable", self.fallback.version, since, self.now),
            promoted=self.stable.facts("stable", self.declared.version, since, self.now)
            if is_promoted
            else nothing,
            candidate=candidate.facts("canary", self.declared.version, since, self.now)
            if candidate and is_ours
            else nothing,
            has_ready_candidate=candidate is not None and candidate.ready,
            agreement=agreement,
            split=Split(self.routed, self.is_accepted, self.refusal),
            traffic=self._counts() if "routedAt" in self.status else None,
            stable_replicas=4,
            now=self.now,
        )

    def _counts(self) -> TrafficCounts:
        if self.failure:
            return TrafficCounts(failure=self.failure)
        candidate = self.candidate.traffic("canary") if self.candidate else []
        return TrafficCounts(self.stable.traffic("stable"), candidate)

    def _check(self, step: Step) -> None:
        percent = step.plan.candidate_percent
        if percent:
            assert self.candidate is not None
            assert self.candidate.ready
            assert self.candidate.version == self.declared.version
            assert step.report.status["weight"] == percent
        keeps = step.plan.keeps_candidate or any(track.name == CANARY for track in step.plan.tracks)
        assert keeps or self.routed == 0, "the candidate is deleted while it has requests"
        if step.plan.stable != self.fallback:
            is_at_once = step.report.status == {}
            is_promotion = step.report.status.get("state") in ("Promoting", "Promoted")
            assert is_at_once or is_promotion

    def _act(self, step: Step) -> None:
        track = next((track for track in step.plan.tracks if track.name == CANARY), None)
        if track is not None:
            amount = track.replicas or 2
            if self.candidate is None or self.candidate.version != track.shape.version:
                assert self.routed == 0, "pods that are not proven get requests"
                self.candidate = Pods(track.shape.version, amount)
            self.candidate.amount = amount
        elif not step.plan.keeps_candidate:
            self.candidate = None
        if step.plan.stable.version != self.stable.version:
            self.stable = Pods(step.plan.stable.version, 4)
        self.fallback = step.plan.fallback or step.plan.stable
        if self.is_accepted and not self.refusal and not self.is_forced:
            self.routed = step.plan.candidate_percent

    def _serve(self) -> None:
        for pods in (self.stable, self.candidate):
            if pods is not None:
                pods.age += 1
        share = (self.routed + self.skew) / 100 if self.routed else 0.0
        self._count(self.candidate, self.requests * share)
        self._count(self.stable, self.requests * (1 - share))

    def _count(self, pods: Pods | None, requests: float) -> None:
        if pods is None or not pods.ready:
            return
        pods.due += requests
        asked = int(pods.due)
        pods.due -= asked
        total = pods.counted.requests + asked
        failed = int(total * self.failing.get(pods.version, 0.0))
        classes = {"setosa": total // 2, "virginica": total - total // 2}
        pods.counted = Traffic(total, failed, 0, total, 0, total, classes)
