"""Proof of what was said: stored conversations replayed against the revisions that their replies name.

A reply passes if each of its sentences stands in a text that it names, at the level named, or is one of the fixed words
that are not medical; if that text was approved and in date when it was served; and if no row was changed since.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.chain import broken
from bot.content import record
from bot.content.blocks import as_text
from bot.content.review import State, may_serve
from bot.content.store import WORDS, Draft
from bot.content.topic import Level, sha256
from bot.conversation.fixed import Fixed
from bot.conversation.message import Message, Provenance, Role
from bot.conversation.store import linked
from bot.conversation.tables import ConversationRow, MessageRow
from bot.settings import Mode

OWN_WORDS = (
    "intake_concern", "intake_since", "intake_severity", "intake_course", "intake_treatment", "intake_goal",
    "intake_tests", "intake_contact", "intake_time", "intake_denied",
)  # fmt: skip
"""What the summary of an intake repeats of the patient's own words, to be confirmed."""
_NAME = re.compile(r"\\\{\w+\\\}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one message, or with the store."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a replay found.

    Attributes:
        conversations: how many were replayed.
        replies: messages of Axis among them.
        unreviewed: replies from texts that nobody had approved, as only a demonstration may give.
        faults: everything that is wrong; empty is well.
    """

    conversations: int
    replies: int
    unreviewed: int
    faults: tuple[Fault, ...]


class _Texts:
    """What the store held, read once for each revision that is named, and what might be said beside it."""

    def __init__(self, session: Session, fixed: Fixed) -> None:
        self._session = session
        self._known: dict[tuple[str, int], record.Revision | None] = {}
        self.words = _words(session, fixed)
        self.closings = [_pattern(one) for one in _now_and_ever(session, fixed.drafts(), "closing")]

    def find(self, topic: str, number: int) -> record.Revision | None:
        """A revision with its texts and moves, if the store has it."""
        if (topic, number) not in self._known:
            self._known[topic, number] = record.revision(self._session, topic, number)
        return self._known[topic, number]


def verify(session: Session, fixed: Fixed, *, mode: Mode, told: Callable[[int], None] = lambda _done: None) -> Verified:
    """Replay every stored conversation.

    Args:
        session: a session that reads.
        fixed: whose words may be said beside vetted texts.
        mode: a demonstration may serve texts that nobody has approved.
        told: called with the number of conversations done, to show progress.
    """
    texts = _Texts(session, fixed)
    faults = [Fault("store", what) for what in record.altered(session)]
    replies = unreviewed = done = 0
    for conversation_id in session.scalars(select(ConversationRow.id).order_by(ConversationRow.created_at)):
        rows = session.scalars(
            select(MessageRow).where(MessageRow.conversation_id == conversation_id).order_by(MessageRow.seq)
        ).all()
        faults += _chain_faults(conversation_id, rows)
        for row in rows:
            message = Message(**row.body)
            if message.role is not Role.ASSISTANT:
                continue
            replies += 1
            found = list(_faults(message, texts, mode=mode))
            faults += [Fault(f"conversation {conversation_id}, message {row.seq}", what) for what in found]
            unreviewed += any(one.reviewed_by is None for one in message.provenance)
        done += 1
        told(done)
    return Verified(done, replies, unreviewed, tuple(faults))


def _chain_faults(conversation_id: str, rows: Iterable[MessageRow]) -> list[Fault]:
    """Rows that were changed, and rows that are missing between two others."""
    listed = list(rows)
    links = ((row.chain, linked({name: getattr(row, name) for name in row.__table__.columns.keys()})) for row in listed)
    faults = [
        Fault(
            f"conversation {conversation_id}, message {listed[place].seq}", "the row was changed after it was written"
        )
        for place in broken(conversation_id, links)
    ]
    if [row.seq for row in listed] != list(range(1, len(listed) + 1)):
        faults.append(Fault(f"conversation {conversation_id}", "a message is missing"))
    return faults


def _faults(message: Message, texts: _Texts, *, mode: Mode) -> Iterator[str]:
    allowed: set[str] = set()
    templates: list[re.Pattern[str]] = []
    day = message.created_at.date()
    for one in message.provenance:
        revision = texts.find(one.topic, one.revision)
        if revision is None:
            yield f"the store has no revision {one.revision} of {one.topic}"
            continue
        text = revision.draft.texts.get(Level(one.level))
        if text is None:
            yield f"revision {one.revision} of {one.topic} has no level {one.level}"
            continue
        yield from _standing_faults(one, revision, day=day, mode=mode, served_at=message)
        if ":" not in one.topic and sha256(str(text)) != one.sha256:
            yield f"the text of revision {one.revision} of {one.topic} ({one.level}) is not the one that was served"
        allowed |= {revision.draft.title, *(as_text(block) for block in text.blocks)}
        templates += [_pattern(as_text(block)) for block in text.blocks] if ":" in one.topic else []
    for block in message.blocks:
        said = as_text(block)
        if said in allowed or any(known.fullmatch(said) for known in (*templates, *texts.words)):
            continue
        if not all(any(known.fullmatch(line) for known in texts.words) for line in said.splitlines() if line):
            yield f"these words stand in no text that the reply names: {said[:80]!r}"
    yield from _term_faults(message, texts)
    yield from _closing_faults(message, texts)
    whole = "\n\n".join(
        [*(as_text(block) for block in message.blocks), message.closing.text if message.closing else ""]
    )
    if message.text != whole:
        yield "the text is not what its blocks and its closing say"


def _closing_faults(message: Message, texts: _Texts) -> Iterator[str]:
    if message.closing is None or not message.text.endswith(message.closing.text):
        yield "the reply does not end with its closing"
    elif not any(known.fullmatch(message.closing.text) for known in texts.closings):
        yield f"this closing is none of ours: {message.closing.text[:80]!r}"


def _term_faults(message: Message, texts: _Texts) -> Iterator[str]:
    for term in message.terms:
        explained = texts.find(term.topic, term.revision)
        if explained is None or str(explained.draft.texts[Level.PLAIN]) != term.text:
            yield f"{term.term!r} is not explained so in revision {term.revision} of {term.topic}"


def _standing_faults(
    one: Provenance, revision: record.Revision, *, day: date, mode: Mode, served_at: Message
) -> Iterator[str]:
    """Whether the text might be served at that moment."""
    where = revision.standing_at(served_at.created_at)
    name = f"revision {one.revision} of {one.topic}"
    if where is None or where.state in {State.RETIRED, State.WITHDRAWN}:
        yield f"{name} was {where.state if where else 'not there yet'} when it was served"
    elif mode is Mode.PRODUCTION and not may_serve(where, mode=mode, today=day):
        yield f"{name} was {where.state}, due {where.review_due}, when it was served"
    elif where.reviewed_by != one.reviewed_by:
        yield f"{name} was reviewed by {where.reviewed_by}, not by {one.reviewed_by}"


def _words(session: Session, fixed: Fixed) -> list[re.Pattern[str]]:
    """What may be said without being named: words that are not medical, of today and of any day before."""
    said = [
        *_now_and_ever(session, fixed.wordings(), WORDS),
        *_now_and_ever(session, fixed.drafts(), "fallback"),
    ]
    noted = [
        f"- {fixed.words.phrase(name)}: "
        for name in ("memory_drug", "memory_marker", "memory_symptom", "memory_goal", "memory_topic")
    ]
    own = [f"- {fixed.words.phrase(name)}: " for name in OWN_WORDS]
    return [
        *(_pattern(one) for one in said),
        *(re.compile(re.escape(one) + r"[^\n]{1,1000}") for one in own),
        *(re.compile(re.escape(one) + r"[^.\n]{1,70}") for one in noted),  # a name or a title, never a sentence
    ]


def _now_and_ever(session: Session, drafts: list[Draft], kind: str) -> list[str]:
    """The paragraphs of the fixed texts of a kind, as the files have them and as the store has had them."""
    now = [
        as_text(block)
        for draft in drafts if draft.kind == kind
        for text in draft.texts.values() for block in text.blocks
    ]  # fmt: skip
    return list(dict.fromkeys([*now, *record.ever_said(session, kind)]))


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(_NAME.sub(".{1,400}?", re.escape(template)), re.DOTALL)
