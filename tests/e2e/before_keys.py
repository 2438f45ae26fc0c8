"""The server of the release before access keys, as an image.

`golden/server-before-keys.tar.xz` is `git archive f79f459 model_server`. No newer commit has a server without
keys. It is a file, since a clone need not have that commit.
"""

import shutil
import tarfile
from pathlib import Path
from typing import Final

from iris_local_cluster import paths
from iris_local_cluster.images import project_images
from iris_local_cluster.images.project_images import Image
from iris_local_cluster.progress import Progress

from tests.model_server import artifacts

COMMIT: Final = "f79f459"
SOURCE: Final = Path(__file__).parent / "golden" / "server-before-keys.tar.xz"


def unpack(folder: Path) -> Path:
    """The code of that server, in a folder named as in the project."""
    with tarfile.open(SOURCE) as files:
        files.extractall(folder, filter="data")
    return folder / "model_server"


def build(version: str, folder: Path) -> Image:
    """That server with a model of this version, in an image that differs from today's by its code alone."""
    unpack(folder)
    for name in ("Dockerfile.server", "requirements.lock", "model_server/pyproject.toml"):
        shutil.copy2(paths.PROJECT / name, folder / name)
    model = artifacts.write(folder / "model", version)
    return project_images.build_server(version, model, Progress(), project=folder)
