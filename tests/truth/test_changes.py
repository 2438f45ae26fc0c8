"""The changes of `make truth`: drawn from a seed, of every kind, each from the version that serves."""

from hypothesis import given
from hypothesis import strategies as st

from tests.truth import changes

VERSIONS = ("1.0.0", "1.1.0")


def test_the_same_seed_draws_the_same_changes() -> None:
    assert changes.draw(7, 100, VERSIONS) == changes.draw(7, 100, VERSIONS)
    assert changes.draw(7, 100, VERSIONS) != changes.draw(8, 100, VERSIONS)


def test_a_hundred_changes_are_of_every_kind() -> None:
    assert {change.kind for change in changes.draw(7, 100, VERSIONS)} == {"good", "missing", "reverted"}


def test_only_the_wanted_kinds_are_drawn() -> None:
    assert {change.kind for change in changes.draw(7, 50, VERSIONS, ["good"])} == {"good"}


@given(st.integers(0, 10_000))
def test_every_change_declares_another_version_than_the_one_that_serves(seed: int) -> None:
    serving = VERSIONS[0]
    for change in changes.draw(seed, 20, VERSIONS):
        assert (change.detour or change.version) != serving
        assert change.version in VERSIONS
        serving = change.version
