"""What keeps the newest pods of a workload from serving, nearest cause first. Pure.

The one place that decides it: the status and `iris why` both read it here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from iris_api import causes
from iris_api.causes import Cause

from iris_operator.observe.workload import Pod, Workload


@dataclass(frozen=True, slots=True)
class Found:
    """A cause in a workload; `is_passing`: usual for a moment in every rollout."""

    cause: Cause
    text: str
    pod: Pod | None = None
    is_passing: bool = False

    def cure(self, namespace: str) -> str:
        """Empty where that of the condition's reason is enough."""
        return self.cause.cure.format(namespace=namespace, pod=self.pod.name if self.pod else "")


def of(workload: Workload) -> Iterator[Found]:
    """What concerns all pods, then what holds up one of them, then what passes."""
    if workload.paused:
        yield Found(causes.PAUSED, causes.PAUSED.text())
    if workload.refusal:
        yield Found(causes.PODS_REFUSED, causes.PODS_REFUSED.text(detail=workload.refusal))
        return
    waiting = [pod for pod in workload.newest if not pod.ready]
    failed = () if workload.complete else workload.failed
    yield from sorted(map(_of_pod, (*waiting, *failed)), key=lambda found: found.is_passing)


def _of_pod(pod: Pod) -> Found:
    # The end of the container comes first: the back-off that follows has no cause in it.
    has_ended = pod.exit_code is not None and pod.waiting_reason in ("", "CrashLoopBackOff")
    if pod.failed:
        return _found(causes.FAILED, pod, reason=pod.failed, detail=pod.failed_message)
    if not pod.is_scheduled and pod.waiting_reason:
        return _found(causes.UNSCHEDULABLE, pod, detail=pod.waiting_message or pod.waiting_reason)
    if has_ended and pod.exit_message == "OOMKilled":
        return _found(causes.OUT_OF_MEMORY, pod)
    if has_ended:
        return _found(causes.ENDED, pod, code=pod.exit_code, detail=pod.exit_message)
    if pod.waiting_reason:
        return _found(causes.WAITING, pod, reason=pod.waiting_reason, detail=pod.waiting_message)
    if pod.lost_node:
        return _found(causes.NODE_LOST, pod, detail=pod.lost_node)
    if pod.closed_gates:
        return _found(causes.GATES_CLOSED, pod, detail=", ".join(pod.closed_gates))
    return _found(causes.NOT_READY if pod.is_scheduled else causes.NOT_SCHEDULED, pod)


def _found(cause: Cause, pod: Pod, **found: object) -> Found:
    is_passing = cause in (causes.NOT_SCHEDULED, causes.NOT_READY) or found.get("detail") == ""
    return Found(cause, cause.text(pod=pod.name, **found), pod, is_passing and cause != causes.ENDED)
