"""Rasa's tracker in the database: one row a turn, in the order of its number; an append is checked."""

from sqlalchemy import Connection, Integer, String, Table, Text, bindparam, func, select
from sqlalchemy.orm import Session

from bot.conversation.tables import ConversationRow, TrackerTurnRow
from bot.errors import Conflict

_tracker: Table = TrackerTurnRow.__table__  # type: ignore[assignment]
_LAST_TURN = select(func.max(_tracker.c.seq)).where(_tracker.c.conversation_id == bindparam("it"))
_IS_THERE = select(ConversationRow.id).where(ConversationRow.id == bindparam("it"))
_TURN = select(bindparam("it", type_=String), bindparam("seq", type_=Integer), bindparam("events", type_=Text)).where(
    _IS_THERE.exists(), func.coalesce(_LAST_TURN.scalar_subquery(), 0) == bindparam("expected", type_=Integer)
)
_APPEND = _tracker.insert().from_select(["conversation_id", "seq", "events"], _TURN)


def turns(session: Session, conversation_id: str, *, last: int) -> tuple[int, list[str]]:
    """How many turns a tracker has, and the events of the last of them, in order.

    Args:
        session: a session that reads.
        conversation_id: whose tracker.
        last: how many turns at the most.

    Returns:
        The number of the last turn, 0 if there is none; and for each turn a JSON list of events.
    """
    rows = session.execute(
        select(TrackerTurnRow.seq, TrackerTurnRow.events)
        .where(TrackerTurnRow.conversation_id == conversation_id)
        .order_by(TrackerTurnRow.seq.desc())
        .limit(last)
    ).all()
    return (rows[0].seq if rows else 0), [row.events for row in reversed(rows)]


def last_turn(connection: Connection, conversation_id: str) -> int:
    """The number of a tracker's last turn, 0 if there is none."""
    return connection.execute(_LAST_TURN, {"it": conversation_id}).scalar() or 0


def append(connection: Connection, conversation_id: str, events: str, *, expected: int) -> None:
    """Append a turn to a tracker, if it is as long as it was when it was read; one statement.

    Args:
        connection: one that commits each statement.
        conversation_id: whose tracker; a conversation that was erased meanwhile gets nothing.
        events: a JSON list.
        expected: number of the tracker's last turn when it was read.

    Raises:
        Conflict: somebody else has appended meanwhile.
    """
    turn = {"it": conversation_id, "seq": expected + 1, "events": events, "expected": expected}
    if connection.execute(_APPEND, turn).rowcount:
        return
    if connection.execute(_IS_THERE, {"it": conversation_id}).one_or_none() is not None:
        raise Conflict(f"the tracker has another number of turns than {expected}")
