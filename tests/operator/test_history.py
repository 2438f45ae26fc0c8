"""`status.history`: what was asked for, newest first, at most ten."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_api import reasons
from iris_operator.decide import history

WISHES = st.lists(
    st.tuples(
        st.sampled_from(["1.0.0", "1.1.0", "2.0.0"]),
        st.sampled_from([reasons.PROGRESSING, reasons.SERVING, reasons.IMAGE_PULL_FAILED]),
    ),
    min_size=1,
    max_size=40,
)


def _serving(wishes: list[tuple[str, str]]) -> str:
    return next((version for version, outcome in reversed(wishes) if outcome == reasons.SERVING), "")


def lived(wishes: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """The history after these versions and outcomes, a minute each."""
    entries: list[dict[str, Any]] = []
    for minute, (version, outcome) in enumerate(wishes):
        digest = f"sha256:{version}" if outcome == reasons.SERVING else ""
        serving = _serving(wishes[: minute + 1])
        entries = history.extend(
            entries,
            version=version,
            digest=digest,
            outcome=outcome,
            serving=serving,
            now=f"12:{minute:02}",
        )
    return entries


@given(WISHES)
def test_history_keeps_the_last_ten_newest_first(wishes: list[tuple[str, str]]) -> None:
    entries = lived(wishes)

    begun = [entry["from"] for entry in entries]
    assert len(entries) <= 10
    assert begun == sorted(begun, reverse=True)
    assert (entries[0]["version"], entries[0]["outcome"]) == wishes[-1]


@given(WISHES)
def test_history_names_no_version_twice_in_a_row(wishes: list[tuple[str, str]]) -> None:
    versions = [entry["version"] for entry in lived(wishes)]

    assert all(one != next_one for one, next_one in itertools.pairwise(versions))


@given(WISHES)
def test_history_closes_every_entry_but_the_newest_and_the_one_that_serves(
    wishes: list[tuple[str, str]],
) -> None:
    [newest, *former] = lived(wishes)

    serving = [_serving(wishes)]
    still_open = [entry["version"] for entry in former if "until" not in entry]
    assert "until" not in newest
    assert still_open in ([], serving)
    assert newest["version"] not in still_open


def test_an_entry_has_the_moment_at_which_its_version_first_served() -> None:
    wishes = [("1.2.0", reasons.PROGRESSING), ("1.2.0", reasons.SERVING), ("1.2.0", reasons.PROGRESSING)]

    [entry] = lived([*wishes, ("1.2.0", reasons.SERVING)])

    assert (entry["from"], entry["servedFrom"]) == ("12:00", "12:01")


def test_an_entry_that_served_before_the_moment_was_kept_gets_none_later() -> None:
    known = [{"version": "1.2.0", "from": "11:00", "digest": "sha256:1.2.0", "outcome": reasons.SERVING}]

    [entry] = history.extend(
        known, version="1.2.0", digest="sha256:1.2.0", outcome=reasons.SERVING, serving="1.2.0", now="12:00"
    )

    assert "servedFrom" not in entry


def test_a_version_that_serves_through_failed_ones_ends_when_another_serves() -> None:
    wishes = [("1.2.0", reasons.SERVING), ("9.9.9", reasons.IMAGE_PULL_FAILED)]
    during = lived(wishes)
    after = lived([*wishes, ("1.3.0", reasons.PROGRESSING), ("1.3.0", reasons.SERVING)])

    assert [(entry["outcome"], entry.get("until")) for entry in during] == [
        ("ImagePullFailed", None),
        ("Serving", None),
    ]
    assert [(entry["version"], entry["outcome"], entry.get("until")) for entry in after] == [
        ("1.3.0", "Serving", None),
        ("9.9.9", "ImagePullFailed", "12:02"),
        ("1.2.0", "Served", "12:03"),
    ]


@pytest.mark.parametrize("outcome", [reasons.SUSPENDED, reasons.SCALED_TO_ZERO])
def test_a_version_that_served_before_it_was_halted_has_served(outcome: str) -> None:
    entries = lived([("1.0.0", reasons.SERVING), ("1.0.0", outcome), ("2.0.0", reasons.SERVING)])

    assert entries[1]["outcome"] == "Served"


@given(WISHES)
def test_history_repeats_no_entry(wishes: list[tuple[str, str]]) -> None:
    entries = lived(wishes)
    version, outcome = wishes[-1]

    again = history.extend(
        entries, version=version, digest="", outcome=outcome, serving=_serving(wishes), now="13:00"
    )

    assert again == entries


def test_history_records_the_outcome_of_a_replaced_version() -> None:
    entries = lived(
        [
            ("1.0.0", reasons.SERVING),
            ("1.1.0", reasons.IMAGE_PULL_FAILED),
            ("2.0.0", reasons.PROGRESSING),
            ("1.0.0", reasons.PROGRESSING),
        ]
    )

    assert [(entry["version"], entry["outcome"]) for entry in entries] == [
        ("1.0.0", "Progressing"),
        ("2.0.0", "Superseded"),
        ("1.1.0", "ImagePullFailed"),
        ("1.0.0", "Served"),
    ]


def test_a_version_that_served_has_served_even_if_it_was_scaling_when_replaced() -> None:
    entries = lived([("1.0.0", reasons.SERVING), ("1.0.0", reasons.PROGRESSING), ("2.0.0", reasons.SERVING)])

    assert entries[1]["outcome"] == "Served"


def test_history_keeps_the_digest_that_was_proven() -> None:
    entries = lived([("1.0.0", reasons.SERVING), ("1.0.0", reasons.PROGRESSING)])

    assert entries[0]["digest"] == "sha256:1.0.0"


def test_history_names_the_revision_that_asked_first_and_no_later_one() -> None:
    asked = {"digest": "", "serving": "", "outcome": reasons.PROGRESSING}
    first = history.extend([], version="1.0.0", now="12:00", revision="main@sha1:a", **asked)

    again = history.extend(first, version="1.0.0", now="12:01", revision="main@sha1:b", **asked)
    unknown = history.extend(again, version="2.0.0", now="12:02", **asked)

    assert [entry.get("revision") for entry in unknown] == [None, "main@sha1:a"]
