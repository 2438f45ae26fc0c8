"""Refuses a JSON body with the same name twice: our decoder keeps the last value, a proxy may keep the first.

It counts the quotation marks of the text, or else the expected names. Only if one comes too often, or may be
written with an escape, the body is read again, a large one without its numbers. Independent of HTTP.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.protocols import chunks


def has_only(body: bytes, strings: int, numbers: bytes) -> bool:
    """Whether a body has exactly this many strings, names included, and no escape.

    If the decoded request needs that many, no name comes twice; this costs a tenth of `refuse`. `numbers` is
    the quoted name of a list of numbers, which makes up most of the body.
    """
    start = body.find(numbers) + len(numbers)
    # Such a list has no quotation mark, and `find` is several times quicker than `count`.
    rest = body.find(b'"', start)
    count = body.count(b'"', 0, start) + (body.count(b'"', rest) if rest >= 0 else 0)
    return count == 2 * strings and b"\\" not in body


def refuse(body: bytes, most: Mapping[bytes, int], numbers: Sequence[bytes] = ()) -> None:
    """Raise where a name comes twice in one object; `most` is how often each quoted name may come in all."""
    if b"\\" not in body and all(body.count(name) <= count for name, count in most.items()):
        return
    for some in numbers:
        body = body.replace(some, b"0", 1)
    if len(body) > chunks.ONE_GO_BYTES:
        raise Problem(errors.INVALID, "body: duplicate names, expected each name once")
    # Decoded before, so it is JSON.
    json.loads(body, object_pairs_hook=_refuse_members, parse_int=float)


def _refuse_members(members: list[tuple[str, Any]]) -> None:
    for name, count in Counter(name for name, _ in members).items():
        if count > 1:
            where = errors.one_line(name.encode("utf-8", "replace").decode("utf-8"))
            raise Problem(errors.INVALID, f"{where}: {count} times, expected once")
