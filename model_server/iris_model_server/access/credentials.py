"""The key in the headers of a request. Pure."""

from collections.abc import Collection, Mapping
from typing import Final

from iris_model_server import errors
from iris_model_server.errors import Problem

KEY_HEADER: Final = b"x-api-key"
AUTHORIZATION: Final = b"authorization"
# As most clients write it.
BEARER: Final = b"Bearer "
_CHALLENGE: Final = 'Bearer realm="iris"'

Header = tuple[bytes, bytes]


def key(headers: Collection[Header], by_name: Mapping[bytes, bytes]) -> bytes:
    """The key. X-Api-Key comes first, because a reload has its token in Authorization."""
    name = KEY_HEADER if KEY_HEADER in by_name else AUTHORIZATION
    if len(by_name) < len(headers) and (several := sum(name == one for one, _ in headers)) > 1:
        raise refusal(f"{name.decode('ascii')}: {several} of them, expected one")
    if name == KEY_HEADER:
        return by_name[name]
    scheme, _, given = by_name.get(name, b"").partition(b" ")
    if scheme.lower() != b"bearer":
        missing = "authorization: no key, expected Bearer and a key, or the key in X-Api-Key"
        raise Problem(errors.NO_KEY, missing, headers={"www-authenticate": _CHALLENGE})
    return given.strip(b" ")


def refusal(detail: str) -> Problem:
    """The answer to a key that is not accepted (RFC 6750 3)."""
    challenge = f'{_CHALLENGE}, error="invalid_token"'
    return Problem(errors.NO_KEY, detail, headers={"www-authenticate": challenge})
