"""Images under upstream names, made from packages of this machine's distribution: none can be pulled here.

They hold what our builds use of upstream's. What differs: `python:3.13-slim` has the distribution's Python
(3.11 on bookworm) in /usr/bin, `debian:trixie-slim` is its own release, and `registry:3` is Debian's
docker-registry 2.8, which has the same API.
"""

import platform
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from iris_local_cluster.programs import archives, debian, packages
from iris_local_cluster.progress import Progress

from tests.docker.engine import Engine

PYTHON = "python:3.13-slim"
SYSTEM = "debian:trixie-slim"
REGISTRY = "registry:3"

_WITHOUT_SOURCES = "debian-without-sources:local"
_APT = ("apt", "ca-certificates")
_REGISTRY = f"""\
FROM {SYSTEM}
COPY docker-registry /usr/bin/registry
COPY config.yml /etc/distribution/config.yml
EXPOSE 5000
CMD ["/usr/bin/registry", "serve", "/etc/distribution/config.yml"]
"""
_REGISTRY_SETTINGS = """\
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/registry}}
http: {addr: ":5000"}
"""


def load(engine: Engine) -> None:
    """All of them, into an engine."""
    _load(engine, PYTHON, debian.PYTHON)
    _load(engine, _WITHOUT_SOURCES, _APT)
    with tempfile.TemporaryDirectory() as scratch:
        _with_sources(engine, Path(scratch))
    with tempfile.TemporaryDirectory() as scratch:
        _registry(engine, Path(scratch))


def _load(engine: Engine, reference: str, content: Sequence[str]) -> None:
    system = debian.root_filesystem(content, Progress())
    with tempfile.NamedTemporaryFile() as file:
        archives.write(file, reference=reference, layers=[archives.layer(system)], command=())
        file.flush()
        engine.run("load", content=Path(file.name))


def _with_sources(engine: Engine, context: Path) -> None:
    """As upstream's image, it can install packages from the distribution's archive."""
    codename = platform.freedesktop_os_release()["VERSION_CODENAME"]
    sources = (replace(source, keyring="") for source in debian.package_sources(codename))
    (context / "sources.list").write_text("".join(f"{source.line()}\n" for source in sources))
    (context / "Dockerfile").write_text(f"FROM {_WITHOUT_SOURCES}\nCOPY sources.list /etc/apt/sources.list\n")
    engine.build("--tag", SYSTEM, str(context))


def _registry(engine: Engine, context: Path) -> None:
    packages.ensure(("docker-registry",), Progress())
    program = packages.program("docker-registry")
    assert program
    (context / "docker-registry").write_bytes(Path(program).read_bytes())
    (context / "docker-registry").chmod(0o755)
    (context / "config.yml").write_text(_REGISTRY_SETTINGS)
    (context / "Dockerfile").write_text(_REGISTRY)
    engine.build("--tag", REGISTRY, str(context))
