"""A real Traefik before one server, which a test may exchange."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.model_server import processes


@dataclass(frozen=True, slots=True)
class Traefik:
    """A proxy that answers."""

    url: str
    routes: Path

    def route(self, url: str) -> None:
        """Send the requests from now on, or a moment later, to this server."""
        unfinished = self.routes.with_name("unfinished")
        unfinished.write_text(
            "http:\n"
            "  routers: {iris: {rule: PathPrefix(`/`), service: iris}}\n"
            f"  services: {{iris: {{loadBalancer: {{servers: [{{url: '{url}'}}]}}}}}}\n"
        )
        unfinished.replace(self.routes)


@contextlib.contextmanager
def running(scratch: Path, url: str) -> Iterator[Traefik]:
    """A proxy before this server, on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    proxy = Traefik(f"http://127.0.0.1:{port}", scratch / "routes" / "routes.yaml")
    proxy.routes.parent.mkdir()
    proxy.route(url)
    command = [
        str(Path(sys.executable).with_name("traefik")),
        f"--entrypoints.web.address=127.0.0.1:{port}",
        f"--providers.file.directory={proxy.routes.parent}",
        # As in the local cluster.
        "--providers.providersthrottleduration=100ms",
        "--global.checknewversion=false",
    ]
    with (scratch / "traefik.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    def answers() -> bool | None:
        assert process.poll() is None, (scratch / "traefik.log").read_text()
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{proxy.url}/livez").status_code == 200 or None
        return None

    try:
        processes.until(answers)
        yield proxy
    finally:
        process.kill()
        process.wait()
