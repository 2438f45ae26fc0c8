"""PromQL that several dashboards share. Labels are the inside of a selector: `model="iris"`."""

from collections.abc import Sequence
from typing import Final

RATE: Final = "[$__rate_interval]"
# Requests of users, without those of the kubelet and Prometheus.
ASKED: Final = 'route!~"/livez|/readyz|/metrics"'
# A share of nothing has no logarithm: what never came counts as this much.
_LEAST_SHARE: Final = "0.0001"


def rate(metric: str, labels: str, *by: str) -> str:
    """The rate per second."""
    return f"sum{grouping(by)} (rate({metric}{{{labels}}}{RATE}))"


def quantile(share: float, metric: str, labels: str, *by: str) -> str:
    return f"histogram_quantile({share}, {rate(f'{metric}_bucket', labels, 'le', *by)})"


def share(part: str, whole: str) -> str:
    """The ratio of two sums with the same labels; 0 where the numerator has no series."""
    return f"({part} or {whole} * 0) / {whole}"


def with_version(expression: str, model: str) -> str:
    """The series of pods, each with the version that its pod serves."""
    served = f"max by (namespace, pod, model, version) (model_info{{{model}}})"
    return f"{expression} * on (namespace, pod) group_left (model, version) {served}"


def drift(model: str, window: str, by: Sequence[str]) -> str:
    """The population stability index of each feature: how far inputs lie from the training data.

    0: alike; from 0.1: look; from 0.25: others. Few inputs lie apart by chance, by about 9 / count.
    """
    counted = f"increase(feature_bucket_total{{{model}}}[{window}])"
    total = f"sum{grouping(by)} ({counted}) > 0"
    found = f"sum{grouping([*by, 'bucket'])} ({counted}) / on ({', '.join(by)}) group_left () ({total})"
    expected = f"max{grouping([*by, 'bucket'])} (feature_bucket_training_share{{{model}}})"
    a, e = (f"clamp_min({each}, {_LEAST_SHARE})" for each in (found, expected))
    return f"sum{grouping(by)} (({a} - {e}) * ln({a} / {e}))"


def grouping(by: Sequence[str]) -> str:
    return f" by ({', '.join(by)})" if by else ""
