"""Process 1 of a node: makes its world (files, network), then keeps its programs running forever.

Started by `namespaces` in namespaces of its own. When this process ends, the kernel ends every process
of the node and drops its mounts and network with them: that is the whole of `down`'s hard part.
"""

import argparse
import json
import logging
import os
import socket
import sys
from pathlib import Path

from iris_local_cluster.native import layout, mounts, network, process, record, services

READY = b"ready"

log = logging.getLogger(__name__)


def main() -> int:
    options = _parser().parse_args()
    # The first child is the new process namespace's process 1. Its parent goes at once: nothing outside the
    # node is left that holds the node's sockets.
    if os.fork():
        os._exit(0)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # The host's /proc is still mounted, so this is the id on the host.
    me = process.identify("self")
    lock = record.claim(options.name)
    if lock is None or me is None:
        log.error("a node of the cluster %s runs already", options.name)
        return 1
    ports = json.loads(options.ports)
    record.save(options.name, record.Record(me.pid, me.started, options.state, **ports))
    socket.sethostname(layout.Layout(options.name, Path(options.state)).node_name)
    mounts.arrange(Path(options.state))
    network.arrange()
    inside = layout.Layout(options.name, layout.INSIDE)
    forward = services.Service(
        "forward",
        (sys.executable, "-m", "iris_local_cluster.native.forward", *options.forward),
        descriptors=tuple(int(route.partition("=")[0]) for route in options.forward),
    )
    supervisor = services.Supervisor(inside.services, inside.logs, fixed={"forward": forward})
    log.info("the node's world is ready")
    os.write(options.ready, READY)
    os.close(options.ready)
    services.supervise(supervisor)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Process 1 of a node; started by `iris-local-cluster up`.")
    parser.add_argument("--name", required=True)
    parser.add_argument("--state", required=True)
    parser.add_argument("--ports", required=True, help="as kept in the record, as JSON")
    parser.add_argument("--forward", action="append", default=[], help="DESCRIPTOR=ADDRESS:PORT")
    parser.add_argument("--ready", type=int, required=True, help="descriptor to write `ready` to")
    return parser


if __name__ == "__main__":
    sys.exit(main())
