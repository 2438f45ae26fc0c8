"""Runs a workflow of this checkout with act, on this machine: our commands are real, GitHub is played.

Each action is replaced by a composite one that records its inputs; `programs/` has the commands that would
reach GitHub or a registry. The remote is a bare repository, and Sigstore a local one.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from iris_local_cluster import paths
from iris_local_cluster.programs import binaries, golang
from iris_local_cluster.progress import Progress

from tests.fakes.sigstore import Sigstore

_MODULE = paths.PROJECT / ".github" / "act"
PROGRAMS = Path(__file__).with_name("programs")
REPOSITORY = "example/iris"
_WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
# When act ends or is killed, or these tests are, the kernel ends every process of this namespace.
_TOGETHER = ("setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
# As actions/checkout: one commit without tags, unless the whole history is asked for.
_CHECKOUT = """\
git init --quiet --initial-branch=unused .
git remote add origin "$IRIS_STAND_INS/remote.git"
wanted=${REF:-$GITHUB_SHA}
if [ "$DEPTH" = 0 ]; then
  git fetch --quiet --tags origin '+refs/heads/*:refs/remotes/origin/*'
else
  git fetch --quiet --no-tags --depth=1 origin "$wanted"
  git update-ref refs/remotes/origin/fetched FETCH_HEAD
fi
if git show-ref --quiet --verify "refs/remotes/origin/$wanted"; then
  git checkout --quiet -B "$wanted" "origin/$wanted"
elif [ "$DEPTH" = 0 ]; then
  git checkout --quiet --detach "$wanted"
else
  git checkout --quiet --detach FETCH_HEAD
fi
[ "$KEEP" = true ] || git remote set-url --push origin /no-credentials
"""
# Of Dockerfile.model also its content, for `docker cp`.
_PUSH = """\
mkdir -p "$IRIS_STAND_INS/images/$(dirname "$TAGS")"
digest=sha256:$(printf '%s' "$TAGS" | sha256sum | cut -d ' ' -f 1)
printf '%s' "$digest" >"$IRIS_STAND_INS/images/$TAGS"
echo "digest=$digest" >>"$GITHUB_OUTPUT"
if [ "$DOCKERFILE" = Dockerfile.model ]; then
  mkdir -p "$IRIS_STAND_INS/content/${digest#sha256:}"
  cp artifacts/model_pipeline_* "$IRIS_STAND_INS/content/${digest#sha256:}"
fi
"""
_KEEP = """\
rm -rf "$IRIS_STAND_INS/artifact-$NAME"
cp --recursive "$FOLDER" "$IRIS_STAND_INS/artifact-$NAME"
"""
_SCRIPTS = {
    "actions/checkout": (
        _CHECKOUT,
        {"REF": "ref", "DEPTH": "fetch-depth", "KEEP": "persist-credentials"},
    ),
    "docker/build-push-action": (_PUSH, {"TAGS": "tags", "DOCKERFILE": "file"}),
    "anchore/sbom-action": ('echo "{}" >"$FILE"\n', {"FILE": "output-file"}),
    "actions/upload-artifact": (_KEEP, {"NAME": "name", "FOLDER": "path"}),
    "actions/download-artifact": (
        'cp --recursive --no-target-directory "$IRIS_STAND_INS/artifact-$NAME" "$FOLDER"\n',
        {"NAME": "name", "FOLDER": "path"},
    ),
    "actions/upload-pages-artifact": (
        'cp --recursive --no-target-directory "$SITE" "$IRIS_STAND_INS/uploaded"\n',
        {"SITE": "path"},
    ),
    "actions/attest": ('test -s "$SBOM"\n', {"SBOM": "sbom-path"}),
}


@dataclass(frozen=True, slots=True)
class Run:
    """What a workflow's run left."""

    code: int
    log: str
    recorded: Sequence[tuple[str, Any]]

    def given(self, name: str) -> list[Any]:
        """What a stand-in was given, each time it was called."""
        return [content for called, content in self.recorded if called == name]


@dataclass(frozen=True, slots=True)
class Running:
    """A workflow that runs. When it ends, every process of its steps ends, too."""

    folder: Path
    process: subprocess.Popen[bytes]

    def finish(self) -> Run:
        """Wait for its end."""
        try:
            code = self.process.wait()
        finally:
            self.end()
        lines = (self.folder / "record").read_text().splitlines()
        pairs = [line.partition("\t") for line in lines]
        recorded = [(name, json.loads(text)) for name, _, text in pairs]
        return Run(code, (self.folder / "log").read_text(), recorded)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True, slots=True)
class Forge:
    """A repository with its remote, and the stand-ins; all of it in one folder."""

    folder: Path
    sigstore: Sigstore

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    @property
    def clone(self) -> Path:
        return self.folder / "clone"

    def git(self, *arguments: str) -> str:
        command = ["git", *_WHO, *arguments]
        return subprocess.run(
            command, cwd=self.clone, check=True, capture_output=True, text=True
        ).stdout.strip()

    def fill(self) -> None:
        """The files of this checkout as the first commit of main."""
        self.clone.mkdir()
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=paths.PROJECT, check=True, capture_output=True).stdout
        with subprocess.Popen(
            ["tar", "--create", "--null", "--files-from=-"],
            cwd=paths.PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        ) as packing:  # fmt: skip
            content, _ = packing.communicate(names)
        subprocess.run(["tar", "--extract"], cwd=self.clone, input=content, check=True)
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=Begin")
        self.git("remote", "add", "origin", str(self.remote))
        self.git("push", "--quiet", "origin", "main")

    def shown(self, revision: str, path: str) -> str:
        """A file of the remote."""
        self.git("fetch", "--quiet", "--tags", "origin")
        return self.git("show", f"{revision}:{path}")

    def publish(self, image: str, digest: str) -> None:
        """Make the registry's stand-in answer a digest for an image."""
        file = self.folder / "images" / image
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(digest)

    def command(self, workflow: str, event: str) -> list[str]:
        """The command that runs a workflow; its event's payload is in event.json."""
        replaced = [f"--local-repository={use}={folder}" for use, folder in self._actions().items()]
        return [
            *(str(_act()), event, "--workflows", f".github/workflows/{workflow}.yaml"),
            *("--platform=ubuntu-24.04=-self-hosted", "--no-skip-checkout", "--rm"),
            *("--no-cache-server", "--cache-server-addr=127.0.0.1", "--artifact-server-addr=127.0.0.1"),
            *("--eventpath", str(self.folder / "event.json"), f"--action-cache-path={self.folder}/cache"),
            *("--secret=GITHUB_TOKEN", "--secret=CLUSTERS_VIEW_KUBECONFIG", "--secret=MODEL_SIGNING_KEY"),
            *(f"--env={name}={value}" for name, value in self.sigstore.environment().items()),
            *(f"--env=GITHUB_REPOSITORY={REPOSITORY}", "--env=GITHUB_REPOSITORY_OWNER=example"),
            *replaced,
        ]

    def environment(self, kubeconfig: str, signing_key: str) -> Mapping[str, str]:
        return {
            **os.environ,
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "IRIS_STAND_INS": str(self.folder),
            "IRIS_HELM": str(binaries.ensure(["helm"], Progress())["helm"]),
            "GITHUB_TOKEN": "a-token",
            "IRIS_MODEL_SIGNING": str(Path(sys.executable).with_name("model_signing")),
            "CLUSTERS_VIEW_KUBECONFIG": kubeconfig,
            "MODEL_SIGNING_KEY": signing_key,
        }

    def start(
        self,
        workflow: str,
        inputs: Mapping[str, str],
        *,
        event: str = "workflow_dispatch",
        payload: Mapping[str, Any] | None = None,
        kubeconfig: str = "none",
        signing_key: str = "none",
        job: str = "",
    ) -> Running:
        """Start a workflow on the tip of main; the event's payload may have more than inputs."""
        repository = {"name": "iris", "full_name": REPOSITORY}
        document = {"inputs": inputs, "repository": repository, **(payload or {})}
        (self.folder / "event.json").write_text(json.dumps(document))
        (self.folder / "record").write_text("")
        (self.folder / "trust.json").write_text(self.sigstore.trust_config())
        self.git("pull", "--quiet", "origin", "main")
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*_TOGETHER, *self.command(workflow, event), *(["--job", job] if job else [])],
                cwd=self.clone,
                env=self.environment(kubeconfig, signing_key),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return Running(self.folder, process)

    def _actions(self) -> dict[str, Path]:
        """Each action with its commit, as the workflows name it, to the folder of its stand-in."""
        used: dict[str, set[str]] = {}
        for file in (self.clone / ".github" / "workflows").glob("*.yaml"):
            for job in yaml.safe_load(file.read_text())["jobs"].values():
                for step in job.get("steps", []):
                    if "uses" in step:
                        used.setdefault(step["uses"], set()).update(step.get("with", {}))
        return {use: self._action(use, inputs) for use, inputs in used.items()}

    def _action(self, use: str, inputs: set[str]) -> Path:
        name = use.partition("@")[0]
        script, variables = _SCRIPTS.get(name, ("", {}))
        folder = self.folder / "actions" / re.sub(r"\W", "-", name)
        folder.mkdir(parents=True, exist_ok=True)
        step = {
            "id": "play",
            "shell": "bash",
            "env": {
                "INPUTS": "${{ toJSON(inputs) }}",
                **{variable: f"${{{{ inputs.{name} }}}}" for variable, name in variables.items()},
            },
            "run": f'record {name} "$INPUTS"\n{script}',
        }
        action = {
            "name": name,
            "description": "a stand-in",
            "inputs": {key: {"description": key} for key in sorted(inputs | set(variables.values()))},
            "outputs": {"digest": {"description": "-", "value": "${{ steps.play.outputs.digest }}"}},
            "runs": {"using": "composite", "steps": [step]},
        }
        (folder / "action.yml").write_text(yaml.safe_dump(action))
        return folder


def _act() -> Path:
    """act at the version of its go.mod, built once into the cache."""
    toolchain = golang.toolchain(_MODULE, program=golang.find())
    target = paths.cache() / "bin" / "act" / binaries.key(_MODULE, [toolchain.version, toolchain.platform])
    if not (target / "act").is_file():
        golang.build(
            toolchain, _MODULE, {"act": "github.com/nektos/act"}, flags=golang.flags("", ()), into=target,
            note=lambda _: None,
        )  # fmt: skip
    return target / "act"
