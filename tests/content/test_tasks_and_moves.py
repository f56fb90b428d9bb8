"""Tasks in hands, moves that were seen, texts that were written at the desk, the list of moves: on both databases."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from bot.content import governance, record, sources, tasks
from bot.content.record import Wanted
from bot.content.review import State
from bot.conversation import questions
from bot.database import Database
from bot.errors import Conflict, NotAllowed, NotFound, Unavailable
from bot.roles import Role
from tests.content.test_governance import approve
from tests.content.test_store import draft, put
from tests.desk.test_review_gaps import HICCUPS, PARKING, ask
from tests.when import NOW


def with_task(database: Database) -> int:
    put(database, draft())
    with database.writing() as session:
        governance.withdraw(session, "example", actor="Bea", role=Role.REVIEWER, now=NOW, note="x")
        return governance.open_tasks(session)[0].id


def test_a_task_goes_from_hand_to_hand_and_is_closed_once(database: Database) -> None:
    task = with_task(database)
    with database.writing() as session:
        assert tasks.give(session, task, "Cleo", seen="Ann", actor="Ann", role=Role.AUTHOR) == "example"
    for seen, who, role, error in (
        ("Ann", "Bea", Role.REVIEWER, Conflict), ("Cleo", "Ann", Role.AUTHOR, NotAllowed),
        ("Cleo", "Cleo", Role.FRONT_DESK, NotAllowed),
    ):  # fmt: skip
        with pytest.raises(error), database.writing() as session:
            tasks.close(session, task, seen=seen, actor=who, role=role, now=NOW)
    with database.writing() as session:
        tasks.close(session, task, seen="Cleo", actor="Cleo", role=Role.AUTHOR, now=NOW)
        assert governance.open_tasks(session) == []
    with pytest.raises(Conflict), database.writing() as session:
        tasks.close(session, task, seen="Cleo", actor="Cleo", role=Role.AUTHOR, now=NOW)
    with pytest.raises(NotFound), database.writing() as session:
        tasks.reopen(session, 99, role=Role.ADMIN)


def test_a_task_is_not_opened_beside_another_of_its_topic(database: Database) -> None:
    task = with_task(database)
    with database.writing() as session:
        tasks.close(session, task, seen="Ann", actor="Bea", role=Role.REVIEWER, now=NOW)
        governance.open_task(session, "example", reason="review overdue", now=NOW)
    with pytest.raises(Conflict), database.writing() as session:
        tasks.reopen(session, task, role=Role.ADMIN)


def test_a_revision_is_where_it_was_seen_or_nothing_happens(database: Database) -> None:
    put(database, draft())
    with database.writing() as session:
        governance.expect(session, 1, State.DRAFT)
    for revision, seen, error in ((1, State.IN_REVIEW, Conflict), (9, State.DRAFT, NotFound)):
        with pytest.raises(error), database.writing() as session:
            governance.expect(session, revision, seen)


def save(database: Database, said: str, *, base: int, role: Role = Role.AUTHOR) -> int:
    written = replace(draft(said), source="---\n", facts=(("hcg", "acts-on", "Leydig cells"),))
    with database.writing() as session:
        return governance.save(session, written, base=base, actor="Cleo", role=role, now=NOW)


def test_a_text_from_the_desk_is_a_new_draft_that_keeps_its_source(database: Database) -> None:
    put(database, draft())
    made = save(database, "It works otherwise.", base=1)
    with database.reading() as session:
        row, shown = record.show(session, made)
        assert (row.revision, row.author, row.state) == (2, "Cleo", State.DRAFT)
        assert shown.texts == draft("It works otherwise.").texts
        assert sources.markdown(session, made) == "---\n"
        assert sources.facts(session, [made]) == {made: [("hcg", "acts-on", "Leydig cells")]}
        assert record.company(session, "another", ["how"], []).stated["hcg", "acts-on"] == {
            "Leydig cells": ["example"]
        }  # fmt: skip
        assert record.altered(session) == []
    for base, said, role, error in (
        (1, "Again otherwise.", Role.AUTHOR, Conflict), (2, "It works otherwise.", Role.AUTHOR, Conflict),
        (2, "Again otherwise.", Role.CLINICIAN, NotAllowed),
    ):  # fmt: skip
        with pytest.raises(error):
            save(database, said, base=base, role=role)


def test_a_file_counts_as_changed_only_if_it_was_changed_since_its_import(database: Database) -> None:
    put(database, draft())
    save(database, "It works otherwise.", base=1)
    assert put(database, draft()).unchanged == ("example",)
    assert put(database, draft("The file has changed.")).changed == ("example",)
    assert put(database, draft()).changed == ("example",)
    with database.reading() as session:
        assert [row.revision for row in record.history(session, "example")] == [4, 3, 2, 1]


def test_one_rolls_back_further_than_one_revision(database: Database) -> None:
    for said in ("One.", "Two.", "Three."):
        put(database, draft(said))
        approve(database)
    with database.writing() as session:
        back = governance.roll_back(session, "example", actor="Bea", role=Role.REVIEWER, now=NOW, note="x", to=1)
    assert back == (3, 1)
    with database.reading() as session:
        assert [row.state for row in record.history(session, "example")] == [
            State.RETIRED, State.RETIRED, State.APPROVED
        ]  # fmt: skip


def test_moves_are_found_by_words_person_state_and_day(database: Database) -> None:
    put(database, draft())
    approve(database)
    with database.reading() as session:
        for wanted, count in (
            (Wanted(), 3), (Wanted(words="EXAM"), 3), (Wanted(words="%"), 0), (Wanted(actor="Bea"), 1),
            (Wanted(state=State.IN_REVIEW), 1), (Wanted(since=NOW + timedelta(1)), 0), (Wanted(until=NOW), 0),
        ):  # fmt: skip
            assert len(record.all_moves(session, wanted, most=9)) == count, wanted
        assert [one.state for one in record.all_moves(session, Wanted(), most=1)] == [State.APPROVED]


def test_only_the_last_move_tells_that_changes_were_requested(database: Database) -> None:
    put(database, draft())
    with database.writing() as session:
        governance.move(session, 1, State.IN_REVIEW, actor="Ann", role=Role.AUTHOR, now=NOW)
        governance.request_changes(session, 1, "Source?", actor="Bea", role=Role.REVIEWER, now=NOW)
        assert record.sent_back(session, governance.CHANGES_REQUESTED) == {1}
        governance.move(session, 1, State.IN_REVIEW, actor="Ann", role=Role.AUTHOR, now=NOW)
        assert record.sent_back(session, governance.CHANGES_REQUESTED) == set()


def test_questions_keep_their_vectors_and_what_was_said_of_them(database: Database) -> None:
    ask(database, ("hiccups", HICCUPS), ("parking", None))
    with database.writing() as session:
        first, second = questions.asked(session)
        assert (len(first.vector), second.vector) == (768, b"")
        questions.keep_vectors(session, {second.id: PARKING})
        questions.dismiss(session, [second.id], why="a poster", actor="Bea", now=NOW)
    with database.writing() as session:
        first, second = questions.asked(session)
        assert np.frombuffer(second.vector, np.float16)[:2].tolist() == [0.0, 1.0]
        assert (first.dismissed, second.dismissed) == ("", "a poster")
        questions.restore(session, [second.id])
        assert not [one for one in questions.asked(session) if one.dismissed]
    with pytest.raises(NotFound), database.writing() as session:
        questions.restore(session, [99])


def test_sources_are_only_added_to(database: Database) -> None:
    put(database, replace(draft(), source="first"))
    with database.writing() as session:
        sources.keep(session, 1, "second", ())
        assert sources.markdown(session, 1) == "first"
    for change in ("UPDATE sources SET markdown = 'x'", "DELETE FROM sources"):
        with pytest.raises((Unavailable, DatabaseError)), database.writing() as session:
            session.execute(text(change))
