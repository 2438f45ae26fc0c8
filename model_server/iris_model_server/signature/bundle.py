"""A signature as OpenSSF Model Signing writes it: bytes in, the signed digests of files out. Pure.

Nothing of the statement is used before one of the keys has verified its bytes. Only what a key signs is read:
a bundle with a certificate (keyless) is refused, and so is any method but SHA-256 of whole files.
"""

import hashlib
from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any, Final

import msgspec

from iris_model_server.errors import SignatureRefused
from iris_model_server.signature.keys import Key, Verification

UNSIGNED: Final = "Unsigned"
WRONG_KEY: Final = "WrongKey"
TAMPERED: Final = "Tampered"

MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://model_signing/signature/v1.0"
_EXPECTED: Final = "a Sigstore bundle v0.3 as model-signing 1.x writes it"


class _Named(msgspec.Struct, frozen=True, rename="camel"):
    pass


class _PublicKey(_Named, frozen=True):
    hint: str | None = None


class _Material(_Named, frozen=True):
    public_key: _PublicKey | None = None


class _Signature(_Named, frozen=True):
    sig: bytes


class _Envelope(_Named, frozen=True):
    payload: bytes
    payload_type: str
    # The format has exactly one.
    signatures: Annotated[list[_Signature], msgspec.Meta(min_length=1, max_length=1)]


class _Bundle(_Named, frozen=True):
    media_type: str
    verification_material: _Material
    dsse_envelope: _Envelope


class _Subject(_Named, frozen=True):
    digest: dict[str, str]


class _Serialization(msgspec.Struct, frozen=True):
    method: str
    hash_type: str


class _Resource(_Named, frozen=True):
    name: str
    algorithm: str
    digest: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class _Predicate(_Named, frozen=True):
    serialization: _Serialization
    resources: list[_Resource]


class _Statement(_Named, frozen=True):
    type: str = msgspec.field(name="_type")
    subject: Annotated[list[_Subject], msgspec.Meta(min_length=1, max_length=1)]
    predicate_type: str
    predicate: _Predicate


def verify(content: bytes, verification: Verification, where: PurePath) -> tuple[str, Mapping[str, str]]:
    """The name of the key that signed, and the SHA-256 of each file by name. Raises SignatureRefused."""
    bundle = _decoded(content, _Bundle, where)
    envelope = bundle.dsse_envelope
    for field, found, expected in (
        ("mediaType", bundle.media_type, MEDIA_TYPE),
        ("dsseEnvelope.payloadType", envelope.payload_type, PAYLOAD_TYPE),
    ):
        _require(f"{where}: {field}", found, expected)
    key = _signer(bundle, verification, where)
    return key.name, _digests(_decoded(envelope.payload, _Statement, where), where)


def _decoded(content: bytes, kind: Any, where: PurePath) -> Any:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        found = error if content else "an empty file"
        raise SignatureRefused(UNSIGNED, where, found, _EXPECTED) from error


def _require(where: str, found: object, expected: str) -> None:
    if found != expected:
        raise SignatureRefused(UNSIGNED, where, found, expected)


def _signer(bundle: _Bundle, verification: Verification, where: PurePath) -> Key:
    """The key of the list that signed."""
    expected = f"the signature of {verification.names}"
    material = bundle.verification_material.public_key
    if material is None:
        raise SignatureRefused(WRONG_KEY, where, "a signature without a key (a certificate)", expected)
    hint = material.hint
    if hint and hint not in verification.keys:
        raise SignatureRefused(WRONG_KEY, where, f"the signature of a key with SHA-256 {hint}", expected)
    envelope = bundle.dsse_envelope
    message = b"DSSEv1 %d %b %d %b" % (
        len(PAYLOAD_TYPE),
        PAYLOAD_TYPE.encode(),
        len(envelope.payload),
        envelope.payload,
    )
    for key in [verification.keys[hint]] if hint else verification.keys.values():
        if key.signed(message, envelope.signatures[0].sig):
            return key
    if hint:
        found = f"a statement that {verification.keys[hint].name} did not sign"
        raise SignatureRefused(TAMPERED, where, found, "the statement as it was signed")
    raise SignatureRefused(WRONG_KEY, where, "the signature of another key", expected)


def _digests(statement: _Statement, where: PurePath) -> Mapping[str, str]:
    predicate = statement.predicate
    for field, found, expected in (
        ("_type", statement.type, STATEMENT_TYPE),
        ("predicateType", statement.predicate_type, PREDICATE_TYPE),
        ("predicate.serialization.method", predicate.serialization.method, "files"),
        ("predicate.serialization.hash_type", predicate.serialization.hash_type, "sha256"),
    ):
        _require(f"{where}: {field}", found, expected)
    for resource in predicate.resources:
        _require(f"{where}: {resource.name!a}: algorithm", resource.algorithm, "sha256")
    digests = {resource.name: resource.digest for resource in predicate.resources}
    if len(digests) < len(predicate.resources):
        raise SignatureRefused(UNSIGNED, f"{where}: resources", "a name twice", "names that differ")
    # The subject is what other documents name the model by.
    together = hashlib.sha256(b"".join(bytes.fromhex(resource.digest) for resource in predicate.resources))
    _require(f"{where}: subject", statement.subject[0].digest.get("sha256"), together.hexdigest())
    return digests
