"""Whose an object is, and whether it still carries what we declared."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_operator import children
from iris_operator.observe import ownership

from tests.operator import bodies

DECLARED: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"replicas": st.integers(0, 100)},
    optional={
        "autoscaling": st.just({"maxReplicas": 7}),
        "route": st.sampled_from([{"host": "a.example", "className": "traefik"}, {"path": "/models"}]),
    },
)
MODELS = DECLARED.map(lambda declared: bodies.model(**declared))
MANIFESTS = MODELS.flatmap(lambda model: st.sampled_from([body for _, body in bodies.built(model)]))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value that is neither map nor list."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = False
    for key, below in items:
        found = True
        yield from leaves(below, (*path, key))
    if not found:
        yield path


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    changed = copy.deepcopy(value)
    target = changed
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = new
    return changed


def with_defaults(value: Any) -> Any:
    """As a server answers: a field more in every object but a selector."""
    if isinstance(value, dict):
        kept = {
            name: below if name in {"selector", "matchLabels", "nodeSelector"} else with_defaults(below)
            for name, below in value.items()
        }
        return {**kept, "zzDefaulted": {"by": "it"}}
    if isinstance(value, list):
        return [with_defaults(item) for item in value]
    return value


@given(MANIFESTS)
def test_an_object_holds_what_it_is(manifest: dict[str, Any]) -> None:
    assert ownership.holds(json.loads(json.dumps(manifest)), manifest)


@given(MANIFESTS)
def test_an_object_is_as_declared_after_the_server_added_defaults_everywhere(
    manifest: dict[str, Any],
) -> None:
    live = with_defaults(manifest)

    assert ownership.holds(live, manifest)


@given(st.data(), MANIFESTS)
def test_an_object_is_not_as_declared_when_any_value_was_changed(
    data: st.DataObject, manifest: dict[str, Any]
) -> None:
    path = data.draw(st.sampled_from(sorted(leaves(manifest), key=str)))

    live = replaced(manifest, path, "changed by somebody")

    assert not ownership.holds(live, manifest)


@given(st.data(), MANIFESTS)
def test_an_object_is_not_as_declared_when_any_value_was_removed(
    data: st.DataObject, manifest: dict[str, Any]
) -> None:
    path = data.draw(st.sampled_from(sorted(leaves(manifest), key=str)))
    live = copy.deepcopy(manifest)
    parent = live
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]

    assert not ownership.holds(live, manifest)


@pytest.mark.parametrize("name", ["backendRefs", "parentRefs"])
def test_an_object_is_not_as_declared_when_somebody_added_a_backend_or_parent(name: str) -> None:
    """It would get a part of the requests."""
    declared = {name: [{"name": "iris", "weight": 1}]}
    live = {name: [{"name": "iris", "weight": 1, "group": ""}, {"name": "theirs", "weight": 1}]}

    assert not ownership.holds(live, declared)
    assert ownership.holds({name: live[name][:1]}, declared)


@pytest.mark.parametrize(
    ("live", "declared"),
    [
        ({"limits": {"cpu": "500m"}}, {"limits": {"cpu": "0.5"}}),
        ({"requests": {"memory": "1Gi"}}, {"requests": {"memory": "1024Mi"}}),
        ({"limits": {"cpu": "2"}}, {"limits": {"cpu": 2}}),
        ({"requests": {"cpu": "2m"}}, {"requests": {"cpu": "0.0015"}}),
        ({}, {"a": ""}),
        ({}, {"a": None}),
        ({}, {"a": {}}),
        ({}, {"a": []}),
        ({"env": [{"name": "A", "value": "1"}, {"name": "B"}]}, {"env": [{"name": "A", "value": "1"}]}),
        ({"env": [{"name": "B"}, {"name": "A"}]}, {"env": [{"name": "A"}, {"name": "B"}]}),
    ],
    ids=[
        "thousandths",
        "binary suffix",
        "a whole number",
        "thousandths rounded up, as the API server stores them",
        "empty text left out",
        "null left out",
        "empty map left out",
        "empty list left out",
        "somebody's own item",
        "another order of named items",
    ],
)
def test_an_object_with_a_value_of_the_same_meaning_is_as_declared(live: Any, declared: Any) -> None:
    assert ownership.holds(live, declared)


@pytest.mark.parametrize(
    ("live", "declared"),
    [
        ({"limits": {"cpu": "501m"}}, {"limits": {"cpu": "0.5"}}),
        ({"requests": {"cpu": "1m"}}, {"requests": {"cpu": "0.0015"}}),
        ({"image": "0.5"}, {"image": "500m"}),
        ({}, {"a": 0}),
        ({}, {"a": False}),
        ({"selector": {"a": "1", "b": "2"}}, {"selector": {"a": "1"}}),
        ({"matchLabels": {"a": "1", "b": "2"}}, {"matchLabels": {"a": "1"}}),
        ({"drop": ["ALL", "NET_RAW"]}, {"drop": ["ALL"]}),
        ({"drop": []}, {"drop": ["ALL"]}),
        ({"drop": "ALL"}, {"drop": ["ALL"]}),
        ({"a": "text"}, {"a": {"b": 1}}),
        ({"env": [{"name": "B"}]}, {"env": [{"name": "A"}]}),
    ],
    ids=[
        "another quantity",
        "thousandths rounded down",
        "equal quantities where none is meant",
        "zero is a value",
        "false is a value",
        "a selector that grew",
        "a label selector that grew",
        "an atomic list that grew",
        "an atomic list emptied",
        "text for a list",
        "text for a map",
        "another name",
    ],
)
def test_an_object_with_a_value_of_another_meaning_is_not_as_declared(live: Any, declared: Any) -> None:
    assert not ownership.holds(live, declared)


def test_a_metric_that_somebody_added_to_the_autoscaler_is_noticed() -> None:
    """Its metrics are one value to server-side apply: who applies next takes the addition away."""
    manifest = dict(bodies.built(bodies.model(autoscaling={"maxReplicas": 3})))[
        children.horizontal_pod_autoscaler.KIND
    ]
    live = copy.deepcopy(manifest)
    live["spec"]["metrics"].append({"type": "Pods", "pods": {}})

    assert not ownership.holds(live, manifest)


def test_a_manifest_is_stamped_with_the_digest_of_all_of_it() -> None:
    manifest = children.service.build(bodies.model())
    other = children.service.build(bodies.model(version="1.5.0"))

    stamped = ownership.stamp(manifest)

    assert stamped == ownership.stamp(copy.deepcopy(manifest))
    assert ownership.holds(stamped, manifest)
    assert not ownership.holds(ownership.stamp(other), stamped)
    assert ownership.INTENT not in manifest["metadata"].get("annotations", {})


def test_a_field_that_is_not_declared_any_more_is_noticed() -> None:
    before = ownership.stamp(children.service.build(bodies.model()))
    less = children.service.build(bodies.model())
    del less["spec"]["ports"][0]["appProtocol"]

    assert ownership.holds(before, less)
    assert not ownership.holds(before, ownership.stamp(less))


def reference(**changes: Any) -> dict[str, Any]:
    known = {"apiVersion": "serving.two.inc/v1alpha1", "kind": "IrisModel", "name": "iris"}
    return {**known, "uid": "uid-of-iris-iris", "controller": True, **changes}


LABELLED = {"labels": {"app.kubernetes.io/managed-by": "iris-operator"}}
STAMPED = {"annotations": {ownership.INTENT: "0123456789abcdef"}}


@pytest.mark.parametrize(
    ("metadata", "whose"),
    [
        ({"ownerReferences": [reference()]}, "ours"),
        ({"ownerReferences": [reference(apiVersion="serving.two.inc/v1")]}, "ours"),
        ({"ownerReferences": [reference(uid="another")]}, "former"),
        ({"ownerReferences": [reference(uid="another", name="roses")]}, "foreign"),
        ({"ownerReferences": [reference(uid="x", kind="Deployment", apiVersion="apps/v1")]}, "foreign"),
        ({"ownerReferences": [reference(controller=False)]}, "foreign"),
        ({**LABELLED, **STAMPED}, "ours"),
        (LABELLED, "foreign"),
        (STAMPED, "foreign"),
        ({}, "foreign"),
        ({"ownerReferences": [reference(uid="x", kind="Helm", apiVersion="h/v1")], **LABELLED, **STAMPED},
         "foreign"),
    ],
    ids=[
        "our uid",
        "our uid, a later API version",
        "a deleted model of our name",
        "another model",
        "a Deployment",
        "owned, but not controlled",
        "stripped of its owner",
        "only labelled",
        "only stamped",
        "bare",
        "controlled by somebody else, with our marks",
    ],
)  # fmt: skip
def test_the_owner_of_an_object_is_found(metadata: dict[str, Any], whose: str) -> None:
    body = {"metadata": {"name": "iris", **metadata}}

    assert ownership.owner(body, bodies.model()) == whose
