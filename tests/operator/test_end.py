"""The process ends although something in it never does."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

_HANGING = """
import time
from iris_operator import __main__ as operator

operator.end_within(0.1)
time.sleep(60)
"""


def test_the_process_ends_when_its_shutdown_hangs() -> None:
    """Kopf, told of an unknown error on one watch, waited for ever for the workers of another: the process
    was live, ready and did nothing."""
    ended = subprocess.run(
        [sys.executable, "-c", _HANGING], timeout=30, check=False, capture_output=True, text=True
    )

    assert ended.returncode == 1
    assert "exiting at once" in ended.stderr
