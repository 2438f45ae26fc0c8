"""Signs the versions of this checkout with a key of its own, for models that declare `spec.verify`."""

from iris_programs import process

from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.progress import Progress


def sign(version: str, progress: Progress) -> None:
    """Sign a version that is not signed yet; the first time, make the key."""
    with progress.step(f"Sign release {version}") as step:
        if not paths.SIGNING_KEY.is_file():
            public = _training("new-key", str(paths.SIGNING_KEY))
            paths.SIGNING_KEY.with_suffix(".pub").write_text(public)
        if (paths.ARTIFACTS / f"model_pipeline_{version}.sig").is_file():
            step.cached("already signed")
            return
        _training("sign", version, f"--key={paths.SIGNING_KEY}")
        step.result(f"public key in {paths.SIGNING_KEY.with_suffix('.pub')}")


def _training(*words: str) -> str:
    command = [str(paths.SCRIPTS / "iris-training"), *words]
    answer = process.answer(command, seconds=60, folder=paths.PROJECT)
    if answer.code != 0:
        raise LocalClusterError(f"signing: {process.last_line(answer.stderr)}")
    return answer.stdout
