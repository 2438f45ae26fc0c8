"""A walk over specs in random order, wrong ones in between: only the last one may decide where it ends.

After some steps comes a good spec. It has to serve, whatever stood there before, and the namespace has to
look as if nothing else had ever been declared: the model is deleted, declared anew, and compared.
"""

import logging
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from iris_api import readiness
from iris_operator import errors
from iris_operator.model import spec

from tests.faults import namespaces, oracles, scenarios, specs
from tests.faults.lane import Lane
from tests.faults.scenarios import User
from tests.harness.kubernetes import Manifest, Refused, eventually

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

logger = logging.getLogger(__name__)

_STEPS_BETWEEN: Final = (2, 5)
_PODS_ON_THE_WAY: Final = 80
# Accepted by the CRD, refused by the API of a child: where no rule can know better.
_KNOWN_GAPS: Final[tuple[str, ...]] = ()


async def walk(api_server: "ApiServer", folder: Path, *, seed: int, steps: int) -> list[str]:
    """What was wrong on the way."""
    chance = random.Random(seed)  # noqa: S311
    wrong: list[str] = []
    pending = specs.specs(seed, steps)
    async with Lane(api_server, folder, namespaces.name()) as lane:
        user = User(lane.cluster)
        while pending:
            await lane.answers.provide(_PODS_ON_THE_WAY)
            some = [pending.pop() for _ in range(min(len(pending), chance.randint(*_STEPS_BETWEEN)))]
            taken = [one for one in some if await _step(lane, one, wrong)]
            last = specs.good(taken[-1] if taken else {}, chance.choice(specs.VERSIONS))
            wrong += await _ends_well(lane, user, last, some)
        wrong += oracles.complaints(lane.operator.whole_log(), "walk")
    return wrong


async def _step(lane: Lane, declared: Mapping[str, Any], wrong: list[str]) -> bool:
    """Declare it; whether it was taken. Then we have to have a verdict, and the same as the API server's."""
    try:
        body = await lane.cluster.apply(_model(declared))
    except Refused as refusal:
        logger.info("refused: %s", refusal.message[:150])
        _parses({"metadata": {"name": "iris", "namespace": "n", "uid": "u"}, "spec": declared})
        return False
    if not _parses(body):
        wrong.append(f"we refuse what the API server takes: {declared}")
    seen = await eventually(lambda: lane.cluster.get("IrisModel", "iris"), _judged, within=scenarios.PATIENCE)
    ready = _ready(seen)
    logger.info("%s: %s", ready["reason"], ready["message"][:150])
    if ready["reason"] == "InvalidSpec" and not any(gap in ready["message"] for gap in _KNOWN_GAPS):
        wrong.append(f"the CRD takes what a child's API refuses: {ready['message']}")
    return ready["reason"] != "InvalidSpec"


async def _ends_well(
    lane: Lane, user: User, last: Mapping[str, Any], before: Sequence[Mapping[str, Any]]
) -> list[str]:
    await _serves(lane, user, last)
    walked = oracles.normalise(await namespaces.observe(lane.cluster))
    await lane.clean()
    await _serves(lane, user, last)
    fresh = oracles.normalise(await namespaces.observe(lane.cluster))
    differences = oracles.differences(fresh, walked)
    return [f"after {before} and then {last}: {'; '.join(differences)}"] if differences else []


async def _serves(lane: Lane, user: User, declared: Mapping[str, Any]) -> None:
    lane.proxy.begin(None)
    await lane.cluster.apply(_model(declared))
    await user.reaches("Serving")
    await namespaces.rest([(lane.operator, lane.proxy)])


def _model(declared: Mapping[str, Any]) -> Manifest:
    fields = {name: value for name, value in declared.items() if value is not None}
    return {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {"name": "iris"},
        "spec": fields,
    }


def _parses(body: Mapping[str, Any]) -> bool:
    """Whatever comes: a model or a refusal of ours, never a bug."""
    try:
        spec.parse(body)
    except errors.Invalid:
        return False
    return True


def _judged(body: Manifest) -> bool:
    return readiness.is_current(body)


def _ready(body: Manifest) -> Mapping[str, str]:
    return next(row for row in body["status"]["conditions"] if row["type"] == "Ready")
