"""The review of texts, as authors and reviewers work with it."""

from datetime import date, timedelta

import pytest

from bot.content import store
from bot.content.catalogue import Served
from bot.content.review import REVIEW_AFTER, State
from bot.database import Database
from bot.desk.store import add_staff
from bot.roles import Role
from bot.settings import Mode
from tests.desk.conftest import PASSWORD, SCRIPT, Open, audit, move, put_text, token
from tests.when import NOW


def served(database: Database) -> Served | None:
    with database.reading() as session:
        today = date.today()  # the pages have no other clock
        return store.load_catalogue(session, mode=Mode.PRODUCTION, today=today).served.get("example")


def state(database: Database, revision: int) -> State:
    with database.reading() as session:
        return store.standing(session, revision).state


def in_review(database: Database, revision: int) -> str:
    with database.writing() as session:
        store.move(session, revision, State.IN_REVIEW, actor="author", role=Role.AUTHOR, now=NOW)
    return f"/desk/review/{revision}"


def test_the_list_shows_each_text_once_with_counts(browser: Open, database: Database, revision: int) -> None:
    in_review(database, put_text(database, id="second", title="The second"))
    mine = browser("reviewer")
    page = mine.get("/desk/review").text
    for text in ("The example", "The second", "Mechanism", "All <span>2</span>", "Drafts to submit <span>1</span>"):
        assert text in page
    drafts = mine.get("/desk/review?state=draft").text
    assert "The example" in drafts
    assert "The second" not in drafts
    assert "No text is like this." in mine.get("/desk/review?state=retired").text
    assert f"/desk/review/{revision}" in page


def test_a_revision_shows_all_that_a_reviewer_needs(browser: Open, revision: int) -> None:
    page = browser("reviewer").get(f"/desk/review/{revision}").text
    for text in (
        "How it works, plain.", "How it works, detail.", "How it works, science.", "<caption>Two things</caption>",
        "how does it work", "It does work so.", "Chapter 1", "Please check the wording.",
    ):  # fmt: skip
        assert text in page
    assert '<li class="unchecked">Another book. 2021. [not yet checked by a reviewer]</li>' in page
    assert "<li>A book. 2020.</li>" in page


def test_a_text_is_shown_as_text(browser: Open, database: Database) -> None:
    revision = put_text(database, title=SCRIPT, author=SCRIPT)
    mine = browser("reviewer")
    for page in ("/desk/review", f"/desk/review/{revision}"):
        assert "<script>" not in mine.get(page).text


def test_an_approved_text_is_served_in_production(browser: Open, database: Database, revision: int) -> None:
    assert move(browser("author"), revision, "in_review").status_code == 303
    assert served(database) is None
    assert move(browser("reviewer"), revision, "approved").status_code == 303
    found = served(database)
    assert found is not None
    assert (found.revision, found.reviewed_by) == (1, "reviewer")
    assert found.reviewed_on is not None
    assert found.review_due == found.reviewed_on + REVIEW_AFTER
    assert audit(database)[1:] == [
        ("author", "revision.in_review", str(revision)),
        ("reviewer", "staff.signed_in", "reviewer"),
        ("reviewer", "revision.approved", str(revision)),
    ]


def test_a_reviewer_may_set_the_next_review(browser: Open, database: Database, revision: int) -> None:
    in_review(database, revision)
    due = date.today() + timedelta(days=90)
    assert move(browser("reviewer"), revision, "approved", review_due=due.isoformat()).status_code == 303
    found = served(database)
    assert found is not None
    assert found.review_due == due


@pytest.mark.parametrize("due", ["2020-01-01", "tomorrow", "31/12/2030", "2030-02-30"])
def test_a_day_that_cannot_be_is_refused(browser: Open, database: Database, revision: int, due: str) -> None:
    in_review(database, revision)
    answer = move(browser("reviewer"), revision, "approved", review_due=due, note="well written")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "well written" in answer.text
    assert state(database, revision) is State.IN_REVIEW


def test_nobody_approves_their_own_text(browser: Open, database: Database) -> None:
    with database.writing() as session:
        add_staff(session, name="Ann", role=Role.REVIEWER, password=PASSWORD)
    revision = put_text(database, author="Ann")
    path = in_review(database, revision)
    ann = browser("Ann")
    page = ann.get(path).text
    assert "the author of a text cannot approve it" in page
    assert "/move/approved" not in page
    assert ann.get(f"{path}/move/approved").status_code == 403
    answer = ann.client.post(path, data={"csrf": token(page), "after": "approved", "seen": "in_review"})
    assert answer.status_code == 403
    assert "The author of a text cannot approve it." in answer.text
    assert state(database, revision) is State.IN_REVIEW
    assert ("Ann", "revision.approved", str(revision)) not in audit(database)


MAY = {
    "author": {State.DRAFT: {"in_review", "retired"}, State.IN_REVIEW: set(), State.APPROVED: set()},
    "reviewer": {
        State.DRAFT: {"in_review", "retired", "withdrawn"},
        State.IN_REVIEW: {"approved", "draft", "retired", "withdrawn"},
        State.APPROVED: {"retired", "withdrawn"},
    },
    "admin": {
        State.DRAFT: {"in_review", "retired", "withdrawn"},
        State.IN_REVIEW: {"draft", "retired", "withdrawn"},
        State.APPROVED: {"retired", "withdrawn"},
    },
}


@pytest.mark.parametrize("before", [State.DRAFT, State.IN_REVIEW, State.APPROVED])
@pytest.mark.parametrize("role", MAY)
def test_a_page_offers_what_the_role_may_do_and_nothing_else_works(
    browser: Open, database: Database, role: str, before: State
) -> None:
    mine = browser(role)
    for after in State:
        revision = put_text(database, id=f"text-{after}", author="somebody")
        path = f"/desk/review/{revision}"
        with database.writing() as session:
            for step in (State.IN_REVIEW, State.APPROVED)[
                : [State.DRAFT, State.IN_REVIEW, State.APPROVED].index(before)
            ]:
                store.move(session, revision, step, actor="Bea", role=Role.REVIEWER, now=NOW)
        page = mine.get(path).text
        assert (f'href="{path}/move/{after}"' in page) == (after in MAY[role][before])
        assert mine.get(f"{path}/move/{after}").status_code == (200 if after in MAY[role][before] else 403)
        fields = {"csrf": token(page), "after": after, "seen": before, "note": "because"}
        assert mine.client.post(path, data=fields).status_code == (303 if after in MAY[role][before] else 403)
        assert state(database, revision) is (after if after in MAY[role][before] else before)


def test_an_overdue_text_says_so(browser: Open, database: Database, revision: int) -> None:
    in_review(database, revision)
    with database.writing() as session:
        store.move(
            session, revision, State.APPROVED, actor="Bea", role=Role.REVIEWER, now=NOW - timedelta(days=99),
            review_due=NOW.date() - timedelta(days=9),
        )  # fmt: skip
    mine = browser("author")
    assert "overdue" in mine.get("/desk/review").text
    assert "overdue" in mine.get(f"/desk/review/{revision}").text
    assert served(database) is None
