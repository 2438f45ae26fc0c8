"""Reads and edits `clusters/<environment>/version.yaml`, which declares what an environment serves. Pure.

An edit changes only the characters of the version and the digest, so comments, order and quotes stay. The
result is parsed again and compared before it is used.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from iris_delivery.errors import Refused

KIND: Final = "IrisModel"
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
VERSION: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")

# No YAML parser reads this as a number.
_PLAIN = re.compile(r"[0-9]+\.[0-9]+\.[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Release:
    """A version, and the digest of its image when it is pinned; both are always promoted together."""

    version: str
    digest: str | None
    apart: bool = False  # the model is an image of its own (spec.artifact), and the digest is that image's

    @property
    def field(self) -> str:
        """Where the image of the model is declared."""
        return "spec.artifact.image" if self.apart else "spec.image"

    def __str__(self) -> str:
        return f"{self.version} ({self.digest})" if self.digest else self.version


@dataclass(frozen=True, slots=True)
class Declaration:
    """Which release an IrisModel of an environment declares."""

    name: str
    namespace: str
    release: Release


def path(environment: str) -> str:
    """The file's path inside the repository."""
    return f"clusters/{environment}/version.yaml"


def parse(text: str, where: str) -> Declaration:
    """Read the declaration. Raises Refused, naming the field at fault."""
    document = _load(text, where)
    metadata, spec = document.get("metadata"), document.get("spec")
    if document.get("kind") != KIND or not isinstance(metadata, dict) or not isinstance(spec, dict):
        raise Refused(where, "is not an IrisModel", "expected an IrisModel with metadata and spec")
    for field in ("name", "namespace"):
        if not isinstance(metadata.get(field), str):
            raise Refused(where, f"metadata.{field}: found {metadata.get(field)!r}", "expected a name")
    version = spec.get("version")
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        raise Refused(
            where, f"spec.version: found {version!r}", "expected a version as text, such as '1.4.0' in quotes"
        )
    artifact = spec.get("artifact")
    apart = artifact is not None
    field = "spec.artifact.image" if apart else "spec.image"
    holder = artifact if apart else spec
    image = holder.get("image") if isinstance(holder, dict) else None
    if apart and not isinstance(image, dict):
        raise Refused(where, f"{field}: found {image!r}", "expected the image of the model")
    digest = image.get("digest") if isinstance(image, dict) else None
    if digest is not None and not (isinstance(digest, str) and DIGEST.fullmatch(digest)):
        raise Refused(where, f"{field}.digest: found {digest!r}", "expected sha256: and 64 hex digits")
    return Declaration(metadata["name"], metadata["namespace"], Release(version, digest, apart))


def edit(text: str, release: Release, where: str) -> str:
    """The text with that release, otherwise unchanged."""
    before = parse(text, where)
    if before.release.apart != release.apart:
        raise Refused(
            where,
            f"{'has' if before.release.apart else 'has no'} spec.artifact, unlike the release {release}",
            "change spec.artifact by hand first, with the server in spec.image",
        )
    try:
        edited = _with_digest(text, release.digest)
        value = _value(_spec(edited), "version")
        edited = _replaced(edited, value, _scalar(release.version, value.style))
        same = _rest(_load(edited, where)) == _rest(_load(text, where))
        after = parse(edited, where)
    except (Refused, yaml.YAMLError) as error:
        raise _uneditable(where) from error
    if not same or after != Declaration(before.name, before.namespace, release):
        raise _uneditable(where)
    return edited


def _uneditable(where: str) -> Refused:
    return Refused(where, "cannot be edited in place", "write one key per line, without { } and anchors")


def _load(text: str, where: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = str(error).splitlines()[-1].strip()
        raise Refused(where, f"is not one YAML document ({line})", "expected one IrisModel") from error
    if not isinstance(document, dict):
        raise Refused(where, "is not a mapping", "expected one IrisModel")
    return document


def _rest(document: Mapping[str, Any]) -> dict[str, Any]:
    """Everything except the release; an image block with nothing else counts as absent."""
    spec = {key: value for key, value in document["spec"].items() if key != "version"}
    if "artifact" in spec:
        return {**document, "spec": spec | {"artifact": _unpinned(spec["artifact"])}}
    return {**document, "spec": _unpinned(spec)}


def _unpinned(holder: Mapping[str, Any]) -> dict[str, Any]:
    image = {key: value for key, value in (holder.get("image") or {}).items() if key != "digest"}
    rest = {key: value for key, value in holder.items() if key != "image"}
    return rest | ({"image": image} if image else {})


def _spec(text: str) -> yaml.MappingNode:
    node: yaml.Node = _value(yaml.compose(text, Loader=yaml.SafeLoader), "spec")
    assert isinstance(node, yaml.MappingNode)  # noqa: S101 - parse has seen it
    return node


def _key(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """The YAML node of the key, which has its position."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((key for key, _ in pairs if key.value == name), None)


def _value(node: yaml.Node | None, name: str) -> Any:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == name), None)


def _replaced(text: str, node: yaml.Node, new: str) -> str:
    return text[: node.start_mark.index] + new + text[node.end_mark.index :]


def _scalar(value: str, style: str | None) -> str:
    quote = style if style in {"'", '"'} else "" if _PLAIN.fullmatch(value) else '"'
    return f"{quote}{value}{quote}"


def _with_digest(text: str, digest: str | None) -> str:
    spec = _spec(text)
    holder = _value(spec, "artifact") or spec
    image = _value(holder, "image")
    present = _value(image, "digest")
    if digest is None:
        return text if present is None else _without_digest(text, holder, image)
    if present is not None:
        quote = present.style or ""
        return _replaced(text, present, f"{quote}{digest}{quote}")
    if image is not None and image.value:
        column = image.value[0][0].start_mark.column
        return _with_line(text, image.start_mark.line, f"{' ' * column}digest: {digest}")
    version = _key(spec, "version")
    assert version is not None  # noqa: S101 - parse has seen it
    column = version.start_mark.column
    below = _value(spec, "version").end_mark.line + 1
    text = _with_line(text, below, f"{' ' * column}image:")
    return _with_line(text, below + 1, f"{' ' * (column + 2)}digest: {digest}")


def _with_line(text: str, number: int, line: str) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    if number == len(lines) and not lines[-1].endswith("\n"):
        return f"{text}{end}{line}"
    return "".join([*lines[:number], f"{line}{end}", *lines[number:]])


def _without_digest(text: str, holder: yaml.Node, image: yaml.MappingNode) -> str:
    key = _key(holder, "image") if len(image.value) == 1 else _key(image, "digest")
    value = image if len(image.value) == 1 else _value(image, "digest")
    assert key is not None  # noqa: S101 - the caller has seen it
    last = _value(image, "digest").end_mark.line if value is image else value.end_mark.line
    lines = text.splitlines(keepends=True)
    return "".join(lines[: key.start_mark.line] + lines[last + 1 :])
