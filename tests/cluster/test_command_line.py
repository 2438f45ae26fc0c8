"""`iris` against a real API server and the real operator: it tells the truth, and asks once per kind."""

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from iris_cli import declared

from tests.cluster.conftest import IRIS, Ask, Iris
from tests.cluster.reasons import REASONS
from tests.harness import kubelet
from tests.harness.kubernetes import Cluster
from tests.operator import bodies

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

    from tests.harness.kubelet import Kubelet
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster


async def test_why_tells_the_truth_of_every_reason(
    operator: "OperatorProcess",
    cluster: Cluster,
    iris: Iris,
    pods: "Kubelet",
    ask: Ask,
    subtests: pytest.Subtests,
) -> None:
    """All at once, one model and one image tag each: the slowest reason takes half a minute."""
    await iris.declare(route={"host": "contested.test"})
    await iris.reaches("Serving")
    port = {"port": 80, "targetPort": 80}
    theirs = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "childconflict"}}
    await cluster.create({**theirs, "spec": {"ports": [port]}})
    for reason, (spec, behaviour, _) in REASONS.items():
        if behaviour is not None:
            pods.set(reason, behaviour)
        await Iris(cluster, reason.lower()).declare(reason, **{"route": None, **spec})

    for reason, (_, _, words) in REASONS.items():
        with subtests.test(reason):
            await Iris(cluster, reason.lower()).reaches(reason, within=180)
            answer = await ask("why", reason.lower())
            assert re.search(words, answer.stdout), answer.stdout + answer.stderr
            assert re.search(rf"\({reason}\) since \d\d:\d\d:\d\d UTC \(\d+ (s|min)\)", answer.stdout)
            assert (answer.returncode, answer.stdout.count("\n")) == (1, 1)


async def test_why_tells_of_a_model_that_serves_and_of_one_that_answers_wrongly(
    operator: "OperatorProcess", iris: Iris, pods: "Kubelet", ask: Ask
) -> None:
    await iris.declare("1.0.0", route=None)
    await iris.reaches("Serving")
    good = await ask("why", "iris")
    pods.set("2.0.0", kubelet.serving("127.0.88.1"))  # where 1.0.0 answers
    await iris.declare("2.0.0", route=None)
    await iris.reaches("VersionMismatch")
    bad = await ask("why", "iris")

    assert good.returncode == 0, good.stdout
    assert ": version 1.0.0 has been serving since " in good.stdout
    assert "2 of 2 pods prove version 1.0.0" in good.stdout
    assert "Also, MonitoringReady is False (CRDNotInstalled): " in good.stdout
    assert bad.returncode == 1
    assert "declares version 2.0.0, but 1.0.0 is still serving." in bad.stdout
    assert "found model version 1.0.0, expected 2.0.0" in bad.stdout


async def test_why_does_not_take_an_old_word_for_an_answer(
    operator: "OperatorProcess", iris: Iris, pods: "Kubelet", ask: Ask
) -> None:
    await iris.declare("1.0.0")
    await iris.reaches("Serving")

    operator.process.send_signal(signal.SIGSTOP)
    try:
        await iris.declare("1.1.0")
        answer = await ask("why", "iris")
        shown = await ask("get", "iris", "-o", "json")
    finally:
        operator.process.send_signal(signal.SIGCONT)

    assert answer.returncode == 1
    assert re.search(r"waiting for the operator since .*has not observed generation 2", answer.stdout)
    assert (json.loads(shown.stdout)["ready"], json.loads(shown.stdout)["serving"]) == ("Unknown", "1.0.0")
    await iris.reaches("Serving", version="1.1.0")


async def test_iris_get_asks_the_api_server_once_per_kind(
    operator: "OperatorProcess",
    cluster: Cluster,
    iris: Iris,
    pods: "Kubelet",
    ask: Ask,
    asked: Callable[[], list[str]],
) -> None:
    await iris.declare()
    await iris.reaches("Serving")

    shown = await ask("get", "-A")
    for_get = asked()
    await ask("why", "iris")
    for_why = asked()[len(for_get) :]

    assert re.search(rf"{cluster.namespace} +iris +1\.0\.0 +1\.0\.0 +True +2/2 ", shown.stdout), shown
    assert for_get == ["irismodels"]
    assert sorted(for_why) == ["deployments", "events", "irismodels", "pods", "replicasets"]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The resources of all requests since then, in their order: kubectl makes one for each `get --raw`."""
    log, shim = tmp_path / "asked", tmp_path / "kubectl"
    real = IRIS.with_name("kubectl")
    shim.write_text(f'#!/bin/sh\necho "$*" >> {log}\nexec {real} "$@"\n', "utf-8")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    resource = re.compile(r"get --raw /apis?/\S*?(irismodels|deployments|replicasets|pods|events)\b")
    return lambda: resource.findall(log.read_text("utf-8"))


async def test_the_answer_to_a_wrong_question_is_one_line(cluster: Cluster, iris: Iris, ask: Ask) -> None:
    await iris.declare()

    forbidden = await ask("get", user="jane")
    misspelled = await ask("why", "irs")

    assert (forbidden.returncode, misspelled.returncode) == (2, 2)
    assert forbidden.stderr.startswith("iris: API server: irismodels.serving.two.inc is forbidden: ")
    assert misspelled.stderr == f"iris: IrisModel {cluster.namespace}/irs: not found, did you mean iris?\n"


async def test_kubectl_completes_the_names_that_are_there(
    api_server: "ApiServer", cluster: Cluster, iris: Iris, monkeypatch: pytest.MonkeyPatch
) -> None:
    await iris.declare()
    monkeypatch.setenv("PATH", str(IRIS.parent), prepend=os.pathsep)
    words = ("iris", "why", "--kubeconfig", str(api_server.kubeconfig), "-n", cluster.namespace, "i")
    command = [str(IRIS.with_name("kubectl")), "__complete", *words]

    answer = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=True, timeout=60
    )

    assert answer.stdout.splitlines() == ["iris", ":4"]


async def test_watching_adds_a_line_for_each_change(
    api_server: "ApiServer", cluster: Cluster, iris: Iris
) -> None:
    await iris.declare("1.0.0")
    where = ("-n", cluster.namespace, "--kubeconfig", str(api_server.kubeconfig))
    process = await asyncio.create_subprocess_exec(IRIS, "get", "-w", *where, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None

    async with asyncio.timeout(60):
        header, first = await process.stdout.readline(), await process.stdout.readline()
        await iris.declare("1.1.0")
        while b"1.1.0" not in (line := await process.stdout.readline()):
            assert line
        process.send_signal(signal.SIGINT)
        code = await process.wait()

    assert header.split()[:4] == [b"TIME", b"NAME", b"DECLARED", b"SERVING"]
    assert first.split()[1:3] == [b"iris", b"1.0.0"]
    assert line.index(b"1.1.0") == first.index(b"1.0.0")
    assert code == 130


async def test_the_history_is_that_of_the_status(
    operator: "OperatorProcess", iris: Iris, pods: "Kubelet", ask: Ask
) -> None:
    await iris.declare("1.0.0")
    await iris.reaches("Serving")
    await iris.declare("1.1.0")
    status = await iris.reaches("Serving", version="1.1.0")

    table = (await ask("history", "iris")).stdout
    data = (await ask("history", "iris", "-o", "json")).stdout

    assert re.search(r"^1\.1\.0 +Serving .*\n1\.0\.0 +Served ", table, re.MULTILINE), table
    assert json.loads(data) == status["history"]


@pytest.mark.parametrize("spec", [{"version": "1.4.0", "route": {}, "env": []}, bodies.FULL])
async def test_a_file_is_read_as_the_api_server_would_store_it(
    cluster: Cluster, spec: Mapping[str, Any]
) -> None:
    text = yaml.safe_dump(_manifest(spec))

    stored = await cluster.create(_manifest(spec), dry_run=True)

    (body,) = declared.load(text, "file", cluster.namespace)
    assert body["spec"] == stored["spec"]


async def test_a_plan_is_what_the_operator_then_does(
    operator: "OperatorProcess", cluster: Cluster, iris: Iris, pods: "Kubelet", ask: Ask
) -> None:
    spec: dict[str, Any] = {"version": "1.0.0", "tolerations": [{"key": "a", "operator": "Exists"}]}
    first = yaml.safe_dump(_manifest(spec))
    second = yaml.safe_dump(_manifest({"version": "1.1.0", "replicas": 1}))

    new = await ask("plan", "-f", "-", text=first)
    await iris.declare(**spec, route=None)
    await iris.reaches("Serving")
    same = await ask("plan", "-f", "-", text=first)
    other = await ask("plan", "-f", "-", text=second)
    await iris.declare("1.1.0", replicas=1, tolerations=None, route=None)
    await iris.reaches("Serving", version="1.1.0")
    then = await ask("plan", "-f", "-", text=second)

    assert (new.returncode, "to create" in new.stdout) == (1, True), new.stderr
    assert (same.returncode, same.stdout.count("\n")) == (0, 1), same.stdout
    assert other.returncode == 1
    assert "~ change Deployment iris\n" in other.stdout
    assert "- delete PodDisruptionBudget iris\n" in other.stdout
    assert _changed(other.stdout, "Deployment/iris") == DEPLOYMENT_CHANGE
    assert then.returncode == 0, then.stdout


DEPLOYMENT_CHANGE = [
    "-app.kubernetes.io/version: 1.0.0",
    "+app.kubernetes.io/version: 1.1.0",
    "-app.kubernetes.io/version: 1.0.0",
    "+app.kubernetes.io/version: 1.1.0",
    "-image: ghcr.io/two-inc/iris-server:1.0.0",
    "+image: ghcr.io/two-inc/iris-server:1.1.0",
    "-value: 1.0.0",
    "+value: 1.1.0",
    "-tolerations:",
    "-- key: a",
    "-operator: Exists",
    "-replicas: 2",
    "+replicas: 1",
]


def _changed(diff: str, title: str) -> list[str]:
    """The lines that one object gains and loses, in the order of their position, without indentation."""
    part = re.search(rf"^\+\+\+ b/{title}\n((?:[ @+-](?!--|\+\+).*\n)*)", diff, re.MULTILINE)
    lines = part[1].splitlines() if part else []
    return [line[0] + line[1:].strip() for line in lines if line[:1] in "+-"]


def _manifest(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {"name": "iris"},
        "spec": dict(spec),
    }
