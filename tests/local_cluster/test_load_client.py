"""The load client: what counts as a failure, its rate, and its end with the process that started it."""

import http.server
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus

import httpx
import pytest
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.up import load_client
from iris_local_cluster.up.load_client import Answer, Report

GOOD = {"prediction_label": "setosa", "model_version": "1.0.0"}


@pytest.mark.parametrize(
    ("status", "body", "failure", "version"),
    [
        (200, json.dumps(GOOD), None, "1.0.0"),
        (200, json.dumps({**GOOD, "prediction_label": "virginica"}), "setosa is called virginica", "1.0.0"),
        (200, "<html>", "not a prediction: <html>", None),
        (200, "{}", "not a prediction: {}", None),
        (200, "[]", "not a prediction: []", None),
        (502, "bad gateway", "status 502: bad gateway", None),
        (404, json.dumps(GOOD), f"status 404: {json.dumps(GOOD)}", None),
    ],
    ids=["good", "wrong class", "no JSON", "no fields", "no object", "gateway", "status before body"],
)
def test_the_load_client_judges_an_answer(
    status: int, body: str, failure: str | None, version: str | None
) -> None:
    assert load_client.judge(status, body.encode()) == (failure, version)


def test_a_report_counts_versions_and_keeps_the_first_failures() -> None:
    report = Report()

    for number in range(30):
        report.add(Answer(0, number, "1.0.0", f"failure {number}" if number % 2 else None))

    assert (report.requests, report.failed, report.versions) == (30, 15, {"1.0.0": 30})
    assert report.failures[:2] == ["failure 1", "failure 3"]
    assert report.slowest_seconds == 29


@contextmanager
def server(status: HTTPStatus) -> Iterator[tuple[str, list[str]]]:
    """Answers every prediction like this; the address, and the hosts it was asked for."""
    hosts: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hosts.append(str(self.headers["Host"]))
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps(GOOD).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            del format, args

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128  # a busy machine accepts late; five connections at once are refused

    with Server(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{running.server_port}", hosts
        finally:
            running.shutdown()
            thread.join()


def on_the_host(command: Sequence[str]) -> list[str]:
    return list(command)


@pytest.mark.process
def test_the_load_client_counts_its_requests_by_version() -> None:
    with server(HTTPStatus.OK) as (address, hosts):
        with load_client.watch(on_the_host, address=address, host="a.example", rate=100) as seen:
            seen.wait_for(50)

        assert seen.report.requests == len(hosts)
        assert seen.report.versions == {"1.0.0": len(hosts)}
        assert seen.report.failed == 0
        assert set(hosts) == {"a.example"}


@pytest.mark.process
def test_the_load_client_counts_failures_with_their_reason() -> None:
    with server(HTTPStatus.SERVICE_UNAVAILABLE) as (address, _):
        with load_client.watch(on_the_host, address=address, host="a.example", rate=50) as seen:
            seen.wait_for(10)

        assert seen.report.failed == seen.report.requests
        assert seen.report.failures[0].startswith("status 503: ")


@pytest.mark.process
async def test_a_lost_connection_is_reported_with_the_system_s_own_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await load_client.ask(client, url)

    assert answer.failure is not None
    assert answer.failure.startswith("ConnectError")
    assert "ConnectionRefusedError" in answer.failure


@pytest.mark.process
def test_a_load_client_that_cannot_start_is_an_error() -> None:
    def broken(command: Sequence[str]) -> list[str]:
        return ["false", *command]

    with (
        pytest.raises(LocalClusterError, match="stopped after 0 requests"),
        load_client.watch(broken, address="127.0.0.1:1", host="a.example") as seen,
    ):
        seen.wait_for(1)
