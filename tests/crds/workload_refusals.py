"""Mistakes in what the pods are: version, image, number, resources, environment."""

from typing import Any

from tests.crds.refusals import Refusal

_LONG = "1.000000000000000"
_DIGEST = "sha256:" + "0" * 64


def _image(**fields: Any) -> dict[str, Any]:
    return {"image": fields}


def _autoscaling(**fields: Any) -> dict[str, Any]:
    return {"autoscaling": fields}


def _resources(**fields: Any) -> dict[str, Any]:
    return {"resources": fields}


def _env(name: str, value: Any = "") -> dict[str, Any]:
    return {"env": [{"name": name, "value": value}]}


WORKLOAD = (
    Refusal("no version", {"version": None}, "spec.version", "Required value"),
    Refusal("empty version", {"version": ""}, "spec.version", '"": expected letters'),
    Refusal("version as number", {"version": 1.4}, "spec.version", 'must be of type string: "number"'),
    Refusal("version as whole number", {"version": 1}, "spec.version", 'must be of type string: "integer"'),
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
    Refusal("long repository", _image(repository="a" * 201), "spec.image.repository", "more than 200"),
    Refusal("long digest", _image(digest="sha256:" + "0" * 65), "spec.image.digest", "more than 71"),
    Refusal("misspelled nested field", _image(tags="1.4.0"), "spec.image.tags", "unknown field"),
    Refusal("negative replicas", {"replicas": -1}, "spec.replicas", "greater than or equal to 0"),
    Refusal("too many replicas", {"replicas": 101}, "spec.replicas", "less than or equal to 100"),
    Refusal("half a replica", {"replicas": 1.5}, "spec.replicas", "must be of type integer"),
    Refusal("replicas as text", {"replicas": "2"}, "spec.replicas", "must be of type integer"),
    Refusal(
        "fewest above most",
        _autoscaling(minReplicas=5, maxReplicas=3),
        "spec.autoscaling.minReplicas",
        "found minReplicas 5, expected at most maxReplicas, which is 3",
    ),
    Refusal(
        "default fewest above most",
        _autoscaling(maxReplicas=1),
        "spec.autoscaling.minReplicas",
        "found minReplicas 2, expected at most maxReplicas, which is 1",
    ),
    Refusal("no most", _autoscaling(minReplicas=1), "spec.autoscaling.maxReplicas", "Required value"),
    Refusal(
        "autoscaling to zero",
        _autoscaling(minReplicas=0, maxReplicas=3),
        "spec.autoscaling.minReplicas",
        "greater than or equal to 1",
    ),
    Refusal(
        "target of nothing",
        _autoscaling(maxReplicas=3, targetCPUUtilizationPercentage=0),
        "spec.autoscaling.targetCPUUtilizationPercentage",
        "greater than or equal to 1",
    ),
    Refusal("most of none", _autoscaling(maxReplicas=0), "spec.autoscaling.maxReplicas", "or equal to 1"),
    Refusal("most of many", _autoscaling(maxReplicas=101), "spec.autoscaling.maxReplicas", "or equal to 100"),
    Refusal(
        "fewest of many",
        _autoscaling(minReplicas=101, maxReplicas=100),
        "spec.autoscaling.minReplicas",
        "or equal to 100",
    ),
    Refusal(
        "target of ten cores",
        _autoscaling(maxReplicas=3, targetCPUUtilizationPercentage=1001),
        "spec.autoscaling.targetCPUUtilizationPercentage",
        "or equal to 1000",
    ),
    Refusal(
        "cpu as number",
        _resources(requests={"cpu": 0.5}),
        "spec.resources.requests.cpu",
        'must be of type integer,string: "number"',
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
    Refusal(
        "cpu to atoms", _resources(requests={"cpu": _LONG}), "spec.resources.requests.cpu", "more than 16"
    ),
    Refusal(
        "cpu limit to atoms", _resources(limits={"cpu": _LONG}), "spec.resources.limits.cpu", "more than 16"
    ),
    Refusal(
        "memory to atoms",
        _resources(requests={"memory": _LONG}),
        "spec.resources.requests.memory",
        "more than 16",
    ),
    Refusal(
        "memory limit to atoms",
        _resources(limits={"memory": _LONG}),
        "spec.resources.limits.memory",
        "more than 16",
    ),
    Refusal(
        "cpu in exponents", _resources(limits={"cpu": "1e2"}), "spec.resources.limits.cpu", "should match"
    ),
    Refusal(
        "memory in exponents",
        _resources(requests={"memory": "1e8"}),
        "spec.resources.requests.memory",
        "should match",
    ),
    Refusal(
        "variable of the operator", _env("IRIS_MODEL_NAME"), "spec.env[0].name", '"IRIS_MODEL_NAME": expected'
    ),
    Refusal(
        "nearly a variable of the user",
        _env("IRIS_CORS_ORIGINS_"),
        "spec.env[0].name",
        "without the prefix IRIS_, or IRIS_CORS_ORIGINS",
    ),
    Refusal("variable with dash", _env("LOG-LEVEL"), "spec.env[0].name", '"LOG-LEVEL": expected letters'),
    Refusal("variable from a digit on", _env("1ST"), "spec.env[0].name", "not beginning with a digit"),
    Refusal("variable as number", _env("WORKERS", 4), "spec.env[0].value", "must be of type string"),
    Refusal("variable without value", {"env": [{"name": "A"}]}, "spec.env[0].value", "Required value"),
    Refusal(
        "variable twice", {"env": [{"name": "A", "value": v} for v in "ab"]}, "spec.env[1]", "Duplicate value"
    ),
    Refusal("long variable", _env("A", "b" * 4097), "spec.env[0].value", "more than 4096"),
    Refusal("unknown fast path", {"server": {"fastPath": "On"}}, "spec.server.fastPath", '"Auto", "Off"'),
    Refusal("unknown pickle", {"server": {"pickle": "Off"}}, "spec.server.pickle", '"Allow", "Deny"'),
    Refusal("unknown level", {"server": {"logLevel": "info"}}, "spec.server.logLevel", '"Info"'),
)
