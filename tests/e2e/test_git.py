"""What is committed is served, and serving continues whatever happens to Git."""

from collections.abc import Iterator

import pytest
from iris_local_cluster.up import load_client, models, run

from tests.e2e.clone import Clone, flux_until, model_file
from tests.e2e.stage import UpRun

pytestmark = pytest.mark.e2e


@pytest.fixture
def client(up_run: UpRun) -> Iterator[load_client.Watch]:
    """A client that asks all the while; not one request may fail."""
    address = up_run.cluster.ingress_inside()
    with load_client.watch(up_run.cluster.entered, address=address, host=run.HOST, rate=run.RATE) as seen:
        seen.wait_for(run.RATE)
        yield seen
        seen.wait_for(seen.report.requests + run.RATE)
    assert seen.report.failed == 0, seen.report.failures


def test_a_commit_of_another_version_is_served_without_a_failed_request(
    up_run: UpRun, client: load_client.Watch, clone: Clone
) -> None:
    commit = clone.serve(run.FIRST)

    now = models.look(up_run.kubectl)
    assert (now.declared, now.serving) == (run.FIRST, run.FIRST)
    assert run.FIRST in client.report.versions
    applied = flux_until(up_run, "Kustomization", "models", lambda each: each.ready == "True")
    assert applied.revision == f"main@sha1:{commit}"


def test_a_new_model_by_commit_is_served(up_run: UpRun, clone: Clone) -> None:
    clone.write("clusters/local/models/second.yaml", model_file("second", replicas=1))
    listing = clone.read("clusters/local/models/kustomization.yaml")
    clone.write(
        "clusters/local/models/kustomization.yaml",
        listing.replace("  - ../version.yaml\n", "  - ../version.yaml\n  - second.yaml\n"),
    )

    clone.applied(clone.push("Add a second model"))

    answer = models.predict(up_run.cluster.ingress, "second.kube.two.inc")
    assert answer["model_version"] == run.FIRST


def test_serving_goes_on_while_the_git_server_is_down(
    up_run: UpRun, client: load_client.Watch, clone: Clone
) -> None:
    server = ("deployment/git-server", "--namespace=git")
    up_run.kubectl.run("scale", *server, "--replicas=0")
    lost = flux_until(up_run, "GitRepository", "flux-system", lambda each: each.ready == "False")
    client.wait_for(client.report.requests + 3 * run.RATE)
    up_run.kubectl.run("scale", *server, "--replicas=1")
    up_run.kubectl.rolled_out("deployment", "git-server", namespace="git")
    clone.answered()

    clone.serve(run.FIRST)

    assert "git-server.git" in lost.message
    assert set(client.report.versions) == {run.FIRST, run.SECOND}


def test_history_that_was_pushed_by_force_is_followed(
    up_run: UpRun, client: load_client.Watch, clone: Clone
) -> None:
    before = clone.head()
    forgotten = clone.serve(run.FIRST)
    clone.git("reset", "--quiet", "--hard", before)
    rewritten = clone.push("Another history", "--force")

    clone.applied(rewritten)

    models.wait_until_serving(up_run.kubectl, run.SECOND, note=lambda _: None)
    assert forgotten not in clone.git("rev-list", "HEAD").splitlines()
