"""Who has a host and path: always one model, and never a newcomer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_operator.model import routes

RIVALS = st.lists(
    st.builds(
        lambda name, day, going: {
            "metadata": {
                "name": name,
                "namespace": "iris",
                "creationTimestamp": f"2026-11-{day:02}T12:00:00Z",
                **({"deletionTimestamp": "2026-11-23T12:00:00Z"} if going else {}),
            }
        },
        st.sampled_from("abcdefgh"),
        st.integers(1, 23),
        st.booleans(),
    ),
    unique_by=lambda body: body["metadata"]["name"],
)


@given(RIVALS, st.randoms(use_true_random=False))
def test_the_rule_gives_the_route_to_the_same_model_in_whichever_order(
    rivals: list[Any], random: Any
) -> None:
    shuffled = random.sample(rivals, len(rivals))

    assert routes.holder(shuffled) == routes.holder(rivals)


@given(RIVALS)
def test_the_rule_gives_the_route_to_the_oldest_that_stays(rivals: list[Any]) -> None:
    holder = routes.holder(rivals)

    staying = [body["metadata"] for body in rivals if "deletionTimestamp" not in body["metadata"]]
    if holder is None:
        assert not staying
    else:
        [born] = [known["creationTimestamp"] for known in staying if known["name"] == holder[1]]
        assert born == min(known["creationTimestamp"] for known in staying)


def test_the_rule_decides_between_equally_old_models_by_name() -> None:
    born = "2026-11-23T12:00:00Z"
    rivals = [
        {"metadata": {"name": name, "namespace": space, "creationTimestamp": born}}
        for space, name in (("b", "a"), ("a", "b"), ("a", "a"))
    ]

    assert routes.holder(rivals) == ("a", "a")


@pytest.mark.parametrize(
    ("spec", "claim"),
    [
        (None, None),
        ({}, None),
        ({"route": None}, None),
        ({"route": "nonsense"}, None),
        ({"route": {}}, ("", "/")),
        ({"route": {"path": "/"}}, ("", "/")),
        ({"route": {"host": "a.example", "path": "/x"}}, ("a.example", "/x")),
        ({"route": {"host": "a.example", "path": "/x/"}}, ("a.example", "/x")),
    ],
)
def test_the_rule_reads_the_claim_of_a_raw_body(spec: Any, claim: routes.Claim | None) -> None:
    assert routes.claim({"metadata": {}, "spec": spec}) == claim
