"""The plan of a pass: which version each set of pods runs, and which children are left out. Pure."""

from dataclasses import dataclass
from typing import Final

from iris_api.kinds import Kind

from iris_operator import errors
from iris_operator.model import pod_template
from iris_operator.model.spec import IrisModel

STABLE: Final = "stable"


@dataclass(frozen=True, slots=True)
class Track:
    """One set of pods that run the same version."""

    name: str
    version: str
    template_revision: int = pod_template.NEWEST


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision of a pass, made from facts before anything is written."""

    tracks: tuple[Track, ...]
    left_out: frozenset[Kind]  # not made: the cluster has no API for it, or another model has the route
    conflict: errors.Invalid | None = None  # why there is no route


def immediate(
    model: IrisModel,
    left_out: frozenset[Kind] = frozenset(),
    conflict: errors.Invalid | None = None,
    *,
    template_revision: int = pod_template.NEWEST,
) -> Plan:
    """Every pod at the declared version."""
    return Plan((Track(STABLE, model.version, template_revision),), left_out, conflict)
