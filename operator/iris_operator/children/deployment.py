"""The Deployment: the model server's pods at the declared version. Pure.

A new version never takes the old one down: `maxUnavailable` is 0, and a server whose artifact is not
IRIS_EXPECTED_VERSION exits before it is ready.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

from iris_api import kinds

from iris_operator.children import access_config_map, metadata, verify_config_map
from iris_operator.model import pod_template
from iris_operator.model.spec import IrisModel

KIND = kinds.DEPLOYMENT
PORT: Final = 8000
CONTAINER: Final = "server"
# Of operator, Prometheus and kubelet, where clients need a key. No Service has it.
MANAGEMENT: Final = "management"
MANAGEMENT_PORT: Final = 8001

# The owner of spec.replicas. `apply` reads it on the live object, to hand the field over without a dip.
REPLICAS_FROM: Final = "serving.two.inc/replicas-from"

# The revision of the pod template; absent: the oldest.
_TEMPLATE_REVISION: Final = "serving.two.inc/pod-template"
# For `kubectl exec` and `kubectl logs` where somebody else injects a container before ours.
_DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"

# Routers learn late that a pod is terminating: the listener stays open until then.
PRE_STOP_SECONDS: Final = 5
GRACE_SECONDS: Final = 40
_USER: Final = 65532
_FOLDER: Final = "/etc/iris"
# A server of an older release ends at an unknown option, before it opens a port.
_COMMAND: Final = ("iris-model-server", "--host", "::", "--port", str(PORT))
MANAGEMENT_OPTION: Final = "--management-port"
VERIFY_OPTION: Final = "--verify-file"
# The model's own image. Not where a server image keeps a model: where an image is mounted empty or not at
# all, the server must find no model, and not another one.
ARTIFACT: Final = "artifact"
ARTIFACT_FOLDER: Final = f"{_FOLDER}/{ARTIFACT}"
ARTIFACT_VARIABLE: Final = "IRIS_ARTIFACT_DIR"


def build(model: IrisModel) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "selector": {"matchLabels": metadata.selector(model)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
        "progressDeadlineSeconds": model.progress_deadline_seconds,
        "revisionHistoryLimit": 3,
        "template": _template(model),
    }
    if model.autoscaling is None:
        spec["replicas"] = model.replicas
    child = metadata.manifest(KIND, model, spec=spec)
    metadata.add(child, "annotations", {REPLICAS_FROM: "autoscaler" if model.autoscaling else "spec"})
    if model.template_revision > pod_template.OLDEST:
        metadata.add(child, "annotations", {_TEMPLATE_REVISION: str(model.template_revision)})
    return child


def template_revision(body: Mapping[str, Any]) -> int:
    """Of a live Deployment. One that this operator cannot build, of a newer release, counts as the newest."""
    written = body["metadata"].get("annotations", {}).get(_TEMPLATE_REVISION, str(pod_template.OLDEST))
    known = {str(number): number for number in range(pod_template.OLDEST, pod_template.NEWEST)}
    return known.get(written, pod_template.NEWEST)


def _template(model: IrisModel) -> dict[str, Any]:
    template = {"metadata": {"labels": metadata.labels(model)}, "spec": _pod(model)}
    if model.template_revision >= 2:
        metadata.add(template, "annotations", {_DEFAULT_CONTAINER: CONTAINER})
    return template


def _pod(model: IrisModel) -> dict[str, Any]:
    pod: dict[str, Any] = {
        "serviceAccountName": model.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": metadata.selector(model)},
            }
        ],
        "containers": [_container(model)],
    }
    if volumes := _volumes(model):
        pod["volumes"] = [{"name": name, **source} for name, source in volumes.items()]
    if model.image.pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in model.image.pull_secrets]
    if model.node_selector:
        pod["nodeSelector"] = dict(model.node_selector)
    if model.tolerations:
        pod["tolerations"] = [dict(toleration) for toleration in model.tolerations]
    return pod


def _container(model: IrisModel) -> dict[str, Any]:
    ours = {
        "IRIS_MODEL_NAME": model.name,
        "IRIS_EXPECTED_VERSION": model.version,
        "IRIS_LOG_LEVEL": model.server.log_level,
    }
    # The server's default is left out: adding it would restart the pods of every existing model.
    if model.server.fast_path != "Auto":
        ours["IRIS_FAST_PATH"] = model.server.fast_path
    if model.server.pickle is not None:
        ours["IRIS_PICKLE"] = model.server.pickle
    if model.artifact is not None:
        ours[ARTIFACT_VARIABLE] = ARTIFACT_FOLDER
    root = model.route.path.rstrip("/") if model.route else ""
    if root and model.template_revision >= 2:
        ours["IRIS_ROOT_PATH"] = root
    port = "http" if model.access is None else MANAGEMENT
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": model.image.reference(model.version),
        "imagePullPolicy": model.image.pull_policy,
        "env": [{"name": name, "value": value} for name, value in ours.items()]
        + [_variable(model, entry) for entry in model.env],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "startupProbe": _probe("/readyz", port, periodSeconds=1, failureThreshold=120),
        "readinessProbe": _probe("/readyz", port, periodSeconds=2, failureThreshold=2),
        "livenessProbe": _probe("/livez", port, periodSeconds=10, failureThreshold=3),
        "lifecycle": {"preStop": {"sleep": {"seconds": PRE_STOP_SECONDS}}},
        # The server writes why it refused its artifact; after a crash the kubelet takes the last log lines.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    _give_files(container, model)
    if model.resources:
        container["resources"] = {part: dict(values) for part, values in model.resources.items() if values}
    return container


def _volumes(model: IrisModel) -> dict[str, dict[str, Any]]:
    """The ConfigMaps and the image that the pods read, by the name of their volume."""
    volumes: dict[str, dict[str, Any]] = {}
    if model.access is not None:
        volumes[access_config_map.PURPOSE] = _config_map(access_config_map.name(model, model.access))
    if model.verify is not None:
        volumes[verify_config_map.PURPOSE] = _config_map(verify_config_map.name(model, model.verify))
    if model.artifact is not None:
        image = model.artifact.image
        mounted = {"reference": image.reference(model.version), "pullPolicy": image.pull_policy}
        volumes[ARTIFACT] = {"image": mounted}
    return volumes


def _config_map(name: str) -> dict[str, Any]:
    return {"configMap": {"name": name}}


def _give_files(container: dict[str, Any], model: IrisModel) -> None:
    """Has the server read the volumes of the model."""
    volumes = _volumes(model)
    if not volumes:
        return
    container["command"] = [*_COMMAND]
    container["volumeMounts"] = [
        {"name": name, "mountPath": f"{_FOLDER}/{name}", "readOnly": True} for name in volumes
    ]
    if model.access is not None:
        _close(container)
    if model.verify is not None:
        container["command"] += [VERIFY_OPTION, _path(verify_config_map)]


def _path(child: ModuleType) -> str:
    return f"{_FOLDER}/{child.PURPOSE}/{child.FILE}"


def _close(container: dict[str, Any]) -> None:
    """Lets clients with a key in, and the operator by a port of its own."""
    container["command"] += [MANAGEMENT_OPTION, str(MANAGEMENT_PORT)]
    container["env"].append({"name": "IRIS_ACCESS_FILE", "value": _path(access_config_map)})
    container["ports"].append({"name": MANAGEMENT, "containerPort": MANAGEMENT_PORT, "protocol": "TCP"})


def _variable(model: IrisModel, entry: Mapping[str, Any]) -> dict[str, Any]:
    if model.template_revision < 2:
        return dict(entry)
    # The kubelet replaces $(NAME) by that variable, and $$ by $.
    return {**entry, "value": entry["value"].replace("$", "$$")}


def _probe(path: str, port: str, **timing: int) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": port, "scheme": "HTTP"}, "timeoutSeconds": 2, **timing}
