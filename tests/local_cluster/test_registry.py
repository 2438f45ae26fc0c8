"""A published version is never replaced: by another image, or from changed data."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.images import registry
from iris_local_cluster.up import release

FIRST, SECOND = "sha256:" + "1" * 64, "sha256:" + "2" * 64


@dataclass
class Registry:
    """A registry on loopback, and an engine whose images have the digests that are given."""

    address: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    status: int = 200

    def push(self, reference: str, target: str) -> str:
        self.tags[target.partition("/")[2]] = self.digests[reference]
        return self.digests[reference]


@pytest.fixture
def held() -> Iterator[Registry]:
    kept = Registry()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            path = self.path.removeprefix("/v2/").replace("/manifests/", ":")
            found = kept.tags.get(path)
            self.send_response(kept.status if found or kept.status != 200 else 404)
            if found:
                self.send_header("Docker-Content-Digest", found)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    kept.address = f"127.0.0.1:{server.server_port}"
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def pushed(held: Registry, key: str, digest: str) -> str:
    held.digests[f"localhost/iris-server:{key}"] = digest
    target = f"{held.address}/iris-server:1.2.0"
    return registry.push_new(held, f"localhost/iris-server:{key}", target)


def test_a_free_tag_and_the_same_image_are_pushed(held: Registry) -> None:
    assert pushed(held, "a", FIRST) == FIRST
    assert pushed(held, "b", FIRST) == FIRST

    assert held.tags["iris-server:1.2.0"] == FIRST


def test_another_image_under_a_published_version_is_refused_with_both_digests(held: Registry) -> None:
    pushed(held, "a", FIRST)

    with pytest.raises(LocalClusterError, match=rf"1\.2\.0: found {FIRST}, expected {SECOND}, .* FORCE=1"):
        pushed(held, "b", SECOND)

    assert held.tags["iris-server:1.2.0"] == FIRST


def test_a_registry_that_fails_replaces_nothing(held: Registry) -> None:
    pushed(held, "a", FIRST)
    held.status = 500

    with pytest.raises(LocalClusterError, match=r"status 500 for iris-server:1\.2\.0, expected a digest"):
        pushed(held, "b", SECOND)

    assert held.tags == {"iris-server:1.2.0": FIRST}


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def described(folder: Path, source: str) -> None:
    card = {"data": {"source": source, "sha256": EMPTY}}
    (folder / "model_pipeline_1.2.0.json").write_text(json.dumps(card))


@pytest.mark.parametrize("absolute", [False, True], ids=["below the top folder", "anywhere"])
def test_an_artifact_whose_data_have_changed_since_is_refused_with_both_digests(
    tmp_path: Path, *, absolute: bool
) -> None:
    data = tmp_path / "mine.csv"
    data.write_bytes(b"")
    described(tmp_path, str(data) if absolute else "mine.csv")

    release.require_same_data("1.2.0", tmp_path, tmp_path)
    data.write_bytes(b"5.1")
    with pytest.raises(
        LocalClusterError,
        match=rf"trained from data sha256 {EMPTY}, expected [0-9a-f]{{64}}, that of {data}: ",
    ):
        release.require_same_data("1.2.0", tmp_path, tmp_path)


def test_data_of_another_version_or_that_are_gone_refuse_nothing(tmp_path: Path) -> None:
    """An imported model is judged by any file, and data/iris.csv is not its data."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/iris.csv").write_bytes(b"5.1")
    described(tmp_path, "rows.csv")

    release.require_same_data("1.2.0", tmp_path, tmp_path)
    release.require_same_data("1.3.0", tmp_path, tmp_path)
