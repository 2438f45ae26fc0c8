"""`iris-training` as a real process."""

import os
import subprocess
import sys
from pathlib import Path

from tests.model_server import processes


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """How it ends in this folder, with these options."""
    return subprocess.run(
        [sys.executable, "-m", "iris_training", *words],
        cwd=folder,
        env=os.environ | {"MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        timeout=processes.DEADLINE * 3,
        check=False,
    )
