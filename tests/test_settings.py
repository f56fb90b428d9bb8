"""Settings: misspelt variables stop the start, production is strict."""

import pytest

from bot.errors import DataError
from bot.settings import Mode, Settings


def test_a_misspelt_variable_is_named() -> None:
    with pytest.raises(DataError, match="AXIS_PROT"):
        Settings.read({"AXIS_PROT": "80"})


def test_production_refuses_what_only_a_demonstration_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXIS_MODE", "production")
    with pytest.raises(DataError, match="AXIS_SECURE_COOKIES"):
        Settings.read()
    monkeypatch.setenv("AXIS_SECURE_COOKIES", "on")
    assert Settings.read().mode is Mode.PRODUCTION
    monkeypatch.setenv("AXIS_RATE_LIMITS", "off")
    with pytest.raises(DataError, match="AXIS_RATE_LIMITS"):
        Settings.read()


def test_a_plain_postgresql_address_gets_its_driver() -> None:
    assert Settings(database_url="postgresql://u@h/d").resolved_database_url == "postgresql+psycopg://u@h/d"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"channels_full": "whatsapp, pigeon"}, "pigeon"),
        ({"public_url": "axis.clinic.example"}, "AXIS_PUBLIC_URL"),
        ({"allowed_origins": "*"}, "AXIS_ALLOWED_ORIGINS"),
        ({"allowed_origins": "https://a.example, https://*.b.example"}, "AXIS_ALLOWED_ORIGINS"),
        ({"allowed_origins": "https://a.example/"}, "AXIS_ALLOWED_ORIGINS"),
        ({"allowed_origins": "null"}, "AXIS_ALLOWED_ORIGINS"),
        ({"allowed_origins": "http://a.example", "mode": "production", "secure_cookies": True}, "AXIS_ALLOWED_ORIGINS"),
        ({"public_url": "http://axis.clinic.example", "mode": "production", "secure_cookies": True}, "AXIS_PUBLIC_URL"),
    ],
)
def test_settings_of_messaging_apps_that_do_not_fit_are_named(values: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Settings(**values)


WEBHOOK = {"AXIS_WEBHOOK_URL": "https://records.example.org/hook", "AXIS_WEBHOOK_SECRET": "0123456789abcdef"}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"AXIS_WEBHOOK_SECRET": ""}, "AXIS_WEBHOOK_SECRET must be set both"),
        ({"AXIS_WEBHOOK_URL": ""}, "AXIS_WEBHOOK_SECRET must be set both"),
        ({"AXIS_WEBHOOK_SECRET": "short"}, "at least 16 characters"),
        ({"AXIS_WEBHOOK_URL": "records.example.org"}, "must begin with https://"),
        (
            {"AXIS_WEBHOOK_URL": "", "AXIS_WEBHOOK_SECRET": "", "AXIS_WEBHOOK_FULL": "on"},
            "AXIS_WEBHOOK_FULL needs AXIS_WEBHOOK_URL",
        ),
        (
            {"AXIS_WEBHOOK_URL": "http://10.0.0.1", "AXIS_MODE": "production", "AXIS_SECURE_COOKIES": "on"},
            "must begin with https://",
        ),
    ],
)
def test_a_webhook_is_set_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], named: str
) -> None:
    for name, value in (WEBHOOK | changes).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DataError, match=named) as refused:
        Settings.read()
    assert WEBHOOK["AXIS_WEBHOOK_SECRET"] not in str(refused.value)


def test_a_webhook_that_is_whole_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in WEBHOOK.items():
        monkeypatch.setenv(name, value)
    assert Settings.read().webhook_url == WEBHOOK["AXIS_WEBHOOK_URL"]
    assert WEBHOOK["AXIS_WEBHOOK_SECRET"] not in repr(Settings.read())
