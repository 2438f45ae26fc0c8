"""The door: Kopf's watches in, the engine's store out. Nothing is decided here.

Only raw events: Kopf adds no finalizer, annotation, timer, index or patch of its own.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import kopf

from iris_operator.engine import Engine
from iris_operator.kinds import Kind
from iris_operator.sweep import WATCHED


def register(engine: Engine, stop: Callable[[], Awaitable[None]]) -> kopf.OperatorRegistry:
    """A registry whose handlers feed `engine`; `stop` is awaited before Kopf ends."""
    registry = kopf.OperatorRegistry()
    for kind, _ in WATCHED:
        _watch(registry, engine, kind)

    @kopf.on.login(registry=registry)
    def login(**kwargs: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)

    @kopf.on.cleanup(registry=registry)
    async def cleanup(**_: Any) -> None:
        # Here and not after Kopf's end: Kopf waits 5 s for every task that it did not start itself.
        await stop()

    return registry


def _watch(registry: kopf.OperatorRegistry, engine: Engine, kind: Kind) -> None:
    @kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=f"saw-{kind.plural}")
    async def saw(event: kopf.RawEvent, **_: Any) -> None:
        body = event["object"]
        if event["type"] == "DELETED":
            engine.lost(kind, body)
        else:
            engine.saw(kind, body)


def settings() -> kopf.OperatorSettings:
    """Kopf as a pump: it watches what is ours and writes nothing."""
    configured = kopf.OperatorSettings()
    configured.posting.enabled = False
    configured.peering.standalone = True
    for kind, selector in WATCHED:
        if selector is not None:
            configured.watching.label_selectors[kind.group, kind.version, kind.plural] = selector
    return configured
