"""Traffic as asked over HTTP: where the request goes, and what is said when no answer comes."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from iris_cli import prometheus
from iris_cli.errors import Trouble
from iris_cli.kubectl import Kubectl
from iris_cli.traffic import Traffic
from iris_programs import kubectl

HOSTS: list[str] = []
REFUSED: list[str] = []
FORMS = "expected http://…, https://… or NAMESPACE/SERVICE:PORT"
KUBECTL = Kubectl(kubectl.Kubectl("not-there"))


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        HOSTS.append(self.headers["Host"])
        self.send_response(200)
        self.end_headers()
        if "increase" in self.path and REFUSED:
            self.wfile.write(b"too many samples")
            return
        series = {"metric": {"namespace": "iris", "service": "iris", "http_status": "200"}, "value": [0, "4"]}
        self.wfile.write(json.dumps({"data": {"result": [series]}}).encode())

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("host", ["prometheus.localhost", "127.0.0.1"])
def test_a_name_under_localhost_is_this_machine_and_kept_for_who_routes_by_it(port: int, host: str) -> None:
    assert prometheus.ask(prometheus.connect(f"http://{host}:{port}/", KUBECTL)) == {
        ("iris", "iris"): Traffic(4.0, 0.0)
    }
    assert HOSTS.pop() == f"{host}:{port}"


def test_the_errors_of_a_month_are_asked_for_where_they_are_shown(port: int) -> None:
    source = prometheus.connect(f"http://127.0.0.1:{port}/", KUBECTL)

    assert prometheus.ask(source, month=True) == {("iris", "iris"): Traffic(4.0, 0.0, 0.0)}


def test_traffic_is_there_without_the_errors_of_a_month(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    source = prometheus.connect(f"http://127.0.0.1:{port}/", KUBECTL)
    monkeypatch.setattr(f"{__name__}.REFUSED", ["month"])

    assert prometheus.ask(source, month=True) == {("iris", "iris"): Traffic(4.0, 0.0)}


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("prometheus:9090", f"found address 'prometheus:9090', {FORMS}"),
        ("file:///etc/passwd", f"found address 'file:///etc/passwd', {FORMS}"),
        ("a/../b:9090", f"found address 'a/../b:9090', {FORMS}"),
        ("http://prometheus.localhost:1", "no usable answer: "),
    ],
)
def test_an_address_that_does_not_answer_is_named(address: str, message: str) -> None:
    with pytest.raises(Trouble, match=r"^Prometheus") as trouble:
        prometheus.ask(prometheus.connect(address, KUBECTL))

    assert message in str(trouble.value)


@pytest.mark.parametrize("answer", [None, [], {}, {"data": None}, {"data": {"result": None}}])
def test_an_answer_of_something_else_is_no_series(answer: object) -> None:
    with pytest.raises(Trouble, match="found no series in its answer"):
        prometheus.result(answer)
