"""A model is served only if a listed key signed exactly its files; `model-signing` makes the signatures."""

import base64
import json
import logging
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
from iris_model_server.errors import ArtifactRefused
from iris_model_server.model import artifact
from iris_model_server.signature import files, keys
from iris_model_server.signature.keys import Verification

from tests.model_server import artifacts, signing
from tests.model_server.conftest import refused
from tests.model_server.tampering import JOBLIB, REFUSED, SIGNED_BUT_ANOTHER_SHAPE, WHERE, edited


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys `release` and `other`; 1.4.0 signed by both, and 1.3.0 by the first."""
    folder = tmp_path_factory.mktemp("signed")
    for name in ("release", "other"):
        key = signing.new_key(folder, name)
        signing.sign(artifacts.write(folder / name), key)
    signing.sign(artifacts.write(folder / "before", "1.3.0"), folder / "release.pem", signature="model.sig")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of 1.4.0 as `release` signed it."""
    return Path(shutil.copytree(made / "release", tmp_path / "model"))


def trusting(made: Path, *names: str, **more: Any) -> Verification:
    return keys.read(signing.listed(made, {name: made / f"{name}.pem" for name in names}, **more))


def refusal(folder: Path, verification: Verification) -> str:
    return refused(folder, verification=verification).replace(str(folder), "FOLDER")


def test_a_model_that_the_key_signed_is_served(folder: Path, made: Path) -> None:
    loaded = artifact.load(folder, "1.4.0", verification=trusting(made, "release"))

    assert (loaded.card.version, loaded.signed_by) == ("1.4.0", "release")


@pytest.mark.parametrize("signer", ["release", "other"])
def test_any_key_of_the_list_suffices_so_that_a_key_can_be_replaced(made: Path, signer: str) -> None:
    loaded = artifact.load(made / signer, verification=trusting(made, "other", "release"))

    assert loaded.signed_by == signer


def test_the_default_name_of_model_signing_is_a_signature_too(made: Path) -> None:
    loaded = artifact.load(made / "before", verification=trusting(made, "release"))

    assert loaded.signed_by == "release"


def test_nothing_is_verified_without_keys(folder: Path) -> None:
    (folder / signing.SIGNATURE).write_bytes(b"")

    assert artifact.load(folder).signed_by == ""


@pytest.mark.parametrize("kind", REFUSED)
def test_a_signature_that_does_not_hold_is_refused_with_its_reason(
    kind: str, folder: Path, made: Path
) -> None:
    change, expected = REFUSED[kind]
    change(folder, made)

    assert refusal(folder, trusting(made, "release")).startswith(f"artifact refused: {expected}")


@pytest.mark.parametrize("kind", SIGNED_BUT_ANOTHER_SHAPE)
def test_a_statement_that_the_server_does_not_read_in_full_is_refused_though_its_key_signed_it(
    kind: str, folder: Path, made: Path
) -> None:
    change, expected = SIGNED_BUT_ANOTHER_SHAPE[kind]
    bundle = json.loads((folder / signing.SIGNATURE).read_text())
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    statement["predicate"]["resources"].sort(key=lambda resource: resource["name"], reverse=True)
    change(statement)
    signing.sign_again(bundle, made / "release.pem", statement)
    (folder / signing.SIGNATURE).write_text(json.dumps(bundle))

    assert refusal(folder, trusting(made, "release")).startswith(
        f"artifact refused: Unsigned: {WHERE}: {expected}"
    )


def test_the_signature_of_another_key_is_refused(made: Path) -> None:
    found = refusal(made / "other", trusting(made, "release"))

    assert found.startswith(f"artifact refused: WrongKey: {WHERE}: the signature of a key with SHA-256 ")
    assert found.endswith("expected the signature of release")


def test_the_hint_of_a_listed_key_does_not_make_another_keys_signature_its_own(
    made: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(made / "other", tmp_path / "model"))
    hint = json.loads((made / "release" / signing.SIGNATURE).read_text())["verificationMaterial"]
    edited(lambda bundle: bundle.update(verificationMaterial=hint))(folder, made)

    assert "Tampered" in refusal(folder, trusting(made, "release"))


@pytest.mark.parametrize(("signer", "expected"), [("release", ""), ("other", "WrongKey")])
def test_a_signature_without_a_hint_is_tried_with_every_key(
    made: Path, tmp_path: Path, signer: str, expected: str
) -> None:
    folder = Path(shutil.copytree(made / signer, tmp_path / "model"))
    edited(lambda bundle: bundle.update(verificationMaterial={"publicKey": {}}))(folder, made)
    verification = trusting(made, "release")

    if expected:
        assert f"artifact refused: {expected}: " in refusal(folder, verification)
    else:
        assert artifact.load(folder, verification=verification).signed_by == "release"


def test_a_poisoned_pickle_with_a_valid_card_executes_nothing_unless_it_is_signed(
    made: Path, tmp_path: Path
) -> None:
    """Card, size and digest all hold, so without keys the pickle is opened."""
    trace = tmp_path / "executed"
    poison = b"cos\nmkdir\n(S'%b'\ntR." % os.fsencode(trace)
    folder = artifacts.write(tmp_path / "model", content=poison, linear=None)

    assert refusal(folder, trusting(made, "release")).startswith("artifact refused: Unsigned: ")
    assert not trace.exists()
    with pytest.raises(ArtifactRefused):
        artifact.load(folder)
    assert trace.is_dir()


def test_the_bytes_that_were_verified_are_used_and_not_read_again(folder: Path, made: Path) -> None:
    verified = files.verify(folder, trusting(made, "release"))
    before = (folder / JOBLIB).read_bytes()
    (folder / JOBLIB).write_bytes(pickle.dumps("changed after it was verified"))

    assert verified.read(JOBLIB) == before


def test_warn_serves_an_unsigned_model_as_nobodys_and_logs_why(
    made: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = artifacts.write(tmp_path / "model")

    with caplog.at_level(logging.WARNING):
        loaded = artifact.load(folder, verification=trusting(made, "release", mode="Warn"))

    assert loaded.signed_by == ""
    assert "artifact refused: Unsigned: " in caplog.text
