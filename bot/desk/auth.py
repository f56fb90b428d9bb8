"""Signing in and out, and what every other staff page asks first: who is there, in which role, and whose form it is."""

import hmac
from datetime import UTC, datetime
from threading import BoundedSemaphore
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from bot.desk import store
from bot.desk.screen import LOGIN, ON_TEXTS, ON_TICKETS, Screen, desk_of, home, show
from bot.desk.store import Staff
from bot.errors import NotAllowed, TooMuch, Unauthorized

COOKIE = "axis_staff"
WRONG = "Name or password is wrong, or the account is locked for some minutes."

_CHECKING = BoundedSemaphore(4)
"""Passwords that are checked at once: each takes 64 MiB, and a flood of guesses must not take the machine."""

Text = Annotated[str, Form(pattern=r"^[^\x00]*$", max_length=1000)]

router = APIRouter(route_class=Screen, include_in_schema=False)


def signed_in(request: Request) -> Staff:
    """Who is signed in.

    Raises:
        Unauthorized: nobody is; the page becomes a way to the sign-in.
    """
    token = request.cookies.get(COOKIE)
    if not token:
        raise Unauthorized("please sign in")
    with desk_of(request).database.reading() as session:
        staff = store.signed_in(session, token, now=datetime.now(UTC))
    request.state.staff = staff
    return staff


def on_tickets(staff: Annotated[Staff, Depends(signed_in)]) -> Staff:
    """Somebody who works on tickets.

    Raises:
        NotAllowed: their role does not.
    """
    if staff.role not in ON_TICKETS:
        raise NotAllowed("the queue is for front desk, clinicians and admins")
    return staff


def on_texts(staff: Annotated[Staff, Depends(signed_in)]) -> Staff:
    """Somebody who sees the review of texts.

    Raises:
        NotAllowed: their role does not.
    """
    if staff.role not in ON_TEXTS:
        raise NotAllowed("the review of texts is for authors, reviewers and admins")
    return staff


def own_form(staff: Annotated[Staff, Depends(signed_in)], csrf: Text = "") -> None:
    """Refuse a form that was not made for this session.

    Raises:
        NotAllowed: it has no token, or another's.
    """
    if not hmac.compare_digest(csrf.encode(), staff.csrf.encode()):
        raise NotAllowed("this form was not made for your session: open the page again")


OnTickets = Annotated[Staff, Depends(on_tickets)]
OnTexts = Annotated[Staff, Depends(on_texts)]
OWN_FORM = [Depends(own_form)]
"""What every form but the sign-in depends on."""


def same_origin(request: Request) -> None:
    """Refuse a sign-in that another site's page sent: before it there is no session whose token it could carry.

    Raises:
        NotAllowed: it comes from elsewhere, or does not say from where.
    """
    site = request.headers.get("sec-fetch-site")
    host = urlsplit(request.headers.get("origin", "")).netloc
    if site != "same-origin" if site is not None else not host or host != request.headers.get("host"):
        raise NotAllowed("sign in from this site's own page")


@router.get(LOGIN)
def login_page(request: Request) -> Response:
    """The form; who is signed in already goes on."""
    try:
        return RedirectResponse(home(signed_in(request)), 303)
    except Unauthorized:
        return show("login.html", staff=None, error="", name="")


@router.post(LOGIN, dependencies=[Depends(same_origin)])
def login(request: Request, name: Text = "", password: Text = "") -> Response:
    """Check name and password, and open a session; why it failed is not said."""
    desk = desk_of(request)
    token = _open_session(request, name, password)
    if token is None:
        return show("login.html", staff=None, status=401, error=WRONG, name=name)
    with desk.database.reading() as session:
        staff = store.signed_in(session, token, now=datetime.now(UTC))
    response = RedirectResponse(home(staff), 303)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(store.SESSION_LASTS.total_seconds()),
        path="/desk",
        secure=desk.settings.secure_cookies,
        httponly=True,
        samesite="strict",
    )
    return response


def _open_session(request: Request, name: str, password: str) -> str | None:
    """The new session's token, or None; the browser's old session ends."""
    database = desk_of(request).database
    with database.reading() as session:
        stored = store.password_hash(session, name)
    if not _CHECKING.acquire(blocking=False):
        raise TooMuch("many people are signing in just now: try again in a moment", retry_after_s=1)
    try:
        correct = store.matches(stored, password)
    finally:
        _CHECKING.release()
    now = datetime.now(UTC)
    with database.writing() as session:
        token = store.sign_in(session, name=name, correct=correct, now=now)
        if token:
            store.sign_out(session, request.cookies.get(COOKIE, ""))
            store.note(session, actor=name, action="staff.signed_in", subject=name, now=now)
    return token


@router.post("/desk/logout", dependencies=OWN_FORM)
def logout(request: Request, staff: Annotated[Staff, Depends(signed_in)]) -> Response:
    """End the session."""
    with desk_of(request).database.writing() as session:
        store.sign_out(session, request.cookies[COOKIE])
        store.note(session, actor=staff.name, action="staff.signed_out", subject=staff.name, now=datetime.now(UTC))
    response = RedirectResponse(LOGIN, 303)
    response.delete_cookie(COOKIE, path="/desk", httponly=True, samesite="strict")
    return response
