"""Twilio: SMS and WhatsApp webhooks in, Messages API out. Numbered text, since SMS has no buttons.

Source: twilio.com/docs/usage/webhooks/webhooks-security, /docs/messaging/api/message-resource.
"""

import base64
import hashlib
import hmac
from urllib.parse import parse_qs

from pydantic import SecretStr

from bot.conversation.message import Message
from bot.gateway.channel import (
    Access,
    Acknowledgement,
    Answer,
    Call,
    Incoming,
    Limits,
    Notice,
    Post,
    Verdict,
    judge_by_status,
    pressed,
    refuse_unless,
    same,
    storable,
)
from bot.gateway.wording import parts

LIMITS = Limits(text=1600)


def verify(post: Post, *, secret: SecretStr) -> None:
    """`X-Twilio-Signature`: HMAC-SHA1 with the account's token over the public address and the sorted parameters.

    Raises:
        NotAllowed: it does not fit.
    """
    form = _form(post.body)
    said = post.url + "".join(name + value for name in sorted(form) for value in sorted(set(form[name])))
    key = secret.get_secret_value().encode()
    digest = hmac.new(key, said.encode("utf-8", "replace"), hashlib.sha1).digest()
    given = post.headers.get("x-twilio-signature", "")
    refuse_unless(bool(key) and same(given, base64.b64encode(digest).decode()))


def parse(body: bytes) -> list[Incoming]:
    """The message of a webhook; none if it is a report on one that we sent."""
    form = {name: values[0] for name, values in _form(body).items()}
    if "Body" not in form or not form.get("MessageSid") or not form.get("From"):
        return []
    text = storable(form["Body"])
    return [
        Incoming(
            form["MessageSid"],
            form["From"],
            text=text,
            choice=pressed(form.get("ButtonPayload") or form.get("ListId")),
            notice=None if text.strip() else Notice.ONLY_TEXT,
            leaving=form.get("OptOutType") == "STOP",
        )
    ]


def acknowledge(body: bytes) -> Acknowledgement:
    """No instructions: the reply goes out through the API."""
    return Acknowledgement("<Response/>", "text/xml")


def render(message: Message, *, to: str, access: Access) -> list[Call]:
    """One call for each part.

    Args:
        message: what is sent.
        to: `+...` or `whatsapp:...`.
        access: its `sender` is a number, or the id of a messaging service (MG...).
    """
    basic = base64.b64encode(f"{access.account}:{access.token.get_secret_value()}".encode()).decode()
    if access.sender.startswith("MG"):
        sender = {"MessagingServiceSid": access.sender}
    else:
        sender = {"From": f"whatsapp:{access.sender}" if to.startswith("whatsapp:") else access.sender}
    return [
        Call(
            f"{access.api_url}/2010-04-01/Accounts/{access.account}/Messages.json",
            headers={"Authorization": f"Basic {basic}"},
            form={"To": to, **sender, "Body": part},
        )
        for part in parts(message, LIMITS, numbers=access.numbers)
    ]


def judge(answer: Answer) -> Verdict:
    """By the HTTP status."""
    return judge_by_status(answer)


def _form(body: bytes) -> dict[str, list[str]]:
    """The parameters as they were sent: blank ones stay, and so do spaces at the end."""
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
