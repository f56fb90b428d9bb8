"""One revision in full: what patients see of it, what it rests on, its remarks and its way, and what may be done."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from bot.content import editing, governance, record, store
from bot.content.files import Reference
from bot.content.glossary import Glossary
from bot.content.record import Row
from bot.content.review import State, check_move
from bot.content.store import Draft
from bot.content.topic import Kind
from bot.database import SESSION
from bot.desk import language
from bot.desk import store as staff_store
from bot.desk.auth import OWN_FORM, OnTexts
from bot.desk.language import Language
from bot.desk.screen import Screen, desk_of, sentence, show
from bot.desk.store import Staff
from bot.errors import NotAllowed
from bot.translation import gettext as _
from bot.translation import later

LONGEST_REMARK = 4000
NO_REMARK = later("Write the remark, at most {longest_remark} characters.", longest_remark=LONGEST_REMARK)
REMARKED = "remark"

LABELS = {
    State.IN_REVIEW: later("Submit for review"),
    State.APPROVED: later("Approve"),
    State.DRAFT: later("Request changes"),
    State.WITHDRAWN: later("Withdraw at once"),
    State.RETIRED: later("Retire"),
}
"""What a link says that leads to a move into a state, in the order of the page."""

QUIET = frozenset({State.DRAFT, State.WITHDRAWN, State.RETIRED})

UNDO = {State.IN_REVIEW: State.DRAFT, State.WITHDRAWN: State.IN_REVIEW}
"""After a move into a state: the move that takes it back, for those who may make it."""

router = APIRouter(route_class=Screen, include_in_schema=False)
RevisionId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Said = Annotated[str, Form(pattern=r"^[^\x00]*$", max_length=3 * LONGEST_REMARK)]


@router.get("/desk/review/{revision_id}")
def revision(
    request: Request,
    revision_id: RevisionId,
    staff: OnTexts,
    done: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """One revision in full."""
    return _page(request, revision_id, staff, done=done)


@router.post("/desk/review/{revision_id}/remark", dependencies=OWN_FORM)
def remark(request: Request, revision_id: RevisionId, staff: OnTexts, remark: Said = "") -> Response:
    """Add a remark; it changes nothing else."""
    said, now = as_typed(remark), datetime.now(UTC)
    if not 0 < len(said) <= LONGEST_REMARK:
        return _page(request, revision_id, staff, status=422, remark_error=NO_REMARK, typed=remark)
    with desk_of(request).database.writing() as session:
        governance.comment(session, revision_id, said, actor=staff.name, now=now)
        staff_store.note(session, actor=staff.name, action="revision.remarked", subject=str(revision_id), now=now)
    return RedirectResponse(f"/desk/review/{revision_id}?done={REMARKED}#remarks", 303)


def as_typed(text: str) -> str:
    """What somebody typed, with the line ends that a browser changes put back."""
    return text.replace("\r\n", "\n").strip()


def refused(row: Row, after: State, staff: Staff) -> str | None:
    """Why this person may not make this move; None if they may."""
    try:
        check_move(row.state, after, role=staff.role, actor=staff.name, author=row.author)
    except NotAllowed as error:
        return sentence(str(error))
    return None


def earlier_approved(history: list[Row], row: Row) -> list[Row]:
    """The approved revisions that one could go back to from this one; none if it is not the newest approved one."""
    approved = [one for one in history if one.state is State.APPROVED]
    return approved[1:] if approved and approved[0].revision_id == row.revision_id else []


def may_edit(row: Row, staff: Staff) -> bool:
    """Whether this person may write a new revision of this text: only topics are written as Markdown."""
    return row.kind in set(Kind) and staff.role in governance.WRITERS


def _actions(row: Row, staff: Staff, history: list[Row]) -> list[tuple[str, str, bool]]:
    """Where each thing that may be done is done: address, label, and whether it is drawn quietly."""
    here = f"/desk/review/{row.revision_id}"
    found = [
        (f"{here}/move/{after}", label, after in QUIET)
        for after, label in LABELS.items()
        if refused(row, after, staff) is None
    ]
    if earlier_approved(history, row) and refused(row, State.RETIRED, staff) is None:
        found.append((f"{here}/roll-back", _("Roll back"), True))
    if may_edit(row, staff):
        found.append((f"{here}/edit", _("Edit as a new draft"), True))
    return found


def _evidence(text: Draft, files: Language) -> list[tuple[dict[str, str], list[tuple[str, Reference | None]]]]:
    """Each key fact with the references that it rests on, as the bibliography has them today."""
    known = files.rules.references
    return [(one, [(name, known.get(name)) for name in one["references"]]) for one in text.evidence]


def _terms(request: Request, session: SESSION, text: Draft) -> list[tuple[str, str]]:
    """The words of the text that are explained to whoever asks, each with its explanation."""
    mode, today = desk_of(request).settings.mode, datetime.now(UTC).date()
    glossary = Glossary(store.load_catalogue(session, mode=mode, today=today))
    used = glossary.used_in("\n".join(str(one) for one in text.texts.values()))
    return [(one.title, str(next(iter(one.texts.values())))) for one in used]


def _page(
    request: Request, revision_id: int, staff: Staff, *, status: int = 200, done: str = "", remark_error: str = "",
    typed: str = "",
) -> Response:  # fmt: skip
    files = language.read(desk_of(request).settings)
    with desk_of(request).database.reading() as session:
        row, text = record.show(session, revision_id)
        history = record.history(session, row.topic)
        moves, remarks = record.moves(session, row.topic), governance.comments(session, revision_id)
        tasks = [task for task in governance.open_tasks(session) if task.topic == row.topic]
        terms = _terms(request, session, text)
    back = UNDO.get(row.state) if done == row.state else None
    return show(
        "revision.html", staff=staff, status=status, row=row, text=text, today=datetime.now(UTC).date(), done=done,
        ages=editing.ages(text.texts, files.rules.house), evidence=_evidence(text, files), terms=terms,
        closing=files.closing(text.closing), remarks=remarks, moves=moves, history=history, tasks=tasks,
        actions=_actions(row, staff, history), remark_error=remark_error, typed=typed,
        undo=back if back and refused(row, back, staff) is None else None, undo_label=LABELS.get(back) if back else "",
        why_no_approval=refused(row, State.APPROVED, staff) if row.state is State.IN_REVIEW else None,
    )  # fmt: skip
