"""The command line: words to one of `commands`, outcomes to exit codes."""
# PYTHON_ARGCOMPLETE_OK

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final, NoReturn

import argcomplete

from iris_cli import commands
from iris_cli.errors import Trouble

TROUBLE: Final = 2
INTERRUPTED: Final = 130

DESCRIPTION = "What serves, why not, and what a change would do. Reads only: nothing is ever written."
EPILOG = """\
Exit codes, as those of diff:
  0  shown; why: the declared version serves; plan: nothing would change
  1  why: it does not serve, the paragraph says what it waits for; plan: something would change
  2  could not be answered, in one line on standard error

Examples:
  iris get -A                                     # every model: declared, serving, traffic, commit
  iris get -A --watch                             # and a line for each change
  iris why iris -n iris                           # one paragraph: waits for what, since when, what to do
  iris history iris -n iris                       # which version served from when to when
  iris plan -f models/iris.yaml                   # what the operator would do in this cluster
  git show main:iris.yaml | iris plan -f iris.yaml --against -    # what a branch changes, without a cluster

Also as a plugin: kubectl iris get -A
"""
PROMETHEUS = "IRIS_PROMETHEUS"

Adder = Callable[..., argparse.ArgumentParser]


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors."""

    def error(self, message: str) -> NoReturn:
        raise Trouble(f"options: {message}; {self.prog} --help shows them")


def main(words: Sequence[str] | None = None) -> int:
    """Run once; the exit code."""
    top = parser()
    argcomplete.autocomplete(top)
    try:
        options = top.parse_args(words)
        action: Callable[[argparse.Namespace], int] = options.action
        code = action(options)
        sys.stdout.flush()
    except Trouble as trouble:
        sys.stderr.write(f"iris: {trouble}\n")
        return TROUBLE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `| head` has seen enough; nothing may be flushed into it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def parser() -> argparse.ArgumentParser:
    # kubectl starts its plugins under their own file's name.
    plugin = Path(sys.argv[0]).name == "kubectl-iris"
    top = Parser(
        prog="kubectl iris" if plugin else "iris",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"iris {metadata.version('iris-cli')}")
    added = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, action: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        one = added.add_parser(name, help=text, description=text, allow_abbrev=False)
        one.set_defaults(action=action)
        return one

    _fleet(command)
    _model(command)
    _plan(command)
    shells = command("completion", commands.completion, "Print the completion of a shell.")
    shells.add_argument("shell", choices=("bash", "zsh", "fish"), help='eval "$(iris completion bash)"')
    return top


def _fleet(command: Adder) -> None:
    getting = command("get", commands.get, "Show models: declared, serving, ready, traffic, errors, commit.")
    _name(getting, nargs="?")
    getting.add_argument("-A", "--all-namespaces", action="store_true", help="of every namespace")
    getting.add_argument("-w", "--watch", action="store_true", help="add a line for each change")
    getting.add_argument(
        "--prometheus",
        metavar="URL",
        default=os.environ.get(PROMETHEUS),
        help=f"where traffic and errors are asked (default ${PROMETHEUS}; without: left out)",
    )
    _cluster(getting)
    _output(getting, "table", "wide", "json", "yaml")


def _model(command: Adder) -> None:
    text = "Say what a model waits for, since when, and what to do, from one snapshot."
    asking = command("why", commands.why, text)
    _name(asking)
    _cluster(asking)
    _output(asking, "text", "json", "yaml")

    looking = command("history", commands.history, "Show the last ten versions and what became of them.")
    _name(looking)
    _cluster(looking)
    _output(looking, "table", "json", "yaml")


def _plan(command: Adder) -> None:
    text = "Show what the operator would create, change or delete for a file of IrisModels."
    planning = command("plan", commands.plan, text)
    planning.add_argument("-f", "--file", required=True, help="YAML; - for standard input")
    planning.add_argument("--offline", action="store_true", help="ask no cluster: as if nothing were there")
    planning.add_argument(
        "--against", metavar="FILE", help="ask no cluster: from this file's declarations to those of -f"
    )
    _cluster(planning)
    _output(planning, "diff", "summary", "json", "yaml")


def _name(added: argparse.ArgumentParser, *, nargs: str | None = None) -> None:
    argument = added.add_argument("name", metavar="NAME", nargs=nargs, help="of an IrisModel")
    argument.completer = commands.names  # type: ignore[attr-defined]  # argcomplete's way


def _cluster(added: argparse.ArgumentParser) -> None:
    added.add_argument("-n", "--namespace", help="default: the context's own")
    added.add_argument("--context", help="of the kubeconfig (default: its current one)")
    added.add_argument("--kubeconfig", metavar="FILE", help="default: as kubectl finds it")


def _output(added: argparse.ArgumentParser, *forms: str) -> None:
    added.add_argument(
        "-o",
        "--output",
        choices=forms,
        default=forms[0],
        help="form (default %(default)s)",
        metavar="|".join(forms),
    )


if __name__ == "__main__":
    sys.exit(main())
