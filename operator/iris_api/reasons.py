"""Reasons of conditions and events, and what to do about each, as in docs/reference/irismodel.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Ready
SERVING: Final = "Serving"  # every ready pod of the newest ReplicaSet proves the declared version
PROGRESSING: Final = "Progressing"  # rolling out, or waiting for the proof or the end of older pods
STEPPING: Final = "Stepping"  # a candidate has a share of the requests
SUSPENDED: Final = "Suspended"  # spec.suspend: children are not changed
SCALED_TO_ZERO: Final = "ScaledToZero"  # no pod was asked for, so nothing serves

# Stalled: somebody has to change something
IMAGE_PULL_FAILED: Final = "ImagePullFailed"
ARTIFACT_REJECTED: Final = "ArtifactRejected"
ARTIFACT_NOT_MOUNTED: Final = "ArtifactNotMounted"  # spec.artifact, where images are not mounted
UNSIGNED: Final = "Unsigned"  # these three in the words of the model server
WRONG_KEY: Final = "WrongKey"
TAMPERED: Final = "Tampered"
SERVER_TOO_OLD: Final = "ServerTooOld"
PODS_CRASHING: Final = "PodsCrashing"
PROGRESS_DEADLINE_EXCEEDED: Final = "ProgressDeadlineExceeded"
VERSION_MISMATCH: Final = "VersionMismatch"
INVALID_SPEC: Final = "InvalidSpec"
CHILD_CONFLICT: Final = "ChildConflict"
CHILD_REFUSED: Final = "ChildRefused"  # the API server, or a policy in it, refused a child
ROUTE_CONFLICT: Final = "RouteConflict"
ROLLED_BACK: Final = "RolledBack"
ROLLOUT_PAUSED: Final = "RolloutPaused"
AWAITING_APPROVAL: Final = "AwaitingApproval"
ROLLOUT_HELD: Final = "RolloutHeld"
SPLIT_IMPOSSIBLE: Final = "SplitImpossible"

# Why a rollout was rolled back, beside the reasons above
AGREEMENT_TOO_LOW: Final = "AgreementTooLow"
REFERENCE_ROWS_FAILED: Final = "ReferenceRowsFailed"
CANDIDATE_LOST: Final = "CandidateLost"
GATE_FAILED: Final = "GateFailed"
NOT_ENOUGH_EVIDENCE: Final = "NotEnoughEvidence"

# Events beside those of Ready
SPEC_CHANGED: Final = "SpecChanged"
ROLLOUT_STARTED: Final = "RolloutStarted"
ROLLOUT_PROMOTED: Final = "RolloutPromoted"
ROLLOUT_WITHDRAWN: Final = "RolloutWithdrawn"
ROLLOUT_SKIPPED: Final = "RolloutSkipped"
STEP_REACHED: Final = "StepReached"
STABLE_LOST: Final = "StableLost"  # the candidate is promoted at once

# Available, RouteReady, MonitoringReady, AutoscalingReady, ChildrenAsDeclared
PODS_AVAILABLE: Final = "PodsAvailable"
NO_POD_AVAILABLE: Final = "NoPodAvailable"
ROUTE_APPLIED: Final = "RouteApplied"
ADDRESS_NOT_PUBLISHED: Final = "AddressNotPublished"  # nobody is known to serve the Ingress
ROUTE_ACCEPTED: Final = "RouteAccepted"  # by the Gateway's controller, for the present generation
ROUTE_NOT_ACCEPTED: Final = "RouteNotAccepted"
MONITORING_APPLIED: Final = "MonitoringApplied"
INGRESS_CLASS_NOT_FOUND: Final = "IngressClassNotFound"
CRD_NOT_INSTALLED: Final = "CRDNotInstalled"
VALUE_FORCED: Final = "ValueForced"  # somebody changes a declared value on every write
SCALING_ACTIVE: Final = "ScalingActive"
SCALING_INACTIVE: Final = "ScalingInactive"  # the autoscaler cannot compute a number of pods
SCALING_NOT_REPORTED: Final = "ScalingNotReported"  # no controller is known to look at the autoscaler

# PickleDenied
PICKLE_ALLOWED: Final = "PickleAllowed"  # spec.server.pickle is absent, which means Allow
PICKLE_DENIED: Final = "PickleDenied"  # every pod that answers denies it
PICKLE_NOT_DENIED: Final = "PickleNotDenied"  # declared, but a pod does not enforce it, or none answers

# SignatureVerified
SIGNATURE_VERIFIED: Final = "SignatureVerified"  # every pod that answers serves what a declared key signed
SIGNATURE_NOT_VERIFIED: Final = "SignatureNotVerified"  # a pod does not (mode Warn), or none answers


@dataclass(frozen=True, slots=True)
class OfReady:
    """One reason of the condition Ready."""

    reason: str
    status: str  # of Ready
    beside: str  # the condition that is True with it, if any
    meaning: str
    cure: str


READY: Final = (
    OfReady(
        SERVING,
        "True",
        "",
        "Every ready pod of the newest rollout proves the declared version",
        "nothing",
    ),
    OfReady(
        PROGRESSING,
        "False",
        "Reconciling",
        "Rolling out, waiting for the pods' proof, or until older pods no longer answer",
        "wait",
    ),
    OfReady(
        STEPPING,
        "False",
        "Reconciling",
        "A candidate gets a share of the requests; the message has the step and what is missing",
        "wait",
    ),
    OfReady(
        SCALED_TO_ZERO,
        "False",
        "",
        "The Deployment has 0 replicas",
        "raise `spec.replicas`",
    ),
    OfReady(
        SUSPENDED,
        "as served",
        "",
        "`spec.suspend` is true; Ready is True only if the declared version serves",
        "set `spec.suspend` to false",
    ),
    OfReady(
        IMAGE_PULL_FAILED,
        "False",
        "Stalled",
        "An image could not be pulled for 30 s; the message names it",
        "correct `spec.version`, `spec.image`, `spec.artifact` or the pull secret",
    ),
    OfReady(
        ARTIFACT_REJECTED,
        "False",
        "Stalled",
        "The server refused its model; the message has where, found and expected",
        "declare the version that the image holds, or build the image again; for a card of a newer schema "
        "use a newer server",
    ),
    OfReady(
        ARTIFACT_NOT_MOUNTED,
        "False",
        "Stalled",
        "`spec.artifact` is set, and the pods have no model: the API server or a node cannot mount images, "
        "or the image is empty",
        "use Kubernetes 1.36 and, on every node, a runtime that mounts images (such as containerd 2.1); "
        "or remove `spec.artifact`",
    ),
    OfReady(
        UNSIGNED,
        "False",
        "Stalled",
        "`spec.verify` is set, and the image has no signature that the server can read",
        "sign the model with one of the keys and build the image again",
    ),
    OfReady(
        WRONG_KEY,
        "False",
        "Stalled",
        "Another key than those of `spec.verify` signed the model",
        "list that key if it is one of yours; else find out who signed",
    ),
    OfReady(
        TAMPERED,
        "False",
        "Stalled",
        "The image does not hold exactly the files that were signed",
        "build the image again from the signed files; find out who changed them",
    ),
    OfReady(
        SERVER_TOO_OLD,
        "False",
        "Stalled",
        "The server of this image is older than `spec.access` or `spec.verify`, so it refuses to start",
        "build the image again with the present server, or remove that field",
    ),
    OfReady(
        PODS_CRASHING,
        "False",
        "Stalled",
        "A new pod has started for the third time",
        "read the message, then `kubectl logs --previous`",
    ),
    OfReady(
        PROGRESS_DEADLINE_EXCEEDED,
        "False",
        "Stalled",
        "No progress within `spec.progressDeadlineSeconds`",
        "`kubectl describe pod`: often no node has room",
    ),
    OfReady(
        VERSION_MISMATCH,
        "False",
        "Stalled",
        "A ready pod answers another version, or pods differ in their digest",
        "use an image of the project; pin `spec.image.digest`",
    ),
    OfReady(
        INVALID_SPEC,
        "False",
        "Stalled",
        "The cluster refused an object made from this spec; the message quotes it",
        "change the field that the message names",
    ),
    OfReady(
        CHILD_CONFLICT,
        "False",
        "Stalled",
        "An object of the needed name belongs to someone else",
        "rename the model, or remove that object",
    ),
    OfReady(
        CHILD_REFUSED,
        "False",
        "Stalled",
        "The API server or a policy refused an object that serving needs; the message quotes it",
        "lift the quota or the policy, or change the spec; it is tried again within 30 s",
    ),
    OfReady(
        ROLLED_BACK,
        "False",
        "Stalled",
        "The declared version failed before it got all requests; the message has the cause",
        "declare the serving version or a better one, or name this one in `spec.rollout.skip`",
    ),
    OfReady(
        AWAITING_APPROVAL,
        "False",
        "Stalled",
        "A version has passed, and `spec.rollout.approval` is `Manual`",
        "name it in `spec.rollout.approved`, or declare another version",
    ),
    OfReady(
        ROLLOUT_PAUSED,
        "False",
        "Stalled",
        "A rollout waits because `spec.rollout.pause` is true",
        "set `spec.rollout.pause` to false",
    ),
    OfReady(
        ROLLOUT_HELD,
        "False",
        "Stalled",
        "There was too little evidence within `spec.rollout.decideSeconds`; the message has what is missing",
        "name the version in `spec.rollout.approved`, declare another one, or wait for more requests",
    ),
    OfReady(
        SPLIT_IMPOSSIBLE,
        "False",
        "Stalled",
        "The route cannot divide requests between two versions; the message has the cause",
        "correct the Gateway or `spec.route`, or remove `spec.rollout.steps`",
    ),
    OfReady(
        ROUTE_CONFLICT,
        "False",
        "Stalled",
        "Another model has this host and path",
        "change `spec.route` of one of them",
    ),
)
CURES: Final[Mapping[str, str]] = {row.reason: row.cure for row in READY}
