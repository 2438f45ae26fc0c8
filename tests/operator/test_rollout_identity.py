"""Which model file and commit a rollout is about: candidate, stable version and what was refused."""

from typing import Any

from iris_api import kinds

from tests.operator.rollout_world import CANARY, KEY, WORSE, World

FLUX = {
    "kustomize.toolkit.fluxcd.io/name": "models",
    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
}


class FluxWorld(World):
    """Commits reach the cluster by a Kustomization."""

    def commit(self, revision: str, version: str, **rollout: Any) -> None:
        named = {"name": "models", "namespace": "flux-system"}
        status = {"lastAttemptedRevision": revision}
        self.cluster.put(kinds.KUSTOMIZATION, {"metadata": named, "status": status})
        self.declare(version, rollout={**CANARY, **rollout})
        body = self.cluster.find(kinds.IRIS_MODEL, *KEY)
        assert body is not None
        self.cluster.put(kinds.IRIS_MODEL, {**body, "metadata": {**body["metadata"], "labels": FLUX}})


async def served() -> FluxWorld:
    world = FluxWorld()
    world.commit("main@sha1:aaa", "1.0.0")
    await world.settle(12)
    assert world.reason() == "Serving"
    return world


async def test_a_rollout_names_the_digests_and_commits_of_both_versions() -> None:
    world = await served()

    world.commit("main@sha1:bbb", "1.1.0", approval="Manual")
    await world.settle()
    waiting = world.rollout()
    world.commit("main@sha1:ccc", "1.1.0", approval="Manual", approved="1.1.0")
    await world.settle()

    assert waiting["state"] == "AwaitingApproval"
    for rollout in (waiting, world.rollout()):
        assert rollout["candidate"]["revision"] == "main@sha1:bbb"
        assert rollout["stable"]["revision"] == "main@sha1:aaa"
        assert rollout["stable"]["version"] == "1.0.0"
        assert rollout["stable"]["digest"]
    assert world.rollout()["state"] == "Promoted"
    assert world.rollout()["candidate"]["digest"] == world.status()["modelDigest"]


async def test_a_refused_version_is_remembered_with_its_digest_and_commit() -> None:
    world = await served()

    world.commit("main@sha1:bbb", WORSE)
    await world.settle()
    world.commit("main@sha1:ccc", WORSE, stepSeconds=77)
    await world.settle()

    rejected = world.rollout()["rejected"]
    assert (world.rollout()["state"], rejected["version"]) == ("RolledBack", WORSE)
    assert rejected["revision"] == world.rollout()["candidate"]["revision"] == "main@sha1:bbb"
    assert rejected["digest"]


async def test_the_commit_of_a_candidate_costs_no_further_call() -> None:
    world = await served()
    world.cluster.calls.clear()

    world.commit("main@sha1:bbb", "1.1.0")
    await world.settle()

    written = [call for call in world.cluster.calls if call.kind == kinds.KUSTOMIZATION]
    assert [call.verb for call in written] == ["read"]


async def test_without_flux_a_rollout_names_no_commit() -> None:
    world = World()
    for version in ("1.0.0", WORSE):
        world.declare(version, rollout=CANARY)
        await world.settle()

    assert world.rollout()["state"] == "RolledBack"
    assert not [part for part in ("candidate", "stable", "rejected") if "revision" in world.rollout()[part]]
