"""Training, operator, server and the real `model-signing` agree on signatures, keys and reasons."""

from pathlib import Path

import pytest
from iris_api import reasons
from iris_model_server.model import artifact
from iris_model_server.signature import bundle, keys
from iris_operator.children import verify_config_map
from iris_training import __main__ as training

from tests.model_server import artifacts, signing
from tests.operator import bodies
from tests.operator.test_verify import RELEASE


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
