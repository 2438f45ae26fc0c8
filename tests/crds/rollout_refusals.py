"""Mistakes in how another version takes the place of what serves."""

from typing import Any

from tests.crds.refusals import Refusal


def _rollout(**fields: Any) -> dict[str, Any]:
    return {"rollout": fields}


def _steps(*steps: int) -> dict[str, Any]:
    """On a route that can split requests."""
    gateway = {"name": "public", "namespace": "gateways"}
    return {**_rollout(steps=list(steps)), "route": {"type": "Gateway", "gateway": gateway}}


ROLLOUT = (
    Refusal("unknown strategy", _rollout(strategy="BlueGreen"), "spec.rollout.strategy", '"Canary"'),
    Refusal(
        "steps of an Ingress", _rollout(steps=[5, 20]), "spec.rollout.steps", "found steps without route.type"
    ),
    Refusal("steps that fall", _steps(20, 5), "spec.rollout.steps", "expected each step to be larger"),
    Refusal("a step twice", _steps(5, 5), "spec.rollout.steps", "expected each step to be larger"),
    Refusal("step of nothing", _steps(0), "spec.rollout.steps[0]", "or equal to 1"),
    Refusal("step above all", _steps(5, 101), "spec.rollout.steps[1]", "or equal to 100"),
    Refusal("too many steps", _steps(*range(1, 12)), "spec.rollout.steps", "at most 10"),
    Refusal("step of no time", _rollout(stepSeconds=0), "spec.rollout.stepSeconds", "or equal to 1"),
    Refusal("no time to decide", _rollout(decideSeconds=0), "spec.rollout.decideSeconds", "or equal to 1"),
    Refusal("unknown answer", _rollout(notEnough="Wait"), "spec.rollout.notEnough", '"Hold"'),
    *(
        Refusal(
            f"gate {gate} of {limit}",
            _rollout(gates={f"{gate}PerMille": limit}),
            f"spec.rollout.gates.{gate}PerMille",
            expected,
        )
        for gate in ("failed", "refused", "slow", "shift")
        for limit, expected in ((0, "or equal to 1"), (1001, "or equal to 1000"))
    ),
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
    Refusal(
        "testers without a value",
        _rollout(testers={"header": "x-iris-track"}),
        "spec.rollout.testers.value",
        "Required",
    ),
    Refusal(
        "testers by no header",
        _rollout(testers={"header": "x iris", "value": "canary"}),
        "spec.rollout.testers.header",
        "expected the name of a header",
    ),
    Refusal("unknown gate", _rollout(gates={"slow": 1}), "spec.rollout.gates.slow", "unknown field"),
)
