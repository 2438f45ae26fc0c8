"""Another list under load: what a rollout does, with real servers behind a real Traefik.

A server with another list takes over, and the former one is asked to stop. That it has ended is what the
operator waits for (tests/operator/test_checks.py).
"""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.harness.callers import Caller
from tests.model_server import access, artifacts, processes, traefik
from tests.model_server.processes import Running

pytestmark = pytest.mark.process

SHOP: Final = access.entry("shop", access.GOOD)
FORMER: Final = access.entry("former", access.EXPIRED)
PATHS: Final = {"fast path": "Auto", "reference path": "Off"}


@contextmanager
def serving(scratch: Path, path: str, listed: list[dict[str, Any]] | None) -> Iterator[Running]:
    """A server with this list, or without one."""
    scratch.mkdir()
    variables = {"IRIS_FAST_PATH": path}
    options: tuple[str, ...] = ()
    if listed is not None:
        variables["IRIS_ACCESS_FILE"] = str(access.write(scratch, *listed))
        options = ("--management-port", "0")
    folder = artifacts.write(scratch / "model")
    with processes.running(folder, scratch, options=options, **variables) as running:
        yield running


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
@pytest.mark.parametrize(
    ("before", "key"),
    [([SHOP, FORMER], access.EXPIRED), (None, "")],
    ids=["a client is taken off the list", "an open server is closed"],
)
def test_who_is_on_no_list_is_never_answered_once_the_former_server_ended(
    tmp_path: Path, path: str, before: list[dict[str, Any]] | None, key: str
) -> None:
    with ExitStack() as stack:
        former = stack.enter_context(serving(tmp_path / "former", path, before))
        newer = stack.enter_context(serving(tmp_path / "newer", path, [SHOP]))
        proxy = stack.enter_context(traefik.running(tmp_path, former.url))
        address = proxy.url.removeprefix("http://")
        staying, leaving = (
            stack.enter_context(Caller(address, "iris.test", one)) for one in (access.GOOD, key)
        )
        staying.wait_for_more()
        leaving.wait_for_more()
        changed = time.monotonic()
        proxy.route(newer.url)
        former.process.send_signal(signal.SIGTERM)
        assert former.ended() == 0
        ended = time.monotonic()
        staying.wait_for_more()
        leaving.wait_for_more()

    assert staying.outcomes() == {200}
    assert leaving.outcomes(until=changed) == {200}
    assert leaving.outcomes(since=ended) == {401}
    assert leaving.outcomes() == {200, 401}
