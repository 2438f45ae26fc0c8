"""Takes a name, runs a pass, schedules the next one. A failed pass is one line in the log."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from iris_operator import errors, metrics
from iris_operator.observe.store import Key
from iris_operator.runtime.queue import Queue

logger = logging.getLogger(__name__)

# Without an answer the model is not at fault: it must not wait long after an outage.
_LONGEST_SILENCE: Final = 10.0
# No event reports a changed quota or policy.
_LONGEST_REFUSAL: Final = 30.0


async def work(queue: Queue, reconcile: Callable[[Key], Awaitable[float | None]]) -> None:
    """Run until cancelled."""
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
    except errors.Incomplete as incomplete:
        result = _try_again(queue, key, incomplete.cause)
        if incomplete.again is not None:
            queue.add_after(key, incomplete.again)
        return result
    except (errors.Waiting, errors.ClusterError) as cause:
        return _try_again(queue, key, cause)
    except Exception:  # a bug must not stop the other models
        wait = queue.retry(key)
        logger.exception("IrisModel %s: unexpected; trying again in %.3g s", name, wait)
        return "error"
    queue.forget(key)
    if again is None:
        return "success"
    queue.add_after(key, again)
    return "requeue_after"


def _try_again(queue: Queue, key: Key, cause: errors.Waiting | errors.ClusterError) -> str:
    name = "/".join(key)
    if isinstance(cause, errors.Waiting):
        queue.add_after(key, cause.seconds)
        logger.info("IrisModel %s: %s, looking again in %g s", name, cause.message, cause.seconds)
        return "requeue_after"
    longest = _LONGEST_REFUSAL if cause.code else _LONGEST_SILENCE
    wait = queue.retry(key, at_least=cause.retry_after or 0.0, at_most=longest)
    logger.warning("IrisModel %s: %s; trying again in %.3g s", name, cause, wait)
    return "error"
