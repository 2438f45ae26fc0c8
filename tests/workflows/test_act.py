"""What the harness of these tests leaves on the machine: nothing."""

import subprocess
import time

import pytest

from tests.workflows.act import Forge

pytestmark = [pytest.mark.workflows, pytest.mark.timeout(300)]

# The lock is held while any process of the step lives.
_WORKFLOW = """\
on: workflow_dispatch
jobs:
  endless:
    runs-on: ubuntu-24.04
    steps:
      - run: |
          exec 9>"$IRIS_STAND_INS/held"
          flock 9
          setsid sleep infinity &
          touch "$IRIS_STAND_INS/started"
          exec sleep infinity
"""


def test_no_process_of_a_step_outlives_a_workflow_that_was_ended(forge: Forge) -> None:
    (forge.clone / ".github" / "workflows" / "endless.yaml").write_text(_WORKFLOW)
    running = forge.start("endless", {})
    while not (forge.folder / "started").exists():
        assert running.process.poll() is None, (forge.folder / "log").read_text()
        time.sleep(0.05)

    running.end()

    free = subprocess.run(["flock", "--wait", "10", forge.folder / "held", "true"], check=False)
    assert free.returncode == 0
