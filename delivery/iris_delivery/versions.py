"""Parses and increments semantic versions. Pure.

A version is also an image tag and a label value. So, unlike the standard, it has no build part (`+…`) and at
most 63 characters, and ends with a letter or digit.
"""

from collections.abc import Iterable
from typing import Final, Literal

from semver import Version

from iris_delivery.errors import Refused

Step = Literal["major", "minor", "patch"]
STEPS: Final[tuple[Step, ...]] = ("major", "minor", "patch")
TAG_PREFIX: Final = "v"
LONGEST: Final = 63
NONE_YET: Final = Version(0, 0, 0)


def tag_of(version: Version) -> str:
    return f"{TAG_PREFIX}{version}"


def parse(text: str) -> Version:
    """Parse a version. Raises Refused."""
    found = _parsed(text)
    if found is None:
        raise Refused(
            "version",
            f"found {text[: LONGEST + 1]!r}",
            f"expected MAJOR.MINOR.PATCH or MAJOR.MINOR.PATCH-PRE without '+', at most {LONGEST} characters",
        )
    return found


def _parsed(text: str) -> Version | None:
    if len(text) > LONGEST or text.endswith("-"):
        return None
    try:
        version = Version.parse(text)
    except ValueError:
        return None
    return None if version.build else version


def from_tags(tags: Iterable[str]) -> set[Version]:
    """The versions among a repository's tags; other tags are ignored."""
    texts = (tag.removeprefix(TAG_PREFIX) for tag in tags if tag.startswith(TAG_PREFIX))
    return {version for text in texts if (version := _parsed(text))}


def following(current: Version, step: Step) -> Version:
    """The next release of that size; a pre-release is followed by its own release."""
    return current.next_version(step)


def of_pull_request(current: Version, number: int, commit: str) -> Version:
    """A version after the latest release and before the next one: 1.4.1-pr.17.g0a1b2c3."""
    # The letter keeps a commit that is all digits with a leading zero from being an invalid number.
    return following(current, "patch").replace(prerelease=f"pr.{number}.g{commit[:7]}")
