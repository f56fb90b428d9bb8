"""The queue and one ticket, as the front desk works with them."""

from datetime import timedelta

import pytest

from bot.conversation import store as conversations
from bot.conversation.message import Message
from bot.conversation.message import Role as Speaker
from bot.database import Database
from bot.desk.screen import waited
from bot.triage import store
from bot.triage.store import Ticket
from bot.triage.ticket import State, Urgency
from tests.desk.conftest import RULES, SCRIPT, Open, audit, form, open_ticket
from tests.when import NOW


def path(ticket: Ticket, action: str = "") -> str:
    return f"/desk/tickets/{ticket.id}" + (f"/{action}" if action else "")


def stored(database: Database, ticket: Ticket) -> Ticket:
    with database.reading() as session:
        return store.find(session, ticket.id)


def test_an_empty_queue_says_so(browser: Open) -> None:
    mine = browser("front_desk")
    assert "Nobody is waiting." in mine.get("/desk").text
    assert "Nothing has been resolved yet." in mine.get("/desk?show=resolved").text


def test_the_most_urgent_comes_first_as_a_word_with_what_matched(browser: Open, database: Database) -> None:
    made = [open_ticket(database, by=by, said=f"words {by}") for by in ("asked_for_person", "emergency", "urgent")]
    page = browser("front_desk").get("/desk").text
    routine, emergency, same_day = (page.index(path(ticket)) for ticket in made)
    assert emergency < same_day < routine
    for text in ("▲</span> Emergency", "◆</span> Same day", "○</span> Routine", "rule: words urgent", "Nobody yet"):
        assert text in page
    assert made[0].reason in page


def test_the_queue_is_kept_up_to_date_by_a_script_and_without_it_by_a_link(browser: Open) -> None:
    page = browser("front_desk").get("/desk?show=open&urgency=soon").text
    assert "http-equiv" not in page
    assert 'data-listens="queue"' in page
    assert 'href="/desk?show=open&amp;urgency=soon&amp;after=">Refresh</a>' in page


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (-5, "0 min"),
        (0, "0 min"),
        (12, "12 min"),
        (60, "1 h 0 min"),
        (185, "3 h 5 min"),
        (1440, "1 d 0 h"),
        (3145, "2 d 4 h"),
    ],
)
def test_waiting_time_is_said_in_its_two_largest_units(minutes: int, words: str) -> None:
    assert waited(NOW, NOW + timedelta(minutes=minutes, seconds=30)) == words


def test_a_ticket_shows_the_rule_the_words_and_who_stands_for_each_reply(browser: Open, ticket: Ticket) -> None:
    page = browser("clinician").get(path(ticket)).text
    for text in ("emergency_words, version 2", "rule: it hurts", "it hurts", "example, revision 2, plain", "Dr Bea"):
        assert text in page
    assert "next due on 20 Nov 2027" in " ".join(page.split())


def test_what_a_patient_wrote_is_only_text(browser: Open, database: Database) -> None:
    ticket = open_ticket(database, said=SCRIPT + '"><img src=x onerror=alert(1)>')
    mine = browser("front_desk")
    for page in (mine.get("/desk").text, mine.get(path(ticket)).text):
        assert "<script>" not in page
        assert "<img" not in page
        assert "&lt;script&gt;" in page


def test_a_long_conversation_is_shown_to_its_end(browser: Open, database: Database, ticket: Ticket) -> None:
    with database.writing() as session:
        for number in range(conversations.MORE_THAN_ENOUGH + 5):
            message = Message(role=Speaker.SYSTEM, text=f"line {number}.", created_at=NOW)
            conversations._insert(session, ticket.conversation_id, 100 + number, "", message)
    assert f"line {conversations.MORE_THAN_ENOUGH + 4}." in browser("front_desk").get(path(ticket)).text


def test_from_claim_to_resolved_and_open_again(browser: Open, database: Database, ticket: Ticket) -> None:
    mine = browser("front_desk")
    assert mine.submit(path(ticket), path(ticket, "claim")).status_code == 303
    assert stored(database, ticket).claimed_by == "front_desk"
    assert "Claimed by front_desk (you)" in mine.get(path(ticket)).text
    assert mine.submit(path(ticket), path(ticket, "release")).status_code == 303
    assert stored(database, ticket).claimed_by is None
    mine.submit(path(ticket), path(ticket, "claim"))
    done = mine.submit(path(ticket), path(ticket, "resolve"), code="called", outcome=" Called back.\r\nAll well. ")
    assert (done.status_code, done.headers["location"]) == (303, path(ticket))
    assert (stored(database, ticket).state, stored(database, ticket).outcome) == (
        State.RESOLVED,
        "Called back.\nAll well.",
    )
    assert path(ticket) not in mine.get("/desk").text
    resolved = mine.get("/desk?show=resolved").text
    assert path(ticket) in resolved
    assert "Called back." in resolved
    assert mine.submit(path(ticket), path(ticket, "reopen")).status_code == 303
    assert path(ticket) in mine.get("/desk").text
    assert "Earlier outcome" in mine.get(path(ticket)).text


def test_each_view_and_each_change_is_in_the_audit(browser: Open, database: Database, ticket: Ticket) -> None:
    mine = browser("clinician")
    mine.submit(path(ticket), path(ticket, "claim"))
    mine.submit(path(ticket), path(ticket, "resolve"), code="answered", outcome="Done.")
    mine.submit(path(ticket), path(ticket, "reopen"))
    mine.submit(path(ticket), path(ticket, "claim"))
    mine.submit(path(ticket), path(ticket, "release"))
    lines = audit(database)[1:]
    assert {(actor, subject) for actor, _, subject in lines} == {("clinician", ticket.id)}
    changes = [action for _, action, _ in lines if action != "ticket.viewed"]
    assert changes == [f"ticket.{name}" for name in ("claimed", "resolved", "reopened", "claimed", "released")]
    assert [action for _, action, _ in lines].count("ticket.viewed") == 5
    assert "it hurts" not in str(lines)


def test_of_two_who_claim_one_is_told_who_was_quicker(browser: Open, database: Database, ticket: Ticket) -> None:
    quick, slow = browser("front_desk"), browser("clinician")
    late = form(slow.get(path(ticket)).text, path(ticket, "claim"))
    assert quick.submit(path(ticket), path(ticket, "claim")).status_code == 303
    answer = slow.client.post(path(ticket, "claim"), data=late)
    assert answer.status_code == 409
    assert "front_desk has it now." in answer.text
    assert stored(database, ticket).claimed_by == "front_desk"
    assert ("clinician", "ticket.claimed", ticket.id) not in audit(database)


def test_a_late_outcome_is_not_stored_and_not_lost(browser: Open, database: Database, ticket: Ticket) -> None:
    mine, other = browser("front_desk"), browser("clinician")
    mine.submit(path(ticket), path(ticket, "claim"))
    late = form(mine.get(path(ticket)).text, path(ticket, "resolve"))
    other.submit(path(ticket), path(ticket, "resolve"), code="called", outcome="I did it.")
    answer = mine.client.post(path(ticket, "resolve"), data={**late, "code": "called", "outcome": "My long report."})
    assert answer.status_code == 409
    assert "It is resolved" in answer.text
    assert "My long report." in answer.text
    assert stored(database, ticket).outcome == "I did it."


def test_a_claimed_ticket_that_becomes_more_urgent_keeps_its_owner_and_says_so(
    browser: Open, database: Database
) -> None:
    ticket = open_ticket(database, by="asked_for_person")
    mine, other = browser("front_desk"), browser("clinician")
    mine.submit(path(ticket), path(ticket, "claim"))
    with database.writing() as session:
        store.open_ticket(
            session, conversation_id=ticket.conversation_id, assessment=RULES.assess("emergency"), matched="pain",
            summary="chest pain", now=NOW + timedelta(minutes=1),
        )  # fmt: skip
    assert stored(database, ticket).claimed_by == "front_desk"
    assert stored(database, ticket).urgency is Urgency.EMERGENCY
    assert "This became more urgent while you have it" in mine.get(path(ticket)).text
    assert "This became more urgent while front_desk has it" in other.get(path(ticket)).text
    assert "front_desk; became more urgent" in other.get("/desk").text


@pytest.mark.parametrize("outcome", ["", "  \r\n ", "x" * 1001])
def test_resolving_needs_an_outcome(browser: Open, database: Database, ticket: Ticket, outcome: str) -> None:
    mine = browser("front_desk")
    mine.submit(path(ticket), path(ticket, "claim"))
    answer = mine.submit(path(ticket), path(ticket, "resolve"), code="called", outcome=outcome)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert stored(database, ticket).state is State.CLAIMED


def test_line_breaks_count_once_in_an_outcome(browser: Open, database: Database, ticket: Ticket) -> None:
    mine = browser("front_desk")
    mine.submit(path(ticket), path(ticket, "claim"))
    outcome = "\r\n".join(["x"] * 500)
    assert mine.submit(path(ticket), path(ticket, "resolve"), code="called", outcome=outcome).status_code == 303
    assert stored(database, ticket).outcome == "\n".join(["x"] * 500)


def test_a_move_that_the_state_forbids_is_refused(browser: Open, database: Database, ticket: Ticket) -> None:
    mine = browser("front_desk")
    fields = form(mine.get(path(ticket)).text, path(ticket, "claim"))
    answer = mine.client.post(path(ticket, "resolve"), data={**fields, "code": "called", "outcome": "Done."})
    assert answer.status_code == 403
    assert stored(database, ticket).state is State.NEW


def test_without_the_database_the_page_says_so(browser: Open, database: Database, ticket: Ticket) -> None:
    mine = browser("front_desk")
    with database.writing() as session:
        session.connection().exec_driver_sql("DROP TABLE audit")
    answer = mine.get(path(ticket))
    assert answer.status_code == 503
    assert "it hurts" not in answer.text
