"""The opening hours: an admin edits week, holidays and time zone; each saving is a version that can be restored."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from bot.content import store as contents
from bot.desk import store as staff_store
from bot.desk.auth import OWN_FORM, OnTickets, Text, signed_in
from bot.desk.inbox import cleaned
from bot.desk.screen import Desk, Fields, Screen, desk_of, show
from bot.desk.store import Staff
from bot.errors import Conflict, NotAllowed
from bot.hours import WEEKDAYS, Holiday, Hours
from bot.roles import Role
from bot.translation import gettext as _
from bot.triage import calendar

MOST_HOLIDAYS = 200
_HOLIDAY = re.compile(r"^(\d{4}-\d{2}-\d{2})((?:\s+\d{1,2}:\d{2}\s*[-\u2013]\s*\d{1,2}:\d{2},?)*)\s+(\S.*)$")
_SPAN = re.compile(r"\d{1,2}:\d{2}\s*[-\u2013]\s*\d{1,2}:\d{2}")

router = APIRouter(route_class=Screen, include_in_schema=False)


def admin(staff: Annotated[Staff, Depends(signed_in)]) -> Staff:
    """An admin.

    Raises:
        NotAllowed: it is somebody else.
    """
    if staff.role is not Role.ADMIN:
        raise NotAllowed(_("the opening hours are for admins"))
    return staff


Admin = Annotated[Staff, Depends(admin)]
Long = Annotated[str, Form(pattern=r"^[^\x00]*$", max_length=20_000)]


@router.get("/desk/hours")
def view(request: Request, staff: Admin) -> Response:
    """The form, and the versions that there were."""
    return _page(request, staff)


@router.post("/desk/hours", dependencies=OWN_FORM)
def save(
    request: Request,
    staff: Admin,
    *,
    base: Annotated[int, Form()],
    zone: Text = "",
    holidays: Long = "",
    monday: Text = "",
    tuesday: Text = "",
    wednesday: Text = "",
    thursday: Text = "",
    friday: Text = "",
    saturday: Text = "",
    sunday: Text = "",
) -> Response:
    """Save the hours as a new version."""
    days = (monday, tuesday, wednesday, thursday, friday, saturday, sunday)
    typed = {**dict(zip(WEEKDAYS, days, strict=True)), "zone": zone, "holidays": cleaned(holidays)}
    hours, errors = read_form(typed)
    if hours is None:
        return _page(request, staff, status=422, typed=typed, errors=errors)
    try:
        _store(desk_of(request), hours, staff, base=base, action="hours.saved")
    except Conflict as error:
        return _page(
            request,
            staff,
            status=409,
            typed=typed,
            errors={"form": _("{error}. What you typed is still here.").format(error=error)},
        )
    return RedirectResponse("/desk/hours", 303)


@router.post("/desk/hours/{number}/restore", dependencies=OWN_FORM)
def restore(
    request: Request, staff: Admin, number: Annotated[int, Path(ge=0, le=10**9)], base: Annotated[int, Form()]
) -> Response:
    """Make an earlier version count again; 0 is the file's."""
    desk = desk_of(request)
    with desk.database.reading() as session:
        hours = calendar.version(session, number).hours if number else desk.fixed.clinic.hours
    try:
        _store(desk, hours, staff, base=base, action="hours.restored", note=f"restored from version {number}")
    except Conflict as error:
        return _page(request, staff, status=409, errors={"form": f"{error}."})
    return RedirectResponse("/desk/hours", 303)


def _store(desk: Desk, hours: Hours, staff: Staff, *, base: int, action: str, note: str = "") -> None:
    """Save hours, the words that tell them to patients, and the audit line, in one transaction."""
    now = datetime.now(UTC)
    with desk.database.writing() as session:
        number = calendar.save(session, hours, base=base, actor=staff.name, role=staff.role, now=now, note=note)
        contents.import_drafts(session, [desk.fixed.hours_wording(hours)], now=now)
        staff_store.note(session, actor=staff.name, action=action, subject=f"hours {number}", now=now)
    desk.fixed.note_hours(hours)
    desk.bell.ring("")


def read_form(typed: dict[str, str]) -> tuple[Hours | None, dict[str, str]]:
    """The hours that were typed, or what is wrong with them by field."""
    errors: dict[str, str] = {}
    week = {day: [part.strip() for part in typed[day].split(",") if part.strip()] for day in WEEKDAYS}
    holidays: list[Any] = []
    for number, line in enumerate(filter(str.strip, typed["holidays"].splitlines()), 1):
        try:
            holidays.append(_holiday(line.strip()))
        except ValueError as error:
            errors["holidays"] = _("Line {number}: {fault}").format(number=number, fault=_said(error))
    if len(holidays) > MOST_HOLIDAYS:
        errors["holidays"] = _("At most {most} holidays.").format(most=MOST_HOLIDAYS)
    for day in WEEKDAYS:
        try:
            Hours(zone="UTC", week={day: week[day]})
        except ValidationError as error:
            errors[day] = _said(error)
    try:
        Hours(zone=typed["zone"], week={})
    except ValidationError as error:
        errors["zone"] = _said(error)
    if errors:
        return None, errors
    try:
        return Hours(zone=typed["zone"], week=week, holidays=holidays), {}
    except ValidationError as error:
        return None, {"holidays": _said(error)}


def _holiday(line: str) -> Holiday:
    """A line such as `2026-12-24 08:00-12:00 Christmas Eve`.

    Raises:
        ValueError: it is none.
    """
    found = _HOLIDAY.match(line)
    if found is None:
        raise ValueError(_("write the date, perhaps hours, and a name, such as 2026-12-25 Christmas Day"))
    return Holiday(on=date.fromisoformat(found[1]), hours=_SPAN.findall(found[2]), name=found[3])


def _said(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        return error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
    return str(error)


def _written(hours: Hours) -> dict[str, str]:
    """Hours as the form has them."""
    lines = [" ".join([f"{one.on}", ", ".join(one.hours), one.name]).replace("  ", " ") for one in hours.holidays]
    week = {day: ", ".join(spans) for day, spans in hours.week.items()}
    return {**week, "zone": hours.zone, "holidays": "\n".join(lines)}


def _page(
    request: Request,
    staff: OnTickets,
    *,
    status: int = 200,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    desk, now = desk_of(request), datetime.now(UTC)
    with desk.database.reading() as session:
        versions = calendar.versions(session)
    hours = versions[0].hours if versions else desk.fixed.clinic.hours
    words = desk.fixed.words
    return show(
        "hours.html", staff=staff, status=status, typed=Fields(typed or _written(hours)), errors=Fields(errors or {}),
        base=versions[0].number if versions else calendar.FILE, versions=versions, weekdays=WEEKDAYS,
        zones=sorted(available_timezones()), said=[*words.opening_hours(hours), *words.holidays(hours, now=now)],
        is_open=hours.is_open(now),
    )  # fmt: skip
