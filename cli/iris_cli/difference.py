"""Writes a unified diff of two manifests for a reviewer. Pure."""

import difflib
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import yaml

_LONGEST_TEXT: Final = 300


def unified(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, title: str) -> str:
    """The diff, empty when both read the same; None is an object that does not exist."""
    lines = difflib.unified_diff(
        _lines(before),
        _lines(after),
        fromfile=f"a/{title}" if before else "/dev/null",
        tofile=f"b/{title}" if after else "/dev/null",
    )
    return "".join(lines)


def _lines(manifest: Mapping[str, Any] | None) -> list[str]:
    if manifest is None:
        return []
    text: str = yaml.dump(_short(manifest), Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
    return text.splitlines(keepends=True)


class _Dumper(yaml.SafeDumper):
    """A YAML dumper without anchors: repeated values are written out."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML asks by this name
        return True


def _short(value: Any) -> Any:
    """Replace long lines by size and digest: a dashboard is one line of a hundred thousand characters."""
    if isinstance(value, Mapping):
        return {name: _short(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_short(part) for part in value]
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        digest = hashlib.sha256(value.encode()).hexdigest()[:12]
        return f"({len(value)} characters, sha256 {digest})"
    return value
