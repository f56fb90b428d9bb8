"""The opening hours as admins have edited them: each saving is a version, an earlier one can be restored."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update
from sqlalchemy.orm import Session

from bot.database import one_at_a_time
from bot.errors import Conflict, NotAllowed, NotFound
from bot.hours import Hours
from bot.roles import Role
from bot.translation import gettext as _
from bot.triage.tables import HoursRow, TicketRow
from bot.triage.ticket import Shelf

FILE = 0
"""The version of the file data/clinic.yml, which counts until somebody saves another."""

_LATEST = select(func.max(HoursRow.version))


@dataclass(frozen=True, slots=True)
class Version:
    """One saving of the hours."""

    number: int
    hours: Hours
    actor: str
    at: datetime
    note: str


def latest(connection: Connection) -> int:
    """The number of the newest version; FILE if nobody has saved one."""
    return connection.execute(_LATEST).scalar() or FILE


def present(session: Session) -> Version | None:
    """The version that counts; None if the file does."""
    return next(iter(versions(session, most=1)), None)


def versions(session: Session, *, most: int = 20) -> list[Version]:
    """Saved versions, the newest first."""
    rows = session.scalars(select(HoursRow).order_by(HoursRow.version.desc()).limit(most))
    return [_version(row) for row in rows]


def version(session: Session, number: int) -> Version:
    """One version.

    Raises:
        NotFound: there is none of this number.
    """
    row = session.get(HoursRow, number)
    if row is None:
        raise NotFound(_("there is no such version of the opening hours"))
    return _version(row)


def _version(row: HoursRow) -> Version:
    return Version(row.version, Hours.model_validate(row.document), row.actor, row.at, row.note)


def save(session: Session, hours: Hours, *, base: int, actor: str, role: Role, now: datetime, note: str = "") -> int:
    """Save hours as the version that counts from now on; the targets of open tickets are reckoned anew.

    Args:
        session: its transaction also writes the audit line.
        hours: what was set.
        base: the version that the page showed.
        actor: who.
        role: only an admin may.
        now: the present instant.
        note: why, or from where it was restored.

    Returns:
        The number of the new version.

    Raises:
        NotAllowed: not an admin.
        Conflict: somebody else has saved meanwhile.
    """
    if role is not Role.ADMIN:
        raise NotAllowed(_("only an admin may change the opening hours"))
    one_at_a_time(session, HoursRow.__tablename__)
    number = latest(session.connection())
    if number != base:
        raise Conflict(_("somebody else has changed the opening hours meanwhile: look at them again"))
    document = hours.model_dump(mode="json")
    session.add(HoursRow(version=number + 1, document=document, actor=actor, at=now, note=note[:200]))
    session.execute(update(TicketRow).where(TicketRow.shelf != Shelf.RESOLVED).values(due_at=None))
    session.flush()
    return number + 1
