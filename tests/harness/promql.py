"""What a PromQL expression asks for, read without a Prometheus: metrics, and labels they are asked by."""

import re
from collections.abc import Mapping
from typing import Final

_SELECTOR: Final = re.compile(r'([a-z_:][a-z0-9_:]*)\{((?:[^"{}]|"[^"]*")*)\}')
_MATCHER: Final = re.compile(r'([a-z_]+)\s*(?:=~|!~|!=|=)\s*"[^"]*"')
_LISTED: Final = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_NAME: Final = re.compile(r"[a-z_:][a-z0-9_:]*")
_MADE: Final = re.compile(r'"(\w+)", "\$1", "\w+", "')  # by label_replace
_TEXT: Final = re.compile(r'"[^"]*"')
_WINDOW: Final = re.compile(r"\[[^\]]*\]|\boffset\s+\S+")
_COMPARISON: Final = re.compile(r'(\{(?:[^"{}]|"[^"]*")*\}|"[^"]*")|(==|!=|<=|>=|<|>)(?!\s*bool)')
_WORDS: Final = frozenset({"and", "bool", "or", "unless", "inf", "nan"})


def metrics(expression: str) -> dict[str, set[str]]:
    """Each metric, with the labels of its selectors."""
    found: dict[str, set[str]] = {}
    for name, matchers in _SELECTOR.findall(expression):
        found.setdefault(name, set()).update(_MATCHER.findall(matchers))
    for name in _bare(expression):
        found.setdefault(name, set())
    return found


def grouped(expression: str) -> set[str]:
    """Every label that the expression groups or joins by."""
    lists = (names for _, names in _LISTED.findall(expression))
    return {name.strip() for names in lists for name in names.split(",") if name.strip()}


def unknown(expression: str, exposed: Mapping[str, set[str]]) -> list[str]:
    """What it asks for and nobody has, each with where it stands."""
    asked = metrics(expression)
    lacking = [f"metric {name}" for name in asked if name not in exposed]
    known = {name: exposed[name] for name in asked if name in exposed}
    lacking += [
        f"label {label} of {name}" for name, has in known.items() for label in sorted(asked[name] - has)
    ]
    anywhere = {"le", *_MADE.findall(expression)}.union(*known.values())
    return lacking + [f"label {label}" for label in sorted(grouped(expression) - anywhere)]


def unfiltered(expression: str) -> str:
    """The same with comparisons that answer 0 or 1: an alert that is silent still shows its data."""
    return _COMPARISON.sub(lambda found: found[1] or f"{found[2]} bool ", expression)


def _bare(expression: str) -> set[str]:
    """Names without a selector: neither a function, nor a word of the language, nor a label."""
    rest = _TEXT.sub("", expression)
    for pattern in (_SELECTOR, _LISTED, _WINDOW):
        rest = pattern.sub(" ", rest)
    names = (match for match in _NAME.finditer(rest) if not rest[match.end() :].lstrip().startswith("("))
    return {match[0] for match in names if match[0] not in _WORDS and not rest[match.start() - 1].isdigit()}
