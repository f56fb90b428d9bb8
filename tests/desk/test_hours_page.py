"""The opening hours as an admin edits them: versions, undo, and what patients are told soon after."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from actions.clinic import hours as said_hours
from actions.shop import Shop
from actions.turn import Memory, Part
from bot.app import create
from bot.content import store as contents
from bot.content.blocks import as_text
from bot.conversation.fixed import Fixed
from bot.conversation.verify import _words
from bot.database import Database
from bot.desk import watch
from bot.roles import Role
from bot.settings import Settings
from bot.triage import calendar
from tests.desk.conftest import Browser, Open, audit
from tests.when import NOW

PAGE = "/desk/hours"
GOOD = {
    "monday": "07:30-12:00, 13:00-18:00", "tuesday": "", "wednesday": "", "thursday": "", "friday": "", "saturday": "",
    "sunday": "", "zone": "Europe/Berlin", "holidays": "2030-12-24 08:00-12:00 Christmas Eve\n2030-12-25 Christmas Day",
}  # fmt: skip


@pytest.fixture
def admin(browser: Open) -> Browser:
    return browser("admin")


def latest(database: Database) -> int:
    with database.reading() as session:
        return calendar.latest(session.connection())


def test_what_an_admin_saves_counts_and_can_be_undone(admin: Browser, database: Database) -> None:
    assert admin.submit(PAGE, PAGE, **GOOD).status_code == 303
    page = admin.get(PAGE).text
    assert "7:30 am to 12:00 pm, 1:00 pm to 6:00 pm" in page
    assert "Christmas Eve, 24 December 2030" in page
    assert 'value="07:30-12:00, 13:00-18:00"' in page
    assert "2030-12-24 08:00-12:00 Christmas Eve\n2030-12-25 Christmas Day" in page
    assert admin.submit(PAGE, PAGE, **{**GOOD, "monday": "09:00-10:00"}).status_code == 303
    assert admin.submit(PAGE, f"{PAGE}/1/restore").status_code == 303
    assert "7:30 am to 12:00 pm" in admin.get(PAGE).text
    assert "restored from version 1" in admin.get(PAGE).text
    assert admin.submit(PAGE, f"{PAGE}/0/restore").status_code == 303
    assert "8:00 am to 5:00 pm" in admin.get(PAGE).text
    assert latest(database) == 4
    lines = [line for line in audit(database) if line[1].startswith("hours")]
    assert [line[1] for line in lines] == ["hours.saved", "hours.saved", "hours.restored", "hours.restored"]
    assert admin.get(f"{PAGE}").status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("monday", "8 to 5", "is not a span"),
        ("sunday", "10:00-12:00, 11:00-13:00", "overlap"),
        ("zone", "Berlin", "IANA"),
        ("holidays", "Christmas", "Line 1: write the date"),
        ("holidays", "2030-02-31 Nonsense", "Line 1"),
        ("holidays", "2030-12-25 A\n2030-12-25 B", "stands twice"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands_and_kept(
    admin: Browser, database: Database, field: str, value: str, said: str
) -> None:
    answer = admin.submit(PAGE, PAGE, **{**GOOD, field: value, "tuesday": "06:00-07:00"} | {field: value})
    assert answer.status_code == 422
    assert said in answer.text
    assert f'id="{field}-wrong"' in answer.text
    assert "06:00-07:00" in answer.text
    if field != "zone":
        assert value in answer.text
    assert latest(database) == 0


def test_of_two_who_save_the_second_is_told_and_loses_nothing(admin: Browser, database: Database) -> None:
    assert admin.submit(PAGE, PAGE, **GOOD).status_code == 303
    answer = admin.submit(PAGE, PAGE, **{**GOOD, "base": "0", "friday": "05:00-06:00"})
    assert answer.status_code == 409
    assert "05:00-06:00" in answer.text
    assert latest(database) == 1


@pytest.mark.parametrize("role", ["front_desk", "clinician", "author", "reviewer"])
def test_only_an_admin_sees_and_changes_them(browser: Open, role: str) -> None:
    mine = browser(role)
    assert mine.get(PAGE).status_code == 403
    assert mine.client.post(PAGE, data=GOOD).status_code == 403


def test_patients_are_told_the_edited_hours(stocked_settings: Settings, tmp_path: Path) -> None:
    """In the public facts, and by the action server, which is a process of its own."""
    app: FastAPI = create(stocked_settings)
    desk = app.state.desk
    shop = Shop(stocked_settings)
    changed = desk.fixed.clinic.hours.model_copy(
        update={"week": {**desk.fixed.clinic.hours.week, "saturday": ["10:00-11:00"]}}
    )
    with desk.database.writing() as session:
        calendar.save(session, changed, base=0, actor="Ann", role=Role.ADMIN, now=NOW)
        contents.import_drafts(session, [desk.fixed.hours_wording(changed)], now=NOW)
    watch.tend(desk, NOW)
    lines = TestClient(app).get("/api/v1/clinic").json()["opening_hours"]
    assert {"days": "Saturday", "hours": "10:00 am to 11:00 am"} in lines
    shop.refresh()
    piece = said_hours(Part(text="when are you open", intent="ask_hours", memory=Memory()), shop)
    told = as_text(piece.blocks[-1])
    assert "Saturday\n- Hours: 10:00 am to 11:00 am" in told
    with desk.database.reading() as session:
        words = _words(session, Fixed.load(stocked_settings))
    assert all(any(one.fullmatch(line) for one in words) for line in told.splitlines() if line)
