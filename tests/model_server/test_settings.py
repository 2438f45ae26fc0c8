"""The environment: defaults, bounds, and one line for what cannot be used."""

from pathlib import Path

import pytest
from iris_model_server import settings
from iris_model_server.settings import SettingsRefused

WRONG = {
    "IRIS_LOG_LEVEL": "loud",
    "IRIS_DRAIN_SECONDS": "soon",
    "IRIS_SHUTDOWN_SECONDS": "0",
    "IRIS_MAX_BODY_BYTES": "-1",
    "IRIS_MAX_BATCH_ROWS": "1.5",
    "IRIS_KEEP_ALIVE_SECONDS": "forever",
    "IRIS_MODEL_NAME": "no spaces",
}


WRONG_ORIGINS = (
    "*, https://a.example", "a.example", "https://a.example/", "https://a.example/x", "ftp://a.example", "https://",
    "https://A.example", "https://user@a.example", "https://*.a.example", "https://a.example:443",
    "http://a.example:80", "https://a.example:http", "https://a.example;https://b.example", "null", ",",
)  # fmt: skip


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(settings.PREFIX + name.upper(), raising=False)


def test_the_server_reads_its_documented_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRIS_ARTIFACT_DIR", "/model")
    monkeypatch.setenv("IRIS_MODEL_NAME", "iris-canary")
    monkeypatch.setenv("IRIS_EXPECTED_VERSION", "1.4.0")
    monkeypatch.setenv("IRIS_LOG_LEVEL", "warning")

    loaded = settings.load()

    assert (loaded.artifact_dir, loaded.model_name) == (Path("/model"), "iris-canary")
    assert (loaded.expected_version, loaded.log_level) == ("1.4.0", "Warning")


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRIS_EXPECTED_VERSION", "")
    monkeypatch.setenv("IRIS_RELOAD_TOKEN", "")

    loaded = settings.load()

    assert (loaded.expected_version, loaded.reload_token) == (None, None)


def test_the_server_survives_what_kubernetes_sets_for_a_service_named_iris(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IRIS_PORT", "tcp://10.0.0.1:80")
    monkeypatch.setenv("IRIS_SERVICE_HOST", "10.0.0.1")

    assert settings.load().model_name == "iris"


@pytest.mark.parametrize(("name", "value"), WRONG.items(), ids=WRONG)
def test_the_server_names_the_variable_and_what_it_holds(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsRefused) as caught:
        settings.load()

    assert str(caught.value).startswith(f"settings refused: {name}: {value!r}, ")
    assert "\n" not in str(caught.value)


def test_the_server_never_shows_a_token_that_is_too_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRIS_RELOAD_TOKEN", "hunter2")

    with pytest.raises(SettingsRefused) as caught:
        settings.load()

    assert "IRIS_RELOAD_TOKEN: (hidden)" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        ("", ()),
        ("*", ("*",)),
        ("https://a.example", ("https://a.example",)),
        (" https://a.example , http://[::1]:3000 ", ("https://a.example", "http://[::1]:3000")),
    ],
)
def test_origins_are_separated_by_commas(
    monkeypatch: pytest.MonkeyPatch, value: str, origins: tuple[str, ...]
) -> None:
    monkeypatch.setenv("IRIS_CORS_ORIGINS", value)

    assert settings.load().cors_origins == origins


@pytest.mark.parametrize("value", WRONG_ORIGINS)
def test_an_origin_that_no_browser_sends_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """It would never match, and a person would look for the fault in the browser."""
    monkeypatch.setenv("IRIS_CORS_ORIGINS", value)

    with pytest.raises(SettingsRefused) as caught:
        settings.load()

    assert str(caught.value).startswith(f"settings refused: IRIS_CORS_ORIGINS: {value!r}, found ")
    assert str(caught.value).endswith("expected origins such as https://app.example.com, or * alone")
