"""The command `iris-model-server`: reads environment and options, and serves or returns an exit code.

Exit codes: 0 after a requested stop, 2 for unusable settings or address, 65 for a refused artifact.
"""

import argparse
import contextlib
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from iris_model_server import app, lifecycle, settings
from iris_model_server.errors import ArtifactRefused
from iris_model_server.lifecycle import AddressUnusable
from iris_model_server.prediction import loading
from iris_model_server.settings import Settings, SettingsRefused
from iris_model_server.telemetry import logs

log = logging.getLogger(__name__)

UNUSABLE: Final = 2
# EX_DATAERR of sysexits.h, by which the operator recognises a refusal.
REFUSED: Final = 65


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until asked to stop."""
    # Process 1 of a container ignores a signal without a handler; loading must be stoppable, too.
    signal.signal(signal.SIGTERM, _stop_early)
    options = _parser().parse_args(arguments)
    try:
        loaded = settings.load(verify_file=options.verify_file)
        logs.configure(loaded.log_level)
        return _serve(loaded, options.host, options.port, options.management_port)
    except (SettingsRefused, AddressUnusable) as error:
        sys.stderr.write(f"{error}\n")
        return UNUSABLE
    except KeyboardInterrupt:
        return lifecycle.INTERRUPTED


def _serve(loaded: Settings, host: str, port: int, management_port: int | None) -> int:
    bound = lifecycle.bind(host, port)
    management = None if management_port is None else lifecycle.bind(host, management_port)
    try:
        verified = loading.load(loaded)
    except ArtifactRefused as error:
        sys.stderr.write(f"{error}\n")
        _tell_kubelet(loaded.termination_log, str(error))
        return REFUSED
    server = app.create_app(loaded, verified)
    log.info(
        "serving %s %s (%s, %s) on http://%s:%s",
        loaded.model_name,
        verified.card.version,
        verified.model.source,
        verified.digest,
        f"[{host}]" if ":" in host else host,
        bound.getsockname()[1],
    )
    if loaded.verify_file:
        log.info("signed by %s", verified.signed_by or "nobody on the list")
    if management is not None:
        log.info("management on port %s", management.getsockname()[1])
    lifecycle.run(server, loaded, bound, management)
    log.info("stopped")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="iris-model-server",
        description="Serve a trained model over HTTP. Settings: IRIS_* variables, see docs/reference.",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on, :: for IPv4 and IPv6 (default: %(default)s)",
    )
    parser.add_argument(
        "--port", default=8000, type=int, help="port, 0 for any free one (default: %(default)s)"
    )
    parser.add_argument(
        "--management-port",
        type=int,
        help="another port, for probes, metrics and the operator: it needs no key (default: none)",
    )
    parser.add_argument(
        "--verify-file",
        type=Path,
        metavar="FILE",
        help="serve only a model that one of the public keys in FILE has signed (default: IRIS_VERIFY_FILE)",
    )
    return parser


def _tell_kubelet(termination_log: Path, line: str) -> None:
    # The kubelet creates it; elsewhere it does not exist.
    with contextlib.suppress(OSError):
        if termination_log.is_file():
            termination_log.write_text(line + "\n", encoding="utf-8")


def _stop_early(number: int, frame: object) -> None:  # noqa: ARG001  # the signature of a signal handler
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
