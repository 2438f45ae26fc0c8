"""Ready is no promise ahead of time: a client that has seen it gets no answer of another version."""

import pytest
from iris_local_cluster.up.run import FIRST, SECOND

from tests.e2e.stage import UpRun
from tests.truth import changes, run, verdict
from tests.truth.run import Run

pytestmark = pytest.mark.e2e

_SEED = 4


async def test_a_client_that_saw_ready_is_answered_by_the_declared_version(up_run: UpRun) -> None:
    """`make truth` with few changes; the seed has a good version, a missing one and one that is reverted."""
    wanted = changes.draw(_SEED, 6, (FIRST, SECOND))
    assert {change.kind for change in wanted} == {"good", "missing", "reverted"}
    making = Run(up_run.kubectl, up_run.cluster.ingress, 20, note=print)

    try:
        await making.make(FIRST, wanted)
    finally:
        run.delete(up_run.kubectl)

    outcome = verdict.judge(making.observed.answers, making.observed.declared)
    assert outcome.lost == ()
    assert outcome.wrong == ()
    assert outcome.judged > 0
