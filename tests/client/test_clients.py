"""Both clients against the real server, and the README's examples as they stand."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from iris_client import AsyncClient, Client, Refused, Retries, Unavailable
from iris_model_server import app
from iris_model_server.model import artifact
from iris_model_server.settings import Settings

from tests.model_server import access, artifacts, processes
from tests.model_server.processes import Running

README = (Path(__file__).parents[2] / "client" / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```\n```text\n(.*?)```", README, re.DOTALL)
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]


async def test_async_calls_read_what_the_real_app_answers(tmp_path: Path) -> None:
    folder = artifacts.write(tmp_path)
    served = app.create_app(Settings(artifact_dir=folder), artifact.load(folder))

    async with AsyncClient("http://iris", transport=httpx.ASGITransport(app=served.app)) as iris:
        one, many, info = await iris.predict(ROWS[0]), await iris.predict_batch(ROWS), await iris.model_info()
        with pytest.raises(Refused) as caught:
            await iris.predict([5.1, 3.5, 1.4, -1])

    assert (one.label, many.labels) == ("setosa", ("setosa", "virginica"))
    assert many.probabilities[0] == one.probabilities
    assert (info.name, info.model_version, info.classes) == ("iris", "1.4.0", tuple(artifacts.CLASSES))
    assert [fault[0] for fault in caught.value.faults] == ["petal_width"]


def flaky(failures: int) -> httpx.MockTransport:
    """Busy at first, then an answer."""
    left = [failures]

    def answer(request: httpx.Request) -> httpx.Response:
        left[0] -= 1
        if left[0] >= 0:
            return httpx.Response(503, headers={"retry-after": "0"})
        return httpx.Response(
            200, json={"name": "iris", "version": "1.4.0", "digest": "sha256:0", "classes": ["a"]}
        )

    return httpx.MockTransport(answer)


async def test_both_clients_come_again_and_give_up_alike() -> None:
    retries = Retries(attempts=3)

    with Client("http://iris", transport=flaky(2), retries=retries) as iris:
        assert iris.model_info().model_version == "1.4.0"
    async with AsyncClient("http://iris", transport=flaky(2), retries=retries) as patient:
        assert (await patient.model_info()).model_version == "1.4.0"

    with Client("http://iris", transport=flaky(3), retries=retries) as iris, pytest.raises(Unavailable):
        iris.model_info()
    async with AsyncClient("http://iris", transport=flaky(3), retries=retries) as patient:
        with pytest.raises(Unavailable):
            await patient.model_info()


async def test_both_clients_send_their_key_and_a_mistyped_one_is_never_sent(tmp_path: Path) -> None:
    settings = Settings(artifact_dir=artifacts.write(tmp_path), access_file=access.write(tmp_path))
    transport = httpx.ASGITransport(app=app.create_app(settings, artifact.load(tmp_path)).app)

    async with AsyncClient("http://iris", key=access.GOOD, transport=transport) as iris:
        assert (await iris.predict(ROWS[0])).label == "setosa"
    async with AsyncClient("http://iris", key=access.NOBODYS, transport=transport) as iris:
        with pytest.raises(Refused, match="401: key: not on the list"):
            await iris.predict(ROWS[0])
    with Client("http://iris", key=access.GOOD, transport=echo()) as iris:
        assert iris.model_info().name == f"Bearer {access.GOOD}"
    for kind in (Client, AsyncClient):
        with pytest.raises(ValueError, match=r"^key: its checksum") as refused:
            kind("http://iris", key=access.MISTYPED)
        assert access.MISTYPED[5:20] not in str(refused.value)


def echo() -> httpx.MockTransport:
    """A model whose name is the Authorization of the request."""

    def answer(request: httpx.Request) -> httpx.Response:
        name = request.headers["authorization"]
        return httpx.Response(200, json={"name": name, "version": "1", "digest": "", "classes": []})

    return httpx.MockTransport(answer)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    scratch = tmp_path_factory.mktemp("client")
    with processes.running(artifacts.write(scratch / "model"), scratch) as started:
        yield started


@pytest.mark.process
@pytest.mark.parametrize(("program", "printed"), EXAMPLES, ids=["blocking", "async"])
def test_the_client_prints_what_the_readme_shows(server: Running, program: str, printed: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", program.replace("http://127.0.0.1:8000", server.url)],
        capture_output=True,
        text=True,
        timeout=processes.DEADLINE,
        check=False,
    )

    assert (ended.stderr, ended.stdout) == ("", printed)


@pytest.mark.process
def test_a_name_below_localhost_reaches_this_machine(server: Running) -> None:
    with Client(server.url.replace("127.0.0.1", "iris.localhost"), retries=Retries(attempts=1)) as iris:
        assert iris.model_info().model_version == "1.4.0"
