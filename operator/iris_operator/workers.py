"""Take a name, make a pass, decide when to look again. A pass that fails costs one line in the log."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from iris_operator import errors, metrics
from iris_operator.queue import LONGEST_WAIT, Queue
from iris_operator.store import Key

logger = logging.getLogger(__name__)

# No answer is no fault of the model: after an outage nobody may wait minutes more.
_LONGEST_SILENCE: Final = 10.0


async def work(queue: Queue, reconcile: Callable[[Key], Awaitable[float | None]]) -> None:
    """Runs until cancelled."""
    while True:
        key = await queue.take()
        started = time.monotonic()
        try:
            result = await _one(queue, reconcile, key)
        finally:
            queue.done(key)
        metrics.pass_finished(result, time.monotonic() - started)


async def _one(queue: Queue, reconcile: Callable[[Key], Awaitable[float | None]], key: Key) -> str:
    name = "/".join(key)
    try:
        again = await reconcile(key)
    except errors.Waiting as waiting:
        queue.add_after(key, waiting.seconds)
        logger.info("IrisModel %s: %s, looking again in %g s", name, waiting.message, waiting.seconds)
        return "requeue_after"
    except errors.ClusterError as error:
        longest = _LONGEST_SILENCE if error.code == 0 else LONGEST_WAIT
        wait = queue.retry(key, at_least=error.retry_after or 0.0, at_most=longest)
        logger.warning("IrisModel %s: %s; trying again in %.3g s", name, error, wait)
        return "error"
    except Exception:  # a bug of ours must not stop the other models
        wait = queue.retry(key)
        logger.exception("IrisModel %s: unexpected; trying again in %.3g s", name, wait)
        return "error"
    queue.forget(key)
    if again is None:
        return "success"
    queue.add_after(key, again)
    return "requeue_after"
