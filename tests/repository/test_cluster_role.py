"""The operator's ClusterRole gives what the code asks for: a new child kind without its rule fails here."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator import children
from iris_operator.runtime import resync

MANIFESTS: Final = Path(__file__).parents[2] / "operator" / "manifests"
CHILD_VERBS: Final = {"get", "list", "watch", "create", "patch", "delete"}


def rules(file: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load((MANIFESTS / file).read_text("utf-8"))["rules"])


def granted(group: str, resource: str) -> set[str]:
    """Every verb that the ClusterRole gives on a resource."""
    return {
        verb
        for rule in rules("cluster-role.yaml")
        if group in rule["apiGroups"] and resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("kind", children.KINDS, ids=lambda kind: kind.name)
def test_the_cluster_role_has_the_verbs_that_applying_and_deleting_a_child_need(kind: Kind) -> None:
    found = granted(kind.group, kind.plural)

    assert found == CHILD_VERBS, f"operator/manifests/cluster-role.yaml: {kind.plural} in {kind.group!r}"


@pytest.mark.parametrize("kind", [kind for kind, _ in resync.WATCHED], ids=lambda kind: kind.name)
def test_the_cluster_role_allows_list_and_watch_of_every_watched_kind(kind: Kind) -> None:
    assert {"list", "watch"} <= granted(kind.group, kind.plural)


@pytest.mark.parametrize(
    ("kind", "subresource", "verbs"),
    [
        (kinds.IRIS_MODEL, "", {"get", "list", "watch"}),
        (kinds.IRIS_MODEL, "/status", {"patch"}),
        (kinds.POD, "", {"list", "watch"}),
        (kinds.REPLICA_SET, "", {"list", "watch"}),
        (kinds.EVENT, "", {"create"}),
        (kinds.KUSTOMIZATION, "", {"get"}),
        (kinds.INGRESS_CLASS, "", {"get"}),
        (kinds.GATEWAY, "", {"get"}),
        (kinds.GATEWAY_CLASS, "", {"get"}),
    ],
    ids=[
        "the spec is the user's",
        "status",
        "pods",
        "replica sets",
        "events",
        "Flux",
        "route classes",
        "gateways",
        "gateway classes",
    ],
)
def test_the_cluster_role_has_no_verb_that_is_not_used(kind: Kind, subresource: str, verbs: set[str]) -> None:
    assert granted(kind.group, kind.plural + subresource) == verbs


def test_the_cluster_role_has_no_wildcard() -> None:
    for rule in rules("cluster-role.yaml") + rules("role.yaml"):
        assert "*" not in {*rule["apiGroups"], *rule["resources"], *rule["verbs"]}


def test_the_cluster_role_has_no_resource_that_the_code_does_not_use() -> None:
    known = {(kind.group, kind.plural) for kind, _ in resync.WATCHED} | {
        (kinds.EVENT.group, kinds.EVENT.plural),
        (kinds.KUSTOMIZATION.group, kinds.KUSTOMIZATION.plural),
        (kinds.INGRESS_CLASS.group, kinds.INGRESS_CLASS.plural),
        (kinds.GATEWAY.group, kinds.GATEWAY.plural),
        (kinds.GATEWAY_CLASS.group, kinds.GATEWAY_CLASS.plural),
        (kinds.IRIS_MODEL.group, "irismodels/status"),
        ("apiextensions.k8s.io", "customresourcedefinitions"),  # Kopf's own
    }

    given = {
        (group, resource)
        for rule in rules("cluster-role.yaml")
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert given == known


def test_the_kustomization_lists_every_manifest() -> None:
    listed = yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text("utf-8"))["resources"]

    assert set(listed) == {file.name for file in MANIFESTS.glob("*.yaml")} - {"kustomization.yaml"}
