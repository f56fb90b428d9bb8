"""Looking after the vetted texts: comments, what falls due, rolling back, withdrawing, and the owner's tasks.

Every change is a row that is only added; `store` holds the texts and their moves.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.content import record, store
from bot.content.record import Row
from bot.content.review import Standing, State, may_serve
from bot.content.store import Draft
from bot.database import Base, Instant, one_at_a_time
from bot.errors import Conflict, NotAllowed, NotFound
from bot.roles import Role
from bot.settings import Mode
from bot.translation import gettext as _

CHANGES_REQUESTED = "changes requested"
"""The note of the move that sends a revision back to its author."""

WARNINGS = (timedelta(days=90), timedelta(days=30), timedelta(0))
"""How long before its review a text is on the due list, and again."""


WRITERS = frozenset({Role.AUTHOR, Role.REVIEWER, Role.ADMIN})
"""Roles that write texts, remark on them, and look after tasks."""


class CommentRow(Base):
    """A remark on a revision. Append-only."""

    __tablename__ = "comments"
    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), index=True)
    actor: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Instant)
    text: Mapped[str] = mapped_column(String(4000))


class TaskRow(Base):
    """Something that a text's owner must do; `open` holds the topic until it is done, so that there is one task."""

    __tablename__ = "content_tasks"
    id: Mapped[int] = mapped_column(primary_key=True)
    topic_id: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(40))
    owner: Mapped[str] = mapped_column(String(200))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    open: Mapped[str | None] = mapped_column(String(80), unique=True)


@dataclass(frozen=True, slots=True)
class Comment:
    """A remark on a revision."""

    actor: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Due:
    """An approved text whose review is near or past.

    Attributes:
        days: until the review; negative when it is past.
        warning: the widest of 90, 30 and 0 days that it is within.
    """

    row: Row
    days: int
    warning: int


@dataclass(frozen=True, slots=True)
class Task:
    """What an owner has to do about a topic."""

    topic: str
    reason: str
    owner: str
    opened_at: datetime
    id: int


def move(
    session: Session,
    revision_id: int,
    after: State,
    *,
    actor: str,
    role: Role,
    now: datetime,
    review_due: date | None = None,
    note: str = "",
) -> None:
    """Move a revision into another state; an approval, or the end of the text, also ends its owner's task.

    Raises:
        NotAllowed: nobody, or not this person, may make this move.
        NotFound: there is no such revision.
    """
    store.move(session, revision_id, after, actor=actor, role=role, now=now, review_due=review_due, note=note)
    if after in {State.APPROVED, State.RETIRED}:
        finish_tasks(session, record.show(session, revision_id)[0].topic, now=now)
    if after is State.WITHDRAWN:
        open_task(session, record.show(session, revision_id)[0].topic, reason="withdrawn", now=now)


def expect(session: Session, revision_id: int, seen: State) -> None:
    """Make sure that a revision still stands where somebody saw it, and hold others back until they are done.

    Raises:
        Conflict: it has moved since.
        NotFound: there is no such revision.
    """
    one_at_a_time(session, store.MoveRow.__tablename__)
    state = store.standing(session, revision_id).state
    if state is not seen:
        raise Conflict(
            _("this revision has moved since you opened it: it is {state} now, and nothing was changed").format(
                state=state
            )
        )


def save(session: Session, draft: Draft, *, base: int, actor: str, role: Role, now: datetime) -> int:
    """Keep a text that was written at the desk as a new draft of its topic; whoever saved it is its author.

    Args:
        session: a session that writes.
        draft: the text, once it has passed.
        base: the number of the newest revision when the writing began.
        actor: who wrote it; they cannot approve it.
        role: their role.
        now: the present instant.

    Returns:
        The new revision's id.

    Raises:
        NotAllowed: not by this role.
        NotFound: there is no such topic.
        Conflict: somebody has added a revision meanwhile, or nothing was changed.
    """
    if role not in WRITERS:
        raise NotAllowed(_("the role {role} may not write texts").format(role=role))
    one_at_a_time(session, store.MoveRow.__tablename__)
    rows = record.history(session, draft.id)
    if not rows:
        raise NotFound(_("no topic {topic}").format(topic=repr(draft.id)))
    if rows[0].revision != base:
        raise Conflict(
            _("revision {revision} was added since you began: compare it with your text and save again").format(
                revision=rows[0].revision
            )
        )
    before = record.show(session, rows[0].revision_id)[1]
    if replace(before, author=actor) == replace(draft, author=actor):
        raise Conflict(_("this is word for word revision {base}: nothing was saved").format(base=base))
    return store.add_revision(session, replace(draft, author=actor), base + 1, note=store.AT_DESK, now=now)


def comment(session: Session, revision_id: int, text: str, *, actor: str, now: datetime) -> None:
    """Add a remark to a revision.

    Raises:
        NotFound: there is no such revision.
        Conflict: it says nothing.
    """
    store.standing(session, revision_id)
    if not text.strip():
        raise Conflict(_("a comment needs words"))
    session.add(CommentRow(revision_id=revision_id, actor=actor, at=now, text=text.strip()))


def comments(session: Session, revision_id: int) -> list[Comment]:
    """The remarks on a revision, the oldest first."""
    rows = session.scalars(select(CommentRow).where(CommentRow.revision_id == revision_id).order_by(CommentRow.id))
    return [Comment(row.actor, row.at, row.text) for row in rows]


def request_changes(session: Session, revision_id: int, text: str, *, actor: str, role: Role, now: datetime) -> None:
    """Send a revision back to its author, with what should be changed.

    Raises:
        NotAllowed: not by this role, or not from this state.
        Conflict: it is not said what should be changed.
    """
    comment(session, revision_id, text, actor=actor, now=now)
    store.move(session, revision_id, State.DRAFT, actor=actor, role=role, now=now, note=CHANGES_REQUESTED)


def due(session: Session, *, today: date) -> list[Due]:
    """The approved texts whose review is within 90 days or past, the most urgent first."""
    found = []
    for row in record.list_served(session):
        if row.review_due is None:
            continue
        days = (row.review_due - today).days
        within = [warning.days for warning in WARNINGS if days <= warning.days]
        if within:
            found.append(Due(row, days, min(within)))
    return sorted(found, key=lambda one: (one.days, one.row.topic))


def roll_back(
    session: Session, topic_id: str, *, actor: str, role: Role, now: datetime, note: str, to: int | None = None
) -> tuple[int, int]:
    """Retire the newest approved revision, so that an approved one before it is served again at once.

    Args:
        session: a session that writes.
        topic_id: the topic.
        actor: who decides.
        role: their role.
        now: the present instant.
        note: why.
        to: number of the revision to go back to, with all approved ones after it retired; the one before unless given.

    Returns:
        The numbers of the revision that went and of the one that is back.

    Raises:
        NotFound: there is no such earlier approved revision; `withdraw` holds the only one back.
        NotAllowed: not by this role.
    """
    approved = [row for row in record.history(session, topic_id) if row.state is State.APPROVED]
    back = next((row for row in approved[1:] if to in (None, row.revision)), None)
    if back is None:
        if to is None:
            raise NotFound(_("{topic} has no earlier approved revision to go back to").format(topic=topic_id))
        said = _("{topic} has no earlier approved revision {number} to go back to")
        raise NotFound(said.format(topic=topic_id, number=to))
    for row in approved[: approved.index(back)]:
        store.move(session, row.revision_id, State.RETIRED, actor=actor, role=role, now=now, note=note)
    return approved[0].revision, back.revision


def withdraw(session: Session, topic_id: str, *, actor: str, role: Role, now: datetime, note: str) -> int:
    """Hold a topic back at once: nothing that is served now, nor anything older, is served any more.

    Returns:
        How many revisions were withdrawn.

    Raises:
        NotFound: there is no such topic, or nothing of it can be served.
        NotAllowed: not by this role.
    """
    open_states = {State.DRAFT, State.IN_REVIEW, State.APPROVED}
    rows = [row for row in record.history(session, topic_id) if row.state in open_states]
    if not rows:
        raise NotFound(_("nothing of {topic} is served").format(topic=repr(topic_id)))
    for row in rows:
        store.move(session, row.revision_id, State.WITHDRAWN, actor=actor, role=role, now=now, note=note)
    open_task(session, topic_id, reason="withdrawn", now=now)
    return len(rows)


def unapproved(session: Session, drafts: Iterable[Draft], *, today: date) -> list[str]:
    """Those of the texts that are not in the store exactly so, approved and in date."""
    listed = list(drafts)
    numbers = record.numbers(session, listed)
    found = []
    for draft in listed:
        rows = [row for row in record.history(session, draft.id) if row.revision == numbers.get(draft.id)]
        where = Standing(rows[0].state, rows[0].reviewed_by, None, rows[0].review_due) if rows else None
        if where is None or not may_serve(where, mode=Mode.PRODUCTION, today=today):
            found.append(draft.id)
    return found


def open_task(session: Session, topic_id: str, *, reason: str, now: datetime) -> None:
    """Give a topic's owner one task, unless there is one that is not done."""
    if session.scalar(select(TaskRow.id).where(TaskRow.open == topic_id)) is not None:
        return
    moves = record.moves(session, topic_id)
    approved = [actor for _number, state, actor, _at, _note in moves if state is State.APPROVED]
    owner = approved[-1] if approved else moves[0][2] if moves else "nobody yet"
    session.add(
        TaskRow(topic_id=topic_id, reason=reason, owner=owner, opened_at=now, done_at=None, open=topic_id)
    )  # fmt: skip
    session.flush()


def open_tasks(session: Session) -> list[Task]:
    """What owners have to do, the oldest first."""
    rows = session.scalars(select(TaskRow).where(TaskRow.open.is_not(None)).order_by(TaskRow.id))
    return [Task(row.topic_id, row.reason, row.owner, row.opened_at, row.id) for row in rows]


def finish_tasks(session: Session, topic_id: str, *, now: datetime) -> None:
    """The topic may be served again: its task is done."""
    session.execute(update(TaskRow).where(TaskRow.open == topic_id).values(open=None, done_at=now))


def note_expired(session: Session, *, today: date, now: datetime) -> list[str]:
    """Give the owner of each text whose review is past a task.

    Returns:
        The topics.
    """
    past = [one.row.topic for one in due(session, today=today) if one.days < 0]
    for topic_id in past:
        open_task(session, topic_id, reason="review overdue", now=now)
    return past
