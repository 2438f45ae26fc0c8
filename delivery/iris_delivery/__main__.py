"""The command line: words to jobs, outcomes to exit codes. Decides nothing about versions."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from iris_delivery import (
    charts,
    cluster,
    declaration,
    environments,
    git,
    promote,
    release,
    rollback,
    verify,
    versions,
)
from iris_delivery.change import Way
from iris_delivery.environments import Order
from iris_delivery.errors import Refused
from iris_delivery.git import Repository
from iris_delivery.promote import Asked

REFUSED = 2
ANSWERS = {"serving": 0, "stalled": 3, "superseded": 4, "silent": 5}
INTERRUPTED = 130

Command = Callable[[str, Callable[..., int], str], argparse.ArgumentParser]

DESCRIPTION = """\
Moves a version from a tag to production, each step one commit to clusters/<environment>/version.yaml.
The result is the only thing on standard output; progress and refusals go to standard error.
"""
EPILOG = """\
Exit codes:
  0  done, or nothing was to be done
  2  refused in one line with the way out; nothing was changed
  3  verify: the operator says that the version cannot serve, and why
  4  verify: a later commit took its place
  5  verify: not serving in time

Examples:
  iris-delivery bump minor --push                                   # tag v1.5.0
  iris-delivery promote --to dev --version 1.5.0 --digest sha256:…  # the release enters dev
  iris-delivery promote --to stage --dry-run                        # what dev serves; prints the diff
  iris-delivery promote --to stage --push && iris-delivery verify --environment stage
  iris-delivery rollback --environment prod --push
"""


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors."""

    def error(self, message: str) -> NoReturn:
        raise Refused("options", message, f"{self.prog} --help shows them")


def main(words: Sequence[str] | None = None) -> int:
    """Run once; the exit code."""
    try:
        options = parser().parse_args(words)
        action: Callable[[argparse.Namespace, Repository], int] = options.action
        return action(options, git.open_at(options.repository))
    except Refused as error:
        sys.stderr.write(f"iris-delivery: {error}\n")
        return REFUSED
    except KeyboardInterrupt:
        sys.stderr.write("iris-delivery: interrupted\n")
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    top = Parser(
        prog="iris-delivery",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument(
        "--repository",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="a clone, any folder in it (default: this one)",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, action: Callable[..., int], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        added.set_defaults(action=action)
        added.add_argument("--remote", default="origin", help="of the clone (default %(default)s)")
        return added

    _naming(command)
    _moving(command)
    _watching(command)
    _packing(command)
    return top


def _naming(command: Command) -> None:
    bumping = command("bump", _bump, "Tag HEAD as the next release.")
    bumping.add_argument("size", metavar="major|minor|patch|VERSION", help="which part, or a whole version")
    _changes(bumping)

    naming = command("pr-version", _pr_version, "Print the image version of a pull request.")
    naming.add_argument("--pull-request", type=_number, required=True, metavar="NUMBER")
    naming.add_argument("--commit", metavar="SHA", help="default: HEAD")


def _moving(command: Command) -> None:
    text = "Move a version and its digest, unchanged, to the next environment."
    promoting = command("promote", _promote, text)
    promoting.add_argument("--to", required=True, metavar="ENVIRONMENT")
    promoting.add_argument(
        "--from", dest="source", metavar="ENVIRONMENT", help="the one before (default), or: release"
    )
    promoting.add_argument("--version", help="refuse to move any other; required for the first environment")
    promoting.add_argument("--digest", help="of the image; refuse to move any other")
    _context(promoting, "the environment it comes from")
    _changes(promoting, branch=True)

    returning = command("rollback", _rollback, "Take an environment back to what it declared before.")
    returning.add_argument("--environment", required=True)
    returning.add_argument(
        "--to", metavar="VERSION", help="default: the last one that was not rolled back from"
    )
    _changes(returning, branch=True)


def _watching(command: Command) -> None:
    verifying = command("verify", _verify, "Wait until an environment serves what HEAD declares for it.")
    verifying.add_argument("--environment", required=True)
    verifying.add_argument("--branch", default="main", help="that Flux follows (default %(default)s)")
    verifying.add_argument(
        "--timeout", type=_number, default=900, metavar="SECONDS", help="default %(default)s"
    )
    _context(verifying, "the environment")

    asking = command("next", _next, "Print the environment after one; nothing after the last.")
    asking.add_argument("--environment", required=True)


def _packing(command: Command) -> None:
    packing = command("package-charts", _package_charts, "Pack the Helm charts of this clone.")
    packing.add_argument("--version", required=True, help="of the release: chart and application alike")
    packing.add_argument("--output", type=Path, default=Path("dist"), help="folder (default %(default)s)")

    command("charts", _charts, "Write what in the Helm charts is made from other files.")


def _context(added: argparse.ArgumentParser, default: str) -> None:
    added.add_argument("--context", help=f"of the kubeconfig (default: the name of {default})")


def _changes(added: argparse.ArgumentParser, *, branch: bool = False) -> None:
    added.add_argument("--dry-run", action="store_true", help="print what would change, change nothing")
    added.add_argument("--push", action="store_true", help="push it too")
    if branch:
        added.add_argument("--branch", metavar="NAME", help="commit on this new branch (for a pull request)")


def _bump(options: argparse.Namespace, repository: Repository) -> int:
    return _say(
        release.bump(
            repository, options.size, push=options.push, dry_run=options.dry_run, remote=options.remote
        )
    )


def _pr_version(options: argparse.Namespace, repository: Repository) -> int:
    number = options.pull_request
    return _say(release.pull_request(repository, number, commit=options.commit, remote=options.remote))


def _promote(options: argparse.Namespace, repository: Repository) -> int:
    order = _order(repository)
    source = options.source or order.former(options.to)
    asked = Asked(source, options.to, options.version, options.digest)
    done = promote.run(
        repository, order, asked, lambda: cluster.connect(options.context or source), _way(options)
    )
    return _say(done) if done else _tell(f"{options.to} declares it already")


def _rollback(options: argparse.Namespace, repository: Repository) -> int:
    order = _order(repository)
    done = rollback.run(repository, order, options.environment, version=options.to, way=_way(options))
    return _say(done) if done else _tell(f"{options.environment} declares {options.to} already")


def _verify(options: argparse.Namespace, repository: Repository) -> int:
    environment, commit = _order(repository).known(options.environment), repository.head()
    file = declaration.path(environment)
    declared = declaration.parse(repository.show(commit, file), file)
    there = cluster.connect(options.context or environment)
    outcome = verify.wait(
        lambda: verify.look(there, declared),
        lambda: verify.later_commit(
            repository, commit, environment, remote=options.remote, branch=options.branch
        ),
        verify.Clock(time.monotonic, time.sleep),
        seconds=options.timeout,
        tell=lambda words: _progress(f"{environment}: {words}"),
    )
    if outcome.answer == "serving":
        return _say(f"{environment}: {outcome.why}\n")
    sys.stderr.write(f"iris-delivery: {environment}: {outcome.answer}: {outcome.why}\n")
    return ANSWERS[outcome.answer]


def _next(options: argparse.Namespace, repository: Repository) -> int:
    following = _order(repository).following(options.environment)
    return _say(f"{following}\n" if following else "")


def _package_charts(options: argparse.Namespace, repository: Repository) -> int:
    packed = charts.package(repository.root, versions.parse(options.version), options.output)
    return _say("".join(f"{path}\n" for path in packed))


def _charts(_: argparse.Namespace, repository: Repository) -> int:
    return _say("".join(f"{path}\n" for path in charts.write(repository.root)))


def _order(repository: Repository) -> Order:
    return environments.parse(repository.show("HEAD", environments.FILE))


def _way(options: argparse.Namespace) -> Way:
    return Way(dry_run=options.dry_run, branch=options.branch, push=options.push, remote=options.remote)


def _say(text: str) -> int:
    sys.stdout.write(text)
    return 0


def _tell(text: str) -> int:
    sys.stderr.write(f"iris-delivery: {text}\n")
    return 0


def _progress(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10**9:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a whole number from 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
