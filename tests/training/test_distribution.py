"""The tenths of a column: edges that are values, buckets that are never empty."""

from hypothesis import given
from hypothesis import strategies as st
from iris_training import distribution

VALUES = st.lists(st.floats(0.1, 100) | st.sampled_from([0.2, 0.2, 0.4]), min_size=1, max_size=60)


@given(VALUES)
def test_no_bucket_is_empty_and_all_values_have_one(values: list[float]) -> None:
    found = distribution.of(values)

    assert all(share > 0 for share in found.shares)
    assert abs(sum(found.shares) - 1) < 1e-9
    assert set(found.edges) < set(values) | {0.0}
    assert list(found.edges) == sorted(set(found.edges))
    assert not found.edges or min(values) <= found.edges[0] <= found.edges[-1] < max(values)


def test_a_hundred_different_values_make_ten_tenths() -> None:
    found = distribution.of([float(value) for value in range(1, 101)])

    assert list(found.edges) == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert list(found.shares) == [0.1] * 10


def test_one_value_is_one_bucket() -> None:
    assert distribution.of([0.2] * 5) == distribution.Distribution((), (1.0,))
