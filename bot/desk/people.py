"""The accounts of all staff, as admins look after them."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from bot.database import SESSION
from bot.desk import accounts, passwords, store
from bot.desk.accounts import By
from bot.desk.auth import OWN_FORM, OnStaff, Text
from bot.desk.screen import Screen, desk_of, sentence, show
from bot.desk.store import Staff
from bot.errors import Conflict, NotAllowed
from bot.roles import Role

PEOPLE = "/desk/staff"

router = APIRouter(route_class=Screen, include_in_schema=False)
StaffId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class Change(StrEnum):
    """What an admin may do with an account, beside its role and its password."""

    DISABLE = "disable"
    ENABLE = "enable"
    RESET_SECOND = "reset-second"
    LINK = "link"


CHANGES = {
    Change.DISABLE: accounts.disable,
    Change.ENABLE: accounts.enable,
    Change.RESET_SECOND: accounts.reset_second,
    Change.LINK: accounts.allow_linking,
}


@router.get(PEOPLE)
def people(request: Request, staff: OnStaff) -> Response:
    """All accounts, and the form for another."""
    return _list(request, staff)


@router.post(PEOPLE, dependencies=OWN_FORM)
def add(
    request: Request,
    staff: OnStaff,
    role: Annotated[Role, Form()],
    name: Text = "",
    by_provider: Annotated[bool, Form()] = False,
) -> Response:
    """Make an account; its one-time password is shown, this once."""
    password = "" if by_provider else passwords.one_time()
    hashed = store.hash_password(password) if password else ""
    now = datetime.now(UTC)
    try:
        with desk_of(request).database.writing() as session:
            staff_id = accounts.add(session, by=_by(staff), name=name, role=role, password_hash=hashed, now=now)
            account = accounts.find(session, staff_id)
    except Conflict as error:
        return _list(request, staff, status=409, error=sentence(str(error)), typed=name, chosen=role)
    if by_provider:
        return RedirectResponse(f"{PEOPLE}/{staff_id}", 303)
    return show("one_time.html", staff=staff, account=account, password=password)


@router.get(PEOPLE + "/{staff_id}")
def person(request: Request, staff_id: StaffId, staff: OnStaff) -> Response:
    """One account."""
    return _page(request, staff_id, staff)


@router.post(PEOPLE + "/{staff_id}/role", dependencies=OWN_FORM)
def change_role(request: Request, staff_id: StaffId, staff: OnStaff, role: Annotated[Role, Form()]) -> Response:
    """Give somebody another role."""

    def change(session: SESSION) -> None:
        accounts.change_role(session, staff_id, role, by=_by(staff), now=datetime.now(UTC))

    return _changed(request, staff_id, staff, change)


@router.post(PEOPLE + "/{staff_id}/password", dependencies=OWN_FORM)
def reset_password(request: Request, staff_id: StaffId, staff: OnStaff) -> Response:
    """Give somebody a one-time password; it is shown, this once."""
    password = passwords.one_time()
    hashed = store.hash_password(password)
    with desk_of(request).database.writing() as session:
        accounts.reset_password(session, staff_id, hashed, by=_by(staff), now=datetime.now(UTC))
        account = accounts.find(session, staff_id)
    return show("one_time.html", staff=staff, account=account, password=password)


@router.post(PEOPLE + "/{staff_id}/{change}", dependencies=OWN_FORM)
def change(request: Request, staff_id: StaffId, change: Change, staff: OnStaff) -> Response:
    """Disable, enable, take the second factor away, or let the provider's person of this name have the account."""
    return _changed(
        request, staff_id, staff,
        lambda session: CHANGES[change](session, staff_id, by=_by(staff), now=datetime.now(UTC)),
    )  # fmt: skip


def _by(staff: Staff) -> By:
    return By(staff.name, staff.role)


def _changed(request: Request, staff_id: str, staff: Staff, change: Callable[[SESSION], None]) -> Response:
    """Change an account, and show it; why it cannot be is said on its page."""
    try:
        with desk_of(request).database.writing() as session:
            change(session)
    except NotAllowed as error:
        return _page(request, staff_id, staff, status=409, error=sentence(str(error)))
    return RedirectResponse(f"{PEOPLE}/{staff_id}", 303)


def _list(
    request: Request,
    staff: Staff,
    *,
    status: int = 200,
    error: str = "",
    typed: str = "",
    chosen: Role = Role.FRONT_DESK,
) -> Response:
    desk = desk_of(request)
    now = datetime.now(UTC)
    with desk.database.reading() as session:
        found = accounts.list_accounts(session, now=now)
    return show(
        "people.html", staff=staff, status=status, accounts=found, roles=list(Role), error=error, typed=typed,
        chosen=chosen, now=now, provider=desk.provider is not None,
    )  # fmt: skip


def _page(request: Request, staff_id: str, staff: Staff, *, status: int = 200, error: str = "") -> Response:
    desk = desk_of(request)
    with desk.database.reading() as session:
        account = accounts.find(session, staff_id)
    return show(
        "person.html", staff=staff, status=status, account=account, roles=list(Role), error=error,
        now=datetime.now(UTC), provider=desk.provider is not None,
    )  # fmt: skip
