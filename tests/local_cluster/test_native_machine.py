"""What of the machine is judged, found and cleaned: prerequisites, control groups, processes."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.native import cgroups, prerequisites, process
from iris_local_cluster.native.prerequisites import Machine

STATE = Path("/state")
GOOD = Machine(
    system="Linux",
    root=True,
    distribution="debian",
    capabilities=0x1FFFFFFFFFF,
    missing_controllers=(),
    fullest=STATE,
    free_gigabytes=100,
    needed_gigabytes=12,
    memory_gigabytes=16,
    port_refusals=(),
    unreachable=None,
)


def test_a_good_machine_is_not_refused() -> None:
    assert prerequisites.refusals(GOOD) == []
    prerequisites.require(GOOD)


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        (replace(GOOD, system="Darwin"), "system: Darwin, expected Linux"),
        (replace(GOOD, distribution="fedora"), "distribution: fedora, expected Debian or Ubuntu"),
        (replace(GOOD, distribution=""), "distribution: unknown, expected Debian or Ubuntu"),
        (replace(GOOD, root=False), "user: not root, expected root"),
        (
            replace(GOOD, capabilities=GOOD.capabilities & ~(1 << 21)),
            "root: without CAP_SYS_ADMIN, expected a root user that may create namespaces",
        ),
        (replace(GOOD, missing_controllers=("memory",)), "control groups: no memory, expected"),
        (replace(GOOD, free_gigabytes=1.25), "disk: 1.2 GB free at /state, expected 12 GB"),
        (replace(GOOD, memory_gigabytes=1.0), "memory: 1.0 GB, expected 3 GB"),
        (replace(GOOD, port_refusals=("port 8080 on 127.0.0.1: taken",)), "port 8080 on 127.0.0.1: taken"),
        (replace(GOOD, unreachable="a.example does not answer"), "network: a.example does not answer"),
    ],
    ids=lambda value: value.split(",")[0] if isinstance(value, str) else "",
)
def test_each_thing_that_is_missing_gets_one_plain_line(bad: Machine, line: str) -> None:
    refusals = prerequisites.refusals(bad)

    assert len(refusals) == 1
    assert refusals[0].startswith(line)
    assert "\n" not in refusals[0]


def test_a_derivative_of_debian_is_debian() -> None:
    assert prerequisites.refusals(replace(GOOD, distribution="pop ubuntu debian")) == []


def test_everything_that_is_missing_is_said_at_once() -> None:
    bad = replace(GOOD, root=False, free_gigabytes=1, memory_gigabytes=1)

    with pytest.raises(LocalClusterError) as refused:
        prerequisites.require(bad)

    assert len(str(refused.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("capabilities", "restricted"), [(0x1FFFFFFFFFF, False), (0x1FFFEFFFFFF, True)], ids=["all", "without 24"]
)
def test_oom_scores_are_restricted_where_the_capability_is_missing(
    *, capabilities: int, restricted: bool
) -> None:
    assert replace(GOOD, capabilities=capabilities).restricts_oom_score is restricted


def one_tree(root: Path) -> Path:
    (root / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    (root / "cgroup.subtree_control").write_text("")
    return root


def tree_per_controller(root: Path) -> Path:
    for name in ("cpu", "memory", "pids", "cpuset"):
        (root / name).mkdir()
    (root / "cpuset" / "cpuset.cpus").write_text("0-1\n")
    (root / "cpuset" / "cpuset.mems").write_text("0\n")
    (root / "cpu,cpuacct").symlink_to(root / "cpu")
    return root


def test_one_tree_offers_its_controllers_and_holds_one_group(tmp_path: Path) -> None:
    root = one_tree(tmp_path)

    cgroups.create("iris-x", root)

    assert cgroups.version(root) == 2
    assert cgroups.missing(root) == []
    assert (root / "iris-x").is_dir()
    assert (root / "cgroup.subtree_control").read_text() == "+pids"


def test_every_controllers_tree_holds_the_group_ready_for_use(tmp_path: Path) -> None:
    root = tree_per_controller(tmp_path)

    cgroups.create("iris-x", root)

    assert cgroups.version(root) == 1
    assert [tree.name for tree in cgroups.trees(root)] == ["cpu", "cpuset", "memory", "pids"]
    assert all((tree / "iris-x").is_dir() for tree in cgroups.trees(root))
    assert (root / "cpuset" / "iris-x" / "cpuset.cpus").read_text() == "0-1\n"


def test_a_missing_controller_is_named(tmp_path: Path) -> None:
    root = one_tree(tmp_path)
    (root / "cgroup.controllers").write_text("cpu pids\n")

    assert cgroups.missing(root) == ["memory"]


def test_groups_are_removed_from_the_leaves_up_and_only_ours(tmp_path: Path) -> None:
    root = one_tree(tmp_path)
    (root / "iris-x" / "kubepods" / "burstable" / "pod1").mkdir(parents=True)
    (root / "iris-y").mkdir()

    cgroups.remove("iris-x", root)

    assert not cgroups.exists("iris-x", root)
    assert cgroups.exists("iris-y", root)


def test_a_group_that_stays_in_use_is_said(tmp_path: Path) -> None:
    root = one_tree(tmp_path)
    (root / "iris-x").mkdir()
    (root / "iris-x" / "held").write_text("")

    with pytest.raises(LocalClusterError, match="still in use"):
        cgroups.remove("iris-x", root, seconds=0)


def test_a_process_is_recognised_by_its_own_record() -> None:
    me = process.identify("self")

    assert me is not None
    assert me.pid == os.getpid()
    assert process.alive(me)


def test_another_process_with_the_same_id_is_not_ours() -> None:
    me = process.identify("self")
    assert me is not None

    assert not process.alive(replace(me, started=me.started - 1))


def test_a_process_that_never_was_has_no_identity() -> None:
    assert process.identify(2**22 + 1) is None


@pytest.mark.process
def test_only_the_given_process_is_killed() -> None:
    with subprocess.Popen(["sleep", "60"]) as ours, subprocess.Popen(["sleep", "60"]) as other:
        identity = process.identify(ours.pid)
        assert identity is not None

        process.kill(identity)

        assert not process.alive(identity)
        assert other.poll() is None
        other.kill()
    assert ours.returncode == -9


def test_the_free_space_is_checked_where_it_is_smallest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache may be on another disk than the state, and a build fills the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc")  # a file system without any room

    machine = prerequisites.survey(tmp_path, name="roomless", ports=(), first_build=False)

    assert machine.free_gigabytes == 0
    assert machine.fullest.is_relative_to("/proc")
