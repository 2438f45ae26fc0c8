"""Which IrisModels the real API server accepts; what it refuses, it names by field and in plain words."""

from collections.abc import AsyncIterator

import pytest
from iris_local_cluster.api_server import ApiServer

from tests.crds.access_refusals import ACCESS
from tests.crds.artifact_refusals import ARTIFACT
from tests.crds.manifests import model
from tests.crds.metadata_refusals import METADATA
from tests.crds.placement_refusals import PLACEMENT
from tests.crds.refusals import Refusal
from tests.crds.rollout_refusals import ROLLOUT
from tests.crds.verify_refusals import VERIFY
from tests.crds.workload_refusals import WORKLOAD
from tests.harness import kubernetes

pytestmark = pytest.mark.cluster


@pytest.fixture
async def visitor(api_server: ApiServer) -> AsyncIterator[kubernetes.Cluster]:
    """For tests that store nothing, and so need no namespace of their own."""
    async with kubernetes.client_of(api_server.kubeconfig) as client:
        yield kubernetes.Cluster(client)


@pytest.mark.parametrize(
    "refusal",
    [*WORKLOAD, *ARTIFACT, *ACCESS, *VERIFY, *PLACEMENT, *METADATA, *ROLLOUT],
    ids=lambda refusal: refusal.mistake.replace(" ", "-"),
)
async def test_the_api_server_refuses_and_names_the_field(
    visitor: kubernetes.Cluster, refusal: Refusal
) -> None:
    with pytest.raises(kubernetes.Refused) as caught:
        await visitor.create(model(**refusal.spec), dry_run=True)

    assert refusal.field in caught.value.message
    assert refusal.says in caught.value.message


@pytest.mark.parametrize("name", ["Iris", "1ris", "iris.two", "i" * 53, "iris-", "iris-canary"])
async def test_the_api_server_refuses_a_name_that_children_could_not_carry(
    visitor: kubernetes.Cluster, name: str
) -> None:
    with pytest.raises(kubernetes.Refused, match=r"metadata\.name") as caught:
        await visitor.create(model(name), dry_run=True)

    assert caught.value.code == 422


async def test_the_api_server_refuses_a_model_without_spec(visitor: kubernetes.Cluster) -> None:
    bare = {key: value for key, value in model().items() if key != "spec"}

    with pytest.raises(kubernetes.Refused, match="spec: Required value"):
        await visitor.create(bare, dry_run=True)


async def test_the_api_server_reports_a_mistake_once_in_plain_words(visitor: kubernetes.Cluster) -> None:
    with pytest.raises(kubernetes.Refused) as caught:
        await visitor.create(model(version="1.4.0!"), dry_run=True)

    field, expected = caught.value.message.split('"1.4.0!": ')
    assert field == 'IrisModel.serving.two.inc "iris" is invalid: spec.version: Invalid value: '
    assert expected.startswith("expected letters, digits, '.', '_' or '-', beginning and ending with")
    assert expected.endswith("such as 1.4.0")


async def test_the_api_server_refuses_a_bad_change_and_keeps_the_good_spec(
    cluster: kubernetes.Cluster,
) -> None:
    await cluster.create(model())

    with pytest.raises(kubernetes.Refused, match=r"spec\.replicas"):
        await cluster.patch("IrisModel", "iris", {"spec": {"replicas": 1000}})

    assert (await cluster.get("IrisModel", "iris"))["spec"]["replicas"] == 2


@pytest.mark.parametrize("version", ["1", "1.4.0", "v2", "1.4.0-pr12.3", "a" * 63])
@pytest.mark.parametrize("name", ["i", "i" * 52])
async def test_the_api_server_accepts_versions_and_names_up_to_their_bounds(
    visitor: kubernetes.Cluster, name: str, version: str
) -> None:
    stored = await visitor.create(model(name, version=version), dry_run=True)

    assert stored["spec"]["version"] == version


@pytest.mark.parametrize("host", ["iris", "a.b", "1.iris.inc", "x" * 63 + ".inc", "xn--bcher-kva.example"])
async def test_the_api_server_accepts_host_names(visitor: kubernetes.Cluster, host: str) -> None:
    stored = await visitor.create(model(route={"host": host}), dry_run=True)

    assert stored["spec"]["route"]["host"] == host


@pytest.mark.parametrize("steps", [[1], [5, 20, 50], [9, 100]])
async def test_the_api_server_accepts_steps_on_a_gateway(
    visitor: kubernetes.Cluster, steps: list[int]
) -> None:
    route = {"type": "Gateway", "gateway": {"name": "public", "namespace": "gateways"}}

    stored = await visitor.create(model(route=route, rollout={"steps": steps}), dry_run=True)

    assert stored["spec"]["rollout"]["steps"] == steps


@pytest.mark.parametrize(
    "repository", ["iris", "localhost:5000/iris", "a.b-c/d__e/f--g", "registry:5000/a/b"]
)
async def test_the_api_server_accepts_repositories(visitor: kubernetes.Cluster, repository: str) -> None:
    stored = await visitor.create(model(image={"repository": repository}), dry_run=True)

    assert stored["spec"]["image"]["repository"] == repository
