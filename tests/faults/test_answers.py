"""What played pods count of their predictions, read as the operator reads it; without any cluster."""

import httpx
from iris_operator.observe import pod_metrics, traffic
from iris_operator.observe.traffic import Traffic

from tests.faults import answers
from tests.faults.answers import Answers
from tests.harness.kubernetes import Manifest


def pod(version: str) -> Manifest:
    return {
        "metadata": {"uid": version, "labels": {"app.kubernetes.io/instance": "iris"}},
        "spec": {"containers": [{"image": f"iris-server:{version}"}]},
    }


async def counted(client: httpx.AsyncClient, address: str, predictions: int) -> Traffic:
    for _ in range(predictions):
        await client.post(f"http://{address}:8000/api/v1/predict", json={})
    page = await client.get(f"http://{address}:8000/metrics")
    return traffic.read(pod_metrics.samples(page.text), milliseconds=100)


async def test_each_pod_counts_its_own_predictions_and_one_version_fails_them_all() -> None:
    async with Answers() as pods, httpx.AsyncClient(trust_env=False) as client:
        await pods.provide(2)
        good, bad = (pods.serving(pod(version))["podIP"] for version in ("1.1.0", answers.FAILING))

        assert await counted(client, good, 2) == Traffic(requests=2)
        assert await counted(client, bad, 3) == Traffic(requests=3, failed=3)
