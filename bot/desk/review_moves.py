"""Moving a revision: each move has a page that says what will happen, asks what it needs, and is then confirmed."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from bot.content import governance, record
from bot.content.review import REVIEW_AFTER, State
from bot.database import SESSION
from bot.desk import store as staff_store
from bot.desk.auth import OWN_FORM, OnTexts, Text
from bot.desk.review import LABELS, LONGEST_REMARK, RevisionId, Said, as_typed, earlier_approved, refused
from bot.desk.screen import Screen, desk_of, sentence, show
from bot.desk.store import Staff
from bot.errors import Conflict, NotAllowed, NotFound
from bot.translation import gettext as _
from bot.translation import later

DUE_TOO_EARLY = later("The next review must be due after today.")
DUE_NO_DATE = later("The day of the next review is not a date, as in 2027-05-31.")
LONGEST_REASON = 1000

NEEDS_WORDS = {
    State.DRAFT: (later("What should be changed"), LONGEST_REMARK),
    State.WITHDRAWN: (later("Reason"), LONGEST_REASON),
    State.RETIRED: (later("Reason"), LONGEST_REASON),
}
"""Moves that are not made without words: what the field is called, and how much it holds."""

WHAT_HAPPENS = {
    State.IN_REVIEW: later("A reviewer sees the text on their list. What patients are shown does not change."),
    State.APPROVED: later(
        "Patients are shown this revision from now on, with your name as the reviewer and the day"
        " of the next review. It takes the place of the revision approved before. An approval "
        "cannot be taken back: roll back or withdraw the text instead."
    ),
    State.DRAFT: later("The text goes back to its author with your remark. What patients are shown does not change."),
    State.WITHDRAWN: later(
        "Nothing of this topic is shown any more, at once, not even an earlier revision. Patients"
        " who ask for it are told that it is being checked, and its owner gets a task. It comes "
        "back by a new review."
    ),
    State.RETIRED: later(
        "This revision is never shown again. If it is the only one, patients who ask are told "
        "that there is no text. This cannot be undone; the revision stays in the record."
    ),
}

ROLL_BACK = later(
    "This revision is retired for good, and with it every approved one after the one that you"
    " choose, which patients are shown again at once. If its own review is overdue, it is "
    "held back in production until somebody approves it."
)
ONLY_ONE = later("There is no earlier approved revision to go back to: withdraw this one, if it must not be shown.")

router = APIRouter(route_class=Screen, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form: as it was typed, and what is wrong with it."""

    note: str = ""
    review_due: str = ""
    error: str = ""
    note_error: str = ""
    due_error: str = ""


@router.get("/desk/review/{revision_id}/move/{after}")
def ask(request: Request, revision_id: RevisionId, after: State, staff: OnTexts) -> Response:
    """The page of one move, before anything happens."""
    with desk_of(request).database.reading() as session:
        row, _text = record.show(session, revision_id)
    why = refused(row, after, staff)
    return _page(request, revision_id, after, staff, Typed(error=why or ""), status=403 if why else 200)


@router.post("/desk/review/{revision_id}", dependencies=OWN_FORM)
def change(
    request: Request,
    revision_id: RevisionId,
    staff: OnTexts,
    *,
    after: Annotated[State, Form()],
    seen: Annotated[State, Form()],
    review_due: Text = "",
    note: Said = "",
) -> Response:
    """Move a revision into another state, if this person may, and it still stands where they saw it."""
    now, said = datetime.now(UTC), as_typed(note)
    typed = Typed(
        note=note, review_due=review_due, note_error=_note_error(after, said),
        due_error=_due_error(review_due, today=now.date()) if after is State.APPROVED else "",
    )  # fmt: skip
    if typed.note_error or typed.due_error:
        return _page(request, revision_id, after, staff, typed, status=422)
    due = _day(review_due) if after is State.APPROVED else None
    try:
        with desk_of(request).database.writing() as session:
            governance.expect(session, revision_id, seen)
            _move(session, revision_id, after, staff, said, due=due, now=now)
            staff_store.note(
                session, actor=staff.name, action=f"revision.{after}", subject=str(revision_id), now=now
            )  # fmt: skip
    except (NotAllowed, Conflict) as error:
        status = 409 if isinstance(error, Conflict) else 403
        wrong = Typed(note=note, review_due=review_due, error=sentence(str(error)))
        return _page(request, revision_id, after, staff, wrong, status=status)
    return RedirectResponse(f"/desk/review/{revision_id}?done={after}", 303)


@router.get("/desk/review/{revision_id}/roll-back")
def ask_roll_back(request: Request, revision_id: RevisionId, staff: OnTexts) -> Response:
    """The page of a roll-back, before anything happens."""
    return _roll_back_page(request, revision_id, staff, Typed())


@router.post("/desk/review/{revision_id}/roll-back", dependencies=OWN_FORM)
def roll_back(
    request: Request,
    revision_id: RevisionId,
    staff: OnTexts,
    to: Annotated[int, Form(ge=1, le=2**31 - 1)],
    note: Said = "",
) -> Response:
    """Retire this revision, so that an earlier approved one is served again."""
    now, said = datetime.now(UTC), as_typed(note)
    if wrong := _note_error(State.RETIRED, said):
        return _roll_back_page(request, revision_id, staff, Typed(note=note, note_error=wrong), status=422)
    try:
        with desk_of(request).database.writing() as session:
            governance.expect(session, revision_id, State.APPROVED)
            row, _text = record.show(session, revision_id)
            if not earlier_approved(record.history(session, row.topic), row):
                raise Conflict(_("this is not the newest approved revision any more"))
            governance.roll_back(session, row.topic, actor=staff.name, role=staff.role, now=now, note=said, to=to)
            staff_store.note(
                session, actor=staff.name, action="revision.rolled_back", subject=str(revision_id), now=now
            )
    except (NotAllowed, Conflict, NotFound) as error:
        status = 403 if isinstance(error, NotAllowed) else 409
        typed = Typed(note=note, error=sentence(str(error)))
        return _roll_back_page(request, revision_id, staff, typed, status=status)
    return RedirectResponse(f"/desk/review/{revision_id}?done=rolled_back", 303)


def _move(
    session: SESSION, revision_id: int, after: State, staff: Staff, said: str, *, due: date | None, now: datetime
) -> None:
    """One move, by what it means: changes come with a remark, and a text is withdrawn with all its revisions."""
    actor, role = staff.name, staff.role
    row, _text = record.show(session, revision_id)
    if after is State.DRAFT:
        governance.request_changes(session, revision_id, said, actor=actor, role=role, now=now)
    elif after is State.WITHDRAWN and refused(row, after, staff) is None:
        governance.withdraw(session, row.topic, note=said, actor=actor, role=role, now=now)
    else:
        governance.move(session, revision_id, after, review_due=due, note=said, actor=actor, role=role, now=now)


def _note_error(after: State, said: str) -> str:
    """What is wrong with the words of a move."""
    name, most = NEEDS_WORDS.get(after, (_("Note"), LONGEST_REASON))
    if len(said) > most:
        return _("At most {most} characters; these are {count}.").format(most=most, count=len(said))
    if not said and after in NEEDS_WORDS:
        return _("{name}: write it, so that others can understand it later.").format(name=name)
    return ""


def _due_error(typed: str, *, today: date) -> str:
    """What is wrong with the day that a reviewer typed."""
    try:
        due = _day(typed)
    except ValueError:
        return DUE_NO_DATE
    return DUE_TOO_EARLY if due and due <= today else ""


def _day(typed: str) -> date | None:
    return date.fromisoformat(typed.strip()) if typed.strip() else None


def _page(
    request: Request, revision_id: int, after: State, staff: Staff, typed: Typed, *, status: int = 200
) -> Response:  # fmt: skip
    with desk_of(request).database.reading() as session:
        row, _text = record.show(session, revision_id)
        served = next((one for one in record.history(session, row.topic) if one.state is State.APPROVED), None)
    words, most = NEEDS_WORDS.get(after, (_("Note (optional)"), LONGEST_REASON))
    return show(
        "move.html", staff=staff, status=status, row=row, after=after, label=LABELS[after], what=WHAT_HAPPENS[after],
        words=words, needs_words=after in NEEDS_WORDS, most=most, typed=typed, served=served, earlier=[],
        action=f"/desk/review/{revision_id}", usual_due=datetime.now(UTC).date() + REVIEW_AFTER,
        possible=refused(row, after, staff) is None,
    )  # fmt: skip


def _roll_back_page(
    request: Request, revision_id: int, staff: Staff, typed: Typed, *, status: int = 200
) -> Response:  # fmt: skip
    with desk_of(request).database.reading() as session:
        row, _text = record.show(session, revision_id)
        earlier = earlier_approved(record.history(session, row.topic), row)
    why = refused(row, State.RETIRED, staff) if row.state is State.APPROVED else ""
    if not typed.error and (why or not earlier):
        typed, status = Typed(error=why or ONLY_ONE), 403 if why else 409
    return show(
        "move.html", staff=staff, status=status, row=row, after="roll_back", label=_("Roll back"), what=ROLL_BACK,
        words=_("Reason"), needs_words=True, most=LONGEST_REASON, typed=typed, served=row, earlier=earlier,
        action=f"/desk/review/{revision_id}/roll-back", usual_due=None, possible=bool(earlier) and not why,
    )  # fmt: skip
