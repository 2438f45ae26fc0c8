"""Bytes that a client could send, right and wrong, from a seed: what both paths are compared on."""

import json
from dataclasses import dataclass
from random import Random
from typing import Final

NAMES: Final = ("sepal_length", "sepal_width", "petal_length", "petal_width")
NUMBERS: Final = (
    "5.1", "3.5", "1e2", "100", "100.00000000000001", "100.0000000000000001", "0", "-0.0", "5e-324", "1e-400",
    "1e400", "-1", "0.1", "1E1", "00.1", "1.", ".5", "+1", "NaN", "Infinity", "7" * 5000, "0." + "3" * 400,
    "true", "null", '"5.1"', "[]", "{}", "5", "99.99999999999999", "2.2250738585072014e-308",
)  # fmt: skip
BODIES: Final = (
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"sepal_length":"\xc3\x28"}', b"[" * 2000, b'{"a":' * 2000,
    b"\xef\xbb\xbf{}", b"{}", b'"text"', b"5.1", b"\x00",
)  # fmt: skip
TYPES: Final = (
    b"application/json", b"application/json; charset=utf-8", b"APPLICATION/JSON", b"text/plain", b"",
    b" application/json ", b"application/json,text/plain",
)  # fmt: skip
TARGETS: Final = (
    b"/api/v1/predict", b"/api/v1/predict?x=1", b"/api/v1/predict/", b"/api/v1/%70redict",
    b"//api/v1/predict", b"http://iris/api/v1/predict", b"/livez", b"/readyz",
    b"/nothing", b"*", b"/api/v1/predict#x", b"/\xff",
)  # fmt: skip
METHODS: Final = (b"POST", b"GET", b"PUT", b"HEAD", b"OPTIONS", b"post", b"DELETE", b"BREW", b"CONNECT")
EXTRAS: Final = (
    b"Connection: keep-alive", b"Connection: close", b"connection: Close, x", b"Expect: 100-continue",
    b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999999999999999",
    b"Transfer-Encoding: chunked", b"transfer-encoding: identity", b"Transfer-Encoding: chunked, x",
    b"Content-Type: text/plain", b"X-Request-Id: other", b"x-request-id: a b", b"x-request-id:",
    b"Folded: a\r\n b", b"Upgrade: websocket\r\nConnection: Upgrade", b"Content-Length : 3", b"no colon",
    b": no name", b"x: \x01",
    b"x:" + b"y" * 3000, b"Host: again", b"Content-Length: +3", b"Content-Length: 0x3", b"Trailer: x",
)  # fmt: skip
VERSIONS: Final = (b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1.1 ", b"")
BETWEEN: Final = (b"", b"\r\n", b"\r\n\r\n", b"\n", b"garbage\r\n\r\n", b"\x00", b" ")


@dataclass(frozen=True, slots=True)
class Input:
    """What arrives on one connection, piece by piece."""

    pieces: tuple[bytes, ...]


def one(random: Random) -> Input:
    """One connection: a few requests, mostly nearly right, cut anywhere."""
    content = b"".join(
        _request(random, number) + (random.choice(BETWEEN) if random.random() < 0.15 else b"")
        for number in range(random.choice((1, 1, 1, 2, 3, 6)))
    )
    if random.random() < 0.1 and content:
        at = random.randrange(len(content))
        content = content[:at] + bytes([random.randrange(256)]) + content[at + random.randrange(3) :]
    return Input(_cut(random, content))


def every_cut(content: bytes) -> list[Input]:
    """The same bytes in two pieces, at each place there is."""
    return [Input((content[:at], content[at:])) for at in range(1, len(content))]


def right(number: int = 0) -> bytes:
    """A request that the fast path answers."""
    body = b'{"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2}'
    head = b"POST /api/v1/predict HTTP/1.1\r\nHost: iris\r\nContent-Type: application/json\r\n"
    return head + b"X-Request-Id: r-%d\r\nContent-Length: %d\r\n\r\n%b" % (number, len(body), body)


def _request(random: Random, number: int) -> bytes:
    if random.random() < 0.3:
        return right(number)
    body = _body(random)
    lines = [b"%b %b %b" % (_mostly(random, METHODS), _mostly(random, TARGETS), _mostly(random, VERSIONS))]
    headers = [b"Host: iris", b"Content-Type: " + _mostly(random, TYPES), b"X-Request-Id: r-%d" % number]
    chunked = random.random() < 0.1
    headers.append(b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body))
    for _ in range(random.choice((0, 0, 0, 1, 1, 2))):
        headers.insert(random.randrange(len(headers) + 1), random.choice(EXTRAS))
    if random.random() < 0.05:
        headers.pop(random.randrange(len(headers)))
    if random.random() < 0.02:
        headers.extend(b"x-%d: y" % index for index in range(random.choice((20, 40, 120))))
    head = b"\r\n".join(lines + headers) + b"\r\n\r\n"
    return head + (_chunks(random, body) if chunked else body)


def _mostly(random: Random, choices: tuple[bytes, ...]) -> bytes:
    return choices[0] if random.random() < 0.85 else random.choice(choices)


def _body(random: Random) -> bytes:
    if random.random() < 0.15:
        return random.choice(BODIES)
    names = list(NAMES)
    random.shuffle(names)
    if random.random() < 0.1:
        names.append(random.choice((*NAMES, "extra", "sepal\\u005flength", "")))
    if random.random() < 0.05:
        names.pop()
    odd = random.random() < 0.3
    space = random.choice(("", "", " ", "\t", "\r\n"))
    members = f",{space}".join(
        f'"{name}":{space}{random.choice(NUMBERS) if odd else _number(random)}' for name in names
    )
    return f"{space}{{{members}}}{space}".encode()


def _number(random: Random) -> str:
    return json.dumps(random.choice((random.uniform(0.1, 8), random.uniform(0, 100), random.randint(1, 100))))


def _chunks(random: Random, body: bytes) -> bytes:
    made = b""
    while body:
        size = random.randint(1, len(body))
        made += b"%x\r\n%b\r\n" % (size, body[:size])
        body = body[size:]
    return made + random.choice(
        (b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nx: y\r\n\r\n", b"zz\r\n", b"0;e=1\r\n\r\n")
    )


def _cut(random: Random, content: bytes) -> tuple[bytes, ...]:
    if random.random() < 0.5 or len(content) < 2:
        return (content,)
    places = sorted({random.randrange(1, len(content)) for _ in range(random.randint(1, 4))})
    return tuple(content[start:end] for start, end in zip([0, *places], [*places, len(content)], strict=True))
