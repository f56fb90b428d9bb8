"""The Markdown that revisions were written as, and the facts that they state: kept beside what is served.

What patients read is the document of a revision; this is only what an author goes on from. Rows are only added.
"""

from typing import Any

from sqlalchemy import JSON, ForeignKey, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.database import Base


class SourceRow(Base):
    """One revision as its author wrote it. Append-only."""

    __tablename__ = "sources"
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"), primary_key=True)
    markdown: Mapped[str] = mapped_column(Text)
    facts: Mapped[list[Any]] = mapped_column(JSON)


def keep(session: Session, revision_id: int, markdown: str, facts: tuple[tuple[str, str, str], ...]) -> None:
    """Keep what a revision was written as; one that has its source, or was not written as Markdown, stays as it is."""
    if markdown and session.get(SourceRow, revision_id) is None:
        session.add(SourceRow(revision_id=revision_id, markdown=markdown, facts=[list(one) for one in facts]))
        session.flush()


def markdown(session: Session, revision_id: int) -> str | None:
    """What a revision was written as; None if that was not kept."""
    row = session.get(SourceRow, revision_id)
    return row.markdown if row else None


def facts(session: Session, revision_ids: list[int]) -> dict[int, list[tuple[str, str, str]]]:
    """The facts that some revisions state, for those whose source was kept."""
    rows = session.scalars(select(SourceRow).where(SourceRow.revision_id.in_(revision_ids)))
    return {row.revision_id: [(one[0], one[1], one[2]) for one in row.facts] for row in rows}
