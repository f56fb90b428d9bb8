"""Telephone triage: staff type what a caller says, and get red flags, words to read out, questions, and a ticket.

Each submit answers with the whole page. While somebody types, a small script asks for the parts of the page that
change; red flags come from the rules alone, and never wait for the search.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from bot.content.blocks import Text
from bot.content.topic import Level
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.desk import call as calls
from bot.desk import guide as guides
from bot.desk.auth import OWN_FORM, OnTickets
from bot.desk.call import LONGEST, About, Call
from bot.desk.guide import Asked, Guide
from bot.desk.listening import Understood, listen
from bot.desk.queue import SYMBOLS
from bot.desk.screen import FOLDER, Screen, desk_of, show
from bot.desk.shelf import Found, Shelf
from bot.desk.store import Staff
from bot.errors import NotFound
from bot.settings import Settings
from bot.translation import gettext as _
from bot.triage.ticket import Urgency

PATH = "/desk/phone"
WORDS_A_MINUTE = 150
"""How fast a text is read out on the telephone. Own choice: the slow end of plain speech."""

router = APIRouter(route_class=Screen, include_in_schema=False)


@dataclass(frozen=True)
class Phone:
    """What telephone triage works with, put together by `bot.app`."""

    fixed: Fixed
    guide: Guide
    shelf: Shelf

    @classmethod
    def build(cls, settings: Settings, *, fixed: Fixed, database: Database) -> "Phone":
        """Read the guide and open the shelf.

        Raises:
            DataError: data/<language>/phone.yml is wrong.
        """
        guide = guides.load(settings.language_dir / "phone.yml", fixed)
        return cls(fixed=fixed, guide=guide, shelf=Shelf(database, settings))

    def listen(self, call: Call) -> Understood:
        """What the rules find in a call; needs neither the database nor the network."""
        return listen(call.said, further=call.further, fixed=self.fixed, guide=self.guide)

    def questions(self, call: Call, understood: Understood) -> list[Asked]:
        """What to ask now, and what has been answered already."""
        answered = [name for name, _answer in call.answers]
        return self.guide.named(dict.fromkeys([*(one.id for one in understood.questions), *answered]))


def phone_of(request: Request) -> Phone:
    """What telephone triage works with."""
    phone: Phone = request.app.state.phone
    return phone


Long = Annotated[str, Form(max_length=8 * LONGEST["said"])]
Many = Annotated[list[str], Form(max_length=100)]


def typed(
    call: Annotated[str, Form(pattern=r"^[0-9a-f]{32}$")],
    *,
    about: Annotated[About, Form()] = About.CALLER,
    said: Long = "",
    level: Annotated[Level, Form()] = Level.PLAIN,
    asked: Many = [],  # noqa: B006 - FastAPI copies it
    answer: Many = [],  # noqa: B006
    read: Many = [],  # noqa: B006
    summary: Long = "",
    caller: Long = "",
    number: Long = "",
    urgency: Long = "",
    reason: Long = "",
) -> Call:
    """The form as it was sent; nothing in it is cut off."""
    answers = ((name, clean(one)) for name, one in zip(asked, answer, strict=False))
    return Call(
        id=call, about=about, said=clean(said), level=level, answers=tuple(pair for pair in answers if pair[1]),
        read=tuple(dict.fromkeys(read)), summary=clean(summary), caller=clean(caller), number=clean(number),
        urgency=Urgency(urgency) if urgency in set(Urgency) else None, reason=clean(reason),
    )  # fmt: skip


def clean(text: str) -> str:
    """What was typed, with one sort of line break and without what no database can hold."""
    return text.replace("\r\n", "\n").replace("\x00", "\ufffd").strip()


Typed = Annotated[Call, Depends(typed)]


@router.get(PATH)
def page(request: Request, staff: OnTickets) -> Response:
    """An empty page for a new call."""
    return _page(request, Call(id=uuid4().hex), staff)


@router.post(PATH, dependencies=OWN_FORM)
def check(request: Request, call: Typed, staff: OnTickets) -> Response:
    """The page with all that was found, without a script."""
    return _page(request, call, staff)


@router.post(f"{PATH}/live", dependencies=OWN_FORM)
def live(request: Request, call: Typed, staff: OnTickets) -> Response:
    """The parts that the rules alone fill: red flags, what was understood, questions."""
    # What is typed and ticked stays in the browser: a part is drawn anew only when what was found has changed.
    return show("phone_live.html", staff=staff, **{**_heard(phone_of(request), replace(call, read=())), "answers": {}})


@router.post(f"{PATH}/texts", dependencies=OWN_FORM)
def texts(request: Request, call: Typed, staff: OnTickets) -> Response:
    """The part with the vetted texts."""
    phone = phone_of(request)
    call = replace(call, read=())
    return show("phone_texts.html", staff=staff, call=call, **_found(phone, call, phone.listen(call)))


@router.post(f"{PATH}/ticket", dependencies=OWN_FORM)
def ticket(request: Request, call: Typed, staff: OnTickets) -> Response:
    """Make the call a ticket, or say what is missing and keep everything that was typed."""
    phone = phone_of(request)
    understood = phone.listen(call)
    if wrong := calls.faults(call, understood.assessment):
        return _page(request, call, staff, faults=wrong)
    try:
        with desk_of(request).database.writing() as session:
            made = calls.open_ticket(
                session, call, understood, staff=staff, fixed=phone.fixed, guide=phone.guide, now=datetime.now(UTC)
            )
    except NotFound:
        return _page(request, call, staff, faults={"read": calls.NOT_THERE})
    return RedirectResponse(f"/desk/tickets/{made}", 303)


@router.get("/desk/static/phone.js")
def script(staff: OnTickets) -> Response:
    """The screen's script."""
    return FileResponse(FOLDER / "static" / "phone.js", media_type="text/javascript")


@router.get("/desk/static/phone.css")
def stylesheet(staff: OnTickets) -> Response:
    """The screen's style sheet."""
    return FileResponse(FOLDER / "static" / "phone.css", media_type="text/css")


def _page(request: Request, call: Call, staff: Staff, *, faults: dict[str, str] | None = None) -> Response:
    phone = phone_of(request)
    heard = _heard(phone, call)
    texts = _found(phone, call, heard["understood"])
    return show(
        "phone.html", staff=staff, status=422 if faults else 200, faults=faults or {}, numbers=phone.fixed.numbers,
        abouts=list(About), levels=list(Level), urgencies=list(Urgency), **heard, **texts,
        kept=_kept(call, heard["understood"], texts["found"]),
    )  # fmt: skip


def _heard(phone: Phone, call: Call) -> dict[str, Any]:
    understood = phone.listen(call)
    return {
        "call": call, "understood": understood, "questions": phone.questions(call, understood), "symbols": SYMBOLS,
        "answers": dict(call.answers), "longest": LONGEST,
    }  # fmt: skip


def _found(phone: Phone, call: Call, understood: Understood) -> dict[str, Any]:
    nothing = Found((), by_meaning=True)
    found = phone.shelf.find(call.said, {term.id for term in understood.terms}) if call.said else nothing
    unreviewed = phone.fixed.words.paragraphs("unreviewed")
    return {"found": found, "reading_time": reading_time, "unreviewed": unreviewed, "name_of": name_of}


def _kept(call: Call, understood: Understood, found: Found) -> list[str]:
    """What was read out and is no longer shown."""
    shown = {flag.text.id for flag in understood.flags} | ({understood.refusal.id} if understood.refusal else set())
    shown |= {name_of(one.topic.topic, one.topic.revision, call.level) for one in found.volumes if not one.withheld}
    return [name for name in call.read if name not in shown]


def name_of(topic: str, revision: int, level: Level) -> str:
    """How a text is named that was read out."""
    return f"topic/{topic}/{revision}/{level}"


def reading_time(text: Text) -> str:
    """How long reading a text out takes, in words."""
    seconds = max(10, round(len(str(text).split()) * 60 / WORDS_A_MINUTE / 10) * 10)
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return _("{seconds} s").format(seconds=rest)
    if not rest:
        return _("{minutes} min").format(minutes=minutes)
    return _("{minutes} min {seconds} s").format(minutes=minutes, seconds=rest)
