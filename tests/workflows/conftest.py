"""A repository with its remote for the workflows that the tests of one file run."""

from collections.abc import Iterator

import pytest

from tests.fakes import sigstore
from tests.workflows.act import REPOSITORY, Forge

PUBLISH = f"https://github.com/{REPOSITORY}/.github/workflows/publish.yaml@refs/heads/main"


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with sigstore.running(PUBLISH) as local:
        made = Forge(tmp_path_factory.mktemp("forge"), local)
        made.fill()
        yield made
