"""The audit, as admins read it."""

import csv
import io
import re
from datetime import timedelta

import pytest

from bot.database import Database
from bot.desk import audit as page
from bot.desk import store
from tests.desk.conftest import SCRIPT, Open, audit
from tests.when import NOW


@pytest.fixture
def noted(database: Database) -> None:
    """Lines of three days."""
    with database.writing() as session:
        for number in range(250):
            actor, action = "Ann" if number % 2 else "Bea", "ticket.viewed" if number % 5 else "staff.added_author"
            day = NOW + timedelta(days=number // 100)
            store.note(session, actor=actor, action=action, subject=f"subject {number}", now=day)


def subjects(html: str) -> list[int]:
    return [int(one) for one in re.findall(r"subject (\d+)</td>", html)]


def test_it_is_read_page_by_page_the_newest_first(browser: Open, noted: None) -> None:
    mine = browser("admin")
    address, read = "/desk/audit?action=t", []
    for _ in range(10):
        html = mine.get(address).text
        read += subjects(html)
        found = re.findall(r'href="(/desk/audit\?[^"]*before=\d+)"', html)
        if not found:
            break
        address = found[0].replace("&amp;", "&")
    assert read == [number for number in range(249, -1, -1) if number % 5]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("person=Ann", {n for n in range(250) if n % 2}),
        ("person=ann", set()),
        ("action=staff.added_author", {n for n in range(250) if not n % 5}),
        ("action=staff.added", {n for n in range(250) if not n % 5}),
        ("action=%25viewed", set()),
        ("subject=subject+7", {7}),
        ("since=2026-11-21&until=2026-11-21", set(range(100, 200))),
        ("since=2026-11-22", set(range(200, 250))),
        ("until=2026-11-20&person=Bea", {n for n in range(100) if not n % 2}),
        ("person='+OR+1=1--", set()),
    ],
)
def test_it_is_filtered_by_person_action_subject_and_day(
    browser: Open, noted: None, query: str, expected: set[int]
) -> None:
    table = browser("admin").get(f"/desk/audit.csv?{query}").text
    lines = list(csv.reader(io.StringIO(table)))
    assert tuple(lines[0]) == page.COLUMNS
    assert {int(line[4].split()[1]) for line in lines[1:] if line[4].startswith("subject")} == expected


@pytest.mark.parametrize("query", ["since=yesterday", "until=31/12/2026", "since=2026-02-30"])
@pytest.mark.parametrize("address", ["/desk/audit", "/desk/audit.csv"])
def test_a_day_that_is_none_is_refused_and_nothing_is_lost(browser: Open, address: str, query: str) -> None:
    answer = browser("admin").get(f"{address}?{query}&person=Ann")
    assert (answer.status_code, str(page.NO_DATE) in answer.text) == (422, True)
    assert 'value="Ann"' in answer.text


def test_taking_it_along_is_written_down(browser: Open, database: Database) -> None:
    answer = browser("admin").get("/desk/audit.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert audit(database)[-1] == ("admin", "audit.exported", "audit")
    assert "audit.exported" in answer.text


def test_a_spreadsheet_computes_nothing(browser: Open, database: Database) -> None:
    with database.writing() as session:
        for actor in ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", SCRIPT):
            store.note(session, actor=actor, action="a", subject=actor, now=NOW)
    mine = browser("admin")
    lines = list(csv.reader(io.StringIO(mine.get("/desk/audit.csv").text)))
    assert not [cell for line in lines for cell in line if cell[:1] in tuple("=+-@")]
    assert "<script>" not in mine.get("/desk/audit").text
    assert "No line fits." in mine.get("/desk/audit?person=nobody").text
