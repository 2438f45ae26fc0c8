"""The operator's settings: what a bare environment means, and what is refused."""

from pathlib import Path

import pytest
from iris_operator.runtime import settings
from iris_operator.runtime.settings import SettingError, Settings


def test_the_operator_runs_from_a_laptop_with_nothing_set() -> None:
    read = settings.read({})

    assert read == Settings(
        namespaces=(),
        kubeconfig=str(Path("~/.kube/config").expanduser()),
        lease_namespace=None,
        health_host="127.0.0.1",
        health_port=8080,
        log_level="INFO",
        workers=8,
        resync_seconds=600,
        instance="iris-operator",
    )


def test_the_operator_takes_every_setting_from_the_environment() -> None:
    read = settings.read(
        {
            "HOSTNAME": "iris-operator-1",
            "IRIS_OPERATOR_HEALTH_ADDRESS": "192.0.2.1:9090",
            "IRIS_OPERATOR_LEASE_NAMESPACE": "iris-system",
            "IRIS_OPERATOR_LOG_LEVEL": "debug",
            "IRIS_OPERATOR_NAMESPACES": "iris, flowers,",
            "IRIS_OPERATOR_SWEEP_SECONDS": "60",
            "IRIS_OPERATOR_WORKERS": "4",
            "KUBECONFIG": "/home/jane/kubeconfig",
        }
    )

    assert read == Settings(
        namespaces=("iris", "flowers"),
        kubeconfig="/home/jane/kubeconfig",
        lease_namespace="iris-system",
        health_host="192.0.2.1",
        health_port=9090,
        log_level="DEBUG",
        workers=4,
        resync_seconds=60,
        instance="iris-operator-1",
    )


@pytest.mark.parametrize(
    ("address", "host"),
    [("[::]:8080", "::"), (":8080", "::"), ("[fd00::7]:8080", "fd00::7"), ("localhost:8080", "localhost")],
)
def test_takes_an_ipv6_address_in_brackets_and_every_address_without_a_host(address: str, host: str) -> None:
    read = settings.read({"IRIS_OPERATOR_HEALTH_ADDRESS": address})

    assert (read.health_host, read.health_port) == (host, 8080)


@pytest.mark.parametrize(
    ("environ", "kubeconfig"),
    [
        ({"KUBERNETES_SERVICE_HOST": "10.96.0.1"}, None),
        ({"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBECONFIG": "/home/jane/other"}, "/home/jane/other"),
    ],
    ids=["in a pod, its service account", "in a pod, another cluster by name"],
)
def test_the_operator_finds_the_cluster(environ: dict[str, str], kubeconfig: str | None) -> None:
    assert settings.read(environ).kubeconfig == kubeconfig


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("LOG_LEVEL", "loud", "found 'LOUD', expected one of DEBUG, INFO, WARNING, ERROR"),
        ("WORKERS", "0", "found '0', expected a whole number from 1 to 64"),
        ("WORKERS", "65", "found '65', expected a whole number from 1 to 64"),
        ("WORKERS", "-1", "found '-1', expected a whole number from 1 to 64"),
        ("WORKERS", "many", "found 'many', expected a whole number from 1 to 64"),
        ("WORKERS", "", "found '', expected a whole number from 1 to 64"),
        ("SWEEP_SECONDS", "0", "found '0', expected a whole number from 1 to 86400"),
        ("SWEEP_SECONDS", "1.5", "found '1.5', expected a whole number from 1 to 86400"),
        ("HEALTH_ADDRESS", "127.0.0.1:65536", "found '65536', expected a whole number from 0 to 65535"),
        (
            "HEALTH_ADDRESS",
            "::1:8080",
            "found the host '::1', expected an IPv6 address in brackets, such as [::]",
        ),
        (
            "HEALTH_ADDRESS",
            "[::1:8080",
            "found the host '[::1', expected an IPv6 address in brackets, such as [::]",
        ),
        ("HEALTH_ADDRESS", "127.0.0.1", "found '127.0.0.1', expected a whole number from 0 to 65535"),
    ],
)
def test_the_operator_refuses_a_wrong_setting_in_one_line(name: str, value: str, message: str) -> None:
    with pytest.raises(SettingError) as refusal:
        settings.read({f"IRIS_OPERATOR_{name}": value})

    assert str(refusal.value) == f"IRIS_OPERATOR_{name}: {message}"
