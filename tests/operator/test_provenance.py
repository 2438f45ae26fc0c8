"""`status.source`: the commit that last changed the spec, read once and only where Flux is."""

from typing import Any, Final

import pytest
from iris_api import kinds
from iris_operator import errors
from iris_operator.observe import provenance

from tests.fakes.cluster import Call, FakeCluster
from tests.operator import bodies

NOW: Final = "main@sha1:0a1b2c"
FLUX: Final = {
    "kustomize.toolkit.fluxcd.io/name": "models",
    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
}


def flux(revision: str | None = NOW) -> FakeCluster:
    """A cluster whose Kustomization flux-system/models tries this revision."""
    cluster = FakeCluster()
    status = {} if revision is None else {"lastAttemptedRevision": revision}
    named = {"name": "models", "namespace": "flux-system"}
    cluster.put(kinds.KUSTOMIZATION, {"metadata": named, "status": status})
    return cluster


def applied(status: dict[str, Any] | None = None, labels: dict[str, str] = FLUX) -> dict[str, Any]:
    """The second generation of an IrisModel as Flux leaves it."""
    body = bodies.body(status=status)
    body["metadata"] |= {"labels": labels, "generation": 2}
    return body


def observed(generation: int) -> dict[str, Any]:
    source = {"revision": "main@sha1:before", "kustomization": "flux-system/models"}
    return {"source": source, "observedGeneration": generation}


async def test_any_change_of_the_spec_comes_from_what_flux_is_applying() -> None:
    found = await provenance.source(flux(), applied(observed(1)))

    assert found == {"revision": NOW, "kustomization": "flux-system/models"}


async def test_a_later_commit_that_did_not_change_the_spec_is_not_read() -> None:
    cluster = flux()

    found = await provenance.source(cluster, applied(observed(2)))

    assert found["revision"] == "main@sha1:before"
    assert cluster.calls == []


async def test_a_generation_of_which_nothing_was_found_is_not_asked_for_again() -> None:
    cluster = flux()

    found = await provenance.source(cluster, applied({"observedGeneration": 2}))

    assert found == {}
    assert cluster.calls == []


@pytest.mark.parametrize(
    ("cluster", "labels"),
    [
        (flux(), {}),
        (flux(), {"kustomize.toolkit.fluxcd.io/name": "models"}),
        (FakeCluster(), FLUX),
        (flux(None), FLUX),
    ],
    ids=["applied by hand", "half a label", "Flux has gone", "Flux has not tried yet"],
)
async def test_without_flux_nobody_is_named(cluster: FakeCluster, labels: dict[str, str]) -> None:
    assert await provenance.source(cluster, applied(observed(1), labels)) == {}


def refusing(code: int) -> FakeCluster:
    cluster = flux()

    async def refuse(_: Call) -> None:
        raise errors.ClusterError(code, "no")

    cluster.before = refuse
    return cluster


async def test_without_the_right_to_read_nobody_is_named() -> None:
    assert await provenance.source(refusing(403), applied()) == {}


async def test_a_revision_that_could_not_be_read_is_asked_for_again() -> None:
    """The revision would be missing for ever."""
    half = await provenance.source(refusing(500), applied())

    assert half == {"kustomization": "flux-system/models"}
    status = {"observedGeneration": 2, "source": half}
    assert (await provenance.source(flux(), applied(status)))["revision"] == NOW
