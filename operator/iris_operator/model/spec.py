"""Body of an IrisModel to a frozen IrisModel. Pure.

The API server has already defaulted and checked the body (crds/): there are no defaults here. What it could
not check, or a body from an older CRD, is refused as Invalid, with the field's path.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iris_operator import errors, reasons
from iris_operator.model.objectives import Objectives


@dataclass(frozen=True, slots=True)
class Image:
    repository: str
    digest: str | None
    pull_policy: str
    pull_secrets: tuple[str, ...]

    def reference(self, version: str) -> str:
        """What the kubelet pulls: the tag is the version, the digest (if any) pins the bytes."""
        tagged = f"{self.repository}:{version}"
        return f"{tagged}@{self.digest}" if self.digest else tagged


@dataclass(frozen=True, slots=True)
class Autoscaling:
    min_replicas: int
    max_replicas: int
    target_cpu_utilization_percentage: int


@dataclass(frozen=True, slots=True)
class Route:
    host: str | None  # None: any host
    path: str
    class_name: str | None
    tls_secret_name: str | None
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Dashboard:
    enabled: bool
    folder: str


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    enabled: bool
    allow_from: Sequence[Mapping[str, Any]]  # none: everybody


@dataclass(frozen=True, slots=True)
class IrisModel:
    """One IrisModel as declared, with the identity that its children need."""

    namespace: str
    name: str
    uid: str
    generation: int
    version: str
    image: Image
    replicas: int
    autoscaling: Autoscaling | None
    resources: Mapping[str, Any]
    node_selector: Mapping[str, str]
    tolerations: Sequence[Mapping[str, Any]]
    env: Sequence[Mapping[str, Any]]
    log_level: str
    fast_path: str
    route: Route | None
    dashboard: Dashboard
    scrape: bool
    alerts: bool
    objectives: Objectives
    network_policy: NetworkPolicy
    progress_deadline_seconds: int
    suspend: bool

    @property
    def cluster_url(self) -> str:
        return f"http://{self.name}.{self.namespace}.svc"

    @property
    def url(self) -> str:
        """Where a client finds the model: through the route when that has a host, else inside the cluster."""
        if self.route is None or self.route.host is None:
            return self.cluster_url
        scheme = "https" if self.route.tls_secret_name else "http"
        return f"{scheme}://{self.route.host}{self.route.path.rstrip('/')}"


def parse(body: Mapping[str, Any]) -> IrisModel:
    """Raises errors.Invalid, naming the field, when the body is not what the CRD promises."""
    metadata, spec = body["metadata"], _Fields("spec", body.get("spec"))
    image, monitoring = spec.fields("image"), spec.fields("monitoring")
    server, alerts = spec.fields("server"), monitoring.fields("alerts")
    dashboard, policy = monitoring.fields("dashboard"), spec.fields("networkPolicy")
    return IrisModel(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata.get("generation", 0),
        version=spec.text("version"),
        image=Image(
            repository=image.text("repository"),
            digest=image.optional_text("digest"),
            pull_policy=image.text("pullPolicy"),
            pull_secrets=tuple(image.sequence("pullSecrets")),
        ),
        replicas=spec.integer("replicas"),
        autoscaling=_autoscaling(spec),
        resources=spec.mapping("resources"),
        node_selector=spec.mapping("nodeSelector"),
        tolerations=spec.sequence("tolerations"),
        env=spec.sequence("env"),
        log_level=server.text("logLevel"),
        fast_path=server.text("fastPath"),
        route=_route(spec),
        network_policy=NetworkPolicy(policy.boolean("enabled"), policy.sequence("allowFrom")),
        dashboard=Dashboard(dashboard.boolean("enabled"), dashboard.text("folder")),
        alerts=alerts.boolean("enabled"),
        objectives=Objectives(
            availability_per_mille=alerts.integer("availabilityPerMille"),
            latency_milliseconds=alerts.integer("latencyMilliseconds"),
        ),
        scrape=monitoring.fields("scrape").boolean("enabled"),
        progress_deadline_seconds=spec.integer("progressDeadlineSeconds"),
        suspend=spec.boolean("suspend"),
    )


def _autoscaling(spec: "_Fields") -> Autoscaling | None:
    if not spec.has("autoscaling"):
        return None
    autoscaling = spec.fields("autoscaling")
    return Autoscaling(
        min_replicas=autoscaling.integer("minReplicas"),
        max_replicas=autoscaling.integer("maxReplicas"),
        target_cpu_utilization_percentage=autoscaling.integer("targetCPUUtilizationPercentage"),
    )


def _route(spec: "_Fields") -> Route | None:
    if not spec.has("route"):
        return None
    route = spec.fields("route")
    return Route(
        host=route.optional_text("host"),
        path=route.text("path"),
        class_name=route.optional_text("className"),
        tls_secret_name=route.optional_text("tlsSecretName"),
        annotations=route.mapping("annotations"),
    )


class _Fields:
    """Typed reading of one object of the body."""

    def __init__(self, where: str, raw: Any) -> None:
        if not isinstance(raw, Mapping):
            raise _invalid(where, raw, "an object")
        self._where = where
        self._raw = raw

    def has(self, name: str) -> bool:
        return self._raw.get(name) is not None

    def fields(self, name: str) -> "_Fields":
        return _Fields(f"{self._where}.{name}", self._raw.get(name))

    def text(self, name: str) -> str:
        value = self._raw.get(name)
        if not isinstance(value, str) or not value:
            raise _invalid(f"{self._where}.{name}", value, "text")
        return value

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if self._raw.get(name) else None

    def integer(self, name: str) -> int:
        value = self._raw.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise _invalid(f"{self._where}.{name}", value, "a whole number")
        return value

    def boolean(self, name: str) -> bool:
        value = self._raw.get(name)
        if not isinstance(value, bool):
            raise _invalid(f"{self._where}.{name}", value, "true or false")
        return value

    def mapping(self, name: str) -> Mapping[str, Any]:
        value = self._raw.get(name) or {}
        if not isinstance(value, Mapping):
            raise _invalid(f"{self._where}.{name}", value, "an object")
        return value

    def sequence(self, name: str) -> Sequence[Any]:
        value = self._raw.get(name) or ()
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise _invalid(f"{self._where}.{name}", value, "a list")
        return value


def _invalid(where: str, found: object, expected: str) -> errors.Invalid:
    shown = "nothing" if found is None else repr(found)
    return errors.Invalid(reasons.INVALID_SPEC, f"{where}: found {shown}, expected {expected}")
