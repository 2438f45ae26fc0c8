"""`iris-local-cluster` from a user's side: help, errors in one line, exit codes, lines for a shell."""

import json
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from iris_local_cluster import cli, loopback, paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.images import run_image
from iris_local_cluster.progress import Progress
from iris_local_cluster.up import environment, load_client, release, run, status


def command_line(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "iris_local_cluster", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.process
def test_the_command_program_prints_a_path() -> None:
    answer = command_line("program", "kubectl")

    assert (answer.returncode, answer.stdout) == (0, f"{paths.SCRIPTS / 'kubectl'}\n")


# A kubeconfig whose server answers nothing.
NOWHERE = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "spring",
    "contexts": [{"name": "spring", "context": {"cluster": "spring", "user": ""}}],
    "clusters": [{"name": "spring", "cluster": {"server": "http://127.0.0.1:1"}}],
}


@dataclass(frozen=True, slots=True)
class IdleCluster:
    """A cluster that has addresses and does nothing."""

    name: str = "spring"
    ingress: str = "127.0.0.1:8099"
    tls_ingress: str = "127.0.0.1:8462"
    registry: str = "127.0.0.1:41000"

    def require(self, progress: Progress) -> None:
        del progress

    def programs(self) -> Sequence[str]:
        return ()

    def provide(self, programs: Collection[str], progress: Progress) -> None:
        del programs, progress

    @property
    def pulls(self) -> bool:
        return False

    def create(self, progress: Progress) -> None:
        del progress

    def delete(self) -> bool:
        return False

    def running(self) -> bool:
        return True

    def describe(self) -> str:
        return "a cluster of the tests"

    def kubeconfig(self) -> str:
        return ""

    def entered(self, command: Sequence[str]) -> list[str]:
        return list(command)

    def ingress_inside(self) -> str:
        return self.ingress


@pytest.mark.process
def test_help_names_every_command_and_exit_code() -> None:
    answer = command_line("--help")

    assert answer.returncode == 0
    for words in ("up", "down", "status", "env", "publish", "run-image", "130 interrupted", "Examples:"):
        assert words in answer.stdout


@pytest.mark.process
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["up", "--name", "../etc"],
            "--name: '../etc', expected 1 to 30 lower-case letters, digits and dashes",
        ),
        (["up", "--port", "http"], "argument --port: 'http', expected a port from 1 to 65535"),
        (["up", "--port", "0"], "argument --port: '0', expected a port from 1 to 65535"),
        (["down", "--name", "A"], "--name: 'A', expected"),
        ([], "the following arguments are required: COMMAND"),
        (["program", "emacs"], "invalid choice: 'emacs'"),
        (["publish", "2.0.0", "--data", "no.csv"], "cluster: no.csv: no such file, expected a CSV file"),
        (["sideways"], "invalid choice: 'sideways'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_gets_one_line_and_exit_2(arguments: list[str], said: str) -> None:
    answer = command_line(*arguments)

    assert answer.returncode == 2
    assert said in answer.stderr.splitlines()[-1]
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""


@pytest.mark.process
def test_a_port_in_use_is_reported_before_an_image_is_built() -> None:
    with loopback.listen(0) as listener:
        port = listener.getsockname()[1]
        answer = command_line("run-image", "--port", str(port))

    assert answer.returncode == 2
    assert answer.stderr.startswith(f"iris-local-cluster: port {port} on 127.0.0.1: address already in use")
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.process
def test_down_without_a_cluster_is_no_error() -> None:
    answer = command_line("down", "--name", "never-was")

    assert answer.returncode == 0
    assert "not found" in answer.stderr


@pytest.mark.process
def test_status_without_a_cluster_has_its_own_exit_code() -> None:
    answer = command_line("status", "--name", "never-was")

    assert answer.returncode == 3
    assert answer.stdout == "cluster never-was: not running (`make up` starts it)\n"


def test_publish_from_another_clone_is_refused_before_anything_is_trained() -> None:
    """It once pushed into the cluster of the other clone."""
    with pytest.raises(
        LocalClusterError, match=r"clusters/spring/kubeconfig: not found, .* another clone started it: run"
    ):
        release.publish(IdleCluster(), "9.9.9", Progress())


@pytest.mark.process
def test_status_fails_when_the_api_server_does_not_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    cluster = {"name": "spring", "cluster": {"server": "https://127.0.0.1:1"}}
    context = {"name": "spring", "context": {"cluster": "spring", "user": ""}}
    kubeconfig.write_text(
        json.dumps({"clusters": [cluster], "contexts": [context], "current-context": "spring"})
    )

    code = status.show(IdleCluster(), kubeconfig)

    assert code == 3
    assert "the API server does not answer" in capsys.readouterr().out


@pytest.mark.process
def test_env_sets_kubeconfig_and_adds_to_path_once() -> None:
    lines = environment.exports("spring")
    script = f'{lines}{lines}printf \'%s\\n%s\' "$KUBECONFIG" "$PATH"'

    answer = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)

    kubeconfig, path = answer.stdout.splitlines()
    assert kubeconfig == str(paths.LOCAL / "clusters" / "spring" / "kubeconfig")
    assert path.split(":").count(str(paths.BIN)) == 1


def test_env_has_the_address_of_prometheus_while_the_cluster_runs() -> None:
    asked = "IRIS_PROMETHEUS=http://prometheus.localhost:8099"

    assert asked in environment.exports("spring", "127.0.0.1:8099")
    assert "IRIS_PROMETHEUS" not in environment.exports("spring")


def test_every_program_of_env_is_installed() -> None:
    assert [name for name in environment.PROGRAMS if not (paths.SCRIPTS / name).exists()] == []


def test_only_the_default_cluster_has_the_short_paths() -> None:
    assert environment.authority("iris") == paths.LOCAL / "ca.pem"
    assert environment.authority("spring").is_relative_to(paths.cluster("spring"))
    assert environment.kubeconfig("iris") == paths.LOCAL / "kubeconfig"
    assert environment.kubeconfig("spring").is_relative_to(paths.cluster("spring"))


def test_the_next_steps_name_the_cluster_and_its_port() -> None:
    text = run.next_steps(IdleCluster())

    assert "env --name spring" in text
    assert "http://iris.localhost:8099" in text
    assert "make down CLUSTER=spring" in text
    assert run.curl(IdleCluster()) in text


def test_the_next_steps_have_the_address_with_tls_and_its_ca() -> None:
    assert "curl -s --cacert .local/clusters/spring/ca.pem https://iris.localhost:8462/" in run.next_steps(
        IdleCluster()
    )
    assert "https" not in run.next_steps(IdleCluster(tls_ingress=""))


def test_status_has_the_address_with_tls() -> None:
    assert status.tls(IdleCluster()).startswith(", https://iris.localhost:8462 (CA in ")
    assert status.tls(IdleCluster(tls_ingress="")) == ""


def test_status_reads_a_cluster_that_another_clone_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Elsewhere(IdleCluster):
        def kubeconfig(self) -> str:
            return json.dumps(NOWHERE)

    code = status.show(Elsewhere(), tmp_path / "kubeconfig")

    shown = capsys.readouterr().out
    assert code == 3
    assert "127.0.0.1:1" in shown
    assert "the API server does not answer" in shown
    assert not (tmp_path / "kubeconfig").exists()


def test_status_names_a_cluster_whose_kubeconfig_cannot_be_read(tmp_path: Path) -> None:
    class Starting(IdleCluster):
        def kubeconfig(self) -> str:
            raise FileNotFoundError("admin.conf")

    with pytest.raises(LocalClusterError, match=r"cluster spring .*: found no kubeconfig \(admin.conf\)"):
        status.show(Starting(), tmp_path / "kubeconfig")


def test_the_curl_command_sends_the_flower_of_the_load_client() -> None:
    line = run.curl(IdleCluster())

    assert json.loads(line.split("-d '")[1].split("'")[0]) == load_client.FLOWER
    assert f"-H 'Host: {run.HOST}'" in line
    assert line.endswith("http://127.0.0.1:8099/api/v1/predict")


def test_one_failed_request_ends_make_up_with_its_reason() -> None:
    report = load_client.Report(requests=100, failed=1, failures=["status 502: bad gateway"])

    with pytest.raises(LocalClusterError, match=r"^1 of 100 requests failed, .*status 502"):
        run.require_unharmed(report)


def test_the_summary_counts_by_version() -> None:
    report = load_client.Report(requests=30, versions={"1.1.0": 20, "1.0.0": 10}, slowest_seconds=0.25)

    assert run.summary(report) == "30 requests, 0 failed (10 by 1.0.0, 20 by 1.1.0; slowest 250 ms)"


def test_the_newest_model_is_found_by_its_card_not_by_its_file_time(tmp_path: Path) -> None:
    days = {"1.9.0": "2026-01-01", "1.2.0": "2026-01-03", "1.10.0": "2026-01-02"}
    for version, day in days.items():
        card = {"version": version, "created": f"{day}T00:00:00Z"}
        (tmp_path / f"model_pipeline_{version}.json").write_text(json.dumps(card))

    assert run_image.newest_version(tmp_path) == "1.2.0"


def test_a_missing_model_is_reported_with_the_command_that_trains_one(tmp_path: Path) -> None:
    with pytest.raises(LocalClusterError, match="no model, expected one from `make training`"):
        run_image.newest_version(tmp_path)


def test_a_version_that_was_never_trained_is_reported_with_the_command_that_trains_it(tmp_path: Path) -> None:
    (tmp_path / "model_pipeline_1.4.0.json").touch()

    assert run_image.existing(tmp_path, "1.4.0") == "1.4.0"
    with pytest.raises(
        LocalClusterError, match=r"1\.5\.0\.json: not found, .*`make training VERSION=1\.5\.0`"
    ):
        run_image.existing(tmp_path, "1.5.0")


def test_commands_that_act_on_a_cluster_take_its_name() -> None:
    parser = cli.parser()

    for command in ("up", "down", "status", "env"):
        assert parser.parse_args([command]).name == environment.DEFAULT_NAME
        assert parser.parse_args([command, "--name", "spring"]).name == "spring"
