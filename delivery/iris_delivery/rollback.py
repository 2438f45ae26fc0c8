"""Rolls an environment back to a release that it declared before: one commit, without a cluster."""

import re

from iris_delivery import change, declaration
from iris_delivery.change import Edit, Way
from iris_delivery.declaration import Release
from iris_delivery.environments import Order
from iris_delivery.errors import Refused
from iris_delivery.git import Repository

_LEFT = re.compile(r"^Rolled back from: (\S+(?: \(\S+\))?)$", re.MULTILINE)


def run(
    repository: Repository, order: Order, environment: str, *, version: str | None, way: Way
) -> str | None:
    """Roll back; returns what to print, or None when that release is declared already."""
    file = declaration.path(order.known(environment))
    before = repository.show("HEAD", file)
    present = declaration.parse(before, file).release
    if version == present.version:
        return None
    release = _former(repository, file, present, version)
    edit = Edit(
        path=file,
        before=before,
        after=declaration.edit(before, release, file),
        subject=f"Roll {environment} back to {release.version}",
        body=f"Rolled back from: {present}",
    )
    return change.carry_out(repository, edit, way)


def _former(repository: Repository, file: str, present: Release, version: str | None) -> Release:
    """The newest other release in the file's history. One that was rolled back from must be named."""
    given_up = {str(present)}
    for commit in repository.history(file):
        if left := _LEFT.search(commit.message):
            given_up.add(left[1])
        try:
            release = declaration.parse(repository.show(commit.sha, file), file).release
        except Refused:
            continue  # skip commits with an invalid file
        if release.version == version or (version is None and str(release) not in given_up):
            return release
    found = (
        f"its history has no {version}" if version else f"it never declared another than {present.version}"
    )
    raise Refused(file, found, "name one with --to; in a shallow clone first: git fetch --unshallow")
