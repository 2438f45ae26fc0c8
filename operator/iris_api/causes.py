"""Why pods do not serve: the words of the status, `iris why` and docs/reference/irismodel.md. Pure."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause. `words` has the places {pod}, {reason}, {code} and {detail}."""

    words: str
    meaning: str
    cure: str = ""  # empty: that of the condition's reason is enough

    def text(self, **found: object) -> str:
        return self.words.format(**found).rstrip(": ")


PODS_REFUSED: Final = Cause(
    "pods cannot be created: {detail}",
    "A quota, a LimitRange, Pod Security or an admission policy refuses the pods",
    "change what the message names (a quota, a LimitRange, Pod Security, an admission policy)",
)
PAUSED: Final = Cause(
    "the Deployment is paused",
    "Somebody paused it; the operator resumes it unless the model is suspended",
    "set `spec.suspend` to false, or `kubectl rollout resume` the Deployment",
)
UNSCHEDULABLE: Final = Cause(
    "pod {pod} cannot be scheduled: {detail}",
    "No node fits the pod",
    "make room on a node, or lower `spec.resources.requests`; see spec.nodeSelector and taints",
)
OUT_OF_MEMORY: Final = Cause(
    "pod {pod}: exit code 137: OOMKilled",
    "The container used more memory than its limit",
    "raise `spec.resources.limits.memory`",
)
ENDED: Final = Cause(
    "pod {pod}: exit code {code}: {detail}",
    "The container ended; its last words follow",
    "read `kubectl -n {namespace} logs {pod} --previous`",
)
WAITING: Final = Cause("pod {pod}: {reason}: {detail}", "The kubelet cannot start the container")
NODE_LOST: Final = Cause(
    "pod {pod}: node {detail} does not answer",
    "The node is NotReady or Unreachable; Kubernetes replaces the pod after five minutes",
    "repair or remove the node",
)
FAILED: Final = Cause(
    "pod {pod} failed: {reason}: {detail}",
    "The node ended the whole pod: `Evicted` where it was short of memory, disk space or process ids",
    "make room on the node, or raise `spec.resources.requests`",
)
GATES_CLOSED: Final = Cause(
    "pod {pod} is waiting for its readiness gates {detail}",
    "Another controller has not confirmed the pod yet",
)
NOT_SCHEDULED: Final = Cause("pod {pod} is waiting for the scheduler", "No scheduler has looked at it yet")
NOT_READY: Final = Cause("pod {pod} is running but not ready", "The readiness probe fails")

CAUSES: Final = (
    PODS_REFUSED,
    PAUSED,
    UNSCHEDULABLE,
    OUT_OF_MEMORY,
    ENDED,
    WAITING,
    NODE_LOST,
    FAILED,
    GATES_CLOSED,
    NOT_SCHEDULED,
    NOT_READY,
)
