"""Finding conversations and their tickets by words, by SQL. It only reads, one page at a time, within a period."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from bot.conversation.message import Role
from bot.conversation.tables import ConversationRow, MessageRow
from bot.desk.call import HEADING
from bot.triage.tables import TicketRow

PER_PAGE = 20
MOST_MESSAGES = 200
"""Messages of one page's conversations that are read for its snippets."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is empty does not narrow it.

    Attributes:
        words: each must stand somewhere in the conversation or its ticket.
        person: part of a caller's name or number, or of who has the ticket.
        since: conversations begun at or after this instant,
        until: and before this one.
    """

    words: tuple[str, ...]
    person: str
    urgency: str
    state: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Hit:
    """One conversation that was found, with its newest ticket.

    Attributes:
        texts: who said what, where one of the words stands in it; the ticket's own words come last.
    """

    conversation: str
    channel: str
    began_at: datetime
    ticket: str
    urgency: str
    state: str
    claimed_by: str
    texts: tuple[tuple[str, str], ...]


def find(session: Session, wanted: Wanted, *, page: int) -> tuple[list[Hit], bool]:
    """One page of what was found, the newest first, and whether there is more.

    Args:
        session: a session that reads.
        wanted: what is looked for.
        page: counted from 0.
    """
    rows = session.execute(_query(wanted).offset(page * PER_PAGE).limit(PER_PAGE + 1)).all()
    shown = rows[:PER_PAGE]
    ids = [row.ConversationRow.id for row in shown]
    texts = _texts(session, ids, wanted)
    hits = {row.ConversationRow.id: _hit(row.ConversationRow, row.TicketRow, texts, wanted) for row in shown}
    return list(hits.values()), len(rows) > PER_PAGE


def _query(wanted: Wanted) -> Select[ConversationRow, TicketRow]:
    """Conversations of the period with their newest ticket, if they have one."""
    other = TicketRow.__table__.alias()
    newer = select(other.c.id).where(
        other.c.conversation_id == ConversationRow.id,
        or_(
            other.c.opened_at > TicketRow.opened_at,
            and_(other.c.opened_at == TicketRow.opened_at, other.c.id > TicketRow.id),
        ),
    )
    newest = and_(TicketRow.conversation_id == ConversationRow.id, ~newer.exists())
    rows = select(ConversationRow, TicketRow).outerjoin(TicketRow, newest)
    rows = rows.where(ConversationRow.created_at >= wanted.since, ConversationRow.created_at < wanted.until)
    for word in wanted.words:
        rows = rows.where(or_(_said(word), _of_ticket(word)))
    if wanted.person:
        called = _said(wanted.person, MessageRow.role == Role.STAFF, or_(*_begins_a_call()))
        rows = rows.where(or_(TicketRow.claimed_by.icontains(wanted.person, autoescape=True), called))
    if wanted.urgency:
        rows = rows.where(TicketRow.urgency == wanted.urgency)
    if wanted.state:
        rows = rows.where(TicketRow.state == wanted.state)
    return rows.order_by(ConversationRow.created_at.desc(), ConversationRow.id)


def _begins_a_call() -> Iterator[ColumnElement[bool]]:
    """Whether a message is the heading of a call, in the language of the clinic or in English."""
    for begin in {"Caller: ", HEADING[: HEADING.index("{")]} - {""}:
        yield _text().startswith(begin, autoescape=True)


def _text() -> ColumnElement[str]:
    """A message's words."""
    said: ColumnElement[str] = MessageRow.body["text"].as_string()
    return said


def _said(word: str, *further: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a message of the conversation has the word; `%` and `_` in it stand for themselves."""
    own = MessageRow.conversation_id == ConversationRow.id
    return select(MessageRow.id).where(own, _text().icontains(word, autoescape=True), *further).exists()


def _of_ticket(word: str) -> ColumnElement[bool]:
    """Whether the ticket has the word in what opened it, its summary or its outcome."""
    columns = (TicketRow.summary, TicketRow.outcome, TicketRow.reason, TicketRow.matched)
    return or_(*(column.icontains(word, autoescape=True) for column in columns))


def _texts(session: Session, ids: Sequence[str], wanted: Wanted) -> dict[str, list[tuple[str, str]]]:
    """The messages that have one of the words, by conversation."""
    found: dict[str, list[tuple[str, str]]] = {one: [] for one in ids}
    if not ids or not wanted.words:
        return found
    rows = session.execute(
        select(MessageRow.conversation_id, MessageRow.role, _text())
        .where(
            MessageRow.conversation_id.in_(ids),
            or_(*(_text().icontains(word, autoescape=True) for word in wanted.words)),
        )
        .order_by(MessageRow.conversation_id, MessageRow.seq)
        .limit(MOST_MESSAGES)
    )
    for conversation, role, text in rows:
        found[conversation].append((role, text))
    return found


def _hit(
    conversation: ConversationRow, ticket: TicketRow | None, texts: dict[str, list[tuple[str, str]]], wanted: Wanted
) -> Hit:
    said = list(texts[conversation.id])
    if ticket:
        parts = (ticket.summary, ticket.outcome, ticket.reason, ticket.matched)
        said += [("ticket", part) for part in parts if part and (not wanted.words or _has(part, wanted.words))]
    return Hit(
        conversation=conversation.id, channel=conversation.channel, began_at=conversation.created_at,
        ticket=ticket.id if ticket else "", urgency=ticket.urgency if ticket else "",
        state=ticket.state if ticket else "", claimed_by=(ticket.claimed_by or "") if ticket else "",
        texts=tuple(said),
    )  # fmt: skip


def _has(text: str, words: Sequence[str]) -> bool:
    return any(word.casefold() in text.casefold() for word in words)
