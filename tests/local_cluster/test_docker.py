"""How a Docker engine is spoken to, with a stand-in command: no test here needs an engine."""

from pathlib import Path

import pytest
from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.images import docker
from iris_local_cluster.images.builds import Build
from iris_local_cluster.images.docker import Docker
from iris_local_cluster.programs import debian
from iris_local_cluster.progress import Progress

DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which the stand-in notes its arguments; `answer` and `code` say what it does."""
    script = tmp_path / "bin" / "docker"
    script.parent.mkdir()
    script.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/said\ncat {tmp_path}/answer\nexit $(cat {tmp_path}/code)\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")
    (tmp_path / "answer").write_text("")
    (tmp_path / "code").write_text("0")
    return tmp_path / "said"


@pytest.mark.parametrize(("code", "expected"), [("0", True), ("1", False)])
def test_a_docker_engine_counts_only_if_it_answers(said: Path, code: str, expected: bool) -> None:
    (said.parent / "code").write_text(code)

    assert docker.answers() is expected


def test_without_the_command_there_is_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")

    assert docker.answers() is False


def test_a_push_tags_for_the_registry_and_returns_the_digest(said: Path) -> None:
    (said.parent / "answer").write_text(f"1.4.0: digest: {DIGEST} size: 1234\n")

    digest = Docker().push("iris-server:key", "127.0.0.1:5000/iris-server:1.4.0")

    assert digest == DIGEST
    assert said.read_text().splitlines() == [
        "tag iris-server:key 127.0.0.1:5000/iris-server:1.4.0",
        "push 127.0.0.1:5000/iris-server:1.4.0",
    ]


def test_a_push_without_a_digest_is_an_error(said: Path) -> None:
    (said.parent / "answer").write_text("done\n")

    with pytest.raises(LocalClusterError, match="no digest in its answer"):
        Docker().push("iris-server:key", "127.0.0.1:5000/iris-server:1.4.0")


def test_a_docker_build_reports_its_steps(said: Path) -> None:
    (said.parent / "answer").write_text("#7 [build 3/9] RUN python3 -m venv /opt/uv\nStep 4/9 : COPY a b\n")
    notes: list[str] = []

    Docker().build(Build(Path("/context"), "Dockerfile", {"VERSION": "1"}, "iris-server:key"), notes.append)

    assert notes == ["RUN python3 -m venv /opt/uv", "COPY a b"]
    assert said.read_text() == (
        "build --build-arg=VERSION=1 --file /context/Dockerfile --tag iris-server:key /context\n"
    )


def test_a_failed_docker_build_is_one_line_with_its_log(
    said: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (said.parent / "answer").write_text("Step 1/9 : FROM x\nERROR: no such image\nlast words\n")
    (said.parent / "code").write_text("1")

    with pytest.raises(LocalClusterError) as failed:
        Docker().build(Build(Path("/context"), "Dockerfile", {}, "iris-server:key"), lambda _: None)

    log = tmp_path / "cache/iris-local-cluster/logs/image-iris-server.log"
    assert str(failed.value) == f"docker build iris-server:key: ERROR: no such image (full output: {log})"
    assert log.read_text().endswith("last words\n")


def test_a_container_is_reached_on_loopback_only() -> None:
    with Docker().container("iris-server:key", port=9000, settings={"IRIS_PICKLE": "Deny"}) as command:
        assert "--publish=127.0.0.1:9000:8000" in command
        assert "--read-only" in command
        assert "--env=IRIS_PICKLE=Deny" in command
        assert command[-1] == "iris-server:key"


def test_the_git_server_starts_from_a_system_that_can_install_it() -> None:
    dockerfile = (paths.PROJECT / "local_cluster" / "Dockerfile.git-server").read_text()

    assert Docker().base(debian.GIT, Progress()) == "debian:trixie-slim"
    assert all(program in dockerfile for program in debian.GIT)
