"""Finds the Prometheus of this console, and keeps the traffic that it has counted last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from typing import Final

from iris_cli import prometheus
from iris_cli.errors import Trouble
from iris_cli.kubectl import Kubectl
from iris_cli.prometheus import Source
from iris_cli.traffic import Key, Traffic

_REFRESH_SECONDS: Final = 15.0
# Nobody waits in a terminal, and a graph of drift is a large query.
_ANSWER_SECONDS: Final = 15.0
# A page is shown without traffic rather than late.
_PATIENCE_SECONDS: Final = 0.3


@dataclass
class Metrics:
    """Asked by a thread of its own from `start` to `stop`; `report` is called after each answer."""

    kubectl: Kubectl
    address: str | None
    report: Callable[[], None]
    revision: int = 0
    trouble: str = ""
    _traffic: Mapping[Key, Traffic] = field(default_factory=dict)
    _answered: Condition = field(default_factory=Condition)
    _ended: Event = field(default_factory=Event)

    def start(self) -> None:
        Thread(target=self._run, name="metrics", daemon=True).start()

    def stop(self) -> None:
        self._ended.set()

    def source(self) -> Source:
        """Raises Trouble."""
        if self.address is not None:
            return prometheus.connect(self.address, self.kubectl, seconds=_ANSWER_SECONDS)
        return prometheus.discover(self.kubectl)

    def traffic(self) -> Mapping[Key, Traffic]:
        with self._answered:
            self._answered.wait_for(lambda: self.revision > 0, _PATIENCE_SECONDS)
            return self._traffic

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                traffic, trouble = prometheus.ask(self.source(), month=True), ""
            except Trouble as refusal:
                traffic, trouble = {}, str(refusal)
            with self._answered:
                self._traffic, self.trouble = traffic, trouble
                self.revision += 1
                self._answered.notify_all()
            self.report()
            self._ended.wait(_REFRESH_SECONDS)
