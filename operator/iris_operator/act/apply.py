"""Applies the children that differ from their declaration, and deletes our children that are not declared.

At rest nothing is written or read. Another owner's object is never touched: a name that the store does not
have is created or, where that is refused, read live first.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from iris_api import kinds, reasons
from iris_api.kinds import Kind

from iris_operator import children, errors, metrics
from iris_operator.act.overrides import Overrides
from iris_operator.children import deployment, metadata
from iris_operator.cluster import Body, Cluster
from iris_operator.model.spec import IrisModel
from iris_operator.observe import ownership, store
from iris_operator.observe.store import Snapshot, Store

logger = logging.getLogger(__name__)

# Owns the replicas from when we stop declaring them until the autoscaler's first write.
_HANDOVER_MANAGER: Final = "iris-operator-replicas"
_COLLECTION_WAIT_SECONDS: Final = 1.0
# The model is deleted with it, and a watch reports that.
_NAMESPACE_WAIT_SECONDS: Final = 60.0


class _ChildIsGoing(errors.Waiting):
    """A child of that name is being deleted: only this child has to wait."""


class Applier:
    """Applies the children of one model at a time."""

    def __init__(self, cluster: Cluster, known: Store, overrides: Overrides) -> None:
        self._cluster = cluster
        self._store = known
        self._overrides = overrides
        self._confirmed = False  # in this pass: what we go by is what the model declares and has decided
        self._decided: Any = None  # `status.rollout` that this pass acts on
        self._failures: list[errors.ChildFailure] = []
        self.written: dict[tuple[Kind, str], Body] = {}  # what the store keeps of the answers
        # Whether every child is as declared, by the snapshot and these answers.
        self.settled = True

    async def children(
        self,
        snapshot: Snapshot,
        model: IrisModel,
        wanted: Sequence[tuple[Kind, Body]],
        *,
        kept: Collection[tuple[Kind, str]] = (),
    ) -> tuple[errors.ChildFailure, ...]:
        """A child that fails does not hold up the others; those in `kept` are not deleted. Raises
        errors.Waiting where none can be made, and errors.ClusterError where the API server cannot be
        reached."""
        self._confirmed, self._failures = False, []
        self._decided = _rollout(snapshot.model)
        for kind, manifest in wanted:
            with self._collecting_failures(kind, manifest["metadata"]["name"]):
                await self._child(snapshot, model, kind, ownership.stamp(manifest))
        staying = {(kind, manifest["metadata"]["name"]) for kind, manifest in wanted} | set(kept)
        for (kind, name), live in snapshot.children.items():
            if (kind, name) not in staying:
                self.settled = False
                with self._collecting_failures(kind, name):
                    await self._prune(model, kind, live)
        return tuple(self._failures)

    @contextmanager
    def _collecting_failures(self, kind: Kind, name: str) -> Iterator[None]:
        condition = children.condition(kind, name)
        try:
            yield
        except errors.Invalid as invalid:
            is_conflict = invalid.reason == reasons.CHILD_CONFLICT
            failure = errors.ChildFailure(
                "Ready" if is_conflict else condition, invalid.reason, invalid.message, True, invalid
            )
        except _ChildIsGoing as going:
            failure = errors.ChildFailure(condition, reasons.PROGRESSING, going.message, False, going)
        except errors.ClusterError as error:
            if not error.code and any(_is_silence(known) for known in self._failures):
                raise  # the second one: the cause is the API server, not a child
            failure = errors.refused(condition, f"{kind.name} {name}", error)
        else:
            return
        self.settled = False
        self._failures.append(failure)

    async def _child(self, snapshot: Snapshot, model: IrisModel, kind: Kind, manifest: Body) -> None:
        name = manifest["metadata"]["name"]
        live: Mapping[str, Any] | None = snapshot.children.get((kind, name))
        if not snapshot.children and await self._create(model, kind, manifest):
            return
        found = None
        if live is None:
            found = await self._cluster.read(kind, model.namespace, name)
            live = store.trim(kind, found) if found is not None else None
        if live is not None:
            _refuse_what_is_not_ours(kind, live, model)
            manifest = _unpaused(live, manifest)
            if self._is_settled(kind, live, manifest):
                if found is not None:
                    self.settled = False  # the snapshot does not have it
                    self._store.observe(kind, found)
                return
        await self._confirm(model)
        if live is not None and kind == kinds.DEPLOYMENT:
            await self._hand_over_replicas(model, live, manifest)
        await self._write(
            model, kind, manifest, why="created" if live is None else _difference(live, manifest)
        )

    def _is_settled(self, kind: Kind, live: Mapping[str, Any], manifest: Body) -> bool:
        """Whether a write would change nothing."""
        if _is_stuck_at_zero(live, manifest):
            return False
        if ownership.holds(live, store.trim(kind, manifest)):
            self._overrides.settled(kind, manifest)
            return True
        return self._overrides.cover(kind, manifest, live)

    async def _create(self, model: IrisModel, kind: Kind, manifest: Body) -> bool:
        """Create the children of a new model without reading each; False when a name is taken."""
        await self._confirm(model)
        try:
            await self._write(model, kind, manifest, why="created", absent=True)
        except errors.ClusterError as error:
            if error.code == 409:
                return False
            raise
        return True

    async def _write(
        self, model: IrisModel, kind: Kind, manifest: Body, *, why: str, absent: bool = False
    ) -> None:
        name = manifest["metadata"]["name"]
        metrics.wrote(model.namespace, model.name)
        try:
            applied = await self._cluster.apply(kind, manifest, absent=absent)
        except errors.ClusterError as error:
            if error.code in (400, 422):
                raise errors.Invalid(reasons.INVALID_SPEC, f"{kind.name} {name}: {error.message}") from error
            if error.ending:
                raise errors.Waiting(_NAMESPACE_WAIT_SECONDS, "its namespace is being deleted") from error
            if error.code == 404 and kind.optional:
                self.settled = False
                return  # its API has just been removed: the next resync reports it
            raise
        self.written[kind, name] = kept = self._store.answered(kind, applied)
        if not self._overrides.wrote(kind, manifest, applied) or _is_stuck_at_zero(kept, manifest):
            self.settled = False
        logger.info("applied %s %s/%s: %s", kind.name, model.namespace, name, why)

    async def _confirm(self, model: IrisModel) -> None:
        """Before the first write of a pass: a watch that lags must not bring back an old spec or step of a
        rollout, and children of a model that is gone would be made, collected, made, … until we hear of its
        end."""
        if self._confirmed:
            return
        live = await self._cluster.read(kinds.IRIS_MODEL, model.namespace, model.name)
        metadata = live["metadata"] if live else {}
        if live is None or metadata["uid"] != model.uid or metadata.get("deletionTimestamp"):
            raise errors.Waiting(_COLLECTION_WAIT_SECONDS, f"IrisModel {model.name} is gone")
        if metadata.get("generation", 0) != model.generation or _rollout(live) != self._decided:
            self._store.observe(kinds.IRIS_MODEL, live)
            raise errors.Waiting(0.0, "it has changed meanwhile")
        self._confirmed = True

    async def _hand_over_replicas(self, model: IrisModel, live: Mapping[str, Any], manifest: Body) -> None:
        """Dropping spec.replicas from our intent would reset it to 1: somebody else must hold it first."""
        is_handed_over = _is_scaled(live) and not _is_stuck_at_zero(live, manifest)
        if model.autoscaling is None or not _is_scaled(manifest) or is_handed_over:
            return
        identity = {name: manifest["metadata"][name] for name in ("name", "namespace")}
        current = await self._cluster.read(kinds.DEPLOYMENT, identity["namespace"], identity["name"])
        if current is None:
            return
        holder = {
            "apiVersion": kinds.DEPLOYMENT.api_version,
            "kind": kinds.DEPLOYMENT.name,
            "metadata": identity,
            "spec": {"replicas": max(current["spec"].get("replicas", 1), model.autoscaling.min_replicas)},
        }
        await self._cluster.apply(kinds.DEPLOYMENT, holder, manager=_HANDOVER_MANAGER)

    async def _prune(self, model: IrisModel, kind: Kind, known: Mapping[str, Any]) -> None:
        name = known["metadata"]["name"]
        live = await self._cluster.read(kind, model.namespace, name)
        if live is None:
            self._store.vanish(kind, known)
            return
        if ownership.owner(live, model) != "ours" or live["metadata"].get("deletionTimestamp"):
            return
        await self._confirm(model)
        metrics.wrote(model.namespace, model.name)
        await self._cluster.delete(kind, live)
        self._store.vanish(kind, live)
        self._overrides.settled(kind, live)
        logger.info("deleted %s %s/%s: not declared any more", kind.name, model.namespace, name)


def _rollout(body: Mapping[str, Any] | None) -> Any:
    return ((body or {}).get("status") or {}).get("rollout") or {}


def _unpaused(live: Mapping[str, Any], manifest: Body) -> Body:
    """Declared only where it matters: in every intent it would be a write per Deployment on an upgrade."""
    if live.get("spec", {}).get("paused") is not True:
        return manifest
    return {**manifest, "spec": {**manifest["spec"], "paused": False}}


def _is_stuck_at_zero(live: Mapping[str, Any], manifest: Body) -> bool:
    """Whether an autoscaler has zero replicas, from which it never starts."""
    return _is_scaled(manifest) and bool(live["spec"].get("replicas") == 0)


def _is_scaled(deployed: Mapping[str, Any]) -> bool:
    """Whether an autoscaler decides the replicas of this Deployment; never those of a candidate."""
    found = deployed["metadata"].get("annotations", {}).get(deployment.REPLICAS_FROM)
    return bool(found == "autoscaler")


def _is_silence(failure: errors.ChildFailure) -> bool:
    return isinstance(failure.cause, errors.ClusterError) and failure.cause.code == 0


def _refuse_what_is_not_ours(kind: Kind, live: Mapping[str, Any], model: IrisModel) -> None:
    name = live["metadata"]["name"]
    whose = ownership.owner(live, model)
    if whose == "former" or live["metadata"].get("deletionTimestamp"):
        raise _ChildIsGoing(_COLLECTION_WAIT_SECONDS, f"{kind.name} {name} is being deleted")
    if whose == "foreign":
        reference = ownership.controller(live)
        label = live["metadata"].get("labels", {}).get(metadata.MANAGED_BY_LABEL)
        found = f"{reference['kind']} {reference['name']}" if reference else label or "somebody else"
        raise errors.Invalid(
            reasons.CHILD_CONFLICT,
            f"{kind.name} {name}: found one that belongs to {found}, expected none of that name",
        )


def _difference(live: Mapping[str, Any], manifest: Body) -> str:
    """For the log: whether the declaration changed, or somebody changed the object."""
    before = live["metadata"].get("annotations", {}).get(ownership.INTENT)
    declared = manifest["metadata"]["annotations"][ownership.INTENT]
    return "was changed by somebody else" if before == declared else "declaration changed"
