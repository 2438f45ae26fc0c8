"""The facts of a rollout, and the outcome of one step of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from iris_operator.decide import verdict
from iris_operator.decide.facts import WorkloadFacts
from iris_operator.decide.verdict import RolloutReport, Verdict
from iris_operator.model import shape
from iris_operator.model.plan import CANARY, STABLE, Plan, Track
from iris_operator.model.shape import Shape
from iris_operator.model.spec import Rollout
from iris_operator.observe.agreement import Agreement, NoAnswer
from iris_operator.observe.split import Split
from iris_operator.observe.traffic import PodTraffic


@dataclass(frozen=True, slots=True)
class TrafficCounts:
    """What the pods have counted. `failure`: why it is not known of all of them."""

    stable: Sequence[PodTraffic] = ()
    candidate: Sequence[PodTraffic] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True)
class RolloutFacts:
    """`promoted` and `candidate` are of the live Deployments; NOTHING where those are not as planned yet."""

    policy: Rollout
    declared: Shape
    fallback: Shape | None  # that the stable pods were built from, or go back to; None: not known
    before: Mapping[str, Any]  # status.rollout
    serving: WorkloadFacts  # the stable Deployment, whatever it runs; of the fallback's version
    promoted: WorkloadFacts  # the same once it is built from the declared shape; of the declared version
    candidate: WorkloadFacts
    has_ready_candidate: bool  # any pod of the candidate, whatever its Deployment reports, or if it is gone
    agreement: Agreement | NoAnswer | None  # None: not asked
    split: Split
    traffic: TrafficCounts | None  # None: not asked
    stable_replicas: int
    now: datetime
    history: Sequence[Mapping[str, Any]] = ()  # status.history

    @property
    def state(self) -> str:
        return str(self.before.get("state", ""))

    @property
    def version(self) -> str:
        return self.declared.version

    @property
    def former(self) -> Shape:
        return self.fallback or self.declared

    @property
    def is_of_this_shape(self) -> bool:
        """Whether the rollout in the status is one of the declared shape."""
        return bool((self.before.get("candidate") or {}).get("shape") == shape.digest(self.declared))

    @property
    def is_split(self) -> bool:
        """Whether requests reach the candidate, or may still be on their way to it."""
        return "weight" in self.before

    @property
    def moment(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def seconds_since(self, name: str) -> float | None:
        """Since a moment in the status; None: it is not there."""
        moment = self.before.get(name)
        return (self.now - datetime.fromisoformat(moment)).total_seconds() if moment else None

    def entered(self, state: str, status: Mapping[str, Any]) -> dict[str, Any]:
        """This status in a state, which may be the present one."""
        since = status.get("since", self.moment) if state == self.state else self.moment
        return {**status, "state": state, "summary": f"{state} {self.version}", "since": since}

    def clocked(self) -> Mapping[str, Any]:
        """Restarts the clock of the state after a suspension."""
        return self.before if "since" in self.before else {**self.before, "since": self.moment}

    def under_way(self, message: str) -> Verdict:
        message = message.removeprefix(f"rolling out version {self.version}: ")
        return verdict.progressing(
            f"rollout of version {self.version}: {message}; {self.former.version} is the stable version"
        )

    def until_deadline(self) -> list[float]:
        """Of a state that begins now: no event comes if no controller acts."""
        return [self.candidate.deadline.total_seconds() + 0.1]

    def is_out_of_time(self) -> bool:
        return self.candidate.time_left(self.candidate.workload.progressed_at) <= timedelta(0)

    def digest(self) -> str:
        """Of the candidate's model, once a pod has proven it."""
        return digest(self.candidate)

    def stable_version(self) -> dict[str, str]:
        """What serves as the rollout begins: its version, and as far as known its digest and revision."""
        version = self.former.version
        of_version = (entry for entry in self.history if entry["version"] == version)
        proofs = self.serving.proofs.values()
        known = {
            "digest": next((proof.digest for proof in proofs if proof.version == version), ""),
            "revision": next(of_version, {}).get("revision", ""),
        }
        return {"version": version, **{name: value for name, value in known.items() if value}}

    def plan(self, stable: Shape, status: Mapping[str, Any], *, fallback: Shape | None = None) -> Plan:
        """The candidate beside these stable pods, with its share of the requests."""
        replicas = (status.get("candidate") or {}).get("replicas")
        tracks = (Track(STABLE, stable), Track(CANARY, self.declared, replicas=replicas))
        return Plan(tracks, fallback=fallback, candidate_percent=status.get("weight", 0))


@dataclass(frozen=True, slots=True)
class Step:
    """`asks`: decide again with the answers to the reference rows."""

    plan: Plan
    report: RolloutReport
    event: tuple[str, str] | None = None  # reason and note
    asks: bool = False


def alone(stable: Shape, *, keeps_candidate: bool = False) -> Plan:
    return Plan((Track(STABLE, stable),), keeps_candidate=keeps_candidate)


def digest(workload: WorkloadFacts) -> str:
    return next((proof.digest for proof in workload.proofs.values() if proof.digest), "")
