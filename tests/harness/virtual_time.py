"""An event loop whose clock jumps: hours of waiting pass at once, and always in the same order.

For code that does no real I/O: when every task waits for a moment, the clock moves to the next one.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """time() starts at 0 and moves only when there is nothing else to do."""

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0
        selector: Any = self._selector  # type: ignore[attr-defined]  # typeshed leaves it out
        self._poll = selector.select
        selector.select = self._select

    def time(self) -> float:
        return self._virtual

    def _select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("every task waits and no timer is set: this would wait for ever")
        self._virtual += timeout
        return self._poll(0)


def run(main: Coroutine[Any, Any, T]) -> T:
    """As asyncio.run, on a virtual clock."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
