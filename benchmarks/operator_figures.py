"""Turns runs into figures, each with its goal and whether it was met. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.operator_runs import Run

_LEAST_OBJECTS_TO_GROW: Final = 100


@dataclass(frozen=True, slots=True)
class Figure:
    """One result. `goal` is in the figure's own unit; `at_least`: whether a higher value is better."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def line(self) -> dict[str, Any]:
        figure: dict[str, Any] = {
            "figure": f"operator.{self.name}",
            "value": round(self.value, 3),
            "unit": self.unit,
        }
        if self.goal is not None:
            figure |= {"goal": f"{'>=' if self.at_least else '<='} {self.goal:g}", "met": self.met}
        return figure


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least this share of all samples does not exceed."""
    ranked = sorted(samples)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def of(runs: Sequence[Run], flux: Run | None) -> Iterator[Figure]:
    """The figures of the largest run, its growth over the smaller one, and those of Flux and the limit."""
    largest = max(runs, key=lambda run: run.models)
    values, samples, models = largest.figures, largest.samples, largest.models
    yield Figure("models", models, "")
    yield Figure("start_up_s", values["start_up_s"], "s", 10)
    yield Figure("create_burst_objects_per_s", models / values["create_burst_s"], "1/s")
    yield Figure("writes_per_new_object", values["writes_per_new_object"], "")
    yield Figure("passes_per_new_object", values["passes_per_new_object"], "")
    yield Figure("version_change_s", values["version_change_s"], "s")
    yield Figure("rollout_s", values["rollout_s"], "s")
    yield Figure("rollout_cpu_ms", values["rollout_cpu_ms"], "ms")
    yield Figure("rollout_writes", values["rollout_writes"], "")
    yield Figure("rollout_memory_times", values["rollout_memory_times"], "times", 1.1)
    for name, goal in (("event_to_write_s", 0.1), ("child_repair_s", 1.0)):
        short = name.removesuffix("_s")
        yield Figure(f"{short}_p50_s", percentile(samples[name], 0.5), "s")
        yield Figure(f"{short}_p99_s", percentile(samples[name], 0.99), "s", goal)
    yield Figure("rest_writes", values["rest_writes"], "", 0)
    # Two or three resyncs with one LIST per kind, spread over all objects.
    bound = 0.1 if models >= _LEAST_OBJECTS_TO_GROW * 5 else None
    yield Figure("rest_calls_per_object", values["rest_calls_per_object"], "", bound)
    yield Figure("rest_cpu_share", values["rest_cpu_share"], "of a core")
    yield Figure("memory_mb", values["memory_mb"], "MB", 200)
    yield Figure("rest_memory_mb_per_minute", values["rest_memory_mb_per_minute"], "MB/min")
    yield Figure("failover_kill_s", values["failover_kill_s"], "s", 15)
    yield Figure("failover_term_s", values["failover_term_s"], "s", 3)
    yield Figure("cpu_ms_per_object", values["cpu_ms_per_object"], "ms")
    yield Figure("iris_get_s", values["iris_get_s"], "s", 2)
    yield Figure("iris_get_times_kubectl", values["iris_get_s"] / values["kubectl_get_s"], "times")
    yield from _growth(runs, largest)
    if flux is not None:
        yield from _beside(runs, flux)


def _growth(runs: Sequence[Run], largest: Run) -> Iterator[Figure]:
    smaller = [run for run in runs if _LEAST_OBJECTS_TO_GROW <= run.models < largest.models]
    if smaller:
        base = max(smaller, key=lambda run: run.models).figures["cpu_ms_per_object"]
        yield Figure("growth", largest.figures["cpu_ms_per_object"] / base, "times", 1.3)


def _beside(runs: Sequence[Run], flux: Run) -> Iterator[Figure]:
    """Flux against our run of the same size, until every child exists: Flux does not wait for pods."""
    ours: Mapping[str, float] = next(run.figures for run in runs if run.models == flux.models)
    yield Figure("flux_models", flux.models, "")
    yield Figure("flux_objects_per_s", flux.models / flux.figures["flux_s"], "1/s")
    yield Figure("flux_cpu_ms_per_object", flux.figures["flux_cpu_ms_per_object"], "ms")
    yield Figure("flux_memory_mb", flux.figures["flux_memory_mb"], "MB")
    yield Figure("times_flux_rate", flux.figures["flux_s"] / ours["applied_s"], "times", 12, at_least=True)
    yield Figure("limit_objects_per_s", flux.models / flux.figures["limit_s"], "1/s")
    yield Figure("times_limit", flux.figures["limit_s"] / ours["applied_s"], "times")
    times = flux.figures["flux_cpu_ms_per_object"] / ours["applied_cpu_ms"]
    yield Figure("times_flux_cpu", times, "times", 20, at_least=True)
