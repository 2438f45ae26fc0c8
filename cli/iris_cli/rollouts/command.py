"""`iris rollout`: shows the rollout of one model, follows it, or prints a change for Git."""

import argparse
import sys
from datetime import UTC, datetime
from typing import Final

from iris_cli import fleet, kubectl, output
from iris_cli.kubectl import Body, Kubectl
from iris_cli.rollouts import patches, report

_SHOWN: Final = 0
_REFUSED: Final = 1


def rollout(options: argparse.Namespace) -> int:
    cluster = kubectl.connect(options.context, options.kubeconfig)
    namespace = str(options.namespace or cluster.namespace())
    body = fleet.one(cluster, namespace, options.name)
    if options.patch:
        sys.stdout.write(patches.of(body, options.patch))
        return _SHOWN
    _show(body, options.output)
    if options.watch and not report.is_over(body):
        body = _follow(cluster, body)
    return _REFUSED if report.is_refused(body) else _SHOWN


def _show(body: Body, form: str) -> None:
    if form != "text":
        output.data(report.data(body), form)
        return
    for text in report.paragraphs(body, datetime.now(UTC)):
        output.paragraph(text)
    rows = report.gates(body)
    if rows:
        output.paragraph("")
        output.table(report.GATE_COLUMNS, rows)
        output.paragraph(report.GATE_NOTE)


def _follow(cluster: Kubectl, body: Body) -> Body:
    """Print a line for each change until the rollout is over; the last body."""
    namespace, name = fleet.identity(body)
    last, shown = body, report.line(body)
    for kind, last in fleet.changes(cluster, namespace, name, version=body["metadata"]["resourceVersion"]):
        line = "deleted" if kind == "DELETED" else report.line(last)
        if line != shown:
            shown = line
            output.paragraph(f"{datetime.now().astimezone():%H:%M:%S}  {line}")
            sys.stdout.flush()
        if kind == "DELETED" or report.is_over(last):
            break
    return last
