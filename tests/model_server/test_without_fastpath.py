"""The fast path is a folder: without it the server passes its own tests, by its reference path alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import iris_model_server
import pytest

pytestmark = pytest.mark.process

# Without those of the fast path itself and of its equality with the reference path.
TESTS = [
    "test_api.py",
    "test_v1.py",
    "test_v2.py",
    "test_v2_large.py",
    "test_middleware.py",
    "test_metrics.py",
    "test_pipelining.py",
]


def test_the_server_passes_its_tests_without_the_folder(tmp_path: Path) -> None:
    package = Path(iris_model_server.__file__).parent
    shutil.copytree(
        package, tmp_path / "iris_model_server", ignore=shutil.ignore_patterns("fastpath", "__pycache__")
    )
    files = [str(Path(__file__).parent / name) for name in TESTS]
    probe = (
        "import importlib.util, sys, pytest;"
        "assert importlib.util.find_spec('iris_model_server.fastpath') is None;"
        "sys.exit(pytest.main(sys.argv[1:]))"
    )

    ended = subprocess.run(
        [sys.executable, "-c", probe, "-q", "-p", "no:cacheprovider", *files],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout[-5000:] + ended.stderr[-2000:]
    assert " passed" in ended.stdout
