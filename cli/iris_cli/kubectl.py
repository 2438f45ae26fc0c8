"""Reads the cluster through kubectl, and words its failures for users.

Only `get --raw`, `config view` and `kustomize`: at most one request each, nothing is ever written.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from iris_programs import kubectl
from iris_programs.process import ProgramFailed, ProgramNotFound, ProgramTimedOut

from iris_cli.errors import Refused, Trouble

Body = dict[str, Any]

_ANSWER: Final = re.compile(r"Error from server \((\w+)\): (.*)")
_LOGGED: Final = re.compile(r'"command failed" err="(.*)"$')
_NO_CONTEXT: Final = re.compile(r'(?:cannot locate context |context "(?=.*does not exist))"?([^"\s]+)')
_NO_ANSWER: Final = ("was refused", "Unable to connect", "no such host", "i/o timeout", "deadline exceeded")


@dataclass(frozen=True, slots=True)
class Kubectl:
    """One context of a kubeconfig. Every method raises Trouble."""

    program: kubectl.Kubectl

    def read(self, path: str) -> Body:
        """One GET: an object or a whole LIST."""
        try:
            text = self._run("get", "--raw", path, "--request-timeout=20s")
        except Refused as refused:
            if refused.reason == "NoSuchKind" and "KUBERNETES_SERVICE_HOST" not in os.environ:
                # Without a kubeconfig kubectl asks localhost:8080: another server there has no such page.
                self.namespace()
            raise
        try:
            body: Body = json.loads(text)
        except ValueError as error:
            raise Trouble(f"GET {path}: found no JSON, expected an answer of the API server") from error
        return body

    def items(self, path: str, *, none_if: str) -> list[Body] | None:
        """A whole LIST; None where the API server refuses it for this reason."""
        try:
            return list(self.read(path)["items"])
        except Refused as refused:
            if refused.reason == none_if:
                return None
            raise

    def watch(self, path: str) -> Iterator[Mapping[str, Any]]:
        """Events of a watch until the API server ends it."""
        try:
            for line in self.program.lines("get", "--raw", path):
                yield json.loads(line)
        except ProgramFailed as failure:
            raise _trouble(failure) from failure

    def namespace(self) -> str:
        """The context's own, as kubectl takes it. Asks no cluster."""
        text = self._run("config", "view", "--minify", "--output=json")
        context = json.loads(text)["contexts"][0]["context"]
        return str(context.get("namespace") or "default")

    def build(self, folder: str) -> str:
        """The manifests of a kustomization. Asks no cluster."""
        # Flux, too, lets a kustomization use files beside its folder.
        return self._run("kustomize", folder, "--load-restrictor=LoadRestrictionsNone")

    def _run(self, *arguments: str) -> str:
        try:
            return self.program.run(*arguments)
        except ProgramTimedOut as error:
            raise Trouble(f"API server: {error.line}") from error
        except ProgramFailed as failure:
            raise _trouble(failure) from failure


def connect(context: str | None, kubeconfig: str | None) -> Kubectl:
    """The context of a kubeconfig. Asks no cluster yet."""
    if kubeconfig is not None and not Path(kubeconfig).exists():
        raise Trouble(f"--kubeconfig: {kubeconfig}: no such file, expected a kubeconfig")
    try:
        return Kubectl(kubectl.find({"context": context, "kubeconfig": kubeconfig}))
    except ProgramNotFound as error:
        raise Trouble(f"{error.line}, expected it on PATH") from error


def _trouble(failure: ProgramFailed) -> Trouble:
    """kubectl's last line in our words where a user has to do something, else as it is."""
    last = failure.line if failure.stderr.strip() else "kubectl failed without a message"
    logged = _LOGGED.search(last)
    if logged:  # as `kubectl kustomize` does
        last = logged[1].replace('\\"', '"')
    answer = _ANSWER.search(last)
    if answer:
        reason, message = answer.groups()
        if reason == "NotFound" and "could not find the requested resource" in message:
            return Refused(
                "NoSuchKind", "IrisModel API: not found in this cluster, install it: kubectl apply -k crds/"
            )
        return Refused(reason, f"API server: {message}")
    if "(Unauthorized)" in last:
        return Refused(
            "Unauthorized", "API server: the credentials of this context were refused, log in again"
        )
    if "current-context" in last or "localhost:8080" in last:
        found = "found no current context"
        return Trouble(f"kubeconfig: {found}, expected one: set KUBECONFIG, --kubeconfig or --context")
    context = _NO_CONTEXT.search(last)
    if context:
        cure = "expected one of the kubeconfig: `kubectl config get-contexts` lists them"
        return Trouble(f"kubeconfig: found no context {context[1]}, {cure}")
    if any(sign in last for sign in _NO_ANSWER):
        return Trouble(f"API server: no answer: {last}")
    return Trouble(f"kubectl: {last.removeprefix('error: ')}")
