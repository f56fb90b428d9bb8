"""Staff accounts, their tables, and the append-only audit of what they saw and changed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import ForeignKey, String, delete, false, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.chain import broken, link
from bot.database import Base, Instant, one_at_a_time
from bot.errors import Conflict
from bot.roles import Role
from bot.translation import gettext as _

FAILURES_BEFORE_LOCK, LOCKED_FOR = 5, timedelta(minutes=15)
"""Wrong passwords or codes in a row after which an account is locked, and for how long."""

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
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    signed_in_at: Mapped[datetime | None] = mapped_column(Instant)
    must_change: Mapped[bool] = mapped_column(default=False, server_default=false())
    totp_secret: Mapped[str] = mapped_column(String(64), default="", server_default="")
    totp_pending: Mapped[str] = mapped_column(String(64), default="", server_default="")
    totp_step: Mapped[int] = mapped_column(default=0, server_default="0")
    may_link: Mapped[bool] = mapped_column(default=False, server_default=false())
    subject_sha256: Mapped[str | None] = mapped_column(String(64), unique=True, index=True)


class StaffSessionRow(Base):
    """A signed-in browser; of its cookie only the hash is stored."""

    __tablename__ = "staff_sessions"
    token_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    device: Mapped[str] = mapped_column(String(60))
    by_provider: Mapped[bool]
    code_given: Mapped[bool]
    opened_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class RecoveryCodeRow(Base):
    """A code that stands in once for a lost telephone; only its hash is stored."""

    __tablename__ = "staff_recovery_codes"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True)
    code_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)


class AttemptRow(Base):
    """A sign-in that an address has tried and that has not succeeded; kept as long as it counts."""

    __tablename__ = "sign_in_attempts"
    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[datetime] = mapped_column(Instant)


class ProviderVisitRow(Base):
    """Somebody who has been sent to the sign-in provider and has not come back."""

    __tablename__ = "provider_visits"
    state_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_sha256: Mapped[str] = mapped_column(String(64))
    nonce: Mapped[str] = mapped_column(String(64))
    verifier: Mapped[str] = mapped_column(String(128))
    then: Mapped[str] = mapped_column(String(1000))
    attempt: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(Instant)


class AuditRow(Base):
    """Who saw or changed what, and when. Append-only; no patient's words."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    actor: Mapped[str] = mapped_column(String(100), index=True)
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(100), index=True)
    chain: Mapped[str] = mapped_column(String(64), default="")


class Step(StrEnum):
    """What is still missing before somebody sees a page."""

    CODE = "code"
    PASSWORD = "password"  # noqa: S105 - the name of a step
    SECOND = "second"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Staff:
    """Who is signed in, with the token that their forms must carry."""

    name: str
    role: Role
    csrf: str
    id: str = ""
    session_id: str = ""
    step: Step = Step.DONE


def add_staff(session: Session, *, name: str, role: Role, password: str) -> None:
    """Make an account with a password that its owner keeps.

    Raises:
        Conflict: the name is taken.
    """
    if session.scalar(select(func.count()).where(StaffRow.name == name)):
        raise Conflict(_("there is an account {name} already").format(name=name))
    session.add(StaffRow(id=uuid4().hex, name=name, role=role, password_hash=hash_password(password), failures=0))


def names(session: Session, roles: Collection[Role]) -> list[str]:
    """Who has one of these roles."""
    return list(session.scalars(select(StaffRow.name).where(StaffRow.role.in_(roles)).order_by(StaffRow.name)))


def set_password(session: Session, *, name: str, role: Role, password: str) -> None:
    """Make an account, or give an existing one a new password, a role, and no open session. For demonstrations."""
    row = session.scalars(select(StaffRow).where(StaffRow.name == name)).first()
    if row is None:
        add_staff(session, name=name, role=role, password=password)
        return
    row.role, row.password_hash, row.failures, row.locked_until = role, hash_password(password), 0, None
    row.disabled_at, row.must_change, row.totp_secret = None, False, ""
    session.execute(delete(StaffSessionRow).where(StaffSessionRow.staff_id == row.id))


def hash_password(password: str) -> str:
    """What is stored of a password: Argon2id, with argon2-cffi's parameters (RFC 9106, low memory).

    It takes a tenth of a second on purpose, so never inside a transaction of the web process.
    """
    return _hasher.hash(password)


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


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the audit."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines of the audit; what is empty does not matter.

    Attributes:
        actor: who did it.
        action: what was done, or how that begins.
        subject: to whom or what.
        since: the first instant.
        until: the instant after the last.
    """

    actor: str = ""
    action: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


def audit_lines(session: Session, wanted: Wanted, *, before: int | None = None, most: int) -> list[Line]:
    """Lines of the audit, the newest first.

    Args:
        session: a session that reads.
        wanted: which.
        before: only lines with a lower id: the next page.
        most: at most so many.
    """
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(most)
    if before is not None:
        query = query.where(AuditRow.id < before)
    if wanted.actor:
        query = query.where(AuditRow.actor == wanted.actor)
    if wanted.action:
        query = query.where(AuditRow.action.startswith(wanted.action, autoescape=True))
    if wanted.subject:
        query = query.where(AuditRow.subject == wanted.subject)
    if wanted.since:
        query = query.where(AuditRow.at >= wanted.since)
    if wanted.until:
        query = query.where(AuditRow.at < wanted.until)
    return [Line(row.id, row.at, row.actor, row.action, row.subject) for row in session.scalars(query)]
