"""Promotes a release, unchanged, from one environment to the next: one commit to one file."""

from collections.abc import Callable
from dataclasses import dataclass

from iris_delivery import change, comparison, declaration, environments, versions
from iris_delivery.change import Edit, Way
from iris_delivery.cluster import Cluster
from iris_delivery.declaration import Release
from iris_delivery.environments import Order
from iris_delivery.errors import Refused, Unreachable
from iris_delivery.git import Repository


@dataclass(frozen=True, slots=True)
class Asked:
    """A promotion; the version and digest are what the user expects to promote."""

    source: str
    target: str
    version: str | None
    digest: str | None


def run(
    repository: Repository, order: Order, asked: Asked, connect: Callable[[], Cluster], way: Way
) -> str | None:
    """Promote; returns what to print, or None when the target declares the release already."""
    order.step(asked.source, asked.target)
    file = declaration.path(asked.target)
    before = repository.show("HEAD", file)
    declared = declaration.parse(before, file).release
    if asked.source == environments.RELEASE:
        release = _tagged(repository, asked, way.remote, apart=declared.apart)
    else:
        release = _served(repository, asked, connect)
    if declared == release:
        return None
    edit = Edit(
        path=file,
        before=before,
        after=declaration.edit(before, release, file),
        subject=f"Promote {release.version} to {asked.target}",
        body=f"From: {asked.source} at {repository.head()}\nDigest: {release.digest or 'not pinned'}",
    )
    return change.carry_out(repository, edit, way)


def _tagged(repository: Repository, asked: Asked, remote: str, *, apart: bool) -> Release:
    """The first environment takes a released version: one with a tag."""
    if asked.version is None:
        raise Refused("--version", "missing", f"{asked.target} takes a release: name its version")
    version = versions.parse(asked.version)
    if versions.tag_of(version) not in repository.tags(remote):
        raise Refused(
            f"tag {versions.tag_of(version)}", "not found", f"first: iris-delivery bump {version} --push"
        )
    if asked.digest is not None and not declaration.DIGEST.fullmatch(asked.digest):
        raise Refused("--digest", f"found {asked.digest[:80]!r}", "expected sha256: and 64 hex digits")
    return Release(str(version), asked.digest, apart)


def _served(repository: Repository, asked: Asked, connect: Callable[[], Cluster]) -> Release:
    """Later environments take what the former one declares and serves."""
    file = declaration.path(asked.source)
    declared = declaration.parse(repository.show("HEAD", file), file)
    release = declared.release
    for option, wanted, found in (
        ("--version", asked.version, release.version),
        ("--digest", asked.digest, release.digest),
    ):
        if wanted is not None and wanted != found:
            raise Refused(
                f"{option} {wanted}",
                f"{asked.source} declares {found}",
                f"promote it to {asked.source} first",
            )
    try:
        seen = comparison.compare(connect().model(declared), declared)
    except Unreachable as error:
        raise Refused(
            asked.source, str(error), "its cluster has to prove the version first: try again"
        ) from error
    if seen.verdict != "serving":
        raise Refused(
            f"{asked.source} is not Ready for {release.version}",
            seen.why,
            f"wait for: iris-delivery verify --environment {asked.source}",
        )
    return release
