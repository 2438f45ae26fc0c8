"""`make up`: from a CSV to a prediction through a real cluster, and a version change that nobody notices.

The table of contents of the local cluster: every line of `tell` is one step that the person sees.
Steps and their times go to standard error; what a user would type, and its answer, to standard output.
"""

import json
import subprocess
import sys

from iris_local_cluster import environment, images, install, models, paths, steady
from iris_local_cluster.cluster import Cluster
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.progress import Progress

HOST = "iris.kube.two.inc"
FIRST, SECOND = "1.0.0", "1.1.0"
# Another seed, so that the second release is truly another model.
_SEEDS = {FIRST: "42", SECOND: "43"}
RATE = 20


def tell(cluster: Cluster, progress: Progress) -> None:
    cluster.require(progress)
    for version in (FIRST, SECOND):
        train(version, progress)
    for version in (FIRST, SECOND):
        images.build_server(version, paths.ARTIFACTS, progress)
    kubectl = bring_up(cluster, progress)
    for version in (FIRST, SECOND):
        publish(cluster, version, progress)
    install.infrastructure(kubectl, progress)
    install.operator(cluster, kubectl, progress)
    if (found := models.declared(kubectl)) not in {None, FIRST, SECOND}:
        _say(f"\nIrisModel iris declares {found}, a version of yours: it is left as it is.\n\n")
        _say(next_steps(cluster))
        return
    serve(cluster, kubectl, FIRST, progress)
    _show(kubectl, "get", "irismodels", "--all-namespaces")
    ask(cluster, FIRST, progress)
    report = change(cluster, kubectl, SECOND, progress)
    _say(f"\n{summary(report)}\n")
    _show(kubectl, "get", "irismodels", "--all-namespaces")
    ask(cluster, SECOND, progress)
    _say(next_steps(cluster))


def train(version: str, progress: Progress) -> None:
    with progress.step(f"Train release {version}") as step:
        if (paths.ARTIFACTS / f"model_pipeline_{version}.json").is_file():
            step.cached("trained before")
            return
        command = [str(paths.SCRIPTS / "iris-training"), f"--version={version}", f"--seed={_SEEDS[version]}"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=paths.PROJECT)
        if answer.returncode != 0:
            raise LocalClusterError(f"training {version}: {_last_line(answer.stderr)}")


def publish(cluster: Cluster, version: str, progress: Progress) -> None:
    with progress.step(f"Publish iris-server:{version}"):
        # Asked for again: a first cluster takes minutes, and the store of images is every clone's.
        image = images.build_server(version, paths.ARTIFACTS, progress)
        images.push(image, cluster.registry, progress)


def bring_up(cluster: Cluster, progress: Progress) -> Kubectl:
    """The cluster, and what a shell needs to talk to it."""
    with progress.step(f"Bring up the cluster {cluster.name}"):
        cluster.create(progress)
        environment.write(cluster.name, cluster.kubeconfig())
    return Kubectl(environment.kubeconfig(cluster.name))


def serve(cluster: Cluster, kubectl: Kubectl, version: str, progress: Progress) -> None:
    with progress.step(f"Declare IrisModel iris at {version}") as step:
        models.declare(kubectl, version)
        models.wait_until_serving(kubectl, version, note=step.note)
        models.predict(cluster.ingress, HOST)
        step.result("Ready: the pods have proven it")


def ask(cluster: Cluster, version: str, progress: Progress) -> None:
    with progress.step(f"Predict through Traefik for host {HOST}") as step:
        answer = models.predict(cluster.ingress, HOST)
        if answer["model_version"] != version:
            raise LocalClusterError(
                f"model_version: {answer['model_version']}, expected the declared {version}"
            )
        step.result(f"{answer['prediction_label']}, by model version {answer['model_version']}")
    _say(f"\n$ {curl(cluster)}\n{json.dumps(answer)}\n\n")


def change(cluster: Cluster, kubectl: Kubectl, version: str, progress: Progress) -> steady.Report:
    """Another version under a steady client; any failed request ends the story."""
    with progress.step(f"Declare {version} while a client sends {RATE} requests a second") as step:
        address = cluster.ingress_inside()
        with steady.watch(cluster.entered, address=address, host=HOST, rate=RATE) as seen:
            seen.wait_for(RATE)
            models.declare(kubectl, version)
            models.wait_until_serving(
                kubectl, version, note=lambda text: step.note(f"{seen.report.requests} answers; {text}")
            )
            models.wait_until_settled(kubectl)
            seen.wait_for(seen.report.requests + RATE)
        require_unharmed(seen.report)
        step.result(summary(seen.report))
        return seen.report


def require_unharmed(report: steady.Report) -> None:
    if report.failed:
        raise LocalClusterError(
            f"{report.failed} of {report.requests} requests failed, expected none: {report.failures[0]}"
        )


def summary(report: steady.Report) -> str:
    shares = ", ".join(f"{count} by {version}" for version, count in sorted(report.versions.items()))
    return (
        f"{report.requests} requests, {report.failed} failed ({shares}; "
        f"slowest {report.slowest_seconds * 1000:.0f} ms)"
    )


def curl(cluster: Cluster) -> str:
    return (
        f"curl -s -H 'Host: {HOST}' -H 'Content-Type: application/json' "
        f"-d '{json.dumps(steady.FLOWER, separators=(',', ':'))}' http://{cluster.ingress}/api/v1/predict"
    )


def next_steps(cluster: Cluster) -> str:
    port = cluster.ingress.rpartition(":")[2]
    default = cluster.name == environment.DEFAULT_NAME
    shell = (
        "source .local/env"
        if default
        else f'eval "$(.venv/bin/iris-local-cluster env --name {cluster.name})"'
    )
    down = "make down" if default else f"make down CLUSTER={cluster.name}"
    patch = json.dumps({"spec": {"version": FIRST}}, separators=(",", ":"))
    broken = json.dumps({"spec": {"version": "9.9.9"}}, separators=(",", ":"))
    return f"""\
What to try next
  {shell}
  kubectl get irismodels -A
  kubectl -n iris describe irismodel iris
  # back to {FIRST}, and watch it happen
  kubectl -n iris patch irismodel iris --type merge -p '{patch}' && kubectl get irismodels -A -w
  # a version that nobody built: the old one keeps serving, the reason stands in the status
  kubectl -n iris patch irismodel iris --type merge -p '{broken}' && kubectl get irismodels -A -o wide -w
  # a prediction
  {curl(cluster)}
  # the model's own page, in a browser
  http://iris.localhost:{port}
  # everything away again
  {down}
"""


def _show(kubectl: Kubectl, *arguments: str) -> None:
    _say(f"\n$ kubectl {' '.join(arguments)}\n{kubectl.run(*arguments)}\n")


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
