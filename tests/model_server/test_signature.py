"""A model is served only if a listed key signed exactly its files; `model-signing` makes the signatures."""

import base64
import json
import logging
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from iris_model_server.errors import ArtifactRefused
from iris_model_server.model import artifact
from iris_model_server.signature import files, keys
from iris_model_server.signature.keys import Verification

from tests.model_server import artifacts, signing

WHERE = f"FOLDER/{signing.SIGNATURE}"
CARD, JOBLIB = "model_pipeline_1.4.0.json", "model_pipeline_1.4.0.joblib"


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
    with pytest.raises(ArtifactRefused) as caught:
        artifact.load(folder, verification=verification)
    line = str(caught.value)
    assert "\n" not in line
    return line.replace(str(folder), "FOLDER")


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


def _change(name: str) -> Callable[[Path, Path], None]:
    def change(folder: Path, _: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

    return change


def _write(name: str, content: bytes) -> Callable[[Path, Path], None]:
    def write(folder: Path, _: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)

    return write


def _of_another_version(folder: Path, made: Path) -> None:
    shutil.copy(made / "before" / "model.sig", folder / signing.SIGNATURE)


def _linked(folder: Path, _: Path) -> None:
    (folder / JOBLIB).rename(folder.parent / "elsewhere")
    (folder / JOBLIB).symlink_to(folder.parent / "elsewhere")


def _linked_folder(folder: Path, made: Path) -> None:
    (folder / "more").symlink_to(made)


def _pipe(folder: Path, _: Path) -> None:
    (folder / JOBLIB).unlink()
    os.mkfifo(folder / JOBLIB)


def _no_utf8(folder: Path, _: Path) -> None:
    (folder / os.fsdecode(b"\xff\n")).write_bytes(b"")


def _bundle(change: Callable[[dict[str, Any]], None]) -> Callable[[Path, Path], None]:
    def write(folder: Path, _: Path) -> None:
        bundle = json.loads((folder / signing.SIGNATURE).read_text())
        change(bundle)
        (folder / signing.SIGNATURE).write_text(json.dumps(bundle))

    return write


def _statement(change: Callable[[dict[str, Any]], None]) -> Callable[[Path, Path], None]:
    def edit(bundle: dict[str, Any]) -> None:
        statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
        change(statement)
        bundle["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()

    return _bundle(edit)


def _emptied(folder: Path, _: Path) -> None:
    """As where a container runtime mounts an image empty."""
    for path in folder.iterdir():
        path.unlink()


REFUSED: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    "one byte of the card": (_change(CARD), f"Tampered: FOLDER/{CARD}: sha256: "),
    "one byte of the joblib": (_change(JOBLIB), f"Tampered: FOLDER/{JOBLIB}: sha256: "),
    "a file extra": (_write("extra.py", b""), "Tampered: FOLDER: 'extra.py', which is not signed, "),
    "a file extra in a folder": (_write("a/b", b""), "Tampered: FOLDER: 'a/b', which is not signed, "),
    "a file of Git extra": (_write(".gitignore", b""), "Tampered: FOLDER: '.gitignore', which is"),
    "a name that is not UTF-8": (_no_utf8, r"Tampered: FOLDER: '\udcff\n', which is not signed, "),
    "a file missing": (
        lambda folder, _: (folder / JOBLIB).unlink(),
        f"Tampered: FOLDER: no '{JOBLIB}', expected every signed file",
    ),
    "a link to a file": (_linked, f"Tampered: FOLDER/{JOBLIB}: a symbolic link, expected a readable regular"),
    "a link to a folder": (_linked_folder, "Tampered: FOLDER: 'more', which is not signed, "),
    "a pipe": (_pipe, f"Tampered: FOLDER/{JOBLIB}: another kind of file, expected a readable regular file"),
    "another version's": (_of_another_version, f"Tampered: FOLDER: '{JOBLIB}', which is not signed, "),
    "two signatures": (_write("model.sig", b""), "Tampered: FOLDER: 2 signatures, expected one, "),
    "none": (
        lambda folder, _: (folder / signing.SIGNATURE).unlink(),
        "Unsigned: FOLDER: no signature, expected one file that ends with .sig, the signature of release",
    ),
    "nothing at all": (_emptied, "FOLDER: an empty folder, expected a model with its signature"),
    "empty": (_write(signing.SIGNATURE, b""), f"Unsigned: {WHERE}: an empty file, expected a "),
    "of 10 MB": (
        _write(signing.SIGNATURE, b" " * 10_000_000),
        f"Unsigned: {WHERE}: more than 1048576 bytes, expected ",
    ),
    "nested deeply": (_write(signing.SIGNATURE, b'{"mediaType":' + b"[" * 100_000), "Unsigned: FOLDER/"),
    "not JSON": (_write(signing.SIGNATURE, b"-----BEGIN CERTIFICATE-----"), "Unsigned: FOLDER/"),
    "another media type": (
        _bundle(lambda bundle: bundle.update(mediaType="bundle/0.2")),
        f"Unsigned: {WHERE}: mediaType: bundle/0.2, expected application/",
    ),
    "another payload type": (
        _bundle(lambda bundle: bundle["dsseEnvelope"].update(payloadType="text/plain")),
        f"Unsigned: {WHERE}: dsseEnvelope.payloadType: text/plain, expected app",
    ),
    "no signature in it": (
        _bundle(lambda bundle: bundle["dsseEnvelope"].update(signatures=[])),
        f"Unsigned: {WHERE}: Expected `array` of length",
    ),
    "a certificate in it": (
        _bundle(lambda bundle: bundle.update(verificationMaterial={"certificate": {"rawBytes": "MIIB"}})),
        f"WrongKey: {WHERE}: a signature without a key (a certificate), expected the ",
    ),
    "another signature": (
        _bundle(lambda bundle: bundle["dsseEnvelope"]["signatures"][0].update(sig="MEUCIQ==")),
        f"Tampered: {WHERE}: a statement that release did not sign, expected the statement ",
    ),
    "another digest in it": (
        _statement(lambda statement: statement["predicate"]["resources"][0].update(digest="0" * 64)),
        f"Tampered: {WHERE}: a statement that release did not sign, ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_a_signature_that_does_not_hold_is_refused_with_its_reason(
    kind: str, folder: Path, made: Path
) -> None:
    change, expected = REFUSED[kind]
    change(folder, made)

    assert refusal(folder, trusting(made, "release")).startswith(f"artifact refused: {expected}")


SIGNED_BUT_ANOTHER_SHAPE: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "statement type": (
        lambda signed: signed.update(_type="other"),
        "_type: other, expected https://in-toto.io",
    ),
    "predicate": (
        lambda signed: signed.update(predicateType="other"),
        "predicateType: other, expected https://",
    ),
    "shards": (
        lambda signed: signed["predicate"]["serialization"].update(method="shards"),
        "predicate.serialization.method: shards, expected files",
    ),
    "hash": (
        lambda signed: signed["predicate"]["serialization"].update(hash_type="blake3"),
        "predicate.serialization.hash_type: blake3, expected sha256",
    ),
    "hash of a file": (
        lambda signed: signed["predicate"]["resources"][0].update(algorithm="blake3"),
        f"'{CARD}': algorithm: blake3, expected sha256",
    ),
    "subject": (lambda signed: signed["subject"][0].update(digest={"sha256": "0"}), "subject: 0, expected "),
    "two subjects": (
        lambda signed: signed["subject"].append(signed["subject"][0]),
        "Expected `array` of length",
    ),
    "a name twice": (
        lambda signed: signed["predicate"]["resources"].append(signed["predicate"]["resources"][0]),
        "resources: a name twice, expected names that differ",
    ),
}


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
    _bundle(lambda bundle: bundle.update(verificationMaterial=hint))(folder, made)

    assert "Tampered" in refusal(folder, trusting(made, "release"))


@pytest.mark.parametrize(("signer", "expected"), [("release", ""), ("other", "WrongKey")])
def test_a_signature_without_a_hint_is_tried_with_every_key(
    made: Path, tmp_path: Path, signer: str, expected: str
) -> None:
    folder = Path(shutil.copytree(made / signer, tmp_path / "model"))
    _bundle(lambda bundle: bundle.update(verificationMaterial={"publicKey": {}}))(folder, made)
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


CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("public", "found"),
    [
        (CERTIFICATE, "found CERTIFICATE, expected an ECDSA P-256 public key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n", "found PRIVATE KEY, expected"),
        ("-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n", "found a key that cannot be read, "),
        ("", "found other text, expected"),
    ],
    ids=["certificate", "private key", "broken", "empty"],
)
def test_what_is_not_a_public_key_is_refused_and_never_printed(
    tmp_path: Path, public: str, found: str
) -> None:
    path = tmp_path / "verify.json"
    path.write_text(json.dumps({"keys": [{"name": "release", "publicKey": public}]}))

    with pytest.raises(ValueError, match=r"keys\[0\]\.publicKey \(release\): " + found) as refused:
        keys.read(path)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"keys": []}', '{"keys": [], "mode": "Off"}', '{"keys": [], "later": 1}'],
)
def test_a_list_that_is_not_one_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "verify.json"
    path.write_text(content)

    with pytest.raises(ValueError, match="expected mode"):
        keys.read(path)


def test_a_key_twice_is_refused(made: Path) -> None:
    with pytest.raises(ValueError, match="the same publicKey twice"):
        keys.read(signing.listed(made, {"a": made / "release.pem", "b": made / "release.pem"}))
