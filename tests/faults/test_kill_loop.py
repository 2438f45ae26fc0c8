"""A short loop of dying leaders; `python -m tests.faults --kill-loop 600` goes on for ten minutes."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults import kill_loop

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

pytestmark = pytest.mark.cluster


async def test_the_end_is_right_however_often_the_leader_dies(
    api_server: "ApiServer", tmp_path: Path
) -> None:
    assert await kill_loop.run(api_server, tmp_path, seed=3, seconds=20.0) == []
