"""One operator over all its lives: restarted whenever it ends, as Kubernetes would."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.harness import operator_process

SWEEP_SECONDS: Final = 3
_LOOK_SECONDS: Final = 0.1


@dataclass(slots=True)
class Lives:
    """Started by `begin`, killed for good by `end`."""

    kubeconfig: Path
    folder: Path
    namespace: str
    address: str  # of its probes: a port of another lane's cannot be in the way
    life: operator_process.OperatorProcess | None = None
    log: str = ""  # of the lives that have ended
    ends: int = 0
    ended_at: list[float] = field(default_factory=list)  # by the event loop's clock
    environment: dict[str, str] = field(default_factory=dict)
    _supervising: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._supervising = asyncio.create_task(self._supervise())

    async def end(self) -> None:
        if self._supervising is not None:
            self._supervising.cancel()
            await asyncio.gather(self._supervising, return_exceptions=True)
        if self.life is not None:
            self.life.process.kill()
            await asyncio.to_thread(self.life.process.wait)

    async def ready(self) -> bool:
        """Whether this life has seen everything."""
        return self.life is not None and "ready: " in self.life.log()

    def kill(self) -> None:
        if self.life is not None:
            self.life.process.kill()

    def memory(self) -> float:
        """MiB that this life has held at most."""
        if self.life is None:
            return 0.0
        with suppress(OSError):  # it has just ended
            for line in Path(f"/proc/{self.life.process.pid}/status").read_text("utf-8").splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
        return 0.0

    def whole_log(self) -> str:
        return self.log + (self.life.log() if self.life else "")

    async def _supervise(self) -> None:
        """Until cancelled: start it, wait for its end, again."""
        while True:
            self.life = operator_process.start(
                self.kubeconfig,
                self.folder,
                namespaces=self.namespace,
                IRIS_OPERATOR_SWEEP_SECONDS=str(SWEEP_SECONDS),
                IRIS_OPERATOR_HEALTH_ADDRESS=f"{self.address}:8080",
                **self.environment,
            )
            while self.life.process.poll() is None:  # noqa: ASYNC110 - of another process
                await asyncio.sleep(_LOOK_SECONDS)
            self.log += self.life.log()
            self.life = None
            self.ended_at.append(asyncio.get_running_loop().time())
            self.ends += 1
