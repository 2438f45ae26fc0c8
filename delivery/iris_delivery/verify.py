"""Waits until an environment serves what a commit declares; a timeout is a failure.

There are five outcomes: serving, rolled back, stalled, superseded by a later commit, or none of these in
time. Git, the cluster and the clock are arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from iris_delivery import comparison, declaration
from iris_delivery.cluster import Cluster
from iris_delivery.comparison import Comparison
from iris_delivery.declaration import Declaration
from iris_delivery.errors import Refused, Unreachable
from iris_delivery.git import Repository

Answer = Literal["serving", "rolled-back", "stalled", "superseded", "silent"]
_LOOK_SECONDS = 2.0
_FETCH_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One of the five outcomes, and its cause."""

    answer: Answer
    why: str


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as an argument."""

    now: Callable[[], float]
    pause: Callable[[float], None]


def wait(
    look: Callable[[], Comparison],
    superseded: Callable[[], str | None],
    clock: Clock,
    *,
    seconds: float,
    report: Callable[[str], None],
) -> Outcome:
    """Read the cluster every two seconds and Git every fifteen; report each change."""
    deadline = clock.now() + seconds
    next_fetch, reported = clock.now(), ""
    while True:
        if clock.now() >= next_fetch:
            try:
                later = superseded()
            except Unreachable as error:
                if not reported:  # the first request: a wrong name is more likely than an outage
                    raise Refused("remote", str(error), "set --remote and --branch") from error
                report(f"{error}; retrying in {_FETCH_SECONDS:.0f} s")
                later = None
            if later:
                return Outcome("superseded", later)
            next_fetch = clock.now() + _FETCH_SECONDS
        seen = look()
        if seen.verdict != "waiting":
            return Outcome(seen.verdict, seen.why)
        if seen.why != reported:
            report(seen.why)
            reported = seen.why
        if clock.now() >= deadline:
            return Outcome("silent", f"not serving after {seconds:.0f} s; last seen: {reported}")
        clock.pause(min(_LOOK_SECONDS, deadline - clock.now()))


def look(cluster: Cluster, declared: Declaration) -> Comparison:
    """Read the cluster once; one that does not answer is waited for."""
    try:
        return comparison.compare(cluster.model(declared), declared)
    except Unreachable as error:
        return Comparison("waiting", f"context {cluster.context}: {error}")


def later_commit(
    repository: Repository, commit: str, environment: str, *, remote: str, branch: str
) -> str | None:
    """The message for a later commit of the remote that declares something else."""
    if not repository.remote(remote):
        return None
    file = declaration.path(environment)
    tip = repository.fetched(remote, branch)
    if not repository.contains(tip, commit):
        raise Refused(
            f"commit {commit[:10]}",
            f"not on {remote}/{branch}, so Flux never sees it",
            f"push it, or git reset --hard {remote}/{branch}",
        )
    mine = declaration.parse(repository.show(commit, file), file)
    newest = declaration.parse(repository.show(tip, file), file)
    if newest.release == mine.release:
        return None
    return f"{mine.release} was replaced by {newest.release} in commit {tip[:10]}"
