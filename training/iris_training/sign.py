"""The commands that make a key and sign a version. Writes only through export."""

from pathlib import Path

from iris_training import export, names
from iris_training.errors import Invalid
from iris_training.export import Disk


def new_key(path: Path) -> str:
    """Write a new private key, never over another file; the public key."""
    from iris_training import signature  # noqa: PLC0415  # 0.1 s that training does not need

    content = signature.new_key()
    export.save_key(path, content)
    return signature.public(signature.parse_key(content))


def sign(version: str, key: Path, folder: Path, disk: Disk) -> Path:
    """Sign the card and the joblib of a version; the path of the signature."""
    from iris_training import signature  # noqa: PLC0415

    named = names.build(version)
    files = {name: _bytes(folder / name, "a trained version") for name in (named.card, named.joblib)}
    try:
        private = signature.parse_key(_bytes(key, "a private key"))
    except ValueError as error:
        raise Invalid(key, str(error), "an ECDSA P-256 key (iris-training new-key)") from error
    made = signature.bundle(files, private, name=f"iris-{version}")
    export.save_data(folder / named.signature, made, disk)
    return folder / named.signature


def _bytes(path: Path, expected: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid(path, error.strerror or str(error), expected) from error
