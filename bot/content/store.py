"""The vetted store: topics, their immutable revisions, and each move of a revision.

A revision's row is never changed. Its state is that of its latest row in `moves`, so the table is its own audit.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, Connection, ForeignKey, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.chain import link
from bot.content import sources
from bot.content.blocks import Text
from bot.content.catalogue import Catalogue, Served
from bot.content.review import REVIEW_AFTER, Standing, State, check_move, may_serve
from bot.content.topic import Level, sha256
from bot.database import Base, Instant, one_at_a_time
from bot.errors import NotFound
from bot.roles import Role
from bot.settings import Mode


class TopicRow(Base):
    """A topic; it stays when all its revisions are retired."""

    __tablename__ = "topics"
    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Instant)


class RevisionRow(Base):
    """One text of a topic, as it was imported; never changed."""

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("topic_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    topic_id: Mapped[str] = mapped_column(ForeignKey("topics.id"))
    number: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    author: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)


class MoveRow(Base):
    """A revision's way into a state: who, when, until when, why. Append-only."""

    __tablename__ = "moves"
    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), index=True)
    state: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Instant)
    review_due: Mapped[date | None]
    note: Mapped[str] = mapped_column(String(1000), default="")
    chain: Mapped[str] = mapped_column(String(64), default="")


@dataclass(frozen=True, slots=True)
class Draft:
    """A text on its way into the store: a topic's file, or one of the fixed texts of data/<language>/safety.

    Attributes:
        id: the topic's id; fixed texts have a prefix such as `closing:`.
        kind: a topic's kind, or closing, emergency, crisis, urgent, refusal, fallback.
        texts: a topic has all levels, a fixed text only the plain one.
        source: the Markdown that it was read from, which is no part of the document; empty for fixed texts.
        facts: what it states in the words of data/<language>/facts.yml; no part of the document either.
    """

    id: str
    title: str
    button: str
    kind: str
    closing: str
    author: str
    texts: dict[Level, Text]
    tags: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    evidence: tuple[dict[str, Any], ...] = ()
    for_reviewer: tuple[str, ...] = ()
    source: str = field(default="", compare=False)
    facts: tuple[tuple[str, str, str], ...] = field(default=(), compare=False)

    def document(self) -> dict[str, Any]:
        """As JSON, in one fixed form, so that its hash says whether anything changed."""
        return dict(DRAFT.dump_python(self, mode="json", exclude={"source", "facts"}))


IMPORTED = "imported"
AT_DESK = "written at the desk"
"""How a revision came in: the note of its first move."""

WORDS = "words"
"""The kind of words that are not medical: kept so that what was said can be proved, and not for review."""

DRAFT = TypeAdapter(Draft)
_DOCUMENT = TypeAdapter(dict[str, Any])


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: topic ids that are new, changed, and unchanged."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


def import_drafts(session: Session, drafts: Iterable[Draft], *, now: datetime) -> Imported:
    """Add a revision for each text that is new or has changed; a second import of the same texts does nothing.

    A file counts as unchanged, too, while somebody has written a newer revision at the desk: the old words do not
    come back on top of it only because Axis was started again.
    """
    latest = {row.topic_id: row for row in latest_revisions(session)}
    groups: dict[str, list[str]] = defaultdict(list)
    for draft in drafts:
        document = draft.document()
        digest = sha256(canonical(document))
        before = latest.get(draft.id)
        if before and digest in (before.sha256, _last_imported(session, before.topic_id)):
            if before.sha256 == digest:
                sources.keep(session, before.id, draft.source, draft.facts)
            groups["unchanged"].append(draft.id)
            continue
        groups["changed" if before else "new"].append(draft.id)
        if not before:
            session.add(TopicRow(id=draft.id, created_at=now))
            session.flush()
        add_revision(session, draft, before.number + 1 if before else 1, note=IMPORTED, now=now)
    return Imported(*(tuple(groups[name]) for name in ("new", "changed", "unchanged")))


def _last_imported(session: Session, topic_id: str) -> str | None:
    """The hash of the newest revision of a topic that came from a file or a pack."""
    rows = select(RevisionRow.sha256).join(MoveRow, MoveRow.revision_id == RevisionRow.id)
    wanted = rows.where(RevisionRow.topic_id == topic_id, MoveRow.note == IMPORTED, MoveRow.state == State.DRAFT)
    return session.scalar(wanted.order_by(RevisionRow.number.desc()).limit(1))


def add_revision(session: Session, draft: Draft, number: int, *, note: str, now: datetime) -> int:
    """Write a text as a new revision of a topic that is there; it begins as a draft.

    Returns:
        The revision's id.
    """
    document = draft.document()
    row = RevisionRow(
        topic_id=draft.id, number=number, sha256=sha256(canonical(document)), author=draft.author, created_at=now,
        document=document,
    )  # fmt: skip
    session.add(row)
    session.flush()
    sources.keep(session, row.id, draft.source, draft.facts)
    _add_move(session, row, State.DRAFT, actor=draft.author, at=now, note=note)
    return row.id


def canonical(document: dict[str, Any]) -> str:
    """A document as the one JSON text that its hash is of."""
    return _DOCUMENT.dump_json(document).decode()


def latest_revisions(session: Session) -> Collection[RevisionRow]:
    """The newest revision of every topic."""
    newest = select(RevisionRow.topic_id, func.max(RevisionRow.number).label("number")).group_by(RevisionRow.topic_id)
    latest = newest.subquery()
    same = (RevisionRow.topic_id == latest.c.topic_id) & (RevisionRow.number == latest.c.number)
    return session.scalars(select(RevisionRow).join(latest, same)).all()


_VERSION = select(
    select(func.max(RevisionRow.__table__.c.id)).scalar_subquery(),
    select(func.max(MoveRow.__table__.c.id)).scalar_subquery(),
)


def version(connection: Connection) -> str:
    """Changes with every import and every move."""
    revision, move = connection.execute(_VERSION).one()
    return f"{revision or 0}.{move or 0}"


def standing(session: Session, revision_id: int) -> Standing:
    """Where a revision stands now.

    Raises:
        NotFound: there is no such revision.
    """
    move = session.scalars(
        select(MoveRow).where(MoveRow.revision_id == revision_id).order_by(MoveRow.id.desc()).limit(1)
    ).first()
    if move is None:
        raise NotFound(f"no revision {revision_id}")
    return standing_of(move)


def standing_of(move: MoveRow) -> Standing:
    """Where a move has brought its revision."""
    state = State(move.state)
    if state is not State.APPROVED:
        return Standing(state)
    return Standing(state, reviewed_by=move.actor, reviewed_on=move.at.date(), review_due=move.review_due)


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
    """Move a revision into another state.

    Raises:
        NotAllowed: nobody, or not this person, may make this move.
        NotFound: there is no such revision.
    """
    row = session.get(RevisionRow, revision_id)
    if row is None:
        raise NotFound(f"no revision {revision_id}")
    before = standing(session, revision_id).state
    check_move(before, after, role=role, actor=actor, author=row.author)
    if after is State.APPROVED and review_due is None:
        review_due = now.date() + REVIEW_AFTER
    _add_move(session, row, after, actor=actor, at=now, note=note, review_due=review_due)


def _add_move(
    session: Session,
    row: RevisionRow,
    after: State,
    *,
    actor: str,
    at: datetime,
    note: str,
    review_due: date | None = None,
) -> None:
    """Write a move, linked to the one before."""
    one_at_a_time(session, MoveRow.__tablename__)
    before = session.scalar(select(MoveRow.chain).order_by(MoveRow.id.desc()).limit(1))
    made = MoveRow(revision_id=row.id, state=after, actor=actor, at=at, review_due=review_due, note=note)
    made.chain = link(before or MoveRow.__tablename__, linked(made, row))
    session.add(made)
    session.flush()


def linked(made: MoveRow, row: RevisionRow) -> dict[str, Any]:
    """What a move's link holds: the move, and which text it was about."""
    due = made.review_due.isoformat() if made.review_due else None
    return {
        "topic": row.topic_id, "number": row.number, "sha256": row.sha256, "author": row.author, "state": made.state,
        "actor": made.actor, "at": made.at.isoformat(), "review_due": due, "note": made.note,
    }  # fmt: skip


def load_catalogue(session: Session, *, mode: Mode, today: date) -> Catalogue:
    """What may be said today.

    Of each topic the newest revision that may be served; an approved one before any draft, and none as old as one that
    was withdrawn. A topic none of whose revisions may be served is withheld, unless all are retired.
    """
    moves: dict[int, MoveRow] = {}
    for row in session.scalars(select(MoveRow).order_by(MoveRow.id)):
        moves[row.revision_id] = row
    revisions: dict[str, list[RevisionRow]] = defaultdict(list)
    for revision in session.scalars(select(RevisionRow).order_by(RevisionRow.topic_id, RevisionRow.number.desc())):
        revisions[revision.topic_id].append(revision)
    served: dict[str, Served] = {}
    withheld: dict[str, Served] = {}
    for topic, rows in revisions.items():
        standings = [(row, standing_of(moves[row.id])) for row in rows]
        withdrawn = max((row.number for row, where in standings if where.state is State.WITHDRAWN), default=0)
        newer = [(row, where) for row, where in standings if row.number > withdrawn]
        allowed = [pair for pair in newer if may_serve(pair[1], mode=mode, today=today)]
        approved = [pair for pair in allowed if pair[1].state is State.APPROVED]
        if chosen := next(iter(approved or allowed), None):
            served[topic] = _served(*chosen)
        elif any(one.state is not State.RETIRED for _, one in standings):
            withheld[topic] = _served(*standings[0])
    return Catalogue(version=version(session.connection()), served=served, withheld=withheld)


def _served(row: RevisionRow, where: Standing) -> Served:
    return serve(DRAFT.validate_python(row.document), row.number, where)


def serve(draft: Draft, revision: int, where: Standing) -> Served:
    """A text as it is shown to patients."""
    return Served(
        topic=draft.id,
        revision=revision,
        title=draft.title,
        button=draft.button,
        kind=draft.kind,
        closing=draft.closing,
        texts=draft.texts,
        hashes={level: sha256(str(text)) for level, text in draft.texts.items()},
        tags=frozenset(draft.tags),
        drugs=frozenset(draft.drugs),
        audience=frozenset(draft.audience),
        questions=draft.questions,
        related=draft.related,
        sources=draft.sources,
        reviewed_by=where.reviewed_by,
        reviewed_on=where.reviewed_on,
        review_due=where.review_due,
    )
