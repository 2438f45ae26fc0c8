"""Plays the kubelet on an API server without nodes: pods get the state that their image's tag is known for.

Serving pods get the loopback address of a real model server, so what the operator asks is real.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from tests.harness import tasks
from tests.harness.kubernetes import Cluster, Manifest, Refused

Behaviour = Callable[[Manifest], dict[str, Any]]  # pod to its status


def serving(address: str) -> Behaviour:
    """Runs, and is ready at `address`."""

    def behave(pod: Manifest) -> dict[str, Any]:
        container = {"ready": True, "restartCount": 0, "containerID": f"test://{pod['metadata']['uid']}"}
        running = {"state": {"running": {"startedAt": _moment()}}}
        return _status(pod, {**container, **running}, ready=True, phase="Running", podIP=address)

    return behave


def never_ready(pod: Manifest) -> dict[str, Any]:
    """Runs and never becomes ready."""
    running = {"state": {"running": {"startedAt": _moment()}}}
    return _status(pod, {"ready": False, "restartCount": 0, **running}, ready=False, phase="Running")


def cannot_pull(since: timedelta) -> Behaviour:
    """Scheduled `since` ago and still waiting for its image."""

    def behave(pod: Manifest) -> dict[str, Any]:
        waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "nobody/has:this"'}
        state = {"ready": False, "restartCount": 0, "state": {"waiting": waiting}}
        return _status(pod, state, ready=False, phase="Pending", scheduled=_moment(since))

    return behave


def ended(exit_code: int, message: str, restarts: int) -> Behaviour:
    """Ended with a code and what it wrote, `restarts` times over."""

    def behave(pod: Manifest) -> dict[str, Any]:
        terminated = {
            "exitCode": exit_code,
            "message": message,
            "startedAt": _moment(),
            "finishedAt": _moment(),
        }
        waiting = {"reason": "CrashLoopBackOff", "message": "back-off restarting"}
        state = {
            "ready": False,
            "restartCount": restarts,
            "state": {"waiting": waiting},
            "lastState": {"terminated": terminated},
        }
        return _status(pod, state, ready=False, phase="Running")

    return behave


class Kubelet:
    """Gives each pod of the cluster's namespace its behaviour, by image tag, until the block ends.

    `gone` is told the uid of each pod that is no more.
    """

    def __init__(
        self, cluster: Cluster, behaviours: Mapping[str, Behaviour], gone: Callable[[str], None] | None = None
    ) -> None:
        self._cluster = cluster
        self._gone = gone
        self._behaviours = dict(behaviours)
        self._pods: dict[str, Manifest] = {}  # by uid
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Kubelet":
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._play())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await tasks.end(self._tasks)

    def set(self, tag: str, behaviour: Behaviour) -> None:
        """From now on, also for pods that are there."""
        self._behaviours[tag] = behaviour
        self._changed.set()

    async def _watch(self) -> None:
        async for event, pod in self._cluster.watch("Pod"):
            if event == "DELETED":
                self._pods.pop(pod["metadata"]["uid"], None)
                if self._gone is not None:
                    self._gone(pod["metadata"]["uid"])
            elif event in ("ADDED", "MODIFIED"):
                self._pods[pod["metadata"]["uid"]] = pod
                self._changed.set()

    async def _play(self) -> None:
        given: dict[str, Behaviour] = {}
        while True:
            await self._changed.wait()
            self._changed.clear()
            for uid, pod in list(self._pods.items()):
                behaviour = self._behaviours.get(pod["spec"]["containers"][0]["image"].rpartition(":")[2])
                if behaviour is None or given.get(uid) is behaviour:
                    continue
                with suppress(Refused):  # deleted meanwhile
                    name, status = pod["metadata"]["name"], behaviour(pod)
                    await self._cluster.patch("Pod", name, {"status": status}, subresource="status")
                    given[uid] = behaviour


def _status(
    pod: Manifest, container: dict[str, Any], *, ready: bool, phase: str, scheduled: str = "", **more: str
) -> dict[str, Any]:
    image = pod["spec"]["containers"][0]["image"]
    conditions = [
        _condition("PodScheduled", True, scheduled or _moment()),
        _condition("Ready", ready, _moment()),
        _condition("ContainersReady", ready, _moment()),
    ]
    more = {**more, "podIPs": [{"ip": more["podIP"]}]} if "podIP" in more else more  # type: ignore[dict-item]
    return {
        "phase": phase,
        "conditions": conditions,
        "containerStatuses": [{"name": "server", "image": image, "imageID": "", **container}],
        **more,
    }


def _condition(kind: str, true: bool, moment: str) -> dict[str, str]:
    return {"type": kind, "status": "True" if true else "False", "lastTransitionTime": moment}


def _moment(ago: timedelta = timedelta(0)) -> str:
    return (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")
