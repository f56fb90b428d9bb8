"""What every staff page shares: what it works with, how it is drawn, and the headers that keep everything else out."""

import base64
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException

from bot import translation
from bot.conversation.bell import Bell
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.desk.provider import Provider
from bot.desk.sessions import Rules
from bot.desk.store import Staff, Step
from bot.errors import AxisError, Conflict, NotAllowed, NotFound, TooMuch, Unauthorized, Unavailable
from bot.roles import Role
from bot.settings import Settings
from bot.translation import day, later, moment
from bot.translation import gettext as _
from bot.triage import ticket

FOLDER = Path(__file__).resolve().parent
LOGIN = "/desk/login"

_INSIDE = re.compile(r"/desk(?:/(?!login|logout|provider)[\w-]+)*(?:\?[\w=&%.,:+-]*)?", re.ASCII)

ON_TICKETS = ticket.STAFF
"""Roles that see the queue."""

ON_TEXTS = frozenset({Role.AUTHOR, Role.REVIEWER, Role.ADMIN})
"""Roles that see the review of texts."""

ON_STAFF = frozenset({Role.ADMIN})
"""Roles that look after accounts and read the audit."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}

STATUSES: dict[type[Exception], int] = {NotAllowed: 403, NotFound: 404, Conflict: 409, TooMuch: 429, Unavailable: 503}
TITLES = {
    403: later("Not allowed"),
    404: later("Not found"),
    409: later("Changed meanwhile"),
    422: later("That does not fit"),
    429: later("Too often"),
    503: later("Not available just now"),
}
SAID = {
    422: later("Something in the request does not fit. Go back and try again."),
    503: later("The database did not answer, and nothing was changed. Try again in a moment."),
}


@dataclass(frozen=True)
class Desk:
    """What the staff pages work with, put together by `bot.app`."""

    database: Database
    settings: Settings
    fixed: Fixed
    bell: Bell
    provider: Provider | None = None

    @property
    def rules(self) -> Rules:
        """How long sessions last, and who needs a second factor."""
        return Rules(
            lasts=timedelta(hours=self.settings.staff_session_hours),
            idle=timedelta(minutes=self.settings.staff_idle_minutes),
            second_for=self.settings.second_factor_roles,
        )


class Fields(dict[str, str]):
    """What is said of a form's fields, by name; of any other field nothing is."""

    def __missing__(self, name: str) -> str:
        """Nothing."""
        return ""


def desk_of(request: Request) -> Desk:
    """What the pages work with."""
    desk: Desk = request.app.state.desk
    return desk


class Screen(APIRoute):
    """A route whose every answer carries the desk's headers, and whose refusals are pages, too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with what it raises turned into a page."""
        handle = super().get_route_handler()

        async def handle_as_page(request: Request) -> Response:
            try:
                response = await handle(request)
            except Unauthorized:
                response = RedirectResponse(way_in(request), 303)
            except (AxisError, RequestValidationError, HTTPException) as error:
                response = refusal(request, error)
            response.headers.update(HEADERS)
            return response

        return handle_as_page


def inside(address: str) -> str:
    """An address to go on to after signing in, if it is one of ours, else nothing: a link must not lead elsewhere."""
    return address if _INSIDE.fullmatch(address) else ""


def way_in(request: Request) -> str:
    """The sign-in, which leads back to the page that was asked for."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method != "GET" or path in ("/desk", "/desk/") or not inside(path):
        return LOGIN
    return f"{LOGIN}?{urlencode({'next': path})}"


def refusal(request: Request, error: Exception) -> Response:
    """The page that says why something cannot be had.

    Raises:
        Exception: the same error, if it is none that a member of staff could do anything about.
    """
    if isinstance(error, HTTPException | RequestValidationError):
        status = getattr(error, "status_code", 422)
    else:
        status = next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 500)
    if status not in TITLES and status >= 500:  # noqa: PLR2004 - ours to mend
        raise error
    said = SAID.get(status) or (sentence(str(error)) if isinstance(error, AxisError) else SAID[422])
    title = TITLES.get(status, TITLES[422])
    response = show("error.html", staff=getattr(request.state, "staff", None), status=status, title=title, said=said)
    if isinstance(error, TooMuch) and error.retry_after_s:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def show(template: str, *, staff: Staff | None, status: int = 200, **values: object) -> Response:
    """A page.

    Args:
        template: its name below templates/.
        staff: who looks at it; None before signing in.
        status: HTTP status.
        **values: what the template shows; all of it is escaped.
    """
    there = staff if staff and staff.step is Step.DONE else None
    roles = {
        "arrived": bool(there), "sees_tickets": bool(there and there.role in ON_TICKETS),
        "sees_texts": bool(there and sees_texts(there)), "sees_staff": bool(there and there.role in ON_STAFF),
    }  # fmt: skip
    names = {str(one): words(one) for one in ticket.Urgency}
    return HTMLResponse(
        environment().get_template(template).render(staff=staff, urgency_names=names, **roles, **values), status
    )


def sees_texts(staff: Staff) -> bool:
    """Whether the review of texts is for this person."""
    return staff.role in ON_TEXTS


def home(staff: Staff) -> str:
    """The page that somebody sees first."""
    return "/desk" if staff.role in ON_TICKETS else "/desk/review"


@cache
def environment() -> Environment:
    """What draws the templates."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(translation.gettext, translation.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.policies["ext.i18n.trimmed"] = True
    made.globals["language"] = translation.tag
    made.filters.update(words=words, moment=moment, day=day, sentence=sentence, as_image=as_image)
    return made


def words(name: str) -> str:
    """An id such as `same_day` as a reader sees it: Same day (`bot.desk.names` lists the ids for translation)."""
    return _(name.replace("_", " ").capitalize())


def as_image(svg: str) -> str:
    """A drawing as an image's address: whatever stands in it, as an image it runs no script."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def sentence(text: str) -> str:
    """An error's text as a sentence."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else text


def waited(since: datetime, now: datetime) -> str:
    """How long somebody has been waiting, in the two largest units: 12 min, 3 h 5 min, 2 d 4 h."""
    minutes = max(now - since, timedelta()) // timedelta(minutes=1)
    hours, days = minutes // 60, minutes // 1440
    if days:
        return _("{days} d {hours} h").format(days=days, hours=hours % 24)
    if hours:
        return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes % 60)
    return _("{minutes} min").format(minutes=minutes)
