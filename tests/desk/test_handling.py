"""What staff do within a ticket, through its page: every form, what it refuses, and that nothing typed is lost."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI

from bot.conversation import store as conversations
from bot.conversation.message import Message, State
from bot.conversation.message import Role as Speaker
from bot.database import Database
from bot.desk import watch
from bot.desk.screen import Desk
from bot.triage import around
from bot.triage.store import Ticket
from bot.triage.ticket import State as TicketState
from bot.triage.ticket import Urgency
from tests.desk.conftest import SCRIPT, Browser, Open, audit, open_ticket
from tests.desk.test_tickets import path, stored


@pytest.fixture
def mine(browser: Open, ticket: Ticket) -> Browser:
    """The front desk, who has claimed the ticket."""
    made = browser("front_desk")
    assert made.submit(path(ticket), path(ticket, "claim")).status_code == 303
    return made


def said(database: Database, ticket: Ticket) -> list[Message]:
    with database.reading() as session:
        return [message for _, message in conversations.history(session, ticket.conversation_id)]


def state(database: Database, ticket: Ticket) -> State:
    with database.reading() as session:
        return conversations.state(session, ticket.conversation_id)


def test_a_reply_reaches_the_patient_with_its_audit_line(mine: Browser, database: Database, ticket: Ticket) -> None:
    answer = mine.submit(path(ticket), path(ticket, "reply"), text="Hello,\r\nhow can we help?", do="send")
    assert answer.status_code == 303
    system, message = said(database, ticket)[-2:]
    assert (system.role, system.text) == (Speaker.SYSTEM, "You are now talking to Front of the team.")
    assert message.role is Speaker.STAFF
    assert message.text.startswith("Hello,\nhow can we help?")
    assert ("front_desk", "conversation.replied", ticket.id) in audit(database)
    assert "how can we help" not in str(audit(database))
    assert "the assistant is silent" in mine.get(path(ticket)).text
    assert mine.submit(path(ticket), path(ticket, "hand-back")).status_code == 303
    assert said(database, ticket)[-1].text == "You are talking to the assistant again."
    assert state(database, ticket) is State.WAITING_FOR_STAFF


def test_a_ready_made_reply_goes_into_the_box_and_not_to_the_patient(
    mine: Browser, database: Database, ticket: Ticket
) -> None:
    before = said(database, ticket)
    page = mine.submit(path(ticket), path(ticket, "reply"), text="Dear patient,", canned="called", do="insert").text
    box = re.findall(r'<textarea id="text"[^>]*>([^<]*)<', page)
    assert box == [
        "Dear patient,\n\nWe tried to call you and could not reach you. You can call us at +1 202-555-0143, "
        "or tell us here when it suits you."
    ]
    assert said(database, ticket) == before


@pytest.mark.parametrize("text", ["", " \r\n ", "x" * 4001])
def test_an_empty_or_endless_reply_is_refused_and_kept(
    mine: Browser, database: Database, ticket: Ticket, text: str
) -> None:
    before = said(database, ticket)
    answer = mine.submit(path(ticket), path(ticket, "reply"), text=text, do="send")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert text.strip() in answer.text
    assert said(database, ticket) == before


def test_a_reply_of_somebody_who_lost_the_ticket_is_not_sent_and_not_lost(
    mine: Browser, browser: Open, database: Database, ticket: Ticket
) -> None:
    browser("clinician").submit(path(ticket), path(ticket, "assign"), to="clinician")
    answer = mine.submit(path(ticket, ""), path(ticket, "note"), words="x")  # anybody may note
    assert answer.status_code == 303
    csrf = re.findall(r'name="csrf" value="([^"]*)"', mine.get(path(ticket)).text)[0]
    answer = mine.client.post(path(ticket, "reply"), data={"csrf": csrf, "text": "My long reply.", "do": "send"})
    assert answer.status_code == 409
    assert "clinician has it now." in answer.text
    assert "My long reply." in answer.text
    assert len(said(database, ticket)) == 3


def test_others_see_no_box_and_who_looks_too(mine: Browser, browser: Open, ticket: Ticket) -> None:
    mine.get(path(ticket))
    page = browser("clinician").get(path(ticket)).text
    assert "Write to the patient" not in page
    assert "front_desk has claimed this ticket." in page
    assert "front_desk is looking at this too." in page
    browser("admin").get(path(ticket))
    assert "admin and clinician are looking at this too." in mine.get(path(ticket)).text


def test_a_look_that_a_page_takes_by_itself_adds_no_line(mine: Browser, database: Database, ticket: Ticket) -> None:
    def looks() -> int:
        return [action for _, action, _ in audit(database)].count("ticket.viewed")

    mine.get(path(ticket))
    before = looks()
    mine.client.get(path(ticket), headers={"Axis-Live": "yes"})
    assert looks() == before
    with database.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM ticket_viewers")
    mine.client.get(path(ticket), headers={"Axis-Live": "yes"})
    assert looks() == before + 1


def test_notes_labels_and_history_are_for_the_team(mine: Browser, database: Database, ticket: Ticket) -> None:
    assert mine.submit(path(ticket), path(ticket, "note"), words=SCRIPT).status_code == 303
    csrf = re.findall(r'name="csrf" value="([^"]*)"', mine.get(path(ticket)).text)[0]
    mine.client.post(path(ticket, "labels"), data={"csrf": csrf, "label": ["medical", "billing", "nonsense"]})
    page = mine.get(path(ticket)).text
    assert "&lt;script&gt;" in page
    assert "labels \u2013 billing, medical" in page
    assert '<span class="label">Billing</span>' in mine.get("/desk").text
    assert path(ticket) in mine.get("/desk?label=medical").text
    assert path(ticket) not in mine.get("/desk?label=admin").text
    assert len(said(database, ticket)) == 3
    assert SCRIPT not in str(audit(database))


def test_urgency_is_raised_freely_and_lowered_with_a_reason(mine: Browser, database: Database, ticket: Ticket) -> None:
    answer = mine.submit(path(ticket), path(ticket, "urgency"), level="soon", reason="  ")
    assert answer.status_code == 422
    assert "say why the urgency is lowered" in answer.text
    assert stored(database, ticket).urgency is Urgency.EMERGENCY
    assert (
        mine.submit(path(ticket), path(ticket, "urgency"), level="soon", reason="Spoke with them.").status_code == 303
    )
    assert stored(database, ticket).urgency is Urgency.SOON
    assert mine.submit(path(ticket), path(ticket, "urgency"), level="same_day").status_code == 303
    lines = [action for _, action, _ in audit(database)]
    assert [one for one in lines if "urgency" in one] == ["ticket.urgency_soon", "ticket.urgency_same_day"]
    assert "emergency to soon: Spoke with them." in mine.get(path(ticket)).text


def test_a_ticket_is_given_only_to_somebody_who_works_on_tickets(
    mine: Browser, database: Database, ticket: Ticket
) -> None:
    assert mine.submit(path(ticket), path(ticket, "assign"), to="reviewer").status_code == 422
    assert stored(database, ticket).claimed_by == "front_desk"
    assert mine.submit(path(ticket), path(ticket, "assign"), to="clinician").status_code == 303
    assert stored(database, ticket).claimed_by == "clinician"
    assert path(ticket) not in mine.get("/desk?show=mine").text


def test_snoozed_waiting_and_overdue_have_lists_of_their_own(
    mine: Browser, database: Database, app: FastAPI, ticket: Ticket
) -> None:
    with database.writing() as session:
        waiting = around.without_target(session)
        around.set_targets(session, waiting, lambda level, since: since)
    assert path(ticket) in mine.get("/desk?show=overdue").text
    assert "overdue by" in mine.get("/desk").text
    assert mine.submit(path(ticket), path(ticket, "snooze"), snooze="4 hours").status_code == 303
    until = stored(database, ticket).snoozed_until
    assert until and abs(until - datetime.now(UTC) - timedelta(hours=4)) < timedelta(minutes=1)
    assert path(ticket) not in mine.get("/desk").text
    assert path(ticket) in mine.get("/desk?show=later").text
    assert mine.submit(path(ticket), path(ticket, "claim")).status_code == 303
    assert mine.submit(path(ticket), path(ticket, "wait")).status_code == 303
    assert stored(database, ticket).state is TicketState.WAITING_FOR_PATIENT


def test_resolving_needs_a_known_outcome_and_gives_the_conversation_back(
    mine: Browser, database: Database, ticket: Ticket
) -> None:
    assert state(database, ticket) is State.WAITING_FOR_STAFF
    answer = mine.submit(path(ticket), path(ticket, "resolve"), code="nonsense", outcome="My words.")
    assert answer.status_code == 422
    assert "My words." in answer.text
    assert mine.submit(path(ticket), path(ticket, "resolve"), code="called", outcome="My words.").status_code == 303
    assert state(database, ticket) is State.BOT
    assert "Reached by telephone or email: My words." in mine.get("/desk?show=resolved").text


def test_the_clock_gives_back_and_reckons(mine: Browser, database: Database, app: FastAPI, ticket: Ticket) -> None:
    desk: Desk = app.state.desk
    mine.submit(path(ticket), path(ticket, "reply"), text="Hello", do="send")
    later = datetime.now(UTC) + timedelta(minutes=desk.settings.handback_min + 1)
    watch.tend(desk, later)
    watch.tend(desk, later)
    assert [message.text for message in said(database, ticket)].count("You are talking to the assistant again.") == 1
    freed = stored(database, ticket)
    assert (freed.state, freed.claimed_by) == (TicketState.NEW, None)
    assert freed.due_at is not None
    lines = [(actor, action) for actor, action, _ in audit(database) if actor == "axis"]
    assert lines == [("axis", "ticket.claimed_ended"), ("axis", "conversation.handed_back")]


def test_whoever_is_active_keeps_the_ticket(mine: Browser, database: Database, ticket: Ticket) -> None:
    with database.writing() as session:
        session.connection().exec_driver_sql("UPDATE tickets SET active_at = '2020-01-01 00:00:00.000000'")
    csrf = re.findall(r'name="csrf" value="([^"]*)"', mine.get("/desk").text)[0]
    assert mine.client.post(path(ticket, "active"), data={"csrf": csrf}).status_code == 204
    active = stored(database, ticket).active_at
    assert active and datetime.now(UTC) - active < timedelta(minutes=1)


@pytest.mark.parametrize("action", ["reply", "note", "labels", "urgency", "assign", "hand-back", "active"])
def test_each_form_needs_its_token_and_a_role(browser: Open, stranger: Browser, ticket: Ticket, action: str) -> None:
    fields = {"text": "x", "words": "x", "level": "soon", "to": "admin", "do": "send"}
    assert browser("admin").client.post(path(ticket, action), data=fields).status_code == 403
    assert browser("reviewer").client.post(path(ticket, action), data=fields).status_code == 403
    assert stranger.client.post(path(ticket, action), data=fields).headers["location"] == "/desk/login"


def test_pages_of_the_queue_follow_each_other(browser: Open, database: Database) -> None:
    made = [open_ticket(database, by="urgent", said=f"number {number}") for number in range(53)]
    mine = browser("front_desk")
    first = mine.get("/desk").text
    assert "53 open" in first
    following = re.findall(r'href="([^"]*)">Next page', first)[0].replace("&amp;", "&")
    second = mine.get(following).text
    assert "Next page" not in second
    shown = [set(re.findall(r"/desk/tickets/(\w{32})", page)) for page in (first, second)]
    assert (len(shown[0]), len(shown[1])) == (50, 3)
    assert shown[0] | shown[1] == {ticket.id for ticket in made}
    assert mine.get("/desk?after=nonsense").status_code == 404
    assert mine.get("/desk?urgency=nonsense").status_code == 404
