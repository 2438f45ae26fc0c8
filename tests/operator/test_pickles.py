"""The condition PickleDenied: what is declared, and what the pods' servers report."""

import pytest
from iris_operator.decide import pickles, status
from iris_operator.decide.verdict import Verdict
from iris_operator.observe.proof import Proof

from tests.operator import situations

DENIES = Proof("1.4.0", "sha256:d", pickle="Deny")
ALLOWS = Proof("1.4.0", "sha256:d", pickle="Allow")
OLD_SERVER = Proof("1.4.0", "sha256:d")
SILENT = Proof(failure="no answer")


def test_a_declared_allow_has_no_condition() -> None:
    assert pickles.condition("Allow", [ALLOWS]) is None


def test_an_absent_field_is_reported_as_allow() -> None:
    row = pickles.condition(None, [DENIES])

    assert row is not None
    assert row[:3] == ("PickleDenied", False, "PickleAllowed")
    assert row[3].startswith("found no spec.server.pickle, which means Allow")


@pytest.mark.parametrize(
    ("proofs", "denied", "reason", "words"),
    [
        ([DENIES, DENIES], True, "PickleDenied", "2 of 2 pods that answer open no pickle"),
        ([DENIES, SILENT], True, "PickleDenied", "1 of 1 pods that answer open no pickle"),
        ([DENIES, ALLOWS], False, "PickleNotDenied", "1 of 2 pods that answer open no pickle; expected all"),
        (
            [DENIES, OLD_SERVER],
            False,
            "PickleNotDenied",
            "1 of 2 pods run a server that does not report",
        ),
        ([SILENT], False, "PickleNotDenied", "0 of 0 pods that answer open no pickle; expected all"),
    ],
)
def test_a_declared_deny_is_true_once_every_answering_pod_reports_it(
    proofs: list[Proof], denied: bool, reason: str, words: str
) -> None:
    row = pickles.condition("Deny", proofs)

    assert row is not None
    assert row[1:3] == (denied, reason)
    assert row[3].startswith(words)


@pytest.mark.parametrize(("declared", "rows"), [(None, 1), ("Allow", 0), ("Deny", 1)])
def test_the_status_has_the_condition_of_the_declared_field(declared: str | None, rows: int) -> None:
    facts = situations.facts(pickle=declared)

    made = status.build(facts, Verdict(ready=True, reason="Serving", message="as declared"), {})

    assert [row["type"] for row in made["conditions"]].count("PickleDenied") == rows
