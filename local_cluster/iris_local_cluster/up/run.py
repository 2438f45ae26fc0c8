"""`make up`: from a CSV file to a prediction in a cluster, then a version change without failed requests.

The table of contents of the local cluster: every line of `up` is one step that the user sees.
Steps and their durations go to standard error; commands and their output to standard output.
"""

import json
import sys

from iris_local_cluster import paths
from iris_local_cluster.cluster import Cluster
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.flux import flux_status
from iris_local_cluster.flux.repository import Repository
from iris_local_cluster.images import project_images
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.programs import binaries
from iris_local_cluster.progress import Progress
from iris_local_cluster.up import (
    environment,
    gateway_api,
    install,
    load_client,
    models,
    monitoring,
    publishing,
    release,
    signing,
)

HOST = "iris.kube.two.inc"
FIRST, SECOND = "1.0.0", "1.1.0"
RATE = 20


def up(cluster: Cluster, progress: Progress) -> None:
    cluster.require(progress)
    binaries.build_ahead(cluster.programs(), progress)
    for version in (FIRST, SECOND):
        release.train(version, progress)
        signing.sign(version, progress)
    for version in (FIRST, SECOND):
        project_images.build_server(version, paths.ARTIFACTS, progress)
    install.build_images(progress)
    kubectl = bring_up(cluster, progress)
    for version in (FIRST, SECOND):
        publishing.together(cluster, version, progress)
    install.tls(cluster, kubectl, progress)
    install.operator_image(cluster, kubectl, progress)
    repository, commit = install.git(cluster, kubectl, progress)
    gateway_api.install(kubectl, progress)
    monitoring.install_api(kubectl, progress)
    install.flux(cluster, kubectl, progress)
    monitoring.provide_early(cluster, progress)
    apply(kubectl, commit, progress)
    if (found := repository.declared()) in {FIRST, SECOND}:
        show(cluster, kubectl, repository, progress)
    else:
        _say(
            f"\nGit declares version {found}, which you have committed: Flux and the operator deploy it.\n\n"
        )
    monitoring.bring_up(cluster, kubectl, progress)
    show_flux(kubectl)
    _say(next_steps(cluster))


def show(cluster: Cluster, kubectl: Kubectl, repository: Repository, progress: Progress) -> None:
    """Wait for the declared version; the first time, change to the second version."""
    found = repository.declared()
    serve(cluster, kubectl, found, progress)
    show_models(kubectl)
    ask(cluster, found, progress)
    if found == FIRST and not repository.has_declared(SECOND):
        report = change(cluster, kubectl, repository, progress)
        _say(f"\n{summary(report)}\n{provenance(kubectl, repository)}\n")
        show_models(kubectl)
        ask(cluster, SECOND, progress)


def bring_up(cluster: Cluster, progress: Progress) -> Kubectl:
    """Start the cluster and write the shell's access to it."""
    with progress.step(f"Start the cluster {cluster.name}"):
        cluster.create(progress)
        environment.write(cluster.name, cluster.kubeconfig(), cluster.ingress)
    return Kubectl(environment.kubeconfig(cluster.name))


def apply(kubectl: Kubectl, commit: str, progress: Progress) -> None:
    with progress.step(f"Wait for Flux to apply commit {commit[:8]}") as step:
        flux_status.wait(kubectl, commit, flux_status.BEFORE_MODELS, note=step.note)
        step.result(", ".join(flux_status.BEFORE_MODELS[1:]))


def serve(cluster: Cluster, kubectl: Kubectl, version: str, progress: Progress) -> None:
    with progress.step(f"Wait for IrisModel iris at version {version}") as step:
        models.wait_until_serving(kubectl, version, note=step.note)
        models.predict(cluster.ingress, HOST)
        step.result("Ready: every pod answers with this version")


def ask(cluster: Cluster, version: str, progress: Progress) -> None:
    with progress.step(f"Predict through Traefik for host {HOST}") as step:
        answer = models.predict(cluster.ingress, HOST)
        if answer["model_version"] != version:
            raise LocalClusterError(
                f"model_version: {answer['model_version']}, expected the declared {version}"
            )
        step.result(f"{answer['prediction_label']}, by model version {answer['model_version']}")
    _say(f"\n$ {curl(cluster)}\n{json.dumps(answer)}\n\n")


def change(
    cluster: Cluster, kubectl: Kubectl, repository: Repository, progress: Progress
) -> load_client.Report:
    """Commit another version while a client sends requests; any failed request is an error."""
    with progress.step(f"Commit {SECOND} while a client sends {RATE} requests a second") as step:
        address = cluster.ingress_inside()
        with load_client.watch(cluster.entered, address=address, host=HOST, rate=RATE) as seen:
            seen.wait_for(RATE)

            def note(text: str) -> None:
                step.note(f"{seen.report.requests} answers; {text}")

            commit = repository.declare(SECOND)
            flux_status.wait(kubectl, commit, flux_status.BEFORE_MODELS, note=note)
            models.wait_until_serving(kubectl, SECOND, note=note)
            models.wait_until_settled(kubectl)
            flux_status.wait(kubectl, commit, flux_status.ORDER, note=note)
            seen.wait_for(seen.report.requests + RATE)
        require_unharmed(seen.report)
        step.result(summary(seen.report))
        return seen.report


def provenance(kubectl: Kubectl, repository: Repository) -> str:
    """The commit that last changed the spec: its revision from the status, its subject from Git."""
    now = models.look(kubectl)
    [applied] = [each.revision for each in flux_status.look(kubectl) if each.name == "models"]
    commit = (now.source or applied).rpartition(":")[2]
    return (
        f"Version {now.serving} was declared by {now.source or applied}: "
        f"{repository.git('show', '--no-patch', '--format=%s (%an)', commit)}"
    )


def require_unharmed(report: load_client.Report) -> None:
    if report.failed:
        raise LocalClusterError(
            f"{report.failed} of {report.requests} requests failed, expected none: {report.failures[0]}"
        )


def summary(report: load_client.Report) -> str:
    versions = ", ".join(f"{count} by {version}" for version, count in sorted(report.versions.items()))
    return (
        f"{report.requests} requests, {report.failed} failed ({versions}; "
        f"slowest {report.slowest_seconds * 1000:.0f} ms)"
    )


def curl(cluster: Cluster) -> str:
    return (
        f"curl -s -H 'Host: {HOST}' -H 'Content-Type: application/json' "
        f"-d '{json.dumps(load_client.FLOWER, separators=(',', ':'))}' http://{cluster.ingress}/api/v1/predict"
    )


def next_steps(cluster: Cluster) -> str:
    port = cluster.ingress.rpartition(":")[2]
    default = cluster.name == environment.DEFAULT_NAME
    shell = (
        "source .local/env"
        if default
        else f'eval "$(.venv/bin/iris-local-cluster env --name {cluster.name})"'
    )
    name = "" if default else f" CLUSTER={cluster.name}"
    return f"""\
Next steps
  {shell}
  # the serving version and its state; then the progress of Flux
  iris get -A
  iris why iris -n iris
  make status{name}
  # deploy another version: edit, commit, push and watch
  git clone http://git.localhost:{port}/iris.git .local/mine && cd .local/mine
  sed -i 's/version: .*/version: {FIRST}/' clusters/local/version.yaml
  git commit -am "Serve {FIRST}" && git push && iris get -A --watch
  # deploy a version that does not exist: the old one keeps serving, and the status has the reason
  sed -i 's/version: .*/version: 9.9.9/' clusters/local/version.yaml
  git commit -am "Serve 9.9.9" && git push && iris get -A -o wide --watch
  # request a prediction
  {curl(cluster)}
{tls_steps(cluster)}  # the model's page, in a browser
  http://iris.localhost:{port}
  # metrics and alerts
{monitoring.next_steps(port, grafana=cluster.pulls)}
  # delete the cluster
  make down{name}
"""


def tls_steps(cluster: Cluster) -> str:
    """Nothing for a cluster that was created before it had the port."""
    if not cluster.tls_ingress:
        return ""
    port = cluster.tls_ingress.rpartition(":")[2]
    authority = environment.authority(cluster.name).relative_to(paths.PROJECT)
    return f"""\
  # the same with TLS, by the CA of this cluster
  curl -s --cacert {authority} https://iris.localhost:{port}/api/v1/model/info
"""


def show_models(kubectl: Kubectl) -> None:
    _show(kubectl, "get", "irismodels", "--all-namespaces")


def show_flux(kubectl: Kubectl) -> None:
    _show(kubectl, "get", "gitrepositories,kustomizations,helmreleases", "--all-namespaces")


def _show(kubectl: Kubectl, *arguments: str) -> None:
    _say(f"\n$ kubectl {' '.join(arguments)}\n{kubectl.run(*arguments)}\n")


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
