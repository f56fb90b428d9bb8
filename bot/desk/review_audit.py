"""Every move of every text: who, when, into which state, why; narrowed by a filter, and as a file."""

import csv
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from bot.content import record
from bot.content.record import Move, Wanted
from bot.content.review import State
from bot.desk.auth import OnTexts
from bot.desk.review_start import Asked
from bot.desk.screen import Screen, desk_of, show
from bot.translation import gettext as _
from bot.translation import later

MOST, MOST_IN_FILE = 200, 100_000
COLUMNS = (
    later("at (UTC)"), later("topic"), later("revision"), later("state"), later("by"), later("next review due"),
    later("note"),
)  # fmt: skip

router = APIRouter(route_class=Screen, include_in_schema=False)


def wanted(words: Asked = "", actor: Asked = "", state: Asked = "", since: Asked = "", until: Asked = "") -> Wanted:
    """The filter of a request; both days belong to it. What is no day narrows nothing, and the page says so."""
    first, last = _day(since), _day(until)
    return Wanted(
        words=words.strip(), actor=actor, state=State(state) if state in set(State) else None,
        since=datetime.combine(first, time(), UTC) if first else None,
        until=datetime.combine(last + timedelta(days=1), time(), UTC) if last else None,
    )  # fmt: skip


Narrowed = Annotated[Wanted, Depends(wanted)]


@router.get("/desk/review/moves")
def moves(
    request: Request, staff: OnTexts, narrowed: Narrowed, since: Asked = "", until: Asked = ""
) -> Response:  # fmt: skip
    """The moves, the newest first."""
    with desk_of(request).database.reading() as session:
        found = record.all_moves(session, narrowed, most=MOST + 1)
        people = record.actors(session)
    wrong = [name for name, typed in ((_("From"), since), (_("Until"), until)) if typed and _day(typed) is None]
    return show(
        "moves.html", staff=staff, moves=found[:MOST], more=len(found) > MOST, most=MOST, people=people,
        states=list(State), narrowed=narrowed, since=since, until=until, wrong=wrong, query=request.url.query,
    )  # fmt: skip


@router.get("/desk/review/moves.csv")
def as_csv(request: Request, staff: OnTexts, narrowed: Narrowed) -> Response:
    """The same as a file."""
    with desk_of(request).database.reading() as session:
        found = record.all_moves(session, narrowed, most=MOST_IN_FILE)
    written = StringIO()
    lines = csv.writer(written)
    lines.writerow(COLUMNS)
    lines.writerows([harmless(cell) for cell in _cells(one)] for one in found)
    headers = {"Content-Disposition": 'attachment; filename="moves-of-texts.csv"'}
    return Response(written.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _cells(one: Move) -> tuple[str, ...]:
    due = str(one.review_due or "")
    return (one.at.isoformat(), one.topic, str(one.revision), one.state, one.actor, due, one.note)


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None
