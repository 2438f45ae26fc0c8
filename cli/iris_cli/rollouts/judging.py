"""`iris judge`: the operator's judge with its arithmetic, by the counts of a model or of the command line."""

import argparse
import re
from collections.abc import Iterator
from typing import Final

from iris_api.judge import Gate, Share

from iris_cli import fleet, kubectl, output
from iris_cli.errors import Trouble
from iris_cli.rollouts import arithmetic, counts
from iris_cli.rollouts.arithmetic import Case

GATES: Final = ("failed", "refused", "slow", "shift")
_SHIFT: Final = "shift"
_COUNTS: Final = re.compile(r"(?P<events>[0-9]{1,15})/(?P<requests>[0-9]{1,15})")
_CLASSES: Final = re.compile(r"[0-9]{1,15}(,[0-9]{1,15})+")
_EXPECTED: Final = "EVENTS/REQUESTS such as 6/1200 or, for shift, the calls by class such as 40,35,25"


def judge(options: argparse.Namespace) -> int:
    if options.name:
        if options.canary or options.stable:
            raise Trouble(f"judge: found NAME {options.name} and counts, expected one of them")
        return _of_model(options)
    case = _of_numbers(options)
    if options.output == "text":
        _print(arithmetic.lines(case))
    else:
        output.data(arithmetic.data(case), options.output)
    return 0


def _of_model(options: argparse.Namespace) -> int:
    """The agreement of the reference rows, and each gate by the counts that the operator judged."""
    cluster = kubectl.connect(options.context, options.kubeconfig)
    body = fleet.one(cluster, str(options.namespace or cluster.namespace()), options.name)
    found, judged = counts.agreement(body), counts.gates(body)
    if not found and not judged:
        namespace, name = fleet.identity(body)
        raise Trouble(
            f"IrisModel {namespace}/{name}: found no comparison in its status, "
            "expected one of a rollout, or --canary and --stable"
        )
    if options.output != "text":
        output.data(counts.data(found, judged), options.output)
        return 0
    paragraphs = [list(arithmetic.agreement_lines(found))] if found else []
    paragraphs += [list(counts.lines(gate)) for gate in judged]
    for number, lines in enumerate(paragraphs):
        _print(iter(["", *lines] if number else lines))
    return 0


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        output.paragraph(line)


def _of_numbers(options: argparse.Namespace) -> Case:
    if not options.canary or not options.stable:
        given = [name for name in ("canary", "stable") if getattr(options, name)]
        found = f"only --{given[0]}" if given else "no counts"
        raise Trouble(f"judge: found {found}, expected NAME, or --canary and --stable")
    canary, stable = _counts("--canary", options.canary), _counts("--stable", options.stable)
    if len(canary) != len(stable):
        found = f"found {len(canary)} and {len(stable)} classes"
        raise Trouble(f"--canary, --stable: {found}, expected the same classes in the same order")
    if (len(canary) > 1) is not (options.gate == _SHIFT):
        raise Trouble(f"--canary: found {options.canary} for the gate {options.gate}, expected {_EXPECTED}")
    names = [str(number + 1) for number in range(len(canary))] if len(canary) > 1 else [""]
    pairs = dict(zip(names, zip(canary, stable, strict=True), strict=True))
    return Case(_gate(options.gate, options.margin), pairs, options.since)


def _counts(where: str, text: str) -> list[Share]:
    found = _COUNTS.fullmatch(text)
    if found:
        events, requests = int(found["events"]), int(found["requests"])
        if events > requests:
            raise Trouble(f"{where}: found {text!r}, expected no more events than requests")
        return [Share(events, requests)]
    if _CLASSES.fullmatch(text):
        calls = [int(part) for part in text.split(",")]
        return [Share(of_class, sum(calls)) for of_class in calls]
    raise Trouble(f"{where}: found {text!r}, expected {_EXPECTED}")


def _gate(name: str, per_mille: int | None) -> Gate:
    from iris_operator.model.spec import Gates  # noqa: PLC0415 - takes a second to load

    default: int = getattr(Gates(0), f"{name}_per_mille")
    margin = default if per_mille is None else per_mille
    return Gate(name, margin / 1000, two_sided=name == _SHIFT)
