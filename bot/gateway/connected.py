"""Which messaging apps are connected: those whose settings are all there. One that is not does not exist (404)."""

from dataclasses import dataclass

import structlog
from pydantic import SecretStr

from bot.gateway.channel import Access, Channel
from bot.gateway.channels import messenger, slack, telegram, twilio, whatsapp
from bot.settings import Settings
from bot.words import Words

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Connected:
    """One messaging app that the clinic has connected.

    Attributes:
        name: as in the address of its webhook.
        secret: what its requests are verified with.
        access: what its API is called with.
        url: the public address of its webhook.
        challenge: the word by which Meta checks that the address is ours.
        full: the clinic has opened it for medical texts.
    """

    name: str
    channel: Channel
    secret: SecretStr
    access: Access
    url: str
    challenge: SecretStr | None = None
    full: bool = False


def connected(settings: Settings, words: Words) -> dict[str, Connected]:
    """The messaging apps whose settings are all there, by name; one that is half set up is named in the log.

    Args:
        settings: of this process.
        words: the few that stand on buttons.
    """
    found = {}
    for one in _all(settings, words):
        needed = [one.secret, one.access.token, *([one.challenge] if one.challenge is not None else [])]
        given = [bool(secret.get_secret_value()) for secret in needed] + [
            bool(value) for value in _named(settings, one.name)
        ]
        if all(given) and settings.public_url:
            found[one.name] = one
        elif any(given):
            log.warning("channel.half_set_up", channel=one.name)
    return found


def _named(settings: Settings, name: str) -> list[str]:
    """What a provider needs beside its secrets."""
    return {
        "twilio": [settings.twilio_account_sid, settings.twilio_sender],
        "whatsapp": [settings.whatsapp_phone_id],
    }.get(name, [])


def _all(settings: Settings, words: Words) -> list[Connected]:
    pick, numbers = words.phrase("channel_pick"), words.phrase("channel_numbers")

    def access(api_url: str, token: SecretStr, account: str = "", sender: str = "") -> Access:
        return Access(api_url.rstrip("/"), token, account, sender, pick, numbers)

    def one(
        name: str, channel: Channel, secret: SecretStr, access: Access, challenge: SecretStr | None = None
    ) -> Connected:
        url = f"{settings.public_url.rstrip('/')}/webhooks/{name}"
        return Connected(name, channel, secret, access, url, challenge, full=name in settings.full_channels)

    s = settings
    return [
        one(
            "twilio", twilio, s.twilio_auth_token,
            access(s.twilio_api_url, s.twilio_auth_token, s.twilio_account_sid, s.twilio_sender),
        ),
        one("telegram", telegram, s.telegram_webhook_secret, access(s.telegram_api_url, s.telegram_bot_token)),
        one(
            "messenger", messenger, s.messenger_app_secret, access(s.meta_api_url, s.messenger_page_token),
            s.messenger_verify_token,
        ),
        one(
            "whatsapp", whatsapp, s.whatsapp_app_secret,
            access(s.meta_api_url, s.whatsapp_access_token, s.whatsapp_phone_id), s.whatsapp_verify_token,
        ),
        one("slack", slack, s.slack_signing_secret, access(s.slack_api_url, s.slack_bot_token)),
    ]  # fmt: skip
