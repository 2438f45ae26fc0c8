"""Version arithmetic: claims over all versions, then the cases that people get wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_delivery import declaration, versions
from iris_delivery.errors import Refused
from semver import Version

_NUMBERS = st.integers(0, 30)
_IDENTIFIERS = st.one_of(st.integers(0, 99).map(str), st.from_regex(r"[a-z][0-9a-z]{0,3}", fullmatch=True))
_PRE = st.lists(_IDENTIFIERS, max_size=3).map(".".join).map(lambda text: text or None)
_VERSIONS = st.builds(Version, _NUMBERS, _NUMBERS, _NUMBERS, _PRE)


@given(_VERSIONS)
def test_a_printed_version_parses_to_itself(version: Version) -> None:
    assert versions.parse(str(version)) == version


@given(_VERSIONS)
def test_every_version_is_an_image_tag_and_a_label_value(version: Version) -> None:
    assert declaration.VERSION.fullmatch(str(version))


@given(_VERSIONS, st.sampled_from(versions.STEPS))
def test_the_next_release_is_a_later_release(version: Version, step: versions.Step) -> None:
    following = versions.following(version, step)

    assert following > version
    assert not following.prerelease


@given(_VERSIONS, st.integers(1, 10**6), st.from_regex(r"[0-9a-f]{40}", fullmatch=True))
def test_a_pull_request_sorts_between_the_last_release_and_the_next(
    version: Version, number: int, commit: str
) -> None:
    release = Version(version.major, version.minor, version.patch)

    found = versions.of_pull_request(release, number, commit)

    assert release < found < versions.following(release, "patch")
    assert versions.parse(str(found)) == found


@given(_VERSIONS, _VERSIONS, _VERSIONS)
def test_the_order_is_total(first: Version, second: Version, third: Version) -> None:
    assert (first < second) + (second < first) + (first == second) == 1
    assert not (first < second < third) or first < third


def test_the_order_is_the_standards_own_example() -> None:
    words = (
        "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0"
    )
    expected = [versions.parse(word) for word in words.split()]

    assert sorted([*expected[1::2], *expected[::2]]) == expected


@pytest.mark.parametrize(
    ("current", "step", "expected"),
    [
        ("1.4.2", "major", "2.0.0"),
        ("1.4.2", "minor", "1.5.0"),
        ("1.4.2", "patch", "1.4.3"),
        ("2.0.0-rc.1", "major", "2.0.0"),
        ("2.0.0-rc.1", "minor", "2.0.0"),
        ("1.5.0-rc.1", "minor", "1.5.0"),
        ("1.5.0-rc.1", "major", "2.0.0"),
        ("1.5.1-rc.1", "minor", "1.6.0"),
        ("1.5.1-rc.1", "patch", "1.5.1"),
    ],
)
def test_a_prerelease_is_followed_by_its_own_release(
    current: str, step: versions.Step, expected: str
) -> None:
    assert str(versions.following(versions.parse(current), step)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.4", "v1.4.0", "1.4.0.0", "01.4.0", "1.4.0-", "1.4.0-01", "1.4.0+build", "1.4.0-a..b",
     "1.4.0\n", "1.4.0-rc-", "१.0.0", f"1.4.0-{'a' * 60}"],
)  # fmt: skip
def test_what_is_no_version_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(Refused, match=r"^version: found .*; expected MAJOR.MINOR.PATCH") as refused:
        versions.parse(text)

    assert "\n" not in str(refused.value)


def test_tags_of_other_people_are_no_versions() -> None:
    tags = ["v1.4.0", "1.5.0", "release", "vnext", "v2", "chart-1.0.0", "v1.10.0"]

    assert max(versions.from_tags(tags)) == Version(1, 10, 0)
