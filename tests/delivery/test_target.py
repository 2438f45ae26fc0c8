"""Where `install` goes: what is refused before a cluster was asked, and when it does not answer."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from iris_delivery import __main__ as command
from iris_delivery import target
from iris_delivery.errors import Refused
from iris_local_cluster import loopback

from tests.harness import json_server


def kubeconfig(address: str, authority: str = "") -> dict[str, Any]:
    cluster = {"server": address} | ({"certificate-authority-data": authority} if authority else {})
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "far",
        "clusters": [{"name": "far", "cluster": cluster}],
        "contexts": [{"name": "far", "context": {"cluster": "far", "user": "ada"}}],
        "users": [{"name": "ada", "user": {"token": "t"}}],
    }


@pytest.fixture
def use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a kubeconfig the user's own."""

    def given(content: dict[str, Any]) -> None:
        (tmp_path / "mine").write_text(yaml.safe_dump(content))
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "mine"))

    return given


def closed_port() -> int:
    with loopback.listen(0) as listener:
        return int(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["install"], "kubectl: no current context; kubectl config use-context NAME, or set KUBECONFIG"),
        (["uninstall"], "kubectl: no current context; kubectl config use-context NAME, or set KUBECONFIG"),
        (["install", "--context=moon"], "context moon: not in the kubeconfig; kubectl config use-context"),
    ],
    ids=" ".join,
)
def test_without_a_context_nothing_is_guessed(
    use: Any, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    use({"apiVersion": "v1", "kind": "Config"})

    assert command.main(words) == command.REFUSED
    assert capsys.readouterr().err.startswith(f"iris-delivery: {said}")


def test_a_cluster_of_somebody_else_is_not_even_asked_when_nobody_can_answer_the_question(
    use: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(kubeconfig(f"http://127.0.0.1:{closed_port()}"))

    with Path("/dev/null").open() as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        assert command.main(["install"]) == command.REFUSED

    assert "not made by `make up` in this clone, and no terminal to ask at; --yes" in capsys.readouterr().err


def test_a_cluster_is_ours_by_its_address_and_authority_together(use: Any, tmp_path: Path) -> None:
    made = tmp_path / "clone" / ".local" / "clusters" / "spring" / "kubeconfig"
    made.parent.mkdir(parents=True)
    made.write_text(yaml.safe_dump(kubeconfig("https://127.0.0.1:7443", "Zm9v")))

    found = {}
    for authority in ("Zm9v", "YmFy"):
        use(kubeconfig("https://127.0.0.1:7443", authority))
        found[authority] = target.find(None, tmp_path / "clone").ours

    assert found == {"Zm9v": True, "YmFy": False}


def test_a_cluster_that_does_not_answer_is_refused_in_one_line(use: Any, tmp_path: Path) -> None:
    use(kubeconfig(f"http://127.0.0.1:{closed_port()}"))

    with pytest.raises(
        Refused, match=r"^context far \(http://127.0.0.1:\d+\): no answer: .*refused.*; start"
    ):
        target.find(None, tmp_path).version()


def test_a_cluster_says_which_kubernetes_it_is(use: Any, tmp_path: Path) -> None:
    version = {"major": "1", "minor": "2", "gitVersion": "v1.29.4"}
    with json_server.running(lambda *_: version) as address:
        use(kubeconfig(address))

        assert target.find(None, tmp_path).version() == "v1.29.4"
