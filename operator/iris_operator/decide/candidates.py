"""What follows from a declaration alone: a candidate's pods, and whether it is another one. Pure."""

import math
from typing import Final

from iris_operator.model import shape
from iris_operator.model.shape import Shape
from iris_operator.model.spec import Gates, Rollout

# After the route was accepted, until its share is what the requests show.
BASELINE_SECONDS: Final = 15.0


def replicas(stable: int, percent: int) -> int:
    """As many pods as the share needs; two where the stable version has two, for they must agree."""
    return max(min(stable, 2), math.ceil(stable * percent / 100))


def ignored(policy: Rollout, version: str) -> str:
    """What the declaration grants to another version, as old commits leave it; it decides nothing."""
    granted = {"skip": policy.skip, "approved": policy.approved}
    names = (
        f"spec.rollout.{name} names {named}, not {version}, and is ignored"
        for name, named in granted.items()
        if named and named != version
    )
    return "; ".join(names)


def declaration(policy: Rollout, declared: Shape) -> str:
    """Of all that a rejection depends on: a change of the gates is a reason to try again."""
    gates, digest = policy.gates, shape.digest(declared)
    known = f"{digest}-{gates.agreement_per_mille}"
    of_traffic = (
        gates.failed_per_mille, gates.refused_per_mille, gates.slow_per_mille, gates.shift_per_mille
    )  # fmt: skip
    if not policy.steps or gates == Gates(gates.agreement_per_mille):
        return known
    return "-".join([known, *map(str, of_traffic)])
