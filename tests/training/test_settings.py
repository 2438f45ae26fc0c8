"""Options: typed or refused before anything slow starts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, example, given
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
def test_every_version_that_is_an_image_tag_and_text_in_yaml_is_accepted(version: str) -> None:
    assume(not settings.NOT_TEXT.fullmatch(version))

    assert parsed(version=version).version == version


@pytest.mark.parametrize(
    "version", ["1.4.0", "1.0.20250508_171813", "1.4.1-pr.17.g0a1b2c3", "v2", "2026.11.27"]
)
def test_a_version_of_the_usual_forms_is_accepted(version: str) -> None:
    assert parsed(version=version).version == version


@given(st.from_regex(r"[0-9]([0-9xboaef._-]{0,9}[0-9a-f])?|[A-Za-z]{1,5}", fullmatch=True))
@example("1.4")
@example("1.4e-3")
@example("2026-11-27")
@example("On")
def test_a_version_that_yaml_does_not_read_as_text_is_refused(version: str) -> None:
    """Without quotes, the API server would refuse the IrisModel that declares it."""
    try:
        read = yaml.safe_load(version)
    except ValueError:  # a date that does not exist
        read = None
    if not isinstance(read, str):
        with pytest.raises(
            Invalid, match=r"^--version: found .*, which YAML does not read as text, expected "
        ):
            parsed(version=version)


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
