"""Runs the console until it is interrupted."""

import sys
import webbrowser
from pathlib import Path

from iris_cli.console.insight import Insight
from iris_cli.console.live import Live
from iris_cli.console.metrics import Metrics
from iris_cli.console.server import Server
from iris_cli.errors import Trouble
from iris_cli.kubectl import Kubectl


def run(cluster: Kubectl, namespace: str | None, *, port: int, prometheus: str | None, opens: bool) -> None:
    """Serve on 127.0.0.1 until Ctrl-C. Raises Trouble if the port is taken."""
    live = Live(cluster, namespace)
    metrics = Metrics(cluster, prometheus, live.touch)
    try:
        server = Server(port, Insight(live, metrics, Path.cwd()))
    except OSError as error:
        raise Trouble(f"port {port} of 127.0.0.1: {error.strerror}, expected a free one") from error
    live.start()
    metrics.start()
    sys.stdout.write(f"{server.access.address}\n")
    sys.stdout.flush()
    sys.stderr.write("This address works once, in one browser. Ctrl-C ends the console.\n")
    if opens:
        webbrowser.open(server.access.address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.stderr.write("\n")
    finally:
        live.stop()
        metrics.stop()
        server.server_close()
