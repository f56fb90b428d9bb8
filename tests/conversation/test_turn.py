"""The spine: whatever breaks, a reply goes out that closes with a referral; nothing is promised that is not stored."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

import pytest

from bot.content.blocks import Paragraph
from bot.conversation import erasure, guard, store
from bot.conversation.dialogue import Begun
from bot.conversation.fixed import Fixed
from bot.conversation.message import Handoff, Kind, Offer, Reply, State
from bot.conversation.turn import House, Incoming, Outcome, take_turn
from bot.database import Database
from bot.errors import Conflict, NotFound, Unauthorized, Unavailable
from bot.safety.red_flags import Level
from bot.triage import store as tickets
from bot.triage.ticket import Urgency
from tests.when import NOW

EMERGENCY = "i have crushing chest pain right now"


class Reading:
    """A message that was begun, and whether it is known that no turn comes of it any more."""

    dropped = False

    def drop(self) -> None:
        self.dropped = True


class Dialogue:
    """The dialogue's seam, filled by the test: what is said to it, and what it answers."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.unheard: list[str | None] = []
        self.begun: list[Reading] = []
        self.behave: Callable[[str], Awaitable[Reply]] = self.echo

    async def echo(self, text: str) -> Reply:
        return Reply(kind=Kind.ANSWER, blocks=[Paragraph(f"about {text}")], offers=[Offer(title="More", intent="x")])

    def begin(self, text: str) -> Begun | None:
        self.begun.append(Reading())
        return self.begun[-1]

    async def answer(
        self,
        conversation_id: str,
        *,
        text: str,
        offer: Offer | None,
        unheard: str | None = None,
        begun: Begun | None = None,
    ) -> Reply:
        self.heard.append(text)
        self.unheard.append(unheard)
        return await self.behave(text)


class Patient:
    """Somebody in one conversation of a house."""

    def __init__(self, house: House) -> None:
        self.house = house
        greeting = guard.close(house.fixed.say("greeting"), house.fixed.closing("general"))
        with house.database.writing() as session:
            self.id, self.token = store.open_conversation(
                session, channel="web", locale="en", consent_version="1", greeting=greeting, now=NOW
            )

    async def say(self, text: str | None = None, *, choice: str | None = None, client_id: str = "") -> Outcome:
        alarm = self.house.fixed.alarm(text) if text else None
        incoming = Incoming(self.id, self.token, client_id or uuid4().hex, alarm, text, choice)
        return await take_turn(incoming, house=self.house)

    def history(self) -> list[str]:
        with self.house.database.reading() as session:
            return [message.text for _, message in store.history(session, self.id)]


@pytest.fixture
async def house(database: Database, fixed: Fixed) -> AsyncIterator[House]:
    yield House(database=database, dialogue=Dialogue(), fixed=fixed, reply_limit_s=1.0, changed=lambda _: None)


@pytest.fixture
def dialogue(house: House) -> Dialogue:
    assert isinstance(house.dialogue, Dialogue)
    return house.dialogue


def assert_closed(outcome: Outcome) -> None:
    assert outcome.messages
    assert all(guard.is_closed(message) for message in outcome.messages)


async def test_a_question_is_answered_closed_and_stored(house: House) -> None:
    patient = Patient(house)
    outcome = await patient.say("what is clomid")
    assert_closed(outcome)
    assert outcome.messages[0].text.startswith("about what is clomid")
    assert patient.history()[1:] == ["what is clomid", outcome.messages[0].text]


async def test_the_same_message_twice_is_answered_once(house: House, dialogue: Dialogue) -> None:
    patient = Patient(house)
    first = await patient.say("what is clomid", client_id="same")
    again = await patient.say("what is clomid", client_id="same")
    assert first.messages == again.messages
    assert dialogue.heard == ["what is clomid"]


async def test_the_same_message_twice_at_once_is_answered_once(house: House, dialogue: Dialogue) -> None:
    patient = Patient(house)
    outcomes = await asyncio.gather(*(patient.say("what is clomid", client_id="same") for _ in range(5)))
    assert len({outcome.messages[0].id for outcome in outcomes}) == 1
    assert dialogue.heard == ["what is clomid"]


async def test_only_what_the_dialogue_is_to_answer_is_begun(house: House, dialogue: Dialogue) -> None:
    patient = Patient(house)
    await patient.say("what is clomid", client_id="same")
    await patient.say("what is clomid", client_id="same")
    with pytest.raises(Unauthorized):
        await take_turn(Incoming(patient.id, "another's", "x", None, "what is clomid"), house=house)
    assert dialogue.heard == ["what is clomid"]
    assert [reading.dropped for reading in dialogue.begun] == [True]


async def test_of_an_alarm_or_a_button_nothing_is_begun(house: House, dialogue: Dialogue) -> None:
    patient = Patient(house)
    await patient.say(EMERGENCY)
    button = (await patient.say("what is clomid")).messages[0].choices[0]
    await patient.say(choice=button.id)
    assert len(dialogue.begun) == 1


async def test_messages_are_answered_one_after_the_other_in_order(house: House, dialogue: Dialogue) -> None:
    running = 0

    async def careful(text: str) -> Reply:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0.02)
        running -= 1
        return await dialogue.echo(text)

    dialogue.behave = careful
    patient = Patient(house)
    texts = [f"question {number}" for number in range(8)]
    outcomes = await asyncio.gather(*(patient.say(text) for text in texts))
    assert dialogue.heard == texts
    assert [outcome.messages[0].text.split("\n")[0] for outcome in outcomes] == [f"about {text}" for text in texts]


async def test_one_slow_conversation_does_not_hold_another(house: House, dialogue: Dialogue) -> None:
    async def slow(text: str) -> Reply:
        await asyncio.sleep(0.5 if text == "slow" else 0)
        return await dialogue.echo(text)

    dialogue.behave = slow
    waiting = asyncio.create_task(Patient(house).say("slow"))
    await asyncio.sleep(0.05)
    await Patient(house).say("quick")
    assert not waiting.done()
    assert_closed(await waiting)


@pytest.mark.parametrize("error", [Unavailable("down"), ValueError("a patient's words"), RuntimeError()])
async def test_whatever_the_dialogue_raises_the_safe_reply_goes_out(
    house: House, dialogue: Dialogue, error: Exception
) -> None:
    async def broken(_: str) -> Reply:
        raise error

    dialogue.behave = broken
    patient = Patient(house)
    outcome = await patient.say("what is clomid")
    assert outcome.messages[0].kind is Kind.FALLBACK
    assert_closed(outcome)
    dialogue.behave = dialogue.echo
    assert (await patient.say("and now")).messages[0].kind is Kind.ANSWER


UNNAMED = "half the telly has gone missing from what im looking at since dinner"
"""An emergency in words that no rule lists."""


@pytest.mark.parametrize(
    ("text", "kind", "urgency"),
    [
        (UNNAMED, Kind.EMERGENCY, Urgency.EMERGENCY),
        (
            "been sat at the quarry edge with the engine running since nine, it would be so quick",
            Kind.CRISIS,
            Urgency.EMERGENCY,
        ),
    ],
)
async def test_with_the_dialogue_down_an_alarm_that_no_rule_names_is_raised_all_the_same(
    house: House, dialogue: Dialogue, text: str, kind: Kind, urgency: Urgency
) -> None:
    async def broken(_: str) -> Reply:
        raise Unavailable("down")

    dialogue.behave = broken
    patient = Patient(house)
    assert house.fixed.alarm(text) is None
    outcome = await patient.say(text)
    assert outcome.messages[0].kind is kind
    assert_closed(outcome)
    with house.database.reading() as session:
        ticket = tickets.of_conversation(session, patient.id)
    assert (ticket.urgency, ticket.matched) == (urgency, "the second net, no rule")


async def test_an_alarm_behind_what_the_dialogue_reads_of_a_long_message_is_raised(
    house: House, dialogue: Dialogue
) -> None:
    about = "thank you for the leaflet about the parking and the opening hours of the clinic. " * 14
    assert (await Patient(house).say(about)).messages[0].kind is Kind.ANSWER
    outcome = await Patient(house).say(f"{about}{UNNAMED}")
    assert outcome.messages[0].kind is Kind.EMERGENCY


@pytest.mark.parametrize("kind", [Kind.ANSWER, Kind.FALLBACK])
async def test_what_the_dialogue_has_read_whole_the_spare_net_does_not_read_again(
    house: House, dialogue: Dialogue, kind: Kind
) -> None:
    async def read(_: str) -> Reply:
        return house.fixed.say("greeting", kind=kind)

    dialogue.behave = read
    assert (await Patient(house).say(UNNAMED)).messages[0].kind is kind


async def test_an_empty_reply_becomes_the_safe_one(house: House, dialogue: Dialogue) -> None:
    async def empty(_: str) -> Reply:
        return Reply(kind=Kind.ANSWER, blocks=[])

    dialogue.behave = empty
    outcome = await Patient(house).say("what is clomid")
    assert outcome.messages[0].kind is Kind.FALLBACK
    assert_closed(outcome)


async def test_an_unknown_closing_becomes_the_general_one(house: House, dialogue: Dialogue) -> None:
    async def unknown(_: str) -> Reply:
        return Reply(kind=Kind.ANSWER, blocks=[Paragraph("words")], closing="no such closing")

    dialogue.behave = unknown
    assert_closed(await Patient(house).say("what is clomid"))


async def test_a_slow_dialogue_is_not_waited_for(house: House, dialogue: Dialogue) -> None:
    async def slow(text: str) -> Reply:
        await asyncio.sleep(5)
        return await dialogue.echo(text)

    dialogue.behave = slow
    patient = Patient(house)
    outcome = await patient.say("what is clomid")
    assert outcome.messages[0].kind is Kind.FALLBACK
    assert_closed(outcome)
    assert len(patient.history()) == 3


DOUBTED = "my laptop collapsed under the weight of your forms, can i bring them in on paper on tuesday instead please"
"""A rule's word, in a message that the spare net is sure is harmless."""


async def test_of_an_alarm_that_the_spare_net_doubts_the_dialogue_is_asked(house: House, dialogue: Dialogue) -> None:
    patient = Patient(house)
    outcome = await patient.say(DOUBTED)
    assert dialogue.heard == [DOUBTED]
    assert outcome.messages[0].kind is Kind.ANSWER
    assert_closed(outcome)
    assert (await patient.say(EMERGENCY)).messages[0].kind is Kind.EMERGENCY
    assert dialogue.heard == [DOUBTED]


async def test_where_the_dialogue_shares_a_doubted_alarm_the_rule_s_own_text_is_said(
    house: House, dialogue: Dialogue
) -> None:
    async def alarmed(_: str) -> Reply:
        return house.fixed.general_alarm(Level.EMERGENCY)

    dialogue.behave = alarmed
    [message] = (await Patient(house).say(DOUBTED)).messages
    alarm = house.fixed.alarm(DOUBTED)
    assert alarm
    assert message.provenance[0].topic == f"emergency:{alarm.reply}"


async def test_an_alarm_of_the_net_keeps_its_text_where_the_rule_that_matched_is_of_another_level(
    house: House, dialogue: Dialogue
) -> None:
    async def alarmed(_: str) -> Reply:
        return house.fixed.general_alarm(Level.CRISIS)

    dialogue.behave = alarmed
    [message] = (await Patient(house).say(DOUBTED)).messages
    assert message.provenance[0].topic == "crisis:crisis_general"


@pytest.mark.parametrize("trouble", ["down", "slow", "no database"])
async def test_where_nobody_can_say_more_a_doubted_alarm_is_raised(
    house: House, dialogue: Dialogue, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    async def failing(_: str) -> Reply:
        if trouble == "slow":
            await asyncio.Event().wait()
        raise Unavailable("down")

    def closed(*_: object, **__: object) -> None:
        raise Unavailable("no database")

    dialogue.behave = failing
    patient = Patient(replace(house, reply_limit_s=600))
    if trouble == "no database":
        monkeypatch.setattr("bot.conversation.store.receive", closed)
    async with asyncio.timeout(60):  # the dialogue alone may take ten minutes here
        outcome = await patient.say(DOUBTED)
    assert outcome.messages[0].kind is Kind.EMERGENCY
    assert_closed(outcome)


async def test_an_emergency_does_not_wait_in_the_queue(house: House, dialogue: Dialogue) -> None:
    async def slow(text: str) -> Reply:
        await asyncio.sleep(0.8)
        return await dialogue.echo(text)

    dialogue.behave = slow
    patient = Patient(house)
    queue = [asyncio.create_task(patient.say(f"question {number}")) for number in range(3)]
    await asyncio.sleep(0.1)
    outcome = await patient.say(EMERGENCY)
    assert outcome.messages[0].kind is Kind.EMERGENCY
    assert not any(task.done() for task in queue)
    assert EMERGENCY not in dialogue.heard
    await asyncio.gather(*queue)


async def test_the_dialogue_is_told_what_a_red_flag_answered_without_it(house: House, dialogue: Dialogue) -> None:
    patient, other = Patient(house), "and now my chest hurts so bad i cant breathe"
    for text in ("what is shbg", EMERGENCY, other, "what is fsh", "what is lh"):
        await patient.say(text)
    assert dialogue.heard == ["what is shbg", "what is fsh", "what is lh"]
    assert dialogue.unheard == ["", f"{EMERGENCY}\n{other}", None]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (EMERGENCY, Kind.EMERGENCY),
        ("half the telly has gone missing from what im looking at since dinner", Kind.EMERGENCY),
    ],
)
async def test_an_alarm_is_said_also_when_its_ticket_cannot_be_stored(
    house: House, dialogue: Dialogue, monkeypatch: pytest.MonkeyPatch, text: str, kind: Kind
) -> None:
    """The database went away between the message and the reply: the words stay, and what they promise goes."""

    async def down(_: str) -> Reply:
        raise Unavailable("down")

    def gone(*_: object, **__: object) -> State:
        raise OSError("gone")

    dialogue.behave = down
    patient = Patient(house)
    monkeypatch.setattr(store, "answer", gone)
    outcome = await patient.say(text)
    assert (outcome.messages[0].kind, outcome.stored) == (kind, False)
    assert house.fixed.words.phrase("emergency_stored") not in outcome.messages[0].text
    assert house.fixed.numbers.emergency in outcome.messages[0].text
    assert_closed(outcome)
    with house.database.reading() as session:
        assert tickets.queue(session) == []


async def test_an_emergency_opens_a_ticket_with_its_reply(house: House) -> None:
    patient = Patient(house)
    outcome = await patient.say(EMERGENCY)
    assert outcome.state is State.WAITING_FOR_STAFF
    with house.database.reading() as session:
        [ticket] = tickets.queue(session)
    assert (ticket.urgency, ticket.conversation_id, ticket.summary) == (Urgency.EMERGENCY, patient.id, EMERGENCY)


@pytest.mark.parametrize(
    ("first", "then"), [("everything is blurry", "since i take clomid"), ("i see sparkles", "yes clomid")]
)
async def test_a_drug_named_after_the_symptom_makes_it_a_red_flag(
    house: House, dialogue: Dialogue, first: str, then: str
) -> None:
    patient = Patient(house)
    assert (await patient.say(first)).messages[0].kind is not Kind.EMERGENCY
    assert (await patient.say(then)).messages[0].kind is Kind.EMERGENCY
    assert dialogue.heard == [first]
    assert (await patient.say("what about tamoxifen")).messages[0].kind is not Kind.EMERGENCY


async def test_a_named_drug_makes_a_later_symptom_a_red_flag(house: House) -> None:
    patient = Patient(house)
    calm = await patient.say("my calf has been swollen and sore since yesterday")
    await patient.say("i take tamoxifen")
    alarmed = await patient.say("my calf has been swollen and sore since yesterday")
    kinds = (calm.messages[0].kind, alarmed.messages[0].kind)
    assert alarmed.messages[0].kind in (Kind.EMERGENCY, Kind.ANSWER), kinds
    assert alarmed.state is State.WAITING_FOR_STAFF


async def test_a_request_to_a_person_is_committed_with_the_reply_that_says_so(house: House, dialogue: Dialogue) -> None:
    async def handoff(_: str) -> Reply:
        handed = Handoff(reason="asked_for_person", summary="asked")
        return Reply(kind=Kind.HANDOFF, blocks=[Paragraph("passed on")], handoff=handed)

    dialogue.behave = handoff
    patient = Patient(house)
    assert (await patient.say("a person please")).state is State.WAITING_FOR_STAFF
    with house.database.reading() as session:
        assert [ticket.conversation_id for ticket in tickets.queue(session)] == [patient.id]


async def test_a_ticket_opened_by_a_button_holds_what_was_typed_before(house: House, dialogue: Dialogue) -> None:
    async def reply(text: str) -> Reply:
        offers = [Offer(title="Ask for a person", intent="ask_for_person")]
        handed = Handoff(reason="asked_for_person") if text == offers[0].title else None
        return Reply(
            kind=Kind.HANDOFF if handed else Kind.ANSWER, blocks=[Paragraph("x")], offers=offers, handoff=handed
        )

    dialogue.behave = reply
    patient = Patient(house)
    offered = (await patient.say("where do i send the consent form")).messages[0].choices[0].id
    await patient.say(choice=offered)
    with house.database.reading() as session:
        [ticket] = tickets.queue(session)
    assert (ticket.matched, ticket.summary) == ("where do i send the consent form",) * 2


async def test_a_ticket_opened_by_a_yes_holds_what_was_typed_before(house: House, dialogue: Dialogue) -> None:
    async def reply(text: str) -> Reply:
        handed = Handoff(reason="asked_for_person", typed_before=True) if text == "yes please" else None
        return Reply(kind=Kind.HANDOFF if handed else Kind.ANSWER, blocks=[Paragraph("x")], handoff=handed)

    dialogue.behave = reply
    patient = Patient(house)
    await patient.say("where do i send the consent form")
    await patient.say("yes please")
    with house.database.reading() as session:
        [ticket] = tickets.queue(session)
    assert (ticket.matched, ticket.summary) == ("where do i send the consent form",) * 2


async def test_a_button_that_was_never_offered_is_refused(house: House) -> None:
    patient, other = Patient(house), Patient(house)
    offered = (await other.say("what is clomid")).messages[0].choices[0].id
    for choice in (offered, "nonsense", f"{offered}9", offered.replace(".0", ".7")):
        with pytest.raises(Conflict):
            await patient.say(choice=choice)
    assert (await other.say(choice=offered)).messages[0].text.startswith("about More")


async def test_nobody_writes_with_anothers_token(house: House, dialogue: Dialogue) -> None:
    patient, other = Patient(house), Patient(house)
    with pytest.raises(Unauthorized):
        await take_turn(Incoming(patient.id, other.token, "1", None, "hello"), house=house)
    with pytest.raises(NotFound):
        await take_turn(Incoming("0" * 32, other.token, "1", None, "hello"), house=house)
    assert dialogue.heard == []


async def test_a_conversation_that_is_erased_meanwhile_takes_no_reply(house: House, dialogue: Dialogue) -> None:
    patient = Patient(house)

    async def erased(text: str) -> Reply:
        with house.database.writing() as session:
            erasure.erase(session, patient.id, now=NOW)
        return await dialogue.echo(text)

    dialogue.behave = erased
    with pytest.raises(NotFound):
        await patient.say("what is clomid")
    assert patient.history() == []


@pytest.fixture
async def locked(fixed: Fixed, tmp_path: object) -> AsyncIterator[tuple[House, sqlite3.Connection]]:
    """A house whose SQLite database somebody else holds the write lock of."""
    path = f"{tmp_path}/locked.sqlite"
    database = Database(f"sqlite:///{path}", limit_s=0.3)
    database.migrate()
    house = House(database=database, dialogue=Dialogue(), fixed=fixed, reply_limit_s=1.0, changed=lambda _: None)
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    yield house, holder
    holder.close()


async def test_with_the_store_locked_the_patient_is_told_and_nothing_is_promised(
    locked: tuple[House, sqlite3.Connection],
) -> None:
    house, holder = locked
    patient = Patient(house)
    holder.execute("BEGIN IMMEDIATE")
    outcome = await patient.say("please ask somebody to call me")
    assert not outcome.stored
    assert outcome.messages[0].kind is Kind.FALLBACK
    assert_closed(outcome)


async def test_with_the_store_locked_an_emergency_is_answered_at_once_and_promises_no_ticket(
    locked: tuple[House, sqlite3.Connection],
) -> None:
    house, holder = locked
    patient = Patient(house)
    holder.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    outcome = await patient.say(EMERGENCY)
    assert time.monotonic() - started < house.reply_limit_s
    assert outcome.messages[0].kind is Kind.EMERGENCY
    assert house.fixed.words.phrase("emergency_stored") not in outcome.messages[0].text
    assert_closed(outcome)


async def test_with_the_store_lost_before_the_reply_nothing_is_promised(
    locked: tuple[House, sqlite3.Connection],
) -> None:
    house, holder = locked
    patient = Patient(house)
    dialogue = house.dialogue
    assert isinstance(dialogue, Dialogue)

    async def lost(_: str) -> Reply:
        holder.execute("BEGIN IMMEDIATE")
        handed = Handoff(reason="asked_for_person")
        return Reply(kind=Kind.HANDOFF, blocks=[Paragraph("I have told the team")], handoff=handed)

    dialogue.behave = lost
    outcome = await patient.say("a person please")
    assert "I have told the team" not in outcome.messages[0].text
    assert not outcome.stored
    assert_closed(outcome)
    holder.execute("COMMIT")
    again = await patient.say("hello")
    assert again.stored or again.messages[0].kind is Kind.FALLBACK
