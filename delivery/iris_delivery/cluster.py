"""Reads IrisModels through kubectl: any kubeconfig and any login that works there works here."""

import json
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_delivery.declaration import Declaration
from iris_delivery.errors import Refused, Unreachable

_SECONDS = 20
_RESOURCE = "irismodels.serving.two.inc"


@dataclass(frozen=True, slots=True)
class Cluster:
    """One context of the user's kubeconfig."""

    program: str
    context: str

    def model(self, declared: Declaration) -> Mapping[str, Any] | None:
        """The IrisModel as it stands there, None when there is none; raises Unreachable."""
        found = self._run(
            "get", _RESOURCE, declared.name, f"--namespace={declared.namespace}", "--ignore-not-found"
        )
        if not found.strip():
            return None
        try:
            model: Mapping[str, Any] = json.loads(found)
        except ValueError as error:
            raise Unreachable("kubectl answered no JSON") from error
        return model

    def _run(self, *arguments: str) -> str:
        command = [self.program, f"--context={self.context}", "--request-timeout=10s", "--output=json"]
        try:
            answer = subprocess.run(
                [*command, *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise Unreachable(f"kubectl: no answer in {_SECONDS} s") from error
        if answer.returncode != 0:
            lines = [line.strip() for line in answer.stderr.splitlines() if line.strip()]
            raise Unreachable(f"kubectl: {lines[-1] if lines else 'no message'}")
        return answer.stdout


def program() -> str:
    """kubectl from PATH, else the one that came with this package."""
    beside = Path(sysconfig.get_path("scripts")) / "kubectl"
    found = shutil.which("kubectl") or (str(beside) if beside.is_file() else None)
    if found is None:
        raise Refused("kubectl", "not found", "expected it on PATH")
    return found


def connect(context: str) -> Cluster:
    """Refuses a context that the kubeconfig does not have; asks no cluster yet."""
    kubectl = program()
    answer = subprocess.run(
        [kubectl, "config", "get-contexts", "--output=name"],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    known = answer.stdout.split()
    if context not in known:
        raise Refused(
            f"context {context}",
            f"not in the kubeconfig (there: {', '.join(known) or 'none'})",
            "name one by --context, or set KUBECONFIG",
        )
    return Cluster(kubectl, context)
