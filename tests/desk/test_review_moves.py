"""Moves of a revision by their pages: words that are needed, what has moved meanwhile, roll-back, undo, comparison."""

from datetime import date, timedelta

import pytest

from bot.content import governance, record, store
from bot.content.blocks import Paragraph, Text
from bot.content.review import State
from bot.content.store import Draft
from bot.content.topic import Level
from bot.database import Database
from bot.roles import Role
from tests.desk.conftest import DRAFT, SCRIPT, Open, audit, move, put_text, token
from tests.when import NOW


def state(database: Database, revision: int) -> State:
    with database.reading() as session:
        return store.standing(session, revision).state


def texts(said: str) -> dict[Level, Text]:
    return {level: Text([Paragraph(said)]) for level in Level}


def approve(database: Database, revision: int) -> None:
    with database.writing() as session:
        store.move(session, revision, State.IN_REVIEW, actor="author", role=Role.AUTHOR, now=NOW)
        store.move(session, revision, State.APPROVED, actor="Bea", role=Role.REVIEWER, now=NOW)


def three_approved(database: Database) -> list[int]:
    """Three approved revisions of the example, the oldest first."""
    found = []
    for said in ("One.", "Two.", "Three."):
        found.append(put_text(database, texts=texts(said)))
        approve(database, found[-1])
    return found


@pytest.mark.parametrize("after", ["draft", "withdrawn", "retired"])
@pytest.mark.parametrize("note", ["", "  \r\n ", "x" * 4001])
def test_these_moves_need_words_and_lose_none(
    browser: Open, database: Database, revision: int, after: str, note: str
) -> None:
    move(browser("author"), revision, "in_review")
    answer = move(browser("reviewer"), revision, after, note=note)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert note in answer.text
    assert state(database, revision) is State.IN_REVIEW


def test_requested_changes_are_a_remark_with_name_and_time(browser: Open, database: Database, revision: int) -> None:
    move(browser("author"), revision, "in_review", note="please look at the eyes")
    assert move(browser("admin"), revision, "draft", note=f"Name it.\r\n{SCRIPT}").status_code == 303
    page = browser("author").get(f"/desk/review/{revision}").text
    assert "<h3>admin <span>" in page
    assert "<script>" not in page
    assert "please look at the eyes" in page
    with database.reading() as session:
        assert [one.text for one in governance.comments(session, revision)] == [f"Name it.\n{SCRIPT}"]


@pytest.mark.parametrize("role", ["author", "reviewer", "admin"])
def test_a_remark_is_kept_and_changes_nothing(browser: Open, database: Database, revision: int, role: str) -> None:
    path, mine = f"/desk/review/{revision}", browser(role)
    answer = mine.submit(path, f"{path}/remark", remark=" A word. ")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?done=remark#remarks")
    assert "A word." in mine.get(path).text
    assert state(database, revision) is State.DRAFT
    assert (role, "revision.remarked", str(revision)) in audit(database)
    for wrong in ("", "y" * 4001):
        answer = mine.submit(path, f"{path}/remark", remark=wrong)
        assert answer.status_code == 422
        assert wrong in answer.text


@pytest.mark.parametrize("after", ["approved", "draft", "withdrawn", "retired"])
def test_a_revision_that_moved_meanwhile_is_left_alone(
    browser: Open, database: Database, revision: int, after: str
) -> None:
    move(browser("author"), revision, "in_review")
    mine = browser("reviewer")
    html = mine.get(f"/desk/review/{revision}/move/{after}").text
    with database.writing() as session:
        store.move(session, revision, State.DRAFT, actor="Bea", role=Role.REVIEWER, now=NOW)
    fields = {"csrf": token(html), "after": after, "seen": "in_review", "note": "my precious words"}
    answer = mine.client.post(f"/desk/review/{revision}", data=fields)
    assert answer.status_code == 409
    assert "it is draft now, and nothing was changed" in answer.text
    assert "my precious words" in answer.text
    assert state(database, revision) is State.DRAFT
    assert not [line for line in audit(database) if line[0] == "reviewer" and line[1].startswith("revision.")]


def test_withdrawing_holds_all_revisions_back_gives_a_task_and_can_be_undone(browser: Open, database: Database) -> None:
    revisions, mine = three_approved(database), browser("reviewer")
    answer = move(mine, revisions[2], "withdrawn", note="a new warning")
    assert [state(database, one) for one in revisions] == [State.WITHDRAWN] * 3
    page = mine.get(answer.headers["location"]).text
    assert "Task of Bea: withdrawn" in page
    assert f'<a class="target" href="/desk/review/{revisions[2]}/move/in_review">Undo' in page
    assert move(mine, revisions[2], "in_review").status_code == 303
    assert state(database, revisions[2]) is State.IN_REVIEW


def test_after_a_move_undo_is_offered_only_to_who_may(browser: Open, revision: int) -> None:
    author = browser("author")
    answer = move(author, revision, "in_review")
    page = author.get(answer.headers["location"]).text
    assert "Done: this revision is in review." in page
    assert "Undo" not in page
    assert "Undo: request changes" in browser("reviewer").get(answer.headers["location"]).text


def test_rolling_back_serves_the_chosen_revision(browser: Open, database: Database) -> None:
    first, second, third = three_approved(database)
    mine, path = browser("reviewer"), f"/desk/review/{third}/roll-back"
    assert f'href="{path}"' in mine.get(f"/desk/review/{third}").text
    assert mine.submit(path, path, to="1").status_code == 422
    assert mine.submit(path, path, to="9", note="typo").status_code == 409
    assert mine.submit(path, path, to="1", note="the figures are wrong").status_code == 303
    assert [state(database, one) for one in (first, second, third)] == [State.APPROVED, State.RETIRED, State.RETIRED]
    assert ("reviewer", "revision.rolled_back", str(third)) in audit(database)
    assert mine.get(path).status_code == 409


def test_rolling_back_is_refused_to_authors_and_without_an_earlier_one(browser: Open, database: Database) -> None:
    revisions = three_approved(database)
    author, path = browser("author"), f"/desk/review/{revisions[2]}/roll-back"
    html = author.get(path)
    assert html.status_code == 403
    fields = {"csrf": token(html.text), "to": "2", "note": "because"}
    assert author.client.post(path, data=fields).status_code == 403
    older = f"/desk/review/{revisions[1]}/roll-back"
    mine = browser("admin")
    html = mine.get(older)
    assert html.status_code == 409
    assert mine.client.post(older, data={**fields, "csrf": token(html.text), "to": "1"}).status_code == 409
    assert [state(database, one) for one in revisions] == [State.APPROVED] * 3


def compared(database: Database, browser: Open) -> str:
    first = put_text(database, texts=texts("It takes three months. Same words."))
    approve(database, first)
    second = put_text(
        database, texts=texts("It takes six months. Same words."), title="A new <title>", questions=("how long",)
    )
    return browser("reviewer").get(f"/desk/review/{second}/difference").text


def test_a_difference_is_marked_by_words_that_are_readable_without_colour(browser: Open, database: Database) -> None:
    page = compared(database, browser)
    assert '<del><span class="unseen">[removed: </span>three<span class="unseen">]</span></del>' in page
    assert '<ins><span class="unseen">[added: </span>six<span class="unseen">]</span></ins>' in page
    assert "Revision 1, approved" in page
    assert "&lt;" in page
    assert '<h2 id="part-title">Title</h2>' in page
    assert '<h2 id="part-questions">Questions</h2>' in page
    assert 'id="part-closing"' not in page


def test_any_two_revisions_can_be_compared(browser: Open, database: Database) -> None:
    revisions, mine = three_approved(database), browser("author")
    page = mine.get(f"/desk/review/{revisions[0]}/difference?other=2").text
    assert "One" in page
    assert "Two" in page
    assert "Three" not in page
    path = f"/desk/review/{revisions[0]}/difference"
    for other, status in (("1", 404), ("9", 404), ("x", 422)):
        assert mine.get(f"{path}?other={other}").status_code == status
    alone = put_text(database, id="second")
    assert "the only revision" in mine.get(f"/desk/review/{alone}/difference").text


@pytest.mark.parametrize("channel", ["web", "whatsapp", "telegram", "sms"])
@pytest.mark.parametrize("level", Level)
def test_a_preview_shows_the_words_and_the_closing(browser: Open, revision: int, channel: str, level: Level) -> None:
    page = browser("reviewer").get(f"/desk/review/{revision}/preview?channel={channel}&level={level}").text
    assert f"How it works, {level}." in page
    assert "clinician" in page
    assert ("<table>" in page) == (channel == "web")
    assert ("part" in page) == (channel == "sms")


def test_a_fixed_text_has_one_level_and_is_not_edited(browser: Open, database: Database) -> None:
    plain = {Level.PLAIN: DRAFT.texts[Level.PLAIN]}
    revision = put_text(database, id="closing:general", kind="closing", texts=plain, evidence=())
    mine, path = browser("author"), f"/desk/review/{revision}"
    assert "Edit as a new draft" not in mine.get(path).text
    assert "How it works, plain." in mine.get(f"{path}/preview?level=science").text
    assert mine.get(f"{path}/edit").status_code == 403
    assert mine.get(f"{path}/source.md").status_code == 403


def test_a_revision_shows_reading_ages_references_terms_and_its_way(browser: Open, database: Database) -> None:
    word = Draft(
        id="glossary:pituitary", title="pituitary", button="pituitary", kind="glossary", closing="general",
        author="Ann", texts={Level.PLAIN: Text([Paragraph("A gland below the brain.")])},
    )  # fmt: skip
    with database.writing() as session:
        store.import_drafts(session, [word], now=NOW)
    evidence = ({"fact": "It does work so.", "references": ["acog-589", "no-such"]},)
    revision = put_text(database, texts=texts("The pituitary sends a signal."), evidence=evidence)
    page = browser("reviewer").get(f"/desk/review/{revision}").text
    for text in (
        "reading age", "<dt>pituitary</dt>", "A gland below the brain.", "acog-589: ", "treatment: <q>",
        "no-such: not in the bibliography", "revision 1 draft, by author: imported",
    ):  # fmt: skip
        assert text in page, text


def test_an_approval_says_until_when(browser: Open, database: Database, revision: int) -> None:
    move(browser("author"), revision, "in_review")
    due = date.today() + timedelta(days=30)
    move(browser("reviewer"), revision, "approved", review_due=due.isoformat(), note="checked against the guideline")
    page = browser("author").get(f"/desk/review/{revision}").text
    assert f"next due on {due:%d %b %Y}" in page
    with database.reading() as session:
        moves = record.moves(session, "example")
    assert moves[-1][1:3] == (State.APPROVED, "reviewer")
    assert moves[-1][4] == "checked against the guideline"


PAGES = ("", "/tasks", "/gaps", "/gaps/1", "/gaps/1/draft.md", "/moves", "/moves.csv", "/1", "/1/move/approved",
         "/1/roll-back", "/1/difference", "/1/preview", "/1/edit", "/1/source.md")  # fmt: skip
FORMS = ("/1", "/1/remark", "/1/roll-back", "/1/edit", "/tasks/1/give", "/tasks/1/close", "/gaps/1/dismiss",
         "/gaps/1/restore")  # fmt: skip


@pytest.mark.parametrize("role", ["front_desk", "clinician"])
def test_who_works_on_tickets_neither_sees_nor_does_any_of_it(
    browser: Open, database: Database, revision: int, role: str
) -> None:
    mine = browser(role)
    secret = token(mine.get("/desk").text)
    before = audit(database)
    for page in PAGES:
        assert mine.get(f"/desk/review{page}").status_code == 403, page
    fields = {"csrf": secret, "after": "in_review", "seen": "draft", "note": "x", "to": "1", "base": "1", "why": "x"}
    for form in FORMS:
        assert mine.client.post(f"/desk/review{form}", data=fields).status_code == 403, form
    assert state(database, revision) is State.DRAFT
    assert audit(database) == before
