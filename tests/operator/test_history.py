"""`status.history`: what was asked for, newest first, at most ten."""

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from iris_operator import reasons
from iris_operator.decide import history

WISHES = st.lists(
    st.tuples(
        st.sampled_from(["1.0.0", "1.1.0", "2.0.0"]),
        st.sampled_from([reasons.PROGRESSING, reasons.SERVING, reasons.IMAGE_PULL_FAILED]),
    ),
    min_size=1,
    max_size=40,
)


def lived(wishes: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """The history after these versions and outcomes, a minute each."""
    entries: list[dict[str, Any]] = []
    for minute, (version, outcome) in enumerate(wishes):
        digest = f"sha256:{version}" if outcome == reasons.SERVING else ""
        entries = history.extend(
            entries, version=version, digest=digest, outcome=outcome, now=f"12:{minute:02}"
        )
    return entries


@given(WISHES)
def test_keeps_the_last_ten_newest_first(wishes: list[tuple[str, str]]) -> None:
    entries = lived(wishes)

    begun = [entry["from"] for entry in entries]
    assert len(entries) <= 10
    assert begun == sorted(begun, reverse=True)
    assert (entries[0]["version"], entries[0]["outcome"]) == wishes[-1]


@given(WISHES)
def test_names_no_version_twice_in_a_row(wishes: list[tuple[str, str]]) -> None:
    versions = [entry["version"] for entry in lived(wishes)]

    assert all(one != next_one for one, next_one in itertools.pairwise(versions))


@given(WISHES)
def test_closes_every_entry_but_the_newest(wishes: list[tuple[str, str]]) -> None:
    [newest, *closed] = lived(wishes)

    assert "until" not in newest
    assert [entry["until"] for entry in closed] == [
        entry["from"] for entry in [newest, *closed][: len(closed)]
    ]


@given(WISHES)
def test_says_the_same_thing_once(wishes: list[tuple[str, str]]) -> None:
    entries = lived(wishes)
    version, outcome = wishes[-1]

    again = history.extend(entries, version=version, digest="", outcome=outcome, now="13:00")

    assert again == entries


def test_tells_what_became_of_a_version_that_was_replaced() -> None:
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


def test_keeps_the_digest_that_was_proven() -> None:
    entries = lived([("1.0.0", reasons.SERVING), ("1.0.0", reasons.PROGRESSING)])

    assert entries[0]["digest"] == "sha256:1.0.0"


def test_names_the_revision_that_asked_first_and_no_later_one() -> None:
    asked = {"digest": "", "outcome": reasons.PROGRESSING}
    first = history.extend([], version="1.0.0", now="12:00", revision="main@sha1:a", **asked)

    again = history.extend(first, version="1.0.0", now="12:01", revision="main@sha1:b", **asked)
    unknown = history.extend(again, version="2.0.0", now="12:02", **asked)

    assert [entry.get("revision") for entry in unknown] == [None, "main@sha1:a"]
