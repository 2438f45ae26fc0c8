"""Keeps all IrisModels that the user may read, by one LIST and one watch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from typing import Any, Final

from iris_cli import fleet
from iris_cli.errors import Refused, Trouble
from iris_cli.kubectl import Body, Kubectl
from iris_cli.traffic import Key

_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 15.0


@dataclass(frozen=True, slots=True)
class State:
    """All models at one moment, and the revision at which each last changed.

    `trouble`: why they may be out of date; None while the watch runs.
    """

    models: Mapping[Key, Body]
    changed: Mapping[Key, int]
    revision: int
    trouble: str | None


@dataclass
class Live:
    """The models, kept by a thread of its own from `start` to `stop`."""

    kubectl: Kubectl
    namespace: str | None
    # This user may not read all namespaces, so the context's own is shown.
    is_confined: bool = False
    _models: dict[Key, Body] = field(default_factory=dict)
    _changed_at: dict[Key, int] = field(default_factory=dict)
    _revision: int = 0
    _trouble: str | None = "connecting to the cluster"
    _changed: Condition = field(default_factory=Condition)
    _ended: Event = field(default_factory=Event)

    def start(self) -> None:
        Thread(target=self._run, name="live", daemon=True).start()

    def stop(self) -> None:
        self._ended.set()
        with self._changed:
            self._changed.notify_all()

    def state(self) -> State:
        with self._changed:
            return State(dict(self._models), dict(self._changed_at), self._revision, self._trouble)

    def wait(self, revision: int, seconds: float) -> State:
        """The state once it is newer than this revision, or after these seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._revision != revision or self._ended.is_set(), seconds)
        return self.state()

    def touch(self) -> None:
        """Wake those who wait: something beside the models has changed."""
        with self._changed:
            self._advance()

    def pause(self, seconds: float) -> None:
        self._ended.wait(seconds)

    @property
    def is_over(self) -> bool:
        return self._ended.is_set()

    def _run(self) -> None:
        wait = _FIRST_WAIT
        while not self._ended.is_set():
            try:
                self._follow()
                wait = _FIRST_WAIT
            except Trouble as trouble:
                self._fail(trouble)
                self._ended.wait(wait)
                wait = min(2 * wait, _LONGEST_WAIT)

    def _follow(self) -> None:
        """LIST, then the events of a watch until it ends."""
        answer = self._list()
        self._replace([_slim(body) for body in answer["items"]])
        version = answer["metadata"]["resourceVersion"]
        path = f"{fleet.path(self.namespace)}?watch=1&resourceVersion={version}"
        for event in self.kubectl.watch(path):
            if self._ended.is_set() or event["type"] == "ERROR":  # too old: LIST again
                return
            self._apply(event)

    def _list(self) -> Body:
        try:
            return self.kubectl.read(fleet.path(self.namespace))
        except Refused as refused:
            if refused.reason != "Forbidden" or self.namespace is not None:
                raise
        self.namespace = self.kubectl.namespace()
        self.is_confined = True
        return self.kubectl.read(fleet.path(self.namespace))

    def _replace(self, bodies: Sequence[Body]) -> None:
        """Take the answer of a LIST; what has not changed keeps its revision."""
        with self._changed:
            before, self._models = self._models, {fleet.identity(body): body for body in bodies}
            for key, body in self._models.items():
                if key not in before or _version(before[key]) != _version(body):
                    self._changed_at[key] = self._revision + 1
            self._trouble = None
            self._advance()

    def _apply(self, event: Mapping[str, Any]) -> None:
        body = _slim(event["object"])
        key = fleet.identity(body)
        with self._changed:
            if event["type"] == "DELETED":
                self._models.pop(key, None)
            else:
                self._models[key] = body
                self._changed_at[key] = self._revision + 1
            self._advance()

    def _fail(self, trouble: Trouble) -> None:
        with self._changed:
            kept = " Shown is the last known state; the console tries again." if self._models else ""
            self._trouble = f"{trouble}.{kept}"
            self._advance()

    def _advance(self) -> None:
        self._revision += 1
        self._changed.notify_all()


def _version(body: Body) -> str:
    return str(body["metadata"]["resourceVersion"])


def _slim(body: Body) -> Body:
    """Keep only the writer and the time of each entry of the managed fields."""
    for entry in body["metadata"].get("managedFields", ()):
        entry.pop("fieldsV1", None)
    return body
