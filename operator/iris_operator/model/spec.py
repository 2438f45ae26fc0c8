"""Parses the body of an IrisModel into a frozen IrisModel. Pure.

The API server has already defaulted and validated the body (crds/), so fields that it always sets have no
default here. What it could not validate, or a body from an older CRD, is refused as Invalid with the
field's path.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from iris_api import reasons, rollouts

from iris_operator import errors
from iris_operator.model import pod_template, routes
from iris_operator.model.objectives import Objectives

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_EXPECTED: Final = {
    "str": "text",
    "int": "a whole number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
}
# The operator or Kubernetes sets these on children: two writers would overwrite each other for ever.
_RESERVED: Final = ("app.kubernetes.io/", "serving.two.inc/", "deployment.kubernetes.io/")
ENFORCE: Final = "Enforce"  # of verify; Warn serves an unsigned model, too
_REFUSAL: Final = re.compile(
    r"(?:Expected `(?P<type>\w+)|Object missing required field `(?P<missing>\w+)).*?"
    r"(?: - at `\$(?P<path>.*)`)?"
)


class Fields(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One object of the body."""


class Image(Fields, frozen=True):
    repository: _Text
    pull_policy: _Text
    digest: _Text | None = None
    pull_secrets: tuple[str, ...] = ()
    tag: _Text | None = None  # None: the version

    def reference(self, version: str) -> str:
        """What the kubelet pulls: by tag, and the digest (if any) pins the bytes."""
        tagged = f"{self.repository}:{self.tag or version}"
        return f"{tagged}@{self.digest}" if self.digest else tagged


class Artifact(Fields, frozen=True):
    """The model as an image of its own; the other image is then the server's."""

    image: Image


class Autoscaling(Fields, frozen=True):
    min_replicas: int
    max_replicas: int
    target_cpu_utilization_percentage: int = msgspec.field(name="targetCPUUtilizationPercentage")


class Key(Fields, frozen=True):
    """Of one client; the key itself is nowhere in the cluster."""

    name: _Text
    sha256: _Text
    requests_per_second: int | None = None
    not_after: str | None = None


class Access(Fields, frozen=True):
    """Only clients with one of these keys are answered; none of them admits nobody."""

    keys: tuple[Key, ...] = ()


class SigningKey(Fields, frozen=True):
    name: _Text
    public_key: _Text


class Verify(Fields, frozen=True):
    """One of these keys must have signed the model."""

    keys: tuple[SigningKey, ...]
    mode: _Text = ENFORCE


class Server(Fields, frozen=True):
    log_level: _Text
    fast_path: _Text
    pickle: _Text | None = None  # None: Allow, without anybody having decided it


class CommonMetadata(Fields, frozen=True):
    """Of every child; a pod is none, so a change restarts nothing."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class GatewayReference(Fields, frozen=True):
    name: _Text
    namespace: _Text
    section_name: _Text | None = None  # None: every listener that accepts the host


class Route(Fields, frozen=True):
    path: _Text
    host: _Text | None = None  # None: every host
    class_name: _Text | None = None
    tls_secret_name: _Text | None = None
    annotations: dict[str, str] = {}
    type: _Text = routes.INGRESS
    gateway: GatewayReference | None = None  # with type Gateway only


class Dashboard(Fields, frozen=True):
    enabled: bool
    folder: _Text


class Scrape(Fields, frozen=True):
    enabled: bool


class Alerts(Fields, frozen=True):
    enabled: bool
    availability_per_mille: int
    latency_milliseconds: int


class Monitoring(Fields, frozen=True):
    dashboard: Dashboard
    scrape: Scrape
    alerts: Alerts

    @property
    def objectives(self) -> Objectives:
        return Objectives(self.alerts.availability_per_mille, self.alerts.latency_milliseconds)


class Gates(Fields, frozen=True):
    """Limits per 1,000. The defaults are those of the API, for a body that an older CRD has defaulted."""

    agreement_per_mille: int  # 0: off
    failed_per_mille: int = 10  # from here on 1000 is off
    refused_per_mille: int = 20
    slow_per_mille: int = 20
    shift_per_mille: int = 100


class Testers(Fields, frozen=True):
    """Requests with this header."""

    header: _Text
    value: _Text


class Rollout(Fields, frozen=True):
    strategy: _Text
    gates: Gates
    steps: tuple[int, ...] = ()  # percent of the requests, rising
    step_seconds: int = 120
    decide_seconds: int = 1800  # of the last step
    not_enough: _Text = rollouts.HOLD
    approval: _Text = rollouts.AUTOMATIC
    approved: _Text | None = None
    pause: bool = False
    skip: _Text | None = None
    testers: Testers | None = None  # they get the candidate

    @property
    def is_canary(self) -> bool:
        return self.strategy == rollouts.CANARY


IMMEDIATE: Final = Rollout(rollouts.IMMEDIATE, Gates(0))


class NetworkPolicy(Fields, frozen=True):
    enabled: bool
    allow_from: tuple[dict[str, Any], ...] = ()  # none: everybody


class IrisModel(Fields, frozen=True):
    """One IrisModel as declared, with the identity that its children need."""

    namespace: str
    name: str
    uid: str
    generation: int
    version: _Text
    image: Image
    replicas: int
    server: Server
    monitoring: Monitoring
    network_policy: NetworkPolicy
    progress_deadline_seconds: int
    suspend: bool
    artifact: Artifact | None = None
    autoscaling: Autoscaling | None = None
    access: Access | None = None
    verify: Verify | None = None
    rollout: Rollout | None = None
    route: Route | None = None
    resources: dict[str, dict[str, Any]] = {}
    node_selector: dict[str, str] = {}
    tolerations: tuple[dict[str, Any], ...] = ()
    env: tuple[dict[str, Any], ...] = ()
    common_metadata: CommonMetadata = CommonMetadata()
    template_revision: int = pod_template.NEWEST  # decided from the live Deployment, never declared

    @property
    def cluster_url(self) -> str:
        return f"http://{self.name}.{self.namespace}.svc"

    @property
    def url(self) -> str:
        """The model's URL: of the route when that has a host, else inside the cluster."""
        if self.route is None or self.route.host is None:
            return self.cluster_url
        scheme = "https" if self.route.tls_secret_name else "http"
        return f"{scheme}://{self.route.host}{self.route.path.rstrip('/')}"


def parse(body: Mapping[str, Any]) -> IrisModel:
    """Parse a body. Raises errors.Invalid with the field when it is not as the CRD requires."""
    metadata, spec = body["metadata"], body.get("spec")
    if not isinstance(spec, Mapping):
        raise _invalid("spec", spec, "an object")
    identity = {name: metadata[name] for name in ("namespace", "name", "uid")}
    identity |= {"generation": metadata.get("generation", 0), "templateRevision": pod_template.NEWEST}
    declared = {**spec, **identity}
    model = _converted(declared)
    _refuse_reserved(model.common_metadata)
    return model


def _refuse_reserved(common: CommonMetadata) -> None:
    for part, names in (("labels", common.labels), ("annotations", common.annotations)):
        for name in names:
            if name.startswith(_RESERVED):
                expected = f"a name that does not begin with {', '.join(_RESERVED[:-1])} or {_RESERVED[-1]}"
                raise _invalid(f"spec.commonMetadata.{part}", name, expected)


def _converted(declared: Any) -> IrisModel:
    try:
        return msgspec.convert(declared, IrisModel)
    except msgspec.ValidationError as error:
        found = _REFUSAL.fullmatch(str(error))
        if found is None:
            raise errors.Invalid(reasons.INVALID_SPEC, f"spec: {error}") from error
        names = [name for name in (*(found["path"] or "").split("."), found["missing"]) if name]
        if found["missing"]:  # converted again with null there, the error has the expected type
            return _converted(_with_null(declared, names))
        value = declared
        for name in names:
            value = value.get(name) if isinstance(value, Mapping) else None
        raise _invalid(
            ".".join(["spec", *names]), value, _EXPECTED.get(found["type"], "another value")
        ) from error


def _with_null(value: Any, names: Sequence[str]) -> Any:
    """A copy of the body with null at this path."""
    return {**value, names[0]: _with_null(value.get(names[0]), names[1:])} if names else None


def _invalid(where: str, found: object, expected: str) -> errors.Invalid:
    shown = "nothing" if found is None else repr(found)
    return errors.Invalid(reasons.INVALID_SPEC, f"{where}: found {shown}, expected {expected}")
