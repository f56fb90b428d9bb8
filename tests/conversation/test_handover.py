"""A person of the team takes over from the assistant, and gives back; the patient always knows who speaks."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.content.blocks import Paragraph
from bot.conversation import guard, handover, store
from bot.conversation.fixed import Fixed
from bot.conversation.message import Handoff, Kind, Message, Reply, Role, State
from bot.conversation.turn import House
from bot.conversation.verify import verify
from bot.database import Database
from bot.errors import Conflict, NotAllowed
from bot.hours import WEEKDAYS, Hours
from bot.roles import Role as StaffRole
from bot.settings import Mode
from bot.triage import store as tickets
from bot.triage.store import Ticket
from bot.triage.ticket import State as TicketState
from bot.triage.ticket import Urgency
from tests.conversation.test_turn import EMERGENCY, Dialogue, Patient

ALWAYS = Hours(zone="UTC", week={day: ["00:00-24:00"] for day in WEEKDAYS})
LEASE = timedelta(minutes=15)


@pytest.fixture
async def house(database: Database, fixed: Fixed) -> AsyncIterator[House]:
    fixed.note_hours(ALWAYS)
    yield House(database=database, dialogue=Dialogue(), fixed=fixed, reply_limit_s=1.0, changed=lambda _: None)
    fixed.note_hours(None)


def heard(house: House) -> list[str]:
    assert isinstance(house.dialogue, Dialogue)
    return house.dialogue.heard


async def asks_for_person(house: House) -> Patient:
    dialogue = house.dialogue
    assert isinstance(dialogue, Dialogue)

    async def handoff(_: str) -> Reply:
        handed = Handoff(reason="intake", answers={"severity": "severe", "course": "worse"})
        return Reply(kind=Kind.HANDOFF, blocks=[Paragraph("passed on")], handoff=handed)

    dialogue.behave = handoff
    patient = Patient(house)
    await patient.say("a person please")
    dialogue.behave = dialogue.echo
    dialogue.heard.clear()
    return patient


def ticket_of(house: House, patient: Patient) -> Ticket:
    with house.database.reading() as session:
        return next(one for one in tickets.queue(session) if one.conversation_id == patient.id)


def claim(house: House, patient: Patient, name: str = "ann.smith") -> Ticket:
    ticket, now = ticket_of(house, patient), datetime.now(UTC)
    with house.database.writing() as session:
        return tickets.claim(session, ticket, actor=name, role=StaffRole.FRONT_DESK, now=now, lease=LEASE)


def write(
    house: House, ticket: Ticket, text: str, name: str = "ann.smith", role: StaffRole = StaffRole.ADMIN
) -> Message:
    with house.database.writing() as session:
        now = datetime.now(UTC)
        return handover.say(session, ticket, text, actor=name, role=role, fixed=house.fixed, now=now)


def said(house: House, patient: Patient) -> list[Message]:
    with house.database.reading() as session:
        return [message for _, message in store.history(session, patient.id)]


def state(house: House, patient: Patient) -> State:
    with house.database.reading() as session:
        return store.state(session, patient.id)


async def test_the_intakes_answers_decide_the_urgency_and_stand_on_the_ticket(house: House) -> None:
    ticket = ticket_of(house, await asks_for_person(house))
    assert (ticket.urgency, ticket.rule) == (Urgency.SAME_DAY, "severe_and_worse")
    assert ticket.answers == {"severity": "severe", "course": "worse"}


async def test_a_person_takes_over_writes_and_hands_back(house: House) -> None:
    patient = await asks_for_person(house)
    ticket = claim(house, patient)
    assert state(house, patient) is State.WAITING_FOR_STAFF  # the assistant answers until somebody writes
    message = write(house, ticket, "Hello.\n\nHow can I help?")
    write(house, ticket, "Are you there?")
    lines = said(house, patient)[-3:]
    assert [one.role for one in lines] == [Role.SYSTEM, Role.STAFF, Role.STAFF]
    assert lines[0].text == "You are now talking to Ann of the team."
    assert lines[1] == message
    assert guard.is_closed(message)
    assert message.text.startswith("Hello.\n\nHow can I help?\n\n")
    assert state(house, patient) is State.STAFF
    with house.database.writing() as session:
        assert handover.hand_back(session, patient.id, fixed=house.fixed)
        assert not handover.hand_back(session, patient.id, fixed=house.fixed)
    assert said(house, patient)[-1].text == "You are talking to the assistant again."
    assert state(house, patient) is State.WAITING_FOR_STAFF
    dialogue = house.dialogue
    assert isinstance(dialogue, Dialogue)
    dialogue.unheard.clear()
    await patient.say("what is clomid")
    await patient.say("what is fsh")
    assert heard(house) == ["what is clomid", "what is fsh"]
    assert dialogue.unheard == ["", None]  # a yes after a time with the team is none to what was offered before it


async def test_the_assistant_is_silent_and_says_once_in_each_spell_that_messages_arrive(house: House) -> None:
    patient = await asks_for_person(house)
    ticket = claim(house, patient)
    write(house, ticket, "Hello")
    first = await patient.say("hi")
    assert [message.kind for message in first.messages] == [Kind.HANDOFF]
    assert first.messages[0].text.startswith("Your message has reached the team")
    assert guard.is_closed(first.messages[0])
    for text in ("my question is", "are you there"):
        outcome = await patient.say(text)
        assert (outcome.messages, outcome.state, outcome.stored) == ((), State.STAFF, True)
    write(house, ticket, "Yes")
    assert len((await patient.say("thanks")).messages) == 1
    assert heard(house) == []
    assert [message.text for message in said(house, patient) if message.role is Role.PATIENT][1:] == [
        "hi", "my question is", "are you there", "thanks",
    ]  # fmt: skip


async def test_a_red_flag_is_answered_at_once_while_a_person_has_the_conversation(house: House) -> None:
    patient = await asks_for_person(house)
    write(house, claim(house, patient), "Hello")
    outcome = await patient.say(EMERGENCY)
    assert outcome.messages[0].kind is Kind.EMERGENCY
    assert outcome.state is State.STAFF
    ticket = ticket_of(house, patient)
    assert (ticket.urgency, ticket.claimed_by) == (Urgency.EMERGENCY, "ann.smith")
    assert ticket.risen_at is not None


async def test_out_of_hours_the_patient_is_told_when_the_team_answers(house: House) -> None:
    now = datetime.now(UTC)
    day = (now + timedelta(days=2)).strftime("%A")
    house.fixed.note_hours(Hours(zone="UTC", week={day.lower(): ["09:30-10:00"]}))
    patient = await asks_for_person(house)
    write(house, claim(house, patient), "Good night")
    [message] = (await patient.say("good night")).messages
    assert f"The team will answer when we open at 9:30 am on {day}" in message.text
    with house.database.reading() as session:
        faults = verify(session, house.fixed, mode=Mode.DEMO).faults
    assert [fault.what for fault in faults if "open at" in fault.what] == []


async def test_only_who_has_claimed_a_ticket_writes(house: House) -> None:
    patient = await asks_for_person(house)
    before = said(house, patient)
    with pytest.raises(Conflict):
        write(house, ticket_of(house, patient), "Hello")
    ticket = claim(house, patient)
    with pytest.raises(Conflict):
        write(house, ticket, "Hello", name="bea")
    with pytest.raises(NotAllowed):
        write(house, ticket, "Hello", role=StaffRole.REVIEWER)
    assert said(house, patient) == before
    assert state(house, patient) is State.WAITING_FOR_STAFF


@pytest.mark.parametrize("spoke", [True, False])
async def test_resolving_gives_the_conversation_back_to_the_assistant(house: House, spoke: bool) -> None:
    patient = await asks_for_person(house)
    ticket = claim(house, patient)
    if spoke:
        write(house, ticket, "Hello")
    with house.database.writing() as session:
        ticket = tickets.find(session, ticket.id)
        tickets.move(
            session, ticket, TicketState.RESOLVED, actor="ann.smith", role=StaffRole.ADMIN, now=datetime.now(UTC),
            outcome="done", code="answered",
        )  # fmt: skip
        handover.after_resolving(session, patient.id, fixed=house.fixed)
    assert state(house, patient) is State.BOT
    assert (said(house, patient)[-1].text == "You are talking to the assistant again.") is spoke
    again = await patient.say("one more thing")
    assert again.messages[0].text.startswith("about one more thing")
    assert again.state is State.WAITING_FOR_STAFF
    assert ticket_of(house, patient).state is TicketState.NEW


async def test_who_does_nothing_for_long_is_found(house: House) -> None:
    patient, other = await asks_for_person(house), await asks_for_person(house)
    write(house, claim(house, patient), "Hello")
    claim(house, other)
    now = datetime.now(UTC)
    with house.database.reading() as session:
        assert handover.idle(session, now=now, after=LEASE) == []
        assert handover.idle(session, now=now + LEASE, after=LEASE) == [patient.id]


async def test_what_staff_wrote_is_part_of_the_chain(house: House) -> None:
    patient = await asks_for_person(house)
    write(house, claim(house, patient), "Hello")
    await patient.say("hi")
    with house.database.reading() as session:
        faults = verify(session, house.fixed, mode=Mode.DEMO).faults
    assert [fault for fault in faults if "row" in fault.what or "missing" in fault.what] == []
