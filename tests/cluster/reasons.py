"""What stops a model, reason by reason, and what `iris why` must answer."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.harness import kubelet

# Reason to what is declared beside the version, how its pods behave, and what the paragraph must say.
REASONS: Mapping[str, tuple[Mapping[str, Any], kubelet.Behaviour | None, str]] = {
    "Progressing": ({}, kubelet.never_ready, r"has been progressing.*rolling out.*is running but not ready"),
    "ImagePullFailed": (
        {},
        kubelet.cannot_pull(timedelta(seconds=40)),
        r"has been stalled.*ImagePullBackOff: Back-off pulling image.*correct `spec\.version`",
    ),
    "ArtifactRejected": (
        {},
        kubelet.ended(65, "artifact refused: found 1, expected 2", restarts=0),
        r"has been stalled.*artifact refused: found 1, expected 2.*declare the version that the image holds",
    ),
    "PodsCrashing": (
        {},
        kubelet.ended(1, "Traceback: boom", restarts=3),
        r"has been stalled.*3 restarts, exit code 1: Traceback: boom.*logs --previous",
    ),
    "ProgressDeadlineExceeded": (
        {"progressDeadlineSeconds": 30},
        kubelet.never_ready,
        r"has been stalled.*no progress within.*is running but not ready.*often no node has room",
    ),
    "ScaledToZero": (
        {"replicas": 0},
        None,
        r"has not been progressing.*0 replicas.*raise `spec\.replicas`",
    ),
    "Suspended": ({"suspend": True}, None, r"has not been progressing.*children are not changed"),
    "InvalidSpec": (
        {"nodeSelector": {"a" * 64: "x"}},
        None,
        r"has been stalled.*must be no more than 63.*change the field that the message names",
    ),
    "ChildConflict": (
        {},
        None,
        r"has been stalled.*Service childconflict: found one that belongs to somebody else.*rename the model",
    ),
    "RouteConflict": (
        {"route": {"host": "contested.test"}},
        None,
        r"has been stalled.*IrisModel .*/iris already has this host and path.*change `spec\.route`",
    ),
}
