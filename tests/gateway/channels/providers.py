"""The five providers, played by the tests: recorded requests, signed as they sign them; a server that takes calls."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode

from slack_sdk.signature import SignatureVerifier
from twilio.request_validator import RequestValidator

from bot.content.blocks import Paragraph
from bot.conversation.message import Kind, Offer, Reply
from bot.gateway.channel import Channel
from bot.gateway.channels import messenger, slack, telegram, twilio, whatsapp
from bot.settings import Settings

PAYLOADS = Path(__file__).parent / "payloads"
PUBLIC_URL = "https://axis.clinic.example"

MODULES: dict[str, Channel] = {
    "twilio": twilio,
    "telegram": telegram,
    "messenger": messenger,
    "whatsapp": whatsapp,
    "slack": slack,
}
OF_PATIENTS = ("twilio", "telegram", "messenger", "whatsapp")

SECRETS = {name: f"{name}-secret-0123456789" for name in MODULES}
SETTINGS: dict[str, dict[str, str]] = {
    "twilio": {
        "twilio_account_sid": "AC1",
        "twilio_auth_token": SECRETS["twilio"],
        "twilio_sender": "+12025550143",
    },
    "telegram": {"telegram_bot_token": "1:token", "telegram_webhook_secret": SECRETS["telegram"]},
    "messenger": {
        "messenger_app_secret": SECRETS["messenger"],
        "messenger_verify_token": "agreed",
        "messenger_page_token": "page-token",
    },
    "whatsapp": {
        "whatsapp_app_secret": SECRETS["whatsapp"],
        "whatsapp_verify_token": "agreed",
        "whatsapp_access_token": "access-token",
        "whatsapp_phone_id": "30001",
    },
    "slack": {"slack_signing_secret": SECRETS["slack"], "slack_bot_token": "xoxb-1"},
}


def payload(name: str) -> dict[str, Any]:
    """A recorded request, such as `twilio/sms`."""
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return found


def body_of(channel: str, content: dict[str, Any]) -> bytes:
    """The raw body as the provider sends it."""
    if channel == "twilio":
        return urlencode(content).encode()
    if channel == "slack" and "payload" in content:
        return urlencode({"payload": json.dumps(content["payload"])}).encode()
    return json.dumps(content).encode()


def signed(channel: str, body: bytes, *, secret: str | None = None, at: float | None = None) -> dict[str, str]:
    """The headers that prove it: Twilio's and Slack's by their own libraries, the others' as their pages say."""
    secret = SECRETS[channel] if secret is None else secret
    if channel == "twilio":
        form = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        signature = RequestValidator(secret).compute_signature(f"{PUBLIC_URL}/webhooks/twilio", form)
        return {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    if channel == "slack":
        stamp = str(int(time.time() if at is None else at))
        verifier = SignatureVerifier(secret or "none")
        verifier._signing_secret = secret  # the library refuses an empty one, a forger would not
        signature = verifier.generate_signature(timestamp=stamp, body=body)
        return {"X-Slack-Signature": str(signature), "X-Slack-Request-Timestamp": stamp}
    if channel == "telegram":
        return {"X-Telegram-Bot-Api-Secret-Token": secret}
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}


def written(channel: str, text: str, *, number: int, contact: int = 1) -> dict[str, Any]:
    """A message of a patient, made from the recorded one.

    Args:
        channel: the provider.
        text: what is typed.
        number: makes its id.
        contact: which patient.
    """
    if channel == "twilio":
        return payload("twilio/sms") | {"MessageSid": f"SM{number}", "Body": text, "From": f"+1202555{contact:04}"}
    if channel == "telegram":
        content = payload("telegram/message")
        content["message"] |= {"message_id": number, "text": text}
        content["message"]["chat"]["id"] = contact
        return content
    if channel == "messenger":
        content = payload("messenger/message")
        content["entry"][0]["messaging"][0] |= {
            "sender": {"id": str(contact)},
            "message": {"mid": f"m{number}", "text": text},
        }
        return content
    content = payload("whatsapp/text")
    change = content["entry"][0]["changes"][0]["value"]
    change["messages"][0] |= {"id": f"wamid.{number}", "from": f"1202555{contact:04}", "text": {"body": text}}
    return content


def choosing(channel: str, sent: dict[str, Any], place: int, *, number: int) -> dict[str, Any]:
    """What comes back when a patient uses the choice at this place of a message that was sent.

    Args:
        channel: the provider.
        sent: the body of the call that sent the message.
        place: counted from 0.
        number: makes the id of what comes back.
    """
    if channel == "twilio":
        return written(channel, f" {place + 1} ", number=number)
    if channel == "telegram":
        content = payload("telegram/callback")
        keyboard = sent["reply_markup"]
        content["callback_query"] |= {
            "id": str(number),
            "data": keyboard["inline_keyboard"][place][0]["callback_data"],
            "message": {"message_id": 7, "chat": {"id": 1, "type": "private"}, "reply_markup": keyboard},
        }
        return content
    if channel == "messenger":
        content = written(channel, "", number=number)
        reply = sent["message"]["quick_replies"][place]
        message = content["entry"][0]["messaging"][0]["message"]
        message |= {"text": reply["title"], "quick_reply": {"payload": reply["payload"]}}
        return content
    content = payload("whatsapp/button_reply")
    action = sent["interactive"]["action"]
    chosen = action["buttons"][place]["reply"] if "buttons" in action else action["sections"][0]["rows"][place]
    kind = "button_reply" if "buttons" in action else "list_reply"
    message = content["entry"][0]["changes"][0]["value"]["messages"][0]
    message |= {"id": f"wamid.{number}", "from": "12025550001", "interactive": {"type": kind, kind: chosen}}
    return content


def text_of(call: "Called") -> str:
    """The words of a call to a provider's API."""
    body = call.body
    if "interactive" in body:
        return str(body["interactive"]["body"]["text"])
    words = body.get("Body") or body.get("text") or body["message"]["text"]
    return str(words["body"] if isinstance(words, dict) else words)


@dataclass(frozen=True, slots=True)
class Called:
    """One call that the server was given."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def to(self) -> str:
        """Whom it is for."""
        found = self.body
        return str(
            found.get("To") or found.get("chat_id") or found.get("to") or found.get("channel")
            or found["recipient"]["id"]
        )  # fmt: skip


@dataclass
class Town:
    """A server that plays the providers' APIs and, for the whole application, Rasa.

    Attributes:
        calls: those that were taken, in order.
        refused: those that were not.
        troubles: what to answer next instead of taking it: status, headers, body.
        dialogue: what "Rasa" answers to a text.
        heard: the texts and choices that "Rasa" was given.
    """

    port: int = 0
    calls: list[Called] = field(default_factory=list)
    refused: list[Called] = field(default_factory=list)
    troubles: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    dialogue: Callable[[str], Reply] = lambda text: Reply(kind=Kind.ANSWER, blocks=[Paragraph(f"about {text}")])
    delay_s: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self, settings: Settings, **more: Any) -> Settings:
        """Settings with all messaging apps connected to this server."""
        values = {name: value for one in SETTINGS.values() for name, value in one.items()}
        for name in ("twilio", "telegram", "meta", "slack"):
            values[f"{name}_api_url"] = self.url
        fixed = {
            "public_url": PUBLIC_URL,
            "rasa_port": self.port,
            "outbox_first_wait_s": 0.02,
            "reply_limit_s": 2.0,
            "channels_full": ",".join(OF_PATIENTS),
        }
        return Settings(**(settings.model_dump(exclude_unset=True) | values | fixed | more))

    def wait_for(self, count: int, *, within_s: float = 40.0) -> list[Called]:
        """The calls, once there are so many."""
        deadline = time.monotonic() + within_s
        while len(self.calls) < count:
            assert time.monotonic() < deadline, [text_of(call)[:60] for call in self.calls]
            time.sleep(0.01)
        return self.calls

    def quiet(self, for_s: float = 0.3) -> list[Called]:
        """The calls, when no more come."""
        count = -1
        while count != len(self.calls):
            count = len(self.calls)
            time.sleep(for_s)
        return self.calls

    def texts(self, contact: str = "") -> list[str]:
        """What was sent, in order."""
        return [text_of(call) for call in self.calls if call.to.endswith(contact)]

    def take(self, call: Called) -> tuple[int, dict[str, str], bytes]:
        """Answer one call."""
        if call.path.startswith("/webhooks/axis/"):
            self.heard.append(call.body)
            time.sleep(self.delay_s)
            reply = self.dialogue(call.body["text"] or call.body["choice"]["intent"])
            return 200, {}, reply.model_dump_json().encode()
        with self.lock:
            if self.troubles:
                self.refused.append(call)
                return self.troubles.pop(0)
            self.calls.append(call)
        return 200, {}, b'{"ok": true}'


class _Handler(BaseHTTPRequestHandler):
    town: ClassVar[Town]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        if self.path.startswith("/webhooks/axis/"):  # as Rasa's channel: a line, and another once it is stored
            said, rest = [json.loads(line) for line in self._chunks().splitlines()]
            if rest is None:
                self.send_response(HTTPStatus.NO_CONTENT)
                self.end_headers()
                return
            body = said | rest
        elif self.headers["Content-Type"].startswith("application/json"):
            body = json.loads(self._raw())
        else:
            body = {name: values[0] for name, values in parse_qs(self._raw().decode()).items()}
        call = Called(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        status, headers, answer = self.town.take(call)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(answer)

    def _raw(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _chunks(self) -> bytes:
        """A body that comes in pieces, each after a line with its length."""
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def town_running() -> Iterator[Town]:
    """The server, for as long as the block lasts."""
    town = Town()
    handler = type("Handler", (_Handler,), {"town": town})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    town.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield town
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def offering(*titles: str) -> Callable[[str], Reply]:
    """A dialogue that offers choices, whose intents are x0, x1, ..."""
    offers = [Offer(title=title, intent=f"x{place}") for place, title in enumerate(titles)]
    return lambda text: Reply(kind=Kind.ANSWER, blocks=[Paragraph(f"about {text}")], offers=offers)


def basic(user: str, password: str) -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
