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
_UNLESS: Final = re.compile(r"\s*\bunless\b")
_BRACKET_OR_SET_OPERATOR: Final = re.compile(r"[()]|\b(?:and|or|unless)\b")
_WORDS: Final = frozenset({"and", "bool", "or", "unless", "inf", "nan"})


def metrics(expression: str) -> dict[str, set[str]]:
    """Each metric, with the labels of its selectors."""
    found: dict[str, set[str]] = {}
    for name, matchers in _SELECTOR.findall(expression):
        found.setdefault(name, set()).update(_MATCHER.findall(matchers))
    for name in _bare(expression):
        found.setdefault(name, set())
    return found


def selectors(expression: str) -> set[str]:
    """Each metric as it is asked for, with its selector, wherever it stands."""
    return {match[0] for match in _SELECTOR.finditer(expression)} | _bare(expression)


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
    """The same that drops nothing: comparisons answer 0 or 1, and `unless …` is gone.

    So an alert that is silent still shows its data. What stands behind `unless` is among `selectors`.
    """
    compared = _COMPARISON.sub(lambda found: found[1] or f"{found[2]} bool ", expression)
    return _without_unless(compared)


def _without_unless(expression: str) -> str:
    """Its right side ends at the next word of its own rank, or with the bracket around it."""
    masked = _TEXT.sub(lambda text: "_" * len(text[0]), expression)
    found = _UNLESS.search(masked)
    if found is None:
        return expression
    kept, depth = expression[: found.start()], 0
    for token in _BRACKET_OR_SET_OPERATOR.finditer(masked, found.end()):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth < 0:
            return _without_unless(kept + expression[token.start() :])
        if depth == 0 and token[0] not in "()":
            return _without_unless(f"{kept} {expression[token.start() :]}")
    return kept


def _bare(expression: str) -> set[str]:
    """Names without a selector: neither a function, nor a word of the language, nor a label."""
    rest = _TEXT.sub("", expression)
    for pattern in (_SELECTOR, _LISTED, _WINDOW):
        rest = pattern.sub(" ", rest)
    names = (match for match in _NAME.finditer(rest) if not rest[match.end() :].lstrip().startswith("("))
    return {match[0] for match in names if match[0] not in _WORDS and not rest[match.start() - 1].isdigit()}
