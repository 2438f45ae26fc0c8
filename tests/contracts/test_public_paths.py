"""Every path of the model server is either public and routed, or stays inside the cluster."""

from typing import Final

import pytest
from iris_model_server import app, settings
from iris_operator.model import public_paths

INSIDE: Final = frozenset({"/metrics", "/api/v1/model/reload"})
PAGES: Final = frozenset({"/", "/docs", "/openapi.json"})


@pytest.fixture(scope="module")
def served() -> frozenset[str]:
    """The paths of the server, with example values for their parameters."""
    document = app.create_app(settings.load(), None).app.openapi()
    return PAGES | {path.format(name="iris", version="1.4.0") for path in document["paths"]}


def is_routed(path: str, base: str = "/") -> bool:
    """As an ingress controller matches: exactly, or by whole elements of the path."""
    return any(
        path == public or (kind == "Prefix" and path.startswith(public + "/"))
        for public, kind in public_paths.below(base)
    )


def test_every_path_of_the_server_is_public_or_inside(served: frozenset[str]) -> None:
    assert {path for path in served if not is_routed(path)} == INSIDE


@pytest.mark.parametrize(
    "path", ["/metrics/", "/api/v1/model/reload/", "/v2x", "/v1", "/api", "/favicon.ico"]
)
def test_no_other_path_is_public(path: str) -> None:
    assert not is_routed(path)


def test_a_route_below_a_path_makes_the_same_paths_public_there(served: frozenset[str]) -> None:
    assert {path for path in served if not is_routed("/models" + path, "/models/")} == INSIDE
    assert is_routed("/models", "/models")
    assert not any(is_routed(path, "/models") for path in served)


def test_the_first_path_of_a_route_is_the_one_that_was_declared() -> None:
    """It is read back to find which model carries a route."""
    assert public_paths.below("/")[0][0] == "/"
    assert public_paths.below("/models/")[0][0] == "/models"
