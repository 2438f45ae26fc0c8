"""Specs that the API server itself must refuse: what is written, which field the answer names, what it says.

Data only: the words are what a user reads, so a change of them is a change of this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """One mistake; `spec` is laid over a spec that is fine."""

    mistake: str
    spec: Mapping[str, Any]
    field: str
    says: str


_DIGEST = "sha256:" + "0" * 64


def _image(**fields: Any) -> dict[str, Any]:
    return {"image": fields}


def _route(**fields: Any) -> dict[str, Any]:
    return {"route": fields}


def _resources(**fields: Any) -> dict[str, Any]:
    return {"resources": fields}


def _toleration(**fields: Any) -> dict[str, Any]:
    return {"tolerations": [fields]}


def _env(name: str, value: Any = "") -> dict[str, Any]:
    return {"env": [{"name": name, "value": value}]}


REFUSALS = (
    Refusal("no version", {"version": None}, "spec.version", "Required value"),
    Refusal("empty version", {"version": ""}, "spec.version", '"": expected letters'),
    Refusal("version as number", {"version": 1.4}, "spec.version", "must be of type string"),
    Refusal(
        "version with plus",
        {"version": "1.4.0+build"},
        "spec.version",
        '"1.4.0+build": expected letters',
    ),
    Refusal("version ends with dot", {"version": "1.4."}, "spec.version", '"1.4.": expected letters'),
    Refusal("version too long", {"version": "1" * 64}, "spec.version", "may not be more than 63"),
    Refusal("version of two lines", {"version": "1.4.0\n"}, "spec.version", "expected letters"),
    Refusal(
        "repository with tag",
        _image(repository="iris:1.4.0"),
        "spec.image.repository",
        '"iris:1.4.0": expected',
    ),
    Refusal(
        "repository with tag below a host",
        _image(repository="ghcr.io/two-inc/iris:latest"),
        "spec.image.repository",
        "without tag or digest",
    ),
    Refusal(
        "repository with digest",
        _image(repository=f"iris@{_DIGEST}"),
        "spec.image.repository",
        "without tag or digest",
    ),
    Refusal(
        "repository in capitals", _image(repository="ghcr.io/Two"), "spec.image.repository", "lower case"
    ),
    Refusal("empty repository", _image(repository=""), "spec.image.repository", '"": expected a repository'),
    Refusal(
        "digest without algorithm", _image(digest="0" * 71), "spec.image.digest", "expected 'sha256:' and 64"
    ),
    Refusal("digest in capitals", _image(digest="sha256:" + "A" * 64), "spec.image.digest", "in lower case"),
    Refusal("short digest", _image(digest="sha256:00"), "spec.image.digest", '"sha256:00": expected'),
    Refusal("unknown pull policy", _image(pullPolicy="Sometimes"), "spec.image.pullPolicy", '"Always"'),
    Refusal(
        "pull secret twice", _image(pullSecrets=["a", "a"]), "spec.image.pullSecrets[1]", "Duplicate value"
    ),
    Refusal(
        "pull secret no name", _image(pullSecrets=["A b"]), "spec.image.pullSecrets[0]", '"A b": expected'
    ),
    Refusal(
        "too many pull secrets", _image(pullSecrets=list("abcdefghi")), "spec.image.pullSecrets", "at most 8"
    ),
    Refusal("negative replicas", {"replicas": -1}, "spec.replicas", "greater than or equal to 0"),
    Refusal("too many replicas", {"replicas": 101}, "spec.replicas", "less than or equal to 100"),
    Refusal("half a replica", {"replicas": 1.5}, "spec.replicas", "must be of type integer"),
    Refusal("replicas as text", {"replicas": "2"}, "spec.replicas", "must be of type integer"),
    Refusal(
        "fewest above most",
        {"autoscaling": {"minReplicas": 5, "maxReplicas": 3}},
        "spec.autoscaling.minReplicas",
        "found minReplicas 5, expected at most maxReplicas, which is 3",
    ),
    Refusal(
        "default fewest above most",
        {"autoscaling": {"maxReplicas": 1}},
        "spec.autoscaling.minReplicas",
        "found minReplicas 2, expected at most maxReplicas, which is 1",
    ),
    Refusal("no most", {"autoscaling": {"minReplicas": 1}}, "spec.autoscaling.maxReplicas", "Required value"),
    Refusal(
        "autoscaling to zero",
        {"autoscaling": {"minReplicas": 0, "maxReplicas": 3}},
        "spec.autoscaling.minReplicas",
        "greater than or equal to 1",
    ),
    Refusal(
        "target of nothing",
        {"autoscaling": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 0}},
        "spec.autoscaling.targetCPUUtilizationPercentage",
        "greater than or equal to 1",
    ),
    Refusal(
        "cpu in words", _resources(requests={"cpu": "one"}), "spec.resources.requests.cpu", "should match"
    ),
    Refusal(
        "negative cpu",
        _resources(requests={"cpu": -1}),
        "spec.resources.requests.cpu",
        "-1: expected 1m",
    ),
    Refusal(
        "no cpu at all",
        _resources(requests={"cpu": "0"}),
        "spec.resources.requests.cpu",
        '"0": expected 1m',
    ),
    Refusal(
        "a whole data centre", _resources(limits={"cpu": 1000}), "spec.resources.limits.cpu", "1000: expected"
    ),
    Refusal(
        "memory in thousandths",
        _resources(limits={"memory": "256m"}),
        "spec.resources.limits.memory",
        '"256m": expected',
    ),
    Refusal(
        "memory in bytes by mistake",
        _resources(requests={"memory": 256}),
        "spec.resources.requests.memory",
        "256: expected",
    ),
    Refusal(
        "memory in Kibi", _resources(limits={"memory": "1ki"}), "spec.resources.limits.memory", "should match"
    ),
    Refusal(
        "memory request above limit",
        _resources(requests={"memory": "1Gi"}, limits={"memory": "512Mi"}),
        "spec.resources.requests.memory",
        "found requests.memory 1Gi, expected at most limits.memory, which is 512Mi",
    ),
    Refusal(
        "memory request above the default limit",
        _resources(requests={"memory": "1Gi"}),
        "spec.resources.requests.memory",
        "which is 256Mi",
    ),
    Refusal(
        "cpu request above limit, in different units",
        _resources(requests={"cpu": 1}, limits={"cpu": "999m"}),
        "spec.resources.requests.cpu",
        "found requests.cpu 1, expected at most limits.cpu, which is 999m",
    ),
    Refusal("label key with space", {"nodeSelector": {"a b": "c"}}, "spec.nodeSelector", "found a key"),
    Refusal("label value", {"nodeSelector": {"a": "-"}}, "spec.nodeSelector", '"-": expected a label value'),
    Refusal(
        "label value as number", {"nodeSelector": {"a": 1}}, "spec.nodeSelector.a", "must be of type string"
    ),
    Refusal(
        "too many labels",
        {"nodeSelector": {f"k{n}": "v" for n in range(17)}},
        "spec.nodeSelector",
        "at most 16",
    ),
    Refusal(
        "toleration value that cannot matter",
        _toleration(key="a", operator="Exists", value="b"),
        "spec.tolerations[0].value",
        "found a value with operator Exists, expected none",
    ),
    Refusal("toleration without key", _toleration(value="b"), "spec.tolerations[0].key", "expected a key"),
    Refusal(
        "unknown effect", _toleration(key="a", effect="Never"), "spec.tolerations[0].effect", '"NoExecute"'
    ),
    Refusal(
        "seconds without eviction",
        _toleration(key="a", value="b", effect="NoSchedule", tolerationSeconds=5),
        "spec.tolerations[0].tolerationSeconds",
        "found 5 with effect 'NoSchedule', expected effect NoExecute",
    ),
    Refusal(
        "variable of the operator", _env("IRIS_MODEL_NAME"), "spec.env[0].name", '"IRIS_MODEL_NAME": expected'
    ),
    Refusal("variable with dash", _env("LOG-LEVEL"), "spec.env[0].name", '"LOG-LEVEL": expected letters'),
    Refusal("variable from a digit on", _env("1ST"), "spec.env[0].name", "not beginning with a digit"),
    Refusal("variable as number", _env("WORKERS", 4), "spec.env[0].value", "must be of type string"),
    Refusal("variable without value", {"env": [{"name": "A"}]}, "spec.env[0].value", "Required value"),
    Refusal(
        "variable twice", {"env": [{"name": "A", "value": v} for v in "ab"]}, "spec.env[1]", "Duplicate value"
    ),
    Refusal("unknown level", {"server": {"logLevel": "info"}}, "spec.server.logLevel", '"Info"'),
    Refusal("route of another kind", _route(type="Gateway"), "spec.route.type", '"Ingress"'),
    Refusal(
        "wildcard host",
        _route(host="*.two.inc"),
        "spec.route.host",
        '"*.two.inc": expected a host name',
    ),
    Refusal(
        "host with scheme", _route(host="http://iris.two.inc"), "spec.route.host", "without wildcard, port or"
    ),
    Refusal(
        "host with port", _route(host="iris.two.inc:80"), "spec.route.host", '"iris.two.inc:80": expected'
    ),
    Refusal("host in capitals", _route(host="Iris.two.inc"), "spec.route.host", "in lower case"),
    Refusal("address as host", _route(host="192.0.2.1"), "spec.route.host", '"192.0.2.1": expected'),
    Refusal("empty host", _route(host=""), "spec.route.host", '"": expected a host name'),
    Refusal("host label too long", _route(host="a" * 64 + ".inc"), "spec.route.host", "expected a host name"),
    Refusal(
        "host ends with dot", _route(host="iris.two.inc."), "spec.route.host", '"iris.two.inc.": expected'
    ),
    Refusal("relative path", _route(path="iris"), "spec.route.path", '"iris": expected a path that begins'),
    Refusal("path with empty segment", _route(path="/a//b"), "spec.route.path", "without '//'"),
    Refusal("path that climbs", _route(path="/a/../b"), "spec.route.path", '"/a/../b": expected'),
    Refusal("path that ends climbing", _route(path="/a/.."), "spec.route.path", '"/a/..": expected'),
    Refusal("path with dot", _route(path="/./a"), "spec.route.path", '"/./a": expected'),
    Refusal("path with query", _route(path="/a?b=c"), "spec.route.path", "query or fragment"),
    Refusal("path with fragment", _route(path="/a#b"), "spec.route.path", "query or fragment"),
    Refusal("path with escape", _route(path="/a%2fb"), "spec.route.path", '"/a%2fb": expected'),
    Refusal("class no name", _route(className="Traefik!"), "spec.route.className", '"Traefik!": expected'),
    Refusal(
        "certificate without host",
        _route(tlsSecretName="iris-tls"),
        "spec.route.tlsSecretName",
        "found no host beside it, expected spec.route.host too",
    ),
    Refusal(
        "annotation of the operator",
        _route(annotations={"serving.two.inc/intent": "x"}),
        "spec.route.annotations",
        "expected another prefix",
    ),
    Refusal(
        "annotation key", _route(annotations={"": "x"}), "spec.route.annotations", "found a key that is empty"
    ),
    Refusal(
        "folder that climbs",
        {"monitoring": {"dashboard": {"folder": "../etc"}}},
        "spec.monitoring.dashboard.folder",
        '"../etc": expected',
    ),
    Refusal(
        "dashboard maybe",
        {"monitoring": {"dashboard": {"enabled": "yes"}}},
        "spec.monitoring.dashboard.enabled",
        "must be of type boolean",
    ),
    Refusal("no patience", {"progressDeadlineSeconds": 29}, "spec.progressDeadlineSeconds", "or equal to 30"),
    Refusal(
        "for ever", {"progressDeadlineSeconds": 86401}, "spec.progressDeadlineSeconds", "or equal to 86400"
    ),
    Refusal("suspended as text", {"suspend": "true"}, "spec.suspend", "must be of type boolean"),
    Refusal("misspelled field", {"replica": 3}, "spec.replica", "unknown field"),
    Refusal("misspelled nested field", _image(tag="1.4.0"), "spec.image.tag", "unknown field"),
)
