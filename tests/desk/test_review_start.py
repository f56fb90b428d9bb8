"""What the start page of the review says about who has to do what, the tasks, and the list of moves."""

import csv
from datetime import date, timedelta
from io import StringIO

import pytest

from bot.content import governance, record, store, tasks
from bot.content.review import State
from bot.database import Database
from bot.roles import Role
from tests.desk.conftest import SCRIPT, Browser, Open, audit, form, move, put_text, token
from tests.when import NOW


def approved(database: Database, name: str, *, days: int) -> int:
    """A text whose review is due in so many days."""
    revision = put_text(database, id=name, title=f"Text {name}")
    with database.writing() as session:
        store.move(session, revision, State.IN_REVIEW, actor="author", role=Role.AUTHOR, now=NOW)
        due = date.today() + timedelta(days)
        store.move(session, revision, State.APPROVED, actor="Bea", role=Role.REVIEWER, now=NOW, review_due=due)
    return revision


def withdrawn(database: Database, name: str = "example") -> int:
    revision = put_text(database, id=name, title=f"Text {name}")
    with database.writing() as session:
        governance.withdraw(session, name, actor="reviewer", role=Role.REVIEWER, now=NOW, note="a warning")
    return revision


NEEDS = {"overdue": -1, "due_now": 0, "due_30": 30, "due_90": 90}


@pytest.mark.parametrize("need", NEEDS)
def test_what_is_due_stands_under_its_warning_and_nowhere_else(browser: Open, database: Database, need: str) -> None:
    for name, days in {**NEEDS, "later": 91}.items():
        approved(database, name.replace("_", "-"), days=days)
    page = browser("reviewer").get(f"/desk/review?need={need}").text
    shown = [name for name in (*NEEDS, "later") if f"Text {name.replace('_', '-')}<" in page]
    assert shown == [need]


def test_a_draft_that_was_sent_back_waits_for_changes(browser: Open, database: Database, revision: int) -> None:
    move(browser("author"), revision, "in_review")
    reviewer = browser("reviewer")
    assert "Waiting for a reviewer <span>1</span>" in reviewer.get("/desk/review").text
    move(reviewer, revision, "draft", note="Name the source.")
    page = reviewer.get("/desk/review?need=changes").text
    assert "The example" in page
    assert "Drafts to submit <span>0</span>" in page
    assert "Name the source." in reviewer.get(f"/desk/review/{revision}").text


def test_the_list_is_narrowed_by_kind_state_owner_and_words(browser: Open, database: Database) -> None:
    put_text(database)
    put_text(database, id="second", title="Eyes and clomiphene", kind="side_effects", author="Ann")
    mine = browser("author")
    for query in ("kind=side_effects", "owner=Ann", "words=clomiphene+EYES", "words=second", "state=draft&owner=Ann"):
        page = mine.get(f"/desk/review?{query}").text
        assert "Eyes and clomiphene" in page, query
        assert "The example" not in page, query
    assert "No text is like this." in mine.get("/desk/review?words=nothing").text
    assert "No text waits for this." in mine.get("/desk/review?need=withdrawn").text


def test_an_empty_store_says_how_to_fill_it(browser: Open) -> None:
    page = browser("author").get("/desk/review").text
    for text in ("axis content import", "No task is open.", "Every question has found its answer"):
        assert text in page


def task_of(database: Database) -> governance.Task:
    with database.reading() as session:
        return governance.open_tasks(session)[0]


def press(mine: Browser, action: str, page: str = "/desk/review/tasks", **fields: str) -> int:
    html = mine.get(page).text
    assert f'action="{action}"' in html
    return mine.client.post(action, data={**form(html, action), **fields}).status_code


@pytest.mark.parametrize("role", ["author", "reviewer", "admin"])
def test_a_task_is_taken_given_closed_and_opened_again(browser: Open, database: Database, role: str) -> None:
    withdrawn(database)
    with database.writing() as session:
        first = governance.open_tasks(session)[0]
        tasks.give(session, first.id, "Bea", seen=first.owner, actor="admin", role=Role.ADMIN)
    task, mine = task_of(database), browser(role)
    assert task.owner == "Bea"
    path = f"/desk/review/tasks/{task.id}"
    assert press(mine, f"{path}/give", owner=role) == 303
    assert task_of(database).owner == role
    assert f"{role} (you)" in mine.get("/desk/review/tasks").text
    assert press(mine, f"{path}/give", owner="admin" if role != "admin" else "author") == 303
    assert task_of(database).owner == ("admin" if role != "admin" else "author")
    other = browser(task_of(database).owner)
    assert press(other, f"{path}/close") == 303
    assert "No task is open." in other.get("/desk/review/tasks").text
    undo = f"/desk/review/tasks?closed={task.id}"
    assert press(other, f"{path}/reopen", page=undo) == 303
    assert task_of(database).id == task.id
    actions = [action for _, action, _ in audit(database) if action.startswith("task.")]
    assert actions == ["task.given", "task.given", "task.closed", "task.reopened"]


def test_an_author_neither_gives_nor_closes_the_task_of_another(browser: Open, database: Database) -> None:
    withdrawn(database)
    with database.writing() as session:
        tasks.give(session, 1, "reviewer", seen="author", actor="admin", role=Role.ADMIN)
    mine = browser("author")
    html = mine.get("/desk/review/tasks").text
    assert "/close" not in html
    fields = {"csrf": token(html), "seen": "reviewer", "owner": "admin"}
    for action in ("give", "close"):
        assert mine.client.post(f"/desk/review/tasks/1/{action}", data=fields).status_code == 403
    assert task_of(database).owner == "reviewer"


def test_a_task_that_changed_hands_meanwhile_is_left_alone(browser: Open, database: Database) -> None:
    withdrawn(database)
    mine = browser("reviewer")
    html = mine.get("/desk/review/tasks").text
    with database.writing() as session:
        tasks.give(session, 1, "admin", seen="author", actor="admin", role=Role.ADMIN)
    answer = mine.client.post("/desk/review/tasks/1/close", data=form(html, "/desk/review/tasks/1/close"))
    assert answer.status_code == 409
    assert "in the hands of admin" in answer.text
    assert task_of(database).owner == "admin"
    fields = {"csrf": token(html), "seen": "admin"}
    for owner in ("nobody", "front_desk", ""):
        answer = mine.client.post("/desk/review/tasks/1/give", data={**fields, "owner": owner})
        assert answer.status_code == 404
    assert mine.client.post("/desk/review/tasks/99/close", data=fields).status_code == 404


def test_every_move_is_listed_and_found_by_its_filter(browser: Open, database: Database, revision: int) -> None:
    withdrawn(database, "second")
    mine = browser("admin")
    page = mine.get("/desk/review/moves").text
    assert "3 moves, the newest first" in page
    assert "a warning" in page
    today, tomorrow = NOW.date(), NOW.date() + timedelta(1)
    for query, count in (
        ("state=withdrawn", 1), ("actor=reviewer", 1), ("words=WARN", 1), ("words=second", 2), ("words=%25", 0),
        (f"since={tomorrow}", 0), (f"since={today}&until={today}", 3), (f"until={today - timedelta(1)}", 0),
    ):  # fmt: skip
        lines = list(csv.reader(StringIO(mine.get(f"/desk/review/moves.csv?{query}").text)))
        assert len(lines) == count + 1, query
        assert ("No move is like this" in mine.get(f"/desk/review/moves?{query}").text) == (count == 0), query
    answer = mine.get("/desk/review/moves?since=yesterday")
    assert answer.status_code == 200
    assert "From: write a day as in 2027-05-31" in answer.text


def test_the_file_of_moves_holds_no_formula_and_no_script(browser: Open, database: Database, revision: int) -> None:
    with database.writing() as session:
        store.move(
            session, revision, State.IN_REVIEW, actor="author", role=Role.AUTHOR, now=NOW, note='=HYPERLINK("x")'
        )
        store.move(session, revision, State.DRAFT, actor="Bea", role=Role.REVIEWER, now=NOW, note=SCRIPT)
    mine = browser("reviewer")
    answer = mine.get("/desk/review/moves.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert [row["note"] for row in rows] == [SCRIPT, '\'=HYPERLINK("x")', "imported"]
    assert [(row["topic"], row["revision"], row["state"], row["by"]) for row in rows][1] == (
        "example", "1", "in_review", "author"
    )  # fmt: skip
    assert "<script>" not in mine.get("/desk/review/moves").text
    with database.reading() as session:
        assert record.actors(session) == ["Bea", "author"]
