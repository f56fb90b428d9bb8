"""How often an address may try to sign in: a moving window in the database, so that it holds for all processes."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bot.database import one_at_a_time
from bot.desk.store import AttemptRow
from bot.errors import TooMuch
from bot.translation import gettext as _

WITHIN = timedelta(minutes=15)
"""The moving window in which the failed sign-ins of one address are counted."""


def attempt(session: Session, address: str, *, now: datetime, most: int) -> int:
    """Count a sign-in that is about to be tried, before it costs anything.

    Args:
        session: a session that writes.
        address: who tries.
        now: the present instant.
        most: how many may fail within the window.

    Returns:
        The attempt's id: `forgive` it when the sign-in succeeds.

    Raises:
        TooMuch: too many from this address have failed of late.
    """
    one_at_a_time(session, f"{AttemptRow.__tablename__} {address}")
    clean(session, now=now)
    count, oldest = session.execute(
        select(func.count(), func.min(AttemptRow.at)).where(AttemptRow.address == address)
    ).one()
    if count >= most:
        wait = (oldest + WITHIN - now) // timedelta(seconds=1) + 1
        raise TooMuch(_("too many sign-ins from your address have failed: try again later"), retry_after_s=wait)
    row = AttemptRow(address=address, at=now)
    session.add(row)
    session.flush()
    return row.id


def forgive(session: Session, attempt_id: int) -> None:
    """Do not count an attempt any longer: it has succeeded."""
    session.execute(delete(AttemptRow).where(AttemptRow.id == attempt_id))


def clean(session: Session, *, now: datetime) -> None:
    """Delete what counts no longer."""
    session.execute(delete(AttemptRow).where(AttemptRow.at <= now - WITHIN))
