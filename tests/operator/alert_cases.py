"""For every alert: what makes it fire, and what looks alike and must not. Series in promtool's notation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_HTTP: Final = 'namespace="iris",service="iris",pod="a",method="POST"'
_PREDICT: Final = f'{_HTTP},route="/api/v1/predict"'
_LABELS: Final = 'model_namespace="iris",model="iris",pod="o"'
_SERIES: Final = 'namespace="iris",model="iris",version="1.4.0",pod="a"'
_OPERATOR: Final = 'namespace="iris-system",pod="o"'

Series = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """One value a minute; at minute `at` so many alerts of that name are firing."""

    alert: str
    scenario: str
    series: Series
    at: int
    firing: int = 0


def _requests(good: str, bad: str, *, route: str = "/api/v1/predict", status: str = "500") -> Series:
    labels = f'{_HTTP},route="{route}"'
    return {
        f'http_requests_total{{{labels},http_status="200"}}': good,
        f'http_requests_total{{{labels},http_status="{status}"}}': bad,
    }


def _times(within: int, *, route: str = "/api/v1/predict") -> Series:
    """A hundred requests a minute, so many of them within 250 ms."""
    labels, metric = f'{_HTTP},route="{route}"', "http_request_duration_seconds"
    return {
        f'{metric}_bucket{{{labels},le="0.25"}}': f"0+{within}x480",
        f"{metric}_count{{{labels}}}": "0+100x480",
    }


def _info(declared: str, serving: str, values: str) -> Series:
    return {f'irismodel_info{{{_LABELS},declared="{declared}",serving="{serving}"}}': values}


def _ready(reason: str, values: str) -> Series:
    return {f'irismodel_condition{{{_LABELS},type="Ready",reason="{reason}"}}': values}


def _rollout(state: str, values: str) -> Series:
    labels = f'{_LABELS},state="{state}",candidate="1.5.0",stable="1.4.0"'
    return {f"irismodel_rollout_info{{{labels}}}": values}


def _classes(setosa: int, virginica: int) -> Series:
    labels = f"prediction_distribution_total{{{_SERIES},prediction_label="
    return {
        f'{labels}"setosa"}}': f"0+{setosa}x180",
        f'{labels}"virginica"}}': f"0+{virginica}x180",
    }


def _inputs(*counts: int) -> Series:
    """So many inputs a minute in buckets that were equally full in training."""
    labels = [f'{_SERIES},feature="petal_width",bucket="{number}"' for number in range(len(counts))]
    counters = (f"feature_bucket_total{{{each}}}" for each in labels)
    counted = {name: f"0+{count}x180" for name, count in zip(counters, counts, strict=True)}
    trained = {f"feature_bucket_training_share{{{each}}}": f"{1 / len(counts)}x180" for each in labels}
    return counted | trained


def _leading(**pods: str) -> Series:
    return {
        f'leader_election_master_status{{namespace="iris-system",name="iris-operator",pod="{pod}"}}': values
        for pod, values in pods.items()
    }


def _passes(failed: str) -> Series:
    labels = f'{_OPERATOR},controller="irismodel"'
    return {
        f'controller_runtime_reconcile_total{{{labels},result="success"}}': "0+20x120",
        f'controller_runtime_reconcile_total{{{labels},result="error"}}': failed,
        f"controller_runtime_reconcile_errors_total{{{labels}}}": failed,
    }


_BURN, _SLOW, _OTHER = "IrisModelErrorBudgetBurn", "IrisModelLatencyBudgetBurn", "IrisModelVersionNotServed"
_UNREADY, _CLASS, _DRIFT = "IrisModelNotReady", "IrisModelOneClass", "IrisModelFeatureDrift"
_HELD, _BACK = "IrisModelRolloutHeld", "IrisModelRolledBack"
_TWENTY_MINUTES: Final = {
    "a candidate starts for 20 minutes": {**_rollout("Preparing", "1x30"), **_ready("Progressing", "0x30")},
    "a candidate has a part of the requests": {**_rollout("Stepping", "1x30"), **_ready("Stepping", "0x30")},
    "a candidate waits for its approval": {
        **_rollout("AwaitingApproval", "1x30"),
        **_ready("AwaitingApproval", "0x30"),
    },
    "the stable pods are replaced": {**_rollout("Promoting", "1x30"), **_ready("Progressing", "0x30")},
}

OF_A_MODEL: Final = (
    Case(_BURN, "2 % of the requests fail: fast and slow", _requests("0+98x480", "0+2x480"), 400, 2),
    Case(_BURN, "0.7 % fail: only slowly", _requests("0+993x480", "0+7x480"), 400, 1),
    Case(_BURN, "0.5 % fail: what is left lasts days", _requests("0+995x480", "0+5x480"), 400),
    Case(_BURN, "it is over", _requests("0+95x60 5700+100x40", "0+5x60 300x40"), 100),
    Case(_BURN, "clients are at fault", _requests("0+50x480", "0+50x480", status="422"), 400),
    Case(_BURN, "probes fail while a pod starts", _requests("0+1x480", "0+9x480", route="/readyz"), 400),
    Case(_SLOW, "20 of 100 are late: fast and slow", _times(80), 400, 2),
    Case(_SLOW, "8 of 100 are late: only slowly", _times(92), 400, 1),
    Case(_SLOW, "5 of 100 are late", _times(95), 400),
    Case(_SLOW, "large batches take their time", _times(10, route="/api/v1/predict/batch"), 400),
    Case(_OTHER, "the old version serves on", _info("1.5.0", "1.4.0", "1x30"), 12, 1),
    Case(_OTHER, "nothing serves", _info("1.5.0", "", "1x30"), 12, 1),
    Case(_OTHER, "it serves", _info("1.5.0", "1.5.0", "1x30"), 25),
    Case(
        _OTHER,
        "a rollout took eight minutes",
        {**_info("1.5.0", "1.4.0", "1x8 stale"), **_info("1.5.0", "1.5.0", "_x8 1x20")},
        7,
    ),
    Case(_OTHER, "suspended", {**_info("1.5.0", "1.4.0", "1x30"), **_ready("Suspended", "0x30")}, 25),
    Case(_UNREADY, "a quarter of an hour", _ready("Progressing", "0x30"), 16, 1),
    Case(
        _UNREADY,
        "first under way, then stalled",
        {**_ready("Progressing", "0x10 stale"), **_ready("ImagePullFailed", "_x10 0x20")},
        16,
        1,
    ),
    Case(
        _UNREADY,
        "a rollout took ten minutes",
        {**_ready("Progressing", "0x10 stale"), **_ready("Serving", "_x10 1x20")},
        9,
    ),
    Case(_UNREADY, "scaled to zero", _ready("ScaledToZero", "0x30"), 25),
    *(Case(_UNREADY, name, series, 25) for name, series in _TWENTY_MINUTES.items()),
    *(
        Case(_OTHER, name, {**series, **_info("1.5.0", "1.4.0", "1x30")}, 25)
        for name, series in _TWENTY_MINUTES.items()
    ),
    Case(
        _UNREADY,
        "the spec has become invalid during a rollout",
        {**_rollout("Preparing", "1x30"), **_ready("InvalidSpec", "0x30")},
        16,
        1,
    ),
    Case(
        _OTHER,
        "another version is under way after a rollout",
        {
            **_rollout("Promoted", "1x30"),
            **_ready("Progressing", "0x30"),
            **_info("1.6.0", "1.5.0", "1x30"),
        },
        12,
        1,
    ),
    Case(_HELD, "too few requests", _ready("RolloutHeld", "0x30"), 3, 1),
    Case(_HELD, "a commit has paused it", _ready("RolloutPaused", "0x30"), 20),
    Case(_UNREADY, "held has an alert of its own", _ready("RolloutHeld", "0x30"), 20),
    Case(_BACK, "the candidate was refused", _ready("RolledBack", "0x30"), 3, 1),
    Case(_BACK, "it was reverted", {**_ready("RolledBack", "0x5 stale"), **_ready("Serving", "_x5 1x25")}, 8),
    Case(_UNREADY, "rolled back has an alert of its own", _ready("RolledBack", "0x30"), 20),
    Case(_CLASS, "all alike", _classes(20, 0), 120, 1),
    Case(_CLASS, "97 of 100 alike", _classes(97, 3), 120, 1),
    Case(_CLASS, "nine of ten alike", _classes(9, 1), 120),
    Case(_CLASS, "one a minute says nothing", _classes(1, 0), 120),
    Case(_DRIFT, "half of it moved", _inputs(0, 50, 25, 25), 120, 1),
    Case(_DRIFT, "as in training", _inputs(26, 24, 25, 25), 120),
    Case(_DRIFT, "four a minute say nothing", _inputs(0, 2, 1, 1), 120),
)

_NONE, _TWO, _STUCK = "IrisOperatorNoLeader", "IrisOperatorTwoLeaders", "IrisOperatorKeyStuck"
_ERRORS, _STALE, _OLD = "IrisOperatorErrors", "IrisOperatorWatchStale", "IrisOperatorSweepOld"
_HOT = "IrisOperatorHotLoop"
_PASS: Final = f'workqueue_longest_running_processor_seconds{{{_OPERATOR},name="irismodel"}}'
_CORRECTED: Final = f'iris_operator_sweep_corrections_total{{{_OPERATOR},kind="pods"}}'
_SWEPT: Final = f"iris_operator_sweep_timestamp_seconds{{{_OPERATOR}}}"
_WRITES: Final = f"irismodel_writes_total{{{_LABELS}}}"

OF_THE_OPERATOR: Final = (
    Case(_NONE, "both watch, none writes", _leading(a="0x30", b="0x30"), 5, 1),
    Case(_NONE, "none is scraped", {"up": "1x30"}, 5, 1),
    Case(_NONE, "one writes", _leading(a="0x30", b="1x30"), 20),
    Case(_NONE, "a takeover within a minute", _leading(a="1x10 0x20", b="0x11 1x20"), 11),
    Case(_TWO, "both write", _leading(a="1x30", b="1x30"), 10, 1),
    Case(_TWO, "the series of a killed one linger", _leading(a="1x10 _x20", b="0x10 1x20"), 14),
    Case(_STUCK, "a pass does not end", {_PASS: "0+60x30"}, 5, 1),
    Case(_STUCK, "every pass takes most of a minute", {_PASS: "55x30"}, 20),
    Case(_ERRORS, "a third fails", _passes("0+10x120"), 60, 1),
    Case(_ERRORS, "an outage of five minutes", _passes("0+20x5 100x115"), 17),
    Case(_STALE, "every resync finds what no watch told", {_CORRECTED: "0+0.5x120"}, 100, 1),
    Case(_STALE, "one in an hour", {_CORRECTED: "0x50 1x60"}, 100),
    Case(_OLD, "none for two hours", {_SWEPT: "0x200"}, 120, 1),
    Case(_OLD, "three rounds were missed", {_SWEPT: "0x200"}, 40),
    Case(_HOT, "a write every three seconds", {_WRITES: "0+20x60"}, 50, 1),
    Case(_HOT, "many rollouts, one after the other", {_WRITES: "0+5x60"}, 50),
    Case(_HOT, "a burst", {_WRITES: "0x10 0+100x3 300x40"}, 40),
)
