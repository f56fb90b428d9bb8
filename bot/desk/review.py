"""The review of texts: the newest revision of each topic, one revision in full, and its moves."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from bot.content import governance, record
from bot.content.record import Row
from bot.content.review import REVIEW_AFTER, State, check_move
from bot.desk import store as staff_store
from bot.desk.auth import OWN_FORM, OnTexts, Text
from bot.desk.screen import Screen, desk_of, sentence, show
from bot.desk.store import Staff
from bot.errors import NotAllowed

BUTTONS = {
    State.IN_REVIEW: "Submit for review",
    State.APPROVED: "Approve",
    State.DRAFT: "Send back to draft",
    State.WITHDRAWN: "Withdraw at once",
    State.RETIRED: "Retire",
}
"""What a button says that moves a revision into a state, in the order of the page."""

DUE_TOO_EARLY = "The next review must be due after today."
DUE_NO_DATE = "The day of the next review is not a date, as in 2027-05-31."

router = APIRouter(route_class=Screen, include_in_schema=False)
RevisionId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/desk/review")
def texts(request: Request, staff: OnTexts, state: State | None = None) -> Response:
    """The newest revision of every topic, all or those in one state."""
    with desk_of(request).database.reading() as session:
        rows = record.list_latest(session)
    chosen = [row for row in rows if state is None or row.state is state]
    return show(
        "texts.html", staff=staff, rows=chosen, counts=Counter(row.state for row in rows), states=list(State),
        state=state, total=len(rows), today=datetime.now(UTC).date(),
    )  # fmt: skip


@router.get("/desk/review/{revision_id}")
def revision(request: Request, revision_id: RevisionId, staff: OnTexts) -> Response:
    """One revision in full."""
    return _page(request, revision_id, staff)


@router.post("/desk/review/{revision_id}", dependencies=OWN_FORM)
def change(
    request: Request,
    revision_id: RevisionId,
    staff: OnTexts,
    after: Annotated[State, Form()],
    review_due: Text = "",
) -> Response:
    """Move a revision into another state, if this person may."""
    now = datetime.now(UTC)
    try:
        due = _due(review_due, today=now.date()) if after is State.APPROVED else None
    except ValueError as error:
        return _page(request, revision_id, staff, status=422, due_error=str(error), typed=review_due)
    try:
        with desk_of(request).database.writing() as session:
            governance.move(session, revision_id, after, actor=staff.name, role=staff.role, now=now, review_due=due)
            staff_store.note(
                session, actor=staff.name, action=f"revision.{after}", subject=str(revision_id), now=now
            )  # fmt: skip
    except NotAllowed as error:
        return _page(request, revision_id, staff, status=403, error=sentence(str(error)))
    return RedirectResponse(f"/desk/review/{revision_id}", 303)


def _due(typed: str, *, today: date) -> date | None:
    """The day that a reviewer typed; None if they left it out.

    Raises:
        ValueError: with what to tell them.
    """
    if not typed.strip():
        return None
    try:
        due = date.fromisoformat(typed.strip())
    except ValueError:
        raise ValueError(DUE_NO_DATE) from None
    if due <= today:
        raise ValueError(DUE_TOO_EARLY)
    return due


def _page(
    request: Request,
    revision_id: int,
    staff: Staff,
    *,
    status: int = 200,
    error: str = "",
    due_error: str = "",
    typed: str = "",
) -> Response:
    with desk_of(request).database.reading() as session:
        row, text = record.show(session, revision_id)
    today = datetime.now(UTC).date()
    return show(
        "revision.html", staff=staff, status=status, row=row, text=text, today=today, error=error,
        due_error=due_error, typed=typed, usual_due=today + REVIEW_AFTER,
        moves=[(after.value, label) for after, label in BUTTONS.items() if _refused(row, after, staff) is None],
        why_no_approval=_refused(row, State.APPROVED, staff) if row.state is State.IN_REVIEW else None,
    )  # fmt: skip


def _refused(row: Row, after: State, staff: Staff) -> str | None:
    """Why this person may not make this move; None if they may."""
    try:
        check_move(row.state, after, role=staff.role, actor=staff.name, author=row.author)
    except NotAllowed as error:
        return sentence(str(error))
    return None
