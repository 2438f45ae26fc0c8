"""On the node: models whose signature does not hold are refused, each with its reason.

One model serves 1.3.0 under load. Then it is declared at 1.4.0 with one bad image after the other. Nothing is
from Git: what is tested is the node, the server and the operator.
"""

import dataclasses
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from iris_api import readiness
from iris_api.readiness import Readiness
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.images import project_images
from iris_local_cluster.images.project_images import Image
from iris_local_cluster.progress import Progress
from iris_local_cluster.up import load_client, models
from iris_local_cluster.up.load_client import Report

from tests.e2e.clone import model_body
from tests.e2e.stage import UpRun
from tests.model_server import artifacts, signing, tampering

pytestmark = pytest.mark.e2e

NAME, HOST = "vouched", "vouched.kube.two.inc"
_WHERE: Final = f"--namespace={models.NAMESPACE}"
GOOD, BAD = "1.3.0", "1.4.0"
_RATE: Final = 10.0
_FOLDER: Final = "/etc/iris/artifact"
_FROM_TABLE: Final = (
    "none", "empty", "of 10 MB", "a certificate in it", "another version's", "one byte of the joblib",
)  # fmt: skip
# A build copies the card, the joblib and the signature, so these two differ in what was signed.
_MISSING, _EXTRA, _WRONG_KEY = "a file missing", "a file extra", "another key"
EXPECTED: Final[Mapping[str, str]] = {
    **{kind: tampering.REFUSED[kind][1].replace("FOLDER", _FOLDER) for kind in _FROM_TABLE},
    _WRONG_KEY: f"WrongKey: {_FOLDER}/{signing.SIGNATURE}: the signature of a key with SHA-256 ",
    _MISSING: f"Tampered: {_FOLDER}: no 'notes.md', expected every signed file",
    _EXTRA: f"Tampered: {_FOLDER}: '{tampering.JOBLIB}', which is not signed, ",
}


class Made:
    """Two keys, 1.3.0 and 1.4.0 signed by the first, and the images made from them."""

    def __init__(self, folder: Path, registry: str) -> None:
        self._folder, self._registry = folder, registry
        self.key, self._other = (signing.new_key(folder, name) for name in ("release", "other"))
        before = artifacts.write(folder / "before", GOOD)
        signing.sign(before, self.key, signature="model.sig")
        self._signed = signing.sign(artifacts.write(folder / "release", BAD), self.key)

    def server(self) -> Image:
        return self._pushed(project_images.build_bare_server(Progress()))

    def good(self) -> None:
        folder = artifacts.write(self._folder / "good", GOOD)
        signing.sign(folder, self.key, signature=f"model_pipeline_{GOOD}.sig")
        self._pushed(project_images.build_model(GOOD, folder, Progress()))

    def bad(self, kind: str, tag: str) -> None:
        folder = Path(shutil.copytree(self._signed, self._folder / tag))
        if kind == _WRONG_KEY:
            signing.sign(folder, self._other)
        elif kind == _MISSING:
            (folder / "notes.md").write_text("in the signature, not in the image")
            signing.sign(folder, self.key)
        elif kind == _EXTRA:
            joblib = (folder / tampering.JOBLIB).rename(self._folder / tampering.JOBLIB)
            signing.sign(folder, self.key)
            joblib.rename(folder / tampering.JOBLIB)
        else:
            tampering.REFUSED[kind][0](folder, self._folder)
        self._pushed(dataclasses.replace(project_images.build_model(BAD, folder, Progress()), tag=tag))

    def _pushed(self, image: Image) -> Image:
        project_images.push(image, self._registry, Progress())
        return image


@dataclass(frozen=True, slots=True)
class Seen:
    """What the status had for each bad image, and what the client got all the while."""

    stopped: Mapping[str, Readiness]
    report: Report
    refused_key: str


def body(server: Image, public_key: str, version: str, tag: str) -> dict[str, Any]:
    spec = {
        "version": version,
        "image": {"repository": f"registry.local:5000/{server.name}", "tag": server.tag},
        "artifact": {"image": {"repository": "registry.local:5000/iris-model", "tag": tag}},
        "verify": {"keys": [{"name": "release", "publicKey": public_key}]},
        "replicas": 1,
        "resources": {"requests": {"cpu": "10m"}},
        "server": {"pickle": "Deny"},
    }
    return model_body(NAME, **spec)


def names(expected: str, now: Readiness) -> bool:
    return now.stalled and expected in now.message


def until(up_run: UpRun, reached: Callable[[Readiness], bool], *, seconds: float = 90) -> Readiness:
    """The status when that holds, or the last one."""
    deadline = time.monotonic() + seconds
    while True:
        found = up_run.kubectl.read("irismodel", NAME, _WHERE)
        now = readiness.of(found)
        if reached(now) or time.monotonic() > deadline:
            return now
        time.sleep(0.3)


@pytest.fixture(scope="module")
def seen(up_run: UpRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    made = Made(tmp_path_factory.mktemp("signatures"), up_run.cluster.registry)
    server, public_key = made.server(), made.key.with_suffix(".pub").read_text()
    made.good()
    tags = {kind: f"bad-{number}" for number, kind in enumerate(EXPECTED)}
    for kind, tag in tags.items():
        made.bad(kind, tag)
    stopped = {}
    try:
        up_run.kubectl.apply(body(server, public_key, GOOD, GOOD))
        now = until(up_run, lambda each: each.ready)
        assert now.ready, now
        models.predict(up_run.cluster.ingress, HOST)
        address = up_run.cluster.ingress_inside()
        with load_client.watch(up_run.cluster.entered, address=address, host=HOST, rate=_RATE) as watch:
            watch.wait_for(int(_RATE))
            for kind, tag in tags.items():
                up_run.kubectl.apply(body(server, public_key, BAD, tag))
                stopped[kind] = until(up_run, partial(names, EXPECTED[kind]))
            with pytest.raises(LocalClusterError) as refused:
                up_run.kubectl.apply(body(server, "-----BEGIN CERTIFICATE-----\nMIIB\n", BAD, BAD))
            watch.wait_for(watch.report.requests + int(_RATE))
        yield Seen(stopped, watch.report, str(refused.value))
    finally:
        up_run.kubectl.run("delete", "irismodel", NAME, _WHERE, "--ignore-not-found")


@pytest.mark.parametrize("kind", EXPECTED)
def test_a_signature_that_does_not_hold_is_the_reason_in_the_status(seen: Seen, kind: str) -> None:
    now, expected = seen.stopped[kind], EXPECTED[kind]

    assert (now.stalled, now.ready, now.serving) == (True, False, GOOD)
    assert now.reason == expected.partition(":")[0]
    assert expected in now.message


def test_a_certificate_where_a_key_is_expected_is_refused_by_the_api(seen: Seen) -> None:
    assert "expected an ECDSA P-256 public key in PEM" in seen.refused_key


def test_no_request_is_lost_or_answered_by_a_model_that_was_refused(seen: Seen) -> None:
    assert seen.report.failed == 0, seen.report.failures
    assert set(seen.report.versions) == {GOOD}
