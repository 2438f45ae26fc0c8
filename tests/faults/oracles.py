"""What must hold after every plan, whatever the fault was. Pure: from what was seen to what is wrong.

Each judge returns one line per violation, nothing when all is well.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from tests.harness.kubernetes import Manifest
from tests.harness.proxy import Written

# Of the moment, of this run, or counted by somebody else.
_PASSING: Final = frozenset(
    {
        "creationTimestamp", "deletionTimestamp", "from", "generation", "lastHeartbeatTime", "lastProbeTime",
        "lastTransitionTime", "lastUpdateTime", "managedFields", "observedGeneration", "podIP", "podIPs",
        "resourceVersion", "servedFrom", "startTime", "startedAt", "uid", "until", "clusterIP", "clusterIPs",
        "containerID", "deployment.kubernetes.io/revision", "terminatingReplicas", "collisionCount",
    }
)  # fmt: skip

_MADE_UP: Final = "made up by the test"

# Log lines at WARNING or above that a fault explains, with the reason why they are right.
ALLOWED: Final[Mapping[str, str]] = {
    _MADE_UP: "the refusal that the plan made up: one line and a retry",
    r"no answer: ": "the answer that the plan took away: one line and a retry",
    r"not started yet: ": "killed while starting; it goes on by itself",
    r"event \w+ of \w+ not written": "people read these; no state depends on them",
    r"409 Operation cannot be fulfilled .* the UID in the precondition": "the model of "
    "that name was replaced: refusing is what the uid in the status is for",
    r"409 Precondition failed: UID in precondition": "the same, for a delete",
    r"404 irismodels.serving.two.inc \"\w+\" not found": "deleted while a pass was on its way",
    r"429 storage is \(re\)initializing": "the API server's own answer while a CRD changes: tried again",
    r"Request attempt #\d": "Kopf tries a LIST or a watch again",
}
# Only for a plan that answers a watch with an unknown error: one line, and the process ends.
_WATCH_ENDED: Final = r"Error in the watch-stream: .*: exiting, a restart is the cure"
# Only where two replicas share a Lease: a busy machine may leave it unanswered for 7 s; giving up is right.
_LEASE_LOST: Final = r"was not renewed in time: exiting at once"
# Made of the namespace or the uid: the intent that stands on a child, the dashboard's uid.
_DIGESTS: Final = re.compile(r'(?<="serving\.two\.inc/intent": ")[0-9a-f]{16}|(?<=iris-)[0-9a-f]{24}')
# How many requests a gate had seen when it failed.
_MEASURED: Final = re.compile(r"(?<=a difference of )at least \d+ per 1,000 after \d+ requests")
_TROUBLE: Final = re.compile(r"^\S+ (WARNING|ERROR|CRITICAL) ")


def normalise(found: Mapping[str, Manifest]) -> dict[str, Any]:
    """The state of a namespace without what differs between two good runs, in whichever namespace."""
    state: dict[str, Any] = {}
    pods: Counter[str] = Counter()
    for name, body in found.items():
        kind = name.partition("/")[0]
        if kind == "Pod":
            ready = any(row["type"] == "Ready" and row["status"] == "True"
                        for row in body["status"].get("conditions", ()))  # fmt: skip
            pods[f"{body['spec']['containers'][0]['image']} {'ready' if ready else 'not ready'}"] += 1
        elif kind == "IrisModel":
            state[name] = _model(body)
        elif kind == "Deployment":
            state[name] = _without_the_passing({**body, "status": _counts(body.get("status", {}))})
        elif kind != "ReplicaSet":  # old ones with no pods depend on which versions were seen on the way
            state[name] = _without_the_passing({key: value for key, value in body.items() if key != "status"})
    state["pods"] = dict(pods)
    texts = {name: _DIGESTS.sub("<digest>", _portable(body)) for name, body in state.items()}
    return {name: json.loads(_MEASURED.sub("<measured>", text)) for name, text in texts.items()}


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Where two normalised states differ."""
    return list(_differences("", expected, found))


def _differences(where: str, expected: Any, found: Any) -> Iterator[str]:
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for name in sorted({*expected, *found}):
            yield from _differences(f"{where}.{name}", expected.get(name), found.get(name))
    elif expected != found:
        yield f"{where.removeprefix('.')}: found {_short(found)}, expected {_short(expected)}"


def lives(written: Iterable[Written]) -> Counter[str]:
    """How often each object was created and deleted, by what the API server has answered."""
    counts: Counter[str] = Counter()
    for write in written:
        call = write.call
        if call.plural == "events" or call.subresource:
            continue
        if call.method == "DELETE" and write.code == 200:
            counts[f"deleted {call.plural}/{call.name}"] += 1
        elif write.code == 201:
            counts[f"created {call.plural}/{call.name}"] += 1
    return counts


def unproven(
    written: Iterable[Written],
    declared: Mapping[tuple[str, int], Mapping[str, Any]],
    proven: Mapping[tuple[str, str, str], float],
) -> list[str]:
    """Every Ready=True that was written before enough pods had answered with that generation's version."""
    wrong = []
    for write in written:
        if write.call.plural != "irismodels" or write.code >= 300:
            continue
        metadata, status = write.answer["metadata"], write.answer["status"]
        ready = [row for row in status["conditions"] if row["type"] == "Ready" and row["status"] == "True"]
        if not ready:
            continue
        spec = declared[metadata["uid"], ready[0]["observedGeneration"]]
        answered = [
            address
            for (model, version, address), at in proven.items()
            if (model, version) == (metadata["name"], spec["version"]) and at <= write.at
        ]
        needed = 1 if "autoscaling" in spec else spec["replicas"]
        if status["servingVersion"] != spec["version"] or len(answered) < needed:
            found = f"servingVersion {status['servingVersion']}, {len(answered)} pods had answered"
            wrong.append(f"Ready=True for {metadata['name']}: {found}, expected {spec['version']}, {needed}")
    return wrong


def unproven_weights(written: Iterable[Written], proven: Mapping[tuple[str, str, str], float]) -> list[str]:
    """Every share of the requests that was written for a candidate before its pods had answered."""
    wrong = []
    candidates: dict[str, tuple[str, int]] = {}  # by its Deployment: version and number of pods
    for write in written:
        if write.code >= 300 or write.call.method == "DELETE":
            continue
        if write.call.plural == "deployments":
            spec = write.answer["spec"]
            image = spec["template"]["spec"]["containers"][0]["image"]
            candidates[write.call.name] = image.rpartition(":")[2], spec["replicas"]
        if write.call.plural != "httproutes":
            continue
        model = write.call.name
        for backend in write.answer["spec"]["rules"][-1]["backendRefs"]:
            if backend["name"] == model or not backend["weight"]:
                continue
            version, needed = candidates.get(backend["name"], ("", 1))
            answered = [at for (name, of, _), at in proven.items() if (name, of) == (model, version)]
            found = len([at for at in answered if at <= write.at])
            if found < needed:
                wrong.append(
                    f"weight {backend['weight']} for {backend['name']}: "
                    f"found {found} pods of version {version!r} that had answered, expected {needed}"
                )
    return wrong


def unexplained(written: Iterable[Written], child: str) -> list[str]:
    """A refusal of a child that no status has: each has the kind, and the words of the API server."""
    messages = [
        row["message"]
        for write in written
        if write.call.plural == "irismodels" and write.code < 300
        for row in write.answer["status"]["conditions"]
        if row["status"] == "False" or row["type"] == "Stalled"
    ]
    # A conflict of routes comes first: the model is stalled by it already.
    if any(_MADE_UP in message or "already has this host" in message for message in messages):
        return []
    return [f"{child} was refused: found no condition with the cause, expected one"]


def strays(written: Iterable[Written], names: Sequence[str] = ("iris", "late")) -> list[str]:
    """Writes to anything that is not a status of one of these IrisModels, a child of one, or an event."""
    name = f"({'|'.join(names)})"
    ours = re.compile(
        r"^((PATCH|DELETE) (serviceaccounts|networkpolicies|deployments|services|poddisruptionbudgets"
        "|horizontalpodautoscalers|ingresses|httproutes|servicemonitors|prometheusrules)"
        rf"/{name}(-canary)?"
        rf"|(PATCH|DELETE) configmaps/{name}-dashboard"
        rf"|PATCH irismodels/{name}/status( \d+ \w+( \w+)?( \d+%)?)?|POST events/\*)$"
    )
    return [write.call.signature for write in written if not ours.match(write.call.signature)]


def complaints(log: str, mode: str) -> list[str]:
    """Lines of the operator's log that no fault of this kind explains."""
    allowed = [re.compile(pattern) for pattern in ALLOWED]
    if mode == "error-500":
        allowed.append(re.compile(_WATCH_ENDED))
    if mode == "kill-loop":
        allowed.append(re.compile(_LEASE_LOST))
    lines = [line for line in log.splitlines() if _TROUBLE.match(line)]
    wrong = [line for line in lines if not any(pattern.search(line) for pattern in allowed)]
    if "Traceback" in log:
        wrong.append("a stack in the log: " + log[log.index("Traceback") :][-600:])
    return wrong


def _model(body: Manifest) -> dict[str, Any]:
    status = body.get("status", {})
    history: Sequence[Mapping[str, Any]] = status.get("history", ())
    current = all(
        row["observedGeneration"] == body["metadata"]["generation"] for row in status.get("conditions", ())
    )
    cleaned: dict[str, Any] = _without_the_passing({"spec": body["spec"], "status": status})
    # What was seen on the way differs; where it ended does not.
    cleaned["status"]["history"] = [_without_the_passing(entry) for entry in history[:1]]
    cleaned["status"]["conditions"] = sorted(
        cleaned["status"].get("conditions", ()), key=lambda row: row["type"]
    )
    if "rollout" in cleaned["status"]:
        cleaned["status"]["rollout"] = _rollout(cleaned["status"]["rollout"])
    return {**cleaned, "current": current and status["observedGeneration"] == body["metadata"]["generation"]}


def _rollout(found: Mapping[str, Any]) -> dict[str, Any]:
    """Without what requests have counted, which differs, and without moments."""
    passing = ("looks", "observedPerMille", "since")
    kept = {name: value for name, value in found.items() if name not in passing}
    if "gates" in kept:
        kept["gates"] = {gate["name"]: gate["verdict"] for gate in kept["gates"]}
    if "rejected" in kept:
        kept["rejected"] = {name: value for name, value in kept["rejected"].items() if name != "at"}
    return kept


def _counts(status: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in status.items() if isinstance(value, int)}


def _without_the_passing(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_the_passing(part) for name, part in value.items() if name not in _PASSING}
    if isinstance(value, list | tuple):
        return [_without_the_passing(part) for part in value]
    return value


def _portable(body: Any) -> str:
    return re.sub(r"\blane-\d+\b", "<namespace>", json.dumps(body, sort_keys=True))


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) < 400 else text[:400] + "…"
