"""Parses, orders and increments semantic versions. Pure.

A version is also an image tag and a label value. So, unlike the standard, it has no build part (`+…`) and at
most 63 characters, and ends with a letter or digit.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import total_ordering
from typing import Final, Literal

from iris_delivery.errors import Refused

Step = Literal["major", "minor", "patch"]
STEPS: Final[tuple[Step, ...]] = ("major", "minor", "patch")
TAG_PREFIX: Final = "v"
LONGEST: Final = 63

_NUMBER = r"0|[1-9][0-9]*"
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?")


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """One version; its pre-releases sort before its release."""

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()

    def __str__(self) -> str:
        core = f"{self.major}.{self.minor}.{self.patch}"
        return f"{core}-{'.'.join(self.pre)}" if self.pre else core

    def __lt__(self, other: "Version") -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[object, ...]:
        # Numbers before words, numbers by value; a release after its pre-releases.
        parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in self.pre)
        return (self.major, self.minor, self.patch, not self.pre, parts)

    @property
    def tag(self) -> str:
        return f"{TAG_PREFIX}{self}"


NONE_YET: Final = Version(0, 0, 0)


def parse(text: str) -> Version:
    """Parse a version. Raises Refused."""
    found = _VERSION.fullmatch(text)
    if found is None or len(text) > LONGEST or text.endswith("-"):
        raise Refused(
            "version",
            f"found {text[: LONGEST + 1]!r}",
            f"expected MAJOR.MINOR.PATCH or MAJOR.MINOR.PATCH-PRE without '+', at most {LONGEST} characters",
        )
    major, minor, patch, pre = found.groups()
    return Version(int(major), int(minor), int(patch), tuple(pre.split(".")) if pre else ())


def from_tags(tags: Iterable[str]) -> set[Version]:
    """The versions among a repository's tags; other tags are ignored."""
    versions = set()
    for tag in tags:
        text = tag.removeprefix(TAG_PREFIX)
        if tag.startswith(TAG_PREFIX) and _VERSION.fullmatch(text) and len(text) <= LONGEST:
            versions.add(parse(text))
    return versions


def following(current: Version, step: Step) -> Version:
    """The next release of that size; a pre-release is followed by its own release."""
    match step:
        case "major":
            ready = current.pre and current.minor == current.patch == 0
            return Version(current.major + (not ready), 0, 0)
        case "minor":
            ready = current.pre and current.patch == 0
            return Version(current.major, current.minor + (not ready), 0)
        case "patch":
            return Version(current.major, current.minor, current.patch + (not current.pre))


def of_pull_request(current: Version, number: int, commit: str) -> Version:
    """A version after the latest release and before the next one: 1.4.1-pr.17.g0a1b2c3."""
    # The letter keeps a commit that is all digits with a leading zero from being an invalid number.
    core = following(current, "patch")
    return Version(core.major, core.minor, core.patch, ("pr", str(number), f"g{commit[:7]}"))
