"""How the live route divides requests between the stable pods and the candidate. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from iris_operator.children import http_route, metadata
from iris_operator.model import routes
from iris_operator.model.spec import IrisModel
from iris_operator.observe.store import Snapshot


@dataclass(frozen=True, slots=True)
class Split:
    """`is_settled`: the route's controller has accepted it as it is now."""

    percent: int  # of the candidate
    is_settled: bool
    refusal: str = ""  # why requests cannot be split, and what to do about it
    is_final: bool = False  # whether waiting does not help


# Without a route nobody outside the cluster reaches either of them.
NONE: Final = Split(0, is_settled=True)


def observe(model: IrisModel, snapshot: Snapshot, *, has_api: bool, problem: str = "") -> Split:
    """Of the live route, for the spec may have changed; `has_api`: whether the cluster has HTTPRoutes.

    `problem`: of the Gateway or its class, where the route's controller gives no reason.
    """
    live = snapshot.children.get((http_route.KIND, model.name))
    if live is not None:
        return _of(live, metadata.canary_name(model), problem)
    if model.route is None or model.route.type != routes.GATEWAY:
        found = model.route.type if model.route else "no route"
        refusal = f"spec.route.type: found {found}, expected {routes.GATEWAY}, which can split requests"
        return Split(0, is_settled=True, refusal=refusal, is_final=True)
    if not has_api:
        refusal = f"found no API for {http_route.KIND.name}, expected {http_route.API}"
        return Split(0, is_settled=True, refusal=refusal, is_final=True)
    return NONE


def has_ready(pods: Iterable[Mapping[str, Any]]) -> bool:
    """Whether routers may send a request to one of these pods."""
    return any(not pod["metadata"].get("deletionTimestamp") and _is_ready(pod) for pod in pods)


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(row["type"] == "Ready" and row["status"] == "True" for row in conditions)


def _of(live: Mapping[str, Any], candidate: str, problem: str) -> Split:
    report = http_route.report(live)
    is_settled = report is not None and report.works is True
    refusal = "" if report is None or report.works else problem or report.message
    return Split(_percent(live, candidate), is_settled, refusal)


def _percent(live: Mapping[str, Any], candidate: str) -> int:
    """The largest of all rules but the testers', should somebody have changed one of them."""
    shares = [0]
    for rule in live["spec"].get("rules") or ():
        if any(match.get("headers") for match in rule.get("matches") or ()):
            continue
        weights = {backend["name"]: backend.get("weight", 1) for backend in rule.get("backendRefs") or ()}
        total = sum(weights.values())
        shares.append(round(100 * weights.get(candidate, 0) / total) if total else 0)
    return max(shares)
