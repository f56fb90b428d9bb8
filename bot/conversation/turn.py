"""The spine, to be read first: a patient's message comes in, is checked, stored, answered, guarded, stored, and goes
out. Whatever breaks, a patient is waiting, and gets words that close with a referral.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from textwrap import shorten
from typing import TypeVar

import anyio
import structlog
from anyio import to_thread

from bot.content.blocks import Paragraph
from bot.conversation import guard, handover, questions, store
from bot.conversation.dialogue import READ_BY_DIALOGUE, Ahead, Begun, Dialogue
from bot.conversation.fixed import ALARMS, SUSPECTED_BESIDES, Fixed
from bot.conversation.lanes import Lanes
from bot.conversation.message import Handoff, Kind, Message, Reply, Role, State
from bot.conversation.store import Received
from bot.database import SESSION, Database
from bot.errors import AxisError, Conflict, Unavailable
from bot.safety.red_flags import Alarm, Level
from bot.triage import store as tickets

log = structlog.get_logger()
T = TypeVar("T")

ALARM_STORE_S = 0.5
"""Seconds that an emergency waits for the database before it is answered without."""

SECOND_OPINION_S = 0.5
"""Seconds that an alarm which the spare net doubts waits for the dialogue; then it is raised."""

MATCHED = 200
"""Characters of what opened a ticket, in the list of the team."""

STORING_AT_ONCE = 40
"""Threads that may wait for the database; more would not make it faster."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A patient's message as it came in.

    Attributes:
        client_id: the sender's own id of the message, so that sending it twice does nothing twice.
        text: what was typed, 1 to 4,000 characters; or else
        choice: the id of a button.
        alarm: the red flag that was found in the text when it came in; reading it comes before everything else.
    """

    conversation_id: str
    token: str
    client_id: str
    alarm: Alarm | None
    text: str | None = None
    choice: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What goes back.

    Attributes:
        messages: the reply.
        state: who is to speak next.
        stored: False if the database was down; then nothing was promised.
    """

    messages: tuple[Message, ...]
    state: State
    stored: bool = True


@dataclass(frozen=True)
class House:
    """All that a turn works with, put together once by `bot.app`.

    Attributes:
        changed: called with a conversation's id when there is something new in it.
    """

    database: Database
    dialogue: Dialogue
    fixed: Fixed
    reply_limit_s: float
    changed: Callable[[str], None]
    lanes: Lanes = field(default_factory=Lanes)
    storing: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(STORING_AT_ONCE))
    pending: set[asyncio.Task[Outcome]] = field(default_factory=set)


async def take_turn(incoming: Incoming, *, house: House) -> Outcome:
    """Answer one message. An emergency is answered whatever else is down.

    Args:
        incoming: the message; its size is checked already.
        house: what the turn works with.

    Raises:
        NotFound, Unauthorized, Conflict: the caller may not write here, or not any more.
    """
    if incoming.alarm is None:
        return await _hear(incoming, house)
    if not house.fixed.doubts(incoming.text or ""):
        return await _raise_alarm(incoming, incoming.alarm, house)
    try:
        async with asyncio.timeout(SECOND_OPINION_S):
            outcome = await _hear(incoming, house)
    except TimeoutError:
        log.error("turn.second_opinion_late", rule=incoming.alarm.rule)
        return await _raise_alarm(incoming, incoming.alarm, house)
    log.info("turn.second_opinion", rule=incoming.alarm.rule, kinds=[one.kind for one in outcome.messages])
    return outcome


async def _hear(incoming: Incoming, house: House) -> Outcome:
    """Store a message and have it answered in its turn."""
    text = incoming.text or ""
    with Ahead(text, house.dialogue) as ahead:
        try:
            async with house.lanes.arrival(incoming.conversation_id) as lane:
                received = await _receive(incoming, house, accepted=ahead.accepted)
        except Unavailable as error:
            log.error("turn.not_stored", error=type(error).__name__)
            return _unstored(house.fixed.unanswered(text, "not_stored", stored=False), house)
        if alarm := _of_two(received, text, house.fixed):
            return await _answer_alarm(received, alarm, house)
        return await _answer_in_turn(received, house, lane.turn, ahead.begun)


def _of_two(received: Received, text: str, fixed: Fixed) -> Alarm | None:
    """A red flag of two messages: of a medicine that was named before and what is told now, or the other way round."""
    lately = ((received.lately, fixed.drugs(text)),) if received.lately else ()
    for told, named in ((text, received.conversation.named_drugs), *lately):
        if told and named and (alarm := fixed.alarm(told, named)) and not fixed.doubts(told, named):
            return alarm
    return None


async def _raise_alarm(incoming: Incoming, alarm: Alarm, house: House) -> Outcome:
    """Answer a red flag at once; storing it may take longer than the patient waits."""

    async def store_it() -> Outcome:
        return await _answer_alarm(await _receive(incoming, house), alarm, house)

    task = asyncio.create_task(store_it())
    house.pending.add(task)
    task.add_done_callback(house.pending.discard)
    done, _ = await asyncio.wait({task}, timeout=ALARM_STORE_S)
    if done and (not task.exception() or not isinstance(task.exception(), Unavailable)):
        return task.result()
    if not done:
        task.add_done_callback(_note_failure)
    log.error("turn.alarm_not_stored", rule=alarm.rule)
    return _unstored(house.fixed.alarm_reply(alarm, stored=False), house)


def _note_failure(task: asyncio.Task[Outcome]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("turn.alarm_store_failed", error=type(error).__name__)


async def _answer_alarm(received: Received, alarm: Alarm, house: House) -> Outcome:
    """The fixed text of a red flag, committed together with its ticket."""
    if received.replies:
        return Outcome(received.replies, received.conversation.state)
    return await _finish(received, house.fixed.alarm_reply(alarm, stored=True), house, alarm=alarm.rule)


async def _answer_in_turn(received: Received, house: House, gate: asyncio.Lock, begun: Begun | None) -> Outcome:
    """Answer once the messages before this one are answered, or say honestly that it takes too long."""
    started = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(house.reply_limit_s), gate:
            if not received.new and (replies := received.replies or await _replies_meanwhile(received, house)):
                return Outcome(replies, received.conversation.state)
            reply = await _ask(received, house, begun)
            if reply is None:
                return Outcome((), State.STAFF)
            if received.after_alarm:
                reply = house.fixed.after_alarm(reply, received.message.text)
            left = house.reply_limit_s - (asyncio.get_running_loop().time() - started)
            log.info("turn.answered", kind=reply.kind, ms=round((house.reply_limit_s - left) * 1000))
            return await asyncio.shield(_finish(received, reply, house, alarm=_by_level(reply)))
    except TimeoutError:
        log.error("turn.timed_out")
        reply = house.fixed.unanswered(_typed(received), "busy", stored=True)
        return await _finish(received, reply, house, alarm=_by_level(reply))


async def _ask(received: Received, house: House, begun: Begun | None) -> Reply | None:
    """The dialogue's reply, or the safe one. The only place that catches everything: a patient is waiting.

    Returns:
        None if a person of the team has the conversation, and the patient knows that the message arrives.
    """
    text = _typed(received)
    if received.conversation.state is State.STAFF:
        if alarm := house.fixed.alarm(text):  # doubted, and no dialogue is asked
            return house.fixed.alarm_reply(alarm, stored=True)
        if level := house.fixed.suspected(text, least=SUSPECTED_BESIDES):
            return house.fixed.general_alarm(level)
        told = await _told_already(received, house)
        return None if told else house.fixed.held(now=datetime.now(UTC))
    try:
        reply = await house.dialogue.answer(
            received.conversation.id, text=received.message.text, offer=received.offer, unheard=received.unheard,
            begun=begun,
        )  # fmt: skip
    except Exception as error:
        log.error("turn.dialogue_failed", error=type(error).__name__)
        return house.fixed.unanswered(text, "safe_reply", stored=True)
    return _read_to_the_end(text, house.fixed.in_its_own_words(reply, text), house)


def _typed(received: Received) -> str:
    """What the patient wrote; nothing where a button was pressed, whose words are ours."""
    return "" if received.offer else received.message.text


def _read_to_the_end(text: str, reply: Reply, house: House) -> Reply:
    """The dialogue's reply; or an alarm, where it was not given the whole message."""
    if reply.kind in ALARMS or len(text) <= READ_BY_DIALOGUE:
        return reply
    level = house.fixed.suspected(text, least=SUSPECTED_BESIDES)
    return house.fixed.general_alarm(level) if level else reply


def _by_level(reply: Reply) -> str | None:
    """The name under which an alarm is kept that no rule has found."""
    return str(reply.kind) if reply.kind in ALARMS else None


async def _told_already(received: Received, house: House) -> bool:
    """Whether the patient was told, since a person wrote last, that the messages arrive."""

    def work() -> bool:
        with house.database.reading() as session:
            _, said = handover.last_said(session, received.conversation.id)
        return said is not None and said.role is Role.ASSISTANT and said.kind is Kind.HANDOFF

    return await _in_thread(work, house)


async def _receive(incoming: Incoming, house: House, *, accepted: Callable[[], None] | None = None) -> Received:
    def work() -> Received:
        with house.database.writing() as session:
            return store.receive(
                session,
                conversation_id=incoming.conversation_id,
                token=incoming.token,
                client_id=incoming.client_id,
                text=incoming.text,
                choice=incoming.choice,
                drugs=house.fixed.drugs(incoming.text) if incoming.text else frozenset(),
                now=datetime.now(UTC),
                accepted=accepted,
            )

    received = await _in_thread(work, house)
    house.changed(incoming.conversation_id)
    return received


async def _replies_meanwhile(received: Received, house: House) -> tuple[Message, ...]:
    """What the same message was answered when it was sent before and stood in this lane."""

    def work() -> tuple[Message, ...]:
        with house.database.reading() as session:
            return store.replies_to(session, received.message.id)

    return await _in_thread(work, house)


async def _finish(received: Received, reply: Reply, house: House, *, alarm: str | None = None) -> Outcome:
    """Close the reply and commit it with provenance and ticket; without the database it goes out all the same."""
    message = _closed(reply, house)

    def work() -> State:
        with house.database.writing() as session:
            if reply.handoff:
                _hand_over(session, received, reply.handoff, house, now=message.created_at)
            if reply.gap:
                questions.note(session, received, reply.gap, now=message.created_at)
            return store.answer(session, received, message, offers=reply.offers, alarm=alarm, now=message.created_at)

    try:
        state = await _in_thread(work, house)
    except Unavailable as error:
        log.error("turn.reply_not_stored", error=type(error).__name__)
        return _unstored(_unpromised(reply, house), house)
    except Conflict:  # the same message was sent twice at once, and the other was quicker
        return Outcome(await _replies_meanwhile(received, house), received.conversation.state)
    house.changed(received.conversation.id)
    return Outcome((message,), state)


def _hand_over(session: SESSION, received: Received, handoff: Handoff, house: House, *, now: datetime) -> None:
    """Open the ticket that the reply mentions; of an intake staff read the answers, else what was written."""
    said, opened_by = received.message.text, handoff.summary or handoff.reason
    by_a_word = received.offer is not None or handoff.typed_before  # "Ask for a person", "yes": nobody sees what for
    if by_a_word and (typed := handover.last_typed(session, received.conversation.id, before=received.seq)):
        said, opened_by = typed, shorten(typed, MATCHED, placeholder="…")
    tickets.open_ticket(
        session,
        conversation_id=received.conversation.id,
        assessment=house.fixed.urgency.assess(handoff.reason, handoff.answers),
        matched=handoff.reason if handoff.intake else opened_by,
        summary=handoff.summary if handoff.intake else said,
        now=now,
        answers=handoff.answers,
        intake=handoff.intake,
    )


def _closed(reply: Reply, house: House) -> Message:
    """The reply with its closing; a reply without words becomes the safe reply."""
    try:
        return guard.close(reply, house.fixed.closing(reply.closing), role=Role.ASSISTANT)
    except ValueError:
        safe = house.fixed.fallback("safe_reply")
        return guard.close(safe, house.fixed.closing(safe.closing))


def _unpromised(reply: Reply, house: House) -> Reply:
    """What may still be said when the reply could not be stored: nothing that mentions a ticket, and no buttons."""
    if reply.handoff and reply.handoff.reason not in set(Level):
        return house.fixed.fallback("not_stored")
    promised = [Paragraph(one) for one in house.fixed.words.paragraphs("emergency_stored")]
    blocks = [block for block in reply.blocks if block not in promised]
    return reply.model_copy(update={"blocks": blocks, "handoff": None, "offers": []})


def _unstored(reply: Reply, house: House) -> Outcome:
    return Outcome((_closed(reply, house),), State.BOT, stored=False)


async def _in_thread(work: Callable[[], T], house: House) -> T:
    try:
        return await to_thread.run_sync(work, limiter=house.storing, abandon_on_cancel=True)
    except AxisError:
        raise
    except Exception as error:
        # Whatever the driver raised, its text may hold the statement's values.
        raise Unavailable(f"the store failed ({type(error).__name__})") from None
