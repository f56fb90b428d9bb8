"""What people change of their own account, one function each, with the audit line in the same transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.desk import second, sessions, store
from bot.desk.accounts import forget_second, row_of
from bot.desk.store import RecoveryCodeRow, Staff, StaffRow, StaffSessionRow
from bot.errors import Conflict
from bot.translation import gettext as _


def change_password(session: Session, staff: Staff, password_hash: str, *, now: datetime) -> None:
    """Give oneself a new password; all other sessions end."""
    row = row_of(session, staff.id)
    row.password_hash, row.must_change, row.failures = password_hash, False, 0
    sessions.end_all(session, row.id, but=staff.session_id)
    store.note(session, actor=staff.name, action="staff.password_changed", subject=staff.name, now=now)


def count_wrong_password(session: Session, staff: Staff, *, now: datetime) -> None:
    """Count a wrong password of somebody signed in; if the account is locked by it, all its sessions end."""
    if sessions.failed(session, row_of(session, staff.id), now=now):
        sessions.end_all(session, staff.id)


def begin_second(session: Session, staff: Staff) -> str:
    """A secret for an authenticator app; it counts for nothing before `confirm_second`.

    Raises:
        Conflict: there is a second factor already.
    """
    row = row_of(session, staff.id)
    if row.totp_secret:
        raise Conflict(_("you have a second factor already: remove it first"))
    row.totp_pending = second.new_secret()
    return row.totp_pending


def confirm_second(session: Session, staff: Staff, code: str, *, now: datetime) -> list[str] | None:
    """Set the second factor up, if the app gives the right code; all other sessions end.

    Returns:
        The recovery codes, which are never shown again; None if the code is wrong.

    Raises:
        Conflict: nobody has begun, or there is a second factor already.
    """
    row = row_of(session, staff.id)
    if not row.totp_pending or row.totp_secret:
        raise Conflict(_("begin with the second factor anew"))
    if not sessions.use_code(session, row, code, now=now, secret=row.totp_pending):
        return None
    row.totp_secret, row.totp_pending = row.totp_pending, ""
    session.execute(
        update(StaffSessionRow).where(StaffSessionRow.public_id == staff.session_id).values(code_given=True)
    )
    sessions.end_all(session, row.id, but=staff.session_id)
    codes = second.new_recovery_codes()
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.staff_id == row.id))
    session.add_all(RecoveryCodeRow(staff_id=row.id, code_sha256=second.recovery_hash(code)) for code in codes)
    store.note(session, actor=staff.name, action="staff.second_factor_set_up", subject=staff.name, now=now)
    return codes


def remove_second(session: Session, staff: Staff, *, now: datetime) -> None:
    """Take one's own second factor away."""
    forget_second(session, row_of(session, staff.id))
    store.note(session, actor=staff.name, action="staff.second_factor_removed", subject=staff.name, now=now)


@dataclass(frozen=True, slots=True)
class Own:
    """What somebody's account page says of their account.

    Attributes:
        has_password: false if they sign in by the provider only.
        has_second: whether a second factor is set up.
        codes_left: recovery codes that they have not used.
    """

    has_password: bool
    has_second: bool
    codes_left: int


def look(session: Session, staff_id: str) -> Own:
    """One's own account."""
    row = session.get_one(StaffRow, staff_id)
    mine = select(func.count()).select_from(RecoveryCodeRow).where(RecoveryCodeRow.staff_id == staff_id)
    return Own(bool(row.password_hash), bool(row.totp_secret), session.scalar(mine) or 0)
