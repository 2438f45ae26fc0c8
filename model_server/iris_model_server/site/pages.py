"""The two HTML pages, with headers that allow no outside asset and no injected script."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

_INLINE: Final = re.compile(r"<(?P<tag>script|style)>(?P<content>.*?)</(?P=tag)>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is sent."""

    content: bytes
    headers: Mapping[str, str]


def load(name: str) -> Page:
    """A page of this package, with a policy that allows exactly its own inline script and style."""
    text = resources.files("iris_model_server.site").joinpath(name).read_text(encoding="utf-8")
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for match in _INLINE.finditer(text):
        digest = hashlib.sha256(match["content"].encode("utf-8")).digest()
        hashes[match["tag"]].append(f"'sha256-{base64.b64encode(digest).decode('ascii')}'")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(hashes['script'])}",
            f"style-src {' '.join(hashes['style'])}",
            "img-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
    }
    return Page(content=text.encode("utf-8"), headers=headers)
