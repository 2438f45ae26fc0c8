"""The way from a loopback port of the host to the node: bytes, both ends' goodbyes, and refusals."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hypothesis import example, given
from hypothesis import strategies as st
from iris_local_cluster import loopback
from iris_local_cluster.native import forward


@asynccontextmanager
async def forwarded(target: asyncio.Server | None) -> AsyncIterator[int]:
    """A forwarder in front of the target, or of a port where nothing listens; its port."""
    if target is None:
        with loopback.listen(0) as unused:
            port = unused.getsockname()[1]
    else:
        port = target.sockets[0].getsockname()[1]
    listener = loopback.listen(0)
    server = await forward.serve(listener, "127.0.0.1", port)
    try:
        yield listener.getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def echo() -> AsyncIterator[asyncio.Server]:
    """Answers, once the other side has said all, with the same."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read())
        writer.write_eof()
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server
    finally:
        server.close()
        await server.wait_closed()


async def exchange(port: int, content: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(content)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@example(content=bytes(range(256)) * 4096)
@given(content=st.binary(max_size=10_000))
def test_every_byte_arrives_and_comes_back_in_order(content: bytes) -> None:
    async def run() -> bytes:
        async with echo() as server, forwarded(server) as port:
            return await exchange(port, content)

    assert asyncio.run(run()) == content


async def test_many_connections_do_not_mix() -> None:
    contents = [bytes([number]) * 1000 for number in range(50)]

    async with echo() as server, forwarded(server) as port:
        answers = await asyncio.gather(*(exchange(port, content) for content in contents))

    assert answers == contents


async def test_a_node_that_does_not_listen_yet_closes_the_connection() -> None:
    async with forwarded(None) as port:
        assert await exchange(port, b"") == b""


def test_a_port_in_use_is_reported_with_its_cure() -> None:
    with loopback.listen(0) as listener:
        port = listener.getsockname()[1]

        refusal = loopback.refusal(port)

    assert refusal is not None
    assert refusal.startswith(f"port {port} on 127.0.0.1: address already in use, expected it to be free")


def test_the_forward_listens_on_loopback_only() -> None:
    with loopback.listen(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        assert listener.family is socket.AF_INET
