"""The inputs of a status as plain values: those of one workload, and those of the whole model. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from iris_operator import errors
from iris_operator.children.report import Report
from iris_operator.observe.proof import Proof
from iris_operator.observe.workload import Workload


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
        """Rolled out, and every ready pod of the newest ReplicaSet has proven the version."""
        ready = [pod for pod in self.workload.newest if pod.ready]
        return (
            self.workload.complete
            and 0 < self.workload.wanted <= len(ready)
            and all(self.proof_of(pod.uid).version == self.version for pod in ready)
        )

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

    def failure_of(self, condition: str) -> errors.ChildFailure | None:
        """The first child that makes this condition False."""
        return next((failure for failure in self.failures if failure.condition == condition), None)
