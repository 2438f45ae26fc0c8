"""Rules that the Dockerfiles keep, so that Docker, Podman and buildah build the same small image."""

import re
import tomllib
from pathlib import Path

import pytest
from iris_local_cluster import paths

FILES = {"server": "model_server", "operator": "operator"}
ALL = (*FILES, "model")


@pytest.fixture(params=sorted(FILES))
def image(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def text(image: str) -> str:
    return (paths.PROJECT / f"Dockerfile.{image}").read_text()


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(words[0].upper(), words[2].strip()) for words in (line.partition(" ") for line in joined)]


def _stages(text: str) -> list[list[tuple[str, str]]]:
    stages: list[list[tuple[str, str]]] = []
    for instruction in _instructions(text):
        if instruction[0] == "FROM":
            stages.append([])
        if stages:
            stages[-1].append(instruction)
    return stages


def _runtime(text: str) -> list[tuple[str, str]]:
    """What the image itself is made of: the stages after the one that builds."""
    return [instruction for stage in _stages(text)[1:] for instruction in stage]


def test_all_stages_use_one_base_that_can_be_chosen(text: str) -> None:
    bases = [stage[0][1].split()[0] for stage in _stages(text)]

    assert _instructions(text)[0] == ("ARG", "BASE_IMAGE=python:3.13-slim")
    assert bases[:2] == ["${BASE_IMAGE}"] * 2
    assert bases[2:] in ([], ["server"])


@pytest.mark.parametrize("image", ALL)
def test_a_dockerfile_uses_only_what_both_builders_support(image: str) -> None:
    text = (paths.PROJECT / f"Dockerfile.{image}").read_text()
    for name, words in _instructions(text):
        assert name in {"ARG", "FROM", "RUN", "COPY", "ENV", "LABEL", "USER", "WORKDIR", "EXPOSE", "CMD"}
        assert not re.search(r"(^|\s)--(mount|link|chmod|network|security|parents|exclude)\b", words), words
        assert "<<" not in words, f"{name}: a here-document, which old builders do not know"
    assert not text.startswith("# syntax=")


def test_no_health_check_because_probes_are_kubernetes_own(text: str) -> None:
    assert "HEALTHCHECK" not in [name for name, _ in _instructions(text)]


def test_the_image_installs_nothing_and_runs_as_nobody(text: str) -> None:
    last = _runtime(text)

    assert "RUN" not in [name for name, _ in last]
    assert ("USER", "65532:65532") in last
    assert [name for name, _ in last].index("USER") < [name for name, _ in last].index("CMD")


def test_only_the_virtual_environment_leaves_the_build_stage(text: str) -> None:
    copies = [words for name, words in _runtime(text) if name == "COPY" and "--from" in words]

    assert copies == ["--from=build /opt/venv /opt/venv"]


def test_exactly_the_locked_versions_of_one_member_are_installed(image: str, text: str) -> None:
    member = FILES[image]
    runs = " ".join(words for name, words in _stages(text)[0] if name == "RUN")

    assert "--constraint requirements.lock" in runs
    assert f"--requirement {member}/pyproject.toml" in runs
    assert f"--no-deps --python /opt/venv/bin/python3 ./{member}" in runs
    assert "--editable" not in runs


def test_the_tool_that_installs_is_pinned_inside_the_build_backends_range(image: str, text: str) -> None:
    """uv builds our packages itself, without a download, only while its version is in that range."""
    pinned = re.search(r"^ARG UV_VERSION=(\d+)\.(\d+)\.\d+$", text, re.MULTILINE)
    project = tomllib.loads((paths.PROJECT / FILES[image] / "pyproject.toml").read_text())

    (backend,) = project["build-system"]["requires"]

    assert pinned
    assert backend == f"uv_build>={pinned[1]}.{pinned[2]},<{pinned[1]}.{int(pinned[2]) + 1}"


def test_dependencies_come_before_code_and_code_before_the_model(text: str) -> None:
    copied = [words for name, words in _instructions(text) if name == "COPY"]
    kinds = ["lock", "pyproject", "code", "venv", *(["model"] if "artifacts" in text else [])]
    patterns = {
        "lock": "requirements.lock ",
        "pyproject": "pyproject.toml ",
        "code": "/source/",
        "venv": "/opt/venv",
        "model": "artifacts/",
    }

    assert len(copied) == len(kinds)
    for kind, words in zip(kinds, copied, strict=True):
        assert patterns[kind] in words


@pytest.mark.parametrize("image", ALL)
def test_image_labels_have_the_title_and_the_commit(image: str) -> None:
    text = (paths.PROJECT / f"Dockerfile.{image}").read_text()
    (labels,) = [words for name, words in _instructions(text) if name == "LABEL"]

    assert f'org.opencontainers.image.title="iris-{image}"' in labels
    for name, value in {"version": "${VERSION}", "revision": "${REVISION}", "licenses": "Apache-2.0"}.items():
        assert f'org.opencontainers.image.{name}="{value}"' in labels
    assert "org.opencontainers.image.source=" in labels


@pytest.mark.parametrize(("image", "folder"), [("server", "/model/"), ("model", "/")])
def test_an_image_takes_one_version_by_whole_file_names(image: str, folder: str) -> None:
    """`model_pipeline_1.4.0.*` would also take version 1.4.0.1."""
    text = (paths.PROJECT / f"Dockerfile.{image}").read_text()

    (model,) = [words for name, words in _instructions(text) if name == "COPY" and "artifacts" in words]

    assert model.split() == [
        "artifacts/model_pipeline_${VERSION}.json",
        "artifacts/model_pipeline_${VERSION}.joblib",
        "artifacts/${SIGNATURE}",
        folder,
    ]


def test_the_image_of_a_model_has_its_files_and_nothing_else() -> None:
    (stage,) = _stages((paths.PROJECT / "Dockerfile.model").read_text())

    assert stage[0] == ("FROM", "scratch")
    assert {name for name, _ in stage} == {"FROM", "ARG", "COPY", "LABEL"}


def test_the_server_without_a_model_is_the_stage_before_the_model() -> None:
    _, server, last = _stages((paths.PROJECT / "Dockerfile.server").read_text())

    assert server[0] == ("FROM", "${BASE_IMAGE} AS server")
    assert not [words for _, words in server if "artifacts/" in words]
    assert {name for name, _ in last} == {"FROM", "ARG", "COPY"}


def test_both_dockerfiles_begin_alike_so_that_the_first_layers_are_shared() -> None:
    server, operator = (
        _instructions((paths.PROJECT / f"Dockerfile.{name}").read_text()) for name in ("server", "operator")
    )
    shared = [words for name, words in server if name == "COPY"].index("requirements.lock /source/")

    assert shared == 0
    until = server.index(("COPY", "requirements.lock /source/")) + 1
    assert server[:until] == operator[:until]


def test_the_context_is_closed_but_for_what_the_builds_copy() -> None:
    rules = (paths.PROJECT / ".dockerignore").read_text().splitlines()
    allowed = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}

    copied = {
        Path(word).parts[0]
        for name in ALL
        for instruction, words in _instructions((paths.PROJECT / f"Dockerfile.{name}").read_text())
        if instruction == "COPY" and "--from" not in words
        for word in words.split()[:-1]
    }

    assert "*" in rules
    assert allowed == copied
