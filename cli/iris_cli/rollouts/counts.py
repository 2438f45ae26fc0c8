"""The counts in `status.rollout` from which the operator judged a candidate. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from iris_api.judge import Gate, Share

from iris_cli.kubectl import Body
from iris_cli.rollouts import arithmetic, report
from iris_cli.rollouts.arithmetic import Agreement, Case

_SHIFT: Final = "shift"


@dataclass(frozen=True, slots=True)
class Judged:
    """A row of `status.rollout.gates`; `case`: the counts of its last look, None before the first."""

    row: Mapping[str, Any]
    case: Case | None


def agreement(body: Body) -> Agreement | None:
    found = report.of(body).get("agreement")
    if not found:
        return None
    gates = _declared(body)
    per_mille = gates.get("agreementPerMille", 0)
    return Agreement(Share(found["agree"], found["rows"]), per_mille, bool(found["judged"]))


def gates(body: Body) -> Sequence[Judged]:
    limits = _declared(body)
    return [Judged(row, _case(row, limits)) for row in report.of(body).get("gates", ())]


def lines(gate: Judged) -> Iterator[str]:
    """The counts of both versions and the arithmetic, then the verdict in the status."""
    if gate.case is None:
        yield f"gate {gate.row['name']}: {gate.row['verdict']}"
        yield gate.row.get("message") or f"no look yet: {_needed(gate.row)}"
        return
    yield from arithmetic.lines(gate.case)
    yield f"verdict in the status: {gate.row['verdict']}"


def data(found: Agreement | None, judged: Sequence[Judged]) -> dict[str, Any]:
    """The same for programs: the rows of the status, which have the counts, with the arithmetic."""
    rows = [{**gate.row, "arithmetic": arithmetic.data(gate.case) if gate.case else None} for gate in judged]
    return {"agreement": arithmetic.agreement_data(found) if found else None, "gates": rows}


def _needed(row: Mapping[str, Any]) -> str:
    return f"needs about {row['needed']:,} more requests of the canary" if "needed" in row else "few requests"


def _declared(body: Body) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (body["spec"].get("rollout") or {}).get("gates") or {}
    return found


def _case(row: Mapping[str, Any], limits: Mapping[str, Any]) -> Case | None:
    """The counts of the last look; also None if an older operator wrote the status without counts."""
    name = str(row["name"])
    limit = limits.get(f"{name}PerMille")
    shares = _classes(row) if name == _SHIFT else _events(row)
    if not shares or not limit:
        return None
    return Case(Gate(name, limit / 1000, two_sided=name == _SHIFT), shares, row.get("since", 0))


def _events(row: Mapping[str, Any]) -> Mapping[str, tuple[Share, Share]]:
    if "canaryEvents" not in row:
        return {}
    candidate = Share(row["canaryEvents"], row["requests"])
    return {"": (candidate, Share(row["stableEvents"], row["stableRequests"]))}


def _classes(row: Mapping[str, Any]) -> Mapping[str, tuple[Share, Share]]:
    of_candidate, of_stable = row.get("canaryClasses") or {}, row.get("stableClasses") or {}
    return {
        name: (Share(events, row["requests"]), Share(of_stable.get(name, 0), row["stableRequests"]))
        for name, events in of_candidate.items()
    }
