"""What admins change, one function each: who may, is it possible, change, and the audit line, in one transaction."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bot.database import one_at_a_time
from bot.desk import sessions, store
from bot.desk.store import RecoveryCodeRow, StaffRow, StaffSessionRow
from bot.errors import Conflict, NotAllowed, NotFound
from bot.roles import Role
from bot.translation import gettext as _
from bot.translation import later

LONGEST_NAME = 100

LAST_ADMIN = later("somebody must be left to look after the accounts: this is the last admin")


@dataclass(frozen=True, slots=True)
class By:
    """Who changes an account.

    Attributes:
        name: as it stands in the audit.
        role: what they may.
    """

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Account:
    """An account as admins see it; nothing in it is secret."""

    id: str
    name: str
    role: Role
    disabled_at: datetime | None
    locked_until: datetime | None
    signed_in_at: datetime | None
    has_password: bool
    must_change: bool
    has_second: bool
    may_link: bool
    linked: bool
    sessions: int


def list_accounts(session: Session, *, now: datetime) -> list[Account]:
    """All accounts, by name."""
    counted = session.execute(
        select(StaffSessionRow.staff_id, func.count())
        .where(StaffSessionRow.expires_at > now)
        .group_by(StaffSessionRow.staff_id)
    )
    counts = {staff_id: count for staff_id, count in counted}
    rows = session.scalars(select(StaffRow).order_by(StaffRow.name))
    return [_shown(row, sessions=counts.get(row.id, 0)) for row in rows]


def find(session: Session, staff_id: str) -> Account:
    """One account.

    Raises:
        NotFound: there is none.
    """
    row = row_of(session, staff_id)
    count = select(func.count()).select_from(StaffSessionRow).where(StaffSessionRow.staff_id == staff_id)
    return _shown(row, sessions=session.scalar(count) or 0)


def id_of(session: Session, name: str) -> str:
    """The id of the account of this name.

    Raises:
        NotFound: there is none.
    """
    found = session.scalar(select(StaffRow.id).where(StaffRow.name == name))
    if found is None:
        raise NotFound(_("there is no account {name}").format(name=name))
    return found


def add(session: Session, *, by: By, name: str, role: Role, password_hash: str, now: datetime) -> str:
    """Make an account with a one-time password.

    Args:
        session: a session that writes.
        by: an admin.
        name: of the new account; how it is written does not make it another.
        role: of the new account.
        password_hash: of the one-time password; empty for somebody who signs in by the provider only.
        now: the present instant.

    Returns:
        The account's id.

    Raises:
        NotAllowed: no admin asks.
        Conflict: the name is taken, or is none.
    """
    _admins_only(by)
    name = checked_name(name)
    one_at_a_time(session, StaffRow.__tablename__)
    if name.casefold() in {taken.casefold() for taken in session.scalars(select(StaffRow.name))}:
        raise Conflict(_("there is an account {name} already").format(name=name))
    row = StaffRow(
        id=uuid4().hex, name=name, role=role, password_hash=password_hash, failures=0,
        must_change=bool(password_hash), may_link=not password_hash,
    )  # fmt: skip
    session.add(row)
    session.flush()
    store.note(session, actor=by.name, action=f"staff.added_{role}", subject=name, now=now)
    return row.id


def checked_name(name: str) -> str:
    """A name without blanks around it.

    Raises:
        Conflict: it is empty, too long, or holds what cannot be seen.
    """
    name = unicodedata.normalize("NFC", name).strip()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise Conflict(
            _("a name has 1 to {longest_name} characters that can be printed").format(longest_name=LONGEST_NAME)
        )
    return name


def change_role(session: Session, staff_id: str, role: Role, *, by: By, now: datetime) -> None:
    """Give somebody another role; it holds from their next page on.

    Raises:
        NotAllowed: no admin asks, or it is the last admin's.
        NotFound: there is no such account.
    """
    row = _to_change(session, staff_id, by=by)
    if row.role == role:
        return
    if role is not Role.ADMIN:
        keep_an_admin(session, row)
    row.role = role
    store.note(session, actor=by.name, action=f"staff.now_{role}", subject=row.name, now=now)


def disable(session: Session, staff_id: str, *, by: By, now: datetime) -> None:
    """Let somebody in no longer, and end their sessions. The account stays, since the audit names it.

    Raises:
        NotAllowed: no admin asks, or it is the last admin.
        NotFound: there is no such account.
    """
    row = _to_change(session, staff_id, by=by)
    if row.disabled_at is not None:
        return
    keep_an_admin(session, row)
    row.disabled_at = now
    sessions.end_all(session, row.id)
    store.note(session, actor=by.name, action="staff.disabled", subject=row.name, now=now)


def enable(session: Session, staff_id: str, *, by: By, now: datetime) -> None:
    """Let somebody in again, also if the account is locked.

    Raises:
        NotAllowed: no admin asks.
        NotFound: there is no such account.
    """
    row = _to_change(session, staff_id, by=by)
    if row.disabled_at is None and row.locked_until is None:
        return
    row.disabled_at, row.failures, row.locked_until = None, 0, None
    store.note(session, actor=by.name, action="staff.enabled", subject=row.name, now=now)


def reset_password(session: Session, staff_id: str, password_hash: str, *, by: By, now: datetime) -> None:
    """Give an account a one-time password, and end its sessions.

    Raises:
        NotAllowed: no admin asks.
        NotFound: there is no such account.
    """
    row = _to_change(session, staff_id, by=by)
    row.password_hash, row.must_change, row.failures, row.locked_until = password_hash, True, 0, None
    sessions.end_all(session, row.id)
    store.note(session, actor=by.name, action="staff.password_reset", subject=row.name, now=now)


def reset_second(session: Session, staff_id: str, *, by: By, now: datetime) -> None:
    """Take the second factor from somebody who has lost theirs, and end their sessions.

    Raises:
        NotAllowed: no admin asks.
        NotFound: there is no such account.
    """
    row = _to_change(session, staff_id, by=by)
    forget_second(session, row)
    sessions.end_all(session, row.id)
    store.note(session, actor=by.name, action="staff.second_factor_reset", subject=row.name, now=now)


def allow_linking(session: Session, staff_id: str, *, by: By, now: datetime) -> None:
    """Let whoever the provider calls by this account's name have it, once.

    Raises:
        NotAllowed: no admin asks.
        NotFound: there is no such account.
    """
    row = _to_change(session, staff_id, by=by)
    row.may_link, row.subject_sha256 = True, None
    store.note(session, actor=by.name, action="staff.may_link", subject=row.name, now=now)


def keep_an_admin(session: Session, row: StaffRow) -> None:
    """Refuse what would take the last admin away.

    Raises:
        NotAllowed: there is no other.
    """
    one_at_a_time(session, StaffRow.__tablename__)
    others = select(func.count()).where(
        StaffRow.role == Role.ADMIN, StaffRow.disabled_at.is_(None), StaffRow.id != row.id
    )
    if row.role == Role.ADMIN and row.disabled_at is None and not session.scalar(others):
        raise NotAllowed(LAST_ADMIN)


def _admins_only(by: By) -> None:
    if by.role is not Role.ADMIN:
        raise NotAllowed(_("accounts are looked after by admins"))


def _to_change(session: Session, staff_id: str, *, by: By) -> StaffRow:
    _admins_only(by)
    return row_of(session, staff_id)


def row_of(session: Session, staff_id: str) -> StaffRow:
    """An account's row, held until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    row = session.get(StaffRow, staff_id, with_for_update=True)
    if row is None:
        raise NotFound(_("there is no such account"))
    return row


def forget_second(session: Session, row: StaffRow) -> None:
    """Take the second factor and its recovery codes out of an account."""
    row.totp_secret = row.totp_pending = ""
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.staff_id == row.id))


def _shown(row: StaffRow, *, sessions: int) -> Account:
    return Account(
        id=row.id, name=row.name, role=Role(row.role), disabled_at=row.disabled_at, locked_until=row.locked_until,
        signed_in_at=row.signed_in_at, has_password=bool(row.password_hash), must_change=row.must_change,
        has_second=bool(row.totp_secret), may_link=row.may_link, linked=row.subject_sha256 is not None,
        sessions=sessions,
    )  # fmt: skip
