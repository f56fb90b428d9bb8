"""Looking after the texts, on SQLite and PostgreSQL: what is due, remarks, rolling back, withdrawing, alterations."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from bot.content import difference, governance, record, store
from bot.content.blocks import BulletList, Paragraph, Text
from bot.content.review import State
from bot.content.topic import Level
from bot.database import Database
from bot.errors import Conflict, NotAllowed, NotFound, Unavailable
from bot.roles import Role
from bot.settings import Mode
from tests.content.test_store import draft, put
from tests.when import NOW

TODAY = NOW.date()


def approve(database: Database, *, days: int = 365) -> int:
    """Approve the newest revision; returns its id."""
    with database.writing() as session:
        newest = record.list_latest(session)[0].revision_id
        governance.move(session, newest, State.IN_REVIEW, actor="Ann", role=Role.AUTHOR, now=NOW)
        due = TODAY + timedelta(days)
        governance.move(session, newest, State.APPROVED, actor="Bea", role=Role.REVIEWER, now=NOW, review_due=due)
    return newest


def served(database: Database, mode: Mode = Mode.PRODUCTION, *, days: int = 0) -> store.Catalogue:
    with database.reading() as session:
        return store.load_catalogue(session, mode=mode, today=TODAY + timedelta(days))


@pytest.mark.parametrize(("days", "warning"), [(91, None), (90, 90), (31, 90), (30, 30), (1, 30), (0, 0), (-1, 0)])
def test_a_text_is_on_the_due_list_90_30_and_0_days_before(database: Database, days: int, warning: int | None) -> None:
    put(database, draft())
    approve(database, days=days)
    with database.reading() as session:
        found = governance.due(session, today=TODAY)
    assert [(one.days, one.warning) for one in found] == ([] if warning is None else [(days, warning)])


def test_an_overdue_text_is_held_back_and_gives_its_owner_one_task(database: Database) -> None:
    put(database, draft())
    approve(database, days=10)
    assert "example" in served(database, days=10).served
    later = served(database, days=11)
    assert "example" in later.withheld
    assert not later.served
    for _ in range(2):
        with database.writing() as session:
            assert governance.note_expired(session, today=TODAY + timedelta(11), now=NOW) == ["example"]
    with database.reading() as session:
        assert [(one.owner, one.reason) for one in governance.open_tasks(session)] == [("Bea", "review overdue")]


def test_a_withdrawn_text_is_held_back_at_once_and_nothing_older_takes_its_place(database: Database) -> None:
    put(database, draft())
    approve(database)
    put(database, draft("It works otherwise."))
    approve(database)
    with database.writing() as session:
        assert governance.withdraw(session, "example", actor="Bea", role=Role.REVIEWER, now=NOW, note="wrong") == 2
    for mode in Mode:
        assert not served(database, mode).served
        assert "example" in served(database, mode).withheld
    with database.reading() as session:
        assert [one.reason for one in governance.open_tasks(session)] == ["withdrawn"]
    put(database, draft("It is mended."))
    approve(database)
    assert str(served(database).served["example"].texts[Level.PLAIN]).startswith("It is mended.")
    with database.reading() as session:
        assert governance.open_tasks(session) == []


def test_only_a_reviewer_or_admin_withdraws(database: Database) -> None:
    put(database, draft())
    with pytest.raises(NotAllowed), database.writing() as session:
        governance.withdraw(session, "example", actor="Ann", role=Role.AUTHOR, now=NOW, note="")


def test_rolling_back_brings_the_approved_text_before_it_back(database: Database) -> None:
    put(database, draft())
    approve(database)
    put(database, draft("It works otherwise."))
    with pytest.raises(NotFound), database.writing() as session:
        governance.roll_back(session, "example", actor="Bea", role=Role.REVIEWER, now=NOW, note="")
    approve(database)
    assert served(database).served["example"].revision == 2
    with database.writing() as session:
        assert governance.roll_back(session, "example", actor="Bea", role=Role.REVIEWER, now=NOW, note="") == (2, 1)
    assert served(database).served["example"].revision == 1


def test_changes_are_asked_for_with_words(database: Database) -> None:
    put(database, draft())
    with database.writing() as session:
        governance.move(session, 1, State.IN_REVIEW, actor="Ann", role=Role.AUTHOR, now=NOW)
    with pytest.raises(Conflict), database.writing() as session:
        governance.request_changes(session, 1, "  ", actor="Bea", role=Role.REVIEWER, now=NOW)
    with database.writing() as session:
        governance.request_changes(session, 1, "Name the source.", actor="Bea", role=Role.REVIEWER, now=NOW)
    with database.reading() as session:
        assert store.standing(session, 1).state is State.DRAFT
        assert [(one.actor, one.text) for one in governance.comments(session, 1)] == [("Bea", "Name the source.")]
        assert [one[4] for one in record.moves(session, "example")] == ["imported", "", "changes requested"]


def test_what_is_not_approved_is_named(database: Database) -> None:
    put(database, draft())
    with database.reading() as session:
        assert governance.unapproved(session, [draft()], today=TODAY) == ["example"]
    approve(database, days=5)
    with database.reading() as session:
        assert governance.unapproved(session, [draft()], today=TODAY) == []
        assert governance.unapproved(session, [draft("Other words.")], today=TODAY) == ["example"]
        assert governance.unapproved(session, [draft()], today=TODAY + timedelta(6)) == ["example"]


@pytest.mark.parametrize("table", ["revisions", "moves", "comments", "audit"])
def test_these_tables_are_only_added_to(database: Database, table: str) -> None:
    put(database, draft())
    with database.writing() as session:
        governance.comment(session, 1, "A remark.", actor="Bea", now=NOW)
        session.execute(text("INSERT INTO audit (at, actor, action, subject) VALUES ('2026-11-20', 'a', 'b', 'c')"))
    for change in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
        with pytest.raises((Unavailable, DatabaseError)), database.writing() as session:
            session.execute(text(change))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE moves SET actor = 'Eve' WHERE id = 2", "move 2"),
        ("DELETE FROM moves WHERE id = 1", "move 2"),
        ("UPDATE revisions SET author = 'Eve'", "move 1"),
        ("UPDATE revisions SET document = REPLACE(CAST(document AS TEXT), 'works', 'fails')", "its text was changed"),
    ],
)
def test_a_row_that_was_changed_behind_our_back_is_found(database: Database, change: str, found: str) -> None:
    put(database, draft())
    approve(database)
    with database.reading() as session:
        assert record.altered(session) == []
    unguard(database, "moves", "revisions")
    with database.writing() as session:
        kind = session.connection().dialect.name
        cast = change.replace("REPLACE(", "CAST(REPLACE(").replace("'fails')", "'fails') AS JSON)")
        session.execute(text(cast if kind == "postgresql" else change))
    with database.reading() as session:
        assert any(found in one for one in record.altered(session))


def unguard(database: Database, *tables: str) -> None:
    """Take away what keeps a table from being changed, as somebody with the database's password could."""
    with database.writing() as session:
        for table in tables:
            if session.connection().dialect.name == "postgresql":
                session.execute(text(f"DROP TRIGGER {table}_append_only ON {table}"))
            else:
                session.execute(text(f"DROP TRIGGER {table}_no_update"))
                session.execute(text(f"DROP TRIGGER {table}_no_delete"))


def test_two_texts_stand_side_by_side() -> None:
    before = Text([Paragraph("Same."), BulletList(["one", "two"]), Paragraph("Gone.")])
    after = Text([Paragraph("Same."), BulletList(["one", "three"])])
    lines = [(line.before, line.after) for line in difference.side_by_side(before, after)]
    assert lines == [("Same.", "Same."), ("- one", "- one"), ("- two", "- three"), ("Gone.", None)]
