"""The folders of the local cluster. Computes paths only; creates nothing.

Three places: the checkout (read), its `.local` folder (what one clone's clusters own), and the cache
(what every clone on this machine shares, all of it keyed by content, so removing it is always safe).
"""

import os
import sysconfig
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
GO_MODULES = PROJECT / "local_cluster" / "go"
ARTIFACTS = PROJECT / "artifacts"

LOCAL = PROJECT / ".local"
KUBECONFIG = LOCAL / "kubeconfig"
BIN = LOCAL / "bin"
ENV_FILE = LOCAL / "env"
# Signs what `make publish` publishes from this checkout.
SIGNING_KEY = LOCAL / "signing" / "key.pem"

# Programs that come inside Python wheels (kubectl, traefik) are beside this interpreter's scripts.
SCRIPTS = Path(sysconfig.get_path("scripts"))


def cluster(name: str) -> Path:
    """The state folder of one cluster; `down` removes it."""
    return LOCAL / "clusters" / name


def cache() -> Path:
    """Shared by all clones of one user, so that a second clone finds everything built."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "iris-local-cluster"
