"""Signing in: sessions with their limits, wrong tries of an account, and what is still missing."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from bot.conversation.store import token_hash
from bot.desk import attempts, second, store
from bot.desk.store import (
    FAILURES_BEFORE_LOCK,
    LOCKED_FOR,
    ProviderVisitRow,
    RecoveryCodeRow,
    Staff,
    StaffRow,
    StaffSessionRow,
    Step,
)
from bot.errors import NotFound, Unauthorized
from bot.roles import Role
from bot.translation import gettext as _

CODE_WITHIN = timedelta(minutes=10)
"""How long somebody who has given the password may take to give the code."""

SEEN_EVERY = timedelta(minutes=1)
"""Not every page that is looked at is worth a write."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator chose.

    Attributes:
        lasts: how long a session may last at most.
        idle: after how long without anybody at the desk it ends.
        second_for: roles that need a second factor.
    """

    lasts: timedelta
    idle: timedelta
    second_for: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Shown:
    """One of somebody's sessions, as their account page shows it."""

    id: str
    device: str
    by_provider: bool
    opened_at: datetime
    seen_at: datetime


def sign_in(session: Session, *, name: str, correct: bool, device: str, now: datetime, rules: Rules) -> str | None:
    """Open a session, or count a failure.

    Args:
        session: a session that writes: failures are counted.
        name: of the account.
        correct: what `store.matches` said of the password.
        device: the browser, in words.
        now: the present instant.
        rules: how long it lasts.

    Returns:
        The token for the browser's cookie; None if name or password is wrong, or the account is locked or disabled.
        With a second factor the session sees nothing before `give_code`.
    """
    row = session.scalars(select(StaffRow).where(StaffRow.name == name).with_for_update()).first()
    if row is None or row.disabled_at is not None or locked(row, now=now):
        return None
    if not correct:
        failed(session, row, now=now)
        return None
    if row.totp_secret:
        return open_session(session, row, device=device, now=now, lasts=CODE_WITHIN)
    return _arrive(session, row, device=device, now=now, lasts=rules.lasts)


def give_code(session: Session, token: str, code: str, *, now: datetime, rules: Rules) -> str | None:
    """Finish a sign-in with a code of the second factor, or with a recovery code; each works once.

    Returns:
        The token of a new session, which takes the old one's place; None if the code is wrong, was used before, or
        the account is locked: then the half session has ended.

    Raises:
        Unauthorized: there is no such session.
    """
    found, row = _rows(session, token, now=now, changing=True)
    if locked(row, now=now):
        session.delete(found)
        return None
    if not use_code(session, row, code, now=now) and not _use_recovery_code(session, row, code, now=now):
        if failed(session, row, now=now):
            session.delete(found)
        return None
    session.delete(found)
    return _arrive(session, row, device=found.device, now=now, lasts=rules.lasts, code_given=True)


def use_code(session: Session, row: StaffRow, code: str, *, now: datetime, secret: str = "") -> bool:
    """Whether a code of the second factor is right; it, and all before it, are used up then.

    Args:
        session: a session that writes, and holds the account's row.
        row: the account.
        code: as typed.
        now: the present instant.
        secret: another one than the account's, when it is being set up.
    """
    step = second.step_of(secret or row.totp_secret, code, now=now)
    if step is None or step <= row.totp_step:
        return False
    row.totp_step = step
    session.flush()
    return True


def _use_recovery_code(session: Session, row: StaffRow, code: str, *, now: datetime) -> bool:
    found = session.get(RecoveryCodeRow, (row.id, second.recovery_hash(code)))
    if found is None:
        return False
    session.delete(found)
    store.note(session, actor=row.name, action="staff.recovery_code_used", subject=row.name, now=now)
    return True


def locked(row: StaffRow, *, now: datetime) -> bool:
    """Whether an account is locked just now."""
    return row.locked_until is not None and row.locked_until > now


def failed(session: Session, row: StaffRow, *, now: datetime) -> bool:
    """Count a wrong password or code; True if the account is locked now."""
    row.failures += 1
    full = row.failures >= FAILURES_BEFORE_LOCK
    if full:
        row.failures, row.locked_until = 0, now + LOCKED_FOR
    action = "staff.locked" if full else "staff.sign_in_failed"
    store.note(session, actor=row.name, action=action, subject=row.name, now=now)
    return full


def _arrive(
    session: Session, row: StaffRow, *, device: str, now: datetime, lasts: timedelta, code_given: bool = False
) -> str:
    row.failures, row.locked_until, row.signed_in_at = 0, None, now
    store.note(session, actor=row.name, action="staff.signed_in", subject=row.name, now=now)
    return open_session(session, row, device=device, now=now, lasts=lasts, code_given=code_given)


def open_session(
    session: Session,
    row: StaffRow,
    *,
    device: str,
    now: datetime,
    lasts: timedelta,
    code_given: bool = False,
    by_provider: bool = False,
) -> str:
    """Open a session of an account, and delete those that have expired; the token for the cookie."""
    clean(session, now=now)
    token = secrets.token_urlsafe(32)
    made = StaffSessionRow(
        token_sha256=token_hash(token), public_id=uuid4().hex, staff_id=row.id, csrf=secrets.token_urlsafe(32),
        device=device[:60], by_provider=by_provider, code_given=code_given, opened_at=now, seen_at=now,
        expires_at=now + lasts,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return token


def find(session: Session, token: str, *, now: datetime, rules: Rules) -> tuple[Staff, datetime]:
    """Whose session a cookie is, with when they were seen last.

    Raises:
        Unauthorized: nobody's; or it has expired, by age or because nobody was there; or the account is disabled.
    """
    found, row = _rows(session, token, now=now)
    if row.disabled_at is not None or found.seen_at + rules.idle <= now:
        raise Unauthorized(_("please sign in"))
    staff = Staff(
        name=row.name, role=Role(row.role), csrf=found.csrf, id=row.id, session_id=found.public_id,
        step=_step(row, found, second_for=rules.second_for),
    )  # fmt: skip
    return staff, found.seen_at


def _rows(session: Session, token: str, *, now: datetime, changing: bool = False) -> tuple[StaffSessionRow, StaffRow]:
    found = session.get(StaffSessionRow, token_hash(token))
    if found is None or found.expires_at <= now:
        raise Unauthorized(_("please sign in"))
    return found, session.get_one(StaffRow, found.staff_id, with_for_update=changing)


def _step(row: StaffRow, found: StaffSessionRow, *, second_for: frozenset[Role]) -> Step:
    """What is still missing; who signs in by the provider has done there what the provider asks."""
    if found.by_provider:
        return Step.DONE
    if row.totp_secret and not found.code_given:
        return Step.CODE
    if row.must_change:
        return Step.PASSWORD
    return Step.SECOND if Role(row.role) in second_for and not row.totp_secret else Step.DONE


def seen(session: Session, staff: Staff, *, now: datetime) -> None:
    """Remember that somebody was at the desk."""
    found = session.scalars(select(StaffSessionRow).where(StaffSessionRow.public_id == staff.session_id)).first()
    if found is not None:
        found.seen_at = now


def list_open(session: Session, staff_id: str, *, now: datetime, rules: Rules) -> list[Shown]:
    """Somebody's sessions, the last used first."""
    rows = session.scalars(
        select(StaffSessionRow)
        .where(StaffSessionRow.staff_id == staff_id, StaffSessionRow.expires_at > now)
        .where(StaffSessionRow.seen_at > now - rules.idle)
        .order_by(StaffSessionRow.seen_at.desc())
    )
    return [Shown(one.public_id, one.device, one.by_provider, one.opened_at, one.seen_at) for one in rows]


def sign_out(session: Session, token: str) -> None:
    """End the session of a cookie, if there is one."""
    session.execute(delete(StaffSessionRow).where(StaffSessionRow.token_sha256 == token_hash(token)))


def renew(session: Session, token: str) -> str:
    """Give a session another token: whoever knows the old one has nothing."""
    fresh = secrets.token_urlsafe(32)
    old = StaffSessionRow.token_sha256 == token_hash(token)
    session.execute(update(StaffSessionRow).where(old).values(token_sha256=token_hash(fresh)))
    session.expire_all()
    return fresh


def end(session: Session, staff: Staff, public_id: str, *, now: datetime) -> None:
    """End one of one's own sessions.

    Raises:
        NotFound: it is none of theirs, or has ended.
    """
    mine = (StaffSessionRow.staff_id == staff.id, StaffSessionRow.public_id == public_id)
    found = session.scalars(select(StaffSessionRow).where(*mine)).first()
    if found is None:
        raise NotFound(_("that session has ended already"))
    session.delete(found)
    store.note(session, actor=staff.name, action="staff.session_ended", subject=staff.name, now=now)


def end_all(session: Session, staff_id: str, *, but: str = "") -> None:
    """End all sessions of an account, except one."""
    session.execute(
        delete(StaffSessionRow).where(StaffSessionRow.staff_id == staff_id, StaffSessionRow.public_id != but)
    )


def clean(session: Session, *, now: datetime, idle: timedelta | None = None) -> None:
    """Delete what has expired."""
    old = [StaffSessionRow.expires_at <= now] + ([StaffSessionRow.seen_at <= now - idle] if idle else [])
    session.execute(delete(StaffSessionRow).where(or_(*old)))
    session.execute(delete(ProviderVisitRow).where(ProviderVisitRow.expires_at <= now))
    attempts.clean(session, now=now)
