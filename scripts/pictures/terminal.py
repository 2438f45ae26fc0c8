"""Draws a terminal session as an SVG whose lines appear one after the other. Pure.

CSS animates it, so it plays where a document shows it as an image; a reader who prefers no motion gets all
lines at once.
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

_WIDTH: Final = 104  # characters
_CHARACTER: Final = 7.83
_LINE: Final = 19
_TOP: Final = 46
_TYPING_SECONDS: Final = 0.9
_READING_SECONDS: Final = 2.2

Exchange = tuple[str, str]  # what is typed, and what is answered


def draw(exchanges: Sequence[Exchange]) -> str:
    lines = list(_lines(exchanges))
    width, height = round(_WIDTH * _CHARACTER + 40), _TOP + _LINE * len(lines) + 12
    texts = "\n".join(
        f'<text x="20" y="{_TOP + _LINE * number}" class="{kind}" style="animation-delay:{moment:.1f}s">'
        f"{escape(text)}</text>"
        for number, (moment, kind, text) in enumerate(lines)
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}">
<title>iris in a terminal</title>
<style>
text {{ font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #e9e5f5;
  white-space: pre; opacity: 0; animation: appear .01s forwards; }}
.typed {{ fill: #b7a4ff; font-weight: 700; }}
@keyframes appear {{ to {{ opacity: 1; }} }}
@media (prefers-reduced-motion: reduce) {{ text {{ opacity: 1; animation: none; }} }}
</style>
<rect width="{width}" height="{height}" rx="10" fill="#181524"/>
<g fill="#4a4363">
<circle cx="20" cy="18" r="5"/><circle cx="38" cy="18" r="5"/><circle cx="56" cy="18" r="5"/>
</g>
{texts}
</svg>
"""


def _lines(exchanges: Sequence[Exchange]) -> Iterator[tuple[float, str, str]]:
    """When each line appears, its class and its text."""
    moment = 0.3
    for typed, answered in exchanges:
        for text in _wrapped(f"$ {typed}"):
            yield moment, "typed", text
        moment += _TYPING_SECONDS
        for line in answered.splitlines():
            for text in _wrapped(line):
                yield moment, "answer", text
        moment += _READING_SECONDS
        yield moment, "answer", ""


def _wrapped(line: str) -> Iterator[str]:
    """At spaces, as a terminal of this width would show a long command with a continued line."""
    while len(line) > _WIDTH:
        cut = line.rfind(" ", 0, _WIDTH)
        cut = cut if cut > 0 else _WIDTH
        yield line[:cut]
        line = "    " + line[cut:].lstrip()
    yield line.rstrip()
