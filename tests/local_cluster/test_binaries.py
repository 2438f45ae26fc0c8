"""The table of programs: what is in it agrees with the Go modules, and a key stands for everything built."""

import os
import re
from pathlib import Path

import pytest
from iris_local_cluster import paths
from iris_local_cluster.programs import binaries, golang
from iris_local_cluster.progress import Progress
from iris_local_cluster.up import gateway_api


def _go_mod(module: binaries.Module) -> str:
    return (paths.GO_MODULES / module.folder / "go.mod").read_text()


def _required(name: str, go_mod: str) -> str:
    found = re.search(rf"^require {re.escape(name)} v(\S+)$", go_mod, re.MULTILINE)
    assert found, f"{name} is not required on a line of its own"
    return found[1]


def _tools(go_mod: str) -> set[str]:
    block = re.search(r"^tool \(\n(.*?)^\)", go_mod, re.MULTILINE | re.DOTALL)
    single = re.search(r"^tool (\S+)$", go_mod, re.MULTILINE)
    return set(block[1].split()) if block else {single[1]} if single else set()


def test_the_table_names_every_go_module_of_the_folder() -> None:
    """Except one, of which only the CRDs are used."""
    folders = {path.parent.name for path in paths.GO_MODULES.glob("*/go.mod")}

    assert {module.folder for module in binaries.MODULES} == folders - {gateway_api.MODULE.name}


@pytest.mark.parametrize("module", binaries.MODULES, ids=lambda module: module.folder)
def test_what_is_built_is_what_the_module_declares_as_tools(module: binaries.Module) -> None:
    own = module.commands.get(module.folder, "").startswith("iris.two.inc/")

    declared = {f"iris.two.inc/local-cluster/{module.folder}"} if own else _tools(_go_mod(module))

    assert set(module.commands.values()) == declared


@pytest.mark.parametrize("module", binaries.MODULES, ids=lambda module: module.folder)
def test_every_module_has_its_sums(module: binaries.Module) -> None:
    assert (paths.GO_MODULES / module.folder / "go.sum").stat().st_size > 0


def test_the_declared_versions_are_those_of_the_go_modules() -> None:
    by_folder = {module.folder: _go_mod(module) for module in binaries.MODULES}

    assert _required("k8s.io/kubernetes", by_folder["kubernetes"]) == binaries.KUBERNETES_VERSION
    assert _required("go.etcd.io/etcd/server/v3", by_folder["etcd"]) == binaries.ETCD_VERSION
    assert _required("github.com/coredns/coredns", by_folder["coredns"]) == binaries.COREDNS_VERSION
    assert _required("sigs.k8s.io/metrics-server", by_folder["metrics-server"]) == (
        binaries.METRICS_SERVER_VERSION
    )
    for name, version in binaries.FLUX_VERSIONS.items():
        assert _required(f"github.com/fluxcd/{name}", by_folder[name]) == version
    operator = _required(
        "github.com/prometheus-operator/prometheus-operator", by_folder["prometheus-operator"]
    )
    assert operator == binaries.PROMETHEUS_OPERATOR_VERSION
    # Prometheus 3.16.0 is published as the Go module v0.316.0.
    major, minor, patch = binaries.PROMETHEUS_VERSION.split(".")
    module = f"0.{major}{int(minor):02}.{patch}"
    assert _required("github.com/prometheus/prometheus", by_folder["prometheus"]) == module


def test_every_staging_module_is_replaced_by_the_matching_release() -> None:
    """A replace that was forgotten at an upgrade would build two Kubernetes versions into one program."""
    minor_and_patch = binaries.KUBERNETES_VERSION.partition(".")[2]
    go_mod = (paths.GO_MODULES / "kubernetes" / "go.mod").read_text()

    replaced = re.findall(r"^\s*k8s\.io/\S+ => k8s\.io/\S+ v(\S+)$", go_mod, re.MULTILINE)

    assert len(replaced) > 20
    assert set(replaced) == {f"0.{minor_and_patch}"}


def test_kubernetes_knows_its_own_version_in_both_places() -> None:
    kubernetes = next(module for module in binaries.MODULES if module.folder == "kubernetes")

    flags = golang.ldflags(kubernetes.variables or {})

    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        assert f"-X={package}.gitVersion=v{binaries.KUBERNETES_VERSION}" in flags.split()
        assert f"-X={package}.gitMajor=1" in flags.split()


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ("go.etcd.io/etcd/server/v3", "server"),
        ("k8s.io/kubernetes/cmd/kubelet", "kubelet"),
        ("sigs.k8s.io/kind", "kind"),
        ("example.org/tools/vet", "vet"),
    ],
)
def test_a_built_file_is_found_under_the_name_go_gives_it(package: str, expected: str) -> None:
    assert golang.executable(package) == expected


def test_a_name_outside_the_table_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="kubelett"):
        binaries.ensure(["kubelett"], Progress())


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    folder.mkdir()
    for name in ("go.mod", "go.sum", "main.go", "README.md"):
        (folder / name).write_text(f"{name} 1\n")
    return folder


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go"])
def test_the_key_changes_with_each_file_that_is_built(module: Path, name: str) -> None:
    before = binaries.key(module, ["go1.26.8"])

    (module / name).write_text("something else\n")

    assert binaries.key(module, ["go1.26.8"]) != before


def test_the_key_changes_with_the_toolchain_and_the_flags(module: Path) -> None:
    keys = {
        binaries.key(module, list(words))
        for words in (("go1.26.8", "-s"), ("go1.26.9", "-s"), ("go1.26.8", "-w"))
    }

    assert len(keys) == 3


def test_the_key_is_the_same_for_what_is_not_built(module: Path) -> None:
    before = binaries.key(module, ["go1.26.8"])

    (module / "README.md").write_text("other words\n")
    os.utime(module / "main.go", (1, 1))

    assert binaries.key(module, ["go1.26.8"]) == before


@pytest.mark.process
def test_a_program_counts_as_built_under_its_current_key_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [etcd] = [module for module in binaries.MODULES if module.folder == "etcd"]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    toolchain = golang.toolchain(etcd.source, program=golang.find())
    ingredients = [toolchain.version, toolchain.platform, etcd.ldflags, *etcd.tags]
    home = paths.cache() / "bin" / "etcd"
    for name in ("of-yesterday", binaries.key(etcd.source, ingredients)):
        assert not binaries.built(["etcd"])
        (home / name).mkdir(parents=True)
        (home / name / "etcd").touch()

    assert binaries.built(["etcd"])
    assert not binaries.built(["etcd", "kwok"])


def test_prune_keeps_the_current_key_and_what_was_used_lately(tmp_path: Path) -> None:
    now = 100 * 24 * 3600.0
    ages = {"current": 90, "lately": 13, "long-ago": 15, f"{golang.UNFINISHED}x": 0}
    for name, days in ages.items():
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (now - days * 24 * 3600,) * 2)

    binaries.prune(tmp_path, keep=tmp_path / "current", now=now)

    assert {path.name for path in tmp_path.iterdir()} == {"current", "lately"}
