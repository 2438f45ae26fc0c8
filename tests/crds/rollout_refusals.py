"""Mistakes in how another version takes the place of what serves."""

from typing import Any

from tests.crds.refusals import Refusal


def _rollout(**fields: Any) -> dict[str, Any]:
    return {"rollout": fields}


ROLLOUT = (
    Refusal("unknown strategy", _rollout(strategy="BlueGreen"), "spec.rollout.strategy", '"Canary"'),
    Refusal("steps", _rollout(steps=[5, 20]), "spec.rollout.steps", "found steps, expected none"),
    Refusal("step of nothing", _rollout(steps=[0]), "spec.rollout.steps[0]", "or equal to 1"),
    Refusal(
        "gate above all",
        _rollout(gates={"agreementPerMille": 1001}),
        "spec.rollout.gates.agreementPerMille",
        "or equal to 1000",
    ),
    Refusal(
        "gate below nothing",
        _rollout(gates={"agreementPerMille": -1}),
        "spec.rollout.gates.agreementPerMille",
        "or equal to 0",
    ),
    Refusal("skip of anything", _rollout(skip="*"), "spec.rollout.skip", '"*": expected letters'),
    Refusal("skip too long", _rollout(skip="1" * 64), "spec.rollout.skip", "more than 63"),
    Refusal("unknown approval", _rollout(approval="Never"), "spec.rollout.approval", '"Manual"'),
    Refusal("approval of anything", _rollout(approved="*"), "spec.rollout.approved", '"*": expected letters'),
    Refusal("approval too long", _rollout(approved="1" * 64), "spec.rollout.approved", "more than 63"),
    Refusal("a pause of some time", _rollout(pause="1h"), "spec.rollout.pause", "boolean"),
    Refusal("unknown gate", _rollout(gates={"slow": 1}), "spec.rollout.gates.slow", "unknown field"),
)
