"""The public keys that may sign a model, from the file that IRIS_VERIFY_FILE or `--verify-file` names.

A server of an older release ends at the option, so it never serves a model that it cannot verify.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from iris_model_server import key_files

MOST_KEYS: Final = 8
ENFORCE: Final = "Enforce"
_BEGIN: Final = "-----BEGIN PUBLIC KEY-----"
_LABEL: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----")


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One key: ECDSA P-256, PEM."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
    public_key: str


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file. A field of a later release is refused, since it may be a restriction."""

    keys: Annotated[list[Entry], msgspec.Meta(min_length=1, max_length=MOST_KEYS)]
    mode: Literal["Enforce", "Warn"] = ENFORCE


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the list, ready to verify."""

    name: str
    public: Any

    def signed(self, message: bytes, signature: bytes) -> bool:
        # Here, because it takes 0.1 s that the start of a server without keys does not need.
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        try:
            self.public.verify(signature, message, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Verification:
    """The keys of which one must have signed, by fingerprint; not `enforced`: a refusal is only logged."""

    keys: Mapping[str, Key]
    enforced: bool

    @property
    def names(self) -> str:
        return " or ".join(key.name for key in self.keys.values())


def read(path: Path) -> Verification:
    """The keys of the file. Raises ValueError with where, found and expected."""
    expected = f"mode (Enforce or Warn) and keys, 1 to {MOST_KEYS} objects with name and publicKey"
    return key_files.read(path, parse, expected)


def parse(content: bytes) -> Verification:
    """Raises ValueError or msgspec.DecodeError."""
    listed = msgspec.json.decode(content, type=Listed)
    key_files.refuse_twins("name", [entry.name for entry in listed.keys])
    loaded = [_loaded(number, entry) for number, entry in enumerate(listed.keys)]
    key_files.refuse_twins("publicKey", [fingerprint for fingerprint, _ in loaded])
    return Verification(dict(loaded), listed.mode == ENFORCE)


def _loaded(number: int, entry: Entry) -> tuple[str, Key]:
    """The key and its fingerprint: the SHA-256 of its PEM, as in a bundle's hint."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    try:
        public = _p256(entry.public_key)
    except ValueError as error:
        expected = f"an ECDSA P-256 public key in PEM, which begins with {_BEGIN}"
        where = f"keys[{number}].publicKey ({entry.name})"
        raise ValueError(f"{where}: found {error}, expected {expected}") from error
    text = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(text).hexdigest(), Key(entry.name, public)


def _p256(text: str) -> Any:
    """The key; raises ValueError with what was found, never with the text: it may be a private key."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    label = _LABEL.match(text.strip())
    if label is None or label[1] != "PUBLIC KEY":
        raise ValueError(label[1] if label else "other text")
    try:
        public = serialization.load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("a key that cannot be read") from None
    curve = getattr(public, "curve", None)
    if isinstance(curve, ec.SECP256R1):
        return public
    raise ValueError(curve.name if curve else type(public).__name__)
