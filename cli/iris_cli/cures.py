"""What to do about each reason of Ready, word for word as in docs/reference (a test compares them)."""

from typing import Final

from iris_operator import reasons

CURES: Final = {
    reasons.SERVING: "nothing",
    reasons.PROGRESSING: "wait",
    reasons.SCALED_TO_ZERO: "raise `spec.replicas`",
    reasons.SUSPENDED: "set `spec.suspend` to false",
    reasons.IMAGE_PULL_FAILED: "correct `spec.version`, `spec.image` or the pull secret",
    reasons.ARTIFACT_REJECTED: "declare the version that the image holds, or build the image again",
    reasons.PODS_CRASHING: "read the message, then `kubectl logs --previous`",
    reasons.PROGRESS_DEADLINE_EXCEEDED: "`kubectl describe pod`: often no node has room",
    reasons.VERSION_MISMATCH: "use an image of the project; pin `spec.image.digest`",
    reasons.INVALID_SPEC: "change the field that the message names",
    reasons.CHILD_CONFLICT: "rename the model, or remove that object",
    reasons.CHILD_REFUSED: "lift the quota or the policy, or change the spec; it is tried again within 30 s",
    reasons.ROUTE_CONFLICT: "change `spec.route` of one of them",
}
