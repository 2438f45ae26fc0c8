"""Keeps the node's programs running: those, and only those, that the files of a folder declare.

One JSON file per program. A new file is started, a changed one restarted, a removed one stopped, an
ended program started again after a pause. Also reaps what others left behind, as process 1 must.
"""

import hashlib
import json
import logging
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_PAUSE_SECONDS = 1.0
_STOP_SECONDS = 20.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """One program: its command line, what it adds to the environment, the sockets it is handed."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()


def declare(folder: Path, service: Service, *, configuration: Path | None = None) -> None:
    """Declare this program; changes nothing if it is declared already, with the same configuration file."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = dict(service.environment)
    if configuration is not None:
        # The program does not read it: a changed file thereby changes the service, which is restarted.
        environment["CONFIGURATION_DIGEST"] = hashlib.sha256(configuration.read_bytes()).hexdigest()
    text = json.dumps({"command": service.command, "environment": environment}, indent=2)
    file = folder / f"{service.name}.json"
    if file.is_file() and file.read_text() == text:
        return
    unfinished = folder / f".{service.name}.unfinished"
    unfinished.write_text(text)
    unfinished.replace(file)


def declared(folder: Path) -> dict[str, Service]:
    found = {}
    for file in sorted(folder.glob("*.json")):
        raw = json.loads(file.read_text())
        found[file.stem] = Service(file.stem, tuple(raw["command"]), raw["environment"])
    return found


@dataclass(slots=True)
class _Running:
    service: Service
    process: subprocess.Popen[bytes]
    stopping_since: float | None = None


class Supervisor:
    """The programs of one folder. `turn()` does one round and never waits."""

    def __init__(self, folder: Path, logs: Path, *, fixed: Mapping[str, Service]) -> None:
        self._folder = folder
        self._logs = logs
        self._fixed = dict(fixed)
        self._running: dict[str, _Running] = {}
        self._not_before: dict[str, float] = {}

    @property
    def pids(self) -> dict[str, int]:
        return {name: running.process.pid for name, running in self._running.items()}

    def turn(self, now: float) -> None:
        self._reap(now)
        wanted = declared(self._folder) | self._fixed
        for name, running in self._running.items():
            if wanted.get(name) != running.service:
                self._stop(running, now)
        for name, service in wanted.items():
            if name not in self._running and now >= self._not_before.get(name, 0.0):
                self._start(service)

    def _start(self, service: Service) -> None:
        self._logs.mkdir(parents=True, exist_ok=True)
        with (self._logs / f"{service.name}.log").open("ab") as output:
            process = subprocess.Popen(
                service.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **service.environment},
                pass_fds=service.descriptors,
                start_new_session=True,
            )
        self._running[service.name] = _Running(service, process)
        log.info("started %s as process %d", service.name, process.pid)

    def _stop(self, running: _Running, now: float) -> None:
        # Popen reaps a process before it signals it, and `_reap` would then wait for that process forever.
        if running.stopping_since is None:
            running.stopping_since = now
            os.kill(running.process.pid, signal.SIGTERM)
        elif now - running.stopping_since > _STOP_SECONDS:
            os.kill(running.process.pid, signal.SIGKILL)

    def _reap(self, now: float) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for name, running in list(self._running.items()):
                if running.process.pid == pid:
                    self._ended(name, running, os.waitstatus_to_exitcode(status), now)

    def _ended(self, name: str, running: _Running, code: int, now: float) -> None:
        # Set by hand, because it was reaped here: otherwise Popen would wait for a process that is gone.
        running.process.returncode = code
        del self._running[name]
        asked = running.stopping_since is not None
        self._not_before[name] = now if asked else now + _PAUSE_SECONDS
        log.log(logging.INFO if asked else logging.WARNING, "%s ended with %d", name, code)


def supervise(supervisor: Supervisor) -> None:
    """Run until the process ends."""
    while True:
        supervisor.turn(time.monotonic())
        time.sleep(0.2)
