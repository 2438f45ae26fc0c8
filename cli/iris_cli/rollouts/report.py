"""Words for `status.rollout` of one IrisModel. Pure."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from iris_api import readiness, reasons, rollouts
from iris_api.reasons import CURES

from iris_cli import commits, durations, fleet
from iris_cli.kubectl import Body

NOTHING: Final = "–"  # noqa: RUF001 - deliberately an en dash
GATE_COLUMNS: Final = (
    "GATE", "VERDICT", "CANDIDATE", "STABLE", "DIFFERENCE", "AT MOST", "REQUESTS", "NEEDED",
)  # fmt: skip
GATE_NOTE: Final = (
    "Per 1,000 requests. DIFFERENCE is the interval of candidate minus stable: a gate passes when it ends at "
    "or below AT MOST, and fails when it begins above. Once passed, a gate can only fail in this step, by "
    "later looks with a wider interval."
)
MEANING: Final = {
    rollouts.PREPARING: "its pods start, prove their version and are compared; it gets no requests yet",
    rollouts.STEPPING: "it gets a share of the requests; it is rolled back if a gate fails",
    rollouts.JUDGING: "the last step: every gate has to pass",
    rollouts.HELD: "it is not decided; its share of the requests stays the same",
    rollouts.AWAITING_APPROVAL: "it has passed and waits for spec.rollout.approved",
    rollouts.PROMOTING: "its pods are replacing those of the stable version",
    rollouts.PROMOTED: "it gets all requests",
    rollouts.ROLLING_BACK: "the stable version is being restored",
    rollouts.ROLLED_BACK: "it was refused and gets no requests",
}


def of(body: Body) -> Mapping[str, Any]:
    """`status.rollout`, empty when there is none."""
    found: Mapping[str, Any] = (body.get("status") or {}).get("rollout") or {}
    return found


def data(body: Body) -> dict[str, Any]:
    """The report for programs."""
    row = fleet.row(body, {})
    return {
        "declared": row.declared,
        "serving": row.serving,
        "current": readiness.is_current(body),
        "ready": row.ready,
        "reason": row.reason,
        "rollout": of(body),
    }


def is_over(body: Body) -> bool:
    """Whether the present spec changes nothing any more; what waits for a commit is not over."""
    if not readiness.is_current(body):
        return False
    ready = readiness.condition(body, "Ready")
    return of(body).get("state") in (None, *rollouts.ENDED) and ready.get("reason") != "Progressing"


def is_refused(body: Body) -> bool:
    """Whether the candidate of the status was rolled back, or is on its way."""
    return of(body).get("state") in (rollouts.ROLLING_BACK, rollouts.ROLLED_BACK)


def paragraphs(body: Body, now: datetime) -> Iterator[str]:
    """The report without its table of gates: a headline, then one line for each fact."""
    yield headline(body, now)
    found = facts(body)
    width = max(map(len, found), default=0)
    yield from (f"  {name.ljust(width)}  {text}" for name, text in found.items())


def facts(body: Body) -> dict[str, str]:
    """What there is to say, by name."""
    return {name: text for name, text in _facts(body) if text}


def gates(body: Body) -> list[list[str]]:
    """The cells of the table of gates, as `GATE_COLUMNS`."""
    limits = _declared(body).get("gates") or {}
    rows = []
    for gate in of(body).get("gates", ()):
        bounds = [gate[name] for name in ("lowPerMille", "highPerMille") if name in gate]
        cells = (
            gate["name"],
            gate["verdict"],
            gate.get("canaryPerMille"),
            gate.get("stablePerMille"),
            " to ".join(map(str, bounds)) or None,
            limits.get(f"{gate['name']}PerMille"),
            gate.get("requests"),
            gate.get("needed"),
        )
        rows.append([NOTHING if cell is None else str(cell) for cell in cells])
    return rows


def line(body: Body) -> str:
    """All that changes, on one line."""
    if not of(body):
        serving = fleet.row(body, {}).serving
        return f"no rollout; {f'version {serving}' if serving else 'no version'} is serving"
    version = (of(body).get("candidate") or {}).get("version", "")
    parts = [f"{of(body)['state']} {version}".strip(), _step(body), _share(body)]
    parts += [f"{row[0]} {row[1]}" for row in gates(body)]
    parts.append(_missing(body))
    return ", ".join(part for part in parts if part)


def headline(body: Body, now: datetime) -> str:
    rollout, row = of(body), fleet.row(body, {})
    title = f"IrisModel {row.namespace}/{row.name}"
    if not readiness.is_current(body):
        return f"{title}: the operator has not observed generation {body['metadata'].get('generation')} yet"
    if not rollout:
        strategy = _declared(body).get("strategy") or rollouts.IMMEDIATE
        return f"{title}: no rollout is under way (spec.rollout.strategy is {strategy})"
    state = str(rollout["state"])
    version = (rollout.get("candidate") or {}).get("version", "")
    step = ", this step" if state in (rollouts.STEPPING, rollouts.JUDGING) else ""
    begun = rollout.get("since") or (rollout.get("rejected") or {}).get("at")
    return f"{title}: {state} {version}{step}{_since(begun, now)}: {MEANING.get(state, '')}"


def _facts(body: Body) -> Iterator[tuple[str, str]]:
    rollout, row = of(body), fleet.row(body, {})
    yield "declared", row.declared
    yield "serving", row.serving or "no version"
    if not rollout:
        return
    yield "candidate", _identity(rollout.get("candidate") or {})
    yield "stable", _identity(rollout.get("stable") or {})
    yield "step", _step(body)
    yield "share", _share(body)
    yield "missing", _missing(body)
    yield "expected", _clock(rollout.get("expectedBy"))
    yield "agreement", agreement(rollout)
    yield from (("not judged", f"{row['name']}: {row['message']}") for row in _unjudged(rollout))
    rejected = rollout.get("rejected") or {}
    if is_refused(body) and rejected:
        yield "refused", f"{_identity(rejected)} ({rejected.get('reason')}): {rejected.get('message', '')}"
    yield "to do", CURES.get(row.reason, "")


def agreement(rollout: Mapping[str, Any], *, with_classes: bool = True) -> str:
    """How both versions answered the reference rows; empty if they were not compared."""
    found = rollout.get("agreement")
    if not found:
        return ""
    if not found["rows"]:
        return "not compared: the candidate's model card has no reference rows"
    text = f"both versions predict the same class for {found['agree']} of {found['rows']} reference rows"
    differ = "; ".join(found.get("differ", ())) if with_classes else ""
    judged = "" if found.get("judged") else ", reported but not judged"
    return text + (f" ({differ})" if differ else "") + judged


def _identity(found: Mapping[str, Any]) -> str:
    """A version with its model file and its commit, as far as they are known."""
    digest = str(found.get("digest", "")).removeprefix("sha256:")[:12]
    parts = (digest, commits.short(str(found.get("revision", ""))))
    known = ", ".join(part for part in parts if part)
    return f"{found.get('version', '')} ({known})" if known else str(found.get("version", ""))


def _unjudged(rollout: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [row for row in rollout.get("gates", ()) if row.get("message")]


def _declared(body: Body) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (body.get("spec") or {}).get("rollout") or {}
    return found


def _step(body: Body) -> str:
    number, steps = of(body).get("step"), _declared(body).get("steps") or ()
    return f"step {number} of {len(steps)}" if number else ""


def _share(body: Body) -> str:
    rollout = of(body)
    if "weight" not in rollout:
        return ""
    observed = rollout.get("observedPerMille", -1)
    seen = f"{observed / 10:g} % observed" if observed >= 0 else "not observed yet"
    return f"{rollout['weight']} % declared, {seen}"


def _missing(body: Body) -> str:
    """What the rollout waits for; the operator's own words."""
    missing = str(of(body).get("missing") or "")
    ready = readiness.condition(body, "Ready")
    if missing or ready.get("status") == "True" or of(body).get("state") in rollouts.ENDED:
        return missing
    # In a step the condition repeats its number and share.
    return "" if ready.get("reason") == reasons.STEPPING else ready.get("message", "")


def _since(text: str | None, now: datetime) -> str:
    if not text:
        return ""
    return f" since {_clock(text)} ({durations.age(now - datetime.fromisoformat(text))})"


def _clock(text: str | None) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if text else ""
