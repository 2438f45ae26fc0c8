"""`iris-local-cluster`: the command line. Turns arguments into calls, and failures into one line each."""

import argparse
import errno
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from iris_local_cluster import detect
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.images import run_image
from iris_local_cluster.programs import binaries
from iris_local_cluster.progress import Progress
from iris_local_cluster.up import environment, release, run, status

_REFUSED, _INTERRUPTED = 2, 130
# From 8080 to 8443, and two clusters with different ports never meet.
_TLS_OFFSET = 363

_EPILOG = """\
Exit codes: 0 done, 2 refused with one line per reason, 3 not running (status only), 130 interrupted (repeat
the command to continue).

Examples:
  iris-local-cluster up                      # needs root on Debian or Ubuntu, or a running Docker engine
  iris-local-cluster up --name mine --port 8081
  eval "$(iris-local-cluster env --name mine)"
  iris-local-cluster down --name mine
"""


def up(options: argparse.Namespace) -> int:
    tls_port = options.tls_port or options.port + _TLS_OFFSET
    run.up(detect.cluster(options.name, port=options.port, tls_port=tls_port), Progress())
    return 0


def down(options: argparse.Namespace) -> int:
    progress = Progress()
    cluster = detect.cluster(options.name)
    with progress.step(f"Delete the cluster {options.name}") as step:
        if not cluster.delete():
            step.cached("not found")
        environment.remove(options.name)
    return 0


def show_status(options: argparse.Namespace) -> int:
    cluster = detect.cluster(options.name)
    return status.show(cluster, environment.kubeconfig(options.name), watch=options.watch)


def publish(options: argparse.Namespace) -> int:
    cluster = detect.cluster(options.name)
    release.publish(
        cluster,
        options.version,
        Progress(),
        data=options.data,
        force=options.force,
        apart=options.artifact,
    )
    return 0


def env(options: argparse.Namespace) -> int:
    cluster = detect.cluster(options.name)
    sys.stdout.write(environment.exports(options.name, cluster.ingress if cluster.running() else ""))
    return 0


def program(options: argparse.Namespace) -> int:
    [path] = binaries.ensure([options.program], Progress()).values()
    sys.stdout.write(f"{path}\n")
    return 0


def build(options: argparse.Namespace) -> int:
    del options
    binaries.ensure(binaries.known() - {"kind"}, Progress())
    return 0


def serve_image(options: argparse.Namespace) -> int:
    return run_image.serve(options.port, Progress(), version=options.version)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="iris-local-cluster",
        description="A Kubernetes cluster on this machine: in Docker if its engine runs, otherwise without.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, action: Callable[[argparse.Namespace], int], text: str, *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, parents=parents)
        added.set_defaults(action=action)
        return added

    _commands_of_a_cluster(command)
    _commands_of_the_machine(command)
    return top


def _commands_of_a_cluster(command: Callable[..., argparse.ArgumentParser]) -> None:
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument(
        "--name",
        default=environment.DEFAULT_NAME,
        help="name of the cluster; each name has its own state (default %(default)s)",
    )
    starting = command(
        "up",
        up,
        "Start a cluster, train, deploy, predict, and roll out a second version; safe to repeat.",
        named,
    )
    starting.add_argument(
        "--port",
        type=_port,
        default=8080,
        help="port on 127.0.0.1 for the cluster's ingress (default %(default)s)",
    )
    starting.add_argument(
        "--tls-port", type=_port, help=f"its port with TLS (default: {_TLS_OFFSET} above --port, so 8443)"
    )
    command("down", down, "Delete the cluster and all its files.", named)
    looking = command("status", show_status, "Show Flux's progress and the state of each model.", named)
    looking.add_argument("--watch", action="store_true", help="refresh every second until Ctrl-C")
    _publish_command(command, named)
    command("env", env, "Print the shell commands that set KUBECONFIG and PATH.", named)


def _publish_command(command: Callable[..., argparse.ArgumentParser], named: argparse.ArgumentParser) -> None:
    text = "Train a release and push its image to the cluster's registry."
    publishing = command("publish", publish, text, named)
    publishing.add_argument("version", help="such as 1.2.0; commit it afterwards")
    publishing.add_argument(
        "--data", type=Path, metavar="FILE", help="the CSV file to train from (default data/iris.csv)"
    )
    publishing.add_argument(
        "--artifact",
        action="store_true",
        help="push the model and the server as two images, for spec.artifact, and print the lines for Git",
    )
    publishing.add_argument(
        "--force",
        action="store_true",
        help="replace an image of that version, and accept changed data and data with warnings",
    )


def _commands_of_the_machine(command: Callable[..., argparse.ArgumentParser]) -> None:
    serving = command(
        "run-image",
        serve_image,
        "Build the image of a model, by default the newest, and run it until Ctrl-C.",
    )
    serving.add_argument("--version", help="a version that `make training` has written")
    serving.add_argument("--port", type=_port, default=9000, help="port on 127.0.0.1 (default %(default)s)")
    command(
        "build",
        build,
        "Build all programs of the native node and of the tests in advance; does nothing when up to date.",
    )
    finding = command(
        "program", program, "Print the path of a program of the cluster; builds it if necessary."
    )
    finding.add_argument("program", choices=sorted(binaries.known()))


def main() -> int:
    options = parser().parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    action: Callable[[argparse.Namespace], int] = options.action
    try:
        return action(options)
    except LocalClusterError as error:
        sys.stderr.write(
            f"iris-local-cluster: {str(error).replace(chr(10), chr(10) + 'iris-local-cluster: ')}\n"
        )
        return _REFUSED
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.stderr.write(
            f"iris-local-cluster: disk: full at {error.filename}, expected free space; "
            "free some and repeat the command\n"
        )
        return _REFUSED
    except KeyboardInterrupt:
        sys.stderr.write("\niris-local-cluster: interrupted; repeat the command to continue\n")
        return _INTERRUPTED


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a port from 1 to 65535")
    return int(text)
