"""The real app in this process: same assembly as the command, over an in-memory transport."""

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from iris_model_server import app
from iris_model_server.app import Server
from iris_model_server.errors import ArtifactRefused
from iris_model_server.model import artifact
from iris_model_server.settings import Settings
from iris_model_server.signature.keys import Verification
from playwright.async_api import Browser
from pydantic import SecretStr

from tests.model_server import artifacts, browsers, processes
from tests.model_server.processes import Running

TOKEN = "a-token-of-enough-letters"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return artifacts.write(tmp_path / "model")


@pytest.fixture
def settings(folder: Path) -> Settings:
    return Settings(
        artifact_dir=folder, reload_token=SecretStr(TOKEN), max_body_bytes=200_000, max_batch_rows=100
    )


@pytest.fixture
def log() -> io.BytesIO:
    return io.BytesIO()


@pytest.fixture
def server(settings: Settings, log: io.BytesIO) -> Server:
    return app.create_app(settings, artifact.load(settings.artifact_dir), log)


@pytest.fixture
async def client(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with connected(server) as opened:
        yield opened


@pytest.fixture(scope="module", params=["Auto", "Off"], ids=["fast path", "reference path"])
def either_path(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A server as a real process: every test that asks for it runs on both paths."""
    scratch = tmp_path_factory.mktemp("server")
    folder = artifacts.write(scratch / "model")
    with processes.running(folder, scratch, IRIS_FAST_PATH=request.param) as running:
        yield running


def connected(server: Server) -> httpx.AsyncClient:
    """A client of an app; an error of the app reaches it as an answer, as it would over a wire."""
    transport = httpx.ASGITransport(app=server.app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://iris")


def refused(
    folder: Path, expected_version: str | None = None, *, verification: Verification | None = None
) -> str:
    """The one line with which the server refuses this folder."""
    with pytest.raises(ArtifactRefused) as caught:
        artifact.load(folder, expected_version, verification=verification)
    line = str(caught.value)
    assert line.startswith("artifact refused: ")
    assert "\n" not in line
    return line


@pytest.fixture(scope="module")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    scratch = tmp_path_factory.mktemp("server")
    with processes.running(artifacts.write(scratch / "model"), scratch) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsers.chromium() as launched:
        yield launched
