"""`iris plan`: from one declaration to another, and from live objects to a declaration."""

from typing import Any

import msgspec
import pytest
from iris_api import kinds, reasons
from iris_cli import owned, planned
from iris_cli.errors import Trouble
from iris_cli.rollouts import course
from iris_operator.children import deployment
from iris_operator.decide import candidates
from iris_operator.model import shape
from iris_operator.observe import ownership

from tests.operator import bodies


def actions(changes: list[planned.Change]) -> dict[str, str]:
    return {change.kind: change.action for change in changes}


def live(body: dict[str, Any]) -> dict[planned.Name, Any]:
    """The children of a model as they stand in the cluster, with what others added."""
    there = {name: ownership.stamp(dict(child)) for name, child in planned.wanted(body).items()}
    for child in there.values():
        child["metadata"] = {**child["metadata"], "uid": "their-own", "resourceVersion": "3"}
    return there


def test_a_new_model_creates_every_child_in_the_operators_order() -> None:
    changes = planned.between(None, bodies.body(route={"type": "Ingress", "host": "a.test", "path": "/"}))

    assert set(actions(changes).values()) == {"create"}
    assert [change.kind for change in changes][:3] == ["ServiceAccount", "NetworkPolicy", "Deployment"]
    assert all(change.diff.startswith("--- /dev/null") for change in changes)


def test_the_same_declaration_changes_nothing() -> None:
    assert planned.between(bodies.body(), bodies.body()) == []


def test_a_version_change_shows_the_image_that_comes_and_the_one_that_goes() -> None:
    changes = planned.between(bodies.body(version="1.4.0"), bodies.body(version="1.5.0"))

    (deployment,) = (change for change in changes if change.kind == "Deployment")
    assert "-        image: ghcr.io/two-inc/iris-server:1.4.0" in deployment.diff
    assert "+        image: ghcr.io/two-inc/iris-server:1.5.0" in deployment.diff


def test_what_is_not_declared_any_more_is_deleted() -> None:
    before = bodies.body(route={"type": "Ingress", "path": "/"})

    assert actions(planned.between(before, bodies.body())) == {"Ingress": "delete"}


def test_a_model_that_goes_away_takes_every_child_along() -> None:
    changes = planned.between(bodies.body(), None)

    assert set(actions(changes).values()) == {"delete"}
    assert actions(changes).keys() == actions(planned.between(None, bodies.body())).keys()


def test_a_suspended_model_changes_nothing() -> None:
    suspended = bodies.body(version="1.5.0", suspend=True)

    assert planned.between(bodies.body(), suspended) == []
    assert planned.against(suspended, live(bodies.body())) == []


def test_live_objects_that_hold_the_declaration_change_nothing() -> None:
    body = bodies.body()

    assert planned.against(body, live(body)) == []


def test_pods_of_an_older_pod_template_are_left_alone_until_the_spec_replaces_them() -> None:
    """The pods are as an upgrade of the operator leaves them."""
    there, older = live(bodies.body()), msgspec.structs.replace(bodies.model(), template_revision=1)
    there[kinds.DEPLOYMENT, "iris"] = ownership.stamp(deployment.build(older))

    unchanged = planned.against(bodies.body(), there)
    replaced = {change.kind: change for change in planned.against(bodies.body(version="1.5.0"), there)}

    assert unchanged == []
    assert "kubectl.kubernetes.io/default-container: server" in replaced["Deployment"].diff


def test_a_live_object_that_drifted_is_changed_back() -> None:
    body = bodies.body()
    there = live(body)
    there[kinds.SERVICE, "iris"]["spec"] = {**there[kinds.SERVICE, "iris"]["spec"], "type": "NodePort"}

    (change,) = planned.against(body, there)

    assert change.kind == "Service"
    assert "-  type: NodePort\n+  type: ClusterIP\n" in change.diff


def test_somebody_elses_object_is_refused_as_the_operator_does() -> None:
    body = bodies.body()
    there = live(body)
    theirs = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "iris", "namespace": "iris"}}
    there[kinds.SERVICE, "iris"] = theirs

    (change,) = planned.against(body, there)

    assert (change.action, change.kind, change.diff) == ("refused", "Service", "")
    assert change.why.startswith("ChildConflict")


def test_a_kind_that_the_cluster_does_not_have_is_left_out() -> None:
    body = bodies.body()
    there = {name: child for name, child in live(body).items() if name[0] != kinds.SERVICE_MONITOR}

    assert planned.against(body, there, absent=frozenset({kinds.SERVICE_MONITOR})) == []


def test_the_older_model_keeps_a_contested_route() -> None:
    route = {"type": "Ingress", "host": "a.test", "path": "/"}
    older, body = bodies.body("older", route=route), bodies.body(route=route)
    del body["metadata"]["creationTimestamp"]  # as in a file

    (change,) = planned.against(body, live(bodies.body()), rivals=[older, body])

    assert (change.action, change.kind) == ("refused", "Ingress")
    assert change.why == "RouteConflict: IrisModel iris/older already has this host and path"


def test_objects_of_other_models_are_left_alone() -> None:
    other = bodies.body("roses")
    body = bodies.body()

    assert planned.against(body, {**live(other), **live(body)}) == []


def test_a_spec_the_operator_refuses_is_refused_in_its_words() -> None:
    body = bodies.body(image={"pullPolicy": "Always"})
    del body["spec"]["image"]["repository"]

    with pytest.raises(Trouble, match=r"spec\.image\.repository: found nothing, expected text"):
        planned.wanted(body)


def test_the_plan_shows_a_field_that_the_operator_stops_declaring_and_hides_what_others_added() -> None:
    declared = {"spec": {"type": "ClusterIP"}}
    applied: dict[str, Any] = {
        "f:spec": {"f:type": {}, "f:gone": {}, "f:ports": {'k:{"port":80}': {"f:port": {}}}}
    }
    there = {
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": "iris", "namespace": "iris", "uid": "x",
            "managedFields": [{"manager": "iris-operator", "operation": "Apply", "fieldsV1": applied}],
        },
        "spec": {
            "type": "NodePort", "gone": True, "clusterIP": "10.0.0.1",
            "ports": [{"port": 80, "nodePort": 30000}, {"port": 81}],
        },
    }  # fmt: skip

    found = owned.of(there, declared)

    assert found["spec"] == {"type": "NodePort", "gone": True, "ports": [{"port": 80}]}
    assert found["metadata"] == {"name": "iris", "namespace": "iris"}


CANARY = {"strategy": "Canary", "gates": {"agreementPerMille": 800}}


def course_of(changes: list[planned.Change]) -> dict[str, tuple[str, str]]:
    return {f"{change.kind} {change.name}": (change.action, change.why) for change in changes}


def test_a_rollout_creates_the_candidate_first_and_changes_the_stable_pods_at_its_end() -> None:
    before, after = (bodies.body(version=version, rollout=CANARY) for version in ("1.4.0", "1.5.0"))

    for changes in (planned.between(before, after), planned.against(after, live(before))):
        found = course_of(changes)
        assert found["Deployment iris-canary"] == ("create", "")
        assert found["Deployment iris"] == ("change", planned.ONCE_PROMOTED)
        assert not [name for name, (action, _) in found.items() if action == "delete"]


def test_a_change_that_does_not_shape_the_pods_needs_no_rollout() -> None:
    before, after = (bodies.body(replicas=replicas, rollout=CANARY) for replicas in (2, 3))

    assert course_of(planned.between(before, after)) == {"Deployment iris": ("change", "")}
    assert course_of(planned.against(after, live(before))) == {"Deployment iris": ("change", "")}


@pytest.mark.parametrize(
    "rollout",
    [None, {**CANARY, "strategy": "Immediate"}, {**CANARY, "skip": "1.5.0"}],
    ids=["none", "off", "skip"],
)
def test_a_version_that_is_not_rolled_out_replaces_the_pods_at_once(rollout: Any) -> None:
    before = bodies.body(version="1.4.0", rollout=CANARY)
    after = bodies.body(version="1.5.0", rollout=rollout)

    assert course_of(planned.against(after, live(before)))["Deployment iris"] == ("change", "")


def test_stable_pods_of_an_unknown_declaration_are_replaced_at_once() -> None:
    there = live(bodies.body(version="1.4.0", rollout=CANARY))
    del there[kinds.SERVICE_ACCOUNT, "iris"]["metadata"]["annotations"]

    found = course_of(planned.against(bodies.body(version="1.5.0", rollout=CANARY), there))

    assert found["Deployment iris"] == ("change", "")


def test_a_rollout_that_is_under_way_as_declared_only_has_its_end_before_it() -> None:
    before, after = (bodies.body(version=version, rollout=CANARY) for version in ("1.4.0", "1.5.0"))
    candidate = {"version": "1.5.0", "shape": shape.digest(shape.of(planned.parsed(after)))}
    after["status"] = {"rollout": {"state": "Preparing", "candidate": candidate}}
    rollout = planned.rollout_against(after, live(before))
    there = {
        name: ownership.stamp(dict(child))
        for name, child in planned.wanted(after, live(before), rollout).items()
    }

    assert {why for _, why in course_of(planned.against(after, there)).values()} == {planned.ONCE_PROMOTED}


def refused(**status: Any) -> dict[str, Any]:
    """A body whose version its rollout has taken back."""
    after = bodies.body(version="1.5.0", rollout=CANARY)
    model = planned.parsed(after)
    assert model.rollout
    declaration = candidates.declaration(model.rollout, shape.of(model))
    rejected = {"declaration": declaration, "reason": "AgreementTooLow", "message": "found 7 of 12"}
    after["status"] = {"rollout": {"state": "RolledBack", "rejected": rejected}, **status}
    return after


def test_a_refused_version_changes_nothing() -> None:
    before = bodies.body(version="1.4.0", rollout=CANARY)

    assert planned.against(refused(servingVersion="1.4.0"), live(before)) == []


@pytest.mark.parametrize(("serving", "words"), [("1.4.0", "version 1.4.0"), ("", "no version")])
def test_a_refused_version_is_planned_with_what_serves_why_and_what_to_do(serving: str, words: str) -> None:
    """The stable version was said to serve, also while no version did."""
    before = bodies.body(version="1.4.0", rollout=CANARY)

    rollout = planned.rollout_against(refused(servingVersion=serving), live(before))

    assert rollout
    assert list(course.lines(rollout, None)) == [
        f"version 1.5.0 was refused by its rollout and is not tried again; {words} is serving",
        "  refused: AgreementTooLow: found 7 of 12",
        f"  to do: {reasons.CURES['RolledBack']}",
    ]


def test_a_rollout_beside_a_version_that_does_not_serve_is_planned_as_such() -> None:
    before, after = (bodies.body(version=version, rollout=CANARY) for version in ("1.4.0", "1.5.0"))

    rollout = planned.rollout_against({**after, "status": {"servingVersion": ""}}, live(before))

    assert rollout
    first = next(course.lines(rollout, None))
    assert first == "rollout of version 1.5.0 beside 1.4.0; no version is serving:"
