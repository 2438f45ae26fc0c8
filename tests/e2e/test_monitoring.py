"""What a person sees of a model in Prometheus and on dashboards, after real traffic of every kind.

One model of its own is declared, asked in its training data, changed to another version, asked in other data
and refused bad requests. The traffic goes on while every query of every panel and every alert is asked.
"""

import json
import re
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from iris_api import readiness
from iris_api.readiness import Readiness
from iris_local_cluster import cluster, paths
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.up import models, run

from tests.e2e.prometheus import Prometheus, eventually
from tests.e2e.stage import UpRun
from tests.e2e.traffic import Traffic
from tests.harness import promql

pytestmark = pytest.mark.e2e

NAME: Final = "watched"
HOST: Final = "watched.kube.two.inc"
NAMESPACE: Final = ("--namespace", models.NAMESPACE)
FEATURES: Final = {"sepal_length", "sepal_width", "petal_length", "petal_width"}
# What Grafana puts in place of these: a window of some scrapes, and the reader's choices.
CHOICES: Final = {"$__rate_interval": "30s", "$drift_window": "5m", "$namespace": ".*"}
DRIFT: Final = "Feature drift (PSI)"
ALIKE, OTHERS = 0.1, 0.25
# The watched model has no rollout, so nobody exposes them for it.
OF_ROLLOUTS: Final = "irismodel_rollout_"

Drift = dict[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Watched:
    """The model's dashboard, and its drift for training data, the next version and shifted inputs."""

    since: float
    prometheus: Prometheus
    kubectl: Kubectl
    board: dict[str, Any]
    alike: Drift
    changed: Drift
    shifted: Drift


@pytest.fixture(scope="module")
def watched(up_run: UpRun) -> Iterator[Watched]:
    since = time.time()
    try:
        with (
            Prometheus(up_run.cluster.ingress) as prometheus,
            Traffic(up_run.cluster.ingress, HOST) as traffic,
        ):
            _declare(up_run.kubectl, prometheus, run.FIRST)
            board = _board(up_run.kubectl, NAME)
            alike = _drift(prometheus, board, run.FIRST, of=FEATURES)
            _declare(up_run.kubectl, prometheus, run.SECOND)
            changed = _drift(prometheus, board, run.SECOND, of=FEATURES)
            traffic.shift("petal_length", by=2.0)
            shifted = _drift(prometheus, board, run.SECOND, of={"petal_length"}, above=OTHERS)
            yield Watched(since, prometheus, up_run.kubectl, board, alike, changed, shifted)
    finally:
        up_run.kubectl.run("delete", "irismodel", NAME, "--ignore-not-found", *NAMESPACE)


def _declare(kubectl: Kubectl, prometheus: Prometheus, version: str) -> None:
    """Until it serves and Prometheus knows, so that no version comes and goes between two scrapes."""
    kubectl.apply(
        {
            "apiVersion": "serving.two.inc/v1alpha1",
            "kind": "IrisModel",
            "metadata": {"name": NAME, "namespace": models.NAMESPACE},
            "spec": {
                "version": version,
                "image": {"repository": f"{cluster.REGISTRY}/iris-server", "pullPolicy": "Always"},
                "replicas": 1,
                "route": {"host": HOST, "className": "traefik"},
            },
        }
    )

    def seen() -> Readiness:
        return readiness.of(kubectl.read("irismodel", NAME, *NAMESPACE))

    eventually(lambda: seen().ready and seen().serving == version, seen)
    query = f'irismodel_info{{model="{NAME}",declared="{version}",serving="{version}"}}'
    eventually(lambda: bool(prometheus.now(query)), lambda: query)


def _board(kubectl: Kubectl, name: str) -> dict[str, Any]:
    """The dashboard that the operator has made for the model."""
    [text] = kubectl.read("configmap", f"{name}-dashboard", *NAMESPACE)["data"].values()
    board: dict[str, Any] = json.loads(text)
    return board


def _drift(
    prometheus: Prometheus, board: dict[str, Any], version: str, *, of: set[str], above: float = 0.0
) -> Drift:
    """What the drift panel shows by feature, once it has counted enough inputs of this version."""
    [expression] = [each for name, each in _queries(board).items() if DRIFT in name]
    counted = (
        f'min(sum by (feature) (increase(feature_bucket_total{{model="{NAME}",version="{version}"}}[5m])))'
    )

    def shown() -> Drift:
        found = prometheus.now(expression)
        return {labels: value for labels, value in found.items() if version in labels}

    def enough() -> bool:
        now = {labels[0]: value for labels, value in shown().items()}
        many = all(value > 300 for value in prometheus.now(counted).values())
        return many and of <= {feature for feature, value in now.items() if value > above}

    eventually(enough, lambda: (shown(), prometheus.now(counted)))
    return shown()


def _queries(board: dict[str, Any]) -> dict[str, str]:
    """Every panel's queries as Prometheus gets them, by where they stand."""
    found = {
        f"{board['title']}: {number} {panel['title']}, {target['refId']}": target["expr"]
        for number, panel in enumerate(board["panels"])
        for target in panel.get("targets", ())
    }
    return {name: _chosen(expression) for name, expression in found.items()}


def _marks(board: dict[str, Any]) -> dict[str, str]:
    marks = [mark for mark in board["annotations"].get("list", ()) if "expr" in mark]
    return {f"{board['title']}: mark {mark['name']}": mark["expr"] for mark in marks}


def _chosen(expression: str) -> str:
    for name, value in CHOICES.items():
        expression = expression.replace(name, value)
    return expression


def _possible(selector: str) -> str:
    """The same for a model to which nothing bad happens: any answer for a failed one, any reason."""
    return re.sub(r'\b(http_status|reason)=~"[^"]*"', r'\1=~".+"', selector)


def _never_scraped(watched: Watched, expressions: Iterable[str]) -> set[str]:
    """What they read and nobody has exposed, on whichever side of whichever operator it stands."""
    read = {_possible(each) for expression in expressions for each in promql.selectors(expression)}
    read = {selector for selector in read if not selector.startswith(OF_ROLLOUTS)}
    return {selector for selector in read if not watched.prometheus.series(selector, watched.since)}


def _without_data(watched: Watched, queries: dict[str, str]) -> dict[str, str]:
    """Those that have none while there is traffic, and had none since the model was declared."""
    lacking = {name: query for name, query in queries.items() if OF_ROLLOUTS not in query}

    def all_answered() -> bool:
        for name, query in list(lacking.items()):
            if watched.prometheus.now(query) or watched.prometheus.past(query, watched.since):
                del lacking[name]
        return not lacking

    eventually(all_answered, lambda: lacking)
    return lacking


def test_the_drift_panel_rests_while_inputs_are_like_the_training_data(watched: Watched) -> None:
    assert {feature for feature, _ in watched.alike} == FEATURES
    assert max(watched.alike.values()) < ALIKE


def test_the_drift_panel_rests_when_only_the_version_changes(watched: Watched) -> None:
    assert {feature for feature, _ in watched.changed} == FEATURES
    assert max(watched.changed.values()) < ALIKE


def test_the_drift_panel_moves_for_the_feature_whose_inputs_moved_alone(watched: Watched) -> None:
    moved = {feature for (feature, _), value in watched.shifted.items() if value >= ALIKE}

    assert moved == {"petal_length"}
    assert watched.shifted["petal_length", run.SECOND] > OTHERS


def test_every_query_of_every_panel_has_data(watched: Watched) -> None:
    folder = paths.PROJECT / "charts" / "iris-operator" / "dashboards"
    boards = [watched.board, *(json.loads(file.read_text()) for file in sorted(folder.glob("*.json")))]
    queries = {name: query for board in boards for name, query in _queries(board).items()}

    assert len(boards) == 3
    assert _without_data(watched, queries) == {}
    assert _never_scraped(watched, queries.values()) == set()


def test_the_dashboard_marks_the_change_of_version(watched: Watched) -> None:
    marks = [watched.prometheus.past(query, watched.since) for query in _marks(watched.board).values()]
    shown = {(label, value) for series in marks for each in series for label, value in each.items()}

    assert {
        (label, version) for label in ("declared", "serving") for version in (run.FIRST, run.SECOND)
    } <= shown


def test_a_mark_names_the_commit_that_declared_a_version(watched: Watched) -> None:
    """Of the model that Git declares, at the latest since Prometheus runs, which is hours ago at most."""
    [declared, _] = _marks(_board(watched.kubectl, models.NAME)).values()
    found = watched.prometheus.past(declared, watched.since - 3 * 3600)

    assert {each.get("revision", "").partition(":")[0] for each in found} == {"main@sha1"}


def test_a_request_stands_by_its_id_beside_the_latency_that_it_had(watched: Watched) -> None:
    series = f'http_request_duration_seconds_bucket{{service="{NAME}"}}'
    times = {"start": str(watched.since), "end": str(time.time())}
    found = watched.prometheus.get("query_exemplars", query=series, **times)

    assert {name for each in found for one in each["exemplars"] for name in one["labels"]} == {"request_id"}


def test_every_alert_expression_has_data_and_is_evaluated_without_error(watched: Watched) -> None:
    """A rule reaches Prometheus a while after its model does: its pod has to see the file that holds it."""

    def rules() -> dict[str, str]:
        """Each expression with its health, once both groups are there."""
        groups = {group["name"]: group["rules"] for group in watched.prometheus.get("rules")["groups"]}
        asked = {f"iris-model.{models.NAMESPACE}.{NAME}", "iris-operator"}
        found = [rule for name in asked for rule in groups[name]] if asked <= groups.keys() else []
        return {rule["query"]: rule.get("lastError") or rule["health"] for rule in found}

    eventually(lambda: set(rules().values()) == {"ok"}, rules)
    queries = rules().keys()
    assert _without_data(watched, {query: _possible(promql.unfiltered(query)) for query in queries}) == {}
    assert _never_scraped(watched, queries) == set()


def test_the_command_line_shows_the_traffic_and_takes_no_wrong_request_for_an_error(
    watched: Watched, up_run: UpRun
) -> None:
    port = up_run.cluster.ingress.rpartition(":")[2]
    command = [str(paths.SCRIPTS / "iris"), "get", NAME, *NAMESPACE, "--output=json"]
    asked = [
        f"--kubeconfig={watched.kubectl.kubeconfig}",
        f"--prometheus=http://prometheus.localhost:{port}",
    ]
    shown = json.loads(subprocess.check_output([*command, *asked], text=True))

    refused = f'rate(http_requests_total{{service="{NAME}",http_status="422"}}[5m])'
    assert shown["requestsPerSecond"] > 1
    assert shown["errorShare"] == 0
    assert max(watched.prometheus.now(refused).values()) > 0


def test_our_service_monitor_alone_makes_the_model_a_target(watched: Watched) -> None:
    targets = watched.prometheus.get("targets", state="active")["activeTargets"]
    ours = [each for each in targets if each["labels"].get("service") == NAME]
    [monitor] = [
        each
        for each in watched.kubectl.read("servicemonitors", *NAMESPACE)["items"]
        if each["metadata"]["name"] == NAME
    ]

    assert {each["scrapePool"] for each in ours} == {f"serviceMonitor/{models.NAMESPACE}/{NAME}/0"}
    assert {each["health"] for each in ours} == {"up"}
    assert monitor["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "iris-operator"


def test_everything_that_is_scraped_answers(watched: Watched) -> None:
    """But for a pod that is just ending, which is forgotten within seconds."""

    def health() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for target in watched.prometheus.get("targets", state="active")["activeTargets"]:
            found.setdefault(target["scrapePool"], set()).add(target["health"])
        return found

    eventually(lambda: set().union(*health().values()) == {"up"}, health)
    assert health().keys() >= {
        "serviceMonitor/monitoring/kubelet/0",
        "serviceMonitor/iris-system/iris-operator/0",
        "podMonitor/monitoring/flux/0",
    }


def test_kubectl_top_tells_what_the_models_pods_use(watched: Watched) -> None:
    selector = f"--selector=app.kubernetes.io/instance={NAME}"

    eventually(
        lambda: watched.kubectl.succeeds("top", "pods", *NAMESPACE, selector),
        lambda: "kubectl top pods: no answer",
    )
    assert NAME in watched.kubectl.run("top", "pods", *NAMESPACE, selector)
