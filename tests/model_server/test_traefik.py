"""The same raw requests through a real Traefik, whose clients share its connections to the server."""

import asyncio
import contextlib
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.model_server import processes
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
    scratch = tmp_path_factory.mktemp("traefik")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    routes = scratch / "routes.yaml"
    routes.write_text(
        "http:\n"
        "  routers: {iris: {rule: PathPrefix(`/`), service: iris}}\n"
        f"  services: {{iris: {{loadBalancer: {{servers: [{{url: '{either_path.url}'}}]}}}}}}\n"
    )
    command = [
        str(Path(sys.executable).with_name("traefik")),
        f"--entrypoints.web.address=127.0.0.1:{port}",
        f"--providers.file.filename={routes}",
        "--global.checknewversion=false",
    ]
    with (scratch / "traefik.log").open("w") as log:
        traefik = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool | None:
        assert traefik.poll() is None, (scratch / "traefik.log").read_text()
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{address}/livez").status_code == 200 or None
        return None

    try:
        processes.until(answers)
        yield replace(either_path, url=address)
    finally:
        traefik.kill()
        traefik.wait()


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
