"""The order of environments: of all moves, exactly the ones to the very next are let through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_delivery import environments
from iris_delivery.environments import RELEASE, Order
from iris_delivery.errors import Refused

_ORDERS = st.lists(
    st.from_regex(r"[a-z]{1,5}", fullmatch=True).filter(lambda name: name != RELEASE),
    min_size=1,
    max_size=6,
    unique=True,
).map(lambda names: Order(tuple(names)))


@given(_ORDERS, st.data())
def test_a_version_moves_to_the_very_next_environment_only(order: Order, data: st.DataObject) -> None:
    stations = [RELEASE, *order.names]
    source = data.draw(st.sampled_from(stations))
    target = data.draw(st.sampled_from(order.names))

    try:
        order.step(source, target)
        allowed = True
    except Refused:
        allowed = False

    assert allowed == (stations.index(target) == stations.index(source) + 1)


@given(_ORDERS)
def test_former_and_following_are_each_others_inverse(order: Order) -> None:
    for name in order.names:
        following = order.following(name)
        assert following is None or order.former(following) == name


def test_a_skipped_environment_is_named_with_the_command_that_goes_there() -> None:
    order = Order(("dev", "stage", "prod"))

    with pytest.raises(Refused, match=r"^dev to prod: skips stage; first: iris-delivery promote --from dev"):
        order.step("dev", "prod")
    with pytest.raises(Refused, match=r"^release to prod: skips dev; first: .* --from release --to dev$"):
        order.step("release", "prod")
    with pytest.raises(Refused, match=r"^stage to dev: goes backward; .*rollback --environment dev$"):
        order.step("stage", "dev")


@pytest.mark.parametrize(
    "text",
    ["", "environments:", "environments: dev", "environments: [dev, dev]", "environments: [release]",
     "environments: [1]", "- dev", "environments: [dev"],
)  # fmt: skip
def test_an_order_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"^clusters/promotion.yaml"):
        environments.parse(text)
