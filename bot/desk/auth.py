"""What every staff page asks first: who is there, in which role, and whose form it is.

Each route below /desk depends on one of these, `public` if it is for everybody; tests/desk/test_every_page.py walks
through all routes and tries each with nobody and with every role.
"""

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from threading import BoundedSemaphore
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Form, Request, Response

from bot import address
from bot.desk import sessions, store
from bot.desk.screen import ON_STAFF, ON_TEXTS, ON_TICKETS, Desk, desk_of
from bot.desk.store import Staff, Step
from bot.errors import NotAllowed, TooMuch, Unauthorized
from bot.translation import gettext as _

_CHECKING = BoundedSemaphore(4)
"""Passwords that are checked at once: each takes 64 MiB, and a flood of guesses must not take the machine."""

Text = Annotated[str, Form(pattern=r"^[^\x00]*$", max_length=1000)]


def public() -> None:
    """Says of a route that it is for everybody."""


def current(request: Request) -> Staff:
    """Whose session it is, also if a step is still missing.

    Raises:
        Unauthorized: nobody's; the page becomes a way to the sign-in.
    """
    desk = desk_of(request)
    token = request.cookies.get(cookie(desk))
    if not token:
        raise Unauthorized(_("please sign in"))
    now = datetime.now(UTC)
    with desk.database.reading() as session:
        staff, seen_at = sessions.find(session, token, now=now, rules=desk.rules)
    if now - seen_at > sessions.SEEN_EVERY and _somebody_is_there(request):
        with desk.database.writing() as session:
            sessions.seen(session, staff, now=now)
    request.state.staff = staff
    return staff


def _somebody_is_there(request: Request) -> bool:
    """Whether a person asked; a page that loads itself anew keeps no session alive."""
    by_itself = "sec-fetch-mode" in request.headers and "sec-fetch-user" not in request.headers
    return request.method != "GET" or not by_itself


def signed_in(staff: Annotated[Staff, Depends(current)]) -> Staff:
    """Who is signed in.

    Raises:
        Unauthorized: nobody is, or a step is still missing.
    """
    if staff.step is not Step.DONE:
        raise Unauthorized(_("please finish signing in"))
    return staff


def at(step: Step) -> Callable[[Staff], Staff]:
    """Who is signed in, or has just this step before them."""

    def at_step(staff: Annotated[Staff, Depends(current)]) -> Staff:
        if staff.step not in (step, Step.DONE):
            raise Unauthorized(_("please finish signing in"))
        return staff

    return at_step


def on_tickets(staff: Annotated[Staff, Depends(signed_in)]) -> Staff:
    """Somebody who works on tickets.

    Raises:
        NotAllowed: their role does not.
    """
    if staff.role not in ON_TICKETS:
        raise NotAllowed(_("the queue is for front desk, clinicians and admins"))
    return staff


def on_texts(staff: Annotated[Staff, Depends(signed_in)]) -> Staff:
    """Somebody who sees the review of texts.

    Raises:
        NotAllowed: their role does not.
    """
    if staff.role not in ON_TEXTS:
        raise NotAllowed(_("the review of texts is for authors, reviewers and admins"))
    return staff


def on_staff(staff: Annotated[Staff, Depends(signed_in)]) -> Staff:
    """Somebody who looks after accounts.

    Raises:
        NotAllowed: their role does not.
    """
    if staff.role not in ON_STAFF:
        raise NotAllowed(_("accounts and the audit are for admins"))
    return staff


def step_form(staff: Annotated[Staff, Depends(current)], csrf: Text = "") -> None:
    """Refuse a form that was not made for this session, also before the last step.

    Raises:
        NotAllowed: it has no token, or another's.
    """
    if not hmac.compare_digest(csrf.encode(), staff.csrf.encode()):
        raise NotAllowed(_("this form was not made for your session: open the page again"))


def own_form(staff: Annotated[Staff, Depends(signed_in)], csrf: Text = "") -> None:
    """Refuse a form that was not made for this session.

    Raises:
        NotAllowed: it has no token, or another's.
    """
    step_form(staff, csrf)


def same_origin(request: Request) -> None:
    """Refuse a sign-in that another site's page sent: before it there is no session whose token it could carry.

    Raises:
        NotAllowed: it comes from elsewhere, or does not say from where.
    """
    site = request.headers.get("sec-fetch-site")
    host = urlsplit(request.headers.get("origin", "")).netloc
    if site != "same-origin" if site is not None else not host or host != request.headers.get("host"):
        raise NotAllowed(_("sign in from this site's own page"))


SignedIn = Annotated[Staff, Depends(signed_in)]
OnTickets = Annotated[Staff, Depends(on_tickets)]
OnTexts = Annotated[Staff, Depends(on_texts)]
OnStaff = Annotated[Staff, Depends(on_staff)]
PUBLIC = [Depends(public)]
"""What a page depends on that is for everybody."""
OWN_FORM = [Depends(own_form)]
"""What every form but the sign-in depends on."""
STEP_FORM = [Depends(step_form)]
"""What a form depends on that belongs to a step of signing in."""


def cookie(desk: Desk) -> str:
    """The session cookie's name; browsers hold `__Host-` to this very host and to HTTPS."""
    return "__Host-axis_staff" if desk.settings.secure_cookies else "axis_staff"


def path(desk: Desk) -> str:
    """The cookie's path: `__Host-` needs the whole host."""
    return "/" if desk.settings.secure_cookies else "/desk"


def let_in(response: Response, desk: Desk, token: str) -> Response:
    """Give the browser its session."""
    response.set_cookie(
        cookie(desk), token, max_age=int(desk.rules.lasts.total_seconds()), path=path(desk),
        secure=desk.settings.secure_cookies, httponly=True, samesite="strict",
    )  # fmt: skip
    return response


def let_out(response: Response, desk: Desk) -> Response:
    """Take the session's cookie back."""
    response.delete_cookie(
        cookie(desk), path=path(desk), secure=desk.settings.secure_cookies, httponly=True, samesite="strict"
    )
    return response


def address_of(request: Request) -> str:
    """What failed sign-ins are counted by."""
    peer = request.client.host if request.client else "unknown"
    proxies = address.listed(desk_of(request).settings.trusted_proxies)
    forwarded = request.headers.get("x-forwarded-for", "")
    return address.network(address.address(peer, forwarded=forwarded, proxies=proxies))


def password_fits(request: Request, name: str, password: str) -> bool:
    """Whether it is this account's password; for unknown names it takes as long.

    Raises:
        TooMuch: too many are being checked just now.
    """
    with desk_of(request).database.reading() as session:
        stored = store.password_hash(session, name)
    if not _CHECKING.acquire(blocking=False):
        raise TooMuch(_("many people are signing in just now: try again in a moment"), retry_after_s=1)
    try:
        return store.matches(stored, password)
    finally:
        _CHECKING.release()


BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
SYSTEMS = {
    "Windows": "Windows", "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Mac OS X": "Mac", "Linux": "Linux",
}  # fmt: skip


def device_of(request: Request) -> str:
    """The browser in words, such as `Firefox on Windows`; the first name that fits, since they all name each other."""
    said = request.headers.get("user-agent", "")
    browser = next((name for mark, name in BROWSERS.items() if f"{mark}/" in said), _("A browser"))
    system = next((name for mark, name in SYSTEMS.items() if mark in said), "")
    return _("{browser} on {system}").format(browser=browser, system=system) if system else browser
