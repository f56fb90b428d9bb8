"""`axis content ...`: each command on a real store, by what it leaves in the database and by its exit code."""

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.content import store
from bot.database import Database
from bot.errors import Conflict, DataError, NotAllowed, NotFound
from bot.settings import ROOT, Settings
from tests.commands import ANN, BEA, STATES, add, approve, ask, axis, done, empty, process, refused, texts


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty(tmp_path, monkeypatch)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the data folder that a test may change."""
    folder = tmp_path / "data"
    shutil.copytree(ROOT / "data", folder)
    monkeypatch.setenv("AXIS_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def learned(path: Path, stocked: Path) -> Path:
    """The empty store with the encoder's vectors, a cache whose making would take the import some ten seconds."""
    for row in ask(stocked, "SELECT text_sha256, encoder_sha256, vector FROM question_vectors"):
        ask(path, "INSERT INTO question_vectors (text_sha256, encoder_sha256, vector) VALUES (?, ?, ?)", *row)
    return path


def test_an_import_fills_the_store_and_a_second_changes_nothing(learned: Path) -> None:
    done("content", "import")
    first = texts(learned)
    assert len(first["topics"]) == len(first["revisions"]) == len(first["moves"]) > 400
    assert {state for (state,) in ask(learned, "SELECT DISTINCT state FROM moves")} == {"draft"}
    assert ask(learned, "SELECT count(*) FROM search_weights") == [(1,)]
    assert " 0 new, 0 changed" in done("content", "import")
    assert texts(learned) == first


def test_an_import_of_one_changed_file_adds_one_revision(
    stocked_settings: Settings, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AXIS_VAR_DIR", str(stocked_settings.var_dir))
    path = stocked_settings.var_dir / "axis.sqlite"
    before = len(texts(path)["revisions"])
    topic = data / "en" / "topics" / "enclomiphene.md"
    topic.write_text(topic.read_text().replace("\ntitle: Enclomiphene\n", "\ntitle: On enclomiphene\n"))
    done("content", "import")
    assert len(texts(path)["revisions"]) == before + 1
    newest = "SELECT topic_id, number, json_extract(document, '$.title') FROM revisions ORDER BY id DESC LIMIT 1"
    assert ask(path, newest) == [("enclomiphene", 2, "On enclomiphene")]


@pytest.mark.parametrize(
    ("change", "at", "reason"),
    [
        (("---\nid: ", "id: "), "id: enclo", "begins with no front matter"),
        (("\nbutton: ", "\ntitle: Twice\nbutton: "), "title: Twice", "duplicate key"),
        (("id: enclomiphene", "id: other"), "id: other", "is not the file's name"),
        (("## detail", "## detailed"), "## detailed", "level 'detailed' is none of plain, detail, science"),
        (("## detail\n", "## detail\n\n# A heading\n"), "# A heading", "heading is not allowed"),
        (("[opss-clomiphene]", "[nobody-1900]"), "", "nobody-1900"),
    ],
)
def test_a_bad_file_is_named_with_line_and_reason_and_nothing_is_imported(
    path: Path, data: Path, change: tuple[str, str], at: str, reason: str
) -> None:
    topic = data / "en" / "topics" / "enclomiphene.md"
    source = topic.read_text()
    assert change[0] in source
    changed = source.replace(*change, 1)
    topic.write_text(changed)
    line = f":{changed[: changed.index(at)].count(chr(10)) + 1}" if at else ""
    said = refused(path, DataError, "import")
    assert said.startswith(f"{topic}{line}: ")
    assert reason in said
    assert texts(path)["topics"] == []


def test_a_bad_file_is_one_line_that_an_editor_can_open(path: Path, data: Path) -> None:
    topic = data / "en" / "topics" / "enclomiphene.md"
    topic.write_text(topic.read_text().replace("id: enclomiphene", "id: other"))
    code, said = process("content", "import", COLUMNS="60")
    assert code == 1
    assert said.strip("\n").count("\n") == 0
    assert said.endswith(f"{topic}:2: id other is not the file's name\n")


def test_lint_ends_with_0_on_our_texts(path: Path) -> None:
    assert "topics, 0 problems" in done("content", "lint")
    assert texts(path)["topics"] == []


def test_lint_ends_with_1_on_a_problem_and_names_it(path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")  # a path is not broken in two
    topic = data / "en" / "topics" / "enclomiphene.md"
    topic.write_text(topic.read_text().replace("[opss-clomiphene]", "[nobody-1900]", 1))
    result = axis("content", "lint")
    assert result.exit_code == 1
    assert re.search(rf"^{re.escape(str(topic))}: .*nobody-1900", result.output, re.MULTILINE)
    assert "topics, 1 problems" in result.output


def test_status_counts_what_the_store_holds(path: Path) -> None:
    assert "0 texts" in done("content", "status")
    approve(path)
    add(path, "It works otherwise.")
    said = done("content", "status")
    assert "1 texts: 1 draft, 0 in_review, 0 approved, 0 withdrawn, 0 retired" in said
    assert len(texts(path)["revisions"]) == 2


def test_a_revision_is_submitted_and_approved_by_whom_and_until_when(path: Path) -> None:
    until = datetime.now(UTC).date() + timedelta(days=200)
    approve(path, due=until)
    assert [row[:3] for row in ask(path, STATES, "example")] == [
        (1, "draft", "Ann"), (1, "in_review", "Ann"), (1, "approved", "Bea"),
    ]  # fmt: skip
    assert ask(path, "SELECT review_due FROM moves WHERE state = 'approved'") == [(str(until),)]


def test_a_move_that_is_not_allowed_moves_nothing(path: Path) -> None:
    one = str(add(path))
    refused(path, NotAllowed, "move", one, "approved", *BEA)
    done("content", "move", one, "in_review", *ANN)
    refused(path, NotAllowed, "move", one, "approved", *ANN)
    assert "author" in refused(path, NotAllowed, "move", one, "approved", "--actor", "Ann", "--role", "reviewer")
    refused(path, NotFound, "move", "99", "in_review", *ANN)


@pytest.mark.parametrize(
    "words",
    [
        ("approved", *BEA, "--due", "next year"), ("approved", *BEA, "--due", "2020-01-31"), ("praised", *BEA),
        ("approved", "--actor", "Bea", "--role", "king"), ("approved",),
    ],
)  # fmt: skip
def test_a_move_that_is_mistyped_moves_nothing(path: Path, words: tuple[str, ...]) -> None:
    one = str(add(path))
    done("content", "move", one, "in_review", *ANN)
    before = texts(path)
    assert axis("content", "move", one, *words).exit_code == 2
    assert texts(path) == before


def test_due_lists_what_is_near_and_the_owners_tasks_and_changes_nothing(path: Path) -> None:
    today = datetime.now(UTC).date()
    approve(path, due=today + timedelta(days=91))
    assert "No review is due within 90 days." in done("content", "due")
    approve(path, "It works otherwise.", due=today + timedelta(days=20))
    before = texts(path)
    row = next(line for line in done("content", "due").splitlines() if "example" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "example", "2", "Bea", str(today + timedelta(days=20)), "20", "30",
    ]  # fmt: skip
    assert texts(path) == before
    done("content", "withdraw", "example", *BEA)
    assert "task for Bea: example (withdrawn, since" in done("content", "due")


def test_diff_shows_what_has_changed_and_refuses_a_revision_that_is_not_there(path: Path) -> None:
    add(path)
    add(path, "It works [/otherwise].")
    said = done("content", "diff", "example", "1", "2", "--level", "detail")
    assert "- It works like this." in said
    assert "+ It works [/otherwise]." in said
    assert "no revision 3" in refused(path, NotFound, "diff", "example", "1", "3")
    assert axis("content", "diff", "example", "1", "2", "--level", "deep").exit_code == 2


def test_remarks_and_requested_changes_are_kept(path: Path) -> None:
    one = str(add(path))
    done("content", "comment", one, " Is this [so]? ", "--actor", "Bea")
    refused(path, Conflict, "comment", one, "  ", "--actor", "Bea")
    refused(path, NotFound, "comment", "99", "Well", "--actor", "Bea")
    done("content", "move", one, "in_review", *ANN)
    refused(path, NotAllowed, "request-changes", one, "Shorter", *ANN)
    done("content", "request-changes", one, "Shorter", *BEA)
    assert ask(path, "SELECT actor, text FROM comments ORDER BY id") == [("Bea", "Is this [so]?"), ("Bea", "Shorter")]
    assert ask(path, STATES, "example")[-1] == (1, "draft", "Bea", "changes requested")
    said = done("content", "history", "example")
    assert "Bea: Is this [so]?" in said
    assert "draft  by Bea  changes requested" in said


def test_a_text_that_is_withdrawn_is_its_owners_task(path: Path) -> None:
    approve(path)
    refused(path, NotAllowed, "withdraw", "example", *ANN)
    refused(path, NotFound, "withdraw", "exampel", *BEA)
    done("content", "withdraw", "example", *BEA, "--note", "new warning")
    assert ask(path, STATES, "example")[-1] == (1, "withdrawn", "Bea", "new warning")
    assert ask(path, "SELECT topic_id, reason, owner, done_at FROM content_tasks") == [
        ("example", "withdrawn", "Bea", None)
    ]


def test_rolling_back_retires_the_newest_and_serves_the_one_before(path: Path) -> None:
    approve(path)
    refused(path, NotFound, "roll-back", "example", *BEA)
    approve(path, "It works otherwise.")
    refused(path, NotAllowed, "roll-back", "example", *ANN)
    done("content", "roll-back", "example", *BEA, "--note", "a mistake")
    assert ask(path, STATES, "example")[-1] == (2, "retired", "Bea", "a mistake")
    settings = Settings.read()
    with Database(settings.resolved_database_url).reading() as session:
        now = store.load_catalogue(session, mode=settings.mode, today=datetime.now(UTC).date())
    assert now.served["example"].revision == 1
