"""What Prometheus reads of the operator, where it is more than a counter at its place."""

import asyncio
from typing import Any

from iris_api import kinds
from iris_operator import metrics
from iris_operator.observe.store import Store
from iris_operator.runtime import resync
from iris_operator.runtime.queue import Queue
from prometheus_client import REGISTRY

from tests.fakes.cluster import FakeCluster
from tests.harness import virtual_time
from tests.operator import bodies

IRIS = {"model_namespace": "iris", "model": "iris"}
QUEUE = {"name": "irismodel"}


def read(name: str, /, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def serving() -> dict[str, Any]:
    return bodies.body(
        status={
            "observedGeneration": 1,
            "servingVersion": "1.3.0",
            "history": [{"version": "1.4.0", "outcome": "Progressing"}, {"version": "1.3.0"}],
            "source": {"revision": "main@sha1:a", "kustomization": "flux-system/models"},
            "conditions": [
                {"type": "Ready", "status": "False", "reason": "Progressing"},
                {"type": "Available", "status": "True", "reason": "PodsAvailable"},
            ],
        }
    )


def test_the_exporter_has_the_declared_and_serving_version_of_each_model(
    models: list[dict[str, Any]],
) -> None:
    models.append(serving())

    wanted = {"declared": "1.4.0", "serving": "1.3.0", "revision": "main@sha1:a"}
    assert read("irismodel_info", **IRIS, **wanted) == 1
    assert read("irismodel_condition", **IRIS, type="Ready", reason="Progressing") == 0
    assert read("irismodel_condition", **IRIS, type="Available", reason="PodsAvailable") == 1


def test_a_model_has_no_info_before_its_first_status(models: list[dict[str, Any]]) -> None:
    """A series without the revision could be scraped, and mark the version without its commit."""
    models.append(bodies.body())

    assert read("irismodel_info", **IRIS, declared="1.4.0", serving="", revision="") is None


def test_a_model_has_no_info_while_its_revision_could_not_be_read(models: list[dict[str, Any]]) -> None:
    body = serving()
    del body["status"]["source"]["revision"]
    models.append(body)

    assert read("irismodel_info", **IRIS, declared="1.4.0", serving="1.3.0", revision="") is None


def test_info_describes_the_declaration_that_the_status_describes(models: list[dict[str, Any]]) -> None:
    """A new version is declared and its status is not written yet: the revision is still the former one's."""
    body = serving()
    body["metadata"]["generation"] = 2
    body["spec"]["version"] = "1.5.0"
    models.append(body)

    former = {"serving": "1.3.0", "revision": "main@sha1:a"}
    assert read("irismodel_info", **IRIS, **former, declared="1.4.0") == 1
    assert read("irismodel_info", **IRIS, **former, declared="1.5.0") is None


def test_the_exporter_forgets_what_a_model_wrote_when_it_goes() -> None:
    metrics.gone("iris", "iris")
    metrics.wrote("iris", "iris")
    metrics.wrote("iris", "iris")
    assert read("irismodel_writes_total", **IRIS) == 2

    metrics.gone("iris", "iris")

    assert read("irismodel_writes_total", **IRIS) is None


def test_the_exporter_has_the_duration_of_running_passes() -> None:
    async def two_passes() -> tuple[float | None, ...]:
        queue = Queue(lambda: 0.5)
        metrics.queue_in_work(queue.in_work)
        queue.add(("iris", "a"))
        await queue.take()
        await asyncio.sleep(20)
        queue.add(("iris", "b"))
        await queue.take()
        await asyncio.sleep(5)
        under_way = read("workqueue_unfinished_work_seconds", **QUEUE)
        longest = read("workqueue_longest_running_processor_seconds", **QUEUE)
        queue.done(("iris", "a"))
        queue.done(("iris", "b"))
        return under_way, longest, read("workqueue_longest_running_processor_seconds", **QUEUE)

    assert virtual_time.run(two_passes()) == (30, 25, 0)
    metrics.queue_in_work(list)  # this queue ends with its loop


async def test_the_exporter_counts_what_no_watch_had_told() -> None:
    cluster, store, queue = FakeCluster(), Store(), Queue(lambda: 0.5)
    cluster.put(kinds.IRIS_MODEL, bodies.body())

    unseen, _ = await resync.once(cluster, store, queue, ())
    again, _ = await resync.once(cluster, store, queue, ())

    assert (unseen["irismodels"], unseen["pods"]) == (1, 0)
    assert set(again.values()) == {0}


def test_the_exporter_dates_the_last_good_resync() -> None:
    before = read("iris_operator_sweep_corrections_total", kind="pods") or 0

    metrics.resynced({"pods": 2})

    assert (read("iris_operator_sweep_timestamp_seconds") or 0) > 0
    assert read("iris_operator_sweep_corrections_total", kind="pods") == before + 2
