"""Writing a new revision in the browser: what is checked, what is saved as whose, and that nothing typed is lost."""

import re
from html import unescape

import pytest

from bot.content import files, record, sources, store
from bot.content.review import State
from bot.content.store import Draft
from bot.content.topic import Level
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.desk.store import add_staff
from bot.roles import Role
from bot.settings import Settings
from tests.desk.conftest import PASSWORD, SCRIPT, Browser, Open, Response, audit, form, move, token
from tests.when import NOW

TOPIC = "gonadorelin-vs-hcg"
FILE = Settings().language_dir / "topics" / f"{TOPIC}.md"


@pytest.fixture(scope="module")
def drafts(fixed: Fixed) -> list[Draft]:
    return files.read_drafts(Settings().language_dir, lexicon=fixed.lexicon, closings=fixed.closings.ids)


@pytest.fixture
def stocked(database: Database, drafts: list[Draft]) -> int:
    """Every topic in the store; the id of the one that is edited, which has a drawing and facts."""
    with database.writing() as session:
        store.import_drafts(session, drafts, now=NOW)
        return record.history(session, TOPIC)[0].revision_id


def markdown(page: str) -> str:
    found = re.search(r'<textarea id="markdown"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found
    return unescape(found[1])


def send(mine: Browser, revision: int, typed: str, wish: str, base: str = "1") -> Response:
    """Send the editor's form as a browser does, with CRLF."""
    path = f"/desk/review/{revision}/edit"
    fields = {"csrf": token(mine.get(path).text), "base": base, "wish": wish, "markdown": typed.replace("\n", "\r\n")}
    return mine.client.post(path, data=fields)


def history(database: Database) -> list[record.Row]:
    with database.reading() as session:
        return record.history(session, TOPIC)


def test_the_editor_opens_with_the_file_and_no_problem(browser: Open, stocked: int) -> None:
    page = browser("author").get(f"/desk/review/{stocked}/edit").text
    assert markdown(page) == FILE.read_text()
    assert '<h2 id="checked">0 problems</h2>' in page
    assert "reading age" in page
    assert "so does the file in <code>data</code>" in page
    answer = browser("author").get(f"/desk/review/{stocked}/source.md")
    assert answer.text == FILE.read_text()
    assert answer.headers["content-disposition"] == f'attachment; filename="{TOPIC}.md"'


@pytest.mark.parametrize("role", ["author", "reviewer", "admin"])
def test_saving_makes_a_draft_of_whoever_saved_it(browser: Open, database: Database, stocked: int, role: str) -> None:
    mine, before = browser(role), FILE.read_text()
    typed = before.replace("## detail\n\n", "## detail\n\nThis is new here. ", 1)
    answer = send(mine, stocked, typed, "save")
    assert answer.status_code == 303
    new, old = history(database)
    assert answer.headers["location"] == f"/desk/review/{new.revision_id}?done=written"
    assert (new.revision, new.author, new.state, old.revision_id) == (2, role, State.DRAFT, stocked)
    assert "Your text is saved as this new draft" in mine.get(answer.headers["location"]).text
    with database.reading() as session:
        kept = sources.markdown(session, new.revision_id) or ""
        assert record.altered(session) == []
        assert "This is new here." in str(record.show(session, new.revision_id)[1].texts[Level.DETAIL])
    assert f"author: {role}\n" in kept
    assert "This is new here." in kept
    assert "facts:" in kept
    assert FILE.read_text() == before
    assert (role, "revision.written", str(new.revision_id)) in audit(database)


def test_who_wrote_a_revision_cannot_approve_it_whatever_its_head_says(
    browser: Open, database: Database, stocked: int
) -> None:
    with database.writing() as session:
        add_staff(session, name="Ann", role=Role.REVIEWER, password=PASSWORD)
    ann = browser("Ann")
    typed = FILE.read_text().replace("author: Axis editors", '"author": Dr Somebody')
    typed = typed.replace("## detail\n\n", "## detail\n\nThis is new here. ", 1)
    assert send(ann, stocked, typed, "save").status_code == 303
    new = history(database)[0]
    assert new.author == "Ann"
    move(ann, new.revision_id, "in_review")
    assert ann.get(f"/desk/review/{new.revision_id}/move/approved").status_code == 403
    assert move(browser("reviewer"), new.revision_id, "approved").status_code == 303


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("## detail\n", "## details\n", "## details", "level &#39;details&#39; is none of"),
        ("## plain\n\n", "## plain\n\nThis is the best. ", "This is the best.", "promises or sells"),
        ("## plain\n\n", "## plain\n\n![x](y) ", "![x](y)", "image is not allowed"),
        ("closing: ", "closing: no-", "closing: no-", "there is no closing"),
        ("related: [", "related: [no-such-topic, ", "related:", "there is no topic &#39;no-such-topic&#39;"),
        ("author: ", "colour: red\nauthor: ", "colour: red", "Extra inputs are not permitted"),
        (f"id: {TOPIC}", "id: another-topic", "id: another-topic", "this is the topic gonadorelin-vs-hcg"),
        ("Figure: hpg-axis gonadorelin", "Figure: no-such gonadorelin", "Figure: no-such", "there is no drawing"),
        ("title: ", "title: [", "button: ", "expected"),
    ],
)
def test_a_problem_names_its_line_and_saves_nothing(
    browser: Open, database: Database, stocked: int, *, before: str, after: str, line: str, said: str
) -> None:
    typed = FILE.read_text().replace(before, after, 1)
    for wish, status in (("check", 200), ("save", 422)):
        answer = send(browser("author"), stocked, typed, wish)
        assert answer.status_code == status
        lines = markdown(answer.text).splitlines()
        found = [(int(number), why) for number, why in re.findall(r"<li>Line (\d+): (.*)</li>", answer.text)]
        assert [number for number, why in found if said in why and lines[number - 1].startswith(line)], found
        assert markdown(answer.text).replace("author: author", "author: Axis editors") == typed
    assert len(history(database)) == 1


def test_a_fact_that_another_topic_contradicts_is_found(browser: Open, stocked: int) -> None:
    typed = FILE.read_text()
    fact = re.search(r"\[gonadorelin, acts-on, (.*?)\]", typed)
    assert fact
    answer = send(
        browser("author"), stocked, typed.replace(fact[0], "[gonadorelin, acts-on, Leydig cells]", 1), "check"
    )
    assert "says &#39;pituitary&#39;" in answer.text


@pytest.mark.parametrize("typed", ["", SCRIPT, "---\n---\n", "x" * 40_001, "---\nid: [\n---\n"])
def test_what_is_no_topic_is_refused_and_stands_there_still(
    browser: Open, database: Database, stocked: int, typed: str
) -> None:
    answer = send(browser("author"), stocked, typed, "save")
    assert answer.status_code == 422
    assert "Nothing was saved" in answer.text
    assert markdown(answer.text) == typed
    assert SCRIPT not in answer.text
    assert len(history(database)) == 1


def test_two_who_write_at_once_do_not_overwrite_each_other(browser: Open, database: Database, stocked: int) -> None:
    ann, ben = browser("author"), browser("admin")
    typed = FILE.read_text()
    assert send(ann, stocked, typed.replace("## detail\n\n", "## detail\n\nHers. ", 1), "save").status_code == 303
    his = typed.replace("## detail\n\n", "## detail\n\nHis. ", 1)
    answer = send(ben, stocked, his, "save")
    assert answer.status_code == 409
    assert "Revision 2 was added since you began" in answer.text
    assert "His. " in markdown(answer.text)
    assert form(answer.text, f"/desk/review/{stocked}/edit")["base"] == "2"
    assert len(history(database)) == 2
    assert send(ben, stocked, his, "save", base="2").status_code == 303
    assert [row.author for row in history(database)] == ["admin", "author", "Axis editors"]


def test_saving_without_a_change_is_refused(browser: Open, database: Database, stocked: int) -> None:
    answer = send(browser("author"), stocked, FILE.read_text(), "save")
    assert answer.status_code == 409
    assert "word for word revision 1" in answer.text
    assert len(history(database)) == 1


def test_what_was_typed_can_be_taken_away_as_a_file(browser: Open, stocked: int) -> None:
    answer = send(browser("author"), stocked, "half a text\n", "download")
    assert answer.status_code == 200
    assert answer.text == "half a text\n"
    assert answer.headers["content-disposition"].startswith("attachment")


def test_importing_the_files_again_does_not_put_the_old_words_on_top(
    browser: Open, database: Database, stocked: int, drafts: list[Draft]
) -> None:
    typed = FILE.read_text().replace("## detail\n\n", "## detail\n\nThis is new here. ", 1)
    send(browser("author"), stocked, typed, "save")
    with database.writing() as session:
        assert TOPIC in store.import_drafts(session, drafts, now=NOW).unchanged
    assert [row.revision for row in history(database)] == [2, 1]


def test_a_revision_whose_markdown_was_not_kept_is_written_anew(
    browser: Open, database: Database, drafts: list[Draft]
) -> None:
    with database.writing() as session:
        rest = [one for one in drafts if one.id != TOPIC]
        old = next(one for one in drafts if one.id == TOPIC)
        bare = store.DRAFT.validate_python(old.document())
        store.import_drafts(session, [*rest, bare], now=NOW)
        revision = record.history(session, TOPIC)[0].revision_id
    page = browser("author").get(f"/desk/review/{revision}/edit").text
    assert "The Markdown of this revision was not kept." in page
    assert "Figure: hpg-axis gonadorelin hcg" in markdown(page)
    assert '<h2 id="checked">0 problems</h2>' in page
    with database.writing() as session:
        assert TOPIC in store.import_drafts(session, drafts, now=NOW).unchanged
    page = browser("author").get(f"/desk/review/{revision}/edit").text
    assert markdown(page) == FILE.read_text()
