"""Ready is no promise ahead of time: a client that has seen it gets no answer of another version."""

from collections.abc import Sequence

import pytest
from iris_local_cluster.up.run import FIRST, SECOND

from tests.e2e.stage import UpRun
from tests.truth import changes, run, verdict
from tests.truth.changes import MISSING, Change
from tests.truth.run import Run
from tests.truth.verdict import Outcome

pytestmark = pytest.mark.e2e

_SEED = 4


async def made(up_run: UpRun, wanted: Sequence[Change], strategy: str) -> Outcome:
    making = Run(up_run.kubectl, up_run.cluster.ingress, 20, strategy=strategy, note=print)
    try:
        await making.make(FIRST, wanted)
    finally:
        run.delete(up_run.kubectl)
    return verdict.judge(making.observed.answers, making.observed.declared, making.observed.shares)


async def test_a_client_that_saw_ready_is_answered_by_the_declared_version(up_run: UpRun) -> None:
    """`make truth` with few changes; the seed has a good version, a missing one and one that is reverted."""
    wanted = changes.draw(_SEED, 6, (FIRST, SECOND))
    assert {change.kind for change in wanted} == {"good", "missing", "reverted"}

    outcome = await made(up_run, wanted, "immediate")

    assert outcome.lost == ()
    assert outcome.wrong == ()
    assert outcome.judged > 0


async def test_a_candidate_gets_its_share_and_loses_no_request(up_run: UpRun) -> None:
    """The Gateway divides the requests of a good version, and sends none to one that cannot start."""
    missing = Change("missing", SECOND, 1.0, detour=MISSING, detour_seconds=4.0)

    outcome = await made(up_run, [Change("good", SECOND, 1.0), missing], "steps")

    assert outcome.lost == ()
    assert outcome.wrong == ()
    assert [(split.share.version, split.share.percent) for split in outcome.splits] == [
        (SECOND, 20),
        (SECOND, 50),
    ]
    # About 200 requests of a step: what a router that ignored the weight would never do.
    assert all(abs(split.percent - split.share.percent) < 15 for split in outcome.splits)
