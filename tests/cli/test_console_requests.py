"""What the console asks of an API server while a model's page is open: by the real kubectl."""

import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from iris_cli import kubectl
from iris_cli.console.insight import Insight
from iris_cli.console.live import Live
from iris_cli.console.metrics import Metrics

from tests.cli import snapshots
from tests.harness import json_server

pytestmark = pytest.mark.process

KEY = ("iris", "iris")


@pytest.mark.parametrize(
    ("body", "lists"),
    [(snapshots.serving(), 2), (snapshots.progressing(), 4)],
    ids=["at rest", "progressing"],
)
def test_a_page_costs_few_requests_while_other_models_change(
    tmp_path: Path, body: snapshots.Body, lists: int
) -> None:
    asked: Counter[str] = Counter()
    versions = itertools.count(8)

    def answer(path: str, _: Any) -> Any:
        if path.startswith("/version"):  # kubectl asks for it by itself
            return {"major": "1", "minor": "37"}
        kind = path.partition("?")[0].rpartition("/")[2]
        if kind != "irismodels":
            asked[kind] += 1
            assert "resourceVersion=0" in path
            return {"items": []}
        if "watch=1" not in path:
            return {"metadata": {"resourceVersion": "7"}, "items": [body]}
        other = {"namespace": "iris", "name": "other", "resourceVersion": str(next(versions))}
        return {"type": "MODIFIED", "object": {"metadata": other}}

    with json_server.running(answer) as address:
        cluster = kubectl.connect(None, json_server.kubeconfig(tmp_path, address))
        live = Live(cluster, "iris")
        insight = Insight(
            live, Metrics(cluster, None, live.touch), tmp_path, fresh_seconds=0.5, rest_seconds=3600.0
        )
        live.start()
        shown = (kind for kind, _ in insight.model_events(KEY) if kind == "content")
        for _ in range(4):
            next(shown)
        live.stop()
        [writer, *_] = live.state().models[KEY]["metadata"]["managedFields"]

    assert asked == dict.fromkeys(("deployments", "replicasets", "pods", "events"), lists)
    assert next(versions) > 8
    assert writer["time"] == "2026-11-23T12:09:00Z"  # the page shows when the spec was declared
