"""How a container's configuration is fitted to the machine; no engine is needed."""

from pathlib import Path
from typing import Any

import pytest

from tests.docker import oci_runtime

FULL = (1 << 41) - 1
WITHOUT_RESOURCE = FULL & ~(1 << 24)


def _spec(*capabilities: str) -> dict[str, Any]:
    process = {"env": ["A=1"], "capabilities": {"bounding": list(capabilities)}}
    return {"process": process, "root": {"path": "rootfs"}, "mounts": []}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "rootfs" / "etc" / "ssl" / "certs").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("bounding", "expected"),
    [(FULL, ["CAP_CHOWN", "CAP_SYS_RESOURCE"]), (WITHOUT_RESOURCE, ["CAP_CHOWN"])],
    ids=["complete", "withheld"],
)
def test_a_container_gets_no_capability_that_root_lacks(
    bundle: Path, bounding: int, expected: list[str]
) -> None:
    spec = _spec("CAP_CHOWN", "CAP_SYS_RESOURCE")

    oci_runtime.fit_container(spec, bundle=bundle, authorities=Path("/nonexistent"), bounding=bounding)

    assert spec["process"]["capabilities"]["bounding"] == expected


@pytest.mark.parametrize("present", [True, False])
def test_authorities_are_mounted_only_over_an_images_own_list(
    bundle: Path, tmp_path: Path, present: bool
) -> None:
    """A mount point made for them would stay in the image."""
    host = tmp_path / "host.pem"
    host.touch()
    if present:
        (bundle / "rootfs" / oci_runtime.AUTHORITIES).touch()
    spec = _spec()

    oci_runtime.fit_container(spec, bundle=bundle, authorities=host, bounding=FULL)

    assert [mount["source"] for mount in spec["mounts"]] == ([str(host)] if present else [])
    assert ("PIP_CERT=/etc/ssl/certs/ca-certificates.crt" in spec["process"]["env"]) is present


def test_the_bounding_set_is_read_from_the_kernels_status() -> None:
    assert oci_runtime.bounding_set("Name:\tx\nCapBnd:\t000001fffeffffff\n") == WITHOUT_RESOURCE
