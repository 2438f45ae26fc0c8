"""Parses the server's environment once at start. Reads nothing at import.

Address and port are options of the command and not IRIS_HOST and IRIS_PORT, because Kubernetes sets
IRIS_PORT=tcp://... for a Service named iris.
"""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "IRIS_"

_LEVELS = {"debug": "Debug", "info": "Info", "warning": "Warning", "error": "Error"}
LogLevel = Annotated[
    Literal["Debug", "Info", "Warning", "Error"],
    BeforeValidator(lambda value: _LEVELS.get(str(value).lower(), value)),
]

# As browsers write it: lower case, and no port where it is the scheme's own.
_ORIGIN = re.compile(
    r"(?:http://(?!.*:80$)|https://(?!.*:443$))(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
)


def _parts(value: object) -> object:
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    wrong = [origin for origin in origins if not _ORIGIN.fullmatch(origin)]
    if wrong and origins != ("*",):
        raise ValueError(f"found {wrong[0]!r}, expected origins such as https://app.example.com, or * alone")
    return origins


Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parts), AfterValidator(_origins)]


class Settings(BaseSettings):
    """Every IRIS_* variable with its default and bounds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    artifact_dir: Path = Path("artifacts")
    model_name: str = Field(default="iris", pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")
    expected_version: str | None = None
    log_level: LogLevel = "Info"
    # After SIGTERM the server closes after this long without a request, or at the limit.
    drain_seconds: float = Field(default=1.0, ge=0, le=600)
    drain_limit_seconds: float = Field(default=10.0, ge=0, le=600)
    shutdown_seconds: int = Field(default=20, ge=1, le=600)
    # Longer than a proxy keeps an idle connection (Traefik: 90 s), so that the proxy closes first.
    keep_alive_seconds: int = Field(default=120, ge=1, le=3600)
    # From the first byte, or from opening, to the end of a request's head; and of its body.
    head_seconds: float = Field(default=10.0, gt=0, le=600)
    body_seconds: float = Field(default=60.0, gt=0, le=3600)
    max_head_bytes: int = Field(default=32_768, ge=1024, le=1_048_576)
    max_connections: int = Field(default=20_000, ge=1, le=1_000_000)
    fast_path: Literal["Auto", "Off"] = "Auto"
    # Allow by default: stored models of former releases go on serving.
    pickle: Literal["Allow", "Deny"] = "Allow"
    max_body_bytes: int = Field(default=10_485_760, ge=1024, le=104_857_600)
    max_batch_rows: int = Field(default=100_000, ge=1, le=1_000_000)
    # For a model that is not data: how much may wait for it, and for how long.
    max_waiting: int = Field(default=1000, ge=1, le=100_000)
    max_waiting_seconds: float = Field(default=2.0, gt=0, le=600)
    # Pages of these origins may call the server from their scripts.
    cors_origins: Origins = ()
    reload_token: SecretStr | None = Field(default=None, min_length=16)
    termination_log: Path = Path("/dev/termination-log")


class SettingsRefused(Exception):  # noqa: N818 - an predictions: exit 2
    """A variable is invalid. The message is one line."""


def load() -> Settings:
    """The settings from the environment. Raises SettingsRefused with a line for each invalid variable."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsRefused(f"settings refused: {'; '.join(map(_line, error.errors()))}") from error


def _line(fault: ErrorDetails) -> str:
    name = str(fault["loc"][0])
    # Never the token itself.
    found = "(hidden)" if name == "reload_token" else repr(fault["input"])
    message = fault["msg"].removeprefix("Input ").removeprefix("Value error, ").replace("should", "must")
    return f"{PREFIX}{name.upper()}: {found}, {message}"
