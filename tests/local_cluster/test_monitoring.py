"""What is installed to monitor a local cluster: each image is one that we build, nothing is large."""

import re
import subprocess
from typing import Any

import pytest
import yaml
from iris_local_cluster import paths
from iris_local_cluster.images import project_images
from iris_local_cluster.programs import binaries
from iris_local_cluster.up import monitoring


@pytest.fixture(scope="module")
def manifests() -> list[dict[str, Any]]:
    command = [str(paths.SCRIPTS / "kubectl"), "kustomize", str(monitoring.MANIFESTS)]
    built = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return list(yaml.safe_load_all(built))


def _of(manifests: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    [found] = [each for each in manifests if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def test_every_monitoring_image_is_loaded_into_the_native_node(manifests: list[dict[str, Any]]) -> None:
    """The node cannot pull: another version here would wait for ever."""
    text = yaml.safe_dump_all(manifests)
    named = set(re.findall(r"(?:image: |reloader=)(\S+)", text))

    provided = {
        image.reference for image in project_images.BASE_IMAGES if image.program in monitoring.PROGRAMS
    }
    assert named == provided


def test_the_prometheus_object_has_the_version_that_is_built(manifests: list[dict[str, Any]]) -> None:
    """By it the Prometheus Operator decides which flags to give."""
    assert _of(manifests, "Prometheus", "prometheus")["spec"]["version"] == binaries.PROMETHEUS_VERSION


def test_prometheus_takes_the_monitors_and_rules_of_every_namespace(manifests: list[dict[str, Any]]) -> None:
    spec = _of(manifests, "Prometheus", "prometheus")["spec"]

    taken = {key: value for key, value in spec.items() if key.endswith("Selector")}
    assert set(taken) == {
        f"{kind}{what}Selector"
        for kind in ("serviceMonitor", "podMonitor", "rule")
        for what in ("", "Namespace")
    }
    assert all(value == {} for value in taken.values())


def test_grafana_is_not_installed_where_its_image_cannot_be_pulled(manifests: list[dict[str, Any]]) -> None:
    assert "grafana" not in yaml.safe_dump_all(manifests).lower()


@pytest.mark.parametrize(
    ("image", "reason", "hurried"),
    [
        (project_images.PROMETHEUS, "ImagePullBackOff", True),
        (project_images.METRICS_SERVER, "ErrImagePull", True),
        (project_images.PROMETHEUS, "CrashLoopBackOff", False),
        ("registry.local:5000/iris-server:9.9.9", "ImagePullBackOff", False),
    ],
    ids=["ours, backing off", "ours, just refused", "ours, with another fault", "a model that nobody built"],
)
def test_only_pods_that_wait_for_our_images_are_restarted(image: str, reason: str, hurried: bool) -> None:
    started = {"image": "other", "state": {"running": {}}}
    waiting = {"image": image, "state": {"waiting": {"reason": reason}}}

    for status in ({"initContainerStatuses": [waiting]}, {"containerStatuses": [started, waiting]}):
        assert monitoring.waits_for_our_image({"status": status}) == hurried


@pytest.mark.parametrize("grafana", [True, False])
def test_the_next_steps_name_grafana_only_if_it_is_installed(grafana: bool) -> None:
    printed = monitoring.next_steps("8081", grafana=grafana)

    assert "http://prometheus.localhost:8081/" in printed
    assert ("http://grafana.localhost:8081" in printed) == grafana
    assert ("get secret grafana-admin" in printed) == grafana


def test_monitoring_may_use_one_gibibyte_of_memory_in_all(manifests: list[dict[str, Any]]) -> None:
    limits = [
        container["resources"]["limits"]["memory"]
        for manifest in manifests
        if manifest["kind"] == "Deployment"
        for container in manifest["spec"]["template"]["spec"]["containers"]
    ]
    limits.append(_of(manifests, "Prometheus", "prometheus")["spec"]["resources"]["limits"]["memory"])

    assert sum(int(limit.removesuffix("Mi")) for limit in limits) <= 1024
