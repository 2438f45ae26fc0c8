"""Training, operator, server and the real `model-signing` agree on signatures, keys and reasons."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from iris_api import reasons
from iris_model_server.errors import ArtifactRefused
from iris_model_server.model import artifact
from iris_model_server.signature import bundle, keys
from iris_operator.children import verify_config_map
from iris_training import __main__ as training

from tests.fakes import sigstore
from tests.model_server import artifacts, signing
from tests.operator import bodies
from tests.operator.test_verify import RELEASE

_PUBLISH = "https://github.com/example/iris/.github/workflows/publish.yaml@refs/heads/main"


def test_the_server_reads_the_keys_that_the_operator_writes() -> None:
    for mode, enforced in (("Enforce", True), ("Warn", False)):
        built = verify_config_map.build(bodies.model(verify={"keys": [RELEASE], "mode": mode}))
        assert built is not None

        read = keys.parse(built["data"][verify_config_map.FILE].encode())

        assert ([key.name for key in read.keys.values()], read.enforced) == (["release"], enforced)


def test_operator_and_server_have_the_same_reasons() -> None:
    found = (bundle.UNSIGNED, bundle.WRONG_KEY, bundle.TAMPERED)

    assert found == (reasons.UNSIGNED, reasons.WRONG_KEY, reasons.TAMPERED)


def test_the_server_and_model_signing_verify_what_training_signs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, key = artifacts.write(tmp_path / "model"), tmp_path / "keys" / "release.pem"

    assert training.main(["new-key", str(key)]) == 0
    key.with_suffix(".pub").write_text(capsys.readouterr().out)
    assert training.main(["sign", "1.4.0", "--key", str(key), "--output", str(folder)]) == 0
    signature = capsys.readouterr().out.strip()

    assert key.stat().st_mode & 0o077 == 0
    verification = keys.read(signing.listed(tmp_path, {"release": key}))
    assert artifact.load(folder, verification=verification).signed_by == "release"
    public = str(key.with_suffix(".pub"))
    options = ("--signature", signature, "--public_key", public, "--ignore-paths", signature)
    signing.model_signing("verify", "key", str(folder), *options)


def _keyless(folder: Path, local: sigstore.Sigstore, *more: str) -> str:
    """Sign or verify with a Sigstore of this machine; the program's output."""
    trust = folder.parent / "trust.json"
    trust.write_text(local.trust_config())
    words = (
        "sigstore",
        str(folder),
        "--signature",
        str(folder / signing.SIGNATURE),
        "--trust_config",
        str(trust),
    )
    return signing.model_signing(more[0], *words, *more[1:])


def _verify(
    folder: Path, local: sigstore.Sigstore, *, identity: str = _PUBLISH, issuer: str = sigstore.ISSUER
) -> str:
    return _keyless(folder, local, "verify", "--identity", identity, "--identity_provider", issuer)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, sigstore.Sigstore]]:
    """A model that a workflow on main signed keyless."""
    folder = artifacts.write(tmp_path / "model")
    with sigstore.running(_PUBLISH) as local:
        for name, value in {"GITHUB_ACTIONS": "true", **local.environment()}.items():
            monkeypatch.setenv(name, value)
        _keyless(folder, local, "sign", "--use_ambient_credentials")
        yield folder, local


@pytest.mark.process
def test_a_keyless_signature_is_verified_and_the_server_serves_what_the_organisation_signs_after_it(
    published: tuple[Path, sigstore.Sigstore], tmp_path: Path
) -> None:
    folder, local = published
    key = signing.new_key(tmp_path, "organisation")
    verification = keys.read(signing.listed(tmp_path, {"organisation": key}))
    with pytest.raises(ArtifactRefused, match=r"WrongKey"):
        artifact.load(folder, verification=verification)

    assert "Verification succeeded" in _verify(folder, local)
    (folder / signing.SIGNATURE).unlink()
    assert training.main(["sign", "1.4.0", "--key", str(key), "--output", str(folder)]) == 0

    assert artifact.load(folder, verification=verification).signed_by == "organisation"


@pytest.mark.process
def test_model_signing_verifies_workflow_issuer_log_and_files_of_a_keyless_signature(
    published: tuple[Path, sigstore.Sigstore],
) -> None:
    folder, local = published
    pull_request = _PUBLISH.replace("heads/main", "pull/7/merge")

    with pytest.raises(AssertionError, match=r"SANs do not match .*pull/7"):
        _verify(folder, local, identity=pull_request)
    with pytest.raises(AssertionError, match=r"OIDCIssuer does not match"):
        _verify(folder, local, issuer="https://issuer.example")
    with sigstore.running(_PUBLISH) as other, pytest.raises(AssertionError, match=r"Verification failed"):
        _verify(folder, other)
    (folder / "model_pipeline_1.4.0.json").write_text("{}")
    with pytest.raises(AssertionError, match=r"Signature mismatch"):
        _verify(folder, local)
