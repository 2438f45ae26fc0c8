"""The plan of a pass: which version each set of pods runs, and which children are left out. Pure."""

from dataclasses import dataclass
from typing import Final

from iris_api.kinds import Kind

from iris_operator import errors
from iris_operator.model import pod_template, shape
from iris_operator.model.shape import Shape
from iris_operator.model.spec import IrisModel

STABLE: Final = "stable"
# Beside the stable pods while a rollout runs; no Service that users call leads to them.
CANARY: Final = "canary"


@dataclass(frozen=True, slots=True)
class Track:
    """One set of pods that run the same version."""

    name: str
    shape: Shape
    template_revision: int = pod_template.NEWEST
    replicas: int | None = None  # None: as declared


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision of a pass, made from facts before anything is written."""

    tracks: tuple[Track, ...]
    left_out: frozenset[Kind] = frozenset()  # no API in the cluster, or another model has the route
    conflict: errors.Invalid | None = None  # why there is no route
    # What the stable pods go back to if the shape that they get now fails; None: that shape itself.
    fallback: Shape | None = None
    candidate_percent: int = 0  # of the requests that come by the route
    # Whether the objects of a candidate that is not planned stay: requests may still be on their way to it.
    keeps_candidate: bool = False
    former_route: Kind | None = None  # a route of this kind stays, though it is not declared any more

    @property
    def stable(self) -> Shape:
        return next(track.shape for track in self.tracks if track.name == STABLE)


def immediate(
    model: IrisModel,
    left_out: frozenset[Kind] = frozenset(),
    conflict: errors.Invalid | None = None,
    *,
    template_revision: int = pod_template.NEWEST,
) -> Plan:
    """Every pod as declared."""
    return Plan((Track(STABLE, shape.of(model), template_revision),), left_out, conflict)
