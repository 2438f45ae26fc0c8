"""Access keys over HTTP: who is admitted, how a refusal is worded, and that both paths do the same."""

from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from iris_model_server import app, errors
from iris_model_server.model import artifact
from iris_model_server.settings import Settings

from tests.model_server import access, equivalence, wire_inputs
from tests.model_server.conftest import TOKEN, connected
from tests.model_server.equivalence import Comparison
from tests.model_server.test_api import problem_of
from tests.model_server.wire_inputs import Input

PREDICTION: Final = wire_inputs.right(None)
CREDENTIALS: Final[dict[str, list[str]]] = {
    "no key": [],
    "an empty key": ["x-api-key:"],
    "Bearer alone": ["authorization: Bearer"],
    "another scheme": ["authorization: Basic dXNlcjpwYXNz"],
    "text that is no key": ["authorization: Bearer secret"],
    "bytes beyond ASCII": ["x-api-key: \xff\xfe"],
    "a mistyped key": [f"authorization: Bearer {access.MISTYPED}"],
    "nobody's key": [f"authorization: Bearer {access.NOBODYS}"],
    "an expired key": [f"authorization: Bearer {access.EXPIRED}"],
    "two keys": [f"x-api-key: {access.GOOD}", f"x-api-key: {access.GOOD}"],
    "two keys in Authorization": [f"authorization: Bearer {access.GOOD}"] * 2,
    "a wrong key before a good one": [f"x-api-key: {access.NOBODYS}", f"authorization: Bearer {access.GOOD}"],
    "two keys beside Authorization": [f"x-api-key: {access.GOOD}"] * 2
    + [f"authorization: Bearer {access.GOOD}"],
    "a key in another scheme": [f"authorization: Basic {access.GOOD}"],
    "a key with a tail": [f"authorization: Bearer {access.GOOD}x"],
}
GRANTED: Final[dict[str, list[str]]] = {
    "Bearer": [f"authorization: Bearer {access.GOOD}"],
    "bearer in lower case": [f"authorization: bearer {access.GOOD}"],
    "Bearer and two spaces": [f"authorization: Bearer  {access.GOOD}"],
    "X-Api-Key": [f"X-Api-Key: {access.GOOD}"],
    "X-Api-Key beside another Authorization": [f"x-api-key: {access.GOOD}", "authorization: Basic eA=="],
}
ROUTES: Final = sorted(
    {(method.upper(), path.format(name="iris", version="1.4.0"))
     for path, operations in app.create_app(Settings(), None).app.openapi()["paths"].items()
     for method in operations}
    | {("GET", path) for path in ("/", "/docs", "/openapi.json", "/nothing")}
    | {("PUT", "/api/v1/predict")}
)  # fmt: skip
PROBES: Final = {"/livez", "/readyz", "/v2/health/live", "/v2/health/ready"}


@pytest.fixture
def guarded(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"access_file": access.write(tmp_path)})


@pytest.fixture
def comparison(folder: Path, tmp_path: Path) -> Comparison:
    return Comparison(folder, access_file=access.write(tmp_path))


def with_headers(request: bytes, lines: list[str]) -> bytes:
    line, _, rest = request.partition(b"\r\n")
    return b"\r\n".join((line, *(header.encode("latin-1") for header in lines), rest))


def bare(method: str, path: str) -> bytes:
    return f"{method} {path} HTTP/1.1\r\nhost: iris\r\ncontent-length: 0\r\n\r\n".encode()


def statuses(written: bytes) -> list[int]:
    return [int(part[:3]) for part in written.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=[" ".join(route) for route in ROUTES])
async def test_every_route_but_the_probes_needs_a_key_on_both_paths(
    comparison: Comparison, method: str, path: str
) -> None:
    for lines in CREDENTIALS.values():
        given = Input((with_headers(bare(method, path), lines),))
        assert await comparison.compare(given) is None
        (status,) = statuses((await comparison.fast.see(given)).written)
        assert (status == 401) is (path not in PROBES)
    for lines in GRANTED.values():
        given = Input((with_headers(bare(method, path), lines),))
        found, expected = await comparison.fast.see(given), await comparison.reference.see(given)
        # Not byte for byte: some answers have a time or a counter.
        assert statuses(found.written) == statuses(expected.written)
        assert found.log == expected.log
        # A reload needs its token, too.
        assert statuses(found.written)[0] not in (401, 429) or path == "/api/v1/model/reload"


@pytest.mark.parametrize("path", sorted(PROBES))
async def test_a_post_to_the_path_of_a_probe_needs_a_key(comparison: Comparison, path: str) -> None:
    closed, granted = bare("POST", path), with_headers(bare("POST", path), GRANTED["Bearer"])

    assert await comparison.compare(Input((closed, granted))) is None
    assert statuses((await comparison.fast.see(Input((closed, granted)))).written) == [401, 405]


@pytest.mark.parametrize("lines", [*CREDENTIALS.values(), *GRANTED.values()], ids=[*CREDENTIALS, *GRANTED])
async def test_both_paths_answer_a_prediction_alike(comparison: Comparison, lines: list[str]) -> None:
    one = with_headers(PREDICTION, lines)

    # Three times: the second has a head that is known.
    assert await comparison.compare(Input((one, one, one))) is None
    assert await comparison.compare(Input((one * 3,))) is None
    assert comparison.compare_metrics() is None


async def test_a_known_head_is_no_key_for_others(comparison: Comparison) -> None:
    good = with_headers(PREDICTION, GRANTED["Bearer"])
    other = with_headers(PREDICTION, [f"authorization: Bearer {access.NOBODYS}"])

    seen = await comparison.fast.see(Input((good, good, PREDICTION, other, good)))

    assert statuses(seen.written) == [200, 200, 401, 401, 200]
    assert await comparison.compare(Input((good, PREDICTION, good + other + good))) is None


async def test_a_client_above_its_rate_is_refused_on_both_paths(comparison: Comparison) -> None:
    one = with_headers(PREDICTION, [f"authorization: Bearer {access.LIMITED}"])
    # A second pod of the same list: the rate is for each.
    for path in (comparison.fast, comparison.reference):
        seen = await path.see(Input((one,) * 8))

        # Two at once, and what came in the meantime.
        found = statuses(seen.written)
        assert found[:2] == [200, 200]
        assert 429 in found
        assert b"\r\nretry-after: 1\r\n" in seen.written


async def test_a_request_that_the_fast_path_hands_over_takes_of_the_rate_once(comparison: Comparison) -> None:
    wrong = PREDICTION.replace(b'"sepal_length":5.1', b'"sepal_length":"x"')
    one = with_headers(wrong, [f"authorization: Bearer {access.LIMITED}"])

    for path in (comparison.fast, comparison.reference):
        found = statuses((await path.see(Input((one,) * 8))).written)

        assert found[:2] == [422, 422]
        counted = path.server.context.metrics.exposition("")[0].decode()
        assert f'client="batch",outcome="granted"}} {found.count(422)}.0' in counted


async def test_a_shared_call_of_the_model_takes_of_the_rate_and_is_counted(tmp_path: Path) -> None:
    """A model that does not fold is asked once for all requests that wait."""
    comparison = Comparison(equivalence.write_unfolded(tmp_path / "model"), access.write(tmp_path))
    one = with_headers(PREDICTION, [f"authorization: Bearer {access.LIMITED}"])

    for path in (comparison.fast, comparison.reference):
        found = statuses((await path.see(Input((one,) * 8))).written)

        assert found[:2] == [200, 200]
        assert 429 in found
        counted = path.server.context.metrics.exposition("")[0].decode()
        assert f'client="batch",outcome="granted"}} {found.count(200)}.0' in counted


async def test_an_empty_list_admits_nobody(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "clients.json"
    path.write_text("[]")
    server = app.create_app(
        settings.model_copy(update={"access_file": path}), artifact.load(settings.artifact_dir)
    )

    async with connected(server) as client:
        assert (await client.get("/v2", headers=access.bearer(access.GOOD))).status_code == 401
        assert (await client.get("/readyz")).status_code == 200


@pytest.fixture
async def keyed(guarded: Settings, log: Any) -> Any:
    server = app.create_app(guarded, artifact.load(guarded.artifact_dir), log)
    async with connected(server) as client:
        yield client


@pytest.mark.parametrize(
    ("key", "detail", "challenge"),
    [
        ("", "authorization: no key", 'Bearer realm="iris"'),
        (access.MISTYPED, "key: its checksum", 'Bearer realm="iris", error="invalid_token"'),
        (access.NOBODYS, "key: not on the list", 'Bearer realm="iris", error="invalid_token"'),
        (access.EXPIRED, "key former: expired at 2020-01-01", 'Bearer realm="iris", error="invalid_token"'),
    ],
    ids=["no key", "mistyped", "nobody's", "expired"],
)
async def test_a_refusal_names_its_cause(
    keyed: httpx.AsyncClient, key: str, detail: str, challenge: str
) -> None:
    response = await keyed.get("/api/v1/model/info", headers=access.bearer(key) if key else {})

    content = await problem_of(response, errors.NO_KEY)
    assert content["detail"].startswith(detail)
    assert response.headers["www-authenticate"] == challenge


async def test_a_key_is_in_no_answer_log_or_metric(
    keyed: httpx.AsyncClient, log: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = ""
    for key in (access.GOOD, access.LIMITED, access.EXPIRED, access.NOBODYS, access.MISTYPED):
        for headers in (access.bearer(key), {"x-api-key": key}):
            response = await keyed.get("/v2", headers=headers)
            answers += response.text + str(response.headers)
    answers += (await keyed.get("/metrics", headers=access.bearer(access.GOOD))).text

    written = answers + log.getvalue().decode() + "".join(capsys.readouterr())
    for key in (access.GOOD, access.LIMITED, access.EXPIRED, access.NOBODYS):
        assert key[5:40] not in written


async def test_a_preflight_needs_no_key_and_a_refusal_can_be_read_by_the_page(guarded: Settings) -> None:
    origin = "https://app.example.com"
    open_to = guarded.model_copy(update={"cors_origins": (origin,)})
    asked = {"origin": origin, "access-control-request-method": "POST"}

    async with connected(app.create_app(open_to, artifact.load(guarded.artifact_dir))) as client:
        assert (await client.request("OPTIONS", "/api/v1/predict", headers=asked)).status_code == 204
        refused = await client.post("/api/v1/predict", headers={"origin": origin})
        # OPTIONS alone is no preflight, nor is one of a page that may not call.
        others = [
            await client.request("OPTIONS", "/api/v1/predict", headers=headers)
            for headers in ({}, {"origin": origin}, asked | {"origin": "https://other.example.com"})
        ]

    assert [other.status_code for other in others] == [401, 401, 401]
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == origin


async def test_a_reload_needs_both_its_token_and_a_key(keyed: httpx.AsyncClient) -> None:
    token = {"authorization": f"Bearer {TOKEN}"}

    alone = await keyed.post("/api/v1/model/reload", headers=token)
    both = await keyed.post("/api/v1/model/reload", headers=token | {"x-api-key": access.GOOD})

    assert (alone.status_code, both.status_code) == (401, 200)


async def test_the_management_port_needs_no_key_and_has_no_page(guarded: Settings) -> None:
    server = app.create_app(guarded, artifact.load(guarded.artifact_dir))
    managed = httpx.ASGITransport(app=app.create_management_app(guarded, server))

    async with httpx.AsyncClient(transport=managed, base_url="http://iris") as client:
        found = {
            path: (await client.get(path)).status_code
            for path in (
                "/livez",
                "/readyz",
                "/metrics",
                "/api/v1/model/info",
                "/",
                "/docs",
                "/v2",
                "/v1/models",
            )
        }
        predicted = await client.post("/api/v1/predict", json={})

    assert found == {
        "/livez": 200, "/readyz": 200, "/metrics": 200, "/api/v1/model/info": 200,
        "/": 404, "/docs": 404, "/v2": 404, "/v1/models": 404,
    }  # fmt: skip
    assert predicted.status_code == 404
