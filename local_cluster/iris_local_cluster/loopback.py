"""Loopback ports of the host: our programs listen on no other address."""

import socket
from collections.abc import Iterable

from iris_local_cluster.errors import LocalClusterError

ADDRESS = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """A listening socket; 0 takes a free port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # A port that only waits for late packets of the last holder is free enough.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise LocalClusterError(
            f"port {port} on {ADDRESS}: {(error.strerror or str(error)).lower()}, expected it to be free "
            "(end what uses it, or choose another with --port or --tls-port)"
        ) from error
    return listener


def refusals(ports: Iterable[int]) -> tuple[str, ...]:
    """Why each of these ports cannot be used; nothing for those that can."""
    return tuple(found for port in ports if (found := refusal(port)))


def refusal(port: int) -> str | None:
    """Why this port cannot be used; None if it can."""
    try:
        listen(port).close()
    except LocalClusterError as error:
        return str(error)
    return None
