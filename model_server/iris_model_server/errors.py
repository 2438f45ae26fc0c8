"""Every error that a client can get, with its status (RFC 9457).

Errors are raised anywhere and translated only here. Independent of the web framework.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from iris_model_server.schemas import Fault, ProblemDetails
from iris_model_server.standard_schemas import StandardError

MEDIA_TYPE: Final = "application/problem+json"
STANDARD_PATHS: Final = ("/v1/", "/v2")
TYPE_PREFIX: Final = "urn:iris-model-server:problem:"


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table: name, status and title; the cure is for the reference."""

    name: str
    status: int
    title: str
    cure: str = ""


NOT_HTTP: Final = Kind(
    "not-http",
    400,
    "The request is not HTTP",
    "send an HTTP/1.1 request with one valid `Host`; HTTPS sent to an HTTP port is the usual cause",
)
BODY_CODING: Final = Kind(
    "content-coding",
    400,
    "The body is not in its Content-Encoding",
    "send a whole body in the coding that `Content-Encoding` names, without bytes after its end",
)
MALFORMED: Final = Kind(
    "malformed-json",
    400,
    "The body is not JSON",
    "correct the JSON at the position in the detail; send UTF-8 without a byte order mark",
)
NO_KEY: Final = Kind(
    "wrong-key",
    401,
    "The key is missing or not accepted",
    "send `Authorization: Bearer` or `X-Api-Key` with a key of this model; read the detail",
)
UNAUTHORIZED: Final = Kind(
    "wrong-token",
    401,
    "The token is missing or wrong",
    "send `Authorization: Bearer` with the value of `IRIS_RELOAD_TOKEN`",
)
RELOAD_OFF: Final = Kind(
    "reload-off", 403, "Reloading is disabled", "start the server with `IRIS_RELOAD_TOKEN`"
)
NOT_FOUND: Final = Kind(
    "not-found",
    404,
    "No resource at this path",
    "use a path that `/docs` lists; a trailing slash makes another path",
)
METHOD: Final = Kind(
    "method-not-allowed",
    405,
    "This path does not allow this method",
    "use a method that the `Allow` header lists",
)
TOO_SLOW: Final = Kind(
    "too-slow",
    408,
    "The request took too long to arrive",
    "send the request without pauses, or raise `IRIS_HEAD_SECONDS` or `IRIS_BODY_SECONDS`",
)
REFUSED: Final = Kind(
    "artifact-refused",
    409,
    "The artifact was refused; the previous model keeps serving",
    "read the detail and train or copy the artifact again; the present model keeps serving",
)
TOO_LARGE: Final = Kind(
    "too-large",
    413,
    "The request is too large",
    "send fewer rows, or raise `IRIS_MAX_BODY_BYTES` or `IRIS_MAX_BATCH_ROWS`",
)
MEDIA: Final = Kind(
    "unsupported-media-type",
    415,
    "The body must be application/json",
    "send `Content-Type: application/json` (curl's `-d` alone does not), uncompressed, in gzip or in deflate",
)
HEAD_TOO_LARGE: Final = Kind(
    "head-too-large",
    431,
    "The request head is too large",
    "send fewer or shorter headers, trailers or chunk extensions, or raise `IRIS_MAX_HEAD_BYTES`",
)
INVALID: Final = Kind(
    "invalid-input",
    422,
    "The input is not valid",
    "correct the fields that `errors` lists, with what was found and expected (up to 20)",
)
OVER_RATE: Final = Kind(
    "too-many-requests",
    429,
    "Too many requests with this key",
    "retry after `Retry-After`, or raise `requestsPerSecond` of this client",
)
INTERNAL: Final = Kind(
    "internal-error",
    500,
    "The server failed",
    "report this bug: the log has the stack trace under the same request id",
)
CODING: Final = Kind(
    "transfer-coding",
    501,
    "The transfer coding is not supported",
    "send `Transfer-Encoding: chunked` or a `Content-Length`",
)
OVERLOADED: Final = Kind(
    "overloaded",
    503,
    "The server is overloaded",
    "retry after `Retry-After`, add replicas, or raise `IRIS_MAX_WAITING` or `IRIS_MAX_WAITING_SECONDS`",
)
NOT_READY: Final = Kind(
    "not-ready",
    503,
    "The server is not ready",
    "retry after `Retry-After`: there is no model yet, or the server is draining",
)
VERSION: Final = Kind("http-version", 505, "The HTTP version is not supported", "send HTTP/1.1")

KINDS: Final = tuple(kind for kind in globals().values() if isinstance(kind, Kind))
_BY_STATUS: Final = {kind.status: kind for kind in KINDS}


class Problem(Exception):  # noqa: N818 - an answer, not a fault of ours
    """An error answer: its kind gives the status, its detail what was found and expected."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})


def invalid(where: str, found: object, expected: str) -> Problem:
    """What is wrong with an input."""
    return Problem(INVALID, f"{where}: {one_line(found)}, expected {expected}")


class ArtifactRefused(Exception):  # noqa: N818 - an outcome, named as the operator names it
    """The artifact breaks its contract. The message: where, what was found, what was expected."""

    def __init__(self, where: object, found: object, expected: object) -> None:
        super().__init__(f"artifact refused: {where}: {one_line(found)}, expected {one_line(expected)}")


class SignatureRefused(ArtifactRefused):
    """The artifact is not signed as it must be. The message begins with the reason, for the operator."""

    def __init__(self, reason: str, where: object, found: object, expected: object) -> None:
        super().__init__(f"{reason}: {where}", found, expected)


def counted(number: int, noun: str, plural: str = "") -> str:
    """A count for a message: 1 row, 2 rows, 3 entries."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def one_line(value: object) -> str:
    """Text on one log line, whatever a file or an exception contains."""
    text = " ".join(str(value).split())
    return text if len(text) <= 300 else f"{text[:297]}..."


def from_status(status: int, detail: str) -> Problem:
    """A problem for a status that the framework chose."""
    kind = _BY_STATUS.get(status) or Kind(f"status-{status}", status, HTTPStatus(status).phrase)
    return Problem(kind, detail)


class Refusal(NamedTuple):
    """An error as it is sent."""

    status: int
    media_type: str
    content: bytes


def refusal(problem: Problem, request_id: str, path: str) -> Refusal:
    """The error in the format of the path's protocol: the standard protocols have their own."""
    if path.startswith(STANDARD_PATHS):
        content = msgspec.json.encode(StandardError(problem.detail))
        # The standard protocols have no 422: an invalid input is a 400.
        status = MALFORMED.status if problem.kind is INVALID else problem.kind.status
        return Refusal(status, "application/json", content)
    return Refusal(problem.kind.status, MEDIA_TYPE, body(problem, request_id))


def body(problem: Problem, request_id: str) -> bytes:
    """The problem details document."""
    return msgspec.json.encode(
        ProblemDetails(
            type=TYPE_PREFIX + problem.kind.name,
            title=problem.kind.title,
            status=problem.kind.status,
            detail=problem.detail,
            request_id=request_id,
            errors=problem.faults,
        )
    )
