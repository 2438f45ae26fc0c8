"""Signs the files of a version: an OpenSSF Model Signing signature by an ECDSA P-256 key. Pure.

A Sigstore bundle v0.3 with a DSSE envelope and an in-toto statement of each file's SHA-256, as the library
`model-signing` writes and verifies it. The model server has its own verifier.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"


def new_key() -> bytes:
    """A new private key in PEM."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def parse_key(content: bytes) -> ec.EllipticCurvePrivateKey:
    """Raises ValueError with what was found, never with the text."""
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        raise ValueError("no private key in PEM, or one with a password") from None
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError(f"a key of another kind ({type(key).__name__})")


def public(key: ec.EllipticCurvePrivateKey) -> str:
    """The public key, for spec.verify."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def bundle(files: Mapping[str, bytes], key: ec.EllipticCurvePrivateKey, *, name: str) -> bytes:
    """The signature of exactly these files."""
    payload = json.dumps(_statement(files, name)).encode()
    message = b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    content = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "publicKey": {"hint": hashlib.sha256(public(key).encode()).hexdigest()},
            "tlogEntries": [],
        },
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [
                {"sig": base64.b64encode(key.sign(message, ec.ECDSA(SHA256()))).decode(), "keyid": ""}
            ],
        },
    }
    return json.dumps(content).encode() + b"\n"


def _statement(files: Mapping[str, bytes], name: str) -> dict[str, object]:
    digests = {file: hashlib.sha256(files[file]) for file in sorted(files)}
    together = hashlib.sha256(b"".join(digest.digest() for digest in digests.values()))
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": together.hexdigest()}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False},
            "resources": [
                {"name": file, "algorithm": "sha256", "digest": digest.hexdigest()}
                for file, digest in digests.items()
            ],
        },
    }
