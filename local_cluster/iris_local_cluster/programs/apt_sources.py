"""The machine's Debian or Ubuntu package sources, read from its files, so that a configured mirror is used.

Pure: file texts in, sources out. Only the distribution's own archives are taken, because a base image
must not pick up packages of whatever else this machine is subscribed to.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_COMPONENTS = ("main", "universe")
_SUITES = ("", "-updates", "-security")
_KEYRING = re.compile(r"(debian|ubuntu)[\w.-]*keyring[\w.-]*\.(gpg|pgp|asc)$")


@dataclass(frozen=True, slots=True)
class Source:
    """One archive, suite by suite."""

    uri: str
    suite: str
    components: tuple[str, ...]
    keyring: str = ""

    def line(self) -> str:
        """As a one-line entry of a sources.list."""
        options = f" [signed-by={self.keyring}]" if self.keyring else ""
        return f"deb{options} {self.uri} {self.suite} {' '.join(self.components)}"


def distribution(files: Mapping[str, str], *, codename: str) -> list[Source]:
    """The distribution's sources in sources.list and sources.list.d/*: file name → text."""
    found: dict[Source, None] = {}
    for name in sorted(files):
        parse = _stanzas if name.endswith(".sources") else _lines
        for source in parse(files[name]):
            components = tuple(component for component in source.components if component in _COMPONENTS)
            wanted = source.suite in {f"{codename}{suffix}" for suffix in _SUITES}
            if wanted and components and (not source.keyring or _KEYRING.search(source.keyring)):
                found[Source(source.uri, source.suite, components, source.keyring)] = None
    return list(found)


def _lines(text: str) -> Iterable[Source]:
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<rest>[^#]+)", line.strip())
        words = match["rest"].split() if match else []
        if match and len(words) >= 3:
            options = dict(option.partition("=")[::2] for option in (match["options"] or "").split())
            yield Source(words[0], words[1], tuple(words[2:]), options.get("signed-by", ""))


def _stanzas(text: str) -> Iterable[Source]:
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        enabled = fields.get("enabled", "yes").lower() not in {"no", "false", "0"}
        if not enabled or "deb" not in fields.get("types", "").split():
            continue
        keyring = fields.get("signed-by", "")
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Source(uri, suite, tuple(fields.get("components", "").split()), keyring)


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')} {line.strip()}".strip()
        else:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields
