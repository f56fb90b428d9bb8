"""Questions that the store had no sure answer to, as those see them who look after the texts: redacted, and erased with
their conversation.
"""

from base64 import b64decode
from collections.abc import Collection, Mapping
from datetime import datetime

import numpy as np
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.content import governance
from bot.content.gaps import Asked, Vectors
from bot.conversation.message import Gap
from bot.conversation.redaction import redact
from bot.conversation.store import Received
from bot.conversation.tables import GapRow
from bot.errors import NotFound


def asked(session: Session) -> list[Asked]:
    """Every such question, the oldest first."""
    rows = session.scalars(select(GapRow).order_by(GapRow.id))
    return [
        Asked(row.conversation_id, row.kind, row.text, row.id, row.vector or b"", row.dismissed_why or "")
        for row in rows
    ]


def note(session: Session, received: Received, gap: Gap, *, now: datetime) -> None:
    """Keep a question that the store had no sure answer to, redacted; a text that is held back is its owner's task.

    Args:
        session: the transaction of the reply.
        received: the question; erasing its conversation erases what is kept.
        gap: what was missing.
        now: the present instant.
    """
    text = redact(received.message.text)
    vector = b64decode(gap.vector) or None
    session.add(GapRow(conversation_id=received.conversation.id, kind=gap.kind, text=text, at=now, vector=vector))
    if gap.kind == "withheld":
        governance.open_task(session, gap.topic, reason="asked for while held back", now=now)


def keep_vectors(session: Session, vectors: Mapping[int, Vectors]) -> None:
    """Keep the vectors of questions that had none: id to float32, (384,)."""
    for gap_id, vector in vectors.items():
        kept = vector.astype(np.float16).tobytes()
        session.execute(update(GapRow).where(GapRow.id == gap_id).values(vector=kept))


def dismiss(session: Session, ids: Collection[int], *, why: str, actor: str, now: datetime) -> None:
    """Say of questions that the texts of this clinic need no answer to them; `restore` takes it back.

    Raises:
        NotFound: they were erased meanwhile.
    """
    _set(session, ids, dismissed_by=actor, dismissed_at=now, dismissed_why=why)


def restore(session: Session, ids: Collection[int]) -> None:
    """Say of questions that they are for us after all.

    Raises:
        NotFound: they were erased meanwhile.
    """
    _set(session, ids, dismissed_by=None, dismissed_at=None, dismissed_why=None)


def _set(session: Session, ids: Collection[int], **values: str | datetime | None) -> None:
    known = set(session.scalars(select(GapRow.id).where(GapRow.id.in_(ids))))
    if not known:
        raise NotFound("these questions were erased meanwhile")
    session.execute(update(GapRow).where(GapRow.id.in_(known)).values(**values))
