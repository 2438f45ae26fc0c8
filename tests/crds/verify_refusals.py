"""Mistakes in the keys that must have signed a model."""

from typing import Any

from tests.crds.refusals import Refusal
from tests.operator.test_verify import PEM, RELEASE


def _keys(*listed: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"verify": {"keys": list(listed), **fields}}


def _key(**fields: Any) -> dict[str, Any]:
    return _keys({**RELEASE, **fields})


_FIRST = "spec.verify.keys[0]"
_P384 = "-----BEGIN PUBLIC KEY-----\nMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE\n-----END PUBLIC KEY-----\n"
_EXPECTED = "expected an ECDSA P-256 public key in PEM"

VERIFY = (
    Refusal("verify without keys", {"verify": {}}, "spec.verify.keys", "Required value"),
    Refusal("no key", _keys(), "spec.verify.keys", "should have at least 1 items"),
    Refusal(
        "9 keys", _keys(*({**RELEASE, "name": f"k{n}"} for n in range(9))), "spec.verify.keys", "at most 8"
    ),
    Refusal("unknown mode", _keys(RELEASE, mode="Off"), "spec.verify.mode", '"Enforce", "Warn"'),
    Refusal("a key without a name", _keys({"publicKey": PEM}), f"{_FIRST}.name", "Required value"),
    Refusal("a key name with a dot", _key(name="a.b"), f"{_FIRST}.name", "expected lower-case letters"),
    Refusal("a name without a key", _keys({"name": "a"}), f"{_FIRST}.publicKey", "Required value"),
    Refusal(
        "a certificate where a key is expected",
        _key(publicKey=PEM.replace("PUBLIC KEY", "CERTIFICATE")),
        f"{_FIRST}.publicKey",
        _EXPECTED,
    ),
    Refusal(
        "a private key where a public key is expected",
        _key(publicKey=PEM.replace("PUBLIC KEY", "PRIVATE KEY")),
        f"{_FIRST}.publicKey",
        _EXPECTED,
    ),
    Refusal("a key of another curve", _key(publicKey=_P384), f"{_FIRST}.publicKey", _EXPECTED),
    Refusal("text behind a public key", _key(publicKey=PEM + "x"), f"{_FIRST}.publicKey", _EXPECTED),
    Refusal(
        "a public key twice",
        _keys(RELEASE, {**RELEASE, "name": "other", "publicKey": PEM.strip()}),
        "spec.verify.keys",
        "the same publicKey twice",
    ),
    Refusal("a name of a key twice", _keys(RELEASE, RELEASE), "spec.verify.keys[1]", "Duplicate value"),
    Refusal("an unknown field of a key", _key(url="x"), f"{_FIRST}.url", "unknown field"),
)
