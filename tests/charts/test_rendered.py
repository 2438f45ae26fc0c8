"""The charts as Helm renders them: valid for Kubernetes, equal to the plain manifests, refused when wrong."""

import copy
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml
from iris_delivery import __main__ as command

from tests.charts.conftest import ROOT, HelmError

if TYPE_CHECKING:
    from tests.charts.conftest import Render

pytestmark = pytest.mark.cluster

_CI = sorted((ROOT / "charts").glob("*/ci/*-values.yaml"))
_ADDED = {"app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart"}
_NOT_KUBERNETES = {"ServiceMonitor", "PrometheusRule", "IrisModel"}


def _key(manifest: dict[str, Any]) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]


def _only(manifests: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    [found] = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


@pytest.mark.parametrize("values", _CI, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_every_object_is_valid_for_kubernetes(render: "Render", values: Path) -> None:
    manifests = render(values.parts[-3], files=(values,))

    assert manifests
    for manifest in manifests:
        if manifest["kind"] not in _NOT_KUBERNETES:
            kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_the_default_chart_is_the_plain_manifests(render: "Render") -> None:
    """Two ways to install, one operator: only Helm's labels and what plain manifests leave out differ."""
    kustomization = yaml.safe_load((ROOT / "operator/manifests/kustomization.yaml").read_text())
    files = [ROOT / "operator/manifests" / name for name in kustomization["resources"]]
    plain = {_key(manifest): manifest for manifest in (yaml.safe_load(file.read_text()) for file in files)}
    del plain["Namespace", "iris-system"]  # Helm's --create-namespace

    rendered = {_key(manifest): copy.deepcopy(manifest) for manifest in render("iris-operator")}
    del rendered["NetworkPolicy", "iris-operator"]
    for manifest in rendered.values():
        for label in _ADDED:
            del manifest["metadata"]["labels"][label]

    assert rendered == plain


def test_the_name_of_a_version_is_in_no_selector(render: "Render") -> None:
    for manifest in render("iris-operator", files=(ROOT / "charts/iris-operator/ci/everything-values.yaml",)):
        selector = manifest.get("spec", {}).get("selector", {})
        assert "version" not in str(selector)
        assert "helm.sh" not in str(selector)


@pytest.mark.parametrize("chart", ["iris-operator", "iris-model"])
def test_a_chart_from_git_has_labels_that_the_api_server_takes(
    render: "Render", chart: str, tmp_path: Path
) -> None:
    """Flux adds `+` and the commit to the version, and a label's value may hold no `+`."""
    charts = tmp_path / "charts"
    shutil.copytree(ROOT / "charts" / chart, charts / chart)
    described = charts / chart / "Chart.yaml"
    described.write_text(described.read_text().replace("\nversion: 0.1.0", "\nversion: 0.1.0+1a2b3c4d5e6f"))

    values = "version=1.4.0" if chart == "iris-model" else ""
    rendered = render(chart, charts=charts, values=values)

    found = {each["metadata"]["labels"].get("helm.sh/chart") for each in rendered}

    assert f"{chart}-0.1.0_1a2b3c4d5e6f" in found
    assert not any("+" in value for value in found if value)


def test_watched_namespaces_leave_no_right_on_the_cluster(render: "Render") -> None:
    manifests = render("iris-operator", files=(ROOT / "charts/iris-operator/ci/namespaced-values.yaml",))

    assert not [manifest for manifest in manifests if manifest["kind"].startswith("ClusterRole")]
    roles = [manifest for manifest in manifests if manifest["metadata"]["name"] == "iris-operator-models"]
    assert sorted((role["kind"], role["metadata"]["namespace"]) for role in roles) == [
        ("Role", "iris"),
        ("Role", "iris-canary"),
        ("RoleBinding", "iris"),
        ("RoleBinding", "iris-canary"),
    ]
    environment = _only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "IRIS_OPERATOR_NAMESPACES", "value": "iris,iris-canary"} in environment


def test_a_namespaced_role_has_every_rule_but_the_clusters_own(render: "Render") -> None:
    whole = _only(
        [each for each in render("iris-operator") if each["metadata"]["name"] == "iris-operator"],
        "ClusterRole",
    )
    namespaced = render("iris-operator", values="watchNamespaces={iris}")
    [role] = [
        each
        for each in namespaced
        if each["kind"] == "Role" and each["metadata"]["name"] == "iris-operator-models"
    ]

    missing = [rule for rule in whole["rules"] if rule not in role["rules"]]

    names = [rule["resources"] for rule in missing]
    assert names == [["ingressclasses"], ["gatewayclasses"], ["customresourcedefinitions"]]


def test_the_operators_door_opens_to_the_model_pods_it_makes(render: "Render") -> None:
    policy = _only(render("iris-operator"), "NetworkPolicy")
    [to] = [rule["to"][0] for rule in policy["spec"]["egress"] if "to" in rule]

    metadata = (ROOT / "operator/iris_operator/children/metadata.py").read_text()
    for label, value in to["podSelector"]["matchLabels"].items():
        assert label in metadata
        assert value in metadata


def test_an_image_is_pinned_by_its_digest(render: "Render") -> None:
    manifests = render("iris-operator", files=(ROOT / "charts/iris-operator/ci/everything-values.yaml",))

    image = _only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"]

    assert image == f"registry.example.com:5000/iris-operator:1.4.0@sha256:{'0123456789abcdef' * 4}"


@pytest.mark.parametrize(
    ("chart", "values", "found"),
    [
        ("iris-operator", "replica=3", "additional properties 'replica' not allowed"),
        ("iris-operator", "image.repo=x", "additional properties 'repo' not allowed"),
        ("iris-operator", "replicas=0", "at '/replicas'"),
        ("iris-operator", "logLevel=LOUD", "at '/logLevel'"),
        ("iris-operator", "image.digest=sha256:1", "at '/image/digest'"),
        ("iris-operator", "watchNamespaces={Iris}", "at '/watchNamespaces/0'"),
        ("iris-model", "", "at '/version'"),
        ("iris-model", "version=1.4.0,verison=2", "additional properties 'verison' not allowed"),
        ("iris-model", "version=2", "at '/version': got number, want string"),
        ("iris-model", "version=1.4.0,replicas=101", "at '/replicas'"),
        ("iris-model", "version=1.4.0,route.type=Gate", "at '/route/type'"),
    ],
)
def test_a_wrong_value_is_refused_by_name(render: "Render", chart: str, values: str, found: str) -> None:
    with pytest.raises(HelmError, match=found):
        render(chart, values=values)


def test_a_model_is_declared_as_its_values_say_and_denies_pickles(render: "Render") -> None:
    values = ROOT / "charts/iris-model/ci/production-values.yaml"

    [model] = render("iris-model", files=(values,))

    assert model["spec"] == {**yaml.safe_load(values.read_text()), "server": {"pickle": "Deny"}}
    assert (model["metadata"]["name"], model["metadata"]["namespace"]) == ("iris", "iris")


@pytest.mark.parametrize("chart", ["iris-operator", "iris-model"])
def test_the_values_in_the_readme_of_a_chart_are_accepted(
    render: "Render", chart: str, tmp_path: Path
) -> None:
    readme = (ROOT / "charts" / chart / "README.md").read_text()
    [example] = re.findall(r"^```yaml\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    values = tmp_path / "values.yaml"
    values.write_text(example)

    assert render(chart, files=(values,))


def test_the_packed_operator_brings_the_api(
    helm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(helm.parent), prepend=":")
    words = ["package-charts", "--version=1.5.0", f"--output={tmp_path}"]
    assert command.main([f"--repository={ROOT}", *words]) == 0

    packed = capsys.readouterr().out.split()
    assert [Path(path).name for path in packed] == ["iris-operator-1.5.0.tgz", "iris-model-1.5.0.tgz"]
    shown = subprocess.run([helm, "show", "crds", packed[0]], capture_output=True, text=True, check=True)
    assert yaml.safe_load(shown.stdout) == yaml.safe_load(
        (ROOT / "crds/irismodels.serving.two.inc.yaml").read_text()
    )
