"""kubectl with one cluster's kubeconfig: what the steps of a cluster do with it."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_programs import kubectl
from iris_programs.process import ProgramFailed, ProgramTimedOut

from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with one cluster's kubeconfig."""

    kubeconfig: Path

    @property
    def program(self) -> kubectl.Kubectl:
        return kubectl.Kubectl(str(paths.SCRIPTS / "kubectl"), (f"--kubeconfig={self.kubeconfig}",))

    def command(self, *arguments: str) -> list[str]:
        return self.program.command(*arguments)

    def run(self, *arguments: str, content: str | None = None, seconds: float = 300) -> str:
        """Its standard output; an error has kubectl's last line."""
        try:
            return self.program.run(*arguments, content=content, seconds=seconds)
        except ProgramFailed as failure:
            raise LocalClusterError(f"kubectl {' '.join(arguments)}: {failure.line}") from failure

    def succeeds(self, *arguments: str) -> bool:
        """Whether it succeeds now; False if the server does not answer."""
        try:
            return self.program.answer(*arguments, seconds=20).code == 0
        except ProgramTimedOut:
            return False

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

    def apply_crds(self, files: Iterable[Path]) -> None:
        """Until the API server serves them."""
        arguments = [f"--filename={file}" for file in files]
        self.run(*_APPLY, *arguments)
        self.established(*arguments)

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
