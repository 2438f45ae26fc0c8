"""Mistakes in where the pods are, how they are reached and watched, and in fields that do not exist."""

from typing import Any

from tests.crds.refusals import Refusal


def _toleration(**fields: Any) -> dict[str, Any]:
    return {"tolerations": [fields]}


def _route(**fields: Any) -> dict[str, Any]:
    return {"route": fields}


_GATEWAY = {"name": "traefik", "namespace": "traefik"}


def _by(**gateway: str) -> dict[str, Any]:
    return _route(type="Gateway", gateway=gateway)


PLACEMENT = (
    Refusal("label key with space", {"nodeSelector": {"a b": "c"}}, "spec.nodeSelector", "found a key"),
    Refusal("label value", {"nodeSelector": {"a": "-"}}, "spec.nodeSelector", '"-": expected a label value'),
    Refusal(
        "label value as number", {"nodeSelector": {"a": 1}}, "spec.nodeSelector.a", "must be of type string"
    ),
    Refusal(
        "too many labels",
        {"nodeSelector": {f"k{n}": "v" for n in range(17)}},
        "spec.nodeSelector",
        "at most 16",
    ),
    Refusal(
        "toleration value that cannot matter",
        _toleration(key="a", operator="Exists", value="b"),
        "spec.tolerations[0].value",
        "found a value with operator Exists, expected none",
    ),
    Refusal("toleration without key", _toleration(value="b"), "spec.tolerations[0].key", "expected a key"),
    Refusal(
        "unknown effect", _toleration(key="a", effect="Never"), "spec.tolerations[0].effect", '"NoExecute"'
    ),
    Refusal(
        "seconds without eviction",
        _toleration(key="a", value="b", effect="NoSchedule", tolerationSeconds=5),
        "spec.tolerations[0].tolerationSeconds",
        "found 5 with effect 'NoSchedule', expected effect NoExecute",
    ),
    Refusal("too many tolerations", {"tolerations": [{"key": "a"}] * 17}, "spec.tolerations", "at most 16"),
    Refusal("long taint", _toleration(key="a" * 318), "spec.tolerations[0].key", "more than 317"),
    Refusal(
        "long taint value", _toleration(key="a", value="b" * 64), "spec.tolerations[0].value", "more than 63"
    ),
    Refusal(
        "unknown operator", _toleration(key="a", operator="In"), "spec.tolerations[0].operator", '"Exists"'
    ),
    Refusal(
        "seconds before now",
        _toleration(key="a", effect="NoExecute", tolerationSeconds=-1),
        "spec.tolerations[0].tolerationSeconds",
        "or equal to 0",
    ),
    Refusal(
        "seconds beyond a week",
        _toleration(key="a", effect="NoExecute", tolerationSeconds=604801),
        "spec.tolerations[0].tolerationSeconds",
        "or equal to 604800",
    ),
    Refusal("route of another kind", _route(type="Route"), "spec.route.type", '"Gateway"'),
    Refusal("no gateway", _route(type="Gateway"), "spec.route.gateway", "found none with type Gateway"),
    Refusal(
        "gateway of an Ingress", _route(gateway=_GATEWAY), "spec.route.gateway", "found one with type Ingress"
    ),
    Refusal("gateway without name", _by(namespace="a"), "spec.route.gateway.name", "Required value"),
    Refusal("gateway without namespace", _by(name="a"), "spec.route.gateway.namespace", "Required value"),
    Refusal("gateway no name", _by(name="A b", namespace="a"), "spec.route.gateway.name", '"A b": expected'),
    Refusal("gateway long name", _by(name="a" * 254, namespace="a"), "spec.route.gateway.name", "than 253"),
    Refusal(
        "no namespace", _by(name="a", namespace="a.b"), "spec.route.gateway.namespace", '"a.b": expected'
    ),
    Refusal("long namespace", _by(name="a", namespace="a" * 64), "spec.route.gateway.namespace", "than 63"),
    Refusal(
        "no listener", _by(**_GATEWAY, sectionName="A"), "spec.route.gateway.sectionName", '"A": expected a'
    ),
    Refusal(
        "long listener", _by(**_GATEWAY, sectionName="a" * 254), "spec.route.gateway.sectionName", "than 253"
    ),
    Refusal(
        "class of a Gateway",
        _route(type="Gateway", gateway=_GATEWAY, className="traefik"),
        "spec.route.className",
        "found one with type Gateway, expected none (the Gateway has the class)",
    ),
    Refusal(
        "certificate of a Gateway",
        _route(type="Gateway", gateway=_GATEWAY, host="a.b", tlsSecretName="tls"),
        "spec.route.tlsSecretName",
        "found one with type Gateway, expected none (the Gateway's listener has the certificate)",
    ),
    Refusal(
        "wildcard host",
        _route(host="*.two.inc"),
        "spec.route.host",
        '"*.two.inc": expected a host name',
    ),
    Refusal(
        "host with scheme", _route(host="http://iris.two.inc"), "spec.route.host", "without wildcard, port or"
    ),
    Refusal(
        "host with port", _route(host="iris.two.inc:80"), "spec.route.host", '"iris.two.inc:80": expected'
    ),
    Refusal("host in capitals", _route(host="Iris.two.inc"), "spec.route.host", "in lower case"),
    Refusal("address as host", _route(host="192.0.2.1"), "spec.route.host", '"192.0.2.1": expected'),
    Refusal("empty host", _route(host=""), "spec.route.host", '"": expected a host name'),
    Refusal("host label too long", _route(host="a" * 64 + ".inc"), "spec.route.host", "expected a host name"),
    Refusal(
        "host ends with dot", _route(host="iris.two.inc."), "spec.route.host", '"iris.two.inc.": expected'
    ),
    Refusal("relative path", _route(path="iris"), "spec.route.path", '"iris": expected a path that begins'),
    Refusal("path with empty segment", _route(path="/a//b"), "spec.route.path", "without '//'"),
    Refusal("path that climbs", _route(path="/a/../b"), "spec.route.path", '"/a/../b": expected'),
    Refusal("path that ends climbing", _route(path="/a/.."), "spec.route.path", '"/a/..": expected'),
    Refusal("path with dot", _route(path="/./a"), "spec.route.path", '"/./a": expected'),
    Refusal("path with query", _route(path="/a?b=c"), "spec.route.path", "query or fragment"),
    Refusal("path with fragment", _route(path="/a#b"), "spec.route.path", "query or fragment"),
    Refusal("path with escape", _route(path="/a%2fb"), "spec.route.path", '"/a%2fb": expected'),
    Refusal("class no name", _route(className="Traefik!"), "spec.route.className", '"Traefik!": expected'),
    Refusal(
        "certificate without host",
        _route(tlsSecretName="iris-tls"),
        "spec.route.tlsSecretName",
        "found no host beside it, expected spec.route.host too",
    ),
    Refusal(
        "annotation of the operator",
        _route(annotations={"serving.two.inc/intent": "x"}),
        "spec.route.annotations",
        "expected another prefix",
    ),
    Refusal(
        "annotation key", _route(annotations={"": "x"}), "spec.route.annotations", "found a key that is empty"
    ),
    Refusal("long host", _route(host="a." * 127), "spec.route.host", "more than 253"),
    Refusal("long path", _route(path="/" + "a" * 256), "spec.route.path", "more than 256"),
    Refusal("long class", _route(className="a" * 254), "spec.route.className", "more than 253"),
    Refusal("long secret", _route(tlsSecretName="a" * 254), "spec.route.tlsSecretName", "more than 253"),
    Refusal(
        "secret no name",
        _route(host="iris", tlsSecretName="A b"),
        "spec.route.tlsSecretName",
        "expected an object's",
    ),
    Refusal(
        "many annotations",
        _route(annotations={f"k{n}": "" for n in range(33)}),
        "spec.route.annotations",
        "at most 32",
    ),
    Refusal(
        "long annotation", _route(annotations={"a": "b" * 4097}), "spec.route.annotations.a", "more than 4096"
    ),
    Refusal(
        "folder that climbs",
        {"monitoring": {"dashboard": {"folder": "../etc"}}},
        "spec.monitoring.dashboard.folder",
        '"../etc": expected',
    ),
    Refusal(
        "dashboard maybe",
        {"monitoring": {"dashboard": {"enabled": "yes"}}},
        "spec.monitoring.dashboard.enabled",
        "must be of type boolean",
    ),
    Refusal(
        "long folder",
        {"monitoring": {"dashboard": {"folder": "a" * 65}}},
        "spec.monitoring.dashboard.folder",
        "more than 64",
    ),
    Refusal(
        "policy maybe",
        {"networkPolicy": {"enabled": "no"}},
        "spec.networkPolicy.enabled",
        "must be of type boolean",
    ),
    Refusal(
        "17 peers",
        {
            "networkPolicy": {
                "allowFrom": [{"podSelector": {"matchLabels": {"n": str(n)}}} for n in range(17)]
            }
        },
        "spec.networkPolicy.allowFrom",
        "at most 16",
    ),
    Refusal(
        "a peer that says nothing",
        {"networkPolicy": {"allowFrom": [{}]}},
        "spec.networkPolicy.allowFrom[0]",
        "at least 1",
    ),
    Refusal(
        "a selector without labels",
        {"networkPolicy": {"allowFrom": [{"podSelector": {}}]}},
        "spec.networkPolicy.allowFrom[0].podSelector.matchLabels",
        "Required value",
    ),
    Refusal(
        "a namespace selector without labels",
        {"networkPolicy": {"allowFrom": [{"namespaceSelector": {}}]}},
        "spec.networkPolicy.allowFrom[0].namespaceSelector.matchLabels",
        "Required value",
    ),
    Refusal(
        "9 pod labels",
        {"networkPolicy": {"allowFrom": [{"podSelector": {"matchLabels": {f"k{n}": "" for n in range(9)}}}]}},
        "spec.networkPolicy.allowFrom[0].podSelector.matchLabels",
        "at most 8",
    ),
    Refusal(
        "9 namespace labels",
        {
            "networkPolicy": {
                "allowFrom": [{"namespaceSelector": {"matchLabels": {f"k{n}": "" for n in range(9)}}}]
            }
        },
        "spec.networkPolicy.allowFrom[0].namespaceSelector.matchLabels",
        "at most 8",
    ),
    Refusal(
        "a long label",
        {"networkPolicy": {"allowFrom": [{"podSelector": {"matchLabels": {"k": "v" * 64}}}]}},
        "spec.networkPolicy.allowFrom[0].podSelector.matchLabels.k",
        "more than 63",
    ),
    Refusal(
        "a long namespace label",
        {"networkPolicy": {"allowFrom": [{"namespaceSelector": {"matchLabels": {"k": "v" * 64}}}]}},
        "spec.networkPolicy.allowFrom[0].namespaceSelector.matchLabels.k",
        "more than 63",
    ),
    Refusal(
        "a promise of no failure at all",
        {"monitoring": {"alerts": {"availabilityPerMille": 1000}}},
        "spec.monitoring.alerts.availabilityPerMille",
        "or equal to 999",
    ),
    Refusal(
        "a latency between two bounds of the histogram",
        {"monitoring": {"alerts": {"latencyMilliseconds": 200}}},
        "spec.monitoring.alerts.latencyMilliseconds",
        "expected 1, 5, 10, 25, 50, 100, 250, 500, 1000 or 2500",
    ),
    Refusal("no patience", {"progressDeadlineSeconds": 29}, "spec.progressDeadlineSeconds", "or equal to 30"),
    Refusal(
        "for ever", {"progressDeadlineSeconds": 86401}, "spec.progressDeadlineSeconds", "or equal to 86400"
    ),
    Refusal("suspended as text", {"suspend": "true"}, "spec.suspend", "must be of type boolean"),
    Refusal("misspelled field", {"replica": 3}, "spec.replica", "unknown field"),
)
