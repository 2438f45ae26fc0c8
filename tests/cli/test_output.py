"""Tables: aligned, nothing cut off, later rows under the first ones."""

import dataclasses
from datetime import UTC, datetime

import pytest
from iris_cli import fleet, output

from tests.cli.snapshots import NOW, serving

NOTHING = "\N{EN DASH}"


def test_later_rows_keep_the_columns_of_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    long, short = serving(), serving()
    long["metadata"]["name"] = "a-much-longer-name"
    table = output.Fleet(lambda: NOW, namespaced=True, wide=True)

    table.show([fleet.row(long, {})])
    table.show([fleet.row(short, {})])

    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["NAME", "DECLARED", "SERVING", "READY"]
    assert first.index("True") == second.index("True") == header.index("READY")


def test_a_word_that_is_longer_than_its_column_still_ends_before_the_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = output.Fleet(lambda: NOW, namespaced=True, wide=True)
    table.show([fleet.row(serving(), {})])
    capsys.readouterr()

    reason, url = "ProgressDeadlineExceeded", "http://iris.test"
    table.show([dataclasses.replace(fleet.row(serving(), {}), reason=reason, url=url)])

    assert capsys.readouterr().out.split()[-2:] == [reason, url]


def test_a_long_history_is_not_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    moment = datetime(2026, 11, 23, 12, 0, tzinfo=UTC).isoformat()
    entry = {"version": "1" * 63, "outcome": "ProgressDeadlineExceeded", "from": moment, "until": moment}

    output.history([{**entry, "digest": "sha256:" + "a" * 64, "revision": "main@sha1:0123456789abcdef"}])

    header, row = capsys.readouterr().out.splitlines()
    values = ["1" * 63, "ProgressDeadlineExceeded", moment, NOTHING, moment, "a" * 12, "main@0123456"]
    assert row.split() == values
    assert header.index("REVISION") == row.index("main@")


def test_history_has_author_and_subject_of_commits_that_are_in_this_clone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    entry = {"version": "1.4.0", "from": "2026-11-23T12:00:00Z"}
    known = {"revision": "main@sha1:0123456789", "author": "Ann Bee", "subject": "Serve 1.4.0"}

    output.history([entry | known, entry])

    header, first, second = capsys.readouterr().out.splitlines()
    assert first[header.index("AUTHOR") :].split("   ") == ["Ann Bee", "Serve 1.4.0"]
    assert second.endswith(NOTHING)


def test_a_watched_row_has_the_time_and_the_reason_of_the_change(capsys: pytest.CaptureFixture[str]) -> None:
    table = output.Fleet(lambda: NOW, namespaced=True, wide=False, watched=True)

    row = fleet.row(serving(), {})
    table.show([row])

    header, line = capsys.readouterr().out.splitlines()
    assert line.startswith(NOW.astimezone().strftime("%H:%M:%S "))
    assert line[header.index("REASON") :].split() == [row.reason]
