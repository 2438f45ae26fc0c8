"""Every cluster builds, every path and dependency of its Flux objects exists, all are shaped alike."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from iris_delivery import declaration, environments

from tests.clusters import declared

_ENVIRONMENTS = environments.parse((declared.ROOT / environments.FILE).read_text()).names
_EVERY = pytest.mark.parametrize("cluster", declared.NAMES)


@_EVERY
def test_every_path_exists_and_is_built_from_an_explicit_list(cluster: str) -> None:
    for step in declared.steps(cluster).values():
        folder = declared.ROOT / step["spec"]["path"]
        assert (folder / "kustomization.yaml").is_file(), f"{folder}: Flux would apply whatever lies there"
        assert declared.built(folder)


@_EVERY
def test_content_is_the_environments_own_but_for_the_api(cluster: str) -> None:
    paths = {name: step["spec"]["path"] for name, step in declared.steps(cluster).items()}

    assert set(paths) >= {"crds", "infrastructure", "operator", "models"}
    assert paths == {name: f"./clusters/{cluster}/{name}" for name in paths} | {"crds": "./crds"}


@_EVERY
def test_every_dependency_exists_and_none_goes_in_a_circle(cluster: str) -> None:
    steps = declared.steps(cluster)
    needs = {
        name: {each["name"] for each in step["spec"].get("dependsOn", [])} for name, step in steps.items()
    }

    done = set[str]()
    while ready := {name for name, need in needs.items() if need <= done} - done:
        done |= ready

    assert done == set(steps)
    assert needs["models"] == {"operator"}
    assert "crds" in needs["operator"]


@_EVERY
def test_a_failed_model_blocks_no_other_step(cluster: str) -> None:
    """Monitoring once waited for the models: it was missing exactly when a model had failed."""
    steps = declared.steps(cluster).items()

    waiting = [
        name
        for name, step in steps
        if "models" in {each["name"] for each in step["spec"].get("dependsOn", [])}
    ]

    assert waiting == []


@_EVERY
def test_the_api_is_never_pruned_and_every_step_is_waited_for(cluster: str) -> None:
    steps = declared.steps(cluster)

    assert [name for name, step in steps.items() if not step["spec"]["prune"]] == ["crds"]
    for step in steps.values():
        assert step["spec"]["wait"]
        assert {"timeout", "retryInterval"} <= set(step["spec"])


@_EVERY
def test_models_are_applied_with_rights_on_irismodels_alone(cluster: str) -> None:
    infrastructure = declared.content(cluster, "infrastructure")
    account = declared.steps(cluster)["models"]["spec"]["serviceAccountName"]

    bindings = [
        each
        for each in infrastructure
        if each["kind"].endswith("RoleBinding")
        and {"kind": "ServiceAccount", "name": account, "namespace": "flux-system"} in each["subjects"]
    ]
    roles = [
        each
        for each in infrastructure
        if each["kind"] == "Role" and each["metadata"]["name"] == bindings[0]["roleRef"]["name"]
    ]

    assert [each["kind"] for each in bindings] == ["RoleBinding"]
    assert [rule["resources"] for role in roles for rule in role["rules"]] == [["irismodels"]]


@_EVERY
def test_the_model_serves_what_version_yaml_says_and_only_models_are_in_models(cluster: str) -> None:
    path = declaration.path(cluster)
    wanted = declaration.parse((declared.ROOT / path).read_text(), path)

    [model] = declared.content(cluster, "models")

    assert declaration.parse(yaml.safe_dump(model), path) == wanted


@pytest.mark.parametrize("environment", _ENVIRONMENTS)
def test_the_operator_comes_as_a_released_chart_and_drift_is_repaired(environment: str) -> None:
    content = {each["kind"]: each for each in declared.content(environment, "operator")}

    release, source = content["HelmRelease"]["spec"], content["OCIRepository"]
    assert source["spec"]["ref"]["tag"]
    assert release["chartRef"] == {"kind": "OCIRepository", "name": source["metadata"]["name"]}
    assert release["install"]["crds"] == release["upgrade"]["crds"] == "CreateReplace"
    assert release["driftDetection"] == {"mode": "enabled"}


def test_the_local_operator_is_the_chart_of_the_same_commit() -> None:
    """A chart in Git holds no API, so Helm must not look for one; `crds` is a step of its own."""
    content = {each["kind"]: each for each in declared.content("local", "operator")}

    release = content["HelmRelease"]["spec"]
    assert "OCIRepository" not in content
    assert release["chart"]["spec"]["chart"] == "./charts/iris-operator"
    assert release["chart"]["spec"]["reconcileStrategy"] == "Revision"
    assert release["chart"]["spec"]["sourceRef"]["kind"] == "GitRepository"
    assert release["install"]["crds"] == release["upgrade"]["crds"] == "Skip"
    assert release["driftDetection"] == {"mode": "enabled"}


def test_every_environment_has_the_same_file_names() -> None:
    def names(environment: str) -> set[str]:
        folder = declared.CLUSTERS / environment
        # What `flux bootstrap` writes is there only where it has run.
        paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        return {path.as_posix() for path in paths if path.parts[0] != "flux-system"}

    first, *others = map(names, _ENVIRONMENTS)
    assert all(other == first for other in others)


def test_no_two_environments_share_a_host() -> None:
    models = [declared.content(environment, "models")[0] for environment in _ENVIRONMENTS]
    hosts = [model["spec"]["route"]["host"] for model in models]

    assert len(set(hosts)) == len(hosts)


@_EVERY
def test_a_model_of_the_same_name_in_another_namespace_keeps_its_own_spec(
    cluster: str, tmp_path: Path
) -> None:
    """A patch that selects by name alone gave it the replicas and the host of the first."""
    folder = tmp_path / cluster
    shutil.copytree(declared.CLUSTERS / cluster, folder)
    other = {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {"name": "iris", "namespace": "another"},
        "spec": {"version": "2.0.0"},
    }
    (folder / "models" / "other.yaml").write_text(yaml.safe_dump(other))
    file = folder / "models" / "kustomization.yaml"
    kustomization = yaml.safe_load(file.read_text())
    kustomization["resources"].append("other.yaml")
    file.write_text(yaml.safe_dump(kustomization))

    first, second = sorted(
        declared.built(folder / "models"), key=lambda model: model["metadata"]["namespace"] == "another"
    )

    assert second == other
    assert first["spec"]["route"]


def test_the_commands_of_the_readme_give_other_models_a_step_of_their_own(tmp_path: Path) -> None:
    """With the rights and the health checks of the step that they copy."""
    shutil.copytree(declared.CLUSTERS, tmp_path / "clusters")
    readme = (declared.CLUSTERS / "README.md").read_text()
    [commands] = re.findall(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    subprocess.run(["sh", "-eu", "-c", commands], cwd=tmp_path, check=True)

    steps = {each["metadata"]["name"]: each["spec"] for each in declared.built(tmp_path / "clusters/dev")}

    assert steps["flowers"] == {**steps["models"], "path": "./clusters/dev/flowers"}
    assert (tmp_path / steps["flowers"]["path"] / "kustomization.yaml").is_file()
    assert steps["models"] == declared.steps("dev")["models"]["spec"]


@pytest.mark.parametrize(
    "file",
    sorted(declared.CLUSTERS.rglob("kustomization.yaml")),
    ids=lambda file: str(file.parent.relative_to(declared.CLUSTERS)),
)
def test_every_patch_selects_one_object_by_kind_namespace_and_name(file: Path) -> None:
    targets = [patch["target"] for patch in yaml.safe_load(file.read_text()).get("patches", [])]

    assert [target for target in targets if set(target) != {"kind", "namespace", "name"}] == []
