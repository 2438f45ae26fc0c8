"""containerd: its configuration, where it looks for images, and the word that it answers."""

from pathlib import Path

from iris_local_cluster.native import layout
from iris_local_cluster.native.layout import Layout
from iris_local_cluster.native.services import Service

REGISTRY_HOST = "registry.local:5000"
_CONFIGURATION = layout.INSIDE / "configuration" / "containerd.toml"
_HOSTS = layout.INSIDE / "configuration" / "registries"


def config(*, pause_image: str, restrict_oom_score: bool) -> str:
    """The configuration file; sockets and state are in memory, content is in the state folder."""
    return f"""\
version = 3
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
  address = "{layout.CONTAINERD_SOCKET}"

# Its default is a folder of the host's.
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{pause_image}"
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = "{_HOSTS}"

[plugins."io.containerd.cri.v1.runtime"]
  # Without CAP_SYS_RESOURCE no process may lower its score, and a sandbox that tries dies without a message.
  restrict_oom_score_adj = {str(restrict_oom_score).lower()}
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        SystemdCgroup = false
"""


def hosts() -> str:
    """Where images of `registry.local:5000` come from: the node's own registry, without TLS."""
    address = f"http://127.0.0.1:{layout.REGISTRY_PORT}"
    return f'server = "{address}"\n\n[host."{address}"]\n  capabilities = ["pull", "resolve"]\n'


def configure(node: Layout, *, pause_image: str, restrict_oom_score: bool) -> None:
    folder = node.configuration / "registries" / REGISTRY_HOST
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hosts.toml").write_text(hosts())
    text = config(pause_image=pause_image, restrict_oom_score=restrict_oom_score)
    (node.configuration / "containerd.toml").write_text(text)


def service(program: Path) -> Service:
    # Its shim is found on the path, beside it.
    path = f"{program.parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return Service("containerd", (str(program), "--config", str(_CONFIGURATION)), {"PATH": path})
