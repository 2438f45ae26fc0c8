"""The operator's rights are exactly what it calls: nothing refused, and nothing granted that it never uses.

It runs with those rights alone, by way of a proxy that writes down every call, through a life in which each
child is made, changed and pruned. A new call needs a rule, a new rule needs a place in that life.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from iris_api import kinds
from iris_operator import children

from tests.charts.conftest import helm, render
from tests.clusters import declared
from tests.harness import operator_process
from tests.harness.kubernetes import Cluster, Manifest, Refused, eventually
from tests.harness.proxy import Proxy

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

    from tests.charts.conftest import Render

pytestmark = pytest.mark.cluster
__all__ = ["helm", "render"]  # fixtures

Right = tuple[str, str, str]
"""Verb, API group, resource."""

_SYSTEM = "iris-system"
_OBJECTS = {"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
_METHODS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


# Without a namespace: no Role gives it, and the operator does without.
_OF_THE_CLUSTER = {("get", kind.group, kind.plural) for kind in (kinds.INGRESS_CLASS, kinds.GATEWAY_CLASS)}


class Recorder(Proxy):
    """Passes everything on, and keeps what was asked for."""

    def __init__(self, kubeconfig: Path) -> None:
        super().__init__(kubeconfig, kill=lambda: None)
        self.used: set[Right] = set()
        self.refused: set[Right] = set()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        right = asked(request)
        if right is not None:
            self.used.add(right)
        response = await super()._serve(request)
        if right is not None and response.status == web.HTTPForbidden.status_code:
            self.refused.add(right)
        if right is not None and right[0] == "patch" and response.status == web.HTTPCreated.status_code:
            self.used.add(("create", *right[1:]))
        return response


def asked(request: web.Request) -> Right | None:
    """As the API server's authorizer names it; None for what is no resource (versions, discovery)."""
    parts = request.path.strip("/").split("/")
    group, parts = ("", parts[2:]) if parts[0] == "api" else (parts[1] if len(parts) > 1 else "", parts[3:])
    if parts[:1] == ["namespaces"] and len(parts) > 2:
        parts = parts[2:]
    if not parts:
        return None
    resource, name, subresource = [*parts, "", ""][:3]
    verb = _METHODS.get(request.method) or ("get" if name else "list")
    if request.query.get("watch") in ("true", "1"):
        verb = "watch"
    return verb, group, f"{resource}/{subresource}" if subresource else resource


def granted(objects: list[Manifest]) -> set[Right]:
    """By every rule of the operator's own roles."""
    roles = [each for each in objects if each["kind"].endswith("Role") and not _for_users(each)]
    return {
        (verb, group, resource)
        for role in roles
        for rule in role["rules"]
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def _for_users(role: Manifest) -> bool:
    return str(role["metadata"]["name"]).startswith("irismodels-")


def manifests() -> list[Manifest]:
    """The plain manifests."""
    return [each for each in declared.built(declared.ROOT / "operator/manifests") if each["kind"] in _OBJECTS]


@pytest.fixture(params=["cluster", "namespace"])
def reach(request: pytest.FixtureRequest) -> str:
    """How far the rights of an installation go."""
    return str(request.param)


@pytest.fixture
def namespace(reach: str) -> str:
    return f"rights-in-{reach}"


@pytest.fixture
def objects(reach: str, render: "Render", namespace: str) -> list[Manifest]:
    """The rights that an installation gives."""
    if reach == "cluster":
        return manifests()
    rendered = render("iris-operator", values=f"watchNamespaces={{{namespace}}},userRoles=false")
    return [each for each in rendered if each["kind"] in _OBJECTS]


@pytest.fixture
async def cluster(whole: Cluster, objects: list[Manifest], namespace: str) -> AsyncIterator[Cluster]:
    """With the operator's account and rights, and a namespace for its models."""
    for name in (_SYSTEM, namespace):
        await whole.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for each in objects:
        await whole.apply(each, namespace=each["metadata"].get("namespace", ""))
    yield Cluster(whole.client, namespace)
    for each in objects:
        place = each["metadata"].get("namespace", "")
        await whole.delete(each["kind"], each["metadata"]["name"], namespace=place)
    with suppress(Refused):  # it never led
        await whole.delete("Lease", "iris-operator", namespace=_SYSTEM)


@asynccontextmanager
async def operator(kubeconfig: Path, folder: Path, namespaces: str) -> AsyncIterator[None]:
    """Started and ended in a thread: it needs the proxy meanwhile, which needs this one."""
    running = operator_process.running(
        kubeconfig, folder, namespaces=namespaces, IRIS_OPERATOR_LEASE_NAMESPACE=_SYSTEM
    )
    await asyncio.to_thread(running.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


async def live_a_whole_life(cluster: Cluster) -> None:
    """Every kind of child is made; then a copy of each, which nobody declared, is taken away."""
    model: dict[str, Any] = {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {"name": "iris", "labels": _applied_by_flux(cluster.namespace)},
        "spec": {
            "version": "1.0.0",
            "autoscaling": {"minReplicas": 2, "maxReplicas": 3},
            "route": {"host": "iris.test", "className": "nobody"},
        },
    }
    await cluster.apply(model)
    for kind in children.KINDS:
        if kind == kinds.HTTP_ROUTE:  # a route is of one type at a time
            continue
        made = partial(_named, cluster, kind.name, "iris")
        [listed] = await eventually(made, bool, within=30)
        await cluster.create(_copy(await cluster.get(kind.name, listed["metadata"]["name"])))
    gateway = {"name": "web", "namespace": cluster.namespace}
    listener = {"name": "web", "protocol": "HTTP", "port": 80}
    spec = {"gatewayClassName": "nobody", "listeners": [listener]}
    api = kinds.GATEWAY.api_version
    await cluster.apply({"apiVersion": api, "kind": "Gateway", "metadata": {"name": "web"}, "spec": spec})
    model["spec"]["route"] = {"type": "Gateway", "host": "iris.test", "gateway": gateway}
    await cluster.apply(model)
    await eventually(partial(_named, cluster, "HTTPRoute", "iris"), bool, within=30)
    await cluster.create(_copy(await cluster.get("HTTPRoute", "iris")))
    for kind in children.KINDS:
        copied = partial(_named, cluster, kind.name, "copied")
        await eventually(copied, lambda found: not found, within=30)
    await cluster.delete("IrisModel", "iris")


def _applied_by_flux(namespace: str) -> dict[str, str]:
    """By a Kustomization beside the model: one elsewhere may not be read by an operator of namespaces."""
    prefix = kinds.KUSTOMIZATION.group
    return {f"{prefix}/name": "models", f"{prefix}/namespace": namespace}


async def _named(cluster: Cluster, kind: str, name: str) -> list[Manifest]:
    """By the beginning of its name, which is all that children have in common."""
    return [each for each in await cluster.list(kind) if each["metadata"]["name"].startswith(name)]


def _copy(original: Manifest) -> dict[str, Any]:
    """What `kubectl get -o yaml`, another name and `kubectl apply` make of it."""
    kept = {key: original["metadata"][key] for key in ("labels", "annotations", "ownerReferences")}
    copied = {key: value for key, value in original.items() if key not in ("metadata", "status")}
    if "spec" in copied:
        ours = {"clusterIP", "clusterIPs"}
        copied["spec"] = {key: value for key, value in copied["spec"].items() if key not in ours}
    return {**copied, "metadata": {"name": "copied", **kept}}


async def test_the_operator_uses_every_right_that_it_has_and_lacks_none(
    whole_api: "ApiServer", cluster: Cluster, objects: list[Manifest], reach: str, tmp_path: Path
) -> None:
    watched = cluster.namespace if reach == "namespace" else ""
    own = whole_api.kubeconfig_of_service_account(_SYSTEM, "iris-operator")
    recorder, file = Recorder(own), tmp_path / "recorded"

    async with recorder, operator(recorder.write_kubeconfig(file), tmp_path, watched):
        await live_a_whole_life(cluster)

    expected = _OF_THE_CLUSTER if reach == "namespace" else set()
    assert recorder.refused == expected, "the operator asks for what no rule of its roles gives"
    assert granted(objects) - recorder.used == set(), (
        "granted and never used: remove it, or show its use here"
    )
    assert recorder.used - expected <= granted(objects)


def test_a_rule_that_nobody_needs_would_be_seen() -> None:
    """What the comparison rests on."""
    wide = {"kind": "ClusterRole", "metadata": {"name": "iris-operator"}}
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]

    assert granted([{**wide, "rules": rules}]) == {("get", "", "secrets")}
