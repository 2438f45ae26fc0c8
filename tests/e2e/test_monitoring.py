"""What a person sees of a model in Prometheus and on dashboards, after real traffic of every kind.

One model of its own is declared, asked in its training data, changed to another version, asked in other data
and refused bad requests. The traffic goes on while every query of every panel and every alert is asked.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from iris_local_cluster import cluster, models, paths, story
from iris_local_cluster.kubectl import Kubectl

from tests.e2e.prometheus import Prometheus, eventually
from tests.e2e.stage import Told
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

Drift = dict[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Watched:
    """The model's dashboard, and what its drift panel showed at each point of the story."""

    prometheus: Prometheus
    kubectl: Kubectl
    board: dict[str, Any]
    alike: Drift
    changed: Drift
    shifted: Drift


@pytest.fixture(scope="module")
def watched(told: Told) -> Iterator[Watched]:
    prometheus = Prometheus(told.cluster.ingress)
    try:
        _declare(told.kubectl, story.FIRST)
        board = _board(told.kubectl)
        with Traffic(told.cluster.ingress, HOST) as traffic:
            alike = _drift(prometheus, board, story.FIRST, of=FEATURES)
            _declare(told.kubectl, story.SECOND)
            changed = _drift(prometheus, board, story.SECOND, of=FEATURES)
            traffic.shift("petal_length", by=2.0)
            shifted = _drift(prometheus, board, story.SECOND, of={"petal_length"}, above=OTHERS)
            yield Watched(prometheus, told.kubectl, board, alike, changed, shifted)
    finally:
        told.kubectl.run("delete", "irismodel", NAME, "--ignore-not-found", *NAMESPACE)


def _declare(kubectl: Kubectl, version: str) -> None:
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

    def standing() -> models.Standing:
        return models.standing(kubectl.read("irismodel", NAME, *NAMESPACE))

    eventually(lambda: standing().ready and standing().serving == version, standing, seconds=120)


def _board(kubectl: Kubectl) -> dict[str, Any]:
    """The dashboard that the operator has made for the model."""
    [text] = kubectl.read("configmap", f"{NAME}-dashboard", *NAMESPACE)["data"].values()
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

    eventually(enough, lambda: (shown(), prometheus.now(counted)), seconds=120)
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


def _data_of(alert: str) -> str:
    """What a silent alert looks at: nothing is filtered, and all answers stand in for the failed ones.

    No request of ours fails here, so nothing would ever count as one.
    """
    return promql.unfiltered(alert).replace('http_status=~"5.."', 'http_status=~".+"')


def _without_data(watched: Watched, queries: dict[str, str]) -> dict[str, str]:
    """Those that have none within a minute of traffic, and had none during the change of version."""
    lacking = dict(queries)

    def all_answered() -> bool:
        for name in list(lacking):
            if watched.prometheus.now(lacking[name]) or watched.prometheus.past(lacking[name], seconds=600):
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
    assert watched.shifted["petal_length", story.SECOND] > OTHERS


def test_every_query_of_every_panel_has_data(watched: Watched) -> None:
    folder = paths.PROJECT / "charts" / "iris-operator" / "dashboards"
    boards = [watched.board, *(json.loads(file.read_text()) for file in sorted(folder.glob("*.json")))]
    queries = {name: query for board in boards for name, query in _queries(board).items()}

    assert len(boards) == 3
    assert _without_data(watched, queries) == {}


def test_the_dashboard_marks_the_change_of_version(watched: Watched) -> None:
    marks = _marks(watched.board)
    found = {name: watched.prometheus.past(query, seconds=600) for name, query in marks.items()}

    told = {label: value for series in found.values() for each in series for label, value in each.items()}
    assert all(found.values()), found
    assert {told["declared"], told["serving"]} <= {story.FIRST, story.SECOND}


def test_every_alert_expression_has_data_and_is_evaluated_without_error(watched: Watched) -> None:
    groups = {group["name"]: group["rules"] for group in watched.prometheus.get("rules")["groups"]}
    asked = {f"iris-model.{models.NAMESPACE}.{NAME}", "iris-operator"}

    assert asked <= groups.keys()
    rules = {f"{name}: {rule['query']}": rule for name in asked for rule in groups[name]}
    assert {name: rule["lastError"] for name, rule in rules.items() if rule["health"] == "err"} == {}
    assert _without_data(watched, {name: _data_of(rule["query"]) for name, rule in rules.items()}) == {}


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
        seconds=90,
    )
    assert NAME in watched.kubectl.run("top", "pods", *NAMESPACE, selector)
