"""Every setting of Axis, in one place: environment variables that begin with AXIS_.

docs/how-to/settings.md lists them; a test holds the two together.
"""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import DataError

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder: data, models and var lie below it."""

PREFIX = "AXIS_"


class Mode(StrEnum):
    """How strict the store is: a demonstration serves drafts with a notice, production only approved texts."""

    DEMO = "demo"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """What the operator may choose. Each field's description is its documentation."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    mode: Mode = Field(default=Mode.DEMO, description="demo or production")
    host: str = Field(default="127.0.0.1", description="address that the web process listens on")
    port: int = Field(default=8080, ge=1, le=65535, description="port of the web process, the only public door")
    rasa_port: int = Field(default=5005, ge=1, le=65535, description="port of Rasa, on loopback")
    actions_port: int = Field(default=5055, ge=1, le=65535, description="port of the action server, on loopback")
    database_url: str = Field(default="", description="SQLAlchemy URL; empty: SQLite under the var folder")
    data_dir: Path = Field(default=ROOT / "data", description="folder of vetted texts, rules and words")
    models_dir: Path = Field(
        default=ROOT / "models", description="folder of the encoder and the trained dialogue model"
    )
    var_dir: Path = Field(default=ROOT / "var", description="folder of the database, logs and generated secrets")
    language: str = Field(default="en", description="folder below data whose words are used")
    reply_limit_s: float = Field(default=8.0, gt=0, description="seconds until a patient gets the safe reply instead")
    store_limit_s: float = Field(default=2.0, gt=0, description="seconds that a database statement may take")
    rate_limits: bool = Field(default=True, description="off serves load tests, in demo mode only")
    messages_per_minute: int = Field(default=20, gt=0, description="messages that one conversation may send a minute")
    requests_per_minute: int = Field(default=120, gt=0, description="requests that one address may send a minute")
    conversations_per_hour: int = Field(default=60, gt=0, description="conversations that one address may open an hour")
    trusted_proxies: str = Field(default="", description="addresses whose X-Forwarded-For is believed, comma-separated")
    secure_cookies: bool = Field(
        default=False, description="staff cookies are sent over HTTPS only; required in production"
    )
    internal_secret: SecretStr = Field(
        default=SecretStr(""),
        description="shared by web and Rasa; empty: made at start-up and kept under the var folder",
    )

    @property
    def language_dir(self) -> Path:
        """The folder of all words that a patient writes or reads."""
        return self.data_dir / self.language

    @property
    def resolved_database_url(self) -> str:
        """The database's URL with its driver."""
        if not self.database_url:
            return f"sqlite:///{self.var_dir / 'axis.sqlite'}"
        return self.database_url.replace("postgresql://", "postgresql+psycopg://", 1)

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if self.mode is Mode.PRODUCTION and not self.rate_limits:
            raise ValueError("AXIS_RATE_LIMITS=off is for load tests in demo mode only")
        if self.mode is Mode.PRODUCTION and not self.secure_cookies:
            raise ValueError("AXIS_SECURE_COOKIES must be on in production, behind HTTPS")
        return self

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """The settings of this process.

        Args:
            environ: the environment; None means this process's own.

        Raises:
            DataError: a variable is misspelt or has a value that does not fit.
        """
        environ = os.environ if environ is None else environ
        known = {PREFIX + name.upper() for name in cls.model_fields} | ELSEWHERE
        unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
        if unknown:
            raise DataError(f"unknown setting {', '.join(unknown)}; see docs/how-to/settings.md")
        try:
            return cls()
        except ValueError as error:
            raise DataError(f"a setting does not fit: {error}") from error


ELSEWHERE = {"AXIS_CHROMIUM", "AXIS_SCREENSHOTS", "AXIS_TEST_DATABASE_URL", "AXIS_BENCHMARKS"}
"""Variables that tests and measurements read, and no process that serves."""
