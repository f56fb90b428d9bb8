"""An alert as a signed request and as an email: how urgent, which ticket, where to look. Nothing of the patient's."""

import hashlib
import hmac
import json
import time
from email.message import EmailMessage

import aiosmtplib
import httpx2
import structlog

from bot.desk.screen import words
from bot.settings import Security, Settings
from bot.translation import gettext as _
from bot.triage.alerts import DESK, Alert

log = structlog.get_logger()

WEBHOOK, EMAIL = "webhook", "email"
LIMIT_S = 10.0


def channels(settings: Settings) -> list[str]:
    """The channels on which alerts are told."""
    more = {WEBHOOK: settings.alert_webhook_url, EMAIL: settings.alert_email}
    return [DESK, *(name for name, target in more.items() if target)]


async def send(alert: Alert, settings: Settings) -> bool:
    """Tell one alert on its channel.

    Returns:
        Whether it arrived; what broke is logged by its kind.
    """
    try:
        await (_post(alert, settings) if alert.channel == WEBHOOK else _mail(alert, settings))
    except (httpx2.HTTPError, httpx2.InvalidURL, aiosmtplib.SMTPException, OSError, ValueError) as error:
        log.error("alert.not_sent", channel=alert.channel, attempt=alert.attempts + 1, error=type(error).__name__)
        return False
    log.info("alert.sent", channel=alert.channel, ticket=alert.ticket_id, urgency=alert.urgency)
    return True


def link(alert: Alert, settings: Settings) -> str:
    """Where to look."""
    base = settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
    return f"{base}/desk/tickets/{alert.ticket_id}"


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a full stop and the body, in hexadecimal digits."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


async def _post(alert: Alert, settings: Settings) -> None:
    content = {
        "event": "ticket.unclaimed", "id": alert.id, "ticket": alert.ticket_id, "urgency": alert.urgency,
        "link": link(alert, settings), "raised_at": alert.raised_at.isoformat(),
    }  # fmt: skip
    body, timestamp = json.dumps(content).encode(), str(int(time.time()))
    signature = sign(settings.alert_webhook_secret.get_secret_value(), timestamp, body)
    headers = {
        "Content-Type": "application/json", "Axis-Timestamp": timestamp, "Axis-Signature": f"v1={signature}",
        "Idempotency-Key": alert.id,
    }  # fmt: skip
    async with httpx2.AsyncClient(timeout=LIMIT_S) as client:
        answer = await client.post(settings.alert_webhook_url, content=body, headers=headers)
        answer.raise_for_status()


async def _mail(alert: Alert, settings: Settings) -> None:
    message = EmailMessage()
    message["From"], message["To"] = settings.smtp_from, settings.alert_email
    message["Subject"] = _("Axis: {urgency} request, claimed by nobody").format(urgency=words(alert.urgency).lower())
    message["Message-ID"] = f"<{alert.id}@{settings.smtp_from.rpartition('@')[2] or 'axis'}>"
    message.set_content(
        _(
            "A request has waited since before {moment} and nobody has claimed it.\n\n"
            "Urgency: {urgency}\nTicket: {ticket_id}\n\n{link}\n"
        ).format(
            moment=f"{alert.raised_at:%Y-%m-%d %H:%M} UTC",
            urgency=words(alert.urgency).lower(),
            ticket_id=alert.ticket_id[:6],
            link=link(alert, settings),
        )
    )
    await aiosmtplib.send(
        message,
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_user or None,
        password=settings.smtp_password.get_secret_value() or None,
        use_tls=settings.smtp_security is Security.TLS,
        start_tls=settings.smtp_security is Security.STARTTLS,
        timeout=LIMIT_S,
    )
