"""A real API server without a node: etcd, kube-apiserver and kube-controller-manager on loopback, no root.

Tests and benchmarks use it. Objects, admission, CEL, server-side apply, RBAC, garbage collection and the
workload controllers are real; no pod ever runs. It writes only to its own folder, and ends with the process
that started it.
"""

import secrets
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml

from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.programs import binaries
from iris_local_cluster.progress import Progress
from iris_local_cluster.server_process import ServerProcess

ADMIN = "admin"
_ADMIN_GROUP = "system:masters"
_PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_START_SECONDS = 60.0
# A socket's name ends at 107 characters; /iris-api-xxxxxxxx/etcd.sock takes 28 of them.
_LONGEST_TEMPORARY_FOLDER = 79
# The last line read is the list of what runs; the pipe ends when the starter does, however it died.
_WATCHDOG = """
while read -r line; do pids=$line; done
for pid in $pids; do kill -KILL "$pid"; done
for pid in $pids; do while kill -0 "$pid"; do sleep 0.05; done; done
rm -rf -- "$1"
"""


@dataclass(slots=True)
class ApiServer:
    """The three servers, their folder and their address. Use `running()`, which starts and stops them."""

    folder: Path
    port: int
    programs: Mapping[str, Path]
    tokens: Mapping[str, str]
    silent_node_seconds: int = 50
    etcd: ServerProcess = field(init=False)
    api_server: ServerProcess = field(init=False)
    controller_manager: ServerProcess = field(init=False)
    _watchdog: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHDOG, "watchdog", str(self.folder)],
            stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self.etcd = self._server("etcd", self._etcd_arguments())
        self.api_server = self._server("kube-apiserver", self._api_server_arguments())
        self.controller_manager = self._server(
            "kube-controller-manager", self._controller_manager_arguments()
        )

    @property
    def url(self) -> str:
        """The API server's URL; a restart does not change it."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        """The certificate that clients verify the server with."""
        return self.folder / "certificates" / "apiserver.crt"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.kubeconfig_of_user(ADMIN)

    def kubeconfig_of_user(self, name: str) -> Path:
        """A kubeconfig for one of the users named at the start."""
        return self._write_kubeconfig(name, self.tokens[name])

    def kubeconfig_of_service_account(self, namespace: str, name: str) -> Path:
        """A kubeconfig for an existing service account, with a token that is valid for an hour."""
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        }
        with self.client() as client:
            answer = client.post(f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", json=body)
        if answer.is_error:
            raise LocalClusterError(f"service account {namespace}/{name}: {answer.json()['message']}")
        return self._write_kubeconfig(f"{namespace}.{name}", answer.json()["status"]["token"])

    def client(self) -> httpx.Client:
        """A plain HTTP client with the administrator's rights."""
        verify = ssl.create_default_context(cafile=self.certificate)
        headers = {"Authorization": f"Bearer {self.tokens[ADMIN]}"}
        return httpx.Client(base_url=self.url, headers=headers, verify=verify, timeout=10, trust_env=False)

    def start(self, crds: Sequence[Path] = ()) -> None:
        """Start all three and wait until they answer and the CRDs are established."""
        self.etcd.start()
        self._wait(self.etcd, "it listened", self._socket("etcd").is_socket)
        self.api_server.start()
        self.wait_until_ready()
        # Before the controllers: the garbage collector looks for new kinds only twice a minute.
        self.establish(crds)
        self.kubeconfig_of_user(ADMIN)
        self.controller_manager.start()
        self._wait(self.controller_manager, "it made the default service account", self._controllers_work)

    def wait_until_ready(self) -> None:
        """Wait until the API server is ready, also after a restart."""
        self._wait(self.api_server, "it was ready", self._answers_ready)

    def stop(self) -> None:
        """Stop all three and remove the folder."""
        for server in (self.controller_manager, self.api_server, self.etcd):
            server.stop()
        self._watchdog.communicate()

    def _server(self, name: str, arguments: Mapping[str, object]) -> ServerProcess:
        command = [str(self.programs[name]), *(f"--{key}={value}" for key, value in arguments.items())]
        return ServerProcess(name, command, self.folder / f"{name}.log", self._tell_watchdog)

    def _tell_watchdog(self) -> None:
        servers = (self.etcd, self.api_server, self.controller_manager)
        pids = " ".join(str(server.pid) for server in servers if server.pid is not None)
        pipe = self._watchdog.stdin
        if pipe and not pipe.closed:
            pipe.write(f"{pids}\n".encode())
            pipe.flush()

    def _socket(self, name: str) -> Path:
        return self.folder / f"{name}.sock"

    def _etcd_arguments(self) -> dict[str, object]:
        # Sockets in our folder: no port that a neighbour could take, and no access for other users.
        client, peer = f"unix://{self._socket('etcd')}", f"unix://{self._socket('peer')}"
        return {
            "data-dir": self.folder / "etcd",
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"default={peer}",
            "unsafe-no-fsync": "true",
            "log-level": "warn",
        }

    def _api_server_arguments(self) -> dict[str, object]:
        certificates = self.folder / "certificates"
        return {
            "etcd-servers": f"unix://{self._socket('etcd')}",
            "bind-address": "127.0.0.1",
            "secure-port": self.port,
            "permit-port-sharing": "true",
            "cert-dir": certificates,
            # The service needs an address, though no machine has it: one reserved for documentation.
            "advertise-address": "192.0.2.1",
            "endpoint-reconciler-type": "none",
            "service-cluster-ip-range": "10.96.0.0/16",
            "authorization-mode": "RBAC",
            "token-auth-file": self.folder / "tokens.csv",
            "service-account-issuer": "https://kubernetes.default.svc",
            # The API server makes this key for its certificate; a throw-away server may sign with it as well.
            "service-account-signing-key-file": certificates / "apiserver.key",
            "service-account-key-file": certificates / "apiserver.key",
        }

    def _controller_manager_arguments(self) -> dict[str, object]:
        return {
            "kubeconfig": self.folder / "admin.kubeconfig",
            "service-account-private-key-file": self.folder / "certificates" / "apiserver.key",
            "root-ca-file": self.certificate,
            "leader-elect": "false",
            "secure-port": 0,
            "kube-api-qps": 500,
            "kube-api-burst": 1000,
            # No kubelet runs here: a Node without a status is left alone.
            "node-startup-grace-period": "1h",
            "node-monitor-grace-period": f"{self.silent_node_seconds}s",
            "node-monitor-period": "1s",
        }

    def _answers_ready(self) -> bool:
        if not self.certificate.exists():
            return False
        with self.client() as client:
            return client.get("/readyz").status_code == httpx.codes.OK

    def _controllers_work(self) -> bool:
        with self.client() as client:
            return (
                client.get("/api/v1/namespaces/default/serviceaccounts/default").status_code == httpx.codes.OK
            )

    def _wait(self, server: ServerProcess, milestone: str, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError, OSError):
                if reached():
                    return
            if server.pid is None:
                raise LocalClusterError(f"{server.name}: ended before {milestone}: {_end_of(server.log)}")
            time.sleep(0.05)
        waited = f"{_START_SECONDS:.0f} s"
        raise LocalClusterError(f"{server.name}: {waited} passed before {milestone}: {_end_of(server.log)}")

    def establish(self, crds: Sequence[Path]) -> None:
        """Create these CRDs and wait until they are established; a busy API server may need its time."""
        with self.client() as client:
            for path in crds:
                known = partial(_established, client, path, yaml.safe_load(path.read_text("utf-8")))
                self._wait(self.api_server, f"it knew {path.name}", known)

    def _write_kubeconfig(self, name: str, token: str) -> Path:
        path = self.folder / f"{name}.kubeconfig"
        cluster = {"server": self.url, "certificate-authority": str(self.certificate)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{"name": "loopback", "cluster": cluster}],
            "contexts": [{"name": name, "context": {"cluster": "loopback", "user": name}}],
            "users": [{"name": name, "user": {"token": token}}],
        }
        # Replaced atomically: a server or a client may be reading it.
        unfinished = path.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        return unfinished.replace(path)


@contextmanager
def running(
    *,
    users: Mapping[str, Sequence[str]] | None = None,
    crds: Sequence[Path] = (),
    progress: Progress | None = None,
    silent_node_seconds: int = 50,
) -> Iterator[ApiServer]:
    """An API server of its own for the block: `users` (name to groups) may log in, `crds` are established.

    A Node that renews neither lease nor status for `silent_node_seconds` is no longer ready; the default is
    that of Kubernetes.
    """
    temporary = tempfile.gettempdir()
    if len(temporary) > _LONGEST_TEMPORARY_FOLDER:
        found = f"found a folder with a name of {len(temporary)} characters"
        raise LocalClusterError(f"TMPDIR: {found}, expected at most {_LONGEST_TEMPORARY_FOLDER}")
    programs = binaries.ensure(_PROGRAMS, progress or Progress())
    tokens = {name: secrets.token_hex(16) for name in (ADMIN, *(users or {}))}
    folder = Path(tempfile.mkdtemp(prefix="iris-api-"))
    with socket.socket() as reserved:
        # Bound but not listening: nobody else gets the port, and the API server can share it.
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind(("127.0.0.1", 0))
        server = ApiServer(folder, reserved.getsockname()[1], programs, tokens, silent_node_seconds)
        try:
            _write_tokens(server, {ADMIN: [_ADMIN_GROUP], **(users or {})})
            server.start(crds)
            yield server
        finally:
            server.stop()


def _write_tokens(server: ApiServer, groups: Mapping[str, Sequence[str]]) -> None:
    path = server.folder / "tokens.csv"
    path.touch(mode=0o600)
    lines = (f'{token},{name},{name},"{",".join(groups[name])}"\n' for name, token in server.tokens.items())
    path.write_text("".join(lines), "utf-8")


def _established(client: httpx.Client, path: Path, document: Mapping[str, Any]) -> bool:
    answer = client.get(f"{_CRDS}/{document['metadata']['name']}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        answer = client.post(_CRDS, json=document)
    if answer.is_error:
        raise LocalClusterError(f"{path}: {answer.json()['message']}")
    conditions = answer.json().get("status", {}).get("conditions") or []
    return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)


def _end_of(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").splitlines() if log.exists() else []
    return lines[-1] if lines else "its log is empty"
