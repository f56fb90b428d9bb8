"""What the store has held: every revision with its way, for reviewers and for proof. It only reads."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.chain import broken
from bot.content import sources
from bot.content.blocks import as_text
from bot.content.lint import Company, stated_facts
from bot.content.review import Standing, State
from bot.content.store import (
    DRAFT,
    WORDS,
    Draft,
    MoveRow,
    RevisionRow,
    canonical,
    latest_revisions,
    linked,
    standing,
    standing_of,
)
from bot.content.topic import Kind, sha256
from bot.errors import NotFound


def altered(session: Session) -> list[str]:
    """Revisions and moves that were changed after they were written, in words."""
    revisions = {row.id: row for row in session.scalars(select(RevisionRow).order_by(RevisionRow.id))}
    wrong = [
        f"revision {row.number} of {row.topic_id}: its text was changed"
        for row in revisions.values()
        if sha256(canonical(row.document)) != row.sha256
    ]
    moves = session.scalars(select(MoveRow).order_by(MoveRow.id)).all()
    places = broken(MoveRow.__tablename__, ((one.chain, linked(one, revisions[one.revision_id])) for one in moves))
    return wrong + [
        f"move {moves[place].id} of revision {revisions[moves[place].revision_id].number} of "
        f"{revisions[moves[place].revision_id].topic_id}: it, or what it was about, was changed"
        for place in places
    ]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list of revisions that staff see."""

    revision_id: int
    topic: str
    revision: int
    title: str
    kind: str
    author: str
    state: State
    reviewed_by: str | None
    review_due: date | None
    for_reviewer: tuple[str, ...]


def list_latest(session: Session) -> list[Row]:
    """The newest revision of every text with its standing, by its id; words that are not medical are none of it."""
    rows = sorted(latest_revisions(session), key=lambda row: row.topic_id)
    return [_row(row, standing(session, row.id)) for row in rows if row.document["kind"] != WORDS]


def ever_said(session: Session, kind: str) -> list[str]:
    """Each paragraph of every fixed text of a kind that the store has ever held, once, with its names in braces.

    Args:
        session: a session that reads.
        kind: words, closing, fallback or another kind of fixed text.
    """
    rows = session.scalars(select(RevisionRow).where(RevisionRow.topic_id.startswith(f"{kind}:")))
    drafts = (DRAFT.validate_python(row.document) for row in rows)
    said = [as_text(block) for draft in drafts for text in draft.texts.values() for block in text.blocks]
    return list(dict.fromkeys(said))


def newest(session: Session) -> int:
    """The id of the newest revision of all, 0 in an empty store."""
    return session.scalar(select(func.max(RevisionRow.id))) or 0


def history(session: Session, topic_id: str) -> list[Row]:
    """All revisions of a topic with their standings, the newest first."""
    rows = select(RevisionRow).where(RevisionRow.topic_id == topic_id).order_by(RevisionRow.number.desc())
    return [_row(row, standing(session, row.id)) for row in session.scalars(rows)]


def list_served(session: Session) -> list[Row]:
    """The newest approved revision of every topic, by topic id."""
    found: dict[str, Row] = {}
    for row in session.scalars(select(RevisionRow).order_by(RevisionRow.topic_id, RevisionRow.number.desc())):
        where = standing(session, row.id)
        if where.state is State.APPROVED and row.topic_id not in found:
            found[row.topic_id] = _row(row, where)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision with its whole way.

    Attributes:
        draft: the text as it was imported.
        way: each instant with the standing that it brought, in order.
    """

    draft: Draft
    way: tuple[tuple[datetime, Standing], ...]

    def standing_at(self, instant: datetime) -> Standing | None:
        """Where it stood at an instant; None before it was there."""
        return next((where for at, where in reversed(self.way) if at <= instant), None)


def revision(session: Session, topic_id: str, number: int) -> Revision | None:
    """A revision by its number, if there is one."""
    found = select(RevisionRow).where(RevisionRow.topic_id == topic_id, RevisionRow.number == number)
    row = session.scalars(found).first()
    if row is None:
        return None
    rows = session.scalars(select(MoveRow).where(MoveRow.revision_id == row.id).order_by(MoveRow.id))
    way = tuple((one.at, standing_of(one)) for one in rows)
    return Revision(DRAFT.validate_python(row.document), way)


def numbers(session: Session, drafts: Iterable[Draft]) -> dict[str, int]:
    """The number of the newest revision that is exactly this text, for those of the texts that the store has."""
    wanted = {draft.id: sha256(canonical(draft.document())) for draft in drafts}
    rows = session.execute(
        select(RevisionRow.topic_id, RevisionRow.sha256, RevisionRow.number)
        .where(RevisionRow.topic_id.in_(wanted)).order_by(RevisionRow.number)
    )  # fmt: skip
    return {topic: number for topic, digest, number in rows if digest == wanted[topic]}


def moves(session: Session, topic_id: str) -> list[tuple[int, State, str, datetime, str]]:
    """Each move of a topic's revisions, the oldest first: revision, state, actor, when, note."""
    rows = session.execute(
        select(RevisionRow.number, MoveRow).join(MoveRow, MoveRow.revision_id == RevisionRow.id)
        .where(RevisionRow.topic_id == topic_id).order_by(MoveRow.id)
    )  # fmt: skip
    return [(number, State(one.state), one.actor, one.at, one.note) for number, one in rows]


@dataclass(frozen=True, slots=True)
class Move:
    """One move of a revision, as the audit of texts shows it."""

    id: int
    at: datetime
    topic: str
    revision: int
    revision_id: int
    state: State
    actor: str
    note: str
    review_due: date | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which moves somebody wants to see; what is empty or None does not narrow it."""

    words: str = ""
    actor: str = ""
    state: State | None = None
    since: datetime | None = None
    until: datetime | None = None


def all_moves(session: Session, wanted: Wanted, *, most: int) -> list[Move]:
    """Moves of all texts, the newest first.

    Args:
        session: a session that reads.
        wanted: which; `words` are looked for in the topic's id and the note.
        most: how many at most.
    """
    found = select(RevisionRow, MoveRow).join(MoveRow, MoveRow.revision_id == RevisionRow.id)
    found = found.where(RevisionRow.topic_id.not_like(f"{WORDS}:%"))
    if wanted.words:
        found = found.where(
            RevisionRow.topic_id.icontains(wanted.words, autoescape=True)
            | MoveRow.note.icontains(wanted.words, autoescape=True)
        )
    if wanted.actor:
        found = found.where(MoveRow.actor == wanted.actor)
    if wanted.state:
        found = found.where(MoveRow.state == wanted.state)
    if wanted.since:
        found = found.where(MoveRow.at >= wanted.since)
    if wanted.until:
        found = found.where(MoveRow.at < wanted.until)
    rows = session.execute(found.order_by(MoveRow.id.desc()).limit(most))
    return [
        Move(one.id, one.at, row.topic_id, row.number, row.id, State(one.state), one.actor, one.note, one.review_due)
        for row, one in rows
    ]


def actors(session: Session) -> list[str]:
    """Everybody who has moved a revision."""
    return list(session.scalars(select(MoveRow.actor).distinct().order_by(MoveRow.actor)))


def sent_back(session: Session, note: str) -> set[int]:
    """Ids of the drafts whose last move has this note: those that were sent back to their author."""
    last = select(func.max(MoveRow.id)).group_by(MoveRow.revision_id)
    rows = select(MoveRow.revision_id).where(MoveRow.id.in_(last), MoveRow.note == note, MoveRow.state == State.DRAFT)
    return set(session.scalars(rows))


def company(
    session: Session, topic_id: str, questions: Iterable[str], facts: Iterable[tuple[str, str, str]]
) -> Company:
    """What a check of one topic needs of all of them.

    Args:
        session: a session that reads.
        topic_id: the topic that is checked; what the store holds of it does not count.
        questions: its ways of asking as they are now.
        facts: what it states now.
    """
    rows = [row for row in latest_revisions(session) if row.document["kind"] in set(Kind) and row.topic_id != topic_id]
    others = sources.facts(session, [row.id for row in rows])
    stated = [(row.topic_id, others.get(row.id, [])) for row in rows]
    asked = [*questions, *(question for row in rows for question in row.document["questions"])]
    return Company(
        topics=frozenset({topic_id, *(row.topic_id for row in rows)}),
        asked=Counter(question.lower() for question in asked),
        stated=stated_facts([*stated, (topic_id, facts)]),
    )


def _row(row: RevisionRow, where: Standing) -> Row:
    document = row.document
    return Row(
        revision_id=row.id,
        topic=row.topic_id,
        revision=row.number,
        title=document["title"],
        kind=document["kind"],
        author=row.author,
        state=where.state,
        reviewed_by=where.reviewed_by,
        review_due=where.review_due,
        for_reviewer=tuple(document["for_reviewer"]),
    )


def show(session: Session, revision_id: int) -> tuple[Row, Draft]:
    """A revision with its texts.

    Raises:
        NotFound: there is no such revision.
    """
    row = session.get(RevisionRow, revision_id)
    if row is None:
        raise NotFound(f"no revision {revision_id}")
    return _row(row, standing(session, revision_id)), DRAFT.validate_python(row.document)
