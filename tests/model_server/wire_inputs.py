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
    b"/nothing", b"*", b"/v2/models/iris/infer?x",
    b"/v2/models/other/infer", b"/v2/models/iris/versions/1.4.0/infer", b"/api/v1/predict#x", b"/\xff",
)  # fmt: skip
INFER: Final = b"/v2/models/iris/infer"
METHODS: Final = (b"POST", b"GET", b"PUT", b"HEAD", b"OPTIONS", b"post", b"DELETE", b"BREW", b"CONNECT")
EXTRAS: Final = (
    b"Connection: keep-alive", b"Connection: close",
    b"Inference-Header-Content-Length: 5", b"Content-Encoding: gzip", b"Accept-Encoding: gzip",
    b"connection: Close, x", b"Expect: 100-continue",
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
    """What arrives on one connection, chunk by chunk."""

    chunks: tuple[bytes, ...]


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
    """The same bytes in two chunks, at each place there is."""
    return [Input((content[:at], content[at:])) for at in range(1, len(content))]


def right(number: int | None = 0) -> bytes:
    """A request that the fast path answers; without a number its head is always the same."""
    body = b'{"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2}'
    head = b"POST /api/v1/predict HTTP/1.1\r\nHost: iris\r\nContent-Type: application/json\r\n"
    if number is not None:
        head += b"X-Request-Id: r-%d\r\n" % number
    return head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def _request(random: Random, number: int) -> bytes:
    if random.random() < 0.3:
        return right(random.choice((number, None)))
    target = random.choice((TARGETS[0], INFER, _mostly(random, TARGETS)))
    body = _body(random) if target != INFER or random.random() < 0.05 else _infer(random)
    lines = [b"%b %b %b" % (_mostly(random, METHODS), target, _mostly(random, VERSIONS))]
    headers = [b"Host: iris", b"Content-Type: " + _mostly(random, TYPES)]
    if random.random() < 0.5:
        headers.append(b"X-Request-Id: r-%d" % number)
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


def _infer(random: Random) -> bytes:
    # Fewer than arrays are loaded for: when that is done, and so the last digit, is a matter of time.
    rows = random.choice((1, 1, 2, 3, 12))
    table = [[random.choice((5.1, 0.2, random.uniform(0.1, 8))) for _ in NAMES] for _ in range(rows)]
    data = table if random.random() < 0.3 else [number for row in table for number in row]
    tensor: dict[str, object] = {"name": "input-0", "shape": [rows, 4], "datatype": "FP64", "data": data}
    if random.random() < 0.2:
        odd: tuple[object, ...] = (None, "text", 7, [], [1, 4], [[1]], [-1.0], "FP32")
        tensor[random.choice(list(tensor))] = random.choice(odd)
    asked: dict[str, object] = {"inputs": [tensor]}
    if random.random() < 0.3:
        asked["outputs"] = [{"name": random.choice(("label", "predict", "probabilities", "nothing"))}]
    if random.random() < 0.2:
        asked["parameters"] = random.choice(({}, {"binary_data_output": True}, {"binary_data_output": "x"}))
    if random.random() < 0.3:
        asked["id"] = random.choice(("one", "", "\u00e9", 5))
    return json.dumps(asked).encode()


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
