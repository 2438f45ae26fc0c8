"""The commands that make a key and sign a version: refusals in one line, and nothing written over."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from iris_training import __main__ as command

from tests.model_server import artifacts


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, password: bytes = b"") -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Version 1.4.0 in artifacts, and some files that are no key of the kind that signs."""
    monkeypatch.chdir(tmp_path)
    artifacts.write(tmp_path / "artifacts")
    (tmp_path / "text.pem").write_text("secret")
    (tmp_path / "p384.pem").write_bytes(pem(ec.generate_private_key(ec.SECP384R1())))
    (tmp_path / "locked.pem").write_bytes(pem(ec.generate_private_key(ec.SECP256R1()), b"password"))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["sign", "1.4.0"], "the following arguments are required: --key"),
        (["sign", "a/b", "--key", "text.pem"], "--version: found 'a/b'"),
        (["sign", "1.5.0", "--key", "text.pem"], "artifacts/model_pipeline_1.5.0.json: found No such file"),
        (["sign", "1.4.0", "--key", "none.pem"], "none.pem: found No such file or directory"),
        (["sign", "1.4.0", "--key", "text.pem"], "text.pem: found no private key in PEM"),
        (["sign", "1.4.0", "--key", "p384.pem"], "p384.pem: found a key of another kind"),
        (["sign", "1.4.0", "--key", "locked.pem"], "locked.pem: found no private key in PEM, or one with a "),
        (["new-key", "text.pem"], "text.pem: found File exists"),
    ],
)
def test_what_cannot_sign_is_refused_in_one_line_and_writes_nothing(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str], found: str
) -> None:
    before = sorted(home.rglob("*"))

    code = command.main(words)

    shown = capsys.readouterr()
    assert (code, shown.out) == (2, "")
    assert shown.err.count("\n") == 1
    assert found in shown.err
    assert "secret" not in shown.err
    assert sorted(home.rglob("*")) == before
    assert (home / "text.pem").read_text() == "secret"


def test_a_version_is_signed_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["new-key", "key.pem"]) == 0
    words = ["sign", "1.4.0", "--key", "key.pem"]
    assert command.main(words) == 0
    signature = (home / "artifacts" / "model_pipeline_1.4.0.sig").read_bytes()

    assert command.main(words) == 2
    assert "a file already there" in capsys.readouterr().err
    assert (home / "artifacts" / "model_pipeline_1.4.0.sig").read_bytes() == signature
