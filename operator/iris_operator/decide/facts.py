"""The inputs of a status as plain values: those of one workload, and those of the whole model. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from iris_operator import errors
from iris_operator.children import deployment
from iris_operator.children.report import Report
from iris_operator.decide.verdict import RolloutReport
from iris_operator.model.spec import Verify
from iris_operator.observe.proof import Proof
from iris_operator.observe.route_changes import FormerRoute
from iris_operator.observe.workload import OlderPod, Workload

# How long a terminating pod may answer: its preStop wait and the drain. Measured on a node: the last request
# through Traefik began 0.2 s after the DELETE, on a connection kept alive through kube-proxy 5.5 s after it.
SETTLE: Final = timedelta(seconds=deployment.PRE_STOP_SECONDS + 1)
# Who may call is no matter of likelihood: until a pod is gone, or its kubelet must have killed it.
KILLED: Final = timedelta(seconds=deployment.GRACE_SECONDS + 1)


@dataclass(frozen=True, slots=True)
class WorkloadFacts:
    """One Deployment with its ReplicaSets and pods, and the answers of the pods."""

    version: str  # the version that it should run
    workload: Workload
    proofs: Mapping[str, Proof]  # by pod uid, of every ready pod
    deadline: timedelta  # for progress
    waiting_since: datetime | None  # None: since now
    now: datetime

    def serves_version(self) -> bool:
        """Whether every answer is of the version: it is proven, and no older pod may still answer."""
        return self.proves_version() and not self.answering_older()

    @property
    def settle(self) -> timedelta:
        """How long a terminating pod counts as one that may answer."""
        return KILLED if self.workload.closed else SETTLE

    def answering_older(self) -> tuple[OlderPod, ...]:
        """Older pods that may still answer. A pod that is gone cannot, and a lost node's is not awaited."""
        return tuple(
            pod
            for pod in self.workload.older
            if pod.terminating_since is None or self.now < pod.terminating_since + self.settle
        )

    def proves_version(self) -> bool:
        """Rolled out, and every ready pod of the newest ReplicaSet has proven the version."""
        ready = [pod for pod in self.workload.newest if pod.ready]
        return (
            self.workload.complete
            and 0 < self.workload.wanted <= len(ready)
            and all(self.proof_of(pod.uid).version == self.version for pod in ready)
        )

    def time_left(self, progressed_at: datetime | None = None) -> timedelta:
        """Until the deadline, which each progress puts off."""
        if self.waiting_since is None:
            return self.deadline
        return max(self.waiting_since, progressed_at or self.waiting_since) + self.deadline - self.now

    def proof_of(self, uid: str) -> Proof:
        return self.proofs.get(uid, Proof(failure="not asked yet"))


@dataclass(frozen=True, slots=True)
class Part:
    """An optional part of a model: the children behind one condition."""

    condition: str
    applied: str  # the reason when all of them are; empty where only a report decides
    kinds: tuple[str, ...]
    missing: tuple[str, ...]  # of these kinds the cluster has no API
    api: str  # whose API that would be
    is_applied: bool
    report: Report | None = None  # of the controller behind it
    changes_at: datetime | None = None  # when time alone changes the report


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one IrisModel."""

    generation: int
    version: str  # the declared version
    suspended: bool
    fault: errors.Invalid | None
    failures: tuple[errors.ChildFailure, ...]
    stable: WorkloadFacts
    parts: tuple[Part, ...]
    selector: str
    url: str
    missing_class: str  # the IngressClass of the route, if the cluster has none of that name
    source: Mapping[str, str]  # the revision that declared the version, empty when unknown
    now: datetime
    pickle: str | None  # spec.server.pickle; None: absent
    verify: Verify | None = None
    overrides: tuple[str, ...] = ()  # values of children that somebody forces on every write
    former_route: FormerRoute | None = None
    gateway_problem: str = ""  # why the Gateway cannot serve the route
    rollout: RolloutReport | None = None  # None: nothing was decided in this pass

    def failure_of(self, condition: str) -> errors.ChildFailure | None:
        """The first child that makes this condition False."""
        return next((failure for failure in self.failures if failure.condition == condition), None)
