"""Every change to a signed folder that the server must notice, each with its refusal."""

import base64
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.model_server import signing

WHERE = f"FOLDER/{signing.SIGNATURE}"
CARD, JOBLIB = "model_pipeline_1.4.0.json", "model_pipeline_1.4.0.joblib"


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


def edited(change: Callable[[dict[str, Any]], None]) -> Callable[[Path, Path], None]:
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

    return edited(edit)


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
        edited(lambda bundle: bundle.update(mediaType="bundle/0.2")),
        f"Unsigned: {WHERE}: mediaType: bundle/0.2, expected application/",
    ),
    "another payload type": (
        edited(lambda bundle: bundle["dsseEnvelope"].update(payloadType="text/plain")),
        f"Unsigned: {WHERE}: dsseEnvelope.payloadType: text/plain, expected app",
    ),
    "no signature in it": (
        edited(lambda bundle: bundle["dsseEnvelope"].update(signatures=[])),
        f"Unsigned: {WHERE}: Expected `array` of length",
    ),
    "a certificate in it": (
        edited(lambda bundle: bundle.update(verificationMaterial={"certificate": {"rawBytes": "MIIB"}})),
        f"WrongKey: {WHERE}: a signature without a key (a certificate), expected the ",
    ),
    "another signature": (
        edited(lambda bundle: bundle["dsseEnvelope"]["signatures"][0].update(sig="MEUCIQ==")),
        f"Tampered: {WHERE}: a statement that release did not sign, expected the statement ",
    ),
    "another digest in it": (
        _statement(lambda statement: statement["predicate"]["resources"][0].update(digest="0" * 64)),
        f"Tampered: {WHERE}: a statement that release did not sign, ",
    ),
}  # fmt: skip


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
