"""Every setting of Axis, in one place: environment variables that begin with AXIS_.

docs/how-to/settings.md lists them; a test holds the two together.
"""

import os
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import DataError
from bot.roles import Role

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder: data, models and var lie below it."""

PREFIX = "AXIS_"

DATABASES = ("sqlite:///", "postgresql://", "postgresql+psycopg://")
"""What the address of a database begins with."""

SHORTEST_SECRET = 16
"""Characters of a secret that signs."""


class Mode(StrEnum):
    """How strict the store is: a demonstration serves drafts with a notice, production only approved texts."""

    DEMO = "demo"
    PRODUCTION = "production"


UNSET = SecretStr("")

CHANNELS = ("twilio", "telegram", "messenger", "whatsapp", "slack")
"""The providers of messaging apps; each has settings of its own, and is off unless all of them are there."""


class Security(StrEnum):
    """How a connection to the mail server is secured."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Settings(BaseSettings):
    """What the operator may choose. Each field's description is its documentation."""

    # A refused setting is named without its value: among the values are secrets, and errors are logged.
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

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
    public_url: str = Field(
        default="", description="address under which everybody reaches Axis; messaging apps and outgoing links need it"
    )
    lease_min: int = Field(default=15, gt=0, description="minutes after which an idle owner's ticket is free again")
    handback_min: int = Field(
        default=15, gt=0, description="minutes without the team's doing anything until the assistant answers again"
    )
    alert_after_s: int = Field(
        default=60, ge=0, description="seconds that an urgent ticket may be unclaimed before it raises an alert"
    )
    alert_webhook_url: str = Field(default="", description="address that gets a signed request for each alert")
    alert_webhook_secret: SecretStr = Field(default=SecretStr(""), description="key of the signature on alerts")
    alert_email: str = Field(default="", description="addresses that get an email for each alert, comma-separated")
    smtp_host: str = Field(default="", description="mail server; empty: no email")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="port of the mail server")
    smtp_security: Security = Field(default=Security.STARTTLS, description="starttls, tls or none")
    smtp_user: str = Field(default="", description="account at the mail server; empty: none is needed")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="its password")
    smtp_from: str = Field(default="", description="sender of emails")
    watch_every_s: float = Field(default=2.0, gt=0, description="seconds between looks at leases, targets and alerts")
    internal_secret: SecretStr = Field(
        default=UNSET,
        description="shared by web, Rasa and the action server; empty: made at start-up and kept under the var folder",
    )
    allowed_origins: str = Field(
        default="",
        description="websites that may embed the chat, comma-separated: https://www.clinic.example; empty: Axis's own",
    )
    webhook_url: str = Field(default="", description="address that is told when a ticket is opened, raised or resolved")
    webhook_secret: SecretStr = Field(
        default=UNSET, description="signs what the webhook sends; needed with AXIS_WEBHOOK_URL"
    )
    webhook_full: bool = Field(
        default=False, description="the webhook sends the whole ticket with the patient's words, as FHIR"
    )
    channels_full: str = Field(
        default="", description="apps that may give medical texts, comma-separated; the others link to the page"
    )
    twilio_account_sid: str = Field(default="", description="Twilio: the account's id (AC...)")
    twilio_auth_token: SecretStr = Field(default=UNSET, description="Twilio: the primary token; it also signs")
    twilio_sender: str = Field(
        default="", description="Twilio: the number that messages come from, or a service (MG...)"
    )
    twilio_api_url: str = Field(default="https://api.twilio.com", description="Twilio: where its API is")
    telegram_bot_token: SecretStr = Field(default=UNSET, description="Telegram: the bot's token")
    telegram_webhook_secret: SecretStr = Field(default=UNSET, description="Telegram: secret_token of setWebhook")
    telegram_api_url: str = Field(default="https://api.telegram.org", description="Telegram: where its API is")
    messenger_app_secret: SecretStr = Field(default=UNSET, description="Messenger: the app's secret, for signatures")
    messenger_verify_token: SecretStr = Field(default=UNSET, description="Messenger: the word that Meta asks for once")
    messenger_page_token: SecretStr = Field(default=UNSET, description="Messenger: access token of the page")
    whatsapp_app_secret: SecretStr = Field(default=UNSET, description="WhatsApp: the app's secret, for signatures")
    whatsapp_verify_token: SecretStr = Field(default=UNSET, description="WhatsApp: the word that Meta asks for once")
    whatsapp_access_token: SecretStr = Field(default=UNSET, description="WhatsApp: token of the system user")
    whatsapp_phone_id: str = Field(default="", description="WhatsApp: id of the clinic's telephone number")
    meta_api_url: str = Field(
        default="https://graph.facebook.com/v26.0", description="Messenger and WhatsApp: where their API is"
    )
    slack_signing_secret: SecretStr = Field(default=UNSET, description="Slack: the app's signing secret")
    slack_bot_token: SecretStr = Field(default=UNSET, description="Slack: the bot's token (xoxb-...)")
    slack_api_url: str = Field(default="https://slack.com/api", description="Slack: where its API is")
    outbox_attempts: int = Field(default=12, gt=0, description="times that a message to an app is tried")
    outbox_first_wait_s: float = Field(
        default=1.0, gt=0, description="seconds before the second try; each further wait is twice as long"
    )
    staff_session_hours: int = Field(default=10, gt=0, le=24, description="hours after which staff sign in again")
    staff_idle_minutes: int = Field(default=60, gt=0, description="minutes without anybody there until staff sign in")
    sign_in_failures: int = Field(
        default=20, gt=0, description="failed sign-ins of staff that one address may make in 15 minutes"
    )
    second_factor_for: str = Field(default="", description="roles that need a second factor, comma-separated")
    oidc_issuer: str = Field(default="", description="single sign-on: the OpenID provider's issuer; empty: off")
    oidc_client_id: str = Field(default="", description="single sign-on: what the provider calls Axis")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), description="single sign-on: the client's secret")
    oidc_name_claim: str = Field(
        default="preferred_username", description="single sign-on: claim that names the account"
    )
    oidc_role_claim: str = Field(
        default="",
        description="single sign-on: claim that decides about roles (realm_access.roles); empty: Axis does",
    )
    oidc_roles: str = Field(
        default="",
        description="single sign-on: what that claim may say, the strongest first: it-team=admin,desk=front_desk",
    )
    oidc_provision: bool = Field(
        default=False, description="single sign-on: somebody new gets an account in the role of the claim"
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

    @property
    def second_factor_roles(self) -> frozenset[Role]:
        """The roles that need a second factor."""
        return frozenset(Role(part) for part in _parts(self.second_factor_for))

    @property
    def roles_by_group(self) -> dict[str, Role]:
        """Values of the provider's claim with the role that each means, in the order of the setting."""
        pairs = (part.rpartition("=") for part in _parts(self.oidc_roles))
        return {group.strip(): Role(role.strip()) for group, _, role in pairs}

    @model_validator(mode="after")
    def _access_fits(self) -> Self:
        try:
            roles = self.roles_by_group, self.second_factor_roles
        except ValueError as error:
            there = ", ".join(Role)
            raise ValueError(f"AXIS_OIDC_ROLES or AXIS_SECOND_FACTOR_FOR: {error}; there are {there}") from None
        if not self.oidc_issuer:
            return self
        if not (self.oidc_client_id and self.oidc_client_secret.get_secret_value() and self.public_url):
            raise ValueError("AXIS_OIDC_ISSUER needs AXIS_OIDC_CLIENT_ID, AXIS_OIDC_CLIENT_SECRET and AXIS_PUBLIC_URL")
        if (self.oidc_role_claim or self.oidc_provision) and not (self.oidc_role_claim and roles[0]):
            raise ValueError("AXIS_OIDC_ROLE_CLAIM and AXIS_OIDC_ROLES belong together; AXIS_OIDC_PROVISION needs both")
        if self.mode is Mode.PRODUCTION and not self.oidc_issuer.startswith("https://"):
            raise ValueError("AXIS_OIDC_ISSUER must begin with https:// in production")
        return self

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if self.mode is Mode.PRODUCTION and not self.rate_limits:
            raise ValueError("AXIS_RATE_LIMITS=off is for load tests in demo mode only")
        if self.mode is Mode.PRODUCTION and not self.secure_cookies:
            raise ValueError("AXIS_SECURE_COOKIES must be on in production, behind HTTPS")
        return self

    @model_validator(mode="after")
    def _database_fits(self) -> Self:
        if self.database_url and not self.database_url.startswith(DATABASES):
            raise ValueError(f"AXIS_DATABASE_URL must begin with {' or '.join(DATABASES)}")
        return self

    @property
    def origins(self) -> tuple[str, ...]:
        """The other origins that may embed the chat."""
        return tuple(_parts(self.allowed_origins))

    @model_validator(mode="after")
    def _origins_fit(self) -> Self:
        kinds = "https" if self.mode is Mode.PRODUCTION else "https?"
        for origin in self.origins:
            if not re.fullmatch(rf"{kinds}://[a-z0-9.-]+(:\d{{1,5}})?", origin):
                raise ValueError(
                    f"AXIS_ALLOWED_ORIGINS: {origin!r} is no origin such as https://www.clinic.example"
                    " (lower case, no path, no wildcard; https in production)"
                )
        return self

    @property
    def full_channels(self) -> frozenset[str]:
        """The messaging apps that the clinic has opened for medical texts."""
        return frozenset(part.strip() for part in self.channels_full.split(",") if part.strip())

    @model_validator(mode="after")
    def _channels_fit(self) -> Self:
        if self.public_url and not self.public_url.startswith(("https://", "http://")):
            raise ValueError("AXIS_PUBLIC_URL must begin with https://")
        if self.mode is Mode.PRODUCTION and self.public_url.startswith("http://"):
            raise ValueError("AXIS_PUBLIC_URL must begin with https:// in production")
        if unknown := self.full_channels - set(CHANNELS):
            raise ValueError(f"AXIS_CHANNELS_FULL names {', '.join(sorted(unknown))}; there are {', '.join(CHANNELS)}")
        return self

    @model_validator(mode="after")
    def _webhook_fits(self) -> Self:
        secret = self.webhook_secret.get_secret_value()
        if bool(self.webhook_url) != bool(secret):
            raise ValueError("AXIS_WEBHOOK_URL and AXIS_WEBHOOK_SECRET must be set both, or neither")
        if secret and len(secret) < SHORTEST_SECRET:
            raise ValueError(f"AXIS_WEBHOOK_SECRET must have at least {SHORTEST_SECRET} characters")
        if self.webhook_full and not self.webhook_url:
            raise ValueError("AXIS_WEBHOOK_FULL needs AXIS_WEBHOOK_URL")
        kinds = ("https://",) if self.mode is Mode.PRODUCTION else ("https://", "http://")
        if self.webhook_url and not self.webhook_url.startswith(kinds):
            raise ValueError(f"AXIS_WEBHOOK_URL must begin with {' or '.join(kinds)}")
        return self

    @model_validator(mode="after")
    def _alerts_fit(self) -> Self:
        if self.alert_webhook_url and not self.alert_webhook_secret.get_secret_value():
            raise ValueError("AXIS_ALERT_WEBHOOK_URL needs AXIS_ALERT_WEBHOOK_SECRET, or nobody could tell who sends")
        if self.alert_email and not (self.smtp_host and self.smtp_from):
            raise ValueError("AXIS_ALERT_EMAIL needs AXIS_SMTP_HOST and AXIS_SMTP_FROM")
        if self.mode is Mode.PRODUCTION and self.alert_webhook_url.startswith("http://"):
            raise ValueError("AXIS_ALERT_WEBHOOK_URL must begin with https:// in production")
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
        except ValidationError as error:
            raise DataError("; ".join(_sentence(one) for one in error.errors(include_url=False))) from error


def _sentence(one: ErrorDetails) -> str:
    """What is wrong with which variable; never its value."""
    name = f"{PREFIX}{one['loc'][0]}: ".upper() if one["loc"] else ""
    return name + one["msg"].removeprefix("Value error, ")


def _parts(listed: str) -> list[str]:
    return [part.strip() for part in listed.split(",") if part.strip()]


ELSEWHERE = {"AXIS_CHROMIUM", "AXIS_SCREENSHOTS", "AXIS_TEST_DATABASE_URL", "AXIS_BENCHMARKS"}
"""Variables that tests and measurements read, and no process that serves."""
