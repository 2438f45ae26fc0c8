"""Raw requests with what RFC 9110 and RFC 9112 demand of their answers."""

import gzip

import pytest

from tests.model_server.connections import BODY, LIVE, message

PREDICT = "POST /api/v1/predict HTTP/1.1"
HOST = "host: iris"
JSON = "content-type: application/json"
LAST = LIVE.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
LENGTH = f"content-length: {len(BODY)}"
CHUNKED = "transfer-encoding: chunked"
CHUNKS = b"%x\r\n%b\r\n0\r\n" % (len(BODY), BODY)


def predict(*headers: str) -> bytes:
    return message(PREDICT, *headers, JSON, LENGTH)


# Each is followed by LAST, a good request, which is answered where the connection may stay open.
BY_THE_BOOK = [
    # RFC 9112 3.2: one valid Host, which may be empty; HTTP/1.0 needs none.
    pytest.param(predict(), [400], id="no Host"),
    pytest.param(message("GET /livez HTTP/1.1", body=b""), [400], id="GET without Host"),
    pytest.param(predict(HOST, HOST), [400], id="two equal Hosts"),
    pytest.param(predict(HOST, "host: other"), [400], id="two Hosts"),
    pytest.param(predict("host: iris/x"), [400], id="Host with a path"),
    pytest.param(predict("host: a b"), [400], id="Host with a space"),
    pytest.param(predict("host: user@iris"), [400], id="Host with a user"),
    pytest.param(predict("host: iris:http"), [400], id="Host with a port that is no number"),
    pytest.param(predict("host: \xe9"), [400], id="Host that is not ASCII"),
    pytest.param(predict("host:"), [200, 200], id="empty Host"),
    pytest.param(predict("host: iris.example:8000"), [200, 200], id="Host with a port"),
    pytest.param(predict("host: [::1]:8000"), [200, 200], id="Host with an IPv6 address"),
    pytest.param(message("GET /livez HTTP/1.0", body=b""), [200], id="HTTP/1.0 without Host"),
    # RFC 9110 2.5 and 15.6.6: another major version is refused.
    pytest.param(message("GET /livez HTTP/2.0", HOST, body=b""), [505], id="HTTP/2.0"),
    pytest.param(message("GET /livez", body=b""), [505], id="no version"),
    # RFC 9112 6.1: only codings that are understood, and none from HTTP/1.0.
    pytest.param(
        message(PREDICT, HOST, JSON, "transfer-encoding: gzip, chunked", body=CHUNKS + b"\r\n"),
        [501],
        id="gzip, chunked",
    ),
    pytest.param(
        message(PREDICT, HOST, JSON, "transfer-encoding: gzip", CHUNKED, body=CHUNKS + b"\r\n"),
        [501],
        id="two transfer codings in two lines",
    ),
    pytest.param(
        message("POST /api/v1/predict HTTP/1.0", JSON, CHUNKED, body=CHUNKS + b"\r\n"),
        [400],
        id="chunks from HTTP/1.0",
    ),
    pytest.param(
        message(PREDICT, HOST, JSON, CHUNKED, LENGTH, body=CHUNKS + b"\r\n"),
        [400],
        id="chunked and a length",
    ),
    pytest.param(
        message(PREDICT, HOST, JSON, "transfer-encoding: Chunked", body=CHUNKS + b"\r\n"),
        [200, 200],
        id="chunked in other letters",
    ),
    # RFC 9110 10.1.1: an expectation of HTTP/1.0 is ignored.
    pytest.param(
        message("POST /api/v1/predict HTTP/1.0", JSON, LENGTH, "expect: 100-continue"),
        [200],
        id="Expect from HTTP/1.0",
    ),
    # RFC 9110 6.5.1: a trailer changes nothing of its message.
    pytest.param(
        message(PREDICT, HOST, CHUNKED, body=CHUNKS + f"{JSON}\r\n\r\n".encode()),
        [415, 200],
        id="content type by trailer",
    ),
    pytest.param(
        message(PREDICT, HOST, JSON, CHUNKED, body=CHUNKS + b"connection: close\r\n\r\n"),
        [200],
        id="Connection: close by trailer",
    ),
    pytest.param(
        message(PREDICT, HOST, JSON, CHUNKED, body=CHUNKS + b"connection: upgrade\r\nupgrade: foo\r\n\r\n"),
        [200, 200],
        id="Upgrade by trailer",
    ),
    # RFC 9110 8.4: a coding is decoded, or named where it is unknown.
    pytest.param(
        message(
            PREDICT,
            HOST,
            JSON,
            "content-encoding: gzip",
            f"content-length: {len(gzip.compress(BODY))}",
            body=gzip.compress(BODY),
        ),
        [200, 200],
        id="gzip body",
    ),
    pytest.param(predict(HOST, "content-encoding: identity"), [200, 200], id="identity body"),
]
