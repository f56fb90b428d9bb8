"""Single sign-on: to the clinic's sign-in service and back."""

import secrets
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from bot.desk import attempts, auth, linking, sessions
from bot.desk.auth import PUBLIC
from bot.desk.provider import Provider
from bot.desk.screen import Desk, Screen, desk_of, home, inside, show
from bot.desk.signing_in import count
from bot.errors import NotAllowed, NotFound
from bot.translation import gettext as _

router = APIRouter(route_class=Screen, include_in_schema=False)


@router.get("/desk/provider/go", dependencies=PUBLIC)
def go(request: Request, next: str = "") -> Response:
    """Send somebody to the provider, with a cookie that binds the answer to this browser.

    A link and no form: the policy lets forms go to this site only, and the browser would not follow.
    """
    desk, provider = _on(request)
    attempt = count(request)
    way = provider.begin()
    browser = secrets.token_urlsafe(32)
    with desk.database.writing() as session:
        now = datetime.now(UTC)
        sessions.clean(session, now=now)
        linking.remember(session, way, browser=browser, attempt=attempt, then=inside(next), now=now)
    response = RedirectResponse(way.url, 303)
    response.set_cookie(
        _cookie(desk), browser, max_age=int(linking.BACK_WITHIN.total_seconds()), path=auth.path(desk),
        secure=desk.settings.secure_cookies, httponly=True, samesite="lax",
    )  # fmt: skip
    return response


@router.get("/desk/provider/back", dependencies=PUBLIC)
def back(request: Request, code: str = "", state: str = "", iss: str = "") -> Response:
    """Take somebody back, and open their session.

    The page that follows loads the desk by itself: a browser that comes from another site does not send the session's
    cookie before a page of ours has asked it to.
    """
    desk, provider = _on(request)
    now = datetime.now(UTC)
    with desk.database.writing() as session:
        visit = linking.take_back(session, state, browser=request.cookies.get(_cookie(desk), ""), now=now)
    provider.check_issuer(iss)
    if not code:
        raise NotAllowed(_("the sign-in service did not let you in"))
    identity = provider.finish(code=code, nonce=visit.nonce, verifier=visit.verifier)
    with desk.database.writing() as session:
        token = linking.sign_in(
            session, identity, roles_given=provider.roles_given, provisions=provider.provisions,
            device=auth.device_of(request), now=now, rules=desk.rules,
        )  # fmt: skip
        attempts.forgive(session, visit.attempt)
        sessions.sign_out(session, request.cookies.get(auth.cookie(desk), ""))
        staff, _seen_at = sessions.find(session, token, now=now, rules=desk.rules)
    response = auth.let_in(show("arrived.html", staff=None, then=visit.then or home(staff)), desk, token)
    response.delete_cookie(
        _cookie(desk), path=auth.path(desk), secure=desk.settings.secure_cookies, httponly=True, samesite="lax"
    )
    return response


def _on(request: Request) -> tuple[Desk, Provider]:
    desk = desk_of(request)
    if desk.provider is None:
        raise NotFound(_("single sign-on is off here"))
    return desk, desk.provider


def _cookie(desk: Desk) -> str:
    return "__Host-axis_provider" if desk.settings.secure_cookies else "axis_provider"
