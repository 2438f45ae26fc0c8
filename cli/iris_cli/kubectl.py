"""Reads the cluster through kubectl: every kubeconfig, login and proxy that works there works here.

Only `get --raw`, `config view` and `kustomize`: at most one request each, nothing is ever written.
"""

import json
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from iris_cli.errors import Refused, Trouble

Body = dict[str, Any]

_SECONDS: Final = 30
_ANSWER: Final = re.compile(r"Error from server \((\w+)\): (.*)")
_NO_ANSWER: Final = ("was refused", "Unable to connect", "no such host", "i/o timeout", "deadline exceeded")


@dataclass(frozen=True, slots=True)
class Kubectl:
    """One context of a kubeconfig. Every method raises Trouble."""

    program: str
    options: tuple[str, ...]

    def read(self, path: str) -> Body:
        """One GET: an object or a whole LIST."""
        try:
            text = self._run("get", "--raw", path, "--request-timeout=20s")
        except Refused as refused:
            if refused.reason == "NoSuchKind" and "KUBERNETES_SERVICE_HOST" not in os.environ:
                # Without a kubeconfig kubectl asks localhost:8080: whatever listens there knows no such page.
                self.namespace()
            raise
        try:
            body: Body = json.loads(text)
        except ValueError as error:
            raise Trouble(f"GET {path}: found no JSON, expected an answer of the API server") from error
        return body

    def watch(self, path: str) -> Iterator[Mapping[str, Any]]:
        """Events of a watch until the API server ends it."""
        command = [self.program, *self.options, "get", "--raw", path]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                for line in process.stdout or ():
                    yield json.loads(line)
            finally:
                process.terminate()
            if process.wait() > 0 and process.stderr is not None:
                raise _trouble(process.stderr.read())

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
        command = [self.program, *self.options, *arguments]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise Trouble(f"API server: no answer in {_SECONDS} s") from error
        if answer.returncode != 0:
            raise _trouble(answer.stderr)
        return answer.stdout


def connect(context: str | None, kubeconfig: str | None) -> Kubectl:
    """kubectl from PATH, else the one that came with this package. Asks no cluster yet."""
    beside = Path(sysconfig.get_path("scripts")) / "kubectl"
    program = shutil.which("kubectl") or (str(beside) if beside.is_file() else None)
    if program is None:
        raise Trouble("kubectl: not found, expected it on PATH")
    given = {"context": context, "kubeconfig": kubeconfig}
    return Kubectl(program, tuple(f"--{name}={value}" for name, value in given.items() if value))


def _trouble(stderr: str) -> Trouble:
    """kubectl's last line in our words where a user has to do something, else as it is."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()] or [
        "kubectl failed without a message"
    ]
    last = lines[-1]
    answer = _ANSWER.search(last)
    if answer:
        reason, message = answer.groups()
        if reason == "NotFound" and "could not find the requested resource" in message:
            return Refused("NoSuchKind", "IrisModel API: not found, expected it: kubectl apply -k crds/")
        return Refused(reason, f"API server: {message}")
    if "(Unauthorized)" in last:
        return Refused("Unauthorized", "API server: refused the login of this context, expected a valid one")
    if "current-context" in last or "localhost:8080" in last:
        found = "found none with a current context"
        return Trouble(f"kubeconfig: {found}, expected one: set KUBECONFIG, --kubeconfig or --context")
    if any(sign in last for sign in _NO_ANSWER):
        return Trouble(f"API server: no answer: {last}")
    return Trouble(f"kubectl: {last.removeprefix('error: ')}")
