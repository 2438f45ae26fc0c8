"""The node's programs: what the folder says runs, and goes on running. Real, small processes."""

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from iris_local_cluster.native import forward, services
from iris_local_cluster.native.services import Service, Supervisor


def test_a_declared_service_reads_back_as_it_was(tmp_path: Path) -> None:
    service = Service("x", ("program", "--option"), {"NAME": "value"})

    services.declare(tmp_path, service)

    assert services.declared(tmp_path) == {"x": service}


def test_declaring_the_same_again_writes_nothing(tmp_path: Path) -> None:
    service = Service("x", ("program",))
    services.declare(tmp_path, service)
    before = (tmp_path / "x.json").stat()

    services.declare(tmp_path, service)

    assert (tmp_path / "x.json").stat() == before


def test_a_changed_configuration_file_is_a_changed_service(tmp_path: Path) -> None:
    configuration = tmp_path / "x.toml"
    service = Service("x", ("program",))
    declared = []
    for text in ("old", "old", "new"):
        configuration.write_text(text)
        services.declare(tmp_path / "services", service, configuration=configuration)
        declared.append(services.declared(tmp_path / "services")["x"])

    assert declared[0] == declared[1]
    assert declared[1] != declared[2]


class Stage:
    """A supervisor on a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "services"
        self.logs = folder / "logs"
        self.now = 0.0
        self.supervisor = Supervisor(self.folder, self.logs, fixed={})

    def turn_until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not true():
            assert time.monotonic() < deadline, "never"
            self.supervisor.turn(self.now)

    def pid(self, name: str) -> int | None:
        return self.supervisor.pids.get(name)

    def log(self, name: str) -> str:
        file = self.logs / f"{name}.log"
        return file.read_text() if file.is_file() else ""

    def end(self) -> None:
        for file in self.folder.glob("*.json"):
            file.unlink()
        self.now += 100
        self.turn_until(lambda: not self.supervisor.pids)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.mark.process
def test_the_node_starts_what_is_declared_and_stops_what_is_not(stage: Stage) -> None:
    services.declare(stage.folder, Service("x", ("sleep", "60")))

    stage.turn_until(lambda: stage.pid("x") is not None)
    stage.end()

    assert stage.supervisor.pids == {}


@pytest.mark.process
def test_a_program_that_ends_is_started_again_after_a_pause(stage: Stage) -> None:
    services.declare(stage.folder, Service("x", ("sh", "-c", "echo once")))

    stage.turn_until(lambda: stage.pid("x") is not None)
    stage.turn_until(lambda: stage.pid("x") is None)
    stage.supervisor.turn(stage.now)
    paused = stage.pid("x")
    stage.now += 2
    stage.turn_until(lambda: stage.log("x") == "once\nonce\n")

    assert paused is None
    stage.end()


@pytest.mark.process
def test_a_changed_command_replaces_the_program_at_once(stage: Stage) -> None:
    services.declare(stage.folder, Service("x", ("sleep", "60")))
    stage.turn_until(lambda: stage.pid("x") is not None)
    old = stage.pid("x")

    services.declare(stage.folder, Service("x", ("sleep", "61")))
    stage.turn_until(lambda: stage.pid("x") not in {old, None})

    stage.end()


@pytest.mark.process
def test_a_program_that_ignores_being_asked_is_killed(stage: Stage) -> None:
    script = "trap '' TERM; echo ready; while :; do sleep 1; done"
    services.declare(stage.folder, Service("x", ("sh", "-c", script)))
    stage.turn_until(lambda: "ready" in stage.log("x"))

    (stage.folder / "x.json").unlink()
    stage.supervisor.turn(stage.now)
    asked = stage.pid("x")
    stage.now += 21
    stage.turn_until(lambda: stage.pid("x") is None)

    assert asked is not None


@pytest.mark.process
def test_a_program_gets_its_environment_and_its_sockets(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        script = f"echo $GREETING; ls /proc/self/fd/{listener.fileno()} >/dev/null && echo held; sleep 60"
        service = Service("x", ("sh", "-c", script), {"GREETING": "hello"}, (listener.fileno(),))
        stage = Stage(tmp_path)
        stage.supervisor = Supervisor(stage.folder, stage.logs, fixed={"x": service})
        stage.turn_until(lambda: stage.log("x") == "hello\nheld\n")

    pid = stage.pid("x")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    # Past the pause only in real time: the clock stands, so it is not started again.
    stage.turn_until(lambda: stage.pid("x") is None)


def test_a_route_names_the_socket_and_the_target() -> None:
    assert forward.parse("7=172.30.0.1:6443") == (7, "172.30.0.1", 6443)
