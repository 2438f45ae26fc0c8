"""A real Prometheus on loopback that scrapes given addresses, with the labels that discovery would add."""

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml
from iris_local_cluster.programs import binaries
from iris_local_cluster.progress import Progress

from tests.harness.operator_process import free_port

_START_SECONDS = 60.0
_OPTIONS = ("--log.level=error", "--storage.tsdb.retention.time=2h")


@dataclass(frozen=True, slots=True)
class Target:
    """`host:port` with a `/metrics` page."""

    address: str
    labels: Mapping[str, str]


@contextmanager
def running(folder: Path, targets: Sequence[Target]) -> Iterator[str]:
    """The address of a Prometheus that scrapes each second and runs in `folder`, ready for the block."""
    program = binaries.ensure(["prometheus"], Progress())["prometheus"]
    folder.mkdir(exist_ok=True)
    scrapes = {
        "job_name": "tests",
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "static_configs": [
            {"targets": [target.address], "labels": dict(target.labels)} for target in targets
        ],
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump({"scrape_configs": [scrapes]}))
    address = f"127.0.0.1:{free_port()}"
    command = [str(program), f"--config.file={folder / 'prometheus.yaml'}", f"--web.listen-address={address}"]
    process = subprocess.Popen([*command, f"--storage.tsdb.path={folder / 'data'}", *_OPTIONS], cwd=folder)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _ready(address):
            assert process.poll() is None, "Prometheus ended"
            assert time.monotonic() < deadline, "Prometheus is not ready"
            time.sleep(0.05)
        yield f"http://{address}"
    finally:
        process.kill()
        process.wait()


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/-/ready", trust_env=False).is_success
    except httpx.TransportError:
        return False
