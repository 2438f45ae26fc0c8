"""Who has a host and path: always one model, and never a newcomer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_operator.children import http_route, ingress
from iris_operator.model import routes, spec

from tests.operator import bodies

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


@pytest.mark.parametrize("status", ["True", "Unknown"])
def test_the_rule_leaves_the_route_to_the_model_that_has_it_whoever_serves_it(status: str) -> None:
    """A younger model that has the route, and an older one that wants it."""
    older, younger = bodies.body("older"), bodies.body("younger")
    younger["metadata"]["creationTimestamp"] = "2026-11-24T12:00:00Z"
    younger["status"] = {"observedGeneration": 1, "conditions": [{"type": "RouteReady", "status": status}]}

    assert routes.holder([older, younger]) == ("iris", "younger")


def test_the_rule_decides_between_equally_old_models_by_name() -> None:
    born = "2026-11-23T12:00:00Z"
    rivals = [
        {"metadata": {"name": name, "namespace": space, "creationTimestamp": born}}
        for space, name in (("b", "a"), ("a", "b"), ("a", "a"))
    ]

    assert routes.holder(rivals) == ("a", "a")


@pytest.mark.parametrize("host", ["a.example", None])
@pytest.mark.parametrize("path", ["/", "/x"])
@pytest.mark.parametrize("kind", ["Ingress", "Gateway"])
def test_the_rule_reads_from_the_route_what_the_model_claimed(host: str | None, path: str, kind: str) -> None:
    declared = {"type": kind, "path": path} | ({"host": host} if host else {})
    gateway = {"gateway": {"name": "a", "namespace": "b"}} if kind == "Gateway" else {}
    body = bodies.body(route=declared | gateway)
    child = {"Ingress": ingress, "Gateway": http_route}[kind]

    built = child.build(spec.parse(body))

    assert built is not None
    assert routes.carried(built) == routes.claim(body)


@pytest.mark.parametrize(
    ("declared", "claim"),
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
def test_the_rule_reads_the_claim_of_a_raw_body(declared: Any, claim: routes.Claim | None) -> None:
    assert routes.claim({"metadata": {}, "spec": declared}) == claim


NAMED = {"name": "web", "namespace": "traefik"}


def accepted(kind: str, status: str, generation: int = 2) -> dict[str, Any]:
    words = {"reason": "NotAllowedByListeners", "message": "no listener allows this namespace"}
    return {"type": kind, "status": status, "observedGeneration": generation, **words}


BOTH = [accepted("Accepted", "True"), accepted("ResolvedRefs", "True")]


@pytest.mark.parametrize(
    ("parents", "works", "message"),
    [
        (None, False, "Gateway traefik/web has not accepted the HTTPRoute yet"),
        ([{"parentRef": NAMED, "conditions": BOTH}], True, "Gateway traefik/web has accepted the HTTPRoute"),
        ([{"parentRef": {**NAMED, "name": "other"}, "conditions": BOTH}], False, "has not accepted"),
        ([{"parentRef": NAMED, "conditions": BOTH[:1]}], False, "has not accepted"),
        (
            [{"parentRef": NAMED, "conditions": [BOTH[0], accepted("ResolvedRefs", "True", 1)]}],
            False,
            "not acc",
        ),
        (
            [{"parentRef": NAMED, "conditions": [accepted("Accepted", "False"), BOTH[1]]}],
            False,
            "Gateway traefik/web: NotAllowedByListeners: no listener allows this namespace",
        ),
    ],
    ids=["no status", "accepted", "another Gateway", "half", "an older generation", "refused"],
)
def test_the_route_is_ready_when_its_gateway_has_accepted_this_generation(
    parents: Any, works: bool, message: str
) -> None:
    live = {
        "metadata": {"generation": 2},
        "spec": {"parentRefs": [NAMED]},
        "status": {"parents": parents} if parents else {},
    }

    report = http_route.report(live)

    assert report is not None
    assert report.works is works
    assert message in report.message
