"""The address of /livez, /readyz and /metrics, on hosts with one address family or both."""

import os
import sys
from pathlib import Path

import pytest
import yaml

from tests.harness import hosts
from tests.harness.hosts import Host

_KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "none",
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:1"}}],
    "users": [{"name": "none", "user": {}}],
}


def environment(folder: Path, address: str) -> dict[str, str]:
    """Of an operator whose API server does not answer: /livez does, all the same."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(_KUBECONFIG))
    return {**os.environ, "KUBECONFIG": str(kubeconfig), "IRIS_OPERATOR_HEALTH_ADDRESS": address}


@pytest.mark.process
@hosts.EACH
def test_an_operator_on_all_addresses_answers_on_those_that_the_host_has(tmp_path: Path, host: Host) -> None:
    command, environ = [sys.executable, "-m", "iris_operator"], environment(tmp_path, "[::]:8080")

    with hosts.running(host, command, port=8080, environ=environ, log=tmp_path / "log") as asked:
        found = asked.answers([hosts.IPV4, hosts.IPV6])

    assert found == {address: 200 if address in host.answering else 0 for address in found}


@pytest.mark.process
def test_an_operator_on_one_ipv6_address_answers_there_only(tmp_path: Path) -> None:
    command, environ = [sys.executable, "-m", "iris_operator"], environment(tmp_path, "[::1]:8080")
    host = Host("one address", ":", (hosts.IPV6,))

    with hosts.running(host, command, port=8080, environ=environ, log=tmp_path / "log") as asked:
        found = asked.answers([hosts.IPV4, hosts.IPV6])

    assert found == {hosts.IPV4: 0, hosts.IPV6: 200}
