"""Figures and search: over both databases, and over HTTP."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import text as sql

from bot.conversation import store as conversations
from bot.conversation.fixed import Fixed
from bot.conversation.message import Kind, Message
from bot.conversation.message import Role as Speaker
from bot.database import Database
from bot.desk import charts, figures_store
from bot.desk.figures import percentile_90
from bot.desk.phone import Phone
from bot.desk.store import note
from bot.settings import Settings
from tests.desk.conftest import Open, open_ticket
from tests.when import NOW

SINCE = NOW - timedelta(days=7)


def reply(database: Database, kind: Kind, *, alarm: str | None = None, at: datetime = NOW) -> str:
    """A conversation with one question and one answer; returns its id."""
    with database.writing() as session:
        one, token = conversations.open_conversation(
            session, channel="web", locale="en", consent_version="1",
            greeting=Message(role=Speaker.ASSISTANT, text="Hello.", kind=Kind.SMALLTALK, created_at=at), now=at,
        )  # fmt: skip
        received = conversations.receive(
            session, conversation_id=one, token=token, client_id="1", text="secret words", choice=None,
            drugs=frozenset(), now=at,
        )  # fmt: skip
        answer = Message(role=Speaker.ASSISTANT, text="So it is.", kind=kind, created_at=at)
        conversations.answer(session, received, answer, alarm=alarm, now=at)
    return one


def test_everything_in_the_period_is_counted_and_nothing_before(either: Database) -> None:
    for kind in (Kind.ANSWER, Kind.ANSWER, Kind.CLARIFICATION, Kind.REFUSAL, Kind.CRISIS):
        reply(either, kind)
    reply(either, Kind.EMERGENCY, alarm="chest_pain")
    reply(either, Kind.ANSWER, alarm="breast_lump", at=NOW - timedelta(days=1))
    reply(either, Kind.EMERGENCY, alarm="chest_pain", at=SINCE - timedelta(seconds=1))
    with either.reading() as session:
        counts = figures_store.count(session, since=SINCE)
    assert counts.conversations == {"web": 7}
    assert counts.messages == {"assistant": 14, "patient": 7}
    assert counts.kinds == {
        "smalltalk": 7, "answer": 3, "clarification": 1, "refusal": 1, "crisis": 1, "emergency": 1,
    }  # fmt: skip
    assert counts.alarms == {"chest_pain": 1, "breast_lump": 1, "crisis": 1}
    assert counts.days == {"2026-11-20": (6, 6), "2026-11-19": (1, 1)}


def test_waiting_is_measured_until_the_first_claim_and_until_it_was_resolved(either: Database) -> None:
    made = [open_ticket(either, by=by) for by in ("emergency", "emergency", "asked_for_person")]
    with either.writing() as session:
        for minutes, action, ticket in (
            (5, "ticket.claimed", made[0]), (20, "ticket.claimed", made[0]), (15, "ticket.claimed", made[1]),
            (60, "ticket.resolved", made[0]), (1, "ticket.viewed", made[2]),
        ):  # fmt: skip
            note(session, actor="Bea", action=action, subject=ticket.id, now=NOW + timedelta(minutes=minutes))
    with either.reading() as session:
        counts = figures_store.count(session, since=SINCE)
        later = figures_store.count(session, since=NOW + timedelta(seconds=1))
    assert sorted(counts.claimed_s) == [300.0, 900.0]
    assert counts.resolved_s == (3600.0,)
    assert counts.tickets == {("emergency", "new"): 2, ("routine", "new"): 1}
    assert (later.claimed_s, later.tickets, later.conversations) == ((), {}, {})


def test_each_count_goes_by_an_index(either: Database) -> None:
    if either.url.get_backend_name() != "sqlite":
        with either.reading() as session:
            found = session.execute(sql("SELECT indexname FROM pg_indexes")).scalars().all()
        assert {index.name for index in figures_store.INDEXES} <= set(found)
        return
    with either.reading() as session:
        for table, column in (
            ("messages", "created_at"), ("conversations", "created_at"), ("gaps", "at"), ("tickets", "opened_at")
        ):  # fmt: skip
            query = f"EXPLAIN QUERY PLAN SELECT count(*) FROM {table} WHERE {column} >= '2026-01-01'"
            assert f"ix_{table}_{column}" in str(session.execute(sql(query)).all())


@pytest.mark.parametrize(
    ("values", "ninth"), [([5.0], 5.0), ([1.0, 2.0], 2.0), ([float(n) for n in range(1, 11)], 9.0)]
)
def test_nine_in_ten_waited_no_longer(values: list[float], ninth: float) -> None:
    assert percentile_90(values) == ninth


def test_a_bar_is_as_long_as_its_share() -> None:
    chart = charts.lying("x", "X", [("a", 10, "10"), ("b", 5, "5"), ("c", 0, "0")], columns=("A", "B"))
    assert [bar.width for bar in chart.bars] == [300.0, 150.0, 0.0]
    assert "longest is a with 10" in chart.told
    assert "Nothing was counted" in charts.standing("x", "X", [("a", 0)], columns=("A", "B")).told


@pytest.fixture
def counting(app: FastAPI, database: Database, fixed: Fixed, settings: Settings) -> FastAPI:
    app.state.phone = Phone.build(settings, fixed=fixed, database=database)
    return app


def test_the_page_and_its_table_say_the_same(counting: FastAPI, browser: Open, database: Database) -> None:
    now = datetime.now(UTC)
    reply(database, Kind.EMERGENCY, alarm="chest_pain", at=now)
    reply(database, Kind.REFUSAL, at=now)
    mine = browser("front_desk")
    page = mine.get("/desk/figures?days=30").text
    assert '<th scope="row">Emergency</th><td>1</td>' in page
    assert '<desc id="kinds-told">' in page
    assert "style=" not in page
    answer = mine.get("/desk/figures.csv?days=30")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {(row["figure"], row["name"], row["value"]) for row in rows} >= {
        ("What Axis replied", "Refused", "1"), ("Red flags by level", "Emergency", "1"),
        ("Conversations by channel", "Web", "2"),
    }  # fmt: skip
    assert "secret" not in page + answer.text


def test_figures_are_for_those_who_work_on_tickets(counting: FastAPI, browser: Open) -> None:
    for path in ("/desk/figures", "/desk/figures.csv"):
        assert browser("author").get(path).status_code == 403
        assert browser("admin").get(f"{path}?days=31").status_code == 422
        assert browser("admin").get(path).status_code == 200
