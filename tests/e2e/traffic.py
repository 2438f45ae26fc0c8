"""Traffic as users make it: flowers of the training data, one by one and in batches, and wrong requests."""

import csv
import itertools
import random
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
from iris_local_cluster import paths

_FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
_BATCH_EVERY = 20


class Traffic:
    """Sends to one model by its host for the length of a block; the inputs may be shifted meanwhile."""

    def __init__(self, address: str, host: str, *, pause_seconds: float = 0.05) -> None:
        self._pause_seconds = pause_seconds
        self._client = httpx.Client(
            base_url=f"http://{address}", headers={"Host": host}, timeout=10, trust_env=False
        )
        self._rows = _shuffled(_flowers())
        self._shift = dict.fromkeys(_FEATURES, 0.0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send_until_ended, daemon=True)

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._client.close()

    def shift(self, feature: str, *, by: float) -> None:
        """From now on every flower has that much more of it."""
        self._shift = {**self._shift, feature: by}

    def _send_until_ended(self) -> None:
        for number in itertools.count():
            if self._ended.wait(self._pause_seconds):
                return
            if number % _BATCH_EVERY == 0:
                self._post("/api/v1/predict/batch", {"rows": [self._flower() for _ in range(100)]})
            elif number % _BATCH_EVERY == 1:
                self._post("/api/v1/predict", {"sepal_length": "long"})
            else:
                self._post("/api/v1/predict", dict(zip(_FEATURES, self._flower(), strict=True)))

    def _post(self, path: str, body: dict[str, Any]) -> None:
        try:
            self._client.post(path, json=body)
        except httpx.TransportError:
            # That no request is lost is another test's claim.
            return

    def _flower(self) -> list[float]:
        row = next(self._rows)
        return [value + self._shift[name] for name, value in zip(_FEATURES, row, strict=True)]


def _shuffled(rows: Sequence[Sequence[float]]) -> Iterator[Sequence[float]]:
    """For ever, each row as often as any other, in an order of its own every time."""
    chance = random.Random(7)  # noqa: S311
    while True:
        yield from chance.sample(rows, len(rows))


def _flowers() -> list[list[float]]:
    """The training data of the versions of `make up`."""
    with (paths.PROJECT / "data" / "iris.csv").open() as file:
        return [[float(row[name]) for name in _FEATURES] for row in csv.DictReader(file)]
