"""The list of public keys: what is not a key or not a list is refused, and never printed."""

import json
from pathlib import Path

import pytest
from iris_model_server.signature import keys

from tests.model_server import signing

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


def test_a_key_twice_is_refused(tmp_path: Path) -> None:
    key = signing.new_key(tmp_path, "release")

    with pytest.raises(ValueError, match="the same publicKey twice"):
        keys.read(signing.listed(tmp_path, {"a": key, "b": key}))
