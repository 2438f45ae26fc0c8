"""The same raw requests through a real Traefik, whose clients share its connections to the server."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.model_server import processes, traefik
from tests.model_server.connections import INFO, connect, post
from tests.model_server.processes import Running
from tests.model_server.wire_table import BY_THE_BOOK, LAST
from tests.soak.victim import Victim

pytestmark = pytest.mark.process

# Where Traefik 3.7 answers otherwise than the server would by itself.
BY_TRAEFIK = {
    # It forwards this to the server, whose refusal ends the connection between the two alone.
    "Host with a port that is no number": [400, 200],
    # Go's parser does not look for a version that is not there.
    "no version": [400],
    # It forwards the chunks without the length, and keeps the connection; RFC 9112 6.3 would have it closed.
    "chunked and a length": [200, 200],
    # RFC 9110 10.1.1 forbids 100 here.
    "Expect from HTTP/1.0": [100, 200],
    # It forwards no trailer that its head does not announce.
    "Connection: close by trailer": [200, 200],
}
# What one of the two could take for a request inside another.
SMUGGLED = [
    pytest.param(post(INFO, "connection: Upgrade", "upgrade: h2c"), id="upgrade"),
    pytest.param(post(INFO, "connection: Upgrade", "upgrade: foo"), id="unknown upgrade"),
    pytest.param(post(b"0\r\n\r\n" + INFO, "transfer-encoding: chunked"), id="length and chunks"),
    pytest.param(post(b"0\r\n\r\n" + INFO, "transfer-encoding: \x0bchunked"), id="chunks behind a tab"),
    pytest.param(post(b"0\r\n\r\n" + INFO, "transfer-encoding : chunked"), id="chunks with a space"),
    pytest.param(post(INFO, "connection: content-length"), id="length of one hop"),
    pytest.param(post(INFO, "expect: 100-continue"), id="Expect"),
    pytest.param(post(INFO, method="GET", path="/livez"), id="GET with a body"),
    pytest.param(post(INFO, method="HEAD", path="/livez"), id="HEAD with a body"),
]


@pytest.fixture(scope="module")
def proxied(either_path: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The server by the address of a Traefik before it."""
    with traefik.running(tmp_path_factory.mktemp("traefik"), either_path.url) as proxy:
        yield replace(either_path, url=proxy.url)


async def statuses_of(server: Running, *segments: bytes) -> list[int]:
    """Of all that comes back until the connection is closed."""
    reader, writer = await connect(server)
    writer.writelines(segments)
    async with asyncio.timeout(processes.DEADLINE):
        received = await reader.read()
    writer.close()
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", received)]


@pytest.mark.parametrize(("request_bytes", "statuses"), BY_THE_BOOK)
async def test_a_request_is_answered_by_the_book_through_traefik(
    request: pytest.FixtureRequest, proxied: Running, request_bytes: bytes, statuses: list[int]
) -> None:
    case = request.node.callspec.id.partition(" path-")[2]

    found = await statuses_of(proxied, request_bytes, LAST)

    assert found == BY_TRAEFIK.get(case, statuses)


@pytest.mark.parametrize("smuggled", SMUGGLED)
async def test_a_request_inside_another_reaches_no_other_client_of_traefik(
    proxied: Running, smuggled: bytes
) -> None:
    victim = Victim(proxied.url)

    async def attack() -> None:
        for _ in range(20):
            await statuses_of(proxied, smuggled, LAST)

    await victim.ask(asyncio.create_task(attack()))

    assert victim.wrong == []
