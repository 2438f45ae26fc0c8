"""A short walk over specs made from the CRD's schema; `python -m tests.faults --walk 200` goes on."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults import specs, walk

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

pytestmark = pytest.mark.cluster

SEED = 7


def test_the_same_seed_walks_the_same_way() -> None:
    assert specs.specs(SEED, 5) == specs.specs(SEED, 5)


async def test_the_last_spec_alone_decides_the_end(api_server: "ApiServer", tmp_path: Path) -> None:
    assert await walk.walk(api_server, tmp_path, seed=SEED, steps=6) == []
