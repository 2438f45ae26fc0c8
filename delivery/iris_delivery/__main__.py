"""The command line: runs the job that the arguments name, and maps its outcome to an exit code."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from iris_delivery import (
    arguments,
    charts,
    cluster,
    declaration,
    environments,
    flux,
    git,
    install,
    promote,
    release,
    rollback,
    target,
    verify,
    versions,
)
from iris_delivery.change import Way
from iris_delivery.environments import Order
from iris_delivery.errors import Refused, Unfinished
from iris_delivery.git import Repository
from iris_delivery.promote import Asked

REFUSED = 2
ANSWERS = {"serving": 0, "stalled": 3, "superseded": 4, "silent": 5, "rolled-back": 7}
UNFINISHED = 6
INTERRUPTED = 130


def main(words: Sequence[str] | None = None) -> int:
    """Run one job and return the exit code."""
    try:
        options = arguments.parser().parse_args(words)
        return _ACTIONS[options.command](options, git.open_at(options.repository))
    except Refused as error:
        sys.stderr.write(f"iris-delivery: {error}\n")
        return REFUSED
    except Unfinished as error:
        sys.stderr.write(f"iris-delivery: {error}\n")
        return UNFINISHED
    except KeyboardInterrupt:
        sys.stderr.write("iris-delivery: interrupted\n")
        return INTERRUPTED


def _bump(options: argparse.Namespace, repository: Repository) -> int:
    return _print(
        release.bump(
            repository, options.size, push=options.push, dry_run=options.dry_run, remote=options.remote
        )
    )


def _pr_version(options: argparse.Namespace, repository: Repository) -> int:
    number = options.pull_request
    return _print(release.pull_request(repository, number, commit=options.commit, remote=options.remote))


def _promote(options: argparse.Namespace, repository: Repository) -> int:
    order = _order(repository)
    source = options.source or order.former(options.to)
    asked = Asked(source, options.to, options.version, options.digest)
    done = promote.run(
        repository, order, asked, lambda: cluster.connect(options.context or source), _way(options)
    )
    return _print(done) if done else _note(f"{options.to} already declares this release")


def _rollback(options: argparse.Namespace, repository: Repository) -> int:
    order = _order(repository)
    done = rollback.run(repository, order, options.environment, version=options.to, way=_way(options))
    return _print(done) if done else _note(f"{options.environment} already declares {options.to}")


def _verify(options: argparse.Namespace, repository: Repository) -> int:
    environment, commit = _order(repository).known(options.environment), repository.head()
    file = declaration.path(environment)
    declared = declaration.parse(repository.show(commit, file), file)
    there = cluster.connect(options.context or environment)
    if warning := flux.warning(repository, commit, environment):
        _progress(f"{environment}: {warning}")
    outcome = verify.wait(
        lambda: verify.look(there, declared),
        lambda: verify.later_commit(
            repository, commit, environment, remote=options.remote, branch=options.branch
        ),
        verify.Clock(time.monotonic, time.sleep),
        seconds=options.timeout,
        report=lambda words: _progress(f"{environment}: {words}"),
    )
    if outcome.answer == "serving":
        return _print(f"{environment}: {outcome.why}\n")
    sys.stderr.write(f"iris-delivery: {environment}: {outcome.answer}: {outcome.why}\n")
    return ANSWERS[outcome.answer]


def _next(options: argparse.Namespace, repository: Repository) -> int:
    following = _order(repository).following(options.environment)
    return _print(f"{following}\n" if following else "")


def _pinned(options: argparse.Namespace, repository: Repository) -> int:
    file = declaration.path(_order(repository).known(options.environment))
    return _print(f"{declaration.parse(repository.show('HEAD', file), file).release.field}\n")


def _install(options: argparse.Namespace, repository: Repository) -> int:
    there = target.find(options.context, repository.root)
    ask = _asking(options, there)
    return _print(install.run(repository.root, there, options.values, ask=ask, report=_progress))


def _uninstall(options: argparse.Namespace, repository: Repository) -> int:
    there = target.find(options.context, repository.root)
    return _print(install.undo(there, ask=_asking(options, there), report=_progress))


def _asking(options: argparse.Namespace, there: target.Target) -> Callable[[str], bool]:
    """Whether to ask; refused at once when standard input is not a terminal."""
    if options.yes:
        return lambda _: True
    if not there.ours and not sys.stdin.isatty():
        raise Refused(
            there, "not made by `make up` in this clone, and no terminal to ask at", "--yes (make: YES=1)"
        )

    def ask(question: str) -> bool:
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    return ask


def _package_charts(options: argparse.Namespace, repository: Repository) -> int:
    packed = charts.package(repository.root, versions.parse(options.version), options.output)
    return _print("".join(f"{path}\n" for path in packed))


def _charts(_: argparse.Namespace, repository: Repository) -> int:
    return _print("".join(f"{path}\n" for path in charts.write(repository.root)))


def _order(repository: Repository) -> Order:
    return environments.parse(repository.show("HEAD", environments.FILE))


def _way(options: argparse.Namespace) -> Way:
    return Way(dry_run=options.dry_run, branch=options.branch, push=options.push, remote=options.remote)


def _print(text: str) -> int:
    sys.stdout.write(text)
    return 0


def _note(text: str) -> int:
    sys.stderr.write(f"iris-delivery: {text}\n")
    return 0


def _progress(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


_ACTIONS: Final[Mapping[str, Callable[[argparse.Namespace, Repository], int]]] = {
    "bump": _bump,
    "pr-version": _pr_version,
    "promote": _promote,
    "rollback": _rollback,
    "verify": _verify,
    "next": _next,
    "pinned": _pinned,
    "install": _install,
    "uninstall": _uninstall,
    "package-charts": _package_charts,
    "charts": _charts,
}

if __name__ == "__main__":
    sys.exit(main())
