"""One attack on a server, with a victim beside it: what it cost the server and the victim."""

import asyncio
import json
import os
import statistics
import sys
from dataclasses import dataclass

import httpx

from tests.model_server import processes
from tests.model_server.processes import Running
from tests.soak.attacks import BATCH_PATH, ROW
from tests.soak.victim import Victim

# More than before: behind an attack, and while it lasts. A body of 10 MB may be held three times meanwhile.
MOST_LEFT = 20_000_000
MOST_AT_ONCE = 50_000_000
# Short, so that an attack sees the end of many of its connections.
SETTINGS = {
    "IRIS_HEAD_SECONDS": "1",
    "IRIS_BODY_SECONDS": "2",
    "IRIS_KEEP_ALIVE_SECONDS": "5",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What was seen of one attack."""

    name: str
    connections: int
    sent: int
    # More than before, while it lasted and behind it.
    peak: int
    left: int
    answers: int
    wrong: list[str]
    median: float
    slowest: float
    # Until a new client was answered when it was over.
    recovery: float

    def faults(self) -> list[str]:
        """Why the server did not withstand it."""
        found = [f"an answer to the victim: {answer}" for answer in self.wrong[:3]]
        for when, size, most in (("left", self.left, MOST_LEFT), ("at once", self.peak, MOST_AT_ONCE)):
            if size > most:
                found.append(
                    f"memory {when}: {size / 1e6:.0f} MB more than before, expected at most {most / 1e6:.0f}"
                )
        if not self.sent and self.name != "silence":
            found.append("the attack: sent nothing")
        return found


async def warm(server: Running) -> None:
    """The largest batch that is allowed: what the server needs for that is no cost of an attack."""
    async with httpx.AsyncClient(base_url=server.url, timeout=processes.DEADLINE) as client:
        for _ in range(2):
            answer = await client.post(BATCH_PATH, json={"rows": [ROW] * 100_000})
            assert answer.status_code == 200


async def attacked(server: Running, name: str, seconds: float) -> Result:
    """The attack in a process of its own; memory is read with each of the victim's requests."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    before = most = server.resident()
    attack = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.soak.attacks",
        name,
        host,
        port,
        str(seconds),
        stdout=asyncio.subprocess.PIPE,
    )
    ending = asyncio.create_task(attack.communicate())
    victim = Victim(server.url)
    asking = asyncio.create_task(victim.ask(ending))
    while not asking.done():
        most = max(most, server.resident())
        await asyncio.wait([asking], timeout=0.05)
    await asking
    counted = json.loads((await ending)[0])
    # A minute of pipelined predictions fills hundreds of megabytes.
    os.truncate(server.access_log, 0)
    recovery = await recovered(server)
    return Result(
        name,
        counted["connections"],
        counted["bytes"],
        most - before,
        server.resident() - before,
        len(victim.seconds),
        victim.wrong,
        statistics.median(victim.seconds),
        max(victim.seconds),
        recovery,
    )


async def recovered(server: Running) -> float:
    """The seconds until a new connection is answered: those of the attack may still wait to be accepted."""
    start = asyncio.get_running_loop().time()
    async with httpx.AsyncClient(base_url=server.url, timeout=processes.DEADLINE) as client:
        await client.get("/livez")
    return asyncio.get_running_loop().time() - start
