"""The command with public keys: it serves a signed model, and ends before it opens a port at any other."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.model_server import artifacts, processes, signing

pytestmark = pytest.mark.process
TOKEN = "a-token-of-enough-letters"


def test_a_signed_model_is_served_and_a_changed_one_is_not_reloaded(tmp_path: Path) -> None:
    key = signing.new_key(tmp_path, "release")
    folder = signing.sign(artifacts.write(tmp_path / "model"), key)
    options = ("--verify-file", str(signing.listed(tmp_path, {"release": key})))

    with processes.running(folder, tmp_path, options=options, IRIS_RELOAD_TOKEN=TOKEN) as server:
        info = httpx.get(f"{server.url}/api/v1/model/info").json()
        (folder / "extra.py").touch()
        reload = httpx.post(f"{server.url}/api/v1/model/reload", headers={"Authorization": f"Bearer {TOKEN}"})

        assert info["signed_by"] == "release"
        assert reload.status_code == 409
        assert "Tampered: " in reload.json()["detail"]
        assert httpx.get(f"{server.url}/readyz").status_code == 200


def test_an_unsigned_model_ends_the_server_with_the_reason_for_the_operator(tmp_path: Path) -> None:
    key, folder = signing.new_key(tmp_path, "release"), artifacts.write(tmp_path / "model")
    log = tmp_path / "termination"
    log.touch()

    ended = processes.refused(
        folder,
        IRIS_VERIFY_FILE=str(signing.listed(tmp_path, {"release": key})),
        IRIS_TERMINATION_LOG=str(log),
    )

    assert ended.returncode == 65
    assert ended.stderr.startswith(f"artifact refused: Unsigned: {folder}: no signature, expected ")
    assert log.read_text() == ended.stderr


def test_keys_that_cannot_be_read_end_the_server(tmp_path: Path) -> None:
    ended = processes.refused(
        artifacts.write(tmp_path / "model"), "--verify-file", "/nonexistent/verify.json"
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("IRIS_VERIFY_FILE: /nonexistent/verify.json: No such file")


def test_a_server_without_keys_does_not_import_the_library_that_verifies(tmp_path: Path) -> None:
    """Its import takes longer than all the rest of loading a model."""
    program = (
        "import json, sys\n"
        "from iris_model_server import __main__ as command, settings\n"
        "from iris_model_server.prediction import loading\n"
        "loading.load(settings.load())\n"
        "print(json.dumps([name for name in sys.modules if name.partition('.')[0] == 'cryptography']))\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=processes.environment(artifacts.write(tmp_path / "model")),
        capture_output=True,
        text=True,
        timeout=processes.DEADLINE,
        check=True,
    )

    assert json.loads(ended.stdout) == []
