"""The judge over whole rollouts: 2,000 of them for each claim, with all gates together and fixed seeds."""

from collections import Counter
from statistics import median

import pytest

from tests.api import rollout_simulation as simulation
from tests.api.rollout_simulation import Version

ROLLOUTS = 2000


@pytest.mark.parametrize(
    ("failed", "rate", "least"), [(0.001, 20, 0.98), (0.005, 20, 0.98), (0.01, 20, 0.98), (0.001, 2, 0.97)]
)
def test_a_healthy_version_is_promoted(failed: float, rate: int, least: float) -> None:
    states = _states(simulation.outcomes(ROLLOUTS, rate, Version(failed), Version(failed)))

    assert states["Promoted"] >= least * ROLLOUTS, states


def test_a_version_that_is_one_point_worse_is_not_promoted() -> None:
    states = _states(simulation.outcomes(ROLLOUTS, 20, Version(0.015), Version(0.005)))

    assert states["Promoted"] <= 0.025 * ROLLOUTS, states


def test_a_version_that_fails_a_fifth_is_rolled_back_on_the_first_step() -> None:
    ended = simulation.outcomes(ROLLOUTS, 20, Version(0.2), Version(0.001))

    seconds = sorted(outcome.seconds for outcome in ended)
    assert _states(ended) == {"RolledBack": ROLLOUTS}
    assert median(seconds) <= 45
    assert seconds[ROLLOUTS * 99 // 100] <= 90


def test_another_mix_of_classes_is_rolled_back_without_any_failed_request() -> None:
    other = Version(failed=0, classes=(0.2, 0.35, 0.45))

    states = _states(simulation.outcomes(ROLLOUTS, 20, other, Version(failed=0)))

    assert states == {"RolledBack": ROLLOUTS}


def test_a_fixed_threshold_rolls_back_healthy_versions_that_the_judge_promotes() -> None:
    healthy = Version(0.01)

    states = Counter(simulation.by_threshold(seed, 20, healthy, checks=2) for seed in range(ROLLOUTS))

    assert states["RolledBack"] > ROLLOUTS / 2, states


def _states(ended: list[simulation.Outcome]) -> dict[str, int]:
    return dict(Counter(outcome.state for outcome in ended))
