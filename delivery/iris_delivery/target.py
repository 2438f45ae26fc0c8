"""A cluster to install into: its owner, its version, the user's rights, and who manages the operator there.

Read-only: every refusal is raised here, before anything is changed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from iris_programs import process
from iris_programs.kubectl import Kubectl
from iris_programs.process import Answer, ProgramTimedOut

from iris_delivery import cluster
from iris_delivery.errors import Refused

NAMESPACE: Final = "iris-system"
RELEASE: Final = "iris-operator"
# What Helm has to create; a refusal names the first one that is missing.
_CREATES: Final = (
    "namespaces",
    "customresourcedefinitions.apiextensions.k8s.io",
    "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
    "deployments.apps",
)
_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Target:
    """One context of the user's kubeconfig."""

    program: Kubectl
    context: str
    server: str
    ours: bool  # a cluster that `make up` made in this clone

    def __str__(self) -> str:
        """As all messages name it."""
        return f"context {self.context} ({self.server})"

    def kubectl(self, *arguments: str, way_out: str = "kubectl cluster-info shows details") -> str:
        """Its standard output; a failure is refused in kubectl's own last line."""
        answer = self._answer(*arguments)
        if answer.code != 0:
            raise Refused(self, f"kubectl: {process.last_line(answer.stderr)}", way_out)
        return answer.stdout

    def version(self) -> str:
        """Of the API server, such as v1.37.2; the first request, so it detects a server that is away."""
        answer = self._answer("version", "--output=json")
        found = json.loads(answer.stdout or "{}").get("serverVersion")
        if found is None:
            message = process.last_line(answer.stderr)
            raise Refused(self, f"no answer: {message}", "start it, or kubectl config use-context NAME")
        return str(found["gitVersion"])

    def require_rights(self) -> None:
        """Installing takes an administrator, or somebody who may at least create these."""
        for resource in _CREATES:
            if self._answer("auth", "can-i", "create", resource).stdout.strip() != "yes":
                raise Refused(self, f"you may not create {resource}", "use an administrator's context")

    def operator(self) -> Mapping[str, Any] | None:
        """The operator's Deployment when Helm keeps it; refused when somebody else does."""
        found = self.kubectl(
            "get", "deployment", RELEASE, f"--namespace={NAMESPACE}", "--ignore-not-found", "--output=json"
        )
        if not found.strip():
            return None
        deployment: Mapping[str, Any] = json.loads(found)
        metadata = deployment["metadata"]
        if "helm.toolkit.fluxcd.io/name" in metadata.get("labels", {}):
            raise Refused(self, "Flux manages the operator there", "commit the change to Git")
        if metadata.get("annotations", {}).get("meta.helm.sh/release-name") != RELEASE:
            way_out = "kubectl delete -k operator/manifests first (models keep running)"
            raise Refused(self, f"{NAMESPACE}/{RELEASE} exists and is not managed by Helm", way_out)
        return deployment

    def _answer(self, *arguments: str) -> Answer:
        try:
            return self.program.answer("--request-timeout=10s", *arguments, seconds=_SECONDS)
        except ProgramTimedOut as error:
            raise Refused(
                self, f"kubectl: {error.line}", "check the cluster: kubectl cluster-info"
            ) from error


def find(context: str | None, root: Path) -> Target:
    """The named context, or the current one; asks no cluster yet."""
    answer = cluster.program(context).answer("config", "view", "--minify", "--raw", "--output=json")
    if answer.code != 0:
        where = f"context {context}" if context else "kubectl"
        found = "not in the kubeconfig" if context else "no current context"
        raise Refused(where, found, "kubectl config use-context NAME, or set KUBECONFIG")
    view = json.loads(answer.stdout)
    there = _address(view)
    ours = any(_address(yaml.safe_load(file.read_text())) == there for file in _made_here(root))
    name = view["contexts"][0]["name"]
    return Target(cluster.program(name), name, there[0], ours)


def _made_here(root: Path) -> list[Path]:
    """The kubeconfigs of the clusters that `make up` made, which `make down` removes."""
    local = root / ".local"
    return [file for file in (local / "kubeconfig", *local.glob("clusters/*/kubeconfig")) if file.is_file()]


def _address(kubeconfig: Mapping[str, Any]) -> tuple[str, str]:
    """Addresses are reused by later clusters; address and authority together identify one cluster."""
    found = kubeconfig["clusters"][0]["cluster"]
    return found.get("server", ""), found.get("certificate-authority-data", "")
