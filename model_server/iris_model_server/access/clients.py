"""The clients that have a key, from the file that IRIS_ACCESS_FILE names.

The file is read once, at start: in a cluster, a change of the list is a rollout, and the operator proves its
end.
"""

import hashlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from math import inf
from pathlib import Path
from typing import Annotated, Final

import msgspec

from iris_model_server import errors, key_files
from iris_model_server.access import credentials, keys
from iris_model_server.access.credentials import AUTHORIZATION, BEARER, KEY_HEADER, Header
from iris_model_server.errors import Problem
from iris_model_server.settings import SettingsRefused
from iris_model_server.telemetry.counters import Count, Counters

MOST_KEYS: Final = 32
GRANTED, EXPIRED, OVER_RATE, REFUSED = "granted", "expired", "over_rate", "refused"
# Of requests whose key is nobody's; no name of a client is empty.
_NOBODY: Final = ""
# Goes on while the machine sleeps, where the system has such a clock.
_STEADY: Final = partial(time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One key of the list. A field of a later release is refused, since it may be a restriction."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    requests_per_second: Annotated[int, msgspec.Meta(ge=1)] | None = None
    not_after: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


_ENTRIES: Final = msgspec.json.Decoder(Annotated[list[Entry], msgspec.Meta(max_length=MOST_KEYS)])


@dataclass(frozen=True, slots=True)
class Clocks:
    """`steady` never jumps; `wall` is read once, so that its later jumps neither open nor lock a key."""

    steady: Callable[[], float] = _STEADY
    wall: Callable[[], float] = time.time


class Client:
    """One client: until when, and how often. A second's worth of requests may come at once."""

    def __init__(self, entry: Entry, clocks: Clocks, counters: Counters) -> None:
        self.name = entry.name
        self._not_after = entry.not_after
        self._clock = clocks.steady
        left = inf if entry.not_after is None else entry.not_after.timestamp() - clocks.wall()
        self._ends = clocks.steady() + left
        self._rate = entry.requests_per_second
        # Each request uses up the rate for so many seconds, a second ahead at most. One moment takes fewer
        # steps than a number of tokens with its time; a hundredth of a request allows for rounding.
        self._seconds = 1 / self._rate if self._rate else 0.0
        self._most_ahead = 1 - 0.99 * self._seconds
        self._used_until = -inf
        self._counts: dict[str, Count] = {
            outcome: counters.labels(entry.name, outcome) for outcome in (GRANTED, EXPIRED, OVER_RATE)
        }
        self._granted = self._counts[GRANTED]

    def take(self, now: float) -> str:
        """Count a request that came now, or give why it is refused: EXPIRED or OVER_RATE.

        `now` is by any clock that does not jump. It may stand while the machine sleeps: an end has its own.
        """
        if self._ends < inf and self._clock() >= self._ends:
            return EXPIRED
        used = self._used_until
        if used > now + self._most_ahead:
            return OVER_RATE
        self._used_until = (used if used > now else now) + self._seconds  # noqa: FURB136  # a call costs more
        self._granted.value += 1
        return ""

    def give_back(self) -> None:
        """Undo the last `take`."""
        self._used_until -= self._seconds
        self._granted.value -= 1

    def problem(self, refusal: str) -> Problem:
        """The counted answer for a refusal."""
        self._counts[refusal].value += 1
        if refusal == EXPIRED:
            return credentials.refusal(f"key {self.name}: expired at {self._not_after}, expected a valid one")
        rate = f"{self._rate} requests per second"
        detail = f"key {self.name}: too many requests for this pod, expected at most {rate}"
        return Problem(errors.OVER_RATE, detail, headers={"retry-after": "1"})


class Access:
    """Admits requests by the key in their headers."""

    def __init__(self, entries: Sequence[Entry], counters: Counters, clocks: Clocks | None = None) -> None:
        clocks = clocks or Clocks()
        # Found by a digest, and later by a keyed hash: the time taken reveals nothing about a key.
        self._clients = {entry.sha256: Client(entry, clocks, counters) for entry in entries}
        # Listed keys that a request has carried, and a header for each: no other key is ever added.
        self._keys: dict[bytes | None, Client] = {}
        self._bearers: dict[bytes | None, Client] = {}
        self._refused = counters.labels(_NOBODY, REFUSED)

    def admit(self, headers: Collection[Header], by_name: Mapping[bytes, bytes], now: float) -> None:
        """Count the request, or raise the Problem that answers it."""
        own = by_name.get(KEY_HEADER)
        client = self._bearers.get(by_name.get(AUTHORIZATION)) if own is None else self._keys.get(own)
        if client is None or len(by_name) < len(headers):
            try:
                client = self.find(headers, by_name)
            except Problem:
                self._refused.value += 1
                raise
        if refusal := client.take(now):
            raise client.problem(refusal)

    def find(self, headers: Collection[Header], by_name: Mapping[bytes, bytes]) -> Client:
        """Whose key it is; raises a Problem for nobody's."""
        key = credentials.key(headers, by_name)
        return self._keys.get(key) or self._listed(key)

    def _listed(self, key: bytes) -> Client:
        if fault := keys.fault(key):
            raise credentials.refusal(f"key: {fault}")
        client = self._clients.get(hashlib.sha256(key).hexdigest())
        if client is None:
            raise credentials.refusal("key: not on the list of this model, expected one that is")
        self._keys[key] = self._bearers[BEARER + key] = client
        return client


def read(path: Path) -> list[Entry]:
    """The entries of the file. Raises SettingsRefused."""
    expected = f"a list of at most {MOST_KEYS} objects with name, sha256, requestsPerSecond and notAfter"
    try:
        return key_files.read(path, parse, expected)
    except ValueError as error:
        raise SettingsRefused(f"IRIS_ACCESS_FILE: {error}") from error


def parse(content: bytes) -> list[Entry]:
    """Raises ValueError or msgspec.DecodeError."""
    entries: list[Entry] = _ENTRIES.decode(content)
    for field in ("name", "sha256"):
        key_files.refuse_twins(field, [getattr(entry, field) for entry in entries])
    return entries
