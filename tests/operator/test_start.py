"""What the process does before it works."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.process

_STARTING = """
import contextlib, gc
from iris_operator import __main__ as operator

imported = len(gc.get_objects())
with contextlib.suppress(SystemExit):
    operator.main()
print(gc.get_freeze_count() / imported)
"""


def test_what_was_imported_is_never_looked_through_by_the_garbage_collector() -> None:
    started = subprocess.run(
        [sys.executable, "-c", _STARTING],
        env={"KUBECONFIG": "/nobody/has/this"},
        timeout=60,
        check=True,
        capture_output=True,
        text=True,
    )

    assert float(started.stdout) > 0.95, started.stderr
