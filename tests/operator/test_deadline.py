"""Our own deadline by our own clock: whatever does not change comes to a final verdict in time."""

import dataclasses
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from iris_api import reasons
from iris_operator.decide import checks, status
from iris_operator.decide.facts import Facts
from iris_operator.decide.verdict import Verdict
from iris_operator.observe import workload

from tests.operator import situations
from tests.operator.situations import SITUATIONS, facts, failure
from tests.operator.workload_bodies import deployment

# What `status` and `checks` may add to the deadline: a look comes a moment after it.
_SLACK = timedelta(seconds=1)
UNOBSERVED = facts(deployment(observed=1))
NO_DEPLOYMENT = facts({}, pods=(), proofs={})
GOING = facts(failures=(failure("Ready", reasons.PROGRESSING, is_final=False),))
IN_TROUBLE = facts(failures=(failure("Ready", reasons.CHILD_REFUSED, is_final=False),))
SCALING_UP = facts(deployment(wanted=5))
# A step of a rollout waits for requests, by a clock of its own: `spec.rollout.decideSeconds`.
FACTS = st.sampled_from([row[0] for row in SITUATIONS.values() if reasons.STEPPING not in row])


def passed(known: Facts, before: Mapping[str, Any], deadline: timedelta) -> tuple[Verdict, dict[str, Any]]:
    """A pass over these facts."""
    since = status.waiting_since(before, known.version, known.generation, deadline)
    stable = dataclasses.replace(known.stable, waiting_since=since, deadline=deadline)
    known = dataclasses.replace(known, stable=stable)
    found = checks.judge(known)
    again = checks.look_again(known, found)
    return found, {"again": again, "status": status.build(known, found, before)}


def at(known: Facts, seconds: timedelta) -> Facts:
    now = situations.NOW + seconds
    return dataclasses.replace(known, now=now, stable=dataclasses.replace(known.stable, now=now))


@given(FACTS, FACTS, st.integers(30, 3600).map(lambda seconds: timedelta(seconds=seconds)))
@example(UNOBSERVED, facts(), timedelta(seconds=30))
@example(NO_DEPLOYMENT, facts(), timedelta(seconds=30))
@example(GOING, facts(), timedelta(seconds=30))
@example(IN_TROUBLE, facts(), timedelta(seconds=30))
@example(SCALING_UP, facts(), timedelta(seconds=30))
def test_facts_that_do_not_change_are_final_within_the_deadline(
    known: Facts, earlier: Facts, deadline: timedelta
) -> None:
    """The next look comes only when the pass before has asked for it: no event happens."""
    _, before = passed(at(earlier, timedelta(0)), {}, deadline)
    elapsed = timedelta(0)
    found, after = passed(at(known, elapsed), before["status"], deadline)
    while found.reconciling:
        assert after["again"] is not None
        elapsed += timedelta(seconds=max(after["again"], 1.0))
        assert elapsed <= deadline + 2 * _SLACK, found
        found, after = passed(at(known, elapsed), after["status"], deadline)

    later, _ = passed(at(known, elapsed + timedelta(days=1)), after["status"], deadline)
    assert (later.reason, later.reconciling) == (found.reason, False)


def test_a_child_that_does_not_go_is_named_after_the_deadline() -> None:
    known = dataclasses.replace(GOING, stable=dataclasses.replace(GOING.stable, workload=workload.NOTHING))
    deadline = timedelta(seconds=60)
    _, before = passed(known, {}, deadline)

    found, _ = passed(at(known, deadline), before["status"], deadline)

    assert found.reason == reasons.PROGRESS_DEADLINE_EXCEEDED
    assert found.message == "no progress within spec.progressDeadlineSeconds; Ready: 403 not here"


def test_a_changed_spec_gets_a_deadline_of_its_own_while_the_operator_was_away() -> None:
    """Its first pass finds a Deployment that nobody has looked at since the change."""
    deadline = timedelta(seconds=60)
    _, before = passed(SCALING_UP, {}, deadline)
    changed = dataclasses.replace(at(UNOBSERVED, timedelta(hours=1)), generation=3)

    found, _ = passed(changed, before["status"], deadline)

    assert found.reconciling
