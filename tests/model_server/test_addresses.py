"""The addresses that a server listens on, on hosts with one address family or both."""

import re
import sys
from pathlib import Path

import pytest

from tests.harness import hosts
from tests.harness.hosts import Host
from tests.model_server import artifacts, processes


@pytest.mark.process
@hosts.EACH
def test_a_server_on_all_addresses_answers_on_those_that_the_host_has(tmp_path: Path, host: Host) -> None:
    command = [sys.executable, "-m", "iris_model_server", "--host", "::", "--port", "8000"]
    environ = processes.environment(artifacts.write(tmp_path / "model"))

    with hosts.running(host, command, port=8000, environ=environ, log=tmp_path / "log") as asked:
        found = asked.answers([hosts.IPV4, hosts.IPV6])

    assert found == {address: 200 if address in host.answering else 0 for address in found}


@pytest.mark.process
def test_the_access_log_of_a_server_on_all_addresses_names_ipv4_clients_as_such(tmp_path: Path) -> None:
    """To a socket of both families they are ::ffff:127.0.0.1, which no search for an address finds."""
    command = [sys.executable, "-m", "iris_model_server", "--host", "::", "--port", "8000"]
    environ = processes.environment(artifacts.write(tmp_path / "model"), IRIS_LOG_LEVEL="DEBUG")
    host, log = Host("dual stack", ":", (hosts.IPV4,)), tmp_path / "log"

    with hosts.running(host, command, port=8000, environ=environ, log=log):
        found = processes.until(lambda: re.search(r'"client":"[^"]*"', log.read_text()))

    assert found.group() == '"client":"127.0.0.1"'
