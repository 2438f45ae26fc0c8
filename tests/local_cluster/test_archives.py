"""An image archive is what `ctr` and `docker load` expect, byte for byte the same for the same content."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

from iris_local_cluster.images import project_images
from iris_local_cluster.programs import archives


def _program(folder: Path) -> Path:
    path = folder / "tool"
    path.write_bytes(b"\x7fELF" + bytes(range(256)) * 9)
    return path


def _image(folder: Path, command: tuple[str, ...] = ("/usr/local/bin/tool", "-v")) -> bytes:
    layer = archives.program_layer(_program(folder), at="/usr/local/bin/tool", into=folder / "layer.tar")
    output = io.BytesIO()
    archives.write(output, reference="example.org/tool:1", layers=[layer], command=command)
    return output.getvalue()


def _member(archive: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        file = tar.extractfile(name)
        assert file is not None
        return file.read()


def test_the_manifest_leads_to_the_configuration_and_the_layers(tmp_path: Path) -> None:
    archive = _image(tmp_path)

    (manifest,) = json.loads(_member(archive, "manifest.json"))
    config = json.loads(_member(archive, manifest["Config"]))
    layers = [_member(archive, name) for name in manifest["Layers"]]

    assert manifest["RepoTags"] == ["example.org/tool:1"]
    assert manifest["Config"] == f"{hashlib.sha256(_member(archive, manifest['Config'])).hexdigest()}.json"
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    assert config["config"]["Entrypoint"] == ["/usr/local/bin/tool", "-v"]
    assert config["os"] == "linux"


def test_the_layer_holds_the_program_executable_below_its_folders(tmp_path: Path) -> None:
    archive = _image(tmp_path)
    (manifest,) = json.loads(_member(archive, "manifest.json"))

    with tarfile.open(fileobj=io.BytesIO(_member(archive, manifest["Layers"][0]))) as layer:
        names = layer.getnames()
        program = layer.getmember("usr/local/bin/tool")
        content = layer.extractfile(program)
        assert content is not None
        assert content.read() == _program(tmp_path).read_bytes()

    assert names == ["usr", "usr/local", "usr/local/bin", "usr/local/bin/tool"]
    assert (program.mode, program.uid, program.gid, program.mtime) == (0o755, 0, 0, 0)


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    first = _image(tmp_path)
    (tmp_path / "tool").touch()

    assert _image(tmp_path) == first


def test_an_image_to_build_upon_has_no_entrypoint() -> None:
    assert "Entrypoint" not in archives.config(["0" * 64], ())["config"]


def test_a_program_at_the_root_needs_no_folder(tmp_path: Path) -> None:
    archives.program_layer(_program(tmp_path), at="/pause", into=tmp_path / "layer.tar")

    with tarfile.open(tmp_path / "layer.tar") as layer:
        assert layer.getnames() == ["pause"]


def test_an_archive_is_made_once_and_again_when_its_program_changes(tmp_path: Path) -> None:
    program = _program(tmp_path)
    cache = tmp_path / "cache"

    first = project_images.scratch("example.org/tool:1", program, ["/tool"], cache=cache)
    made = first.stat().st_ino
    second = project_images.scratch("example.org/tool:1", program, ["/tool"], cache=cache)
    program.write_bytes(b"changed")
    third = project_images.scratch("example.org/tool:1", program, ["/tool"], cache=cache)

    assert (second, second.stat().st_ino) == (first, made)
    assert third != first
    assert not list(cache.rglob(".unfinished-*"))


def test_the_base_layer_comes_before_the_program(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "base.tar", "w") as base:
        base.addfile(tarfile.TarInfo("etc"))

    archive = project_images.scratch(
        "example.org/tool:1",
        _program(tmp_path),
        ["/tool"],
        base=tmp_path / "base.tar",
        cache=tmp_path / "cache",
    )

    content = archive.read_bytes()
    (manifest,) = json.loads(_member(content, "manifest.json"))
    layers = [_member(content, name) for name in manifest["Layers"]]
    config = json.loads(_member(content, manifest["Config"]))
    assert len(layers) == 2
    assert layers[0] == (tmp_path / "base.tar").read_bytes()
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
