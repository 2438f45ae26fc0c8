"""A few steps of the walk; `python -m tests.faults --walk 200` goes on."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.faults import specs, walk

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

SEED: Final = 7
STEPS: Final = 8


def test_the_same_seed_walks_the_same_way() -> None:
    assert specs.specs(SEED, 5) == specs.specs(SEED, 5)


@pytest.mark.cluster
async def test_only_the_last_spec_decides_where_it_ends(api_server: "ApiServer", tmp_path: Path) -> None:
    assert await walk.walk(api_server, tmp_path, seed=SEED, steps=STEPS) == []
