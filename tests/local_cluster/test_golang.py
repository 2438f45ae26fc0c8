"""Real `go` on a tiny module: builds appear whole or not at all, and a failure is one line."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.programs import golang

MAIN = 'package main\n\nvar version = "none"\n\nfunc main() { println(version) }\n'


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "hello"
    folder.mkdir()
    (folder / "go.mod").write_text("module example.org/hello\n\ngo 1.24\n")
    (folder / "main.go").write_text(MAIN)
    return folder


def _build(folder: Path, into: Path, notes: list[str], tags: Sequence[str] = ()) -> None:
    golang.build(
        golang.toolchain(folder, program=golang.find()),
        folder,
        {"greeter": "example.org/hello"},
        flags=golang.flags(golang.ldflags({"main.version": "4.2"}), tags),
        into=into,
        note=notes.append,
    )


@pytest.mark.process
def test_a_command_is_built_under_its_own_name_with_its_variables(module: Path, tmp_path: Path) -> None:
    _build(module, tmp_path / "out" / "key", [])

    said = subprocess.run([tmp_path / "out/key/greeter"], capture_output=True, text=True, check=True)
    assert said.stderr == "4.2\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["key"]


@pytest.mark.process
def test_tags_choose_what_is_built(module: Path, tmp_path: Path) -> None:
    loud = '//go:build loud && !shy\n\npackage main\n\nfunc init() { println("HELLO") }\n'
    (module / "loud.go").write_text(loud)

    _build(module, tmp_path / "quiet" / "key", [])
    _build(module, tmp_path / "loud" / "key", [], ["loud", "other"])

    said = [
        subprocess.run([tmp_path / name / "key" / "greeter"], capture_output=True, text=True, check=True)
        for name in ("quiet", "loud")
    ]
    assert [answer.stderr for answer in said] == ["4.2\n", "HELLO\n4.2\n"]


@pytest.mark.process
def test_a_failed_build_leaves_no_file_and_one_line(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Go's own cache follows XDG_CACHE_HOME, and a cold one would compile the whole runtime.
    warm = golang.toolchain(module, program=golang.find()).caches[0]
    monkeypatch.setenv("GOCACHE", str(warm))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (module / "main.go").write_text("package main\n\nfunc main() { missing() }\n")

    with pytest.raises(LocalClusterError) as refused:
        _build(module, tmp_path / "out" / "key", [])

    assert "undefined: missing" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


@pytest.mark.process
def test_a_module_for_a_newer_go_is_refused_with_what_is_needed(
    module: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOTOOLCHAIN", "local")
    (module / "go.mod").write_text("module example.org/hello\n\ngo 1.999.0\n")

    with pytest.raises(LocalClusterError, match=r"^Go: found go1\..*expected 1\.999\.0 or newer"):
        golang.toolchain(module, program=golang.find())


def test_a_missing_go_is_reported_with_the_needed_version(module: Path) -> None:
    with pytest.raises(LocalClusterError, match=r"^Go: not found, expected 1\.24 or newer"):
        golang.toolchain(module, program=None)


@pytest.mark.parametrize(
    ("version", "needed", "expected"),
    [
        ("go1.26.8", "1.26.6", True),
        ("go1.26.6", "1.26.6", True),
        ("go1.26.5", "1.26.6", False),
        ("go1.9", "1.26", False),
        ("go1.27rc1", "1.26.6", True),
        ("devel +abcdef", "1.26.6", True),
    ],
)
def test_versions_compare_by_number(version: str, needed: str, expected: bool) -> None:
    assert golang.satisfies(version, needed) is expected


def test_the_network_is_named_when_modules_cannot_be_downloaded() -> None:
    errors = (
        'go: example.org/x@v1.0.0: Get "https://proxy.invalid/x": dial tcp: no such host\n'
        "go: some other consequence\n"
    )

    reason = golang.reason(errors)

    assert reason.startswith("the Go modules cannot be downloaded, expected a network")
    assert "no such host" in reason
