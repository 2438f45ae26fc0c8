"""Labels and annotations of `spec.commonMetadata`: on every child, on no pod, never over a name of ours."""

from typing import Any

import pytest
from iris_operator import errors
from iris_operator.children import dashboard_config_map, deployment, ingress, metadata
from iris_operator.model import spec
from iris_operator.observe import ownership

from tests.operator import bodies

COMMON = {"labels": {"release": "kube-prometheus-stack"}, "annotations": {"example.com/owner": "flowers"}}
# Everything that a model can have.
DECLARED: dict[str, Any] = {"route": {"host": "iris.example"}, "autoscaling": {"maxReplicas": 3}}


def test_common_labels_and_annotations_reach_every_child() -> None:
    built = bodies.built(bodies.model(**DECLARED, commonMetadata=COMMON))

    found = {
        child["kind"]: (
            child["metadata"]["labels"].get("release"),
            child["metadata"].get("annotations", {}).get("example.com/owner"),
        )
        for _, child in built
    }
    assert len(found) == 10
    assert set(found.values()) == {("kube-prometheus-stack", "flowers")}


def test_common_metadata_changes_nothing_else_and_no_pod_template() -> None:
    plain = dict(bodies.built(bodies.model(**DECLARED)))

    for kind, child in bodies.built(bodies.model(**DECLARED, commonMetadata=COMMON)):
        stripped = {**child, "metadata": {**child["metadata"]}}
        for part, added in COMMON.items():
            kept = {name: text for name, text in child["metadata"][part].items() if name not in added}
            stripped["metadata"][part] = kept
        plain[kind]["metadata"].setdefault("annotations", {})
        assert stripped == plain[kind]


def test_a_model_without_common_metadata_has_the_manifests_of_before() -> None:
    """Each child whose intent moved would be a write on an upgrade."""
    absent, empty = bodies.model(**DECLARED), bodies.model(**DECLARED, commonMetadata={})

    assert bodies.built(absent) == bodies.built(empty)


def test_a_more_specific_field_wins_over_common_metadata() -> None:
    route = {"host": "iris.example", "annotations": {"example.com/owner": "network"}}
    common = {"annotations": {"example.com/owner": "flowers", "grafana_folder": "Other"}}
    model = bodies.model(route=route, commonMetadata=common)

    routed, dashboard = ingress.build(model), dashboard_config_map.build(model)

    assert routed is not None
    assert routed["metadata"]["annotations"] == {"example.com/owner": "network", "grafana_folder": "Other"}
    assert dashboard is not None
    assert dashboard["metadata"]["annotations"]["grafana_folder"] == "Iris"


def test_a_common_label_replaces_the_one_by_which_grafana_finds_dashboards() -> None:
    """A sidecar may be set up to look for another value."""
    model = bodies.model(commonMetadata={"labels": {"grafana_dashboard": "flowers"}})

    built = dashboard_config_map.build(model)

    assert built is not None
    assert built["metadata"]["labels"]["grafana_dashboard"] == "flowers"


@pytest.mark.parametrize("part", ["labels", "annotations"])
@pytest.mark.parametrize(
    "name",
    [
        *metadata.labels(bodies.model()),
        "app.kubernetes.io/team",
        ownership.INTENT,
        deployment.REPLICAS_FROM,
        "deployment.kubernetes.io/revision",
    ],
)
def test_a_name_of_ours_is_refused_in_common_metadata(part: str, name: str) -> None:
    """A CRD of an earlier release lets them through."""
    body = bodies.body(commonMetadata={part: {name: "theirs"}})

    with pytest.raises(errors.Invalid) as caught:
        spec.parse(body)

    assert caught.value.message == (
        f"spec.commonMetadata.{part}: found '{name}', expected a name that does not begin with "
        "app.kubernetes.io/, serving.two.inc/ or deployment.kubernetes.io/"
    )
