"""One function per command: reads, computes, prints, and returns the exit code."""

import argparse
import dataclasses
import itertools
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from iris_cli import cluster_events, commits, fleet, kubectl, output
from iris_cli.errors import Trouble
from iris_cli.fleet import Row
from iris_cli.kubectl import Body, Kubectl

if TYPE_CHECKING:
    from iris_cli.traffic import Key, Traffic

YES: Final = 0
NO: Final = 1


def get(options: argparse.Namespace) -> int:
    if options.watch and options.output not in ("table", "wide"):
        raise Trouble(f"--watch: found --output {options.output}, expected table or wide")
    if options.name and options.all_namespaces:
        raise Trouble(f"NAME: found {options.name} with -A, expected -n NAMESPACE")
    cluster, namespace = _connect(options), None if options.all_namespaces else _namespace(options)
    bodies, version = _models(cluster, namespace, options.name)
    rows = _rows(cluster, bodies, options)
    if options.output in ("json", "yaml"):
        output.data(rows[0] if options.name else rows, options.output)
        return YES
    if not rows and not options.watch:
        raise Trouble(f"IrisModels: found none{_here(namespace)}")
    wide = options.output == "wide"
    table = output.Fleet(_now, namespaced=namespace is not None, wide=wide, watched=options.watch)
    table.show(rows)
    if options.watch:
        _follow(cluster, namespace, options, table, version)
    return YES


def _here(namespace: str | None) -> str:
    if not namespace:
        return ""
    return (
        f" in namespace {namespace}, expected at least one: choose a namespace with -n, or list all with -A"
    )


def _models(cluster: Kubectl, namespace: str | None, name: str | None) -> tuple[list[Body], str]:
    if namespace and name:
        body = fleet.one(cluster, namespace, name)
        return [body], str(body["metadata"]["resourceVersion"])
    answer = cluster.read(fleet.path(namespace))
    return sorted(answer["items"], key=fleet.identity), str(answer["metadata"]["resourceVersion"])


def _rows(cluster: Kubectl, bodies: list[Body], options: argparse.Namespace) -> list[Row]:
    traffic: Mapping[Key, Traffic] = {}
    if options.prometheus:
        from iris_cli import prometheus  # noqa: PLC0415 - an HTTP client takes a while to load

        try:
            source = prometheus.connect(options.prometheus, cluster)
            traffic = prometheus.ask(source, month=options.output != "table")
        except Trouble as trouble:  # show the rest without it
            sys.stderr.write(f"iris: {trouble}\n")
    return [fleet.row(body, traffic) for body in bodies]


def _follow(
    cluster: Kubectl, namespace: str | None, options: argparse.Namespace, table: output.Fleet, version: str
) -> None:
    """Print a line for each change, until interrupted."""
    shown: dict[Key, Row] = {}
    for kind, body in fleet.changes(cluster, namespace, options.name, version=version):
        row = _rows(cluster, [body], options)[0]
        if kind == "DELETED":
            row = dataclasses.replace(row, ready="Deleted")
        if shown.get(fleet.identity(body)) != row:
            shown[fleet.identity(body)] = row
            table.show([row])


def why(options: argparse.Namespace) -> int:
    from iris_cli import evidence, explanation  # noqa: PLC0415 - the operator's modules take a second to load

    snapshot = evidence.gather(_connect(options), _namespace(options), options.name)
    found = explanation.explain(snapshot, _now())
    if options.output == "text":
        output.paragraph(found.paragraph)
    else:
        output.data(found, options.output)
    return YES if found.serves else NO


def history(options: argparse.Namespace) -> int:
    from iris_cli.rollouts import past  # noqa: PLC0415 - as above

    cluster = _connect(options)
    body = fleet.one(cluster, _namespace(options), options.name)
    entries = commits.with_authors(Path.cwd(), (body.get("status") or {}).get("history", []))
    known = cluster_events.about(cluster, body)
    happened = past.of(body, known or ())
    if options.output != "table":
        output.data(past.attached(entries, happened), options.output)
        return YES
    if not entries:
        raise Trouble(f"IrisModel {options.name}: found no history: the operator has not observed it yet")
    output.history(entries)
    if happened:
        output.paragraph("")
        output.table(past.COLUMNS, [one.cells() for one in happened])
    if happened or body["spec"].get("rollout"):
        output.paragraph(past.NOTE if known is not None else past.UNREAD)
    return YES


def rollout(options: argparse.Namespace) -> int:
    from iris_cli.rollouts import command  # noqa: PLC0415 - as above

    return command.rollout(options)


def judge(options: argparse.Namespace) -> int:
    from iris_cli.rollouts import judging  # noqa: PLC0415 - as above

    return judging.judge(options)


def console(options: argparse.Namespace) -> int:
    from iris_cli.console import command  # noqa: PLC0415 - as above

    command.run(
        _connect(options),
        options.namespace,
        port=options.port,
        prometheus=options.prometheus,
        opens=not options.no_open and sys.stdout.isatty(),
    )
    return YES


def plan(options: argparse.Namespace) -> int:
    from iris_cli import plan as planning  # noqa: PLC0415 - as above

    offline = options.offline or options.against
    # Before a cluster is asked for.
    if options.kustomize and not Path(options.kustomize).is_dir():
        raise Trouble(f"{options.kustomize}: no such folder, expected a kustomization")
    content = planning.text(options.file) if options.file else ""
    namespace = options.namespace or ("default" if offline else _namespace(options))
    if options.kustomize:
        models = planning.render(_connect(options), options.kustomize, namespace)
    else:
        models = planning.parse(content, options.file, namespace)
    if offline:
        before = planning.read(options.against, namespace) if options.against else []
        planned = planning.offline(models, before)
    else:
        planned = planning.online(_connect(options), models)
    found = list(itertools.chain.from_iterable(planned.changes.values()))
    if options.output in ("json", "yaml"):
        output.data(planned.changes, options.output)
    else:
        output.difference(planning.summary(planned))
        if options.output == "diff":
            output.difference("\n".join(change.diff for change in found if change.diff))
    return NO if found else YES


def completion(options: argparse.Namespace) -> int:
    from argcomplete import shell_integration  # noqa: PLC0415 - as above

    sys.stdout.write(shell_integration.shellcode(["iris"], shell=options.shell))
    return YES


def names(parsed_args: argparse.Namespace, **_: Any) -> Iterator[str]:
    """The models of the namespace, for completion; empty when the cluster does not answer."""
    try:
        answer = _connect(parsed_args).read(fleet.path(_namespace(parsed_args)))
    except Trouble:
        return
    yield from (body["metadata"]["name"] for body in answer["items"])


def _connect(options: argparse.Namespace) -> Kubectl:
    return kubectl.connect(options.context, options.kubeconfig)


def _namespace(options: argparse.Namespace) -> str:
    return str(options.namespace or _connect(options).namespace())


def _now() -> datetime:
    return datetime.now(UTC)
