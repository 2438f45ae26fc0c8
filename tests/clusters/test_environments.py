"""Every environment builds, every path and dependency of its Flux objects exists, all are shaped alike."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from iris_delivery import cluster, declaration, environments

_ROOT = Path(__file__).resolve().parents[2]
_CLUSTERS = _ROOT / "clusters"
_ENVIRONMENTS = environments.parse((_ROOT / environments.FILE).read_text()).names
_GROUP = "kustomize.toolkit.fluxcd.io/v1"


@cache
def _built(folder: Path) -> tuple[dict[str, Any], ...]:
    # As Flux builds: version.yaml stands beside the folder that uses it.
    command = [cluster.program(), "kustomize", "--load-restrictor=LoadRestrictionsNone", str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return tuple(yaml.safe_load_all(answer.stdout))


def _steps(environment: str) -> dict[str, dict[str, Any]]:
    built = _built(_CLUSTERS / environment)
    steps = {each["metadata"]["name"]: each for each in built if each["apiVersion"] == _GROUP}
    steps.pop("flux-system", None)  # Flux keeping itself, where `flux bootstrap` has run
    return steps


def _content(environment: str, step: str) -> tuple[dict[str, Any], ...]:
    return _built(_ROOT / _steps(environment)[step]["spec"]["path"])


@pytest.mark.parametrize("environment", _ENVIRONMENTS)
def test_every_path_exists_and_is_built_from_an_explicit_list(environment: str) -> None:
    for step in _steps(environment).values():
        folder = _ROOT / step["spec"]["path"]
        assert (folder / "kustomization.yaml").is_file(), f"{folder}: Flux would apply whatever lies there"
        assert _built(folder)


@pytest.mark.parametrize("environment", _ENVIRONMENTS)
def test_content_is_the_environments_own_but_for_the_api(environment: str) -> None:
    paths = {name: step["spec"]["path"] for name, step in _steps(environment).items()}

    own = {name: f"./clusters/{environment}/{name}" for name in ("infrastructure", "operator", "models")}
    assert paths == {"crds": "./crds", **own}


@pytest.mark.parametrize("environment", _ENVIRONMENTS)
def test_every_dependency_exists_and_none_goes_in_a_circle(environment: str) -> None:
    steps = _steps(environment)
    needs = {
        name: {each["name"] for each in step["spec"].get("dependsOn", [])} for name, step in steps.items()
    }

    done = set[str]()
    while ready := {name for name, need in needs.items() if need <= done} - done:
        done |= ready

    assert done == set(steps)
    assert needs["models"] == {"operator"}
    assert "crds" in needs["operator"]


@pytest.mark.parametrize("environment", _ENVIRONMENTS)
def test_the_api_is_never_pruned_and_every_step_is_waited_for(environment: str) -> None:
    steps = _steps(environment)

    assert [name for name, step in steps.items() if not step["spec"]["prune"]] == ["crds"]
    for step in steps.values():
        assert step["spec"]["wait"]
        assert {"timeout", "retryInterval"} <= set(step["spec"])


@pytest.mark.parametrize("environment", _ENVIRONMENTS)
def test_models_are_applied_with_rights_on_irismodels_alone(environment: str) -> None:
    infrastructure = _content(environment, "infrastructure")
    account = _steps(environment)["models"]["spec"]["serviceAccountName"]

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


@pytest.mark.parametrize("environment", _ENVIRONMENTS)
def test_the_model_serves_what_version_yaml_says_and_only_models_are_in_models(environment: str) -> None:
    path = declaration.path(environment)
    declared = declaration.parse((_ROOT / path).read_text(), path)

    [model] = _content(environment, "models")

    assert declaration.parse(yaml.safe_dump(model), path) == declared


@pytest.mark.parametrize("environment", _ENVIRONMENTS)
def test_the_operator_comes_as_a_released_chart_and_drift_is_repaired(environment: str) -> None:
    content = {each["kind"]: each for each in _content(environment, "operator")}

    release, source = content["HelmRelease"]["spec"], content["OCIRepository"]
    assert source["spec"]["ref"]["tag"]
    assert release["chartRef"] == {"kind": "OCIRepository", "name": source["metadata"]["name"]}
    assert release["install"]["crds"] == release["upgrade"]["crds"] == "CreateReplace"
    assert release["driftDetection"] == {"mode": "enabled"}


def test_every_environment_has_the_same_file_names() -> None:
    def names(environment: str) -> set[str]:
        folder = _CLUSTERS / environment
        # What `flux bootstrap` writes is there only where it has run.
        paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        return {path.as_posix() for path in paths if path.parts[0] != "flux-system"}

    first, *others = map(names, _ENVIRONMENTS)
    assert all(other == first for other in others)


def test_no_two_environments_share_a_host() -> None:
    hosts = [_content(environment, "models")[0]["spec"]["route"]["host"] for environment in _ENVIRONMENTS]

    assert len(set(hosts)) == len(hosts)
