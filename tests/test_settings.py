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
