"""Questions that found no answer, put together by meaning: a draft to begin with, and what is not for us."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from bot.content import gaps
from bot.content.gaps import Group
from bot.conversation import questions
from bot.desk import store as staff_store
from bot.desk.auth import OWN_FORM, OnTexts, Text
from bot.desk.review import Said, as_typed
from bot.desk.review_edit import download
from bot.desk.screen import Screen, desk_of, show
from bot.desk.store import Staff
from bot.errors import NotFound
from bot.translation import gettext as _
from bot.translation import later

LONGEST_REASON = 1000
NO_REASON = later(
    "Write why no text of ours needs to answer this, at most {longest_reason} characters.",
    longest_reason=LONGEST_REASON,
)
NEW_TOPIC = "a-new-topic"

router = APIRouter(route_class=Screen, include_in_schema=False)
GapId = Annotated[int, Path(ge=1, le=2**31 - 1)]
TopicId = Annotated[str, Query(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]


@router.get("/desk/review/gaps")
def groups(request: Request, staff: OnTexts, dismissed: bool = False) -> Response:
    """All groups, the most asked first: those that wait for a text, or those that are not for us."""
    found = _groups(request)
    return show(
        "gaps.html", staff=staff, groups=[one for one in found if bool(one.dismissed) == dismissed],
        dismissed=dismissed, counts={flag: sum(bool(one.dismissed) == flag for one in found) for flag in (False, True)},
    )  # fmt: skip


@router.get("/desk/review/gaps/{gap_id}")
def group(request: Request, gap_id: GapId, staff: OnTexts, topic: TopicId = NEW_TOPIC) -> Response:
    """The group that a question belongs to, with a draft of a text that would answer it."""
    return _page(request, gap_id, staff, topic=topic)


@router.get("/desk/review/gaps/{gap_id}/draft.md")
def draft(request: Request, gap_id: GapId, staff: OnTexts, topic: TopicId = NEW_TOPIC) -> Response:
    """The draft as a file."""
    return download(_draft(_group(request, gap_id), topic, staff), f"{topic}.md")


@router.post("/desk/review/gaps/{gap_id}/dismiss", dependencies=OWN_FORM)
def dismiss(request: Request, gap_id: GapId, staff: OnTexts, why: Said = "") -> Response:
    """Say that a group is not for us."""
    said, now = as_typed(why), datetime.now(UTC)
    if not 0 < len(said) <= LONGEST_REASON:
        return _page(request, gap_id, staff, status=422, error=NO_REASON, typed=why)
    ids = _group(request, gap_id).ids
    with desk_of(request).database.writing() as session:
        questions.dismiss(session, ids, why=said, actor=staff.name, now=now)
        staff_store.note(session, actor=staff.name, action="gap.dismissed", subject=str(gap_id), now=now)
    return RedirectResponse(f"/desk/review/gaps/{gap_id}", 303)


@router.post("/desk/review/gaps/{gap_id}/restore", dependencies=OWN_FORM)
def restore(request: Request, gap_id: GapId, staff: OnTexts, csrf: Text = "") -> Response:
    """Say that a group is for us after all."""
    ids, now = _group(request, gap_id).ids, datetime.now(UTC)
    with desk_of(request).database.writing() as session:
        questions.restore(session, ids)
        staff_store.note(session, actor=staff.name, action="gap.restored", subject=str(gap_id), now=now)
    return RedirectResponse(f"/desk/review/gaps/{gap_id}", 303)


def _groups(request: Request) -> list[Group]:
    with desk_of(request).database.reading() as session:
        asked = questions.asked(session)
    return gaps.by_meaning(asked)


def _group(request: Request, gap_id: int) -> Group:
    """The group of a question; groups have no id of their own, since new questions make them anew.

    Raises:
        NotFound: the question was erased with its conversation.
    """
    found = next((one for one in _groups(request) if gap_id in one.ids), None)
    if found is None:
        raise NotFound(_("this question was erased with its conversation: go back to the list"))
    return found


def _draft(one: Group, topic: str, staff: Staff) -> str:
    return gaps.draft(one, topic, author=staff.name, today=datetime.now(UTC).date().isoformat())


def _page(
    request: Request, gap_id: int, staff: Staff, *, status: int = 200, topic: str = NEW_TOPIC, error: str = "",
    typed: str = "",
) -> Response:  # fmt: skip
    one = _group(request, gap_id)
    return show(
        "gap.html", staff=staff, status=status, group=one, gap_id=gap_id, topic=topic, error=error, typed=typed,
        markdown=_draft(one, topic, staff),
    )  # fmt: skip
