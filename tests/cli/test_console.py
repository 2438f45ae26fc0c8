"""The console's pure parts: what is shown for a status, and who is admitted."""

import copy
import dataclasses
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_cli import evidence, explanation
from iris_cli.console import views
from iris_cli.console.access import Access
from iris_cli.traffic import Traffic

from tests.cli import snapshots
from tests.cli.snapshots import NOW

BEGIN = datetime(2026, 11, 23, 11, tzinfo=UTC)
NOBODY = views.Commit("")
COMMIT = views.Commit("main@0a1b2c3", "Ann Bee", "Serve 1.1.0", "2026-11-23T12:05:00+00:00")


def content(body: snapshots.Body, *, commit: views.Commit = NOBODY, events: tuple[Any, ...] = ()) -> str:
    found = snapshots.snapshot(body, events=events)
    return views.model_content(found, explanation.explain(found, NOW), commit, history=[], now=NOW)


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
    row = views.fleet_row(body, {}, COMMIT, NOW)

    assert f'class="mark {mark}"' in row
    assert "Ann Bee, 5 min ago: Serve 1.1.0" in row


def test_a_row_that_is_not_ready_has_its_cause() -> None:
    long = "pod x: no such <tag>, " + 100 * "and more " + "not found"
    stalled = snapshots.stalled("ImagePullFailed", long)

    row = views.fleet_row(stalled, {}, COMMIT, NOW)

    [shown] = re.findall(r'class="soft cause" title="[^"]*">([^<]*)<', row)
    assert shown.startswith("pod x: no such &lt;tag&gt;, and more")
    assert shown.endswith("and more not found")
    assert " … " in shown
    assert len(shown) < 200
    assert "cause" not in views.fleet_row(snapshots.serving(), {}, COMMIT, NOW)


def test_values_of_others_are_escaped() -> None:
    row = views.fleet_row(snapshots.serving(), {}, views.Commit("<b>", "<i>", "<script>"), NOW)

    assert "<script>" not in row
    assert "&lt;script&gt;" in row


def test_only_web_addresses_become_links() -> None:
    body = snapshots.serving()
    body["status"]["url"] = "javascript:alert(1)"

    assert "href=" not in content(body)


def test_an_address_within_the_cluster_is_no_link_and_others_lead_to_page_and_api() -> None:
    body = snapshots.serving()

    body["status"]["url"] = "http://iris.garden.svc"
    assert "href=" not in content(body)
    body["status"]["url"] = "http://iris.test/"
    assert re.findall('href="([^"]*)"', content(body)) == ["http://iris.test/", "http://iris.test/docs"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("set `spec.suspend` to <false>", "set <code>spec.suspend</code> to &lt;false&gt;"),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
        ("one ` alone", "one ` alone"),
    ],
)
def test_what_stands_between_backticks_is_code(text: str, shown: str) -> None:
    about = {"name": "iris", "uid": "model"}
    event = snapshots.event("Html", "2026-11-23T12:00:00Z", about=about, message=text)

    assert f'<td data-label="Message"><span>{shown}</span></td>' in content(
        snapshots.serving(), events=(event,)
    )


def test_the_page_names_what_to_do_apart_from_why() -> None:
    page = content(snapshots.stalled("ImagePullFailed"))

    assert "<strong>What to do:</strong> correct <code>spec.version</code>" in page
    assert page.count("What to do") == 1


def test_the_page_names_author_time_and_subject_of_the_commit() -> None:
    page = content(snapshots.serving(), commit=COMMIT)

    assert "Ann Bee, 5 min ago: Serve 1.1.0 <code>main@0a1b2c3</code>" in page


def test_a_row_has_what_is_left_of_the_error_budget() -> None:
    month = {("iris", "iris"): Traffic(4.0, 0.0, 0.0009)}

    row = views.fleet_row(snapshots.serving(), month, views.Commit(""), NOW)

    assert '<td data-label="Budget left" class="number differs">10 %</td>' in row


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


def test_the_fleet_has_since_when_the_present_reason_holds() -> None:
    """Ready is False from the start of a rollout on, and its lastTransitionTime stays with that."""
    body = snapshots.stalled("RolledBack")
    body["status"]["conditions"][0]["lastTransitionTime"] = "2026-11-23T12:00:00Z"

    row = views.fleet_row(body, {}, NOBODY, NOW)

    assert 'data-label="Since">4 min<' in row


@pytest.mark.parametrize(
    ("body", "mark"), [(snapshots.serving(), "waits"), (snapshots.stalled("PodsCrashing"), "failed")]
)
def test_a_warning_is_red_only_while_the_model_has_failed(body: snapshots.Body, mark: str) -> None:
    warning = snapshots.event("BackOff", "2026-11-23T12:05:00Z", about={"name": "iris-1"})

    assert f'class="mark {mark}">BackOff<' in content(body, events=(warning,))


def test_the_page_counts_wanted_new_and_candidate_pods_beside_all_pods() -> None:
    body = snapshots.progressing()
    body["status"] |= {"replicas": 3, "readyReplicas": 2}
    found = snapshots.snapshot(body)
    found.deployments[0]["status"] |= {"replicas": 3, "updatedReplicas": 1}
    canary = copy.deepcopy(found.deployments[0])
    canary["metadata"]["name"] = "iris-canary"
    canary["status"] |= {"replicas": 1, "readyReplicas": 1}

    shown = evidence.pods(dataclasses.replace(found, deployments=(*found.deployments, canary)))

    assert evidence.pods(found) == "2 of 3 ready, 2 wanted, 1 up to date"
    assert shown == "2 of 3 ready, 2 wanted, 1 up to date; candidate: 1 of 1 ready"
