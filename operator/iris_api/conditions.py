"""What the reasons of other conditions than Ready, of events and of rejected versions mean. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from iris_api import reasons

# Of objects that serving does not need.
_OPTIONAL: Final = ("RouteReady", "MonitoringReady", "AutoscalingReady", "DisruptionBudgetReady")


@dataclass(frozen=True, slots=True)
class OfCondition:
    """One reason of these conditions, with their status."""

    conditions: tuple[str, ...]
    status: str
    reason: str
    meaning: str


CONDITIONS: Final = (
    OfCondition(("Available",), "True", reasons.PODS_AVAILABLE, "Pods answer"),
    OfCondition(("Available",), "False", reasons.NO_POD_AVAILABLE, "No pod answers"),
    OfCondition(
        ("RouteReady",),
        "True",
        reasons.ROUTE_APPLIED,
        (
            "The Ingress is in place. The message names what is not confirmed: that an ingress controller"
            " serves it, and that the TLS Secret exists (the operator has no right to read Secrets)"
        ),
    ),
    OfCondition(
        ("RouteReady",),
        "Unknown",
        reasons.ADDRESS_NOT_PUBLISHED,
        (
            "No ingress controller has published an address in the Ingress within "
            "`spec.progressDeadlineSeconds`. Either none runs for its class, or it publishes none: "
            "Traefik without a LoadBalancer Service needs `providers.kubernetesIngress.ingressEndpoint`"
        ),
    ),
    OfCondition(
        ("RouteReady",),
        "False",
        reasons.INGRESS_CLASS_NOT_FOUND,
        (
            "No controller serves the route: the cluster has no IngressClass of that name. Correct "
            "`spec.route.className`, or install the controller (noticed within a minute)"
        ),
    ),
    OfCondition(
        ("RouteReady",),
        "True",
        reasons.ROUTE_ACCEPTED,
        (
            "With type `Gateway`: the Gateway's controller has accepted the present HTTPRoute and "
            "resolved its references"
        ),
    ),
    OfCondition(
        ("RouteReady",),
        "False",
        reasons.ROUTE_NOT_ACCEPTED,
        (
            "It has refused it, or not decided yet. The message has its words or, where it has none, what"
            " the operator found missing: the Gateway, its class, a controller, or a listener for this "
            "host and namespace"
        ),
    ),
    OfCondition(
        ("RouteReady",),
        "False",
        reasons.CRD_NOT_INSTALLED,
        (
            "`route.type` is `Gateway` and this cluster has no Gateway API. Install its CRDs (standard "
            "channel, 1.5 or newer; noticed within a minute), or use type `Ingress`"
        ),
    ),
    OfCondition(("RouteReady",), "False", reasons.ROUTE_CONFLICT, "Another model has this host and path"),
    OfCondition(
        _OPTIONAL,
        "False",
        reasons.CHILD_REFUSED,
        "The API server refused that object; the model serves all the same",
    ),
    OfCondition(
        ("ChildrenAsDeclared",),
        "False",
        reasons.VALUE_FORCED,
        (
            "Somebody changes a declared value on every write, as an admission policy or a webhook does; "
            "the message has the object, the field and both values. The operator does not write it again "
            "and again. The condition exists only while this is so"
        ),
    ),
    OfCondition(
        ("SignatureVerified",),
        "True",
        reasons.SIGNATURE_VERIFIED,
        "With `spec.verify`: every pod that answers has reported a declared key that signed its model",
    ),
    OfCondition(
        ("SignatureVerified",),
        "False",
        reasons.SIGNATURE_NOT_VERIFIED,
        (
            "A pod serves a model that none of the keys signed (`mode: Warn`; its log has the reason), is"
            " not replaced yet, or none answers"
        ),
    ),
    OfCondition(
        ("PickleDenied",),
        "True",
        reasons.PICKLE_DENIED,
        "Every pod that answers has reported that it opens no pickle",
    ),
    OfCondition(
        ("PickleDenied",),
        "False",
        reasons.PICKLE_ALLOWED,
        (
            "`spec.server.pickle` is absent, which means `Allow`. Declare `Deny`; a declared `Allow` has "
            "no condition"
        ),
    ),
    OfCondition(
        ("PickleDenied",),
        "False",
        reasons.PICKLE_NOT_DENIED,
        (
            "`Deny` is declared, but a pod does not report it: it is not replaced yet, or its image has a"
            " server of a release that cannot enforce it; build that image again"
        ),
    ),
    OfCondition(
        ("AutoscalingReady",),
        "True",
        reasons.SCALING_ACTIVE,
        "The autoscaler measures the pods and sets their number",
    ),
    OfCondition(
        ("AutoscalingReady",),
        "False",
        reasons.SCALING_INACTIVE,
        (
            "The autoscaler cannot compute a number of pods; the message quotes it. Often no metrics-"
            "server is installed; for the first minute of a model there are no measurements yet"
        ),
    ),
    OfCondition(
        ("AutoscalingReady",),
        "Unknown",
        reasons.SCALING_NOT_REPORTED,
        (
            "No controller has reported on the HorizontalPodAutoscaler within "
            "`spec.progressDeadlineSeconds`, so the number of pods stays as it is. Start the "
            "`horizontal-pod-autoscaler-controller` of kube-controller-manager, or declare `spec.replicas` "
            "instead of `spec.autoscaling`"
        ),
    ),
    OfCondition(
        ("MonitoringReady",),
        "True",
        reasons.MONITORING_APPLIED,
        (
            "ServiceMonitor and PrometheusRule are in place. Whether a Prometheus selects them is not "
            "checked: `spec.commonMetadata` has the labels for it"
        ),
    ),
    OfCondition(
        ("MonitoringReady",),
        "False",
        reasons.CRD_NOT_INSTALLED,
        (
            "This cluster has no Prometheus Operator. Install its CRDs (noticed within a minute), or set "
            "`monitoring.scrape.enabled` and `monitoring.alerts.enabled` to false"
        ),
    ),
)
# Beside one for each change of Ready, with its reason and message.
EVENTS: Final[Mapping[str, str]] = {
    reasons.SPEC_CHANGED: (
        "The spec has a new generation, and Ready stays as it is; the note has the revision"
    ),
    reasons.ROLLOUT_STARTED: "A candidate is compared with the serving version",
    reasons.STEP_REACHED: "A step begins: the candidate is to get its share of the requests",
    reasons.STABLE_LOST: "No stable pod is ready, so the candidate that gets requests is promoted at once",
    reasons.ROLLOUT_PROMOTED: "The candidate has replaced the version that served",
    reasons.ROLLOUT_WITHDRAWN: "The former version was declared again",
    reasons.ROLLOUT_SKIPPED: "`spec.rollout.skip` names the version",
}
# Why a version was rolled back, beside the reasons of Ready.
REJECTIONS: Final[Mapping[str, str]] = {
    reasons.AGREEMENT_TOO_LOW: (
        "The versions agree on fewer reference rows than `spec.rollout.gates.agreementPerMille`"
    ),
    reasons.REFERENCE_ROWS_FAILED: (
        "A version did not answer the reference rows within `spec.progressDeadlineSeconds`"
    ),
    reasons.GATE_FAILED: (
        "The requests of a step show that a gate of `spec.rollout.gates` is exceeded; the message has"
        " the numbers"
    ),
    reasons.CANDIDATE_LOST: (
        "While the candidate had requests all its pods were lost, or a container restarted"
    ),
    reasons.NOT_ENOUGH_EVIDENCE: (
        "The last step did not get enough requests within `spec.rollout.decideSeconds`, and "
        "`notEnough` is `RollBack`"
    ),
}
