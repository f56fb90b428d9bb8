"""Single sign-on and accounts: who is on the way to the provider, and whose account they get when they come back."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.conversation.store import token_hash
from bot.database import one_at_a_time
from bot.desk import accounts, sessions, store
from bot.desk.provider import Identity, Way
from bot.desk.sessions import Rules
from bot.desk.store import ProviderVisitRow, StaffRow
from bot.errors import NotAllowed
from bot.roles import Role
from bot.translation import later

BACK_WITHIN = timedelta(minutes=10)

NOT_BEGUN = later("this sign-in was not begun in this browser, or too long ago: begin again")
NO_ACCOUNT = later("you have no account here: ask an admin")
NO_ROLE = later("the sign-in service names no role for you: ask an admin")


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who has come back.

    Attributes:
        nonce: what the provider's token must hold.
        verifier: what the provider asks for with the code.
        then: the page to go on to; empty for the first of their role.
        attempt: the counted try, to be forgiven when it succeeds.
    """

    nonce: str
    verifier: str
    then: str
    attempt: int


def remember(session: Session, way: Way, *, browser: str, attempt: int, then: str, now: datetime) -> None:
    """Note that somebody goes to the provider.

    Args:
        session: a session that writes.
        way: with what must come back.
        browser: the secret of the cookie that binds the answer to this browser.
        attempt: the counted try.
        then: the page to go on to.
        now: the present instant.
    """
    row = ProviderVisitRow(
        state_sha256=token_hash(way.state), browser_sha256=token_hash(browser), nonce=way.nonce, verifier=way.verifier,
        then=then, attempt=attempt, expires_at=now + BACK_WITHIN,
    )  # fmt: skip
    session.add(row)


def take_back(session: Session, state: str, *, browser: str, now: datetime) -> Visit:
    """What was noted of somebody who comes back; it works once.

    Raises:
        NotAllowed: nobody with this state and in this browser is on the way.
    """
    row = session.get(ProviderVisitRow, token_hash(state), with_for_update=True)
    if row is None or row.expires_at <= now or not hmac.compare_digest(row.browser_sha256, token_hash(browser)):
        raise NotAllowed(NOT_BEGUN)
    session.delete(row)
    return Visit(nonce=row.nonce, verifier=row.verifier, then=row.then, attempt=row.attempt)


def sign_in(
    session: Session,
    identity: Identity,
    *,
    roles_given: bool,
    provisions: bool,
    device: str,
    now: datetime,
    rules: Rules,
) -> str:
    """Open a session for somebody whom the provider knows.

    Args:
        session: a session that writes.
        identity: who it is.
        roles_given: the provider's role becomes the account's.
        provisions: without an account they get one, in the provider's role.
        device: the browser, in words.
        now: the present instant.
        rules: how long it lasts.

    Returns:
        The token for the browser's cookie.

    Raises:
        NotAllowed: no account is theirs, it is disabled, or the provider names no role.
    """
    if roles_given and identity.role is None:
        raise NotAllowed(NO_ROLE)
    one_at_a_time(session, StaffRow.__tablename__)
    row = _account(session, identity, provisions=provisions, now=now)
    if row.disabled_at is not None:
        raise NotAllowed(NO_ACCOUNT)
    if roles_given and identity.role and row.role != identity.role:
        _follow(session, row, identity.role, now=now)
    row.signed_in_at = now
    store.note(session, actor=row.name, action="staff.signed_in_by_provider", subject=row.name, now=now)
    return sessions.open_session(session, row, device=device, now=now, lasts=rules.lasts, by_provider=True)


def _account(session: Session, identity: Identity, *, provisions: bool, now: datetime) -> StaffRow:
    subject = token_hash(identity.subject)
    row = session.scalars(
        select(StaffRow).where(StaffRow.subject_sha256 == subject).with_for_update()
    ).first() or _to_link(session, identity, subject, now=now)
    if row is None:
        if not provisions or identity.role is None:
            raise NotAllowed(NO_ACCOUNT)
        row = _provision(session, identity, identity.role, subject, now=now)
    return row


def _to_link(session: Session, identity: Identity, subject: str, *, now: datetime) -> StaffRow | None:
    """The account of this name, if an admin lets it be linked; a name alone proves nothing at many providers.

    Raises:
        NotAllowed: the name is taken by an account that may not be linked.
    """
    taken = {row.name.casefold(): row for row in session.scalars(select(StaffRow))}
    row = taken.get(identity.name.casefold())
    if row is None:
        return None
    if not row.may_link:
        raise NotAllowed(NO_ACCOUNT)
    row.may_link, row.subject_sha256 = False, subject
    store.note(session, actor=row.name, action="staff.linked", subject=row.name, now=now)
    return row


def _provision(session: Session, identity: Identity, role: Role, subject: str, *, now: datetime) -> StaffRow:
    name = accounts.checked_name(identity.name)
    row = StaffRow(
        id=uuid4().hex, name=name, role=role, password_hash="", failures=0, subject_sha256=subject
    )  # fmt: skip
    session.add(row)
    session.flush()
    store.note(session, actor="sign-in service", action=f"staff.added_{role}", subject=name, now=now)
    return row


def _follow(session: Session, row: StaffRow, role: Role, *, now: datetime) -> None:
    """Give an account the role that the provider names.

    Raises:
        NotAllowed: it is the last admin's.
    """
    if role is not Role.ADMIN:
        accounts.keep_an_admin(session, row)
    row.role = role
    store.note(session, actor="sign-in service", action=f"staff.now_{role}", subject=row.name, now=now)
