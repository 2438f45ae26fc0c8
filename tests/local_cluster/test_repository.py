"""The repository that the cluster follows: a checkout is pushed to it, and no commit in it is lost."""

import subprocess
from pathlib import Path

import pytest
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.flux import repository
from iris_local_cluster.flux.repository import Repository
from iris_local_cluster.kubectl import Kubectl

_VERSION_FILE = """\
# What this machine serves.
spec:
  version: 1.0.0
"""


class Checkout:
    """A person's clone, or any other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=work")

    def git(self, *arguments: str) -> str:
        return repository.git(self.folder, *arguments)

    def commit(self, name: str, text: str) -> str:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        self.git("add", name)
        self.git("commit", "--quiet", "--message", f"Change {name}")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    mine = Checkout(tmp_path / "checkout")
    mine.commit(str(repository.VERSION), _VERSION_FILE)
    return mine


@pytest.fixture
def server(tmp_path: Path) -> Path:
    folder = tmp_path / "iris.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", folder], check=True)
    return folder


@pytest.fixture
def here(tmp_path: Path, server: Path) -> Repository:
    clone = Checkout(tmp_path / "clone")
    return Repository(clone.folder, str(server))


def main(server: Path) -> str:
    return repository.git(server, "rev-parse", "main")


def test_an_empty_server_gets_what_is_committed_here(
    here: Repository, server: Path, checkout: Checkout
) -> None:
    commit = here.take(checkout.folder)

    assert commit == main(server) == checkout.git("rev-parse", "HEAD")


def test_later_commits_of_the_checkout_follow(here: Repository, server: Path, checkout: Checkout) -> None:
    here.take(checkout.folder)
    later = checkout.commit("chart", "new")

    assert here.take(checkout.folder) == main(server) == later


def test_a_commit_made_there_stays_when_the_checkout_has_nothing_new(
    here: Repository, server: Path, checkout: Checkout
) -> None:
    here.take(checkout.folder)
    theirs = here.declare("1.1.0")

    assert here.take(checkout.folder) == main(server) == theirs


def test_commits_of_both_sides_are_merged(here: Repository, server: Path, checkout: Checkout) -> None:
    here.take(checkout.folder)
    theirs = here.declare("1.1.0")
    ours = checkout.commit("chart", "new")

    merged = here.take(checkout.folder)

    assert merged == main(server)
    assert {theirs, ours} <= set(here.git("rev-list", merged).splitlines())
    assert here.declared() == "1.1.0"


def test_commits_that_conflict_are_left_to_the_person(
    here: Repository, server: Path, checkout: Checkout
) -> None:
    here.take(checkout.folder)
    theirs = here.declare("1.1.0")
    checkout.commit(str(repository.VERSION), _VERSION_FILE.replace("1.0.0", "2.0.0"))

    with pytest.raises(LocalClusterError, match="conflict with this checkout's HEAD, expected none: merge"):
        here.take(checkout.folder)

    assert main(server) == theirs
    assert here.declare("1.2.0") == main(server)


def test_a_clone_without_its_history_is_taken(
    here: Repository, server: Path, checkout: Checkout, tmp_path: Path
) -> None:
    checkout.commit("chart", "new")
    repository.git(server, "config", "receive.shallowUpdate", "true")
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{checkout.folder}", shallow], check=True)

    assert here.take(shallow) == main(server)


def test_a_version_is_declared_by_a_commit_of_one_line(
    here: Repository, server: Path, checkout: Checkout
) -> None:
    before = here.take(checkout.folder)

    commit = here.declare("1.1.0")

    assert here.git("diff", "--unified=0", before, commit).splitlines()[-2:] == [
        "-  version: 1.0.0",
        "+  version: 1.1.0",
    ]
    assert here.declared() == "1.1.0"


def test_declaring_what_is_declared_commits_nothing(
    here: Repository, server: Path, checkout: Checkout
) -> None:
    here.take(checkout.folder)
    commit = here.declare("1.1.0")

    assert here.declare("1.1.0") == commit == main(server)


def test_make_up_remembers_in_git_which_versions_it_declared(here: Repository, checkout: Checkout) -> None:
    here.take(checkout.folder)
    first = here.has_declared("1.1.0")
    here.declare("1.1.0")
    here.declare("1.0.0")

    assert not first
    assert here.has_declared("1.1.0")
    assert here.declared() == "1.0.0"


def test_what_is_not_committed_is_counted(checkout: Checkout) -> None:
    before = repository.uncommitted(checkout.folder)
    (checkout.folder / repository.VERSION).write_text("changed")

    assert (before, repository.uncommitted(checkout.folder)) == (0, 1)


def test_git_reaches_the_server_through_kubectl_also_from_a_folder_with_a_space(tmp_path: Path) -> None:
    found = Repository.of(Kubectl(Path("/a folder/kubeconfig")), tmp_path / "clone")

    assert found.server.startswith("ext::")
    assert "--kubeconfig=/a% folder/kubeconfig exec --stdin --namespace=git" in found.server
    assert found.server.endswith("-- %S /srv/git/iris.git")


def test_a_refusal_of_git_is_one_line(checkout: Checkout) -> None:
    with pytest.raises(LocalClusterError, match=r"^git rev-parse: Needed [^\n]*$"):
        checkout.git("rev-parse", "--verify", "nowhere")
