"""A server below a path of its route: everything answers there as it does at the root."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.model_server import artifacts, processes
from tests.model_server.processes import Running

pytestmark = pytest.mark.process

ROOT = "/models/bugs"
BODY = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
PATHS: dict[str, tuple[str, str, Any]] = {
    "the page": ("GET", "/", None),
    "a prediction": ("POST", "/api/v1/predict", BODY),
    "a wrong prediction": ("POST", "/api/v1/predict", {"sepal_length": "long"}),
    "a batch": ("POST", "/api/v1/predict/batch", {"instances": [BODY]}),
    "the model": ("GET", "/api/v1/model/info", None),
    "the description": ("GET", "/openapi.json", None),
    "Open Inference": ("GET", "/v2/models/iris", None),
    "a probe": ("GET", "/readyz", None),
    "an unknown path": ("GET", "/nowhere", None),
    "another method": ("DELETE", "/api/v1/predict", None),
}


@pytest.fixture(scope="module", params=["Auto", "Off"], ids=["fast path", "reference path"])
def below(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    scratch = tmp_path_factory.mktemp("below")
    variables = {"IRIS_FAST_PATH": request.param, "IRIS_ROOT_PATH": ROOT}
    with processes.running(artifacts.write(scratch / "model"), scratch, **variables) as running:
        yield running


@pytest.mark.parametrize(("method", "path", "body"), PATHS.values(), ids=PATHS)
def test_the_server_answers_below_its_root_path_as_at_the_root(
    below: Running, method: str, path: str, body: Any
) -> None:
    headers = {"x-request-id": "the-same"}

    at_root = httpx.request(method, below.url + path, json=body, headers=headers)
    found = httpx.request(method, f"{below.url}{ROOT}{path}", json=body, headers=headers)

    assert (found.status_code, found.content) == (at_root.status_code, at_root.content)
    assert {**found.headers, "date": ""} == {**at_root.headers, "date": ""}


def test_the_server_leads_from_its_root_path_to_the_page_whose_links_work(below: Running) -> None:
    page = httpx.get(below.url + ROOT, follow_redirects=True)

    assert page.status_code == 200
    assert page.url.path == f"{ROOT}/"
    assert httpx.get(page.url.join("api/v1/model/info")).status_code == 200


@pytest.mark.parametrize("path", [f"{ROOT}x/livez", "/models/livez", f"{ROOT}{ROOT}/livez"])
def test_the_server_does_not_know_other_paths(below: Running, path: str) -> None:
    assert httpx.get(below.url + path).status_code == 404


def test_the_server_counts_requests_below_its_root_path_by_route(below: Running) -> None:
    httpx.get(f"{below.url}{ROOT}/api/v1/model/info")

    metrics = httpx.get(f"{below.url}/metrics").text
    assert 'path="/api/v1/model/info"' in metrics or 'route="/api/v1/model/info"' in metrics
    assert ROOT not in metrics
