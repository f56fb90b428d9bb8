"""Writing a new revision in the browser: the Markdown, what is wrong with it, how it looks, and saving it."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from bot.content import editing, governance, record, sources, written
from bot.content.editing import Checked
from bot.content.lint import OLDEST_PLAIN_READER
from bot.content.record import Row
from bot.content.store import Draft
from bot.database import SESSION
from bot.desk import language
from bot.desk import store as staff_store
from bot.desk.auth import OWN_FORM, OnTexts
from bot.desk.language import Language
from bot.desk.review import RevisionId, may_edit
from bot.desk.screen import Screen, desk_of, sentence, show
from bot.desk.store import Staff
from bot.errors import Conflict, DataError, NotAllowed
from bot.translation import gettext as _
from bot.translation import later

LONGEST = 40_000
TOO_LONG = later("A text has at most {longest} characters.", longest=LONGEST)

router = APIRouter(route_class=Screen, include_in_schema=False)
Markdown = Annotated[str, Form(pattern=r"^[^\x00]*$")]


class Wish(StrEnum):
    """What a button of the editor does."""

    CHECK = "check"
    SAVE = "save"
    DOWNLOAD = "download"


@router.get("/desk/review/{revision_id}/edit")
def edit(request: Request, revision_id: RevisionId, staff: OnTexts) -> Response:
    """The Markdown of a revision, checked."""
    files = language.read(desk_of(request).settings)
    with desk_of(request).database.reading() as session:
        row, text = record.show(session, revision_id)
        _allow(row, staff)
        source, kept = _source(session, row, text, files)
        base = record.history(session, row.topic)[0].revision
        checked = _check(session, source, row, files)
    return _page(staff, row, source, checked, base=base, rendered=not kept)


@router.get("/desk/review/{revision_id}/source.md")
def source(request: Request, revision_id: RevisionId, staff: OnTexts) -> Response:
    """The Markdown of a revision, to be put into data/<language>/topics."""
    files = language.read(desk_of(request).settings)
    with desk_of(request).database.reading() as session:
        row, text = record.show(session, revision_id)
        _allow(row, staff)
        return download(_source(session, row, text, files)[0], f"{row.topic}.md")


@router.post("/desk/review/{revision_id}/edit", dependencies=OWN_FORM)
def write(
    request: Request,
    revision_id: RevisionId,
    staff: OnTexts,
    *,
    markdown: Markdown = "",
    base: Annotated[int, Form(ge=1, le=2**31 - 1)],
    wish: Annotated[Wish, Form()] = Wish.CHECK,
) -> Response:
    """Check what was written, save it as a new draft, or hand it back as a file; nothing that was typed is lost."""
    files = language.read(desk_of(request).settings)
    typed = markdown.replace("\r\n", "\n")
    with desk_of(request).database.reading() as session:
        row, _text = record.show(session, revision_id)
        _allow(row, staff)
        if wish is Wish.DOWNLOAD:
            return download(typed, f"{row.topic}.md")
        if wish is Wish.SAVE:
            typed = editing.with_author(typed, staff.name)
        checked = _check(session, typed, row, files)
    if wish is Wish.CHECK or checked.draft is None:
        return _page(staff, row, typed, checked, base=base, status=200 if wish is Wish.CHECK else 422, saving=wish)
    try:
        made = _save(request, checked.draft, staff, base=base)
    except Conflict as error:
        with desk_of(request).database.reading() as session:  # saving once more is then a decision
            base = record.history(session, row.topic)[0].revision
        return _page(staff, row, typed, checked, base=base, status=409, error=sentence(str(error)))
    return RedirectResponse(f"/desk/review/{made}?done=written", 303)


def download(text: str, name: str) -> Response:
    """Markdown as a file; a browser saves it and shows none of it."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/markdown; charset=utf-8", headers=headers)


def _allow(row: Row, staff: Staff) -> None:
    """Refuse to edit what is not written as Markdown.

    Raises:
        NotAllowed: it is a fixed text or a word of the glossary.
    """
    if not may_edit(row, staff):
        raise NotAllowed(_("only topics are edited here: fixed texts and the glossary stand in files below data"))


def _source(session: SESSION, row: Row, text: Draft, files: Language) -> tuple[str, bool]:
    """What a revision was written as, and whether that was kept; else it is made from what the store holds.

    Raises:
        NotAllowed: it can be neither found nor made.
    """
    kept = sources.markdown(session, row.revision_id)
    if kept is not None:
        return kept, True
    others = record.company(session, row.topic, text.questions, text.facts).stated
    facts = {place: next(iter(values)) for place, values in others.items()}
    today, rules = datetime.now(UTC).date().isoformat(), files.rules
    try:
        made = written.write(text, lexicon=rules.house.lexicon, plan=rules.plan, facts=facts, written_on=today)
    except DataError as error:
        raise NotAllowed(
            _("the Markdown of this revision was not kept, and {reason}").format(reason=error.reason)
        ) from error
    return made, False


def _check(session: SESSION, typed: str, row: Row, files: Language) -> Checked:
    if len(typed) > LONGEST:
        return Checked(None, None, (editing.Problem(1, TOO_LONG),), {})
    return editing.check(
        typed, row.topic, rules=files.rules, company=lambda *more: record.company(session, *more)
    )  # fmt: skip


def _save(request: Request, draft: Draft, staff: Staff, *, base: int) -> int:
    now = datetime.now(UTC)
    with desk_of(request).database.writing() as session:
        made = governance.save(session, draft, base=base, actor=staff.name, role=staff.role, now=now)
        staff_store.note(session, actor=staff.name, action="revision.written", subject=str(made), now=now)
    return made


def _page(
    staff: Staff, row: Row, typed: str, checked: Checked, *, base: int, status: int = 200, error: str = "",
    saving: Wish = Wish.CHECK, rendered: bool = False,
) -> Response:  # fmt: skip
    return show(
        "edit.html", staff=staff, status=status, row=row, typed=typed, checked=checked, base=base, error=error,
        refused=saving is Wish.SAVE, rendered=rendered, oldest=OLDEST_PLAIN_READER,
    )  # fmt: skip
