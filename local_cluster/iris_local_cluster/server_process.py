"""One server process: start, pause, resume, stop, kill, restart.

What the program does and when it is ready is the concern of its owner.
"""

import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# Its data is discarded; with open watches, an API server would wait for a minute.
_STOP_SECONDS = 3.0


@dataclass(slots=True)
class ServerProcess:
    """A started program and its log; `changed` is called whenever it starts or ends."""

    name: str
    command: Sequence[str]
    log: Path
    changed: Callable[[], None]
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start it unless it runs; the caller waits until it answers."""
        if self.pid is not None:
            return
        with self.log.open("ab") as log:
            # Its own session: Ctrl-C ends the starter, which then stops the three in their order.
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.changed()

    def stop(self) -> None:
        """Stop it with SIGTERM, then with SIGKILL if it does not end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it, as a crash would."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Resume it after pause."""
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        if self._process and self.pid is not None:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if not self._process:
            return
        self._send(number)
        self._send(signal.SIGCONT)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.changed()
