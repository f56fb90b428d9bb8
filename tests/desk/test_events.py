"""The stream that keeps open staff pages up to date: what it tells, to whom, and that it ends with the session."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from bot.database import Database
from bot.triage import around
from bot.triage.store import Ticket
from tests.desk.conftest import Open, open_ticket
from tests.desk.test_tickets import path
from tests.serving import serving
from tests.when import NOW


@pytest.fixture
def url(app: FastAPI) -> Iterator[str]:
    with serving(app) as made:
        yield made


def told(lines: Iterator[str], name: str) -> Any:
    """The content of the next event of this name."""
    event = ""
    for line in lines:
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        if line.startswith("data: ") and event == name:
            return json.loads(line.removeprefix("data: "))
    return None


def test_a_stream_tells_that_something_changed_and_who_looks_and_no_words(
    url: str, app: FastAPI, browser: Open, database: Database
) -> None:
    ticket = open_ticket(database, said="canary of the patient")
    mine = browser("front_desk")
    cookies = dict(mine.client.cookies)
    address = f"{url}/desk/events?ticket={ticket.id}"
    with httpx2.stream("GET", address, cookies=cookies, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "no-store" in answer.headers["cache-control"]
        lines = answer.iter_lines()
        first = told(lines, "ticket")
        assert first["viewers"] == ["front_desk"]
        assert first["state"] == "waiting_for_staff"
        browser("clinician").submit(path(ticket), path(ticket, "claim"))
        changed = told(lines, "ticket")
        assert "canary" not in json.dumps([first, changed])
        while changed["version"] == first["version"]:
            changed = told(lines, "ticket")
        assert changed["viewers"] == ["clinician", "front_desk"]
        mine.submit("/desk", "/desk/logout")
        app.state.desk.bell.ring("")
        assert told(lines, "nothing") is None  # it has ended


@pytest.mark.parametrize("name", ["author", "reviewer"])
def test_who_does_not_work_on_tickets_gets_no_stream(browser: Open, name: str) -> None:
    assert browser(name).get("/desk/events").status_code == 403


def test_a_viewer_who_has_gone_is_not_shown_for_long(database: Database, ticket: Ticket) -> None:
    with database.writing() as session:
        around.see(session, ticket.id, "Ann", now=NOW)
        assert around.viewers(session, ticket.id, now=NOW + around.SEEN_FOR) == []
