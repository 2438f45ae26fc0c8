"""Measures Flux's kustomize-controller: as many Kustomizations as models, each with the same children.

A server of a few lines provides the artifact. The benchmark writes the GitRepository and its status in
place of source-controller, so that only the work of kustomize-controller is measured.
"""

import asyncio
import contextlib
import hashlib
import http.server
import io
import os
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml
from iris_cli import declared, planned
from iris_local_cluster import paths
from iris_local_cluster.programs import binaries
from iris_local_cluster.progress import Progress

from benchmarks import operator_cost, operator_stage
from benchmarks.operator_runs import Run
from benchmarks.operator_stage import MODEL, Stage
from benchmarks.operator_watching import Watching
from tests.harness.kubernetes import Manifest, eventually

_NAME: Final = "kustomize-controller"
_CONCURRENT: Final = 20
_PATIENCE: Final = 1800.0


async def apply(stage: Stage, run: Run) -> None:
    """Measure the rate and CPU time of applying the children of that many models."""
    places = [f"flux-{index:04}" for index in range(run.models)]
    await operator_stage.namespaces(stage.cluster, places)
    await _know_flux(stage)
    with _artifact(places) as artifact, _controller(stage) as process:
        await _publish(stage, artifact)
        path = (await stage.cluster.path("Kustomization")).replace("/namespaces/default", "")
        # An established CRD may still be refused for a moment.
        await eventually(partial(stage.cluster.client.get, path), lambda answer: answer.is_success)
        async with Watching(stage.cluster, path, metadata_only=False) as kustomizations:
            before, began = operator_cost.of(process.pid), time.monotonic()
            await operator_stage.each(
                [partial(stage.cluster.create, _kustomization(name)) for name in places]
            )
            await kustomizations.until(lambda: _all_applied(kustomizations, places), within=_PATIENCE)
            passed, after = time.monotonic() - began, operator_cost.of(process.pid)
    run.figures["flux_s"] = passed
    run.figures["flux_cpu_ms_per_object"] = (after.cpu_seconds - before.cpu_seconds) * 1000 / run.models
    run.figures["flux_memory_mb"] = after.memory_megabytes


def _all_applied(kustomizations: Watching, places: Sequence[str]) -> bool:
    return all(_applied(kustomizations.seen.get(("default", name))) for name in places)


def _applied(body: Manifest | None) -> bool:
    conditions = ((body or {}).get("status") or {}).get("conditions", ())
    return any(row["type"] == "Ready" and row["status"] == "True" for row in conditions)


async def _know_flux(stage: Stage) -> None:
    """Install Flux's CRDs from its modules; the controller needs every kind of source."""
    for controller in ("kustomize-controller", "source-controller"):
        list_module = ["go", "list", "-m", "-f", "{{.Dir}}", f"github.com/fluxcd/{controller}"]
        where = paths.GO_MODULES / controller
        folder = await asyncio.to_thread(subprocess.check_output, list_module, cwd=where, text=True)
        for file in sorted((Path(folder.strip()) / "config" / "crd" / "bases").glob("*.yaml")):
            crd = await stage.cluster.create(yaml.safe_load(file.read_text("utf-8")))
            await eventually(partial(stage.cluster.get, crd["kind"], crd["metadata"]["name"]), _established)


def _established(crd: Manifest) -> bool:
    conditions = crd.get("status", {}).get("conditions") or ()
    return any(row["type"] == "Established" and row["status"] == "True" for row in conditions)


@contextlib.contextmanager
def _artifact(places: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Serve a tarball with a folder per model on loopback; yields the artifact of a GitRepository."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for place in places:
            text = yaml.safe_dump_all(children(place)).encode()
            entry = tarfile.TarInfo(f"./{place}/children.yaml")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    content = packed.getvalue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "path": "bench.tar.gz",
            "url": f"http://127.0.0.1:{server.server_port}/bench.tar.gz",
            "revision": "main@sha1:" + hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            "digest": "sha256:" + hashlib.sha256(content).hexdigest(),
            "lastUpdateTime": "2026-11-23T12:00:00Z",
            "size": len(content),
        }
        server.shutdown()


def children(place: str) -> list[dict[str, Any]]:
    """The children that the operator makes for a model there, without their owner."""
    text = yaml.safe_dump(
        {
            "apiVersion": "serving.two.inc/v1alpha1",
            "kind": "IrisModel",
            "metadata": {"name": MODEL, "namespace": place},
            "spec": {"version": "1.0.0", "route": {"host": f"{place}.test"}},
        }
    )
    (body,) = declared.load(text, place, place)
    made = [dict(child) for (kind, _), child in planned.wanted(body).items() if not kind.optional]
    for child in made:
        child["metadata"] = {
            name: part for name, part in child["metadata"].items() if name != "ownerReferences"
        }
    return made


@contextlib.contextmanager
def _controller(stage: Stage) -> Iterator[subprocess.Popen[bytes]]:
    program = binaries.ensure([_NAME], Progress())[_NAME]
    options = (
        f"--concurrent={_CONCURRENT}", "--watch-all-namespaces", "--events-addr=", "--log-level=error",
        "--health-addr=127.0.0.1:0", "--metrics-addr=127.0.0.1:0",
        "--kube-api-qps=500", "--kube-api-burst=1000",
    )  # fmt: skip
    variables = {"KUBECONFIG": str(stage.server.kubeconfig), "RUNTIME_NAMESPACE": "default"}
    with (stage.folder / f"{_NAME}.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *options], env={**os.environ, **variables}, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def _publish(stage: Stage, artifact: Manifest) -> None:
    repository = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": "bench"},
        "spec": {"url": "http://127.0.0.1/bench", "interval": "1h"},
    }
    await stage.cluster.create(repository)
    ready = {
        "type": "Ready", "status": "True", "reason": "Succeeded", "message": "by hand",
        "lastTransitionTime": artifact["lastUpdateTime"],
    }  # fmt: skip
    status = {"artifact": artifact, "conditions": [ready], "observedGeneration": 1}
    await stage.cluster.patch("GitRepository", "bench", {"status": status}, subresource="status")


def _kustomization(place: str) -> Manifest:
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": place},
        "spec": {
            "interval": "1h",
            "prune": True,
            "wait": False,
            "path": f"./{place}",
            "sourceRef": {"kind": "GitRepository", "name": "bench"},
        },
    }
