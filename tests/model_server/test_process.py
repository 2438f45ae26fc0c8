"""The command as a real process: what it loads, how it refuses, how it ends."""

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from iris_model_server.protocols.openapi import FLOWER

from tests.model_server import artifacts, processes, test_trees
from tests.model_server.processes import Running

pytestmark = pytest.mark.process

BODY = json.dumps(FLOWER).encode()
HEAD = (
    "POST /api/v1/predict HTTP/1.1\r\nhost: iris\r\n"
    f"content-type: application/json\r\ncontent-length: {len(BODY)}\r\n"
).encode()
WARM = 500
REFUSALS: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "another version expected": ({}, {"IRIS_EXPECTED_VERSION": "9.9.9"}, "version: 1.4.0, expected 9.9.9"),
    "missing folder": ({}, {"IRIS_ARTIFACT_DIR": "/nonexistent"}, "/nonexistent: No such file or directory"),
    "folder without a card": ({}, {"IRIS_ARTIFACT_DIR": "/"}, "/: no model card"),
    "tampered card": (
        {"linear": artifacts.card()["linear"] | {"intercept": [0.0, 0.0, 0.0]}},
        {},
        "linear.sha256",
    ),
    "bad golden": ({"golden": [{"input": [5, 3, 1, 1], "probabilities": [0, 0, 1]}]}, {}, "golden[0]"),
    "broken card": ({"classes": "setosa"}, {}, "Expected `array`"),
}
UNUSABLE = {
    "level": ({"IRIS_LOG_LEVEL": "loud"}, "settings refused: IRIS_LOG_LEVEL: 'loud'"),
    "number": ({"IRIS_DRAIN_SECONDS": "soon"}, "settings refused: IRIS_DRAIN_SECONDS: 'soon'"),
}


@pytest.mark.parametrize(("changes", "variables", "words"), REFUSALS.values(), ids=REFUSALS)
def test_a_refused_artifact_ends_in_65_and_one_line(
    tmp_path: Path, changes: dict[str, Any], variables: dict[str, str], words: str
) -> None:
    folder = artifacts.write(tmp_path / "model", **changes)
    termination_log = tmp_path / "termination-log"
    termination_log.touch()

    ended = processes.refused(folder, **({"IRIS_TERMINATION_LOG": str(termination_log)} | variables))

    assert ended.returncode == 65
    (line,) = ended.stderr.splitlines()
    assert line.startswith("artifact refused: ")
    assert words in line
    assert termination_log.read_text() == line + "\n"
    assert ended.stdout == ""


def test_a_tampered_joblib_ends_in_65_and_makes_no_termination_log(tmp_path: Path) -> None:
    folder = artifacts.write(tmp_path / "model")
    (folder / "model_pipeline_1.4.0.joblib").write_bytes(b"x" * len(artifacts.NOT_A_PICKLE))
    missing = tmp_path / "termination-log"

    ended = processes.refused(folder, IRIS_TERMINATION_LOG=str(missing))

    assert (ended.returncode, "joblib: sha256" in ended.stderr) == (65, True)
    assert not missing.exists()


@pytest.mark.parametrize(("variables", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_setting_ends_in_2_and_one_line(
    tmp_path: Path, variables: dict[str, str], words: str
) -> None:
    ended = processes.refused(artifacts.write(tmp_path), **variables)

    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert ended.stderr.startswith(words)


def test_a_taken_port_ends_in_2_and_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = processes.refused(artifacts.write(tmp_path), "--port", port)

    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert ended.stderr.startswith(f"address 127.0.0.1:{port}: Address already in use, expected ")


@pytest.mark.parametrize("write", [artifacts.write, test_trees.written], ids=["folded weights", "a forest"])
def test_a_model_that_is_data_needs_neither_scikit_learn_nor_numpy(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    folder = write(tmp_path)
    program = (
        "import sys; from iris_model_server import __main__, app, settings;"
        "from iris_model_server.model import artifact;"
        "loaded = settings.load();"
        "app.create_app(loaded, artifact.load(loaded.artifact_dir));"
        "print([name for name in ('numpy', 'sklearn', 'scipy', 'joblib', 'pickle5') if name in sys.modules])"
    )

    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=processes.environment(folder),
        capture_output=True,
        text=True,
        check=True,
        timeout=processes.DEADLINE,
    )

    assert ended.stdout == "[]\n"


def test_every_log_line_is_json(tmp_path: Path) -> None:
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path) as server:
        httpx.post(f"{server.url}/api/v1/predict", json=FLOWER)
        httpx.get(f"{server.url}/nothing")
        server.process.send_signal(signal.SIGINT)
        code = server.ended()

    logged = [json.loads(line) for line in server.access_log.read_text().splitlines()]
    messages = [json.loads(line)["message"] for line in server.log.read_text().splitlines()]
    assert code == 0
    assert [line["status"] for line in logged] == [200, 404]
    assert messages[0].startswith("serving iris 1.4.0 (folded, sha256:")
    assert messages[-1] == "stopped"


class Router:
    """What a load balancer does: it opens connections only while the server says it is ready."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.open = True
        self.warm = asyncio.Event()
        self.several: Counter[object] = Counter()
        self.answered_while_draining = 0

    async def watch(self) -> None:
        async with httpx.AsyncClient() as client:
            while self.open:
                try:
                    self.open = (await client.get(f"{self.server.url}/readyz")).status_code == 200
                except httpx.TransportError:
                    self.open = False

    async def connect(self) -> None:
        """One kept connection after the other; each is used until the server asks to leave it."""
        while self.open:
            async with _connection(self.server.url) as (reader, writer):
                asked_to_leave = False
                while not asked_to_leave:
                    asked_to_leave = await self._ask(reader, writer)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        try:
            writer.write(HEAD + b"\r\n" + BODY)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(answer.partition("content-length: ")[2].partition("\r\n")[0])
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.several[type(error).__name__] += 1
            return True
        self.several[answer.split()[1]] += 1
        if self.several.total() == WARM:
            self.warm.set()
        leave = "connection: close" in answer
        self.answered_while_draining += leave
        return leave


@contextlib.asynccontextmanager
async def _connection(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_sigterm_under_load_loses_no_request(tmp_path: Path) -> None:
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path, IRIS_DRAIN_SECONDS="0.5") as server:
        router = Router(server)
        clients = [asyncio.create_task(router.connect()) for _ in range(16)]
        watch = asyncio.create_task(router.watch())
        async with asyncio.timeout(processes.DEADLINE):
            await router.warm.wait()

            server.process.send_signal(signal.SIGTERM)
            await asyncio.gather(watch, *clients)

        code = await asyncio.to_thread(server.ended)

    assert code == 0
    assert set(router.several) == {"200"}
    assert router.answered_while_draining >= 16


async def test_a_draining_server_serves_the_requests_that_still_come(tmp_path: Path) -> None:
    """Routing that notices late: a proxy that knows of no better server than the one about to stop."""
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path, IRIS_DRAIN_SECONDS="0.5") as server:
        async with asyncio.timeout(processes.DEADLINE), httpx.AsyncClient(base_url=server.url) as client:
            await client.post("/api/v1/predict", json=FLOWER)
            server.process.send_signal(signal.SIGTERM)
            until = asyncio.get_running_loop().time() + 2.0
            while asyncio.get_running_loop().time() < until:
                answer = await client.post("/api/v1/predict", json=FLOWER)
                assert answer.status_code == 200

            # A probe is nobody's request: it keeps no server alive.
            while await _is_answered(client.get("/readyz")):
                pass
        code = await asyncio.to_thread(server.ended)

    assert code == 0


async def test_an_endless_client_delays_the_shutdown_only_to_the_limit(tmp_path: Path) -> None:
    limits = {"IRIS_DRAIN_SECONDS": "0.5", "IRIS_DRAIN_LIMIT_SECONDS": "1"}
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path, **limits) as server:
        async with asyncio.timeout(processes.DEADLINE), httpx.AsyncClient(base_url=server.url) as client:
            server.process.send_signal(signal.SIGTERM)
            while await _is_answered(client.post("/api/v1/predict", json=FLOWER)):
                pass
        code = await asyncio.to_thread(server.ended)

    assert code == 0


async def _is_answered(asked: Awaitable[httpx.Response]) -> bool:
    try:
        await asked
    except httpx.TransportError:
        return False
    return True


async def test_a_request_in_flight_is_finished_after_the_listener_closed(tmp_path: Path) -> None:
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path, IRIS_DRAIN_SECONDS="0") as server:
        async with asyncio.timeout(processes.DEADLINE), _connection(server.url) as (reader, writer):
            writer.write(HEAD + b"expect: 100-continue\r\n\r\n")
            assert b"100" in await reader.readline()
            server.process.send_signal(signal.SIGTERM)
            await _closed(server.url)

            writer.write(BODY)
            answer = await reader.read()

        assert b"HTTP/1.1 200 OK" in answer
        assert await asyncio.to_thread(server.ended) == 0


async def test_a_request_that_never_ends_is_told_so_when_time_is_over(tmp_path: Path) -> None:
    with processes.running(
        artifacts.write(tmp_path / "model"), tmp_path, IRIS_SHUTDOWN_SECONDS="1"
    ) as server:
        async with asyncio.timeout(processes.DEADLINE), _connection(server.url) as (reader, writer):
            writer.write(HEAD + b"expect: 100-continue\r\n\r\n")
            assert b"100" in await reader.readline()
            server.process.send_signal(signal.SIGINT)
            answer = await reader.read()

        assert b"HTTP/1.1 503 Service Unavailable" in answer
        assert b"shutting down: the request did not finish in time" in answer
        assert await asyncio.to_thread(server.ended) == 0
    assert "Traceback" not in server.log.read_text()


async def _closed(url: str) -> None:
    """Returns when nobody listens any more."""
    with contextlib.suppress(OSError):
        while True:
            async with _connection(url):
                pass


async def test_what_is_not_http_gets_problem_details_too(tmp_path: Path) -> None:
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path) as server:
        async with asyncio.timeout(processes.DEADLINE), _connection(server.url) as (reader, writer):
            writer.write(b"\x16\x03\x01 hello over TLS\r\n\r\n")
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")

    problem = json.loads(body)
    assert len(server.log.read_text().splitlines()) == 1
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert f"content-length: {len(body)}\r\n".encode() in head
    assert f"x-request-id: {problem['request_id']}".encode() in head
    assert (problem["status"], problem["type"]) == (400, "urn:iris-model-server:problem:not-http")


async def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path) as server:
        async with asyncio.timeout(processes.DEADLINE), _connection(server.url) as (reader, writer):
            # A request that never ends would hold a graceful stop for 20 seconds.
            writer.write(HEAD + b"expect: 100-continue\r\n\r\n")
            assert b"100" in await reader.readline()
            server.process.send_signal(signal.SIGINT)
            await _closed(server.url)

            server.process.send_signal(signal.SIGINT)
            code = await asyncio.to_thread(server.process.wait, 5)

    assert code == 130
