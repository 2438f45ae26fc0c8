"""The three servers frozen, ended and started one by one, as tests of failure need it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from iris_local_cluster import api_server as servers

pytestmark = pytest.mark.cluster

NOTE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note"}}
CRDS = Path(__file__).parents[2] / "crds"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NOTES = "/api/v1/namespaces/default/configmaps"


@pytest.fixture(scope="module")
def server() -> Iterator[servers.ApiServer]:
    """One beside the shared one, which must not notice; each test leaves it whole."""
    with servers.running() as server:
        yield server


def test_two_api_servers_share_no_objects(server: servers.ApiServer, api_server: servers.ApiServer) -> None:
    with server.client() as client, api_server.client() as other:
        client.post(NOTES, json=NOTE)

        assert client.get(f"{NOTES}/note").status_code == httpx.codes.OK
        assert other.get(f"{NOTES}/note").status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_restarted_api_server_has_the_same_address_and_objects(server: servers.ApiServer, end: str) -> None:
    with server.client() as client:
        client.post(NOTES, json=NOTE)

    getattr(server.api_server, end)()
    with server.client() as client, pytest.raises(httpx.ConnectError):
        client.get(NOTES)
    server.api_server.start()
    server.wait_until_ready()

    with server.client() as client:
        assert client.get(f"{NOTES}/note").status_code == httpx.codes.OK


def test_a_paused_api_server_answers_nothing(server: servers.ApiServer) -> None:
    server.api_server.pause()
    with server.client() as client, pytest.raises(httpx.TimeoutException):
        client.get("/readyz", timeout=0.5)
    server.api_server.resume()

    server.wait_until_ready()


def test_crds_are_established_although_the_api_server_answers_late(server: servers.ApiServer) -> None:
    """A busy machine keeps it from answering for longer than a client waits."""
    crds = sorted(CRDS.glob("*.serving.two.inc.yaml"))
    server.api_server.pause()
    late = threading.Timer(11, server.api_server.resume)
    late.start()

    server.establish(crds)

    late.join()
    with server.client() as client:
        assert client.get(f"{DEFINITIONS}/irismodels.serving.two.inc").status_code == httpx.codes.OK


def test_the_api_server_keeps_its_objects_when_etcd_crashes(server: servers.ApiServer) -> None:
    with server.client() as client:
        client.post(NOTES, json=NOTE)

    server.etcd.kill()
    server.etcd.start()
    server.wait_until_ready()

    with server.client() as client:
        assert client.get(f"{NOTES}/note").status_code == httpx.codes.OK


def test_the_api_server_answers_without_its_controllers(server: servers.ApiServer) -> None:
    server.controller_manager.kill()

    with server.client() as client:
        client.post("/api/v1/namespaces", json={"metadata": {"name": "late"}})
        absent = client.get("/api/v1/namespaces/late/serviceaccounts/default")
    server.controller_manager.start()

    assert absent.status_code == httpx.codes.NOT_FOUND
    assert server.controller_manager.pid is not None
