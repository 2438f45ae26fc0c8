"""The management port of a real process: open to operator, Prometheus and kubelet, beside a closed port."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.model_server import access, artifacts, processes
from tests.model_server.processes import Running

pytestmark = pytest.mark.process


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    listed = str(access.write(tmp_path))
    options = ("--management-port", "0")
    folder = artifacts.write(tmp_path / "model")
    with processes.running(folder, tmp_path, options=options, IRIS_ACCESS_FILE=listed) as running:
        yield running


def management(server: Running) -> str:
    (port,) = re.findall(r"management on port ([0-9]+)", server.log.read_text())
    return f"http://127.0.0.1:{port}"


def test_the_operator_and_prometheus_need_no_key_where_clients_do(server: Running) -> None:
    inside = management(server)

    for path in ("/api/v1/model/info", "/metrics", "/api/v1/model/reference"):
        assert httpx.get(server.url + path).status_code == 401
        assert httpx.get(server.url + path, headers=access.bearer(access.GOOD)).status_code == 200
        assert httpx.get(inside + path).status_code == 200
    for url in (server.url, inside):
        assert httpx.get(f"{url}/readyz").status_code == 200


def test_a_requested_stop_closes_the_management_port_and_exits_with_0(server: Running) -> None:
    inside = management(server)
    with httpx.Client() as client:
        # A connection that stays open must not hold up the end.
        assert client.get(f"{inside}/livez").status_code == 200
        server.process.send_signal(signal.SIGTERM)

        assert server.ended() == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{inside}/livez")


def test_a_server_ends_at_an_option_of_a_later_release() -> None:
    """So a server of a release without keys never serves openly: `--management-port` comes with the list."""
    ended = processes.refused(Path("/nonexistent"), "--management-ports", "8001")

    assert ended.returncode == 2
    assert "unrecognized arguments: --management-ports" in ended.stderr


def test_a_list_that_cannot_be_read_ends_the_server(tmp_path: Path) -> None:
    ended = processes.refused(
        artifacts.write(tmp_path / "model"), IRIS_ACCESS_FILE="/nonexistent/clients.json"
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[-1].startswith(
        "IRIS_ACCESS_FILE: /nonexistent/clients.json: No such file"
    )
