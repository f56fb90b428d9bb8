"""Tickets taken out of Axis by staff: CSV, FHIR, text, paper; each with its line in the audit."""

import csv
import io

import pytest
from fhir.resources.R4B.bundle import Bundle

from bot.database import Database
from bot.desk.exports import BYTE_ORDER_MARK
from bot.triage.fhir_read import from_bundle
from bot.triage.store import Ticket
from tests.desk.conftest import SCRIPT, Browser, Open, audit, form, open_ticket

KINDS = {
    ".fhir.json": ("ticket.exported_fhir", "application/fhir+json"),
    ".txt": ("ticket.exported_text", "text/plain; charset=utf-8"),
    "/print": ("ticket.printed", "text/html; charset=utf-8"),
}


def path(ticket: Ticket, kind: str) -> str:
    return f"/desk/tickets/{ticket.id}{kind}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ["front_desk", "clinician", "admin"])
def test_who_works_on_tickets_takes_them_out_and_it_is_written_down(
    browser: Open, database: Database, ticket: Ticket, kind: str, role: str
) -> None:
    action, media_type = KINDS[kind]
    answer = browser(role).get(path(ticket, kind))
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["cache-control"] == "no-store"
    assert "it hurts" in answer.text
    assert audit(database)[1:] == [(role, action, ticket.id)]


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_else_does(browser: Open, stranger: Browser, database: Database, ticket: Ticket, kind: str) -> None:
    answer = stranger.get(path(ticket, kind))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/desk/login")
    for role in ("author", "reviewer"):
        refused = browser(role).get(path(ticket, kind))
        assert refused.status_code == 403
        assert "it hurts" not in refused.text
    assert all(action == "staff.signed_in" for _, action, _ in audit(database))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_there_is_not_found(browser: Open, database: Database, kind: str) -> None:
    mine = browser("front_desk")
    assert mine.get(f"/desk/tickets/{'0' * 32}{kind}").status_code == 404
    assert mine.get(f"/desk/tickets/nonsense{kind}").status_code == 422
    assert len(audit(database)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_without_the_audit_nothing_is_handed_out(browser: Open, database: Database, ticket: Ticket, kind: str) -> None:
    mine = browser("front_desk")
    with database.writing() as session:
        session.connection().exec_driver_sql("DROP TABLE audit")
    answer = mine.get(path(ticket, kind))
    assert answer.status_code == 503
    assert "it hurts" not in answer.text


def test_the_bundle_reads_back_into_the_ticket(browser: Open, ticket: Ticket) -> None:
    answer = browser("front_desk").get(path(ticket, ".fhir.json"))
    assert answer.headers["content-disposition"] == f'attachment; filename="ticket-{ticket.id[:6]}.fhir.json"'
    case = from_bundle(Bundle.model_validate_json(answer.text))
    assert case.ticket == ticket
    assert [(one.role, one.text) for one in case.spoken] == [
        ("assistant", "Hello."),
        ("patient", "it hurts"),
        ("assistant", "Talk to the team."),
    ]
    assert case.spoken[2].texts[0].topic == "example"


def test_the_queue_goes_out_as_it_is_shown(browser: Open, database: Database) -> None:
    routine = open_ticket(database, by="asked_for_person", said="=cmd|' /C calc'!A0")
    urgent = open_ticket(database, by="emergency", said="it hurts\nso much, é")
    mine = browser("front_desk")
    answer = mine.get("/desk/tickets.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="tickets-open.csv"'
    assert answer.text.startswith(BYTE_ORDER_MARK)
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix(BYTE_ORDER_MARK))))
    assert [row["id"] for row in rows] == [urgent.id, routine.id]
    assert [row["summary"] for row in rows] == ["it hurts\nso much, é", "'=cmd|' /C calc'!A0"]
    resolved = mine.get("/desk/tickets.csv?show=resolved")
    assert list(csv.DictReader(io.StringIO(resolved.text))) == []
    subjects = [(action, subject) for _, action, subject in audit(database)[1:]]
    assert subjects == [("queue.exported_csv", "open, 2 tickets"), ("queue.exported_csv", "resolved, 0 tickets")]
    assert mine.get("/desk/tickets.csv?show=all").status_code == 422


def test_the_queue_is_for_those_who_work_on_it(browser: Open, stranger: Browser, ticket: Ticket) -> None:
    assert stranger.get("/desk/tickets.csv").status_code == 303
    assert browser("author").get("/desk/tickets.csv").status_code == 403


def test_the_pages_lead_to_what_can_be_taken_out(browser: Open, ticket: Ticket) -> None:
    mine = browser("front_desk")
    page = mine.get(f"/desk/tickets/{ticket.id}").text
    for kind in KINDS:
        assert f'href="{path(ticket, kind)}"' in page
    assert 'href="/desk/tickets.csv?show=open"' in mine.get("/desk").text
    assert 'href="/desk/tickets.csv?show=resolved"' in mine.get("/desk?show=resolved").text


def test_a_ticket_can_still_be_moved(browser: Open, ticket: Ticket) -> None:
    """The exports' addresses stand before the ticket's own and must take nothing from them."""
    mine = browser("front_desk")
    action = f"/desk/tickets/{ticket.id}/claim"
    assert mine.client.post(action, data=form(mine.get(f"/desk/tickets/{ticket.id}").text, action)).status_code == 303


def test_paper_says_what_the_patient_wrote_and_names_what_axis_showed(browser: Open, ticket: Ticket) -> None:
    page = browser("front_desk").get(path(ticket, "/print")).text
    for text in ("Emergency: request to the team", "It is not a diagnosis", "emergency_words, version 2", "it hurts",
                 "Showed example, revision 2, plain.", "No intake was taken.", "Printed by front_desk"):  # fmt: skip
        assert text in page
    assert "Talk to the team." not in page


def test_what_a_patient_wrote_is_only_text(browser: Open, database: Database) -> None:
    ticket = open_ticket(database, said=SCRIPT)
    page = browser("front_desk").get(path(ticket, "/print")).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    text = browser("front_desk").get(path(ticket, ".txt"))
    assert text.headers["x-content-type-options"] == "nosniff"
