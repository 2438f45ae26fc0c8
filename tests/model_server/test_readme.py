"""The shell lines of README and HTTP reference, run as they are against a real process."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from iris_model_server import errors

from tests.model_server import artifacts, processes
from tests.model_server.conftest import TOKEN
from tests.model_server.processes import Running

ROOT = Path(__file__).parents[2]
PAGES = "".join(
    (ROOT / name).read_text("utf-8") for name in ("model_server/README.md", "docs/reference/http.md")
)
BLOCKS = [block for block in re.findall(r"```bash\n(.*?)```", PAGES, re.DOTALL) if "curl" in block]
ANSWERS = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGES, re.DOTALL)]


STANDARD = ('"data":["setosa","virginica"]', '"name":"iris","ready":true', '{"predictions":[0,1]}')


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    scratch = tmp_path_factory.mktemp("readme")
    with processes.running(artifacts.write(scratch / "model"), scratch, IRIS_RELOAD_TOKEN=TOKEN) as started:
        yield started


def run(block: str, server: Running) -> str:
    """The output of the lines; the fixture has replaced `make run`."""
    lines = re.sub(r"^make run.*\n", "", block).replace("http://127.0.0.1:8000", server.url)
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        env=os.environ | {"IRIS_RELOAD_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        check=True,
        timeout=processes.DEADLINE,
    )
    return ended.stdout


@pytest.mark.process
@pytest.mark.parametrize(("block", "answer"), [(BLOCKS[0], ANSWERS[0]), (BLOCKS[2], ANSWERS[1])])
def test_a_shown_command_prints_the_shown_answer(
    server: Running, block: str, answer: dict[str, object]
) -> None:
    printed = json.loads(run(block, server))

    assert printed | {"request_id": answer["request_id"]} == answer


@pytest.mark.process
def test_every_other_shown_command_is_answered(server: Running) -> None:
    printed = run(BLOCKS[1], server)

    for word in (
        "virginica",
        '"digest"',
        '"ready"',
        "prediction_distribution_total",
        '"reloads":1',
        *STANDARD,
    ):
        assert word in printed
    assert errors.TYPE_PREFIX not in printed
