"""What makes a model stand still, reason by reason, and what `iris why` has to say of it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.harness import kubelet

# Reason to what is declared beside the version, how its pods behave, and what the paragraph must say.
REASONS: Mapping[str, tuple[Mapping[str, Any], kubelet.Behaviour | None, str]] = {
    "Progressing": ({}, kubelet.never_ready, r"is on the way.*rolling out.*runs and is not ready yet"),
    "ImagePullFailed": (
        {},
        kubelet.cannot_pull(timedelta(seconds=40)),
        r"cannot go on.*ImagePullBackOff: Back-off pulling image.*correct `spec\.version`",
    ),
    "ArtifactRejected": (
        {},
        kubelet.ended(65, "artifact refused: found 1, expected 2", restarts=0),
        r"cannot go on.*artifact refused: found 1, expected 2.*declare the version that the image holds",
    ),
    "PodsCrashing": (
        {},
        kubelet.ended(1, "Traceback: boom", restarts=3),
        r"cannot go on.*3 restarts, exit code 1: Traceback: boom.*logs --previous",
    ),
    "ProgressDeadlineExceeded": (
        {"progressDeadlineSeconds": 30},
        kubelet.never_ready,
        r"cannot go on.*no progress within.*runs and is not ready yet.*often no node has room",
    ),
    "ScaledToZero": ({"replicas": 0}, None, r"stands still.*no pod is asked for.*raise `spec\.replicas`"),
    "Suspended": ({"suspend": True}, None, r"stands still.*children are left as they are"),
    "InvalidSpec": (
        {"nodeSelector": {"a" * 64: "x"}},
        None,
        r"cannot go on.*must be no more than 63.*change the field that the message names",
    ),
    "ChildConflict": (
        {},
        None,
        r"cannot go on.*Service childconflict: found one that belongs to somebody else.*rename the model",
    ),
    "RouteConflict": (
        {"route": {"host": "contested.test"}},
        None,
        r"cannot go on.*IrisModel .*/iris already has this host and path.*change `spec\.route`",
    ),
}
