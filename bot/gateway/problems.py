"""Our errors as RFC 9457 problem details.

Each carries `text`, words for the patient that close with a referral; and when the refused message holds a red flag,
those words are the emergency's: too long, too often or malformed is no reason to leave somebody alone.
"""

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bot.conversation import guard
from bot.conversation.fixed import Fixed
from bot.errors import AxisError, Conflict, DataError, NotAllowed, NotFound, TooMuch, Unauthorized, Unavailable

log = structlog.get_logger()

TYPE = "application/problem+json"
TOO_LARGE, TOO_MANY = 413, 429

MOST_READ = 4000
"""Characters of a refused message that the spare net reads; the rules read all of it."""

STATUSES: list[tuple[type[AxisError], int, str]] = [
    (Unauthorized, 401, "Not authorised"),
    (NotAllowed, 403, "Not allowed"),
    (NotFound, 404, "Not found"),
    (Conflict, 409, "Conflict"),
    (DataError, 500, "Axis is set up wrongly"),
    (Unavailable, 503, "Not available just now"),
]
FALLBACKS = {TOO_LARGE: "too_long", TOO_MANY: "too_many", 503: "not_stored"}
TITLES = {404: "Not found", 405: "Method not allowed", TOO_LARGE: "Too large", 422: "Malformed"}


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    fixed: Fixed,
    said: str = "",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """One problem.

    Args:
        status: HTTP status.
        title: what sort of problem, in a few words.
        detail: this one, for the programmer at the other end; never a patient's words.
        fixed: has the words for the patient.
        said: what the patient wrote, as far as it could be read; it is searched for red flags.
        headers: further headers.
        **more: further members.
    """
    alarm = fixed.alarm(said) if said else None
    if alarm:
        reply = fixed.alarm_reply(alarm, stored=False)
    else:
        reply = fixed.unanswered(said[:MOST_READ], FALLBACKS.get(status, "safe_reply"), stored=False)
    text = guard.close(reply, fixed.closing(reply.closing)).text
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "text": text, **more}
    return JSONResponse(body, status, media_type=TYPE, headers=headers)


def install(app: FastAPI, fixed: Fixed) -> None:
    """Answer every error of the application as a problem."""

    @app.exception_handler(AxisError)
    async def axis_error(request: Request, error: Exception) -> JSONResponse:
        said = await spoken(request)
        if isinstance(error, TooMuch):
            wait = error.retry_after_s
            status = TOO_MANY if wait else TOO_LARGE
            title = "Too many requests" if wait else "Too large"
            headers = {"Retry-After": str(wait)} if wait else None
            return problem(status, title, str(error), fixed=fixed, said=said, headers=headers)
        status, title = next((code, name) for kind, code, name in STATUSES if isinstance(error, kind))
        headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, Unauthorized) else None
        more = error.more if isinstance(error, Conflict) else {}
        return problem(status, title, str(error), fixed=fixed, said=said, headers=headers, **more)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: Exception) -> JSONResponse:
        places = [".".join(str(part) for part in one["loc"]) for one in error.errors()]  # type: ignore[attr-defined]
        reasons = [one["msg"] for one in error.errors()]  # type: ignore[attr-defined]
        detail = "; ".join(f"{place}: {reason}" for place, reason in zip(places, reasons, strict=True))[:500]
        return problem(422, TITLES[422], detail, fixed=fixed, said=await spoken(request))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: Exception) -> JSONResponse:
        status: int = error.status_code  # type: ignore[attr-defined]
        headers: dict[str, str] | None = error.headers  # type: ignore[attr-defined]
        title = TITLES.get(status, "Refused")
        return problem(status, title, title, fixed=fixed, said=await spoken(request), headers=headers)

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        log.error("request.failed", route=request.url.path.split("/")[1], error=type(error).__name__)
        detail = "something unforeseen happened"
        return problem(503, "Not available just now", detail, fixed=fixed, said=await spoken(request))


async def spoken(request: Request) -> str:
    """The text of a message that is being refused, as far as it can be read."""
    try:
        body = await request.json()
    except Exception:  # it is refused in any case, and may be anything
        return ""
    text = body.get("text") if isinstance(body, dict) else None
    return text if isinstance(text, str) else ""
