"""A repository with its remote for the workflows that the tests of one file run."""

import pytest

from tests.workflows.act import Forge


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Forge:
    made = Forge(tmp_path_factory.mktemp("forge"))
    made.fill()
    return made
