"""What goes into our images and under which identity; the builders themselves run in the e2e tests."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.images import build_contexts, buildah, builds, project_images, run_image
from iris_local_cluster.images.builds import Build
from iris_local_cluster.programs import bundles, debian
from iris_local_cluster.progress import Progress


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "Dockerfile.server": "FROM scratch\n",
        "Dockerfile.operator": "FROM scratch\n",
        "Dockerfile.model": "FROM scratch\n",
        "requirements.lock": "kopf==1\n",
        "model_server/pyproject.toml": "[project]\n",
        "model_server/iris_model_server/app.py": "app = 1\n",
        "model_server/iris_model_server/__pycache__/app.pyc": "bytes",
        "operator/iris_operator/__init__.py": "",
        "secret.env": "TOKEN=1\n",
        "artifacts/model_pipeline_1.0.json": '{"linear": {}}',
        "artifacts/model_pipeline_1.0.joblib": "pickle",
        "artifacts/model_pipeline_1.0.1.joblib": "another version",
    }
    for name, text in files.items():
        (tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / name).write_text(text)
    return tmp_path / "project"


def _server(project: Path) -> build_contexts.Context:
    files = ["model_pipeline_1.0.json", "model_pipeline_1.0.joblib"]
    return build_contexts.server(project, project / "artifacts", files)


def _key(context: build_contexts.Context, folder: Path, **arguments: str) -> str:
    build_contexts.write(context, folder)
    return build_contexts.key(folder, arguments)


def test_a_context_holds_exactly_what_the_image_needs(project: Path, tmp_path: Path) -> None:
    build_contexts.write(_server(project), tmp_path / "context")

    found = {
        str(path.relative_to(tmp_path / "context"))
        for path in (tmp_path / "context").rglob("*")
        if path.is_file()
    }

    assert found == {
        "Dockerfile",
        "requirements.lock",
        "model_server/pyproject.toml",
        "model_server/iris_model_server/app.py",
        "artifacts/model_pipeline_1.0.json",
        "artifacts/model_pipeline_1.0.joblib",
    }


def test_the_context_of_a_model_has_its_files_and_that_of_a_bare_server_has_none_of_them(
    project: Path, tmp_path: Path
) -> None:
    files = ["model_pipeline_1.0.json", "model_pipeline_1.0.joblib"]
    model = build_contexts.model(project, project / "artifacts", files)
    bare = build_contexts.bare_server(project)

    assert set(model) == {"Dockerfile", *(f"artifacts/{file}" for file in files)}
    assert set(bare) == set(_server(project)) - set(model) | {"Dockerfile"}
    assert (model["Dockerfile"], bare["Dockerfile"]) == (
        project / "Dockerfile.model",
        project / "Dockerfile.server",
    )


def test_the_same_files_and_arguments_are_the_same_image(project: Path, tmp_path: Path) -> None:
    first = _key(_server(project), tmp_path / "a", VERSION="1.0")

    (project / "secret.env").write_text("TOKEN=2\n")

    assert _key(_server(project), tmp_path / "b", VERSION="1.0") == first


@pytest.mark.parametrize(
    "changed",
    ["requirements.lock", "model_server/iris_model_server/app.py", "artifacts/model_pipeline_1.0.joblib"],
)
def test_another_file_is_another_image(project: Path, tmp_path: Path, changed: str) -> None:
    first = _key(_server(project), tmp_path / "a", VERSION="1.0")

    (project / changed).write_text("changed")

    assert _key(_server(project), tmp_path / "b", VERSION="1.0") != first


def test_another_argument_is_another_image(project: Path, tmp_path: Path) -> None:
    keys = {_key(_server(project), tmp_path / version, VERSION=version) for version in ("1.0", "1.1")}

    assert len(keys) == 2


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ({"linear": {"weights": []}}, ""),
        ({"linear": None, "trees": {"trees": []}}, ""),
        ({"linear": None}, "scikit-learn"),
        ({}, "scikit-learn"),
    ],
)
def test_only_a_model_without_folded_weights_brings_scikit_learn(
    tmp_path: Path, card: dict[str, object], expected: str
) -> None:
    (tmp_path / "card.json").write_text(json.dumps(card))

    assert build_contexts.optional_dependencies(tmp_path / "card.json") == expected


def test_a_version_that_was_never_trained_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        LocalClusterError, match=r"model_pipeline_9\.9\.9\.json: not found, expected it from `make"
    ):
        project_images.build_server("9.9.9", tmp_path, Progress())


def test_a_derived_image_has_other_instructions_and_nothing_else() -> None:
    context = build_contexts.derived('CMD ["python3"]')

    assert context[build_contexts.DOCKERFILE] == 'ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCMD ["python3"]\n'


def test_every_base_image_keeps_its_upstream_name_and_place() -> None:
    references = [image.reference for image in project_images.BASE_IMAGES]

    assert len(set(references)) == len(references)
    for image in project_images.BASE_IMAGES:
        assert image.command[0].startswith("/")
        assert not image.reference.endswith(("latest", ":"))


def test_only_kube_proxy_needs_a_system_below_it() -> None:
    standing_on = {image.program: image.content for image in project_images.BASE_IMAGES if image.content}

    assert standing_on == {"kube-proxy": debian.IPTABLES}


def test_docker_and_buildah_get_the_same_arguments() -> None:
    build = Build(Path("/context"), "Dockerfile", {"VERSION": "1.0", "EXTRA": ""}, "iris-server:key")

    assert builds.options(build) == [
        "--build-arg=VERSION=1.0",
        "--build-arg=EXTRA=",
        "--file",
        "/context/Dockerfile",
        "--tag",
        "iris-server:key",
    ]
    assert "--target=server" in builds.options(replace(build, target="server"))


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (["STEP 1/3", "error: Failed to download x", "Error: exit status 2"], "error: Failed to download x"),
        (['time="x" level=warning msg="Failed, retrying"', "Error: refused"], "Error: refused"),
        (["something", "the end", ""], "the end"),
        (["the reason", 'time="x" level=warning msg="retrying"'], "the reason"),
        ([], "no message"),
    ],
)
def test_a_failed_program_is_reported_by_its_first_error(output: list[str], expected: str) -> None:
    assert builds.reason(output) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["setpriv", "--pdeathsig", "KILL", "buildah", "--root", "/x", "build", "--layers"], "buildah build"),
        (["docker", "push", "127.0.0.1:5000/iris-server:1"], "docker push"),
        (["cp", "--archive", "/a", "/b"], "cp"),
    ],
)
def test_a_failure_names_the_program_and_its_verb_only(command: list[str], expected: str) -> None:
    assert builds.words(command) == expected


def test_the_mounts_of_a_killed_build_are_found_innermost_first() -> None:
    mountinfo = """\
21 1 254:0 / / rw - ext4 /dev/vda rw
30 21 254:0 /x /cache/buildah/overlay rw - ext4 /dev/vda rw
31 30 0:40 / /cache/buildah/overlay/abc/merged rw - overlay overlay rw
32 21 0:41 / /cache/buildah-other rw - tmpfs tmpfs rw
33 21 0:42 / /cache/buildah/with\\040blank rw - tmpfs tmpfs rw
"""

    assert buildah.mounted_below(mountinfo, Path("/cache/buildah")) == [
        "/cache/buildah/with blank",
        "/cache/buildah/overlay/abc/merged",
        "/cache/buildah/overlay",
    ]


def test_a_build_trusts_the_first_existing_certificate_file_of_the_host(tmp_path: Path) -> None:
    (tmp_path / "private.pem").write_text("certificate")
    environment = {"PIP_CERT": str(tmp_path / "gone.pem"), "SSL_CERT_FILE": str(tmp_path / "private.pem")}

    assert buildah.certificate_bundle(environment) == str(tmp_path / "private.pem")


def test_a_container_without_an_engine_is_as_closed_as_in_the_cluster() -> None:
    image = {
        "Cmd": ["iris-model-server", "--host", "::", "--port", "8000"],
        "Env": ["PATH=/opt/venv/bin"],
    }

    config = bundles.config(image, port=9000, settings={"IRIS_PICKLE": "Deny"})

    assert config["process"]["user"] == {"uid": 65532, "gid": 65532}
    assert config["process"]["noNewPrivileges"] is True
    assert "capabilities" not in config["process"]
    assert config["root"]["readonly"] is True
    assert config["process"]["args"][-4:] == ["--host", "127.0.0.1", "--port", "9000"]
    assert config["process"]["env"] == ["PATH=/opt/venv/bin", "IRIS_PICKLE=Deny"]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, "Deny"), ({"IRIS_PICKLE": "Allow"}, "Allow"), ({"HOME": "/root"}, "Deny")],
)
def test_a_server_in_an_image_opens_no_pickle_unless_the_user_allows_it(
    environment: dict[str, str], expected: str
) -> None:
    assert run_image.settings(environment) == {"IRIS_PICKLE": expected}


def test_a_base_image_holds_nothing_of_this_machine() -> None:
    (hook,) = [option for option in debian.options(debian.PYTHON) if option.startswith("--customize-hook=")]

    for trace in ("apt/sources.list", "apt/apt.conf.d/99mmdebstrap", "hostname", "resolv.conf"):
        assert trace in hook.split()


def test_a_base_is_named_by_release_and_content() -> None:
    keys = {
        debian.key(name, content)
        for name in ("bookworm", "noble")
        for content in (debian.PYTHON, debian.IPTABLES)
    }

    assert len(keys) == 4


def test_a_base_image_is_rebuilt_after_a_month_and_the_old_one_removed(tmp_path: Path) -> None:
    now = 100 * 24 * 3600.0
    for name, days in {"this-month.tar": 29, "before.tar": 31}.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (now - days * 24 * 3600,) * 2)

    debian.prune(tmp_path, now=now)

    assert [path.name for path in tmp_path.iterdir()] == ["this-month.tar"]
