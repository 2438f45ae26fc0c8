"""The server's log: one JSON line per event on standard error, with stack traces in their line."""

import logging
import sys

import msgspec

from iris_model_server.telemetry import access_log


class JsonFormatter(logging.Formatter):
    """A record as one JSON line."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": access_log.timestamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["stack"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields).decode("utf-8")


def configure(level: str) -> None:
    """Send every logger through one handler; called by the command only, never at import."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # uvicorn warns of every request that does not parse: a client could flood the log.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    logging.getLogger("asyncio").setLevel(max(logging.WARNING, logging.root.level))
