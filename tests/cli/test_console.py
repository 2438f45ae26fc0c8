"""The console's pure parts: what is shown for a status, and who is admitted."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_cli.console import views
from iris_cli.console.access import Access

from tests.cli import snapshots
from tests.cli.snapshots import NOW

BEGIN = datetime(2026, 11, 23, 11, tzinfo=UTC)


def moment(minute: int) -> str:
    return (BEGIN + timedelta(minutes=minute)).isoformat()


@pytest.mark.parametrize(
    ("body", "mark"),
    [
        (snapshots.serving(), "ok"),
        (snapshots.progressing(), "waits"),
        (snapshots.stalled("ImagePullFailed"), "failed"),
    ],
)
def test_a_row_has_the_mark_of_its_state(body: snapshots.Body, mark: str) -> None:
    row = views.fleet_row(body, {}, views.Commit("main@0a1b2c3", "Ann Bee", "Serve 1.1.0"), NOW)

    assert f'class="mark {mark}"' in row
    assert "Ann Bee: Serve 1.1.0" in row


def test_values_of_others_are_escaped() -> None:
    row = views.fleet_row(snapshots.serving(), {}, views.Commit("<b>", "<i>", "<script>"), NOW)

    assert "<script>" not in row
    assert "&lt;script&gt;" in row


def test_only_web_addresses_become_links() -> None:
    body = snapshots.serving()
    body["status"]["url"] = "javascript:alert(1)"

    page = views.model_content(body, paragraph="", events=[], history=[], now=NOW)

    assert "href=" not in page


@given(st.lists(st.integers(0, 70), min_size=1, max_size=10, unique=True))
def test_the_bars_of_versions_lie_on_the_line_one_after_the_other(minutes: list[int]) -> None:
    starts = sorted(minutes)
    ends = [*starts[1:], None]
    entries = [
        {"version": str(start), "from": moment(start), "digest": "sha256:a"}
        | ({} if end is None else {"until": moment(end)})
        for start, end in zip(starts, ends, strict=True)
    ]

    bars = views.time_line(entries[::-1], NOW)

    assert [bar.version for bar in bars] == [str(start) for start in reversed(starts)]
    assert all(0 <= bar.left <= 1000 and 0 < bar.width <= 1002 for bar in bars)
    assert [bar.left for bar in bars] == sorted((bar.left for bar in bars), reverse=True)


def test_a_step_that_failed_has_its_reason_and_since_when() -> None:
    body = snapshots.model(
        snapshots.condition("Ready", "True", "Serving"),
        snapshots.condition("RouteReady", "False", "IngressClassNotFound", "found no class"),
    )

    spec, pods, route = views.steps(body, NOW)

    assert [spec.mark, pods.mark, route.mark] == ["ok", "ok", "failed"]
    assert (route.reason, route.message, route.since) == ("IngressClassNotFound", "found no class", "4 min")


def test_a_token_works_once() -> None:
    access = Access(8000)

    assert not access.redeem("x")
    assert access.redeem(access.token)
    assert not access.redeem(access.token)


@pytest.mark.parametrize("header", [None, "", "iris_console_8000=", "iris_console_8000=x", "a=b; ;", "ä=ö"])
def test_a_cookie_of_somebody_else_is_not_known(header: str | None) -> None:
    assert not Access(8000).is_known(header)


def test_the_cookie_that_was_set_is_known_to_this_console_only() -> None:
    access = Access(8000)
    sent = access.set_cookie().split(";")[0]

    assert access.is_known(f"other=1; {sent}")
    assert not Access(8000).is_known(sent)


@pytest.mark.parametrize("host", [None, "", "127.0.0.1", "127.0.0.1:8001", "evil.test:8000"])
def test_only_its_own_address_is_a_host(host: str | None) -> None:
    access = Access(8000)

    assert not access.is_host(host)
    assert access.is_host("127.0.0.1:8000")
    assert access.is_host("localhost:8000")
