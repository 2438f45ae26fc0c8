"""Locks between processes: a file that is opened twice stands for two of them."""

import fcntl
import os
from pathlib import Path

import pytest
from iris_local_cluster.images.buildah import Buildah
from iris_local_cluster.programs import locks


def another(path: Path, how: int) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    return descriptor


def test_who_shares_a_lock_first_is_alone_once(tmp_path: Path) -> None:
    calls: list[str] = []

    for _ in range(2):
        locks.share(tmp_path / "lock", alone=lambda: calls.append("alone"))

    assert calls == ["alone"]
    with pytest.raises(BlockingIOError):
        another(tmp_path / "lock", fcntl.LOCK_EX)
    os.close(another(tmp_path / "lock", fcntl.LOCK_SH))


def test_nobody_is_alone_while_another_process_shares_the_lock(tmp_path: Path) -> None:
    calls: list[str] = []
    other = another(tmp_path / "lock", fcntl.LOCK_SH)

    locks.share(tmp_path / "lock", alone=lambda: calls.append("alone"))

    os.close(other)
    assert calls == []


@pytest.mark.parametrize(("layers", "kept"), [(24, True), (25, False)])
def test_a_store_of_too_many_layers_starts_anew(tmp_path: Path, layers: int, kept: bool) -> None:
    for number in range(layers):
        (tmp_path / "store" / "vfs" / str(number)).mkdir(parents=True)

    Buildah(tmp_path / "store", "vfs").start_anew_if_large()

    assert (tmp_path / "store").exists() == kept
