"""How kubectl is asked again where its own waiting gives up, with a stand-in command."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.kubectl import Kubectl
from iris_programs import kubectl

_FRESH = "error: .status.conditions accessor error: <nil> is of the type <nil>, expected []interface{}"


@dataclass(frozen=True, slots=True)
class StandIn(Kubectl):
    """Fails as many times as its file has lines, each time with one of them."""

    @property
    def program(self) -> kubectl.Kubectl:
        file = self.kubeconfig
        take = f'line=$(head -n 1 {file}); sed -i 1d {file}; echo "$line" >&2; test -z "$line"'
        return kubectl.Kubectl("sh", ("-c", take))


def test_a_crd_without_conditions_is_waited_for(tmp_path: Path) -> None:
    """kubectl wait fails at once when it is quicker than the API server's first look at a new definition."""
    failures = tmp_path / "failures"
    failures.write_text(f"{_FRESH}\n{_FRESH}\n")

    StandIn(failures).established("crd/irismodels.serving.two.inc")

    assert failures.read_text() == ""


def test_a_crd_that_is_never_established_is_reported_with_kubectls_reason(tmp_path: Path) -> None:
    failures = tmp_path / "failures"
    failures.write_text("error: not found\n" * 9)

    with pytest.raises(LocalClusterError, match=r"kubectl wait .*: error: not found"):
        StandIn(failures).established("crd/never", seconds=0)
