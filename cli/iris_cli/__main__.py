"""The command line: parses arguments, runs one of `commands`, returns the exit code."""
# PYTHON_ARGCOMPLETE_OK

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from iris_cli import commands, keys
from iris_cli.errors import Trouble

TROUBLE: Final = 2
INTERRUPTED: Final = 130

DESCRIPTION = "Show what serves, why another version does not, and what a change would do. Read-only."
EPILOG = """\
Exit codes, as those of diff:
  0  success; why: the declared version is serving; plan: nothing would change
  1  why: the declared version is not serving; plan: something would change;
     rollout: the candidate was rolled back
  2  failure, with one line on standard error

Examples:
  iris get -A                                     # all models: declared, serving, traffic, commit
  iris get -A --watch                             # the same, then a line for each change
  iris why iris -n iris                           # one paragraph: what is missing, since when, what to do
  iris history iris -n iris                       # which versions were declared, and when
  iris rollout iris -n iris --watch               # step, shares and gates of a rollout, until it ends
  iris judge --canary 6/1200 --stable 8/1190      # the judge, with its arithmetic
  iris key new shop                               # a key for a client, and its lines for Git
  iris console                                    # all of it in a browser
  iris plan -f models/iris.yaml                   # what the operator would do in this cluster
  iris plan -k clusters/prod/models               # the same for what Flux would apply
  git show main:iris.yaml | iris plan -f iris.yaml --against -    # what a branch changes, without a cluster

Also as a plugin: kubectl iris get -A
"""
PROMETHEUS = "IRIS_PROMETHEUS"

Adder = Callable[..., argparse.ArgumentParser]


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors."""

    def error(self, message: str) -> NoReturn:
        raise Trouble(f"options: {message}; {self.prog} --help shows them")


class Version(argparse.Action):
    """Reads the package's version only on request: that takes as long as everything else here."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib import metadata  # noqa: PLC0415 - as above

        sys.stdout.write(f"iris {metadata.version('iris-cli')}\n")
        parser.exit()


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    top = parser()
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete  # noqa: PLC0415 - a shell asks, not a user

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
    except BrokenPipeError:  # `| head` has closed the pipe: flush nothing into it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def parser() -> argparse.ArgumentParser:
    # kubectl runs a plugin by its file name.
    plugin = Path(sys.argv[0]).name == "kubectl-iris"
    top = Parser(
        prog="kubectl iris" if plugin else "iris",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action=Version, nargs=0, help="print the version")
    added = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, action: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        one = added.add_parser(name, help=text, description=text, allow_abbrev=False)
        one.set_defaults(action=action)
        return one

    _fleet(command)
    _model(command)
    _plan(command)
    _rollouts(command)
    _key(command)
    shells = command("completion", commands.completion, "Print the completion of a shell.")
    shells.add_argument("shell", choices=("bash", "zsh", "fish"), help='eval "$(iris completion bash)"')
    return top


def _fleet(command: Adder) -> None:
    getting = command("get", commands.get, "Show models: declared, serving, ready, traffic, errors, commit.")
    _name(getting, nargs="?")
    getting.add_argument("-A", "--all-namespaces", action="store_true", help="models of all namespaces")
    getting.add_argument("-w", "--watch", action="store_true", help="then print a line for each change")
    _prometheus(getting, "without one they are left out")
    _cluster(getting)
    _output(getting, "table", "wide", "json", "yaml")

    showing = command(
        "console", commands.console, "Show all models in a browser, on 127.0.0.1. Ctrl-C ends it."
    )
    showing.add_argument("--port", type=_port, default=0, metavar="PORT", help="default: a free one")
    showing.add_argument("--no-open", action="store_true", help="print the address only")
    _prometheus(showing, "without one, that of Prometheus Operator in this cluster")
    _cluster(showing, namespace="default: all that this user may read")


def _port(text: str) -> int:
    if text.isascii() and text.isdecimal() and int(text) < 2**16:
        return int(text)
    raise argparse.ArgumentTypeError(f"found {text!r}, expected 0 to 65535")


def _prometheus(added: argparse.ArgumentParser, without: str) -> None:
    added.add_argument(
        "--prometheus",
        metavar="URL",
        default=os.environ.get(PROMETHEUS),
        help=f"source of traffic and errors: its address, or NAMESPACE/SERVICE:PORT through the API server "
        f"(default: ${PROMETHEUS}; {without})",
    )


def _model(command: Adder) -> None:
    text = "Explain why a model does not serve, since when, and what to do."
    asking = command("why", commands.why, text)
    _name(asking)
    _cluster(asking)
    _output(asking, "text", "json", "yaml")

    looking = command("history", commands.history, "Show the last ten versions and their outcomes.")
    _name(looking)
    _cluster(looking)
    _output(looking, "table", "json", "yaml")


def _plan(command: Adder) -> None:
    text = "Show what the operator would create, change or delete for a file or folder of IrisModels."
    planning = command("plan", commands.plan, text)
    source = planning.add_mutually_exclusive_group(required=True)
    source.add_argument("-f", "--file", help="a YAML file; - for standard input")
    source.add_argument("-k", "--kustomize", metavar="DIR", help="a kustomization, rendered as Flux does")
    planning.add_argument("--offline", action="store_true", help="without a cluster: as if nothing existed")
    planning.add_argument(
        "--against",
        metavar="FILE",
        help="without a cluster: compare the declarations in this file with these",
    )
    _cluster(planning)
    _output(planning, "diff", "summary", "json", "yaml")


def _rollouts(command: Adder) -> None:
    text = "Show the rollout of a model: step, shares, gates, and what is missing."
    showing = command("rollout", commands.rollout, text)
    _name(showing)
    showing.add_argument("-w", "--watch", action="store_true", help="then a line for each change, to its end")
    showing.add_argument(
        "--patch",
        choices=("approve", "skip", "abort", "pause"),
        help="print the change of the declaration for Git instead",
    )
    _cluster(showing)
    _output(showing, "text", "json", "yaml")

    text = "Show how a rollout is judged: of a model, or by the counts of both versions in one step."
    judging = command("judge", commands.judge, text)
    _name(judging, nargs="?")
    judging.add_argument("--gate", choices=("failed", "refused", "slow", "shift"), default="failed")
    judging.add_argument("--canary", metavar="COUNTS", help="6/1200 (events/requests); shift: 40,35,25")
    judging.add_argument("--stable", metavar="COUNTS", help="the same of the stable version")
    judging.add_argument(
        "--margin", type=_per_mille, metavar="N", help="of 1,000 (default: of spec.rollout.gates)"
    )
    judging.add_argument(
        "--since", type=int, default=0, metavar="N", help="requests of the canary at the former look"
    )
    _cluster(judging)
    _output(judging, "text", "json", "yaml")


def _per_mille(text: str) -> int:
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= 1000:
        return int(text)
    raise argparse.ArgumentTypeError(f"found {text!r}, expected 1 to 1000")


def _key(command: Adder) -> None:
    text = "Make or check the access key of a client; a key is printed once and kept nowhere."
    actions = command("key", keys.check, text).add_subparsers(required=True, metavar="ACTION")
    making = actions.add_parser("new", help="print a new key, and its lines for spec.access.keys")
    making.add_argument("name", metavar="NAME", type=keys.name, help="name of the client")
    making.add_argument("--rate", type=keys.rate, metavar="N", help="requests per second of each pod")
    making.add_argument(
        "--not-after", type=keys.moment, metavar="MOMENT", help="such as 2027-01-31T00:00:00Z"
    )
    making.set_defaults(action=keys.new)
    checking = actions.add_parser("check", help="read a key from standard input and print its SHA-256")
    checking.set_defaults(action=keys.check)


def _name(added: argparse.ArgumentParser, *, nargs: str | None = None) -> None:
    argument = added.add_argument("name", metavar="NAME", nargs=nargs, help="name of an IrisModel")
    argument.completer = commands.names  # type: ignore[attr-defined]  # argcomplete's way


def _cluster(
    added: argparse.ArgumentParser, *, namespace: str = "default: the namespace of the context"
) -> None:
    added.add_argument("-n", "--namespace", help=namespace)
    added.add_argument("--context", help="context of the kubeconfig (default: the current one)")
    added.add_argument("--kubeconfig", metavar="FILE", help="default: as for kubectl")


def _output(added: argparse.ArgumentParser, *forms: str) -> None:
    added.add_argument(
        "-o",
        "--output",
        choices=forms,
        default=forms[0],
        help="output format (default: %(default)s)",
        metavar="|".join(forms),
    )


if __name__ == "__main__":
    sys.exit(main())
