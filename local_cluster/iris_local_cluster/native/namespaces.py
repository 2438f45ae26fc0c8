"""Starts, enters and ends a node: a process tree in namespaces of its own, like a container without Docker.

Host side of `init`. Opens the loopback ports before it starts, because only the host's network has them.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from iris_programs.process import last_line

from iris_local_cluster import loopback
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.native import cgroups, init, layout, process, record
from iris_local_cluster.native.layout import Layout
from iris_local_cluster.native.record import Record
from iris_local_cluster.programs import packages

_TARGETS = {
    "ingress_port": layout.INGRESS_PORT,
    "tls_port": layout.INGRESS_TLS_PORT,
    "api_port": layout.API_PORT,
    "registry_port": layout.REGISTRY_PORT,
}
_MODULES = ("overlay", "veth", "br_netfilter")
_UNSHARED = ("--mount", "--net", "--pid", "--ipc", "--uts")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def start(node: Layout, *, ingress_port: int, tls_port: int) -> Record:
    """A running node's record; starts one when there is none."""
    if found := record.running(node.name):
        _require_same(node, found, ingress_port=ingress_port, tls_port=tls_port)
        return found
    if modprobe := packages.program("modprobe"):
        # Many kernels have them built in; if one is missing, the mount or the link fails with the reason.
        subprocess.run([modprobe, "--quiet", "--all", *_MODULES], check=False, capture_output=True)
    # For each group that a killed node left, the new kubelet would need seconds to find it empty.
    cgroups.remove(node.cgroup)
    cgroups.create(node.cgroup)
    node.logs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        wanted = {"ingress_port": ingress_port, "tls_port": tls_port, "api_port": 0, "registry_port": 0}
        listeners = {name: stack.enter_context(loopback.listen(port)) for name, port in wanted.items()}
        _launch(node, listeners)
    started = record.running(node.name)
    if started is None:
        raise LocalClusterError(f"the node stopped right after its start: see {node.logs / 'init.log'}")
    return started


def _require_ours(node: Layout, found: Record) -> None:
    if Path(found.state) != node.state:
        raise LocalClusterError(
            f"cluster {node.name}: is already running from {found.state}, "
            "expected no other cluster of that name (use another --name)"
        )


def _require_same(node: Layout, found: Record, *, ingress_port: int, tls_port: int) -> None:
    _require_ours(node, found)
    for there, wanted in ((found.ingress_port, ingress_port), (found.tls_port or tls_port, tls_port)):
        if there != wanted:
            raise LocalClusterError(
                f"cluster {node.name}: serves on port {there}, expected {wanted}: delete it first (make down)"
            )


def _launch(node: Layout, listeners: dict[str, socket.socket]) -> None:
    ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
    routes = [
        f"--forward={listener.fileno()}={layout.NODE_ADDRESS}:{_TARGETS[name]}"
        for name, listener in listeners.items()
    ]
    heard, ready = os.pipe()
    program = (sys.executable, "-m", "iris_local_cluster.native.init")
    arguments = [f"--name={node.name}", f"--state={node.state}", f"--ready={ready}"]
    arguments += [f"--ports={json.dumps(ports)}", *routes]
    try:
        with (node.logs / "init.log").open("ab") as output:
            subprocess.run(
                ["unshare", *_UNSHARED, "--", *program, *arguments],
                check=True,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Signals from our terminal must not reach it.
                start_new_session=True,
                env={"PATH": _SYSTEM_PATH, "HOME": "/root", "LANG": "C.UTF-8"},
                pass_fds=[ready, *(listener.fileno() for listener in listeners.values())],
            )
    finally:
        os.close(ready)
    with os.fdopen(heard, "rb") as stream:
        # Ends without data if the process ends.
        if stream.read(len(init.READY)) != init.READY:
            raise LocalClusterError(_last_words(node.logs / "init.log"))


def _last_words(log: Path) -> str:
    words = last_line(log.read_text(errors="replace"))
    return f"the node could not be started: {words} (full output: {log})"


def entered(node: Record, command: Sequence[str]) -> list[str]:
    """The command line that runs a command among the node's files and in its network."""
    return ["nsenter", f"--target={node.pid}", "--mount", "--net", "--uts", "--ipc", "--pid", "--", *command]


def entered_network(node: Record, command: Sequence[str]) -> list[str]:
    """The command line that runs a command of the host in the node's network."""
    return ["nsenter", f"--net=/proc/{node.pid}/ns/net", "--", *command]


def stop(node: Layout) -> bool:
    """End the node and remove what it left; False when there was nothing."""
    found = record.load(node.name)
    if found is not None and process.alive(found.identity):
        _require_ours(node, found)
    state = node.state
    there = found is not None or state.exists() or cgroups.exists(node.cgroup)
    if found is not None:
        process.kill(found.identity)
    cgroups.remove(node.cgroup)
    if state.exists():
        # The node's mounts were private and ended with it: only files are left.
        shutil.rmtree(state)
    record.forget(node.name)
    return there
