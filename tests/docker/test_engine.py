"""What a kind node asks of the engine: a privileged container, also where root lacks a capability."""

import pytest

from tests.docker.engine import Engine
from tests.docker.stand_ins import PYTHON

pytestmark = pytest.mark.docker

SYS_ADMIN = 1 << 21


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
