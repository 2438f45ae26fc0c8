"""Reads IrisModels through kubectl: any kubeconfig and any login that works there works here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from iris_programs import kubectl
from iris_programs.kubectl import Kubectl
from iris_programs.process import ProgramFailed, ProgramNotFound

from iris_delivery.declaration import Declaration
from iris_delivery.errors import Refused, Unreachable

_SECONDS: Final = 20
_RESOURCE: Final = "irismodels.serving.two.inc"


@dataclass(frozen=True, slots=True)
class Cluster:
    """One context of the user's kubeconfig."""

    kubectl: Kubectl
    context: str

    def model(self, declared: Declaration) -> Mapping[str, Any] | None:
        """The stored IrisModel, None when there is none; raises Unreachable."""
        where = (declared.name, f"--namespace={declared.namespace}")
        options = ("--ignore-not-found", "--output=json", "--request-timeout=10s")
        try:
            found = self.kubectl.run("get", _RESOURCE, *where, *options, seconds=_SECONDS)
        except ProgramFailed as failure:
            raise Unreachable(f"kubectl: {failure.line}") from failure
        if not found.strip():
            return None
        try:
            model: Mapping[str, Any] = json.loads(found)
        except ValueError as error:
            raise Unreachable("kubectl: found no JSON, expected an object") from error
        return model


def program(context: str | None = None) -> Kubectl:
    """kubectl, for a context or the current one; refused when it is missing."""
    try:
        return kubectl.find({"context": context})
    except ProgramNotFound as error:
        raise Refused("kubectl", "not found", "expected it on PATH") from error


def connect(context: str) -> Cluster:
    """Refuses a context that the kubeconfig does not have; asks no cluster yet."""
    known = program().answer("config", "get-contexts", "--output=name").stdout.split()
    if context not in known:
        raise Refused(
            f"context {context}",
            f"not in the kubeconfig (it has: {', '.join(known) or 'none'})",
            "name one with --context, or set KUBECONFIG",
        )
    return Cluster(program(context), context)
