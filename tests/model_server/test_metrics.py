"""Names and labels of the metrics: a contract with dashboards and alerts."""

import httpx
import pytest
from iris_model_server.protocols.openapi import FLOWER
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

from tests.model_server import artifacts

MODEL = {"model": "iris", "version": "1.4.0"}
CONTRACT = {
    "http_requests_total": {"method", "route", "http_status"},
    "http_request_duration_seconds": {"method", "route"},
    "http_requests_in_flight": set(),
    "inference_requests_total": {"model", "version", "status"},
    "inference_duration_seconds": {"model", "version"},
    "prediction_distribution_total": {"model", "version", "prediction_label"},
    "prediction_confidence": {"model", "version"},
    "feature_out_of_range_total": {"model", "version", "feature"},
    "feature_bucket_total": {"model", "version", "feature", "bucket"},
    "feature_bucket_training_share": {"model", "version", "feature", "bucket"},
    "model_info": {"model", "version", "digest"},
}
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def scrape(client: httpx.AsyncClient) -> Samples:
    text = (await client.get("/metrics")).text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[(name, frozenset(labels.items()))]


async def test_metrics_have_exactly_the_names_and_labels_of_the_contract(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/predict", json=FLOWER)

    found: dict[str, set[str]] = {}
    for name, labels in await scrape(client):
        base = name
        for suffix in ("_bucket", "_sum", "_count") if not name.startswith("feature_") else ():
            base = base.removesuffix(suffix)
        found.setdefault(base, set()).update({key for key, _ in labels} - {"le"})
    ours = {name: labels for name, labels in found.items() if not name.startswith(("process_", "python_"))}
    assert ours == CONTRACT


async def test_metrics_count_each_answer_by_route_template_and_status(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/predict", json=FLOWER)
    await client.post("/api/v1/predict", json={})
    await client.get("/api/v1/predict")
    await client.get("/one")
    await client.get("/two")

    samples = await scrape(client)
    predict = "/api/v1/predict"
    assert value(samples, "http_requests_total", method="POST", route=predict, http_status="200") == 1
    assert value(samples, "http_requests_total", method="POST", route=predict, http_status="422") == 1
    assert value(samples, "http_requests_total", method="GET", route=predict, http_status="405") == 1
    assert value(samples, "http_requests_total", method="GET", route="unmatched", http_status="404") == 2
    assert value(samples, "http_request_duration_seconds_count", method="POST", route=predict) == 2


async def test_invented_methods_make_one_series(client: httpx.AsyncClient) -> None:
    for number in range(5):
        await client.request(f"METHOD{number}", "/livez")

    samples = await scrape(client)
    assert value(samples, "http_requests_total", method="OTHER", route="/livez", http_status="405") == 5


async def test_metrics_count_calls_rows_and_confidence(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/predict", json=FLOWER)
    await client.post("/api/v1/predict", json={})
    await client.post("/api/v1/predict/batch", json={"rows": [entry["input"] for entry in artifacts.GOLDEN]})

    samples = await scrape(client)
    assert value(samples, "inference_requests_total", status="success", **MODEL) == 2
    assert value(samples, "inference_requests_total", status="invalid", **MODEL) == 1
    assert value(samples, "inference_duration_seconds_count", **MODEL) == 2
    counted = [
        value(samples, "prediction_distribution_total", prediction_label=name, **MODEL)
        for name in artifacts.CLASSES
    ]
    assert counted == [2, 1, 2]
    assert value(samples, "prediction_confidence_count", **MODEL) == 5
    assert value(samples, "prediction_confidence_bucket", le="0.9", **MODEL) == 1


@pytest.mark.parametrize("requests", [1, 3, 60])
async def test_a_scrape_has_every_row_of_the_batches_before_it(
    client: httpx.AsyncClient, requests: int
) -> None:
    """They are counted when they are many or somebody looks."""
    tensor = {"name": "x", "shape": [100, 4], "datatype": "FP64", "data": [5.1, 3.5, 1.4, 0.2] * 100}

    for _ in range(requests):
        await client.post("/v2/models/iris/infer", json={"inputs": [tensor]})

    for _ in range(2):
        samples = await scrape(client)
        assert (
            value(samples, "prediction_distribution_total", prediction_label="setosa", **MODEL)
            == 100 * requests
        )


async def test_metrics_count_inputs_outside_the_training_range_by_feature(client: httpx.AsyncClient) -> None:
    rows = [[4.2, 2.0, 6.9, 2.5], [8.0, 1.9, 0.9, 2.6], [4.3, 4.4, 1.0, 0.1]]

    await client.post("/api/v1/predict/batch", json={"rows": rows})

    samples = await scrape(client)
    counted = [
        value(samples, "feature_out_of_range_total", feature=name, **MODEL) for name in artifacts.FEATURES
    ]
    assert counted == [2, 1, 1, 1]


async def test_every_series_stands_at_zero_before_the_first_request(client: httpx.AsyncClient) -> None:
    samples = await scrape(client)

    assert value(samples, "inference_requests_total", status="error", **MODEL) == 0
    assert value(samples, "prediction_distribution_total", prediction_label="virginica", **MODEL) == 0
    assert value(samples, "feature_out_of_range_total", feature="petal_width", **MODEL) == 0


async def test_metrics_are_in_the_openmetrics_format_when_requested(client: httpx.AsyncClient) -> None:
    response = await client.get("/metrics", headers={"accept": "application/openmetrics-text;version=1.0.0"})

    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


async def test_an_exemplar_leads_from_a_duration_to_its_request(client: httpx.AsyncClient) -> None:
    for request_id in ("looked-up", "0" * 128):
        await client.post("/api/v1/predict", json=FLOWER, headers={"x-request-id": request_id})

    openmetrics = {"accept": "application/openmetrics-text;version=1.0.0"}
    text = (await client.get("/metrics", headers=openmetrics)).text
    exemplars = {
        (sample.name, sample.exemplar.labels["request_id"])
        for family in openmetrics_parser(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
        if sample.exemplar
    }
    # The longest id has no room beside its label's name.
    assert exemplars <= {("http_request_duration_seconds_bucket", "looked-up")}
    assert "0" * 128 not in text
    assert "looked-up" not in (await client.get("/metrics")).text
