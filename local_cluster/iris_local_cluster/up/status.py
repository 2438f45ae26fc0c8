"""`make status`: Flux's progress and the state of each model; `--watch` refreshes it.

It only reads. A cluster that does not answer or has no Flux is shown as such.
"""

import re
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_api import readiness
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from iris_local_cluster.cluster import Cluster
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.flux import flux_status
from iris_local_cluster.flux.flux_status import FluxObject
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.up import environment

_STOPPED = 3
_MARKS = {"True": ("✓", "green"), "False": ("✗", "red"), "Unknown": ("…", "yellow")}
_LOG_WIDTH = 160


@dataclass(frozen=True, slots=True)
class Model:
    """One IrisModel's row: the declared and the serving version, and why they differ."""

    name: str
    ready: str
    declared: str
    serving: str
    source: str
    message: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The state at one moment; `problem` is the reason for missing parts."""

    heading: str
    problem: str = ""
    objects: tuple[FluxObject, ...] = ()
    models: tuple[Model, ...] = ()
    answers: bool = True
    """Whether the API server does."""


def show(cluster: Cluster, kubeconfig: Path, *, watch: bool = False) -> int:
    """0 when it runs, 3 (as init scripts do) when it does not or when its API server does not answer."""
    if not cluster.running():
        sys.stdout.write(f"cluster {cluster.name}: not running (`make up` starts it)\n")
        return _STOPPED
    with _readable(cluster, kubeconfig) as file:
        return _show(cluster, file, watch=watch)


@contextmanager
def _readable(cluster: Cluster, kubeconfig: Path) -> Iterator[Path]:
    """This clone's kubeconfig; for a cluster that another clone started, one for the time of the block."""
    if kubeconfig.is_file():
        yield kubeconfig
        return
    try:
        text = cluster.kubeconfig()
    except (LocalClusterError, OSError) as error:
        raise LocalClusterError(
            f"cluster {cluster.name} ({cluster.describe()}): found no kubeconfig ({error}); it is starting, "
            "or somebody else started it: repeat `make status` in a moment"
        ) from error
    with tempfile.TemporaryDirectory(prefix="iris-status-") as folder:
        file = Path(folder) / "kubeconfig"
        file.touch(mode=0o600)
        file.write_text(text, "utf-8")
        yield file


def _show(cluster: Cluster, kubeconfig: Path, *, watch: bool) -> int:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _LOG_WIDTH)
    if not watch:
        picture = look(cluster, kubeconfig)
        console.print(draw(picture))
        return 0 if picture.answers else _STOPPED
    with suppress(KeyboardInterrupt), Live(console=console, auto_refresh=False) as live:
        while cluster.running():
            live.update(draw(look(cluster, kubeconfig)), refresh=True)
            time.sleep(1)
    return 0


def look(cluster: Cluster, kubeconfig: Path) -> Picture:
    heading = f"cluster {cluster.name}: {cluster.describe()}, http://{cluster.ingress}{tls(cluster)}"
    kubectl = Kubectl(kubeconfig)
    try:
        kubectl.run("get", "--raw=/version", seconds=10)
    except LocalClusterError as error:
        return Picture(heading, problem=f"the API server does not answer: {error}", answers=False)
    objects = tuple(flux_status.look(kubectl))
    found: list[Any] = []
    with suppress(LocalClusterError):
        # This kind is unknown until the CRD is applied.
        found = kubectl.read("irismodels", "--all-namespaces", seconds=20)["items"]
    problem = "" if objects else "Flux is not installed: repeat `make up` to continue"
    return Picture(heading, problem, objects, tuple(model(each) for each in found))


def tls(cluster: Cluster) -> str:
    """Its address with TLS, where it has one: a name, because a certificate is for names."""
    port = cluster.tls_ingress.rpartition(":")[2]
    authority = environment.authority(cluster.name)
    return f", https://iris.localhost:{port} (CA in {authority})" if port else ""


def model(document: Mapping[str, Any]) -> Model:
    now = readiness.of(document)
    return Model(
        name=f"{document['metadata']['namespace']}/{document['metadata']['name']}",
        ready="True" if now.ready else "False" if now.stalled else "Unknown",
        declared=now.declared,
        serving=now.serving or "nothing",
        source=short(now.source),
        message="" if now.ready else f"{now.reason}: {now.message}".removeprefix(": "),
    )


def draw(picture: Picture) -> RenderableType:
    parts: list[RenderableType] = [Text(picture.heading)]
    if picture.problem:
        parts.append(Text(picture.problem, style="red"))
    if picture.objects:
        rows = (
            (each.ready, each.kind, each.name, short(each.revision), _words(each)) for each in picture.objects
        )
        parts += ["", _table(("", "FLUX", "NAME", "REVISION", "MESSAGE"), rows)]
    if picture.models:
        columns = ("", "IRISMODEL", "DECLARED", "SERVING", "REVISION", "MESSAGE")
        shown = (
            (each.ready, each.name, each.declared, each.serving, each.source, each.message)
            for each in picture.models
        )
        parts += ["", _table(columns, shown)]
    return Group(*parts)


def short(revision: str) -> str:
    """`main@sha1:1a2b3c4d…` and `0.1.0+1a2b3c4d…`, shortened to eight digits of the commit."""
    return re.sub(r"([@+])(?:sha1:)?([0-9a-f]{8})[0-9a-f]*", r"\1\2", revision)


def _words(each: FluxObject) -> str:
    # If it is ready, the revision is enough.
    return "" if each.ready == "True" else ": ".join(word for word in (each.reason, each.message) if word)


def _table(columns: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in columns:
        table.add_column(title, overflow="fold")
    for ready, *cells in rows:
        mark, style = _MARKS[ready]
        table.add_row(Text(mark, style=style), *(Text(cell) for cell in cells))
    return table
