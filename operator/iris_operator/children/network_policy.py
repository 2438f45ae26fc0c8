"""The NetworkPolicy: ingress to the http port, egress to DNS only; none when turned off. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from iris_api import kinds

from iris_operator.children import deployment, metadata
from iris_operator.model.spec import IrisModel

KIND = kinds.NETWORK_POLICY

# Besides the declared clients: the operator, of any namespace, asks each pod for its version.
_OPERATOR: Final = {
    "namespaceSelector": {},
    "podSelector": {"matchLabels": {metadata.NAME_LABEL: metadata.MANAGED_BY}},
}
# Prometheus Operator labels the pods of every Prometheus so.
_PROMETHEUS: Final = {
    "namespaceSelector": {},
    "podSelector": {"matchLabels": {metadata.NAME_LABEL: "prometheus"}},
}
_DNS: Final = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]


def build(model: IrisModel) -> dict[str, Any] | None:
    policy = model.network_policy
    if not policy.enabled:
        return None
    inward: dict[str, Any] = {"ports": [{"protocol": "TCP", "port": deployment.PORT}]}
    if policy.allow_from:
        scraper = [_PROMETHEUS] if model.monitoring.scrape.enabled else []
        inward["from"] = [*(_peer(peer) for peer in policy.allow_from), _OPERATOR, *scraper]
    rules = [inward]
    if model.access is not None:
        management = {"protocol": "TCP", "port": deployment.MANAGEMENT_PORT}
        scraper = [_PROMETHEUS] if model.monitoring.scrape.enabled else []
        rules.append({"ports": [management], "from": [_OPERATOR, *scraper]})
    return metadata.manifest(
        KIND,
        model,
        spec={
            "podSelector": {"matchLabels": metadata.selector(model)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": rules,
            "egress": [{"ports": _DNS}],
        },
    )


def _peer(peer: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: {"matchLabels": dict(selector["matchLabels"])} for name, selector in peer.items()}
