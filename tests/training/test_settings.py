"""Options: typed or refused before anything slow starts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_training import settings
from iris_training.errors import Invalid

NOW = datetime(2025, 5, 8, 17, 18, 13, tzinfo=UTC)


def parsed(*, version: str | None = "1.4.0", seed: str = "42", data: str = "a.csv") -> settings.Settings:
    return settings.parse(data=data, output="out", version=version, seed=seed, now=NOW)


def test_the_default_version_is_the_time_in_utc() -> None:
    assert parsed(version=None).version == "1.0.20250508_171813"


def test_settings_have_every_option() -> None:
    assert parsed(seed="7") == settings.Settings(Path("a.csv"), Path("out"), "1.4.0", 7, NOW)


@given(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", fullmatch=True))
def test_every_version_that_is_an_image_tag_is_accepted(version: str) -> None:
    assert parsed(version=version).version == version


@pytest.mark.parametrize("version", ["", " ", "-1", "1.", "a/b", "../up", "1.0\n", "é", "a" * 64, "a b"])
def test_a_version_that_is_no_image_tag_is_refused(version: str) -> None:
    with pytest.raises(Invalid, match=r"^--version: found"):
        parsed(version=version)


@pytest.mark.parametrize("seed", ["", "-1", "1.5", "x", "4294967296", "99999999999", " 1", "٣"])
def test_a_seed_that_is_no_32_bit_number_is_refused(seed: str) -> None:
    with pytest.raises(Invalid, match=r"^--seed: found"):
        parsed(seed=seed)


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_an_option_that_cannot_be_a_path_is_refused(path: str) -> None:
    with pytest.raises(Invalid, match=r"^--data: found"):
        parsed(data=path)
