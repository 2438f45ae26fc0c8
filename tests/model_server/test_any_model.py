"""Models that do not fold, from joblib to answers: shared calls say what one call for each row says."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from iris_model_server import app, errors
from iris_model_server.model import artifact
from iris_model_server.settings import Settings
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC

from tests.model_server import artifacts
from tests.model_server.conftest import connected
from tests.model_server.test_api import problem_of

DATA: Any = load_iris()
ROWS: list[list[float]] = [*DATA.data[::5].tolist(), [0.1, 100.0, 0.1, 100.0], [7.9, 2.0, 6.9, 2.5]]
MODELS = {
    "random forest": lambda: RandomForestClassifier(n_estimators=20, random_state=1),
    "support vectors": lambda: CalibratedClassifierCV(SVC(random_state=1), ensemble=False),
    "gradient boosting": lambda: GradientBoostingClassifier(n_estimators=20, random_state=1),
    "nearest neighbours": KNeighborsClassifier,
    "nearest neighbours by brute force": lambda: KNeighborsClassifier(algorithm="brute"),
    "polynomial features": lambda: make_pipeline(PolynomialFeatures(2), LogisticRegression(max_iter=5000)),
}


@pytest.fixture(scope="module", params=MODELS)
def pipeline(request: pytest.FixtureRequest) -> Pipeline:
    return make_pipeline(StandardScaler(), MODELS[request.param]()).fit(DATA.data, DATA.target)


@pytest.fixture
def served(pipeline: Pipeline, tmp_path: Path) -> httpx.AsyncClient:
    golden = [{"input": row, "probabilities": pipeline.predict_proba([row])[0].tolist()} for row in ROWS[:4]]
    folder = artifacts.write(tmp_path, content=artifacts.pickled(pipeline), linear=None, golden=golden)
    return connected(app.create_app(Settings(artifact_dir=folder), artifact.load(folder)))


def alone(pipeline: Pipeline) -> list[list[float]]:
    return [pipeline.predict_proba([row])[0].tolist() for row in ROWS]


def close(found: list[list[float]], expected: list[list[float]]) -> bool:
    pairs = zip(found, expected, strict=True)
    return all(abs(a - b) <= 1e-12 for left, right in pairs for a, b in zip(left, right, strict=True))


async def test_requests_at_the_same_time_answer_as_one_by_one(
    pipeline: Pipeline, served: httpx.AsyncClient
) -> None:
    flowers = [dict(zip(artifacts.FEATURES, row, strict=True)) for row in ROWS]

    async with served:
        responses = await asyncio.gather(*(served.post("/api/v1/predict", json=one) for one in flowers))
        scraped = (await served.get("/metrics")).text

    answers = [response.json() for response in responses]
    assert close([answer["probabilities"] for answer in answers], alone(pipeline))
    for answer in answers:
        shares = answer["probabilities"]
        assert answer["prediction"] == shares.index(max(shares))
        assert answer["prediction_label"] == artifacts.CLASSES[answer["prediction"]]
    assert f'status="success",version="1.4.0"}} {len(ROWS)}.0' in scraped
    assert f'prediction_confidence_count{{model="iris",version="1.4.0"}} {len(ROWS)}.0' in scraped


@pytest.mark.parametrize("times", [1, 12], ids=["shared", "in chunks"])
async def test_every_protocol_answers_as_one_by_one(
    pipeline: Pipeline, served: httpx.AsyncClient, times: int
) -> None:
    rows = ROWS * times
    tensor = {"name": "input-0", "shape": [len(rows), 4], "datatype": "FP64", "data": rows}

    async with served:
        ours = (await served.post("/api/v1/predict/batch", json={"rows": rows})).json()
        v2 = (await served.post("/v2/models/iris/infer", json={"inputs": [tensor]})).json()["outputs"]
        v1 = (await served.post("/v1/models/iris:predict", json={"instances": rows})).json()

    expected = alone(pipeline) * times
    assert close(ours["probabilities"], expected)
    assert [output["data"] for output in v2[:2]] == [ours["prediction"], ours["prediction_label"]]
    flat = v2[2]["data"]
    assert close([flat[start : start + 3] for start in range(0, len(flat), 3)], expected)
    assert v1 == {"predictions": ours["prediction"]}


async def test_a_request_is_refused_with_503_when_too_many_wait(pipeline: Pipeline, tmp_path: Path) -> None:
    golden = [{"input": ROWS[0], "probabilities": alone(pipeline)[0]}]
    folder = artifacts.write(tmp_path, content=artifacts.pickled(pipeline), linear=None, golden=golden)
    narrow = app.create_app(Settings(artifact_dir=folder, max_waiting=3), artifact.load(folder))
    flower = dict(zip(artifacts.FEATURES, ROWS[0], strict=True))

    async with connected(narrow) as client:
        many = await asyncio.gather(*(client.post("/api/v1/predict", json=flower) for _ in range(5)))
        after = await client.post("/api/v1/predict", json=flower)

    assert sorted(response.status_code for response in many) == [200, 200, 200, 503, 503]
    for response in many:
        if response.status_code == 503:
            await problem_of(response, errors.OVERLOADED)
            assert response.headers["retry-after"] == "1"
    assert after.status_code == 200
