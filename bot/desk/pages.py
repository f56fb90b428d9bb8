"""All staff pages, put together: `bot.app` includes what `build` returns."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import FileResponse

from bot.desk import (
    account,
    audit,
    auth,
    exports,
    figures,
    handling,
    hours,
    inbox,
    live,
    people,
    phone,
    queue,
    review,
    review_audit,
    review_compare,
    review_edit,
    review_gaps,
    review_moves,
    review_start,
    review_tasks,
    search,
    signing_in,
    single_sign_on,
)
from bot.desk.screen import FOLDER, Desk, Screen
from bot.desk.store import Staff
from bot.errors import NotFound
from bot.translation import gettext as _

__all__ = ["Desk", "build"]

REVIEW = (
    review_start, review_gaps, review_tasks, review_audit, review, review_moves, review_compare, review_edit,
)  # fmt: skip
"""The review of texts; addresses with a name come before those with a revision's number."""


def build() -> APIRouter:
    """The routes below /desk."""
    router = APIRouter(route_class=Screen, include_in_schema=False)
    # exports before the inbox: a ticket's page matches more
    for screen in (
        signing_in, single_sign_on, account, people, audit, exports, queue, live, hours, handling, inbox, *REVIEW,
        phone, figures, search,
    ):  # fmt: skip
        router.include_router(screen.router)
    router.add_api_route("/desk/static/desk.css", stylesheet, methods=["GET"], dependencies=auth.PUBLIC)
    router.add_api_route("/desk/{rest:path}", nothing_here, methods=["GET", "POST"])
    return router


def stylesheet() -> Response:
    """How all pages look; the sign-in needs it, too."""
    return FileResponse(FOLDER / "static" / "desk.css", media_type="text/css")


def nothing_here(rest: str, staff: Annotated[Staff, Depends(auth.signed_in)]) -> Response:
    """What is said of an address that no page has.

    Raises:
        NotFound: always.
    """
    raise NotFound(_("there is no such page"))
