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
    """Every IRIS_* variable with its default and bounds; the text below each is that of the reference."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    artifact_dir: Path = Path("artifacts")
    """The folder of models, in the image `/model`; of several versions the newest by the card's `created`"""
    model_name: str = Field(default="iris", pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")
    """The model's name in answers and metrics"""
    expected_version: str | None = None
    """Serve this version or do not start"""
    log_level: LogLevel = "Info"
    """`Debug` (also logs probes), `Info` (access log), `Warning`, `Error`"""
    drain_seconds: float = Field(default=1.0, ge=0, le=600)
    """After SIGTERM: keep accepting, with 503 on `/readyz`, until no request has come for this long"""
    drain_limit_seconds: float = Field(default=10.0, ge=0, le=600)
    """The upper limit of that, however many requests still come"""
    shutdown_seconds: int = Field(default=20, ge=1, le=600)
    """After the drain: how long unfinished answers may take"""
    # Longer than a proxy keeps an idle connection (Traefik: 90 s), so that the proxy closes first.
    keep_alive_seconds: int = Field(default=120, ge=1, le=3600)
    """How long an idle connection stays, also before its first request; keep it above the proxy's"""
    fast_path: Literal["Auto", "Off"] = "Auto"
    """`Off`: every request goes through the web framework"""
    # Allow by default: stored models of former releases go on serving.
    pickle: Literal["Allow", "Deny"] = "Allow"
    """`Deny`: a joblib is never opened, so a model that is not data in its card is refused"""
    head_seconds: float = Field(default=10.0, gt=0, le=600)
    """From the first byte to the end of a request's head; later is 408"""
    body_seconds: float = Field(default=60.0, gt=0, le=3600)
    """From there to the end of its body; later is 408. The client must take the answer in the same time"""
    max_head_bytes: int = Field(default=32_768, ge=1024, le=1_048_576)
    """A larger head, or more than 100 headers, is 431"""
    max_connections: int = Field(default=20_000, ge=1, le=1_000_000)
    """One more is 503 and closed"""
    max_body_bytes: int = Field(default=10_485_760, ge=1024, le=104_857_600)
    """Larger bodies are 413, declared or in chunks"""
    max_batch_rows: int = Field(default=100_000, ge=1, le=1_000_000)
    """More rows are 413"""
    max_waiting: int = Field(default=1000, ge=1, le=100_000)
    """Requests that may wait for a model served from its joblib; more are 503"""
    max_waiting_seconds: float = Field(default=2.0, gt=0, le=600)
    """How long one may wait, also a large batch for its turn; then it is 503"""
    cors_origins: Origins = ()
    """Origins whose pages may call the server from their scripts (CORS), separated by commas, such as
    `https://app.example.com,http://localhost:3000`; `*` alone: any. In a cluster: `spec.env`"""
    root_path: str | None = Field(default=None, pattern=r"^(/[A-Za-z0-9._~-]+)+$")
    """A path such as `/bugs`, below which everything is served, too. In a cluster: `spec.route.path`"""
    reload_token: SecretStr | None = Field(default=None, min_length=16)
    """The token for a reload, at least 16 characters; none: reload is off"""
    access_file: Path | None = None
    """The list of clients, each with the SHA-256 of its key; with it everything but the probes needs a key.
    In a cluster: `spec.access`"""
    verify_file: Path | None = None
    """The public keys of which one must have signed the model; the option `--verify-file` comes first. In a
    cluster: `spec.verify`"""
    termination_log: Path = Path("/dev/termination-log")
    """The file in which Kubernetes finds the reason of a refusal; written only when it exists"""


class SettingsRefused(Exception):  # noqa: N818 - an outcome: exit 2
    """A variable is invalid. The message is one line."""


def load(verify_file: Path | None = None) -> Settings:
    """The settings from the environment. Raises SettingsRefused with a line for each invalid variable."""
    try:
        return Settings(verify_file=verify_file) if verify_file else Settings()
    except ValidationError as error:
        raise SettingsRefused(f"settings refused: {'; '.join(map(_line, error.errors()))}") from error


def _line(fault: ErrorDetails) -> str:
    name = str(fault["loc"][0])
    # Never the token itself.
    found = "(hidden)" if name == "reload_token" else repr(fault["input"])
    message = fault["msg"].removeprefix("Input ").removeprefix("Value error, ").replace("should", "must")
    return f"{PREFIX}{name.upper()}: {found}, {message}"
