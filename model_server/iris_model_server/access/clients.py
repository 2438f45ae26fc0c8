"""The clients that have a key, from the file that IRIS_ACCESS_FILE names.

The file is read once, at start: in a cluster, a change of the list is a rollout, and the operator proves its
end.
"""

import hashlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


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

    steady: Callable[[], float] = lambda: time.clock_gettime(_CLOCK)
    wall: Callable[[], float] = time.time


class Client:
    """One client: until when, and how often. A second's worth of requests may come at once."""

    def __init__(self, entry: Entry, clocks: Clocks, counters: Counters) -> None:
        self.name = entry.name
        self._not_after = entry.not_after
        self._clock = clocks.steady
        now = clocks.steady()
        self._ends = inf if entry.not_after is None else now + entry.not_after.timestamp() - clocks.wall()
        self._rate = float(entry.requests_per_second or 0)
        self._tokens, self._at = self._rate, now
        self._counts: dict[str, Count] = {
            outcome: counters.labels(entry.name, outcome) for outcome in (GRANTED, EXPIRED, OVER_RATE)
        }
        self._granted = self._counts[GRANTED]

    def refusal(self) -> str:
        """Why a request that comes now is refused: EXPIRED, OVER_RATE or nothing."""
        now = self._clock()
        if now >= self._ends:
            return EXPIRED
        if not self._rate:
            return ""
        self._tokens = min(self._rate, self._tokens + (now - self._at) * self._rate)
        self._at = now
        return "" if self._tokens >= 1 else OVER_RATE

    def grant(self) -> None:
        """Count a request, after `refusal` found nothing."""
        self._tokens -= 1
        self._granted.value += 1

    def problem(self, refusal: str) -> Problem:
        """The counted answer for a refusal."""
        self._counts[refusal].value += 1
        if refusal == EXPIRED:
            return credentials.refusal(f"key {self.name}: expired at {self._not_after}, expected a valid one")
        rate = f"{self._rate:.0f} requests per second"
        detail = f"key {self.name}: too many requests for this pod, expected at most {rate}"
        return Problem(errors.OVER_RATE, detail, headers={"retry-after": "1"})


class Access:
    """Admits requests by the key in their headers."""

    def __init__(self, entries: Sequence[Entry], counters: Counters, clocks: Clocks | None = None) -> None:
        clocks = clocks or Clocks()
        # Found by a digest, and later by a keyed hash: the time taken reveals nothing about a key.
        self._clients = {entry.sha256: Client(entry, clocks, counters) for entry in entries}
        # Keys of the list that have come, and a header with each: no client can make them grow.
        self._keys: dict[bytes | None, Client] = {}
        self._bearers: dict[bytes | None, Client] = {}
        self._refused = counters.labels(_NOBODY, REFUSED)

    def admit(self, headers: Collection[Header], by_name: Mapping[bytes, bytes]) -> None:
        """Count the request, or raise the Problem that answers it."""
        try:
            client = self.find(headers, by_name)
        except Problem:
            self._refused.value += 1
            raise
        if refusal := client.refusal():
            raise client.problem(refusal)
        client.grant()

    def find(self, headers: Collection[Header], by_name: Mapping[bytes, bytes]) -> Client:
        """Whose key it is; raises a Problem for nobody's."""
        own = by_name.get(KEY_HEADER)
        known = self._bearers.get(by_name.get(AUTHORIZATION)) if own is None else self._keys.get(own)
        if known is not None and len(by_name) == len(headers):
            return known
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
