"""Receives IrisModels from Kopf's watch and hands them to the engine. Nothing is decided here.

It uses raw events only: Kopf adds no finalizer, annotation, timer, index or patch of its own. Another event
source could replace it, if it calls `engine.saw` and `engine.lost` and ends on a signal. `watch` follows
the children.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import kopf
from iris_api import kinds

from iris_operator import errors
from iris_operator.runtime.engine import Engine


async def pump(
    engine: Engine, namespaces: tuple[str, ...], stop: asyncio.Event, end: Callable[[], Awaitable[None]]
) -> None:
    """Watches until a signal or `stop`; `end` is awaited before it returns.

    Raises errors.WatchBroken when a watch has ended for good. What is left of Kopf then may hang for ever, so
    the process has to end.
    """
    others = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(
        registry=_registry(engine, end),
        settings=_settings(confined=bool(namespaces)),
        standalone=True,
        clusterwide=not namespaces,
        namespaces=namespaces,
        stop_flag=stop,
    )
    running = asyncio.create_task(kopf.run_tasks(tasks, ignored=others))
    ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise errors.WatchBroken(str(error)) from error
    await running


def _registry(engine: Engine, end: Callable[[], Awaitable[None]]) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()
    kind = kinds.IRIS_MODEL

    @kopf.on.event(kind.group, kind.version, kind.plural, registry=registry)
    async def saw(event: kopf.RawEvent, **_: Any) -> None:
        if event["type"] == "DELETED":
            engine.lost(kind, event["object"])
        else:
            engine.saw(kind, event["object"])

    @kopf.on.login(registry=registry)
    def login(**kwargs: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)

    @kopf.on.cleanup(registry=registry)
    async def cleanup(**_: Any) -> None:
        # Here and not after Kopf's end: Kopf waits 5 s for every task that it did not start itself.
        await end()

    return registry


def _settings(*, confined: bool) -> kopf.OperatorSettings:
    """Settings that make Kopf watch our kind only and write nothing."""
    # Kopf logs every handled event at INFO.
    logging.getLogger("kopf").setLevel(logging.WARNING)
    # We log the end of a watch in one line.
    logging.getLogger("kopf._core.reactor").setLevel(logging.CRITICAL)
    configured = kopf.OperatorSettings()
    configured.posting.enabled = False
    configured.peering.standalone = True
    configured.persistence.diffbase_storage = _NoDifference()
    # Without the right to list namespaces, Kopf would retry for a minute before it watches.
    configured.scanning.disabled = confined
    return configured


class _NoDifference(kopf.DiffBaseStorage):
    """No diffs: Kopf copies every object for handlers that we do not have, a third of its own time."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        raise NotImplementedError("found a write by Kopf, expected none")
