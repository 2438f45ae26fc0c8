"""Hosts with one address family or both: network namespaces, in which a process runs and is asked.

Needs root, or a kernel that lets users make namespaces.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

IPV4: Final = "127.0.0.1"
IPV6: Final = "[::1]"
_WITHOUT_IPV6: Final = (sys.executable, str(Path(__file__).with_name("without_ipv6.py")))
_IS_ROOT: Final = os.geteuid() == 0
_DEADLINE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Host:
    """How a namespace becomes one, and the loopback addresses that must answer there."""

    name: str
    setup: str
    answering: tuple[str, ...]
    launcher: tuple[str, ...] = ()


HOSTS: Final = (
    Host("dual stack", ":", (IPV4, IPV6)),
    Host("sockets for IPv6 only by default", "sysctl -qw net.ipv6.bindv6only=1", (IPV4, IPV6)),
    Host("IPv6 only", f"ip address delete {IPV4}/8 dev lo", (IPV6,)),
    Host("IPv6 disabled by sysctl", "sysctl -qw net.ipv6.conf.all.disable_ipv6=1", (IPV4,)),
    Host(
        "a kernel without IPv6",
        "sysctl -qw net.ipv6.conf.all.disable_ipv6=1",
        (IPV4,),
        _WITHOUT_IPV6,
    ),
)
EACH: Final = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)


@contextlib.contextmanager
def running(
    host: Host, command: Sequence[str], *, port: int, environ: Mapping[str, str], log: Path
) -> Iterator["Asked"]:
    """The command on that host, from its first answer on; killed at the end."""
    setup = f'ip link set lo up && {host.setup} && exec "$@"'
    namespace = ["unshare", *([] if _IS_ROOT else ["--user", "--map-root-user"]), "--net"]
    with log.open("w") as lines:
        process = subprocess.Popen(
            [*namespace, "sh", "-c", setup, "sh", *host.launcher, *command],
            env=environ,
            stdout=lines,
            stderr=lines,
        )
        asked = Asked(process, port)
        try:
            deadline = time.monotonic() + _DEADLINE
            while not (asked.is_inside() and asked.status(host.answering[0]) == 200):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield asked
        finally:
            process.kill()
            process.wait()


@dataclass(frozen=True, slots=True)
class Asked:
    """A process on a host, and the port that it should listen on."""

    process: subprocess.Popen[bytes]
    port: int

    def answers(self, addresses: Sequence[str]) -> dict[str, int]:
        """The status of each."""
        return {address: self.status(address) for address in addresses}

    def is_inside(self) -> bool:
        """Whether it has left this host, on whose ports something else may listen."""
        here, there = (Path(f"/proc/{process}/ns/net") for process in ("self", self.process.pid))
        return here.readlink() != there.readlink()

    def status(self, address: str) -> int:
        """Of GET /livez, asked on the same host; 0 where nothing listens. A busy machine answers late."""
        user = [] if _IS_ROOT else ["--user", "--preserve-credentials"]
        enter = ["nsenter", f"--target={self.process.pid}", *user, "--net"]
        curl = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--noproxy", "*"]
        url = f"http://{address}:{self.port}/livez"
        command = [*enter, *curl, "--max-time", f"{_DEADLINE:g}", url]
        answer = subprocess.run(command, capture_output=True, check=False)
        return int(answer.stdout or 0)
