"""Reload: off without a token, and with one it swaps whole or keeps the former model."""

import httpx
import pytest
from iris_model_server import app, errors
from iris_model_server.model import artifact
from iris_model_server.settings import Settings

from tests.model_server import artifacts
from tests.model_server.conftest import TOKEN, connected
from tests.model_server.test_api import problem_of

BEARER = {"authorization": f"Bearer {TOKEN}"}


async def version(client: httpx.AsyncClient) -> str:
    answer: str = (await client.get("/api/v1/model/info")).json()["version"]
    return answer


async def test_reload_takes_the_newer_model_of_the_folder(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    artifacts.write(settings.artifact_dir, "1.5.0", created="2026-11-24T12:00:00Z")

    info = (await client.post("/api/v1/model/reload", headers=BEARER)).json()

    assert (info["version"], info["reloads"]) == ("1.5.0", 1)
    assert await version(client) == "1.5.0"
    scraped = (await client.get("/metrics")).text
    assert 'version="1.5.0"' in scraped
    assert [line for line in scraped.splitlines() if line.startswith("model_info{")] == [
        f'model_info{{digest="{info["digest"]}",model="iris",version="1.5.0"}} 1.0'
    ]


async def test_reload_keeps_the_former_model_when_the_new_one_is_refused(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    artifacts.write(settings.artifact_dir, "1.5.0", created="2026-11-24T12:00:00Z", golden=[])

    response = await client.post("/api/v1/model/reload", headers=BEARER)

    content = await problem_of(response, errors.REFUSED)
    assert content["detail"].startswith("artifact refused: ")
    assert await version(client) == "1.4.0"
    assert (await client.get("/api/v1/model/info")).json()["reloads"] == 0


@pytest.mark.parametrize("given", ["", TOKEN, "Bearer", "Bearer wrong", f"Bearer {TOKEN}x", f"bearer{TOKEN}"])
async def test_a_wrong_token_changes_nothing(
    client: httpx.AsyncClient, settings: Settings, given: str
) -> None:
    artifacts.write(settings.artifact_dir, "1.5.0", created="2026-11-24T12:00:00Z")

    response = await client.post("/api/v1/model/reload", headers={"authorization": given})

    await problem_of(response, errors.UNAUTHORIZED)
    assert response.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in response.text
    assert await version(client) == "1.4.0"


async def test_reload_is_off_without_a_token(settings: Settings) -> None:
    closed = settings.model_copy(update={"reload_token": None})

    async with connected(app.create_app(closed, artifact.load(settings.artifact_dir))) as client:
        response = await client.post("/api/v1/model/reload", headers=BEARER)

    await problem_of(response, errors.RELOAD_OFF)


async def test_reload_never_leaves_the_expected_version(settings: Settings) -> None:
    pinned = settings.model_copy(update={"expected_version": "1.4.0"})
    artifacts.write(settings.artifact_dir, "1.5.0", created="2026-11-24T12:00:00Z")

    async with connected(app.create_app(pinned, artifact.load(settings.artifact_dir, "1.4.0"))) as client:
        info = (await client.post("/api/v1/model/reload", headers=BEARER)).json()

    assert (info["version"], info["reloads"]) == ("1.4.0", 1)
