"""What `make up` prints and deploys, and that a second run changes nothing.

Covers: the printed results of `make up`, the model's status, the prediction through the ingress by both
host names, with and without TLS, and a second `up` on what runs.
"""

import os
import re
import subprocess
import sys

import httpx
import pytest
from iris_local_cluster.flux import flux_status
from iris_local_cluster.up import environment, models, monitoring, run

from tests.e2e.stage import NAME, UpRun, command_line

pytestmark = pytest.mark.e2e


def test_make_up_shows_the_model_at_both_versions_declared_and_proven(up_run: UpRun) -> None:
    tables = re.findall(r"^iris +iris +(\S+) +(\S+) +(\S+)", up_run.output, flags=re.MULTILINE)

    assert tables == [("1.0.0", "1.0.0", "True"), ("1.1.0", "1.1.0", "True")]


def test_make_up_changes_the_version_without_a_failed_request(up_run: UpRun) -> None:
    line = re.search(r"^(\d+) requests, (\d+) failed \((.*);", up_run.output, flags=re.MULTILINE)

    assert line is not None
    assert int(line[1]) >= 3 * run.RATE
    assert line[2] == "0"
    assert "by 1.0.0" in line[3]
    assert "by 1.1.0" in line[3]


def test_make_up_names_the_commit_that_declared_the_serving_version(up_run: UpRun) -> None:
    line = re.search(
        r"^Version 1\.1\.0 was declared by main@sha1:([0-9a-f]{40}): (.*)$", up_run.output, re.MULTILINE
    )

    assert line is not None
    assert line[2] == "Serve 1.1.0 on this machine (iris-local-cluster)"


@pytest.mark.parametrize(
    ("kind", "name", "step"),
    [
        ("crd", "irismodels.serving.two.inc", "crds"),
        ("deployment", "traefik", "infrastructure"),
        ("gateway", "traefik", "infrastructure"),
        ("deployment", "git-server", "infrastructure"),
        ("helmrelease", "iris-operator", "operator"),
        ("irismodel", "iris", "models"),
    ],
)
def test_everything_is_kept_by_flux(up_run: UpRun, kind: str, name: str, step: str) -> None:
    found = up_run.kubectl.read(kind, "--all-namespaces")["items"]

    [labels] = [each["metadata"]["labels"] for each in found if each["metadata"]["name"] == name]
    assert labels["kustomize.toolkit.fluxcd.io/name"] == step


def test_status_shows_the_way_from_the_commit_to_what_serves(up_run: UpRun) -> None:
    answer = subprocess.run(
        command_line("status", "--name", NAME), capture_output=True, text=True, check=False
    )

    assert answer.returncode == 0
    lines = [" ".join(line.split()) for line in answer.stdout.splitlines()]
    steps = [line.split()[2] for line in lines if line.startswith("✓ Kustomization")]
    assert steps == [*flux_status.ORDER, "monitoring"]
    assert any(line.startswith("✓ iris/iris 1.1.0 1.1.0") for line in lines), answer.stdout


def test_every_step_of_make_up_shows_its_time(up_run: UpRun) -> None:
    finished = [line for line in up_run.progress.splitlines() if "✓" in line]

    assert finished
    assert all(re.search(r"\d( s|\d s)", line) for line in finished)


def test_the_declared_version_answers_setosa_at_the_ingress(up_run: UpRun) -> None:
    answer = models.predict(up_run.cluster.ingress, run.HOST)

    assert answer["prediction_label"] == "setosa"
    assert answer["model_version"] == models.look(up_run.kubectl).declared


def test_a_browser_reaches_the_model_by_its_localhost_name(up_run: UpRun) -> None:
    answer = httpx.get(
        f"http://{up_run.cluster.ingress}/", headers={"Host": "iris.localhost"}, trust_env=False
    )

    assert answer.status_code == httpx.codes.OK
    assert "text/html" in answer.headers["content-type"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/metrics", 404),
        ("/api/v1/model/reload", 404),
        ("/v2x", 404),
        ("/readyz", 200),
        ("/v2/models/iris", 200),
        ("/docs", 200),
    ],
)
def test_the_ingress_carries_only_public_paths(up_run: UpRun, path: str, status: int) -> None:
    answer = httpx.get(f"http://{up_run.cluster.ingress}{path}", headers={"Host": run.HOST}, trust_env=False)

    assert answer.status_code == status


@pytest.mark.parametrize(
    "url",
    [
        "https://iris.localhost/api/v1/model/info",
        "https://iris.kube.two.inc/api/v1/model/info",
        "https://git.localhost/iris.git/info/refs?service=git-upload-pack",
        "https://prometheus.localhost/-/ready",
    ],
)
def test_curl_reaches_every_host_with_tls_by_the_ca_of_make_up(up_run: UpRun, url: str) -> None:
    trusting, answer = (curl_with_tls(up_run, url, *options) for options in (_trust(), ()))

    assert trusting.returncode == 0, trusting.stderr
    # Without the CA: "peer certificate cannot be authenticated".
    assert answer.returncode == 60


def test_the_python_client_predicts_with_tls_by_the_ca_of_make_up(up_run: UpRun) -> None:
    port = up_run.cluster.tls_ingress.rpartition(":")[2]
    program = (
        "from iris_client import Client\n"
        f"with Client('https://iris.localhost:{port}') as iris:\n"
        "    print(iris.predict([5.1, 3.5, 1.4, 0.2]).label)"
    )

    answer = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"SSL_CERT_FILE": str(environment.authority(NAME)), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (answer.returncode, answer.stdout) == (0, "setosa\n"), answer.stderr


def curl_with_tls(up_run: UpRun, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["curl", "--silent", "--show-error", "--fail", "--noproxy", "*", *options]
    there = ("--connect-to", f"::{up_run.cluster.tls_ingress}")
    return subprocess.run([*command, *there, url], capture_output=True, text=True, check=False)


def _trust() -> tuple[str, str]:
    return "--cacert", str(environment.authority(NAME))


def test_kubectl_can_read_logs_and_run_commands_in_pods(up_run: UpRun) -> None:
    deployment = ("deployment/iris", f"--namespace={models.NAMESPACE}")

    logs = up_run.kubectl.run("logs", *deployment)
    version = up_run.kubectl.run("exec", *deployment, "--", "python3", "--version")

    assert logs.strip()
    assert version.startswith("Python 3.")


@pytest.mark.parametrize("namespace", [monitoring.NAMESPACE, "kube-system"])
def test_nothing_that_is_built_already_is_asked_for_in_vain(up_run: UpRun, namespace: str) -> None:
    """The node's network leads nowhere: a pod that is too early waits for most of a minute."""
    where = f"--namespace={namespace}"

    assert up_run.kubectl.run("get", "events", where, "--field-selector=reason=Failed") == ""
    assert up_run.kubectl.run("get", "events", where, "--field-selector=reason=Pulled", "--output=name")


def test_up_a_second_time_builds_and_starts_nothing(up_run: UpRun) -> None:
    port, tls_port = (
        address.rpartition(":")[2] for address in (up_run.cluster.ingress, up_run.cluster.tls_ingress)
    )
    authority = environment.authority(NAME).read_bytes()
    pods = up_run.kubectl.run("get", "pods", "--namespace=kube-system", "--output=name")

    again = subprocess.run(
        command_line("up", "--name", NAME, "--port", port, "--tls-port", tls_port),
        capture_output=True,
        text=True,
        check=False,
    )

    assert again.returncode == 0, again.stdout + again.stderr
    assert re.search(r"Start the node  \S+ s · runs", again.stderr)
    assert re.search(r"Load the base images  \S+ s · cached", again.stderr)
    assert re.search(r"Make the certificate of the ingress  \S+ s · valid until", again.stderr)
    assert environment.authority(NAME).read_bytes() == authority
    assert up_run.kubectl.run("get", "pods", "--namespace=kube-system", "--output=name") == pods
    assert models.look(up_run.kubectl).serving == run.SECOND
