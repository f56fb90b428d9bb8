"""The audit: who saw and changed what, for admins to read and to take along."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from bot.desk import store
from bot.desk.auth import OnStaff
from bot.desk.screen import Screen, desk_of, show
from bot.desk.store import Line, Staff, Wanted
from bot.translation import later

PAGE = 100
MOST_EXPORTED = 100_000
NO_DATE = later("A day is written as in 2027-05-31.")
ACTIONS = ("staff.", "ticket.", "revision.", "audit.")
"""How actions begin; the page offers them."""

COLUMNS = ("id", "at", "person", "action", "subject")

router = APIRouter(route_class=Screen, include_in_schema=False)
Typed = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")]


@dataclass(frozen=True, slots=True)
class Filter:
    """What somebody typed into the form above the lines."""

    person: Typed = ""
    action: Typed = ""
    subject: Typed = ""
    since: Typed = ""
    until: Typed = ""

    @property
    def query(self) -> str:
        """As a part of an address."""
        values = {name: getattr(self, name) for name in ("person", "action", "subject", "since", "until")}
        return urlencode({name: value for name, value in values.items() if value})

    def wanted(self) -> Wanted:
        """The lines that it means; `until` is the last day and not the one after it.

        Raises:
            ValueError: a day is none.
        """
        until = _day(self.until)
        return Wanted(
            actor=self.person.strip(), action=self.action.strip(), subject=self.subject.strip(),
            since=_day(self.since), until=until + timedelta(days=1) if until else None,
        )  # fmt: skip


Filtered = Annotated[Filter, Depends()]


@router.get("/desk/audit")
def audit(
    request: Request, staff: OnStaff, chosen: Filtered, before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> Response:
    """A page of it, the newest first."""
    try:
        wanted = chosen.wanted()
    except ValueError:
        return _page(staff, chosen, error=NO_DATE, status=422)
    with desk_of(request).database.reading() as session:
        lines = store.audit_lines(session, wanted, before=before, most=PAGE + 1)
    older = f"{chosen.query}&before={lines[PAGE - 1].id}".lstrip("&") if len(lines) > PAGE else ""
    return _page(staff, chosen, lines=lines[:PAGE], older=older)


@router.get("/desk/audit.csv")
def as_csv(request: Request, staff: OnStaff, chosen: Filtered) -> Response:
    """All lines of the filter, as a table for other programs; that it was taken is written down."""
    try:
        wanted = chosen.wanted()
    except ValueError:
        return _page(staff, chosen, error=NO_DATE, status=422)
    now = datetime.now(UTC)
    with desk_of(request).database.writing() as session:
        store.note(session, actor=staff.name, action="audit.exported", subject="audit", now=now)
    with desk_of(request).database.reading() as session:
        lines = store.audit_lines(session, wanted, most=MOST_EXPORTED)
    headers = {"Content-Disposition": f'attachment; filename="axis-audit-{now:%Y-%m-%d}.csv"'}
    return Response(table(lines), media_type="text/csv; charset=utf-8", headers=headers)


def _page(
    staff: Staff,
    chosen: Filter,
    *,
    lines: Sequence[Line] = (),
    older: str = "",
    error: str = "",
    status: int = 200,
) -> Response:
    return show(
        "audit.html", staff=staff, status=status, chosen=chosen, lines=lines, older=older, error=error, actions=ACTIONS
    )


def table(lines: list[Line]) -> str:
    """Lines as CSV; a cell that a spreadsheet would compute begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for line in lines:
        cells = (line.actor, line.action, line.subject)
        writer.writerow([line.id, line.at.isoformat(), *map(_harmless, cells)])
    return out.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell[:1] in tuple("=+-@\t\r") else cell


def _day(typed: str) -> datetime | None:
    return datetime.combine(date.fromisoformat(typed.strip()), time(), UTC) if typed.strip() else None
