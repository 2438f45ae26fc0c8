"""Mistakes in the list of access keys."""

from typing import Any

from tests.crds.refusals import Refusal

_DIGEST = "a" * 64
_KEY = "iris_" + "0" * 49


def _keys(*listed: dict[str, Any]) -> dict[str, Any]:
    return {"access": {"keys": list(listed)}}


def _key(**fields: Any) -> dict[str, Any]:
    return _keys({"name": "shop", "sha256": _DIGEST, **fields})


_MANY = [{"name": f"shop-{number}", "sha256": f"{number:064x}"} for number in range(33)]
_FIRST = "spec.access.keys[0]"

ACCESS = (
    Refusal("access without a list", {"access": {}}, "spec.access.keys", "Required value"),
    Refusal("33 keys", _keys(*_MANY), "spec.access.keys", "must have at most 32 items"),
    Refusal("no digest", _keys({"name": "shop"}), f"{_FIRST}.sha256", "Required value"),
    Refusal("no name", _keys({"sha256": _DIGEST}), f"{_FIRST}.name", "Required value"),
    Refusal("the key itself", _key(sha256=_KEY), f"{_FIRST}.sha256", "expected the SHA-256 of a key"),
    Refusal("digest in capitals", _key(sha256="A" * 64), f"{_FIRST}.sha256", "expected the SHA-256 of a key"),
    Refusal(
        "digest of 63 digits", _key(sha256="a" * 63), f"{_FIRST}.sha256", "expected the SHA-256 of a key"
    ),
    Refusal("a name with a dot", _key(name="shop.eu"), f"{_FIRST}.name", "expected lower-case letters"),
    Refusal(
        "a name twice",
        _keys({"name": "shop", "sha256": _DIGEST}, {"name": "shop", "sha256": "b" * 64}),
        "spec.access.keys[1]",
        "Duplicate value",
    ),
    Refusal(
        "a digest twice",
        _keys({"name": "shop", "sha256": _DIGEST}, {"name": "cart", "sha256": _DIGEST}),
        "spec.access.keys",
        "the same sha256 twice",
    ),
    Refusal("a rate of 0", _key(requestsPerSecond=0), f"{_FIRST}.requestsPerSecond", "or equal to 1"),
    Refusal(
        "a rate in words", _key(requestsPerSecond="50"), f"{_FIRST}.requestsPerSecond", "of type integer"
    ),
    Refusal("a date alone", _key(notAfter="2027-01-31"), f"{_FIRST}.notAfter", "expected a moment in UTC"),
    Refusal(
        "a moment without a zone",
        _key(notAfter="2027-01-31T00:00:00"),
        f"{_FIRST}.notAfter",
        "in UTC, such as",
    ),
    Refusal(
        "a day that no calendar has",
        _key(notAfter="2027-02-30T00:00:00Z"),
        f"{_FIRST}.notAfter",
        "the calendar has",
    ),
    Refusal("a field that does not exist", _key(routes=["/"]), f"{_FIRST}.routes", "unknown field"),
    Refusal(
        "keys without a network policy",
        _key() | {"networkPolicy": {"enabled": False}},
        "spec.access",
        "found keys while networkPolicy.enabled is false",
    ),
)
