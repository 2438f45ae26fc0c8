"""Signed artifact folders: keys of a test, and signatures by the real `model-signing`, never by our code."""

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

SIGNATURE: Final = "model_pipeline_1.4.0.sig"
_PROGRAM: Final = Path(sys.executable).parent / "model_signing"


def new_key(folder: Path, name: str) -> Path:
    """A private key in a file, and the public one beside it (.pub)."""
    key = ec.generate_private_key(ec.SECP256R1())
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    path.with_suffix(".pub").write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return path


def sign(folder: Path, key: Path, *, signature: str = SIGNATURE) -> Path:
    """Sign what is in the folder."""
    model_signing(
        "sign", "key", str(folder), "--signature", str(folder / signature), "--private_key", str(key)
    )
    return folder


def sign_again(bundle: dict[str, Any], key: Path, statement: Any) -> None:
    """Put another statement into a bundle, with a signature that holds."""
    payload = json.dumps(statement).encode()
    message = b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(payload), payload)
    private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    envelope = bundle["dsseEnvelope"]
    envelope["payload"] = base64.b64encode(payload).decode()
    envelope["signatures"][0]["sig"] = base64.b64encode(private.sign(message, ec.ECDSA(SHA256()))).decode()


def model_signing(*arguments: str) -> str:
    """The output of the real program; an exit code but 0 fails the test."""
    ended = subprocess.run(
        [str(_PROGRAM), *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def listed(folder: Path, keys: Mapping[str, Path], **more: Any) -> Path:
    """The file for --verify-file."""
    path = folder / "verify.json"
    entries = [{"name": name, "publicKey": key.with_suffix(".pub").read_text()} for name, key in keys.items()]
    path.write_text(json.dumps({"keys": entries, **more}))
    return path
