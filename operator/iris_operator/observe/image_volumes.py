"""Whether the pods have the model's own image (`spec.artifact`), as its volume shows. Pure.

A cluster that cannot mount images often reports no error: an API server without them drops the volume from
the Deployment and answers 200, some nodes mount an empty folder, and others fail at an empty path.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from iris_operator.children import deployment

_CANNOT_CREATE: Final = "CreateContainerError"
# The first is from a runtime that mounts images; the second from containerd before 2.1, which has no path to
# mount.
_NOT_MOUNTED: Final = re.compile(r'ImageVolumeMountFailed|failed to mkdir "":')
# From the server, about the folder where the image is mounted.
_NOTHING_THERE: Final = re.compile(
    rf"artifact refused: {deployment.ARTIFACT_FOLDER}: (an empty folder|No such file or directory),"
)


def is_dropped(template: Mapping[str, Any]) -> bool:
    """Whether the API server dropped the volume from a live pod template, which still names its path."""
    pod = template.get("spec") or {}
    volumes = pod.get("volumes") or ()
    variables = [entry for container in pod.get("containers", ()) for entry in container.get("env") or ()]
    is_read = any(entry["name"] == deployment.ARTIFACT_VARIABLE for entry in variables)
    return is_read and not any(volume.get("image") for volume in volumes)


def is_unmounted(waiting_reason: str, waiting_message: str) -> bool:
    """Whether the kubelet's message about a container that does not start names a failed mount."""
    return waiting_reason == _CANNOT_CREATE and _NOT_MOUNTED.search(waiting_message) is not None


def is_empty(exit_message: str) -> bool:
    """Whether a server ended because it found no model in the mounted folder."""
    return _NOTHING_THERE.match(exit_message) is not None
