"""The local Prometheus, built without its web interface, has a page that leads on."""

import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from tests.harness import prometheus_process

pytestmark = pytest.mark.cluster

FOLDER: Final = Path("clusters/local/monitoring/prometheus")


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A Prometheus whose working directory has the page where the manifest mounts it, seen from /."""
    declared: dict[str, Any] = yaml.safe_load((FOLDER / "prometheus.yaml").read_text("utf-8"))
    [mount] = declared["spec"]["volumeMounts"]
    folder = tmp_path_factory.mktemp("prometheus")
    place = folder / mount["mountPath"].removeprefix("/")
    place.mkdir(parents=True)
    shutil.copy(FOLDER / "index.html", place)
    with (
        prometheus_process.running(folder, []) as address,
        httpx.Client(base_url=address, follow_redirects=True, trust_env=False) as client,
    ):
        yield client


@pytest.mark.parametrize("path", ["/", "/query", "/targets", "/alerts"])
def test_the_pages_of_prometheus_show_what_to_ask(prometheus: httpx.Client, path: str) -> None:
    answer = prometheus.get(path)

    assert answer.status_code == 200
    assert "iris console" in answer.text


def test_every_link_and_the_form_of_the_page_are_answered(prometheus: httpx.Client) -> None:
    page = prometheus.get("/").text
    addresses = [unescape(address) for address in re.findall(r'(?:href|action)="([^"]+)"', page)]

    assert len(addresses) == 6
    for address in addresses:
        answer = prometheus.get(address, params={"query": "up"} if address == "/api/v1/query" else None)
        assert answer.json()["status"] == "success", address
