"""The bridge of the tests' engine. The engine itself writes no firewall rule on this machine.

Two rules and one kernel setting let builds reach the package index; all of it is taken back at the end, so a
Docker engine of the machine's owner, with rules of its own, is not disturbed.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BRIDGE = "iris-docker0"
ADDRESS = "10.212.0.1/24"
POOL = "10.213.0.0/16"

_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
_RULES = (
    ("nat", ("POSTROUTING", "--source", ADDRESS, "!", "--out-interface", BRIDGE, "--jump", "MASQUERADE")),
    ("filter", ("FORWARD", "--in-interface", BRIDGE, "--jump", "ACCEPT")),
    ("filter", ("FORWARD", "--out-interface", BRIDGE, "--jump", "ACCEPT")),
)


@contextmanager
def bridge() -> Iterator[str]:
    """The bridge's name, while it exists."""
    forwarded = _FORWARD.read_text()
    _remove()
    try:
        _run("ip", "link", "add", BRIDGE, "type", "bridge")
        _run("ip", "address", "add", ADDRESS, "dev", BRIDGE)
        _run("ip", "link", "set", BRIDGE, "up")
        for table, (chain, *rule) in _RULES:
            _run("iptables", "--wait", "--table", table, "--insert", chain, *rule)
        _FORWARD.write_text("1")
        yield BRIDGE
    finally:
        _FORWARD.write_text(forwarded)
        _remove()


def _remove() -> None:
    """Also what a killed run left."""
    for table, rule in _RULES:
        while _try("iptables", "--wait", "--table", table, "--delete", *rule):
            pass
    _try("ip", "link", "delete", BRIDGE)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _try(*command: str) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
