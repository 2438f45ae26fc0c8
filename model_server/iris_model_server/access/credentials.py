"""The key in the headers of a request. Pure."""

from collections.abc import Iterable
from typing import Final

from iris_model_server import errors
from iris_model_server.errors import Problem

KEY_HEADER: Final = b"x-api-key"
_AUTHORIZATION: Final = b"authorization"
_CHALLENGE: Final = 'Bearer realm="iris"'


def key(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The key. X-Api-Key comes first, because a reload has its token in Authorization."""
    own, bearer = [], []
    for name, value in headers:
        if name == KEY_HEADER:
            own.append(value)
        elif name == _AUTHORIZATION:
            bearer.append(value)
    found = own or bearer
    if len(found) > 1:
        raise refusal(f"{'x-api-key' if own else 'authorization'}: {len(found)} of them, expected one")
    if own:
        return own[0]
    scheme, _, given = found[0].partition(b" ") if found else (b"", b"", b"")
    if scheme.lower() != b"bearer":
        missing = "authorization: no key, expected Bearer and a key, or the key in X-Api-Key"
        raise Problem(errors.NO_KEY, missing, headers={"www-authenticate": _CHALLENGE})
    return given.strip(b" ")


def refusal(detail: str) -> Problem:
    """The answer to a key that is not accepted (RFC 6750 3)."""
    challenge = f'{_CHALLENGE}, error="invalid_token"'
    return Problem(errors.NO_KEY, detail, headers={"www-authenticate": challenge})
