"""Staff accounts, their sessions, and the append-only audit of what they saw and changed."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import ForeignKey, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.chain import broken, link
from bot.conversation.store import token_hash
from bot.database import Base, Instant, one_at_a_time
from bot.errors import Conflict, Unauthorized
from bot.roles import Role

SESSION_LASTS = timedelta(hours=10)
"""A working day; after it staff sign in again."""

FAILURES_BEFORE_LOCK, LOCKED_FOR = 5, timedelta(minutes=15)

_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody")  # verified for unknown names, so that they take as long as known ones


class StaffRow(Base):
    """A member of staff."""

    __tablename__ = "staff"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str] = mapped_column(String(200))
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(Instant)


class StaffSessionRow(Base):
    """A signed-in browser; of its cookie only the hash is stored."""

    __tablename__ = "staff_sessions"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    csrf: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(Instant)


class AuditRow(Base):
    """Who saw or changed what, and when. Append-only; no patient's words."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(100))
    chain: Mapped[str] = mapped_column(String(64), default="")


@dataclass(frozen=True, slots=True)
class Staff:
    """Who is signed in, with the token that their forms must carry."""

    name: str
    role: Role
    csrf: str


def add_staff(session: Session, *, name: str, role: Role, password: str) -> None:
    """Make an account.

    Raises:
        Conflict: the name is taken.
    """
    if session.scalar(select(func.count()).where(StaffRow.name == name)):
        raise Conflict(f"there is an account {name} already")
    session.add(
        StaffRow(
            id=uuid4().hex, name=name, role=role, password_hash=_hasher.hash(password), failures=0, locked_until=None
        )
    )


def set_password(session: Session, *, name: str, role: Role, password: str) -> None:
    """Make an account, or give an existing one a new password, a role, and no open session."""
    row = session.scalars(select(StaffRow).where(StaffRow.name == name)).first()
    if row is None:
        add_staff(session, name=name, role=role, password=password)
        return
    row.role, row.password_hash, row.failures, row.locked_until = role, _hasher.hash(password), 0, None
    session.execute(delete(StaffSessionRow).where(StaffSessionRow.staff_id == row.id))


def password_hash(session: Session, name: str) -> str:
    """What a password for this name is checked against; for an unknown name something that nothing matches."""
    return session.scalar(select(StaffRow.password_hash).where(StaffRow.name == name)) or _NOBODY


def matches(stored: str, password: str) -> bool:
    """Whether a password is the one of a stored hash.

    It takes a tenth of a second on purpose, so never inside a transaction: patients' messages wait for the writer.
    """
    try:
        return _hasher.verify(stored, password)
    except VerifyMismatchError:
        return False


def sign_in(session: Session, *, name: str, correct: bool, now: datetime) -> str | None:
    """Open a session, or count a failure.

    Args:
        session: a session that writes: failures are counted.
        name: of the account.
        correct: what `matches` said of the password.
        now: the present instant.

    Returns:
        The token for the browser's cookie; None if name or password is wrong, or the account is locked.
    """
    row = session.scalars(select(StaffRow).where(StaffRow.name == name).with_for_update()).first()
    if row is None or (row.locked_until is not None and row.locked_until > now):
        return None
    if not correct:
        row.failures += 1
        if row.failures >= FAILURES_BEFORE_LOCK:
            row.failures, row.locked_until = 0, now + LOCKED_FOR
        return None
    row.failures, row.locked_until = 0, None
    token = secrets.token_urlsafe(32)
    session.add(
        StaffSessionRow(
            token_sha256=token_hash(token),
            staff_id=row.id,
            csrf=secrets.token_urlsafe(32),
            expires_at=now + SESSION_LASTS,
        )
    )
    return token


def signed_in(session: Session, token: str, *, now: datetime) -> Staff:
    """Whose session a cookie is.

    Raises:
        Unauthorized: nobody's, or it has expired.
    """
    found = session.get(StaffSessionRow, token_hash(token))
    if found is None or found.expires_at <= now:
        raise Unauthorized("please sign in")
    row = session.get_one(StaffRow, found.staff_id)
    return Staff(name=row.name, role=Role(row.role), csrf=found.csrf)


def sign_out(session: Session, token: str) -> None:
    """End a session."""
    session.execute(delete(StaffSessionRow).where(StaffSessionRow.token_sha256 == token_hash(token)))


def note(session: Session, *, actor: str, action: str, subject: str, now: datetime) -> None:
    """Write a line of the audit, linked to the line before."""
    one_at_a_time(session, AuditRow.__tablename__)
    before = session.scalar(select(AuditRow.chain).order_by(AuditRow.id.desc()).limit(1))
    line = {"at": now.isoformat(), "actor": actor, "action": action, "subject": subject}
    chain = link(before or AuditRow.__tablename__, line)
    session.add(AuditRow(at=now, actor=actor, action=action, subject=subject, chain=chain))
    session.flush()


def broken_audit(session: Session) -> list[int]:
    """Ids of the audit's lines that were changed after they were written."""
    rows = session.scalars(select(AuditRow).order_by(AuditRow.id)).all()
    lines = (
        (row.chain, {"at": row.at.isoformat(), "actor": row.actor, "action": row.action, "subject": row.subject})
        for row in rows
    )
    return [rows[place].id for place in broken(AuditRow.__tablename__, lines)]
