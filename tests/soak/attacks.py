"""What one client can do to cost a server memory or time.

`python -m tests.soak.attacks NAME HOST PORT SECONDS`: each attack is the life of one connection, repeated on
some connections at once until its time is over. Prints how many connections it opened and how many bytes it
sent, so that an attack that does nothing is noticed.
"""

import asyncio
import contextlib
import gzip
import itertools
import json
import socket
import struct
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from tests.model_server.connections import BODY, INFO, LIVE, message, post

BATCH_PATH: Final = "/api/v1/predict/batch"
ROW: Final = [5.1, 3.5, 1.4, 0.2]
BATCH: Final = post(json.dumps({"rows": [ROW] * 300}).encode(), path=BATCH_PATH)
LARGE_BATCH: Final = post(json.dumps({"rows": [ROW] * 60_000}).encode(), path=BATCH_PATH)
CHUNKED: Final = message(
    "POST /api/v1/predict HTTP/1.1",
    "host: iris",
    "content-type: application/json",
    "transfer-encoding: chunked",
    body=b"",
)
MEGABYTES: Final = 9_000_000
# A slow client sends a byte and waits so long.
PACE: Final = 0.05
_numbers: Final = itertools.count()


@dataclass(slots=True)
class Line:
    """One connection of an attacker, and what it has sent."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    sent: int = 0

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        self.sent += len(data)
        await self.writer.drain()
        # It returns at once where the system has taken everything, and nothing else would run.
        await asyncio.sleep(0)

    async def send_for_ever(self, data: bytes, start: bytes = b"") -> None:
        """Send it again and again, and take whatever comes back."""
        async with asyncio.TaskGroup() as group:
            taking = group.create_task(self.take())
            await self.send(start)
            while not taking.done():
                await self.send(data)

    async def send_slowly(self, data: bytes) -> None:
        for byte in data:
            await self.send(bytes([byte]))
            await asyncio.sleep(PACE)
            if self.reader.at_eof():
                return

    async def take(self) -> None:
        """Read and drop everything up to the end."""
        while await self.reader.read(1_000_000):
            pass


Life = Callable[[Line], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Attack:
    """What each of its connections does."""

    life: Life
    connections: int = 1


async def pipelined_batches(line: Line) -> None:
    await line.send_for_ever(BATCH)


async def pipelined_probes(line: Line) -> None:
    await line.send_for_ever(LIVE * 20_000)


async def unread_answers(line: Line) -> None:
    while not line.reader.at_eof():
        await line.send(BATCH)


async def trailers(line: Line) -> None:
    await line.send_for_ever(b"a: b\r\n" * 10_000, CHUNKED + b"%x\r\n%b\r\n0\r\n" % (len(BODY), BODY))


async def chunk_extension(line: Line) -> None:
    await line.send_for_ever(b"e" * 60_000, CHUNKED + b"1;")


async def tiny_chunks(line: Line) -> None:
    await line.send_for_ever(b"1\r\n[\r\n" * 10_000, CHUNKED)


async def slow_head(line: Line) -> None:
    await line.send_slowly(post(BODY) * 9)


async def slow_body(line: Line) -> None:
    head, _, body = post(BODY * 9).partition(b"\r\n\r\n")
    await line.send(head + b"\r\n\r\n")
    await line.send_slowly(body)


async def no_body_after_expect(line: Line) -> None:
    head, _, _ = post(BODY, "expect: 100-continue").partition(b"\r\n\r\n")
    await line.send(head + b"\r\n\r\n")
    await line.take()


async def silence(line: Line) -> None:
    await line.take()


async def blank_lines(line: Line) -> None:
    await line.send_for_ever(b"\r\n" * 30_000)


async def half_head_behind_a_large_batch(line: Line) -> None:
    await line.send(LARGE_BATCH + LIVE[:9])
    await line.take()


async def unsupported_upgrade(line: Line) -> None:
    await line.send_for_ever(post(INFO, "connection: Upgrade", "upgrade: h2c") + post(BODY))


async def half_close(line: Line) -> None:
    await line.send(BATCH * 20 + post(BODY) * 20)
    line.writer.write_eof()
    await line.take()


async def reset_before_the_answer(line: Line) -> None:
    await line.send(BATCH * 20)
    raw = line.writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def large_refused_body(line: Line) -> None:
    start = message("POST /none HTTP/1.1", "host: iris", f"content-length: {10 * MEGABYTES}", body=b"")
    await line.send_for_ever(b"x" * 100_000, start)


async def deep_json(line: Line) -> None:
    await line.send(post(b"[" * MEGABYTES, "connection: close"))
    await line.take()


async def long_numbers(line: Line) -> None:
    body = b'{"rows": [[' + b"7" * MEGABYTES + b"]]}"
    await line.send(post(body, "connection: close", path=BATCH_PATH))
    await line.take()


async def quotes(line: Line) -> None:
    body = b'{"inputs": [], ' + b'"inputs": [], ' * 600_000 + b'"id": "x"}'
    await line.send(post(body, "connection: close", path="/v2/models/iris/infer"))
    await line.take()


async def gzip_bombs(line: Line) -> None:
    bomb = gzip.compress(b"[" * 10 * MEGABYTES, compresslevel=9)
    await line.send_for_ever(post(bomb, "content-encoding: gzip"))


async def new_heads(line: Line) -> None:
    for number in itertools.islice(_numbers, 1000):
        agent = f"user-agent: {number}-{'x' * 1500}"
        await line.send(post(BODY, agent) + message(f"GET /{number} HTTP/1.1", "host: iris", body=b""))
    line.writer.write_eof()
    await line.take()


async def new_methods(line: Line) -> None:
    for number in itertools.islice(_numbers, 200):
        target = f"/v2/models/{number}/infer"
        await line.send(
            post(BODY, path=target) + message(f"REPORT {target} HTTP/1.1", "host: iris", body=b"")
        )
    line.writer.write_eof()
    await line.take()


async def large_heads(line: Line) -> None:
    await line.send_for_ever(b"x" * 60_000, b"GET /livez HTTP/1.1\r\nhost: iris\r\na: ")


async def not_http(line: Line) -> None:
    await line.send(
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" if next(_numbers) % 2 else b"\x16\x03\x01\x02\x00\x01"
    )
    await line.take()


async def length_and_chunks(line: Line) -> None:
    await line.send(post(b"0\r\n\r\n" + INFO, "transfer-encoding: chunked"))
    await line.take()


ATTACKS: Final = {
    "pipelined batches": Attack(pipelined_batches),
    "pipelined probes": Attack(pipelined_probes),
    "unread answers": Attack(unread_answers, 5),
    "trailers": Attack(trailers),
    "chunk extension": Attack(chunk_extension),
    "tiny chunks": Attack(tiny_chunks),
    "slow head": Attack(slow_head, 300),
    "slow body": Attack(slow_body, 300),
    "no body after Expect": Attack(no_body_after_expect, 300),
    "silence": Attack(silence, 300),
    "blank lines": Attack(blank_lines),
    "half a head behind a large batch": Attack(half_head_behind_a_large_batch),
    "unsupported upgrade": Attack(unsupported_upgrade),
    "half-close": Attack(half_close, 3),
    "reset before the answer": Attack(reset_before_the_answer, 3),
    "large refused body": Attack(large_refused_body),
    "deep JSON": Attack(deep_json),
    "long numbers": Attack(long_numbers),
    "duplicate names": Attack(quotes),
    "gzip bombs": Attack(gzip_bombs),
    "new heads": Attack(new_heads),
    "new methods and models": Attack(new_methods),
    "large heads": Attack(large_heads),
    "not HTTP": Attack(not_http, 3),
    "length and chunks": Attack(length_and_chunks, 3),
}


@dataclass(slots=True)
class Attacker:
    """An attack on its way."""

    host: str
    port: int
    opened: int = 0
    lines: list[Line] = field(default_factory=list)
    sent: int = 0

    async def attack(self, attack: Attack, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(self._live(attack.life) for _ in range(attack.connections)))

    async def _live(self, life: Life) -> None:
        while True:
            line = Line(*await asyncio.open_connection(self.host, self.port))
            self.opened += 1
            try:
                await life(line)
            except (OSError, ExceptionGroup):
                # The server has closed the connection: that is its right.
                pass
            finally:
                self.sent += line.sent
                line.writer.transport.abort()


def main(name: str, host: str, port: str, seconds: str) -> None:
    attacker = Attacker(host, int(port))
    # Not uvloop: to write to a connection that the server has closed is an error of another kind there.
    asyncio.run(attacker.attack(ATTACKS[name], float(seconds)))
    sys.stdout.write(json.dumps({"connections": attacker.opened, "bytes": attacker.sent}))


if __name__ == "__main__":
    main(*sys.argv[1:])
