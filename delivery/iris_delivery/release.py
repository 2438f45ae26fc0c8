"""Names versions: the tag of a release, and the version of a pull request's image."""

import re

from semver import Version

from iris_delivery import versions
from iris_delivery.errors import Refused
from iris_delivery.git import Repository


def latest(repository: Repository, remote: str) -> Version:
    """The highest tagged version, 0.0.0 before the first."""
    return max(versions.from_tags(repository.tags(remote)), default=versions.NONE_YET)


def bump(repository: Repository, size: str, *, push: bool, dry_run: bool, remote: str) -> str:
    """Tag HEAD with the next version; returns what to print."""
    repository.refuse_dirty()
    tags = repository.tags(remote)
    current = max(versions.from_tags(tags), default=versions.NONE_YET)
    step = next((step for step in versions.STEPS if step == size), None)
    version = versions.following(current, step) if step else versions.parse(size)
    tag = versions.tag_of(version)
    if tag in tags:
        raise Refused(f"tag {tag}", "exists", f"the next are {_choices(current)}")
    if version <= current:
        latest = "no release is older" if current == versions.NONE_YET else f"the latest is {current}"
        raise Refused(f"{version}", f"goes backward, {latest}", f"the next are {_choices(current)}")
    if push and not repository.remote(remote):
        raise Refused(f"remote {remote}", "not found", "name one with --remote, or leave out --push")
    head = repository.head()
    if dry_run:
        return f"would tag {head} as {tag}\n"
    repository.run("tag", "--annotate", f"--message=Release {version}", tag, head)
    if push:
        try:
            repository.run(
                "push",
                "--quiet",
                remote,
                f"refs/tags/{tag}",
                way_out="correct the cause, then run it again",
            )
        except BaseException:
            repository.run("tag", "--delete", tag)
            raise
    return f"{version}\n"


def pull_request(repository: Repository, number: int, *, commit: str | None, remote: str) -> str:
    """A version that sorts between the latest release and the next."""
    sha = commit or repository.head()
    if not re.fullmatch(r"[0-9a-f]{7,64}", sha):
        raise Refused("--commit", f"found {sha[:70]!r}", "expected 7 to 64 hex digits")
    return f"{versions.of_pull_request(latest(repository, remote), number, sha)}\n"


def _choices(current: Version) -> str:
    return ", ".join(str(versions.following(current, step)) for step in versions.STEPS)
