"""The addresses that a server listens on."""

import errno
import socket
from pathlib import Path

import httpx
import pytest
from iris_model_server import lifecycle

from tests.model_server import artifacts, processes


@pytest.mark.process
@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]"])
def test_a_server_on_all_addresses_answers_both_families(tmp_path: Path, address: str) -> None:
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path, host="::") as server:
        port = server.url.rpartition(":")[2]

        assert httpx.get(f"http://{address}:{port}/livez").status_code == 200


def test_a_server_on_all_addresses_needs_no_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ipv4Only(socket.socket):
        def __init__(self, family: int = -1, *rest: int) -> None:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
            super().__init__(family, *rest)

    monkeypatch.setattr(socket, "socket", Ipv4Only)

    with lifecycle.bind("::", 0) as bound:
        assert bound.family == socket.AF_INET
