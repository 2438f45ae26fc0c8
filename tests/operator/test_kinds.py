"""REST paths of kinds, as the API server has them."""

import pytest
from iris_api import kinds
from iris_api.kinds import Kind


@pytest.mark.parametrize(
    ("kind", "api_version"),
    [(kinds.SERVICE, "v1"), (kinds.DEPLOYMENT, "apps/v1"), (kinds.IRIS_MODEL, "serving.two.inc/v1alpha1")],
)
def test_a_kind_has_the_api_version_as_in_a_manifest(kind: Kind, api_version: str) -> None:
    assert kind.api_version == api_version


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (kinds.POD.path(None), "/api/v1/pods"),
        (kinds.POD.path("iris"), "/api/v1/namespaces/iris/pods"),
        (kinds.POD.path("iris", "a"), "/api/v1/namespaces/iris/pods/a"),
        (kinds.DEPLOYMENT.path(None), "/apis/apps/v1/deployments"),
        (
            kinds.IRIS_MODEL.path("iris", "a", "status"),
            "/apis/serving.two.inc/v1alpha1/namespaces/iris/irismodels/a/status",
        ),
    ],
    ids=["core, everywhere", "core, a namespace", "core, an object", "group, everywhere", "subresource"],
)
def test_a_kind_has_the_rest_path(path: str, expected: str) -> None:
    assert path == expected


def test_each_kind_is_one_object_and_hashed_as_such() -> None:
    every = [value for value in vars(kinds).values() if isinstance(value, Kind)]
    assert len({(kind.group, kind.plural) for kind in every}) == len(every)
    assert {type(kind).__hash__ for kind in every} == {object.__hash__}
