"""Specs of IrisModels made from the CRD's own schema: every field and bound, now and then a wrong value.

The regular expressions of the CEL rules make the strings, so a new field or a moved bound is walked without a
change here. Bounded only by what this machine can play: few pods, known versions.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import hypothesis
from hypothesis import strategies as st

from tests.crds.schema import SPEC

VERSIONS: Final = ("1.0.0", "1.1.0", "1.2.0")
_PODS: Final = 2  # as many numbers of pods, from 2 on
_TRIED: Final = 4
_WRONG: Final = st.sampled_from(
    [None, -1, 10**12, "", " ", "UPPER_case!", "-", True, [], {}, ["x"], {"x": 1}]
)
# Whether it is CPU, and whether it is a request: any request fits below any limit.
_QUANTITIES: Final[Mapping[tuple[bool, bool], tuple[str | int, ...]]] = {
    (True, True): ("1m", "100m", "0.25", "1", 1),
    (True, False): ("1", "1500m", "2.0", 4),
    (False, True): ("32Mi", "64M", "131072Ki", 134217728),
    (False, False): ("128Mi", "256M", "1Gi", 536870912),
}
# A rollout ends as its comparison does; tests/operator walks through rollouts. What is played signs nothing
# and mounts nothing.
_NOT_WALKED: Final = ("artifact", "rollout", "verify")


def _without(schema: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    kept = {name: field for name, field in schema["properties"].items() if name not in names}
    return {**schema, "properties": kept}


_WALKED: Final = _without(SPEC, _NOT_WALKED)
_WALKED["properties"]["image"] = _without(SPEC["properties"]["image"], ("tag",))
_RULE: Final = re.compile(r"^\s*(?:!size\(self\) \|\| )?self\.matches\('(?P<pattern>[^']*)'\)")


def specs(seed: int, count: int) -> list[dict[str, Any]]:
    """That many different ones, the same for the same seed; about every fourth holds a wrong value."""
    found: dict[str, dict[str, Any]] = {}

    @hypothesis.seed(seed)
    @hypothesis.settings(max_examples=_TRIED * count, database=None, derandomize=False, deadline=None)
    @hypothesis.given(st.one_of(*[_object(_WALKED, wrong=False)] * 3, _object(_WALKED, wrong=True)))
    def collect(spec: dict[str, Any]) -> None:
        made = _playable(_consistent(spec))
        found.setdefault(json.dumps(made, sort_keys=True), made)

    collect()
    return list(found.values())[-count:]  # it begins with the simplest


def good(spec: Mapping[str, Any], version: str) -> dict[str, Any]:
    """As near to this spec as can serve on a machine where only some versions do."""
    image = {name: value for name, value in spec.get("image", {}).items() if name != "digest"}
    return {**spec, "version": version, "image": image, "replicas": 2, "autoscaling": None, "suspend": False}


def _consistent(spec: dict[str, Any]) -> dict[str, Any]:
    """What rules across fields ask for, where nothing else is wrong: else hardly any spec would be taken."""
    scaling, route = spec.get("autoscaling"), spec.get("route")
    if isinstance(scaling, dict) and isinstance(scaling.get("maxReplicas"), int):
        scaling.pop("minReplicas", None)
        scaling["maxReplicas"] = max(2, scaling["maxReplicas"])
    if isinstance(route, dict) and "host" not in route:
        route.pop("tlsSecretName", None)
    tolerations = spec.get("tolerations")
    for toleration in tolerations if isinstance(tolerations, list) else ():
        if isinstance(toleration, dict):
            toleration.pop("value" if toleration.get("operator") == "Exists" else "", None)
            toleration.setdefault("key", "given.test/key")
            if toleration.get("effect") != "NoExecute":
                toleration.pop("tolerationSeconds", None)
    return spec


def _playable(spec: dict[str, Any]) -> dict[str, Any]:
    """Not more pods than this machine has addresses for; versions that the played kubelet knows, mostly."""
    few = dict(spec)
    for where in (few, few.get("autoscaling")):
        for name in ("replicas", "maxReplicas"):
            if isinstance(where, dict) and isinstance(where.get(name), int) and 0 < where[name] <= 100:
                where[name] = 2 + where[name] % _PODS
    version = few.get("version")
    if isinstance(version, str) and re.fullmatch(r"[\w.-]+", version):
        few["version"] = VERSIONS[len(version) % len(VERSIONS)]
    return few


def _value(schema: Mapping[str, Any], *, wrong: bool) -> st.SearchStrategy[Any]:
    right = _right(schema, wrong=wrong)
    return st.one_of(*[right] * 9, _WRONG) if wrong else right


def _right(schema: Mapping[str, Any], *, wrong: bool) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("x-kubernetes-int-or-string"):
        return st.sampled_from(
            _QUANTITIES["CPU" in schema["description"], "reserved" in schema["description"]]
        )
    kind = schema["type"]
    if kind == "object":
        return _object(schema, wrong=wrong)
    if kind == "array":
        items = _value(schema["items"], wrong=wrong)
        return st.lists(items, max_size=min(3, schema["maxItems"]), unique_by=_identity)
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        return st.integers(schema["minimum"], schema["maximum"])
    return _text(schema)


def _object(schema: Mapping[str, Any], *, wrong: bool) -> st.SearchStrategy[dict[str, Any]]:
    if "additionalProperties" in schema:
        keys = st.from_regex(r"[a-z]{1,8}\.test/[a-z]{1,8}", fullmatch=True)
        return st.dictionaries(keys, _value(schema["additionalProperties"], wrong=wrong), max_size=2)
    fields = {name: _value(field, wrong=wrong) for name, field in schema.get("properties", {}).items()}
    needed = {name: fields.pop(name) for name in schema.get("required", ())}
    return st.fixed_dictionaries(needed, optional=fields)


def _text(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    longest = min(schema.get("maxLength", 20), 40)
    patterns = [schema["pattern"]] if "pattern" in schema else []
    for rule in schema.get("x-kubernetes-validations", ()):
        patterns += [found["pattern"] for found in [_RULE.match(rule["rule"])] if found]
    if not patterns:
        return st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=min(longest, 12))
    alphabet = st.characters(min_codepoint=33, max_codepoint=126)
    made = st.from_regex(re.compile(patterns[0], re.ASCII), fullmatch=True, alphabet=alphabet)
    return made.filter(lambda text: len(text) <= longest)


def _identity(item: Any) -> str:
    return str(item.get("name", item)) if isinstance(item, dict) else str(item)
