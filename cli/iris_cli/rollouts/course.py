"""How a declaration would be rolled out: in which steps, with how many requests, how long. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from iris_api import judge, reasons, rollouts
from iris_api.judge import Gate, Share
from iris_operator.children import service_account
from iris_operator.decide import candidates
from iris_operator.model import shape, spec
from iris_operator.model.plan import CANARY, STABLE, Plan, Track
from iris_operator.model.shape import Shape
from iris_operator.model.spec import IrisModel, Rollout

_OFF: Final = 1000
# What the numbers of requests assume of both versions.
_CLASSES: Final = 3
_SAMPLE: Final = 100_000
_FAILED: Final = 0.001
_RATE: Final = 20  # requests per second of the whole model


@dataclass(frozen=True, slots=True)
class Course:
    """A rollout of the declared pods beside these stable ones; `status`: the model's, None offline."""

    model: IrisModel
    stable: Shape
    status: Mapping[str, Any] | None = None

    @property
    def before(self) -> Mapping[str, Any]:
        """`status.rollout`, empty when there is none."""
        found: Mapping[str, Any] = (self.status or {}).get("rollout") or {}
        return found

    @property
    def policy(self) -> Rollout:
        return self.model.rollout or spec.IMMEDIATE

    @property
    def is_under_way(self) -> bool:
        """Whether the cluster already rolls out what is declared."""
        same = (self.before.get("candidate") or {}).get("shape") == shape.digest(shape.of(self.model))
        return same and self.before.get("state") in rollouts.UNDER_WAY

    @property
    def is_refused(self) -> bool:
        """Whether the operator has rolled back what is declared, and so does not try it again."""
        rejected = self.before.get("rejected") or {}
        declaration = candidates.declaration(self.policy, shape.of(self.model))
        is_back = self.before.get("state") in (rollouts.ROLLING_BACK, rollouts.ROLLED_BACK)
        return is_back and rejected.get("declaration") == declaration

    def plan(self, template_revision: int) -> Plan:
        """The next pass; the revision is the stable pods'."""
        if self.is_refused:
            return Plan((Track(STABLE, self.stable, template_revision),))
        declared, weight = shape.of(self.model), 0
        replicas = (
            candidates.replicas(self.model.replicas, self.policy.steps[0]) if self.policy.steps else None
        )
        stable = self.stable
        if self.is_under_way:
            replicas, weight = self.before["candidate"].get("replicas"), self.before.get("weight", 0)
            stable = declared if self.before["state"] == rollouts.PROMOTING else stable
        tracks = (Track(STABLE, stable, template_revision), Track(CANARY, declared, replicas=replicas))
        return Plan(tracks, fallback=self.stable, candidate_percent=weight)

    @property
    def longest_seconds(self) -> int:
        """From the first share to the decision; without steps nobody waits for requests."""
        policy, settle = self.policy, int(candidates.BASELINE_SECONDS)
        if not policy.steps:
            return 0
        return (len(policy.steps) - 1) * (settle + policy.step_seconds) + settle + policy.decide_seconds


def of(model: IrisModel, stable: Shape | None, status: Mapping[str, Any] | None = None) -> Course | None:
    """None: the pods are replaced at once, or not at all. `stable`: what they were built from, if known."""
    policy = model.rollout or spec.IMMEDIATE
    if not policy.is_canary or stable is None or stable == shape.of(model):
        return None
    if policy.skip == model.version or model.replicas == 0:
        return None
    return Course(model, stable, status)


def stable_of(account: Mapping[str, Any] | None) -> Shape | None:
    """What the stable pods were built from, as their ServiceAccount has it."""
    annotations = ((account or {}).get("metadata") or {}).get("annotations") or {}
    return shape.parse(annotations.get(service_account.BUILT_FROM, ""))


def lines(course: Course, waits_seconds: int | None) -> Iterator[str]:
    """The steps in words; `waits_seconds` is how long Flux waits for the model, if that is known."""
    policy, model, stable = course.policy, course.model, course.stable.version
    serving = stable if course.status is None else course.status.get("servingVersion", "")
    serves = f"version {serving} is serving" if serving else "no version is serving"
    if course.is_refused:
        yield from _refused(course, serves)
        return
    beside = ", which keeps serving" if serving == stable else f"; {serves}"
    yield f"rollout of version {model.version} beside {stable}{beside}:"
    if ignored := candidates.ignored(policy, model.version):
        yield f"  {ignored}"
    agreement = policy.gates.agreement_per_mille
    if agreement:
        yield f"  compare: at least {agreement} per 1,000 reference rows must get the same class from both"
    for number, percent in enumerate(policy.steps, 1):
        is_last = number == len(policy.steps)
        ends = f"until every gate has passed, at most {policy.decide_seconds} s" if is_last else ""
        yield f"  step {number}: {percent} % of the requests, {ends or f'{policy.step_seconds} s'}"
    if policy.steps:
        yield from _requests(policy)
        yield f"  if there are not enough requests in time: {policy.not_enough}"
    if policy.approval == rollouts.MANUAL and policy.approved != model.version:
        yield f"  then it waits for spec.rollout.approved: {model.version}"
    if policy.pause:
        yield "  spec.rollout.pause is true: it is not promoted"
    if waits_seconds is not None and course.longest_seconds > waits_seconds:
        longest = course.longest_seconds
        yield f"  warning: Flux waits {waits_seconds} s for the model; the rollout takes up to {longest} s:"
        yield "  raise spec.timeout of its Kustomization, or it reports a failure too early"


def _refused(course: Course, serves: str) -> Iterator[str]:
    rejected = course.before["rejected"]
    why = ": ".join(rejected[name] for name in ("reason", "message") if name in rejected)
    yield f"version {course.model.version} was refused by its rollout and is not tried again; {serves}"
    yield f"  refused: {why}"
    yield f"  to do: {reasons.CURES[reasons.ROLLED_BACK]}"


def _requests(policy: Rollout) -> Iterator[str]:
    needs = {
        name: need for name in ("failed", "refused", "slow", "shift") if (need := _needed(policy.gates, name))
    }
    if not needs:
        return
    most, percent = max(needs.values()), policy.steps[-1]
    seconds = round(most / (_RATE * percent / 100))
    each = ", ".join(f"{name} {need:,}" for name, need in needs.items())
    yield f"  needed requests of the candidate: {each}: {seconds} s if the model gets {_RATE} requests/s"
    yield f"  (if they are equal: {_FAILED:.1%} of the answers fail, {_CLASSES} classes are equally common)"


def _needed(gates: spec.Gates, name: str) -> int:
    """The canary's requests until the gate passes, of versions that do not differ."""
    per_mille: int = getattr(gates, f"{name}_per_mille")
    if per_mille >= _OFF or per_mille == 0:
        return 0
    gate = Gate(name, per_mille / 1000, two_sided=name == "shift")
    events = _SAMPLE // _CLASSES if gate.two_sided else round(_SAMPLE * _FAILED)
    share = (events / _SAMPLE,) * (_CLASSES if gate.two_sided else 1)
    for at in gate.pass_looks():
        pairs = [(Share(round(at * one), at), Share(round(at * one), at)) for one in share]
        found = judge.judge(gate, pairs, at - 1)
        if found and found.verdict is judge.Verdict.PASS:
            return at
    return 0
