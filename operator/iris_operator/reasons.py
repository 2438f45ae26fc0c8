"""Reasons of conditions and events. Each is explained in docs/reference/irismodel.md."""

from typing import Final

# Ready
SERVING: Final = "Serving"  # every ready pod of the newest ReplicaSet proves the declared version
PROGRESSING: Final = "Progressing"  # on the way: rolling out, or waiting for the proof
SUSPENDED: Final = "Suspended"  # spec.suspend: children are not changed
SCALED_TO_ZERO: Final = "ScaledToZero"  # no pod was asked for, so nothing serves

# Stalled: somebody has to change something
IMAGE_PULL_FAILED: Final = "ImagePullFailed"
ARTIFACT_REJECTED: Final = "ArtifactRejected"
PODS_CRASHING: Final = "PodsCrashing"
PROGRESS_DEADLINE_EXCEEDED: Final = "ProgressDeadlineExceeded"
VERSION_MISMATCH: Final = "VersionMismatch"
INVALID_SPEC: Final = "InvalidSpec"
CHILD_CONFLICT: Final = "ChildConflict"
CHILD_REFUSED: Final = "ChildRefused"  # the API server, or a policy in it, refused a child
ROUTE_CONFLICT: Final = "RouteConflict"

# Available, RouteReady, MonitoringReady
PODS_AVAILABLE: Final = "PodsAvailable"
NO_POD_AVAILABLE: Final = "NoPodAvailable"
ROUTE_APPLIED: Final = "RouteApplied"
MONITORING_APPLIED: Final = "MonitoringApplied"
CRD_NOT_INSTALLED: Final = "CRDNotInstalled"
