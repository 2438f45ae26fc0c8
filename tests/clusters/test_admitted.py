"""What Git declares for a cluster is admitted by a real API server with Flux's CRDs, field by field."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.charts.conftest import helm, render
from tests.clusters import declared
from tests.harness.kubernetes import Refused

if TYPE_CHECKING:
    from tests.charts.conftest import Render
    from tests.harness.kubernetes import Cluster

pytestmark = pytest.mark.cluster
__all__ = ["helm", "render"]  # fixtures

_CI = sorted((declared.ROOT / "charts").glob("*/ci/*-values.yaml"))
_EACH = pytest.mark.parametrize("name", declared.NAMES)


async def _refused(cluster: "Cluster", manifests: tuple[dict[str, Any], ...]) -> dict[str, str]:
    """Object to the API server's reason; namespaces are made, the rest is only tried."""
    refusals = {}
    for manifest in manifests:
        metadata = manifest["metadata"]
        try:
            if manifest["kind"] == "Namespace":
                await cluster.apply(manifest)
            else:
                namespace = metadata.get("namespace", "")
                await cluster.create(manifest, namespace=namespace, dry_run=True)
        except Refused as refusal:
            if refusal.reason != "AlreadyExists":
                refusals[f"{manifest['kind']} {metadata['name']}"] = refusal.message
    return refusals


@pytest.fixture(autouse=True)
async def flux_system(whole: "Cluster") -> None:
    """What is there before Flux applies anything."""
    await whole.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}})


@_EACH
async def test_every_flux_object_of_a_cluster_is_admitted(whole: "Cluster", name: str) -> None:
    assert await _refused(whole, declared.built(declared.CLUSTERS / name)) == {}


@_EACH
async def test_every_object_of_the_cluster_folders_is_admitted(whole: "Cluster", name: str) -> None:
    for step in declared.steps(name):
        assert await _refused(whole, declared.content(name, step)) == {}, step


@pytest.mark.parametrize("values", _CI, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
async def test_whatever_a_chart_renders_is_admitted(whole: "Cluster", render: "Render", values: Path) -> None:
    """Also its ServiceMonitor and PrometheusRules, which plain Kubernetes does not know."""
    for name in ("iris", "iris-canary", "iris-system"):
        await whole.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    assert await _refused(whole, tuple(render(values.parts[-3], files=(values,)))) == {}


async def test_a_misspelt_field_of_a_flux_object_would_be_seen(whole: "Cluster") -> None:
    """What the two above rest on."""
    step = declared.steps("dev")["models"]
    wrong = {**step, "spec": {**step["spec"], "dependOn": []}}

    [message] = (await _refused(whole, (wrong,))).values()

    assert 'unknown field "spec.dependOn"' in message
