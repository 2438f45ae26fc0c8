"""The command line: the arguments, help and example of each command."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from iris_delivery.errors import Refused

_DESCRIPTION = """\
Moves a version from a tag to production, each step one commit to clusters/<environment>/version.yaml.
The result is the only thing on standard output; progress and refusals go to standard error.

The path of a version:  bump → promote --to dev → promote --to stage → promote --to prod
"""
_EPILOG = """\
Exit codes:
  0  done, or there was nothing to do
  2  refused, with the cause and the cure in one line; nothing was changed
  3  verify: the version is stalled, or waits for a commit; the line has the operator's reason
  4  verify: a later commit replaced it
  5  verify: not serving within the timeout
  6  install, uninstall: incomplete; the line names what is left
  7  verify: a rollout was rolled back; the line has the numbers

Examples:
  iris-delivery bump minor --push                                   # tag v1.5.0
  iris-delivery promote --to dev --version 1.5.0 --digest sha256:…  # the release enters dev
  iris-delivery promote --to stage --dry-run                        # what dev serves; prints the diff
  iris-delivery promote --to stage --push && iris-delivery verify --environment stage
  iris-delivery rollback --environment prod --push
  iris-delivery COMMAND --help                                      # help for one command
"""

Command = Callable[..., argparse.ArgumentParser]


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors."""

    def error(self, message: str) -> NoReturn:
        raise Refused("options", message, f"{self.prog} --help shows them")


def parser() -> Parser:
    top = Parser(
        prog="iris-delivery",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument(
        "--repository",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="any folder of a clone (default: the current one)",
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command", title="commands")

    def command(name: str, text: str, more: str = "", example: str = "") -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(
            name,
            help=text,
            description=f"{text}\n{more}",
            epilog=f"Example:\n  iris-delivery {name} {example}" if example else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        return added

    _naming(command)
    _moving(command)
    _watching(command)
    _installing(command)
    _packing(command)
    return top


def _naming(command: Command) -> None:
    more = "Prints the version. Refuses one that exists or goes backward, and a changed work tree."
    bumping = command("bump", "tag HEAD as the next release", more, "minor --push")
    bumping.add_argument(
        "size", metavar="major|minor|patch|VERSION", help="the part to increase, or a version"
    )
    _remote(bumping)
    _changes(bumping)

    more = "It sorts after the last release and before the next."
    naming = command("pr-version", "print the image version of a pull request", more, "--pull-request 17")
    naming.add_argument("--pull-request", type=_number, required=True, metavar="NUMBER", help="its number")
    naming.add_argument("--commit", metavar="SHA", help="the commit that is built (default: HEAD)")
    _remote(naming)


def _moving(command: Command) -> None:
    more = """\
The first environment takes a tagged release; each later one takes what the environment before
it declares, and only when the cluster there has proven to serve it. Prints the commit.
"""
    promoting = command(
        "promote", "move a version and its digest to the next environment", more, "--to stage --push"
    )
    promoting.add_argument("--to", required=True, metavar="ENVIRONMENT", help="the environment to change")
    promoting.add_argument(
        "--from",
        dest="source",
        metavar="ENVIRONMENT",
        help="where it comes from: the environment before (default), or release",
    )
    promoting.add_argument(
        "--version", metavar="VERSION", help="refuse any other version; required for the first environment"
    )
    promoting.add_argument(
        "--digest",
        metavar="SHA256",
        help="digest of the image, or of the model's own image (spec.artifact); refuse any other",
    )
    _context(promoting, "the environment it comes from")
    _remote(promoting)
    _changes(promoting, branch=True)

    more = "Makes one new commit that changes nothing else. Prints the commit."
    returning = command(
        "rollback",
        "return an environment to a release that it declared before",
        more,
        "--environment prod --push",
    )
    _environment(returning)
    returning.add_argument(
        "--to", metavar="VERSION", help="default: the last version that was not rolled back from"
    )
    _remote(returning)
    _changes(returning, branch=True)


def _watching(command: Command) -> None:
    more = "Exits with 0 when it serves, 3 when stalled, 4 when a later commit replaced it, 5 at the timeout."
    verifying = command(
        "verify", "wait until an environment serves what HEAD declares", more, "--environment stage"
    )
    _environment(verifying)
    verifying.add_argument(
        "--branch", default="main", metavar="NAME", help="branch that Flux follows (default: %(default)s)"
    )
    verifying.add_argument(
        "--timeout",
        type=_number,
        default=900,
        metavar="SECONDS",
        help="longest time to wait (default: %(default)s)",
    )
    _context(verifying, "the environment")
    _remote(verifying)

    _environment(command("next", "print the environment after this one; nothing for the last"))
    _environment(
        command("pinned", "print the image that a promotion pins: spec.image or spec.artifact.image")
    )


def _installing(command: Command) -> None:
    more = """\
For a cluster without Flux: applies the IrisModel API, then the chart of this clone with the Helm 4 on
PATH. A second run upgrades. Asks before it changes a cluster that `make up` in this clone did not make.
"""
    installing = command("install", "install the operator into a cluster", more, "--values mine.yaml")
    installing.add_argument(
        "--values",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="values of the chart (repeatable)",
    )
    more = "Models keep running, and the IrisModel API stays with them."
    for added in (installing, command("uninstall", "uninstall the operator from a cluster", more)):
        _context(added, "the current context")
        added.add_argument("--yes", action="store_true", help="do not ask")


def _packing(command: Command) -> None:
    more = "The operator's chart contains the IrisModel API. Uses the Helm 4 on PATH; prints the files."
    packing = command("package-charts", "pack the Helm charts of this clone", more, "--version 1.5.0")
    packing.add_argument("--version", required=True, help="version of the charts and of the application")
    packing.add_argument(
        "--output",
        type=Path,
        default=Path("dist"),
        metavar="FOLDER",
        help="output folder (default: %(default)s)",
    )
    command("charts", "write the generated parts of the Helm charts (make charts)")


def _environment(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--environment", required=True, metavar="ENVIRONMENT", help="one of those in clusters/promotion.yaml"
    )


def _context(added: argparse.ArgumentParser, default: str) -> None:
    named = default if default.endswith("context") else f"the name of {default}"
    added.add_argument("--context", metavar="NAME", help=f"context of the kubeconfig (default: {named})")


def _remote(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--remote", default="origin", metavar="NAME", help="remote of the clone (default: %(default)s)"
    )


def _changes(added: argparse.ArgumentParser, *, branch: bool = False) -> None:
    added.add_argument("--dry-run", action="store_true", help="print what would change, change nothing")
    added.add_argument(
        "--push", action="store_true", help="also push; if the push is refused, nothing is kept"
    )
    if branch:
        added.add_argument(
            "--branch", metavar="NAME", help="commit on a new branch of this name (for a pull request)"
        )


def _number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10**9:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a whole number from 1")
    return int(text)
