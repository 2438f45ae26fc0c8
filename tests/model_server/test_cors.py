"""Scripts of pages on other origins: what the Fetch standard asks of the server, on both paths."""

from collections.abc import Iterator

import httpx
import pytest
from iris_model_server import app
from iris_model_server.app import Server
from iris_model_server.fastpath import bypass
from iris_model_server.protocols.openapi import BATCH, FLOWER
from iris_model_server.settings import Settings

from tests.model_server import artifacts, processes
from tests.model_server.processes import Running

pytestmark = pytest.mark.process

SHOP = "https://shop.example"
ORIGINS = f"{SHOP}, http://localhost:3000"
OTHER = "https://other.example"
PREDICT = "/api/v1/predict"
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type",
}


@pytest.fixture(scope="module", params=["Auto", "Off"], ids=["fast path", "reference path"])
def open_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A server for the scripts of two origins."""
    scratch = tmp_path_factory.mktemp("open")
    variables = {"IRIS_FAST_PATH": request.param, "IRIS_CORS_ORIGINS": ORIGINS}
    with processes.running(artifacts.write(scratch / "model"), scratch, **variables) as running:
        yield running


def cors_headers(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize(
    "path", [PREDICT, "/v2/models/iris/infer", "/v1/models/iris:predict", "/livez", "/no"]
)
@pytest.mark.parametrize("origin", ORIGINS.split(", "))
def test_a_preflight_of_an_allowed_origin_is_granted(open_server: Running, path: str, origin: str) -> None:
    """On any path: a script cannot read the 404 of a request whose preflight fails."""
    response = httpx.options(open_server.url + path, headers={"origin": origin, **PREFLIGHT})

    assert (response.status_code, response.content) == (204, b"")
    assert cors_headers(response) == {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, HEAD, POST",
        "access-control-allow-headers": "authorization, content-type, inference-header-content-length, "
        "x-request-id",
        "access-control-max-age": "600",
        "access-control-expose-headers": "inference-header-content-length, retry-after, x-request-id",
    }
    assert response.headers["vary"] == "origin"
    assert response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", PREDICT, FLOWER, 200),
        ("POST", "/api/v1/predict/batch", BATCH, 200),
        ("GET", "/api/v1/model/info", None, 200),
        ("POST", PREDICT, {}, 422),
        ("POST", "/v2/models/iris/infer", {}, 400),
        ("POST", PREDICT, {"rows": [[5.1, 3.5, 1.4, 0.2]] * 600_000}, 413),
        ("GET", "/none", None, 404),
        ("PUT", "/livez", None, 405),
    ],
    ids=["one", "batch", "GET", "422", "400", "413", "404", "405"],
)
def test_every_answer_can_be_read_by_an_allowed_origin_alone(
    open_server: Running, method: str, path: str, body: object, status: int
) -> None:
    found = {}
    with httpx.Client(base_url=open_server.url) as client:
        for origin in (SHOP, OTHER, SHOP.upper(), "null", ""):
            headers = {"origin": origin} if origin else {}
            response = client.request(method, path, json=body, headers=headers)
            assert response.status_code == status
            assert response.headers.get("vary") == ("origin" if origin else None)
            found[origin] = response.headers.get("access-control-allow-origin")

    assert found == {SHOP: SHOP, OTHER: None, SHOP.upper(): None, "null": None, "": None}


def test_a_preflight_of_another_origin_is_a_method_that_is_not_allowed(open_server: Running) -> None:
    response = httpx.options(open_server.url + PREDICT, headers={"origin": OTHER, **PREFLIGHT})

    assert (response.status_code, cors_headers(response)) == (405, {})


def test_requests_of_other_origins_are_counted_and_logged(open_server: Running) -> None:
    httpx.options(open_server.url + PREDICT, headers={"origin": SHOP, "x-request-id": "asks", **PREFLIGHT})
    httpx.post(open_server.url + PREDICT, json=FLOWER, headers={"origin": SHOP, "x-request-id": "predicts"})

    processes.until(
        lambda: {"asks", "predicts"} <= set(open_server.access_log.read_text().split('"')) or None
    )
    metrics = httpx.get(f"{open_server.url}/metrics").text
    assert 'http_requests_total{http_status="204",method="OPTIONS",route="unmatched"}' in metrics


def test_any_origin_can_be_allowed(tmp_path_factory: pytest.TempPathFactory) -> None:
    scratch = tmp_path_factory.mktemp("any")
    with processes.running(artifacts.write(scratch / "model"), scratch, IRIS_CORS_ORIGINS="*") as server:
        asked = httpx.options(server.url + PREDICT, headers={"origin": OTHER, **PREFLIGHT})
        answered = httpx.post(server.url + PREDICT, json=FLOWER, headers={"origin": "null"})

    for response in (asked, answered):
        assert response.headers["access-control-allow-origin"] == "*"
        assert "vary" not in response.headers


async def test_a_failure_of_the_server_can_be_read_by_an_allowed_origin(server: Server) -> None:
    loaded = server.serving.loaded().artifact
    settings = Settings(cors_origins=(SHOP,))
    broken = app.create_app(settings, type(loaded)(card=loaded.card, model=artifacts.Broken()))

    for entry in (broken.app, bypass.around(broken)):
        transport = httpx.ASGITransport(app=entry)
        async with httpx.AsyncClient(transport=transport, base_url="http://iris") as client:
            response = await client.post(PREDICT, json=FLOWER, headers={"origin": SHOP})

        assert response.status_code == 500
        assert response.headers["access-control-allow-origin"] == SHOP


def test_no_other_origin_is_allowed_by_default(either_path: Running) -> None:
    asked = httpx.options(either_path.url + PREDICT, headers={"origin": SHOP, **PREFLIGHT})
    answered = httpx.post(either_path.url + PREDICT, json=FLOWER, headers={"origin": SHOP})

    assert (asked.status_code, answered.status_code) == (405, 200)
    assert cors_headers(asked) == cors_headers(answered) == {}
