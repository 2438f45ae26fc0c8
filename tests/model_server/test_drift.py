"""Values by tenth of the training data: what drift is read from, at the same cost for every request."""

from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_model_server import app
from iris_model_server.model import artifact
from iris_model_server.model.card import Distribution
from iris_model_server.schemas import FeatureInfo
from iris_model_server.settings import Settings
from iris_model_server.telemetry.drift import FeatureCollector

from tests.model_server import artifacts
from tests.model_server.conftest import connected
from tests.model_server.test_metrics import MODEL, scrape, value

FEATURE = FeatureInfo("petal_length", "cm", 1.0, 6.9)
TENTHS = Distribution([1.4, 4.4, 5.8], [0.2, 0.3, 0.4, 0.1])


async def buckets(client: httpx.AsyncClient, feature: str) -> list[float]:
    found = await scrape(client)
    count = len(artifacts.DISTRIBUTIONS[feature]["shares"])
    return [
        value(found, "feature_bucket_total", feature=feature, bucket=str(number), **MODEL)
        for number in range(count)
    ]


@given(st.lists(st.floats(0.1, 10) | st.sampled_from([1.0, 1.4, 4.4, 5.8, 6.9])))
def test_one_search_says_what_two_would(values: list[float]) -> None:
    counts = FeatureCollector().bound("iris", "1.4.0", FEATURE, TENTHS)

    for observed in values:
        counts.observe(observed)

    assert counts.outside == sum(not 1.0 <= observed <= 6.9 for observed in values)
    bounds = (float("-inf"), *TENTHS.edges, float("inf"))
    assert counts.buckets == [
        sum(low < observed <= high for observed in values) for low, high in pairwise(bounds)
    ]


@pytest.mark.parametrize("path", ["/api/v1/predict", "/api/v1/predict/batch"])
async def test_values_are_counted_in_their_tenth(client: httpx.AsyncClient, path: str) -> None:
    for row in ([4.0, 2.9, 1.4, 0.1], [9.9, 3.1, 1.45, 99.0]):
        body = {"rows": [row]} if path.endswith("batch") else dict(zip(artifacts.FEATURES, row, strict=True))
        assert (await client.post(path, json=body)).status_code == 200

    assert await buckets(client, "sepal_length") == [1, 0, 0, 1]
    assert await buckets(client, "sepal_width") == [1, 1]
    assert await buckets(client, "petal_length") == [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert await buckets(client, "petal_width") == [2]


async def test_the_shares_of_the_training_data_stand_beside_them(client: httpx.AsyncClient) -> None:
    found = await scrape(client)

    for feature, distribution in artifacts.DISTRIBUTIONS.items():
        shares = [
            value(found, "feature_bucket_training_share", feature=feature, bucket=str(number), **MODEL)
            for number in range(len(distribution["shares"]))
        ]
        assert shares == distribution["shares"]


async def test_a_card_that_does_not_tell_serves_without(settings: Settings, tmp_path: Path) -> None:
    card = artifacts.write(tmp_path / "old", distributions=None)

    async with connected(app.create_app(settings, artifact.load(card))) as client:
        text = (await client.get("/metrics")).text

    assert "feature_out_of_range_total{" in text
    assert "feature_bucket_total{" not in text


def test_another_training_of_the_same_version_counts_anew() -> None:
    all_counts = FeatureCollector()
    former = all_counts.bound("iris", "1.4.0", FEATURE, TENTHS)
    former.observe(2.0)

    assert all_counts.bound("iris", "1.4.0", FEATURE, TENTHS) is former
    assert sum(all_counts.bound("iris", "1.4.0", FEATURE, Distribution([2.0], [0.5, 0.5])).counts) == 0
