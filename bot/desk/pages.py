"""All staff pages, put together: `bot.app` includes what `build` returns."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import FileResponse

from bot.desk import auth, inbox, queue, review
from bot.desk.screen import FOLDER, Desk, Screen
from bot.desk.store import Staff
from bot.errors import NotFound

__all__ = ["Desk", "build"]


def build() -> APIRouter:
    """The routes below /desk."""
    router = APIRouter(route_class=Screen, include_in_schema=False)
    for screen in (auth, queue, inbox, review):
        router.include_router(screen.router)
    router.add_api_route("/desk/static/desk.css", stylesheet, methods=["GET"])
    router.add_api_route("/desk/{rest:path}", nothing_here, methods=["GET", "POST"])
    return router


def stylesheet() -> Response:
    """The only file that the pages load; the sign-in needs it, too."""
    return FileResponse(FOLDER / "static" / "desk.css", media_type="text/css")


def nothing_here(rest: str, staff: Annotated[Staff, Depends(auth.signed_in)]) -> Response:
    """What is said of an address that no page has.

    Raises:
        NotFound: always.
    """
    raise NotFound("there is no such page")
