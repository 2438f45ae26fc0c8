"""The gates that requests decide: the judge's verdicts on the counts of one step. Pure.

A gate that has passed in a step may still fail in it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from iris_api import judge
from iris_api.judge import Gate, Judgement, Share, Verdict

from iris_operator.model.spec import Gates
from iris_operator.observe.traffic import Traffic

NOT_JUDGED: Final = "NotJudged"
_OFF: Final = 1000
_FEW_ROWS: Final = 8
_FEW_ROWS_SHARE: Final = 0.02
# The API accepts no more.
_MOST_CLASSES: Final = 256


@dataclass(frozen=True, slots=True)
class Evidence:
    """The results of a step so far, as `status.rollout.gates` has them."""

    rows: Sequence[Mapping[str, Any]]
    failure: str  # of the first gate that failed
    has_looked: bool  # whether a look was due since the last time

    @property
    def lacking(self) -> list[str]:
        """The gates that have not passed."""
        return [row["name"] for row in self.rows if row["verdict"] == Verdict.NOT_ENOUGH]

    @property
    def needed(self) -> int | None:
        """Further requests of the candidate until all may have passed; None: that is not foreseeable."""
        needs = [row.get("needed") for row in self.rows if row["verdict"] == Verdict.NOT_ENOUGH]
        known = [need for need in needs if need is not None]
        return max(known, default=0) if len(known) == len(needs) else None


@dataclass(frozen=True, slots=True)
class _Compared:
    gate: Gate
    shares: Sequence[tuple[Share, Share]]  # (candidate, stable); none: they cannot be compared
    labels: Sequence[str] = ()  # of the classes, in the same order
    why: str = ""  # they cannot be compared


def look(
    gates: Gates, before: Iterable[Mapping[str, Any]], *, candidate: Traffic, stable: Traffic
) -> Evidence:
    """`before` has the rows of the former look in this step."""
    known = {row["name"]: row for row in before}
    rows, failures, has_looked = [], [], not known
    for compared in _compared(gates, candidate, stable):
        row = known.get(compared.gate.name, {})
        since = row.get("requests", 0)
        judgement = judge.judge(compared.gate, compared.shares, since) if compared.shares else None
        if judgement is None:
            rows.append(_unjudged(compared, row))
            has_looked |= rows[-1] != row
            continue
        has_looked = True
        rows.append(_row(compared, judgement, row))
        if judgement.verdict is Verdict.FAIL:
            failures.append(_failure(compared.gate, rows[-1]))
    return Evidence(rows, failures[0] if failures else "", has_looked)


def _compared(gates: Gates, candidate: Traffic, stable: Traffic) -> Iterator[_Compared]:
    both = (candidate, stable)
    failed, stable_failed = (Share(one.failed, one.requests) for one in both)
    refused, stable_refused = (Share(one.refused, one.requests) for one in both)
    slow, stable_slow = (Share(one.slow, one.predictions) for one in both)
    for name, per_mille, shares in (
        ("failed", gates.failed_per_mille, (failed, stable_failed)),
        ("refused", gates.refused_per_mille, (refused, stable_refused)),
        ("slow", gates.slow_per_mille, (slow, stable_slow)),
    ):
        if per_mille < _OFF:
            yield _Compared(Gate(name, per_mille / 1000), [shares])
    if gates.shift_per_mille < _OFF:
        yield _shift(Gate("shift", gates.shift_per_mille / 1000, two_sided=True), candidate, stable)


def _shift(gate: Gate, candidate: Traffic, stable: Traffic) -> _Compared:
    """A batch is one opinion, however many rows it has: the counts do not have the opinions of batches."""
    for whose, traffic in (("candidate", candidate), ("stable version", stable)):
        if _has_batches(traffic):
            found = f"found {traffic.rows:,} rows in {traffic.calls:,} calls of the {whose}"
            return _Compared(
                gate, [], why=f"{found}, expected one row per call: rows of a batch are not independent"
            )
    labels = sorted({*candidate.classes, *stable.classes}) or [""]
    return _Compared(gate, [(_share(candidate, name), _share(stable, name)) for name in labels], labels)


def _has_batches(traffic: Traffic) -> bool:
    """A call that is being answered may be counted and its row not yet."""
    return abs(traffic.rows - traffic.calls) > _FEW_ROWS + traffic.calls * _FEW_ROWS_SHARE


def _share(traffic: Traffic, name: str) -> Share:
    return Share(min(traffic.classes.get(name, 0), traffic.calls), traffic.calls)


def _unjudged(compared: _Compared, before: Mapping[str, Any]) -> Mapping[str, Any]:
    if not compared.shares:
        if before.get("verdict") == NOT_JUDGED:
            return before
        row = {"name": compared.gate.name, "verdict": NOT_JUDGED, "requests": before.get("requests", 0)}
        return row | {"message": compared.why}
    if before and before["verdict"] != NOT_JUDGED:
        return before
    needed = next(iter(compared.gate.pass_looks())) - compared.shares[0][0].requests
    row = {"name": compared.gate.name, "verdict": str(Verdict.NOT_ENOUGH), "needed": max(0, needed)}
    return row | {"requests": before.get("requests", 0)}


def _row(compared: _Compared, judgement: Judgement, before: Mapping[str, Any]) -> dict[str, Any]:
    has_passed = before.get("verdict") == Verdict.PASS and judgement.verdict is Verdict.NOT_ENOUGH
    row = {
        "name": compared.gate.name,
        "verdict": str(Verdict.PASS if has_passed else judgement.verdict),
        "lowPerMille": round(1000 * judgement.interval.low),
        "highPerMille": round(1000 * judgement.interval.high),
        "requests": judgement.requests,
        "since": before.get("requests", 0),
        **_counts(compared),
    }
    needed = judge.needed(compared.gate, compared.shares)
    if row["verdict"] == Verdict.NOT_ENOUGH and needed is not None:
        row["needed"] = needed
    return row


def _counts(compared: _Compared) -> dict[str, Any]:
    """The counts that the judge used, so that anybody can repeat its arithmetic."""
    candidate, stable = compared.shares[0]
    counts: dict[str, Any] = {"stableRequests": stable.requests}
    if compared.gate.two_sided:
        classes = zip(compared.labels, compared.shares, strict=True)
        named = [(name, of_candidate.events, of_stable.events) for name, (of_candidate, of_stable) in classes]
        if len(named) > _MOST_CLASSES or "" in compared.labels:
            return counts
        return counts | {
            "canaryClasses": {name: events for name, events, _ in named},
            "stableClasses": {name: events for name, _, events in named},
        }
    return counts | {
        "canaryEvents": candidate.events,
        "stableEvents": stable.events,
        "canaryPerMille": _per_mille(candidate),
        "stablePerMille": _per_mille(stable),
    }


def _per_mille(share: Share) -> int:
    return round(1000 * share.events / share.requests) if share.requests else 0


def _failure(gate: Gate, row: Mapping[str, Any]) -> str:
    shares = (
        f"found {row['canaryPerMille']} per 1,000 for the candidate and {row['stablePerMille']} for the "
        "stable version, which shows "
        if "canaryPerMille" in row
        else "found "
    )
    return (
        f"gate {gate.name}: {shares}a difference of at least {row['lowPerMille']} per 1,000 after "
        f"{row['requests']} requests, expected at most {round(1000 * gate.margin)} "
        f"(spec.rollout.gates.{gate.name}PerMille)"
    )
