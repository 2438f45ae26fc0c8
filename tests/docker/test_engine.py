"""What a kind node asks of the engine: a privileged container, also where root lacks a capability."""

import subprocess
import sys
import tempfile

import pytest

from tests.docker.engine import Engine
from tests.docker.stand_ins import PYTHON

pytestmark = pytest.mark.docker

SYS_ADMIN = 1 << 21
_MAKE_A_NETWORK = """
import subprocess, sys
from pathlib import Path
from tests.docker import engine

def links():
    return subprocess.check_output(["ip", "-brief", "link"], text=True).count("\\n")

before = links()
with engine.running(Path(sys.argv[1])) as running:
    running.run("network", "create", "left")
    during = links()
print(during - before, links() - before)
"""


def test_a_privileged_container_may_administer_the_system(engine: Engine) -> None:
    status = engine.run("run", "--rm", "--privileged", PYTHON, "grep", "CapEff", "/proc/self/status")

    assert int(status.split()[1], 16) & SYS_ADMIN


def test_a_privileged_command_in_a_privileged_container_starts(engine: Engine) -> None:
    """kind runs each command in its node this way."""
    container = engine.run("run", "--detach", "--privileged", PYTHON, "sleep", "infinity")
    try:
        assert engine.run("exec", "--privileged", container, "id", "--user") == "0"
    finally:
        engine.run("rm", "--force", container)


def test_an_engine_takes_the_bridges_of_its_networks_from_the_machine() -> None:
    """The tests of kind leave a network, as kind itself does. This engine has network devices of its own."""
    with tempfile.TemporaryDirectory(prefix="iris-docker-", dir="/var/tmp") as folder:
        command = ["unshare", "--net", sys.executable, "-c", _MAKE_A_NETWORK, folder]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split() == ["2", "0"]
