"""The command as a real process: what it loads, what it refuses, what it logs."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from iris_model_server.protocols.openapi import FLOWER

from tests.model_server import artifacts, connections, processes, tree_artifacts

pytestmark = pytest.mark.process

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


@pytest.mark.parametrize(
    "write", [artifacts.write, tree_artifacts.written], ids=["folded weights", "a forest"]
)
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


async def test_what_is_not_http_gets_problem_details_too(tmp_path: Path) -> None:
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path) as server:
        async with asyncio.timeout(processes.DEADLINE), connections.opened(server) as (reader, writer):
            writer.write(b"\x16\x03\x01 hello over TLS\r\n\r\n")
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")

    problem = json.loads(body)
    assert len(server.log.read_text().splitlines()) == 1
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert f"content-length: {len(body)}\r\n".encode() in head
    assert f"x-request-id: {problem['request_id']}".encode() in head
    assert (problem["status"], problem["type"]) == (400, "urn:iris-model-server:problem:not-http")
