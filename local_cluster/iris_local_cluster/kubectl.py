"""Runs kubectl against a cluster. An error's message is the last line of kubectl's output."""

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with one cluster's kubeconfig."""

    kubeconfig: Path

    def command(self, *arguments: str) -> list[str]:
        return [str(paths.SCRIPTS / "kubectl"), f"--kubeconfig={self.kubeconfig}", *arguments]

    def run(self, *arguments: str, content: str | None = None, seconds: float = 300) -> str:
        """Its standard output."""
        try:
            answer = subprocess.run(
                self.command(*arguments),
                input=content,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise LocalClusterError(
                f"kubectl {' '.join(arguments)}: not finished after {seconds:.0f} s"
            ) from error
        if answer.returncode != 0:
            raise LocalClusterError(f"kubectl {' '.join(arguments)}: {_last_line(answer.stderr)}")
        return answer.stdout

    def succeeds(self, *arguments: str) -> bool:
        """Whether it succeeds now; False if the server does not answer."""
        try:
            answer = subprocess.run(self.command(*arguments), capture_output=True, timeout=20, check=False)
        except subprocess.TimeoutExpired:
            return False
        return answer.returncode == 0

    def read(self, *arguments: str, seconds: float = 300) -> Any:
        """The parsed output of `get`."""
        return json.loads(self.run("get", *arguments, "--output=json", seconds=seconds))

    def apply(self, *documents: dict[str, Any]) -> None:
        """Server-side apply with our field manager; several objects in one call."""
        listing = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
        self.run(*_APPLY, "--filename=-", content=json.dumps(listing))

    def apply_folder(self, folder: Path) -> None:
        """Server-side apply of a kustomization."""
        self.run(*_APPLY, f"--kustomize={folder}")

    def established(self, *crds: str, seconds: float = 60) -> None:
        """The API server serves these definitions; `kubectl wait` fails where one has no conditions yet."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.run("wait", "--for=condition=Established", "--timeout=10s", *crds)
            except LocalClusterError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return

    def rolled_out(self, kind: str, name: str, *, namespace: str, seconds: int = 180) -> None:
        timeout = f"--timeout={seconds}s"
        self.run(
            "rollout", "status", f"{kind}/{name}", f"--namespace={namespace}", timeout, seconds=seconds + 30
        )


_APPLY: Sequence[str] = ("apply", "--server-side", "--force-conflicts", "--field-manager=iris-local-cluster")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
