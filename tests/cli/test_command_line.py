"""The command itself: exit codes, one-line errors, offline plans, completion. No cluster is asked."""

import functools
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from iris_cli import kubectl
from iris_cli.errors import Trouble
from iris_programs import kubectl as programs

pytestmark = pytest.mark.process

IRIS = Path(sys.executable).with_name("iris")
MODEL = """
apiVersion: serving.two.inc/v1alpha1
kind: IrisModel
metadata: {name: iris, namespace: iris}
spec: {version: 1.4.0}
"""


def iris(
    *words: str, text: str = "", program: Path = IRIS, kubeconfig: str = "/nowhere", **environment: str
) -> subprocess.CompletedProcess[str]:
    environment |= {"PATH": f"{IRIS.parent}:/usr/bin:/bin", "KUBECONFIG": kubeconfig, "COLUMNS": "200"}
    return subprocess.run(
        [program, *words],
        input=text,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=60,
    )


@pytest.fixture
def nobody_answers(tmp_path: Path) -> str:
    """A kubeconfig whose API server is not there."""
    path = tmp_path / "kubeconfig"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "a",
        "clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a", "namespace": "iris"}}],
        "users": [{"name": "a", "user": {"token": "x"}}],
    }
    path.write_text(yaml.safe_dump(content), "utf-8")
    return str(path)


@pytest.fixture
def web_server(tmp_path: Path) -> Iterator[str]:
    """Knows no page; its address is what kubectl asks without a kubeconfig."""
    pages = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), pages) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_without_a_kubeconfig_says_how_to_name_one() -> None:
    answer = iris("get")

    assert answer.returncode == 2
    assert answer.stderr == (
        "iris: kubeconfig: found no current context, "
        "expected one: set KUBECONFIG, --kubeconfig or --context\n"
    )


@pytest.mark.parametrize("words", [("get", "-A"), ("why", "iris", "-n", "iris"), ("plan", "-f", "-")])
def test_iris_names_the_missing_kubeconfig_where_a_web_server_answers_on_kubectls_default_port(
    words: tuple[str, ...], web_server: str
) -> None:
    """localhost:8080 by default, which is where a local cluster's ingress listens and knows no such page."""
    answer = iris(*words, text=MODEL, KUBERNETES_MASTER=web_server)

    assert answer.returncode == 2
    assert answer.stderr == (
        "iris: kubeconfig: found no current context, "
        "expected one: set KUBECONFIG, --kubeconfig or --context\n"
    )


def test_inside_a_pod_which_needs_no_kubeconfig_a_missing_api_is_what_it_is(web_server: str) -> None:
    answer = iris("get", "-A", KUBERNETES_MASTER=web_server, KUBERNETES_SERVICE_HOST="127.0.0.1")

    assert (
        answer.stderr
        == "iris: IrisModel API: not found in this cluster, install it: kubectl apply -k crds/\n"
    )


@pytest.mark.parametrize("words", [("get", "-A"), ("why", "iris"), ("plan", "-f", "-")])
def test_an_api_server_that_is_away_is_one_line_and_exit_code_2(
    nobody_answers: str, words: tuple[str, ...]
) -> None:
    answer = iris(*words, text=MODEL, kubeconfig=nobody_answers)

    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("iris: API server: no answer: ")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [("get",), ("get", "-A")])
def test_a_context_that_is_not_there_is_named(nobody_answers: str, words: tuple[str, ...]) -> None:
    answer = iris(*words, "--context", "b", kubeconfig=nobody_answers)

    assert answer.returncode == 2
    assert answer.stderr == (
        "iris: kubeconfig: found no context b, "
        "expected one of the kubeconfig: `kubectl config get-contexts` lists them\n"
    )


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), "COMMAND"),
        (("get", "--watch", "-o", "json"), "--watch: found --output json, expected table or wide"),
        (("get", "iris", "-A"), "NAME: found iris with -A"),
        (("plan", "--offline"), "one of the arguments -f/--file -k/--kustomize is required"),
        (("plan", "-f", "-", "-k", "."), "not allowed with argument"),
        (("plan", "-f", "/nowhere.yaml", "--offline"), "/nowhere.yaml: No such file or directory"),
        (("judge",), "found no counts, expected NAME, or --canary and --stable"),
        (("judge", "--canary", "6/9"), "found only --canary, expected NAME, or --canary and --stable"),
        (("judge", "iris", "--canary", "6/9"), "judge: found NAME iris and counts, expected one of them"),
        (
            ("plan", "-f", "absent.yaml"),
            "absent.yaml: No such file or directory, expected a file of IrisModels",
        ),
        (("plan", "-k", "absent"), "absent: no such folder, expected a kustomization"),
        (("get", "--kubeconfig", "/nobody"), "--kubeconfig: /nobody: no such file, expected a kubeconfig"),
        (
            ("judge", "--canary", "3/2", "--stable", "1/2"),
            "--canary: found '3/2', expected no more events than requests",
        ),
        (("judge", "--canary", "1,2", "--stable", "1,2,3", "--gate", "shift"), "found 2 and 3 classes"),
        (("judge", "--canary", "1,2", "--stable", "1,2"), "found 1,2 for the gate failed"),
        (("judge", "--canary", "1/2", "--stable", "1/2", "--margin", "0"), "found '0', expected 1 to 1000"),
    ],
)
def test_a_wrong_question_is_refused_in_one_line(words: tuple[str, ...], found: str) -> None:
    answer = iris(*words)

    assert answer.returncode == 2
    assert answer.stderr.startswith("iris: ")
    assert found in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_an_offline_plan_shows_every_object_and_exits_with_1() -> None:
    answer = iris("plan", "-f", "-", "--offline", text=MODEL)

    assert answer.returncode == 1, answer.stderr
    assert "to create\n  + create ServiceAccount iris\n" in answer.stdout
    assert "+        image: ghcr.io/two-inc/iris-server:1.4.0" in answer.stdout


def test_a_plan_against_the_same_file_exits_with_0(tmp_path: Path) -> None:
    file = tmp_path / "iris.yaml"
    file.write_text(MODEL, "utf-8")

    answer = iris("plan", "-f", "-", "--against", str(file), text=MODEL)

    assert (answer.returncode, answer.stdout) == (0, "IrisModel iris/iris: nothing would change\n")


def test_a_plan_of_a_folder_shows_what_flux_would_apply(tmp_path: Path) -> None:
    """The version is declared beside the folder, and everything else of the model in its patches."""
    (tmp_path / "version.yaml").write_text(MODEL, "utf-8")
    folder = tmp_path / "models"
    folder.mkdir()
    patch = "- {op: add, path: /spec/route, value: {host: iris.test}}"
    content = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["../version.yaml"],
        "patches": [{"target": {"kind": "IrisModel", "name": "iris"}, "patch": patch}],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(content), "utf-8")

    answer = iris("plan", "-k", str(folder), "--offline", "-o", "summary")

    assert answer.stderr == ""
    assert "+ create Ingress iris\n" in answer.stdout
    assert answer.returncode == 1


def test_a_plan_of_a_folder_without_a_kustomization_is_one_line(tmp_path: Path) -> None:
    answer = iris("plan", "-k", str(tmp_path), "--offline")

    assert answer.returncode == 2
    assert answer.stderr.startswith("iris: kubectl: unable to find one of 'kustomization.yaml'")
    assert answer.stderr.count("\n") == 1


def test_what_a_newer_kubectl_logs_is_quoted_without_its_prefix(tmp_path: Path) -> None:
    program = tmp_path / "kubectl"
    logged = r'E1128 01:39:51.7 2074 run.go:72] "command failed" err="no folder \"a\" here"'
    program.write_text(f"#!/bin/sh\necho '{logged}' >&2\nexit 1\n", "utf-8")
    program.chmod(0o755)

    with pytest.raises(Trouble, match=r'^kubectl: no folder "a" here$'):
        kubectl.Kubectl(programs.Kubectl(str(program))).build("a")


def test_the_judge_can_be_tried_without_a_cluster() -> None:
    answer = iris("judge", "--canary", "0/800", "--stable", "1/800")

    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.endswith("high <= 10 passes, low > 10 fails: Pass\n")


def test_a_verdict_for_a_program_is_data() -> None:
    answer = iris("judge", "--canary", "40,35,25", "--stable", "38,37,25", "--gate", "shift", "-o", "yaml")

    assert yaml.safe_load(answer.stdout)["verdict"] == "NotEnough"


def test_a_plan_for_a_program_is_data(tmp_path: Path) -> None:
    answer = iris("plan", "-f", "-", "--offline", "-o", "yaml", text=MODEL)

    changes = yaml.safe_load(answer.stdout)["IrisModel iris/iris"]
    assert {"action", "kind", "name", "diff", "why"} == changes[0].keys()


def test_iris_prints_a_completion_that_bash_takes() -> None:
    script = iris("completion", "bash").stdout

    shown = subprocess.check_output(["bash", "-c", f"{script}\ncomplete -p iris"], text=True)

    assert shown.endswith(" iris\n")


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        (("",), {"console", "get", "judge", "key", "why", "history", "plan", "rollout", "completion"}),
        (("get", "--o"), {"--output"}),
        (("plan", "-f", "a.yaml", "-o", ""), {"diff", "summary", "json", "yaml"}),
        (("completion", "z"), {"zsh"}),
        (("why", ""), set()),
    ],
)
def test_kubectl_completes_it(words: tuple[str, ...], candidates: set[str]) -> None:
    """Names need a cluster; where none answers there are none, and no error is drawn over the prompt."""
    answer = iris("__complete", "iris", *words, program=IRIS.with_name("kubectl"))

    *found, directive = answer.stdout.splitlines()
    assert {line.partition("\t")[0] for line in found} == candidates
    assert (directive, answer.returncode) == (":4", 0)


def test_iris_is_a_plugin_of_kubectl() -> None:
    answer = iris("iris", "--help", program=IRIS.with_name("kubectl"))

    assert answer.stdout.startswith("usage: kubectl iris ")


def test_get_loads_nothing_of_the_operator() -> None:
    """Which takes longer than the answer for a hundred models."""
    script = "import sys, iris_cli.__main__; print([n for n in sys.modules if n.startswith('iris_operator')])"

    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "[]\n"


def test_iris_prints_its_version() -> None:
    assert iris("--version").stdout.startswith("iris 0.")
