"""Which Debian packages are missing, and who may install them. Nothing is installed here."""

import pytest
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.programs import packages


def test_every_package_that_is_asked_for_can_be_looked_for() -> None:
    assert {*packages.NODE, *packages.IMAGES, *packages.DOCKER} == set(packages.PROBES)


def test_only_what_is_not_there_is_missing() -> None:
    there = {"runc", "/usr/lib/cni/bridge"}

    found = packages.missing(["runc", "containernetworking-plugins", "iproute2"], there.__contains__)

    assert found == ["iproute2"]


@pytest.mark.parametrize(
    ("root", "apt_get", "message"),
    [
        (
            False,
            "/usr/bin/apt-get",
            r"^packages: runc, .*expected root \(or: sudo apt-get install runc buildah\)",
        ),
        (True, None, r"^packages: runc, buildah: not found, expected Debian or Ubuntu"),
    ],
)
def test_a_machine_where_nothing_can_be_installed_says_so(
    root: bool, apt_get: str | None, message: str
) -> None:
    with pytest.raises(LocalClusterError, match=message):
        packages.refuse_unless_installable(["runc", "buildah"], root=root, apt_get=apt_get)


def test_root_on_debian_may_install() -> None:
    packages.refuse_unless_installable(["runc"], root=True, apt_get="/usr/bin/apt-get")
