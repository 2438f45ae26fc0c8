"""What a registry holds under a tag, and pushes that do not replace it with another image."""

from typing import Protocol

import httpx

from iris_local_cluster.errors import LocalClusterError

_MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
)


class Sender(Protocol):
    """The part of an engine that pushes."""

    def push(self, reference: str, target: str) -> str: ...


def digest(target: str) -> str | None:
    """The digest of the image at `host:port/name:tag`, or None if the registry has none."""
    host, _, path = target.partition("/")
    name, _, tag = path.rpartition(":")
    url = f"http://{host}/v2/{name}/manifests/{tag}"
    try:
        answer = httpx.head(url, headers={"Accept": ", ".join(_MANIFESTS)}, timeout=10, trust_env=False)
    except httpx.HTTPError as error:
        raise LocalClusterError(f"registry {host}: {error}, expected an answer for {path}") from error
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    found = answer.headers.get("Docker-Content-Digest")
    if answer.status_code != httpx.codes.OK or found is None:
        raise LocalClusterError(f"registry {host}: status {answer.status_code} for {path}, expected a digest")
    return str(found)


def push_new(engine: Sender, stored: str, target: str) -> str:
    """Push an image to a tag that is free or already holds it. Returns the digest."""
    found = digest(target)
    if found is None:
        return engine.push(stored, target)
    # Only a push determines the digest; its own tag is the key of the image's content.
    pushed = engine.push(stored, f"{target.rpartition(':')[0]}:{stored.rpartition(':')[2]}")
    if pushed != found:
        raise LocalClusterError(
            f"{target}: found {found}, expected {pushed}, the image of this artifact and this code; "
            "a published version is never replaced: choose another version, or replace it with FORCE=1 "
            "(nodes that have pulled the old image keep it)"
        )
    return found
