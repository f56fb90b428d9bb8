"""Signing in, step by step, and out."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from bot.desk import attempts, auth, sessions, store
from bot.desk.auth import PUBLIC, STEP_FORM, Text, current, same_origin
from bot.desk.screen import LOGIN, Screen, desk_of, home, inside, show
from bot.desk.store import Staff, Step
from bot.errors import Unauthorized
from bot.translation import later

WRONG = later("Name or password is wrong, or the account is locked for some minutes.")
WRONG_CODE = later("The code is wrong or was used before. Wait for the next one.")
TOO_LATE = later("Sign in again: the time for the code is over, or it was wrong too often.")

PAGES = {Step.CODE: "/desk/login/code", Step.PASSWORD: "/desk/account/password", Step.SECOND: "/desk/account/second"}
"""Where a step that is still missing is done."""

router = APIRouter(route_class=Screen, include_in_schema=False)
Current = Annotated[Staff, Depends(current)]


@router.get(LOGIN, dependencies=PUBLIC)
def login_page(request: Request, next: str = "", late: bool = False) -> Response:
    """The form; who is signed in already goes on."""
    try:
        return onward(current(request), next)
    except Unauthorized:
        return _form(request, then=next, error=TOO_LATE if late else "")


@router.post(LOGIN, dependencies=[*PUBLIC, Depends(same_origin)])
def login(request: Request, name: Text = "", password: Text = "", next: Text = "") -> Response:
    """Check name and password, and open a session; why it failed is not said."""
    desk = desk_of(request)
    attempt = count(request)
    correct = auth.password_fits(request, name, password)
    now = datetime.now(UTC)
    device = auth.device_of(request)
    with desk.database.writing() as session:
        token = sessions.sign_in(session, name=name, correct=correct, device=device, now=now, rules=desk.rules)
        if token:
            sessions.sign_out(session, request.cookies.get(auth.cookie(desk), ""))
            attempts.forgive(session, attempt)
    return arrive(request, token, next) if token else _form(request, then=next, error=WRONG, name=name, status=401)


@router.get("/desk/login/code")
def code_page(staff: Current, next: str = "") -> Response:
    """The form for the code of the second factor."""
    if staff.step is not Step.CODE:
        return onward(staff, next)
    return show("code.html", staff=staff, error="", then=inside(next))


@router.post("/desk/login/code", dependencies=STEP_FORM)
def give_code(request: Request, staff: Current, code: Text = "", next: Text = "") -> Response:
    """Check the code, and open the session that it was for."""
    if staff.step is not Step.CODE:
        return onward(staff, next)
    desk = desk_of(request)
    attempt = count(request)
    with desk.database.writing() as session:
        now = datetime.now(UTC)
        token = sessions.give_code(session, request.cookies[auth.cookie(desk)], code, now=now, rules=desk.rules)
        if token:
            attempts.forgive(session, attempt)
    if token:
        return arrive(request, token, next)
    try:
        return show("code.html", staff=current(request), status=401, error=WRONG_CODE, then=inside(next))
    except Unauthorized:
        return auth.let_out(RedirectResponse(f"{LOGIN}?late=true", 303), desk)


@router.post("/desk/logout", dependencies=STEP_FORM)
def logout(request: Request, staff: Current) -> Response:
    """End the session."""
    desk = desk_of(request)
    with desk.database.writing() as session:
        sessions.sign_out(session, request.cookies[auth.cookie(desk)])
        store.note(session, actor=staff.name, action="staff.signed_out", subject=staff.name, now=datetime.now(UTC))
    return auth.let_out(RedirectResponse(LOGIN, 303), desk)


def count(request: Request) -> int:
    """Count a try of this address, before it costs anything.

    Raises:
        TooMuch: too many have failed.
    """
    desk = desk_of(request)
    with desk.database.writing() as session:
        return attempts.attempt(
            session, auth.address_of(request), now=datetime.now(UTC), most=desk.settings.sign_in_failures
        )


def arrive(request: Request, token: str, then: str) -> Response:
    """Give the browser its session, and lead it on."""
    desk = desk_of(request)
    with desk.database.reading() as session:
        staff, _seen_at = sessions.find(session, token, now=datetime.now(UTC), rules=desk.rules)
    return auth.let_in(onward(staff, then), desk, token)


def onward(staff: Staff, then: str) -> Response:
    """To the step that is missing, to the page that was asked for, or to the first page of the role."""
    then = inside(then)
    if page := PAGES.get(staff.step):
        return RedirectResponse(f"{page}?{urlencode({'next': then})}" if then else page, 303)
    return RedirectResponse(then or home(staff), 303)


def _form(request: Request, *, then: str, error: str = "", name: str = "", status: int = 200) -> Response:
    provider = desk_of(request).provider is not None
    return show(
        "login.html", staff=None, status=status, error=error, name=name, then=inside(then), provider=provider
    )  # fmt: skip
