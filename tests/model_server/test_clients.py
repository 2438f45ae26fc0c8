"""The list of clients: rates, ends, clocks, and what is refused in the file."""

import json
import time
import tracemalloc
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from iris_model_server import app
from iris_model_server.access import clients
from iris_model_server.access.clients import Access, Clocks
from iris_model_server.errors import Problem
from iris_model_server.settings import Settings, SettingsRefused
from iris_model_server.telemetry.metrics import Metrics

from tests.model_server import access


class Metered(NamedTuple):
    """Access with the clocks of the test."""

    access: Access
    clocks: dict[str, float]


def metered(*entries: dict[str, Any]) -> tuple[Metered, dict[str, float], Metrics]:
    """Access with clocks of the test."""
    clocks = {"steady": 100.0, "wall": 1_000_000.0}
    metrics = Metrics()
    listed = clients.parse(json.dumps(entries).encode())
    counted = Access(listed, metrics.of_clients(), Clocks(lambda: clocks["steady"], lambda: clocks["wall"]))
    return Metered(counted, clocks), clocks, metrics


def outcome(of: Metered, key: str) -> int:
    return answer(of, (b"x-api-key", key.encode()))


def answer(of: Metered, *headers: tuple[bytes, bytes]) -> int:
    try:
        of.access.admit(headers, dict(headers), of.clocks["steady"])
    except Problem as problem:
        return problem.kind.status
    return 200


def test_a_rate_admits_a_second_at_once_and_then_its_share() -> None:
    limited, clocks, _ = metered(access.entry("shop", access.GOOD, requestsPerSecond=3))

    assert [outcome(limited, access.GOOD) for _ in range(4)] == [200, 200, 200, 429]
    clocks["steady"] += 0.34
    assert [outcome(limited, access.GOOD) for _ in range(2)] == [200, 429]
    clocks["steady"] += 3600
    assert [outcome(limited, access.GOOD) for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize("rate", [1, 3, 7, 49, 1000, 9973])
@pytest.mark.parametrize("uptime", [0.1, 86_400 / 7, 1e8 / 3])
def test_a_rate_is_exact_whatever_the_clock(rate: int, uptime: float) -> None:
    limited, clocks, _ = metered(access.entry("shop", access.GOOD, requestsPerSecond=rate))

    clocks["steady"] = uptime + 1000
    assert sum(outcome(limited, access.GOOD) == 200 for _ in range(rate + 5)) == rate
    for _ in range(4):
        clocks["steady"] += 0.25
        outcomes = [outcome(limited, access.GOOD) for _ in range(rate // 4 + 2)]
    assert rate // 4 <= outcomes.count(200) <= rate // 4 + 1


def test_a_refused_request_takes_nothing_of_the_rate() -> None:
    limited, clocks, _ = metered(access.entry("shop", access.GOOD, requestsPerSecond=1))

    assert [outcome(limited, access.GOOD) for _ in range(50)] == [200] + [429] * 49
    clocks["steady"] += 1
    assert outcome(limited, access.GOOD) == 200


def test_a_key_ends_at_its_time() -> None:
    ending, clocks, _ = metered(access.entry("shop", access.GOOD, notAfter="1970-01-12T13:47:40Z"))

    clocks["steady"] += 59.9
    assert outcome(ending, access.GOOD) == 200
    clocks["steady"] += 0.1
    assert outcome(ending, access.GOOD) == 401


@pytest.mark.parametrize("jump", [-1e6, 1e9])
def test_a_clock_that_jumps_neither_opens_nor_locks_a_key(jump: float) -> None:
    entries = (
        access.entry("shop", access.GOOD, notAfter="1970-01-12T13:47:40Z", requestsPerSecond=1),
        access.entry("former", access.EXPIRED, notAfter="1970-01-12T13:46:39Z"),
    )
    keyed, clocks, _ = metered(*entries)

    clocks["wall"] += jump

    assert outcome(keyed, access.GOOD) == 200
    assert outcome(keyed, access.GOOD) == 429
    assert outcome(keyed, access.EXPIRED) == 401


def test_by_default_a_key_ends_by_the_clock_since_the_start_of_the_machine() -> None:
    """Nobody can set it; the wall clock is read at the start of the server only."""
    steady = Clocks().steady()

    assert 0 <= time.clock_gettime(time.CLOCK_BOOTTIME) - steady < 60
    assert abs(time.time() - Clocks().wall()) < 60


@pytest.mark.parametrize("text", ["secret", access.MISTYPED, access.GOOD + "x", f" {access.GOOD}"])
def test_text_of_another_form_is_refused_although_its_digest_is_listed(text: str) -> None:
    """A digest in Git is safe for random keys only: that of a password must be of no use."""
    listed, _, _ = metered(access.entry("shop", text))

    assert outcome(listed, text) == 401


def test_a_header_that_was_admitted_makes_no_other_header_a_key() -> None:
    listed, _, _ = metered(access.entry("shop", access.GOOD))
    key = access.GOOD.encode()
    usual = ((b"x-api-key", key), (b"authorization", b"Bearer " + key))
    others = (
        (b"x-api-key", b"Bearer " + key),
        (b"authorization", key),
        (b"authorization", b"Basic " + key),
        (b"authorization", b"Bearer " + access.MISTYPED.encode()),
        (b"x-iris-key", key),
    )
    for _ in range(3):
        assert [answer(listed, header) for header in usual] == [200, 200]
        assert [answer(listed, header) for header in others] == [401] * 5
        assert answer(listed, usual[0], usual[0]) == 401
        assert answer(listed, usual[1], usual[0]) == 200
        assert answer(listed) == 401


def test_no_client_makes_the_server_remember_more_than_its_usual_headers() -> None:
    listed, _, _ = metered(access.entry("shop", access.GOOD))
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()

    for spaces in range(1000, 2000):
        assert answer(listed, (b"authorization", b"Bearer" + b" " * spaces + access.GOOD.encode())) == 200

    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 100_000


def test_clients_are_counted_by_name_and_outcome() -> None:
    entries = (
        access.entry("shop", access.GOOD, requestsPerSecond=1),
        access.entry("former", access.EXPIRED, notAfter="1970-01-01T00:00:00Z"),
    )
    keyed, _, metrics = metered(*entries)

    for key in (access.GOOD, access.GOOD, access.EXPIRED, access.NOBODYS, "secret"):
        outcome(keyed, key)

    text = metrics.exposition("")[0].decode()
    for name, found, count in (
        ("shop", "granted", 1), ("shop", "over_rate", 1), ("former", "expired", 1), ("", "refused", 2),
    ):  # fmt: skip
        assert f'client_requests_total{{client="{name}",outcome="{found}"}} {count}.0' in text


WRONG_LISTS: Final[dict[str, bytes]] = {
    "nothing": b"",
    "no JSON": b"{",
    "an object": b"{}",
    "no digest": b'[{"name":"shop"}]',
    "a key for a digest": json.dumps([{"name": "shop", "sha256": access.GOOD}]).encode(),
    "a digest in capitals": json.dumps([{"name": "shop", "sha256": "A" * 64}]).encode(),
    "a name that is none": json.dumps([access.entry("Shop 1", access.GOOD)]).encode(),
    "a rate of 0": json.dumps([access.entry("shop", access.GOOD, requestsPerSecond=0)]).encode(),
    "a time without a zone": json.dumps(
        [access.entry("shop", access.GOOD, notAfter="2030-01-01T00:00:00")]
    ).encode(),
    "a field of a later release": json.dumps([access.entry("shop", access.GOOD, routes=["/"])]).encode(),
    "33 keys": json.dumps([access.entry(f"c{number}", access.key(number)) for number in range(33)]).encode(),
    "a name twice": json.dumps([access.entry("shop", access.key(number)) for number in range(2)]).encode(),
    "a digest twice": json.dumps([access.entry(f"c{number}", access.GOOD) for number in range(2)]).encode(),
}  # fmt: skip


@pytest.mark.parametrize("content", WRONG_LISTS.values(), ids=WRONG_LISTS)
def test_a_list_that_is_not_understood_stops_the_server(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clients.json"
    path.write_bytes(content)

    with pytest.raises(SettingsRefused, match="IRIS_ACCESS_FILE") as refused:
        app.create_app(Settings(access_file=path), None)

    assert access.GOOD not in str(refused.value)


def test_a_missing_list_stops_the_server(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match=r"clients.json: No such file"):
        app.create_app(Settings(access_file=tmp_path / "clients.json"), None)
