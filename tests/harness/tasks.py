"""Work in the background of a test."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel all of them. Raises the error of one that has failed before."""
    ending = list(tasks)
    for task in ending:
        task.cancel()
    for task in ending:
        with suppress(asyncio.CancelledError):
            await task
