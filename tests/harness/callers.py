"""A client of one model that sends predictions without a pause, and remembers what each was answered."""

import threading
import time
from dataclasses import dataclass, field

import httpx
from iris_local_cluster.up.load_client import FLOWER

_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Answer:
    """One request: the moments of time.monotonic() at its begin and end, and its status, or its error."""

    began: float
    ended: float
    outcome: int | str


@dataclass(slots=True)
class Caller:
    """Sends with a key, or without, for the length of a block."""

    address: str
    host: str
    key: str = ""
    answers: list[Answer] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Caller":
        self._thread = threading.Thread(target=self._send_until_ended, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def wait_for_more(self, count: int = 40, *, seconds: float = 120) -> None:
        """Until that many requests that begin now or later were answered."""
        wanted, deadline = len(self.answers) + 1 + count, time.monotonic() + seconds
        while len(self.answers) < wanted:
            assert time.monotonic() < deadline, f"{self.host}: {len(self.answers)} of {wanted} answers"
            time.sleep(_PAUSE_SECONDS)

    def outcomes(self, since: float = 0, until: float = float("inf")) -> set[int | str]:
        """What the requests were answered that began and ended in that time."""
        return {each.outcome for each in self.answers if since < each.began and each.ended < until}

    def _send_until_ended(self) -> None:
        headers = {"Host": self.host} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        address = f"http://{self.address}/api/v1/predict"
        with httpx.Client(headers=headers, timeout=30, trust_env=False) as client:
            while not self._ended.wait(_PAUSE_SECONDS):
                began = time.monotonic()
                try:
                    outcome: int | str = client.post(address, json=FLOWER).status_code
                except httpx.HTTPError as error:
                    outcome = repr(error)
                self.answers.append(Answer(began, time.monotonic(), outcome))
