"""The contract of all messaging apps: forged is refused, missing is closed, twice is once, a batch is all handled, and
the closing survives whatever the provider's limits are.
"""

from typing import Any
from urllib.parse import parse_qs

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from slack_sdk.signature import Clock, SignatureVerifier
from twilio.request_validator import RequestValidator

from bot.app import create
from bot.content.blocks import Paragraph
from bot.conversation import guard
from bot.conversation.message import Closing, Kind, Message, Offer, Reply
from bot.database import Database
from bot.errors import NotAllowed
from bot.gateway.channel import Access, Answer, Call, Fate, Incoming, Notice, Post
from bot.gateway.wording import cut, listed, units
from bot.settings import Settings
from tests.gateway.channels.conftest import App, on_sqlite, table
from tests.gateway.channels.providers import (
    MODULES,
    OF_PATIENTS,
    PAYLOADS,
    PUBLIC_URL,
    SECRETS,
    SETTINGS,
    Called,
    Town,
    basic,
    body_of,
    choosing,
    offering,
    payload,
    signed,
    text_of,
    written,
)

ACCESS = Access("http://api", SecretStr("token"), "account", "+1", "Choose", "Or answer with a number:")
A_BUTTON = "0123456789abcdef0123456789abcdef"
NUMBER, BSUID = "12025550187", "US.13491208655302741918"

EXPECTED: dict[str, list[Incoming]] = {
    "twilio/sms": [Incoming("SM0f6c1d2e3a4b5c6d7e8f901234567890", "+12025550187", text="What is clomid? ")],
    "twilio/whatsapp": [
        Incoming("SM1f6c1d2e3a4b5c6d7e8f901234567890", "whatsapp:+12025550187", text="¡Hola! 🙂 what are the hours?")
    ],
    "twilio/whatsapp_button": [
        Incoming("SM2f6c1d2e3a4b5c6d7e8f901234567890", "whatsapp:+12025550187", text="Simpler", choice=f"{A_BUTTON}.0")
    ],
    "twilio/mms": [Incoming("MM3f6c1d2e3a4b5c6d7e8f901234567890", "+12025550187", notice=Notice.ONLY_TEXT)],
    "twilio/stop": [Incoming("SM4f6c1d2e3a4b5c6d7e8f901234567890", "+12025550187", text="Stop", leaving=True)],
    "twilio/status": [],
    "telegram/message": [Incoming("700100200:1", "700100200", text="What is clomid?")],
    "telegram/start": [Incoming("700100200:2", "700100200", text="/start", notice=Notice.HELLO)],
    "telegram/photo": [Incoming("700100200:3", "700100200", notice=Notice.ONLY_TEXT)],
    "telegram/photo_with_caption": [Incoming("700100200:4", "700100200", text="is this rash from the gel?")],
    "telegram/edited": [
        Incoming("700100200:1:1763640100", "700100200", text="What is clomiphene?", notice=Notice.EDITED)
    ],
    "telegram/callback": [Incoming("callback:3006", "700100200", text="Ask for a person", choice=f"{A_BUTTON}.1")],
    "telegram/callback_inaccessible": [Incoming("callback:3007", "700100200", choice=f"{A_BUTTON}.1")],
    "telegram/group": [Incoming("-100123:8", "-100123", text="@axis_bot what is clomid", notice=Notice.GROUP)],
    "telegram/group_joined": [],
    "telegram/my_chat_member": [],
    "messenger/message": [Incoming("m_one", "24001", text="What is clomid?")],
    "messenger/quick_reply": [Incoming("m_two", "24001", text="Simpler", choice=f"{A_BUTTON}.0")],
    "messenger/get_started": [Incoming("m_three", "24001", text="Get Started", notice=Notice.HELLO)],
    "messenger/image": [Incoming("m_four", "24001", notice=Notice.ONLY_TEXT)],
    "messenger/of_an_unknown_shape": [Incoming("m_five", "24001", notice=Notice.ONLY_TEXT)],
    "messenger/echo": [],
    "messenger/read_and_delivered": [],
    "messenger/batch": [
        Incoming("m_b1", "24001", text="first"),
        Incoming("m_b2", "24001", text="second"),
        Incoming("m_b3", "24002", text="another person"),
    ],
    "whatsapp/text": [Incoming("wamid.one", NUMBER, text="What is clomid?", address=NUMBER)],
    "whatsapp/button_reply": [Incoming("wamid.two", NUMBER, text="Simpler", choice=f"{A_BUTTON}.0", address=NUMBER)],
    "whatsapp/list_reply": [
        Incoming("wamid.three", NUMBER, text="Clomiphene and…", choice=f"{A_BUTTON}.4", address=NUMBER)
    ],
    "whatsapp/template_button": [Incoming("wamid.four", NUMBER, text="Call me", address=NUMBER)],
    "whatsapp/image_with_caption": [Incoming("wamid.five", NUMBER, text="is this rash from the gel?", address=NUMBER)],
    "whatsapp/voice": [Incoming("wamid.six", NUMBER, notice=Notice.ONLY_TEXT, address=NUMBER)],
    "whatsapp/unsupported": [Incoming("wamid.seven", NUMBER, notice=Notice.ONLY_TEXT, address=NUMBER)],
    "whatsapp/of_an_unknown_shape": [Incoming("wamid.eight", NUMBER, notice=Notice.ONLY_TEXT, address=NUMBER)],
    "whatsapp/reaction": [],
    "whatsapp/without_number": [Incoming("wamid.ten", BSUID, text="What is clomid?")],
    "whatsapp/with_both_ids": [Incoming("wamid.eleven", BSUID, text="What is clomid?", address=NUMBER)],
    "whatsapp/statuses": [],
    "whatsapp/template_status": [],
    "whatsapp/batch": [
        Incoming("wamid.b1", NUMBER, text="first", address=NUMBER),
        Incoming("wamid.b3", NUMBER, text="second", address=NUMBER),
        Incoming("wamid.b4", "12025550188", text="another person", address="12025550188"),
    ],
    "slack/direct_message": [Incoming("Ev0001", "D024", text="what is <clomid> & co?", notice=Notice.STAFF_ONLY)],
    "slack/mention": [Incoming("Ev0002", "C024", text="<@U0AXIS> hello", notice=Notice.STAFF_ONLY)],
    "slack/in_a_channel": [],
    "slack/own_message": [],
    "slack/changed": [],
    "slack/url_verification": [],
    "slack/interaction": [],
}

every_channel = pytest.mark.parametrize("channel", MODULES)
every_patients_channel = pytest.mark.parametrize("channel", OF_PATIENTS)


def post(channel: str, body: bytes, headers: dict[str, str], *, at: float = 0.0) -> Post:
    return Post({name.lower(): value for name, value in headers.items()}, body, f"{PUBLIC_URL}/webhooks/{channel}", at)


def first(channel: str) -> bytes:
    name = next(name for name in EXPECTED if name.startswith(channel))
    return body_of(channel, payload(name))


def empty(database: Database) -> bool:
    return not any(table(database, name) for name in ("conversations", "contacts", "arrivals", "outbox"))


def test_every_recorded_request_is_read_as_it_says() -> None:
    recorded = {str(path.relative_to(PAYLOADS).with_suffix("")) for path in PAYLOADS.glob("*/*.json")}
    assert recorded == set(EXPECTED)
    for name, expected in EXPECTED.items():
        channel = name.split("/")[0]
        assert MODULES[channel].parse(body_of(channel, payload(name))) == expected, name


@every_channel
def test_what_the_provider_signed_is_let_in(channel: str) -> None:
    body = first(channel)
    MODULES[channel].verify(post(channel, body, signed(channel, body, at=50)), secret=SecretStr(SECRETS[channel]))


@every_channel
@pytest.mark.parametrize("forgery", ["unsigned", "wrong key", "other body", "other signature", "no secret"])
def test_what_is_forged_is_refused(channel: str, forgery: str) -> None:
    body = first(channel)
    secret = "" if forgery == "no secret" else SECRETS[channel]
    headers = signed(channel, body, secret="another" if forgery == "wrong key" else None, at=50)
    if forgery == "unsigned":
        headers = {}
    if forgery == "no secret":
        headers = signed(channel, body, secret="", at=50)
    if forgery == "other signature":
        headers = {name: value[:-1] + ("0" if value[-1] != "0" else "1") for name, value in headers.items()}
    if forgery == "other body":
        body = body.replace(b"e", b"a", 1)
        if channel == "telegram":  # it signs nothing, but sends a secret
            headers = {}
    with pytest.raises(NotAllowed):
        MODULES[channel].verify(post(channel, body, headers), secret=SecretStr(secret))


@on_sqlite
@every_channel
def test_a_forged_request_leaves_nothing_behind(app: App, database: Database, channel: str) -> None:
    body = first(channel)
    answer = app.client.post(f"/webhooks/{channel}", content=body, headers=signed(channel, body, secret="another"))
    assert answer.status_code == 403
    assert empty(database)


@on_sqlite
@every_channel
def test_a_channel_without_all_its_settings_does_not_exist(
    database: Database, settings: Settings, town: Town, channel: str
) -> None:
    body = first(channel)
    url = database.url.render_as_string(hide_password=False)
    for missing in [*SETTINGS[channel], "public_url"]:
        less = town.settings(settings, database_url=url, **{missing: ""})
        with TestClient(create(less), raise_server_exceptions=False) as client:
            answer = client.post(f"/webhooks/{channel}", content=body, headers=signed(channel, body))
        assert answer.status_code == 404, missing
    assert empty(database)


@on_sqlite
def test_an_unknown_channel_does_not_exist(app: App) -> None:
    assert app.client.post("/webhooks/pigeon", content=b"{}").status_code == 404


@on_sqlite
@every_patients_channel
def test_a_message_that_comes_five_times_is_answered_once(app: App, town: Town, channel: str) -> None:
    content = written(channel, "what is clomid", number=1)
    assert [app.post(channel, content).status_code for _ in range(5)] == [200] * 5
    town.wait_for(2)
    assert [text.split("\n")[0] for text in town.quiet() and town.texts()][1:] == ["about what is clomid"]
    assert len(town.heard) == 1


@pytest.mark.parametrize("channel", ["messenger", "whatsapp"])
def test_a_batch_is_all_handled(app: App, town: Town, channel: str) -> None:
    app.recorded(f"{channel}/batch")
    town.wait_for(5)
    town.quiet()
    assert sorted(body["text"] for body in town.heard) == ["another person", "first", "second"]
    answers = [text.split("\n")[0] for text in town.texts() if text.startswith("about")]
    assert sorted(answers) == ["about another person", "about first", "about second"]
    assert answers.index("about first") < answers.index("about second")


@on_sqlite
@pytest.mark.parametrize("channel", ["messenger", "whatsapp"])
def test_fifty_messages_in_one_batch_are_all_answered(app: App, town: Town, channel: str) -> None:
    contents = [written(channel, f"question {number}", number=number, contact=number) for number in range(50)]
    batch = contents[0] | {"entry": [entry for content in contents for entry in content["entry"]]}
    assert app.post(channel, batch).status_code == 200
    town.wait_for(100, within_s=60)
    assert sorted(body["text"] for body in town.heard) == sorted(f"question {number}" for number in range(50))


@on_sqlite
@every_patients_channel
def test_a_choice_comes_back_as_what_it_offers(app: App, town: Town, channel: str) -> None:
    titles = ("Simpler", "More detail about clomiphene and enclomiphene", "Ask for a person", "The science")
    town.dialogue = offering(*titles)
    app.say(channel, "what is clomid")
    sent = town.wait_for(2)[-1].body
    town.dialogue = offering()
    app.post(channel, choosing(channel, sent, 1, number=77))
    town.wait_for(3)
    assert town.heard[-1]["choice"] == {"intent": "x1", "entities": {}}
    assert town.texts()[-1].startswith("about x1")


@on_sqlite
@every_patients_channel
def test_a_button_of_an_erased_conversation_counts_as_its_words(app: App, town: Town, channel: str) -> None:
    town.dialogue = offering("Simpler", "Ask for a person")
    app.say(channel, "what is clomid")
    sent = town.wait_for(2)[-1].body
    app.say(channel, "erase")
    town.wait_for(3)
    app.post(channel, choosing(channel, sent, 1, number=77))
    town.wait_for(5)
    expected = "about 2" if channel == "twilio" else "about Ask for a person"
    assert town.texts()[-1].startswith(expected)
    assert "choice" not in town.heard[-1]


# Pure, with any text: the closing is there, whole and last, and no part is longer than the provider takes.

WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=40
)
BODIES = st.lists(WORDS, min_size=1, max_size=400).map(" ".join).filter(lambda body: bool(body.strip()))
TITLES = st.lists(st.text("abcdefghij klmn", min_size=1, max_size=90).filter(str.strip), max_size=15)
CLOSING = Closing(
    id="general", text="Please talk with your clinician about what it means for you. Call +1 202-555-0143."
)


def message_of(body: str, titles: list[str]) -> Message:
    offers = [Offer(title=title, intent="x") for title in titles]
    return guard.close(Reply(kind=Kind.ANSWER, blocks=[Paragraph(body)], offers=offers), CLOSING)


def shown(call: Call) -> str:
    return text_of(Called(call.url, {}, dict(call.json or call.form or {})))


@every_channel
@given(body=BODIES, titles=TITLES)
def test_the_closing_survives_the_limits(channel: str, body: str, titles: list[str]) -> None:
    module, message = MODULES[channel], message_of(body, titles)
    texts = [shown(call) for call in module.render(message, to="1", access=ACCESS)]
    assert texts[-1].endswith(CLOSING.text)
    assert all(0 < units(text.replace("&amp;", "&").replace("&lt;", "<")) <= module.LIMITS.text for text in texts[:-1])
    assert units(texts[-1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")) <= module.LIMITS.text
    if channel != "slack":
        assert "".join(" ".join(texts).split()).startswith("".join(body.split()))
        if listed(message, module.LIMITS):
            bare = "".join("".join(texts).split())
            assert all("".join(f"[{number}]{title}".split()) in bare for number, title in enumerate(titles, start=1))


@given(text=st.text(max_size=60), most=st.integers(2, 30))
def test_a_cut_title_fits(text: str, most: int) -> None:
    assert units(cut(text, most)) <= most


@given(body=BODIES, titles=TITLES)
def test_buttons_keep_to_the_limits(body: str, titles: list[str]) -> None:
    message = message_of(body, titles)
    last = {name: module.render(message, to="1", access=ACCESS)[-1] for name, module in MODULES.items()}
    quick = (last["messenger"].json or {})["message"].get("quick_replies", [])
    assert len(quick) <= 13
    assert all(units(one["title"]) <= 20 for one in quick)
    interactive = (last["whatsapp"].json or {}).get("interactive")
    if interactive:
        assert units(interactive["body"]["text"]) <= 1024
        action = interactive["action"]
        assert len(action.get("buttons", [])) <= 3
        assert all(units(one["reply"]["title"]) <= 20 for one in action.get("buttons", []))
        listing = [row for section in action.get("sections", []) for row in section["rows"]]
        assert len(listing) <= 10
        assert all(units(row["title"]) <= 24 and units(row.get("description", "")) <= 72 for row in listing)
    keyboard = (last["telegram"].json or {}).get("reply_markup", {}).get("inline_keyboard", [])
    assert len(keyboard) == len(titles)
    assert all(len(row[0]["callback_data"].encode()) <= 64 for row in keyboard)


def test_a_text_is_cut_between_sentences() -> None:
    body = "\n\n".join(["A first sentence of this. And a second one." * 12] * 6)
    texts = [shown(call) for call in MODULES["twilio"].render(message_of(body, []), to="+1", access=ACCESS)]
    assert len(texts) > 1
    assert all(text.endswith(".") for text in texts)


# Each provider's own ways.


@given(
    st.dictionaries(st.text("abcXYZ019_", min_size=1), st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])))
)
def test_twilios_library_and_we_agree(form: dict[str, str]) -> None:
    body = body_of("twilio", form)
    again = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
    assert again == form
    MODULES["twilio"].verify(post("twilio", body, signed("twilio", body)), secret=SecretStr(SECRETS["twilio"]))
    assert RequestValidator(SECRETS["twilio"]).validate(
        f"{PUBLIC_URL}/webhooks/twilio", form, signed("twilio", body)["X-Twilio-Signature"]
    )


def test_an_old_request_of_slack_is_refused() -> None:
    body = first("slack")
    for seconds, fits in ((299, True), (301, False), (-299, True), (-301, False)):
        headers = signed("slack", body, at=10_000)

        class Later(Clock):
            def now(self, seconds: int = seconds) -> float:
                return 10_000 + seconds

        assert SignatureVerifier(SECRETS["slack"], Later()).is_valid_request(body, headers) is fits
        check = post("slack", body, headers, at=10_000 + seconds)
        if fits:
            MODULES["slack"].verify(check, secret=SecretStr(SECRETS["slack"]))
            continue
        with pytest.raises(NotAllowed):
            MODULES["slack"].verify(check, secret=SecretStr(SECRETS["slack"]))


@pytest.mark.parametrize("stamp", ["", "now", "-1", "١٢٣", "1e3"])
def test_a_timestamp_that_is_none_is_refused(stamp: str) -> None:
    body = first("slack")
    headers = {**signed("slack", body, at=0), "X-Slack-Request-Timestamp": stamp}
    with pytest.raises(NotAllowed):
        MODULES["slack"].verify(post("slack", body, headers), secret=SecretStr(SECRETS["slack"]))


@every_channel
@given(body=st.binary(max_size=200))
def test_no_body_breaks_reading(channel: str, body: bytes) -> None:
    try:
        MODULES[channel].parse(body)
    except ValueError:
        pass
    MODULES[channel].acknowledge(body)


def test_half_a_letter_does_not_cost_a_batch() -> None:
    body = body_of("whatsapp", payload("whatsapp/batch")).replace(b'"first"', b'"\\ud83d first\\u0000"')
    assert [one.text for one in MODULES["whatsapp"].parse(body)] == ["? first\ufffd", "second", "another person"]


def test_a_body_nested_too_deeply_is_unreadable() -> None:
    with pytest.raises(ValueError, match="deep"):
        MODULES["telegram"].parse(b"[" * 200_000)


def test_what_is_sent_is_what_the_providers_ask_for() -> None:
    message = message_of("hello <b>", ["Yes", "No"])
    calls = {name: module.render(message, to="1", access=ACCESS)[-1] for name, module in MODULES.items()}
    assert {name: call.url for name, call in calls.items()} == {
        "twilio": "http://api/2010-04-01/Accounts/account/Messages.json",
        "telegram": "http://api/bottoken/sendMessage",
        "messenger": "http://api/me/messages",
        "whatsapp": "http://api/account/messages",
        "slack": "http://api/chat.postMessage",
    }
    assert calls["twilio"].headers["Authorization"] == basic("account", "token")
    assert {calls[name].headers["Authorization"] for name in ("messenger", "whatsapp", "slack")} == {"Bearer token"}
    assert shown(calls["twilio"]).startswith("hello <b>\n\nOr answer with a number:\n[1] Yes\n[2] No\n\nPlease talk")
    assert shown(calls["slack"]).startswith("hello &lt;b&gt;")


def test_twilio_sends_from_the_number_the_service_or_whatsapp() -> None:
    message, twilio = message_of("hello", []), MODULES["twilio"]
    service = Access("http://api", SecretStr("t"), "a", "MG1")
    forms: list[Any] = [
        twilio.render(message, to="+2", access=ACCESS)[0].form,
        twilio.render(message, to="whatsapp:+2", access=ACCESS)[0].form,
        twilio.render(message, to="+2", access=service)[0].form,
    ]
    assert [forms[0]["From"], forms[1]["From"], forms[2]["MessagingServiceSid"]] == ["+1", "whatsapp:+1", "MG1"]
    assert "From" not in forms[2]


def test_whatsapp_writes_to_a_number_or_to_an_id() -> None:
    message, whatsapp = message_of("hello", []), MODULES["whatsapp"]
    assert (whatsapp.render(message, to=NUMBER, access=ACCESS)[0].json or {})["to"] == NUMBER
    assert (whatsapp.render(message, to=BSUID, access=ACCESS)[0].json or {})["recipient"] == BSUID


@pytest.mark.parametrize(
    ("channel", "answer", "fate", "wait_s"),
    [
        ("twilio", (201, {}, b"{}"), Fate.SENT, 0),
        ("twilio", (400, {}, b'{"code": 21610}'), Fate.REFUSED, 0),
        ("twilio", (429, {"retry-after": "7"}, b""), Fate.LATER, 7),
        ("twilio", (503, {"retry-after": "Thu, 01 Jan 1970 00:02:00 GMT"}, b""), Fate.LATER, 20),
        ("twilio", (503, {"retry-after": "soon"}, b""), Fate.LATER, 0),
        ("twilio", (401, {}, b""), Fate.LATER, 0),
        ("telegram", (200, {}, b'{"ok": true}'), Fate.SENT, 0),
        ("telegram", (403, {}, b'{"description": "bot was blocked by the user"}'), Fate.REFUSED, 0),
        ("telegram", (429, {}, b'{"parameters": {"retry_after": 35}}'), Fate.LATER, 35),
        ("telegram", (502, {}, b"<html>"), Fate.LATER, 0),
        ("messenger", (400, {}, b'{"error": {"code": 613}}'), Fate.LATER, 0),
        ("messenger", (400, {}, b'{"error": {"code": 10}}'), Fate.REFUSED, 0),
        ("messenger", (400, {}, b"<html>"), Fate.REFUSED, 0),
        ("whatsapp", (400, {}, b'{"error": {"code": 130429}}'), Fate.LATER, 0),
        ("whatsapp", (400, {}, b'{"error": {"code": 131047}}'), Fate.REFUSED, 0),
        ("whatsapp", (400, {}, b'{"error": {"code": 3, "is_transient": true}}'), Fate.LATER, 0),
        ("slack", (200, {}, b'{"ok": true}'), Fate.SENT, 0),
        ("slack", (200, {}, b'{"ok": false, "error": "channel_not_found"}'), Fate.REFUSED, 0),
        ("slack", (200, {}, b'{"ok": false, "error": "ratelimited"}'), Fate.LATER, 0),
        ("slack", (200, {}, b"<html>"), Fate.LATER, 0),
    ],
)
def test_what_an_answer_means(
    channel: str, answer: tuple[int, dict[str, str], bytes], fate: Fate, wait_s: float
) -> None:
    verdict = MODULES[channel].judge(Answer(*answer, at=100.0))
    assert (verdict.fate, verdict.wait_s) == (fate, wait_s)
