"""`axis migrate`, `erase` and `verify`, and what the command says of settings that do not fit."""

import sqlite3
from pathlib import Path

import pytest

from bot.content.topic import Level
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.desk import store as staff_store
from bot.errors import NotFound
from bot.settings import Settings
from tests.commands import ask, axis, done, process
from tests.content.test_governance import approve
from tests.content.test_store import draft, put
from tests.conversation.test_verify import provenance, talk
from tests.when import NOW


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the database of the command will be; it is not there yet."""
    monkeypatch.setenv("AXIS_VAR_DIR", str(tmp_path / "var"))
    return tmp_path / "var" / "axis.sqlite"


@pytest.fixture
def talked(path: Path, fixed: Fixed) -> str:
    """The id of one conversation from an approved text, beside another."""
    database = Database(Settings.read().resolved_database_url)
    database.migrate()
    put(database, draft())
    approve(database)
    with database.writing() as session:
        staff_store.note(session, actor="Bea", action="looked", subject="1", now=NOW)
    first, _ = (talk(database, fixed, draft().texts[Level.PLAIN].blocks, provenance()) for _ in range(2))
    database.close()
    return first


def test_migrate_makes_the_folder_and_the_tables_and_a_second_time_nothing(path: Path) -> None:
    done("migrate")
    made = ask(path, "SELECT name, sql FROM sqlite_master ORDER BY name")
    assert {"revisions", "moves", "messages", "staff"} <= {name for name, _ in made}
    put(Database(f"sqlite:///{path}"), draft())
    done("migrate")
    assert ask(path, "SELECT name, sql FROM sqlite_master ORDER BY name") == made
    assert ask(path, "SELECT id FROM topics") == [("example",)]


def test_verify_passes_a_store_that_nobody_has_touched(talked: str) -> None:
    assert "2 conversations, 4 replies, 0 from unapproved texts, 0 faults" in done("verify")


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("messages", "UPDATE messages SET body = replace(body, 'how does it work', 'i never asked') WHERE seq = 2"),
        ("messages", "DELETE FROM messages WHERE seq = 2"),
        ("revisions", "UPDATE revisions SET document = replace(document, 'works like this', 'cures')"),
        ("moves", "UPDATE moves SET actor = 'Eve' WHERE state = 'approved'"),
        ("audit", "UPDATE audit SET actor = 'Eve'"),
    ],
)
def test_verify_ends_with_1_once_a_row_was_changed(path: Path, talked: str, table: str, change: str) -> None:
    for guard in ask(path, "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", table):
        ask(path, f"DROP TRIGGER {guard[0]}")
    before = ask(path, f"SELECT * FROM {table}")
    ask(path, change)
    assert ask(path, f"SELECT * FROM {table}") != before
    result = axis("verify")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "0 faults" not in result.output


def test_verify_prints_strange_words_with_brackets_as_they_are(path: Path, talked: str) -> None:
    words = """UPDATE messages SET body = replace(body, 'It works like this.', 'Take [/twice].')"""
    ask(path, words)
    result = axis("verify")
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "Take [/twice]." in result.output


def test_the_tables_of_proof_refuse_a_change_by_themselves(path: Path, talked: str) -> None:
    for change in ("UPDATE revisions SET author = 'Eve'", "UPDATE moves SET actor = 'Eve'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError):
            ask(path, change)
    done("verify")


def test_erase_takes_one_conversation_and_leaves_the_other(path: Path, talked: str) -> None:
    receipt = done("erase", talked)
    [(receipt_id, messages)] = ask(path, "SELECT id, messages FROM erasures")
    assert receipt_id in receipt
    assert messages == 3
    [(left,)] = ask(path, "SELECT id FROM conversations")
    assert left != talked
    assert ask(path, "SELECT DISTINCT conversation_id FROM messages") == [(left,)]
    done("verify")


def test_erase_gives_no_receipt_for_a_conversation_that_is_not_there(path: Path, talked: str) -> None:
    result = axis("erase", talked[:-1])
    assert (result.exit_code, type(result.exception)) == (1, NotFound)
    assert ask(path, "SELECT * FROM erasures") == []
    assert ask(path, "SELECT count(*) FROM conversations") == [(2,)]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"AXIS_PROT": "80"}, "unknown setting AXIS_PROT; see docs/how-to/settings.md\n"),
        ({"AXIS_MODE": "prodcution"}, "AXIS_MODE: Input should be 'demo' or 'production'\n"),
        ({"AXIS_MODE": "production"}, "AXIS_SECURE_COOKIES must be on in production, behind HTTPS\n"),
        (
            {"AXIS_DATABASE_URL": "postgres@clinic"},
            "AXIS_DATABASE_URL must begin with sqlite:/// or postgresql:// or postgresql+psycopg://\n",
        ),
    ],
)
def test_a_setting_that_does_not_fit_is_one_sentence(path: Path, environment: dict[str, str], said: str) -> None:
    assert process("migrate", **environment) == (1, said)
    assert not path.exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    folder = str(tmp_path / "file" / "var")
    assert process("migrate", AXIS_VAR_DIR=folder) == (1, f"{folder}: Not a directory\n")


def test_several_settings_that_do_not_fit_are_all_named_and_no_value_is_told(path: Path) -> None:
    code, said = process("migrate", AXIS_PORT="70000", AXIS_REPLY_LIMIT_S="soon")
    assert code == 1
    assert "AXIS_PORT: " in said
    assert "AXIS_REPLY_LIMIT_S: " in said
    assert (said.count("\n"), "70000" in said, "soon" in said, "http" in said) == (1, False, False, False)


def test_brackets_in_what_is_refused_are_printed_as_they_are(path: Path, talked: str) -> None:
    for name in ("[/x]", "[bold]"):
        assert process("content", "history", name) == (1, f"no text '{name}'\n")


def test_a_database_that_was_never_migrated_is_one_sentence(path: Path) -> None:
    path.parent.mkdir()
    code, said = process("content", "status")
    assert (code, said) == (1, "the database did not answer as it should (OperationalError)\n")
