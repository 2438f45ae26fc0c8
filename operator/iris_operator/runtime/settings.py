"""Reads the operator's settings once from the environment; a wrong one is refused in one line."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class Variable(NamedTuple):
    """An environment variable, its default, and its meaning for the reference."""

    name: str
    default: str
    meaning: str


VARIABLES: Final = (
    Variable("IRIS_OPERATOR_NAMESPACES", "", "Watch only these, separated by commas; none: all"),
    Variable(
        "IRIS_OPERATOR_LEASE_NAMESPACE",
        "",
        "The namespace of the Lease that lets one replica write; none: no election",
    ),
    Variable("IRIS_OPERATOR_WORKERS", "8", "Passes at once, 1 to 64"),
    Variable(
        "IRIS_OPERATOR_SWEEP_SECONDS", "600", "Seconds between two resyncs (LIST and compare), 1 to 86400"
    ),
    Variable(
        "IRIS_OPERATOR_HEALTH_ADDRESS",
        "127.0.0.1:8080",
        "Host and port of `/livez`, `/readyz`, `/metrics`; `[::]:8080` is every address of both families, and"
        " every IPv4 address where the host has no IPv6",
    ),
    Variable("IRIS_OPERATOR_LOG_LEVEL", "INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`"),
    Variable("KUBECONFIG", "", "Which cluster; none: in a pod the service account, else `~/.kube/config`"),
)


class SettingError(Exception):
    """Where, what was found, what was expected."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What VARIABLES set, parsed."""

    namespaces: tuple[str, ...]  # empty: all
    kubeconfig: str | None
    lease_namespace: str | None  # empty: no election, this is the only replica
    health_host: str
    health_port: int
    log_level: str
    workers: int
    resync_seconds: float
    instance: str


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """Raises SettingError."""
    given = {one.name: environ.get(one.name, one.default) for one in VARIABLES}
    host, _, port = given["IRIS_OPERATOR_HEALTH_ADDRESS"].rpartition(":")
    level = given["IRIS_OPERATOR_LOG_LEVEL"].upper()
    if level not in _LEVELS:
        raise SettingError(f"IRIS_OPERATOR_LOG_LEVEL: found {level!r}, expected one of {', '.join(_LEVELS)}")
    in_cluster = "KUBERNETES_SERVICE_HOST" in environ and not given["KUBECONFIG"]
    default = os.path.expanduser("~/.kube/config")  # noqa: PTH111 - only a string for the client
    return Settings(
        namespaces=tuple(filter(None, given["IRIS_OPERATOR_NAMESPACES"].replace(" ", "").split(","))),
        kubeconfig=None if in_cluster else given["KUBECONFIG"] or default,
        lease_namespace=given["IRIS_OPERATOR_LEASE_NAMESPACE"] or None,
        health_host=_host("IRIS_OPERATOR_HEALTH_ADDRESS", host),
        health_port=_whole("IRIS_OPERATOR_HEALTH_ADDRESS", port, 0, 65_535),
        log_level=level,
        workers=_whole("IRIS_OPERATOR_WORKERS", given["IRIS_OPERATOR_WORKERS"], 1, 64),
        resync_seconds=_whole("IRIS_OPERATOR_SWEEP_SECONDS", given["IRIS_OPERATOR_SWEEP_SECONDS"], 1, 86_400),
        instance=environ.get("HOSTNAME") or "iris-operator",
    )


def _host(name: str, text: str) -> str:
    """Without the brackets of an IPv6 address; none means every address, as for Go's programs."""
    address = text.removeprefix("[").removesuffix("]")
    if (":" in text) != (text == f"[{address}]"):
        raise SettingError(
            f"{name}: found the host {text!r}, expected an IPv6 address in brackets, such as [::]"
        )
    return address or "::"


def _whole(name: str, text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SettingError(f"{name}: found {text!r}, expected a whole number from {least} to {most}")
    return int(text)
