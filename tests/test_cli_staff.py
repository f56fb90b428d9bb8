"""`axis staff`: accounts from the command line."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.database import Database
from bot.desk import store
from bot.errors import Conflict, NotAllowed, NotFound
from bot.settings import Settings


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("AXIS_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    made = Database(Settings.read().resolved_database_url)
    made.migrate()
    return made


def axis(*words: str) -> Result:
    return CliRunner().invoke(app, ["staff", *words])


def password_of(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return re.findall(r": (\S{16})\s*$", result.output)[0]


def fits(database: Database, name: str, password: str) -> bool:
    with database.reading() as session:
        return store.matches(store.password_hash(session, name), password)


def row(database: Database, name: str) -> store.StaffRow:
    with database.reading() as session:
        return session.query(store.StaffRow).filter_by(name=name).one()


def test_the_first_admin_comes_from_here(database: Database) -> None:
    assert "There are no accounts yet" in axis("list").output
    password = password_of(axis("add", "Ada", "admin"))
    assert fits(database, "Ada", password)
    assert row(database, "Ada").must_change
    listed = axis("list")
    assert re.search(r"Ada\s*│\s*admin\s*│\s*active\s*│\s*no\s*│\s*never", listed.output)
    assert password not in listed.output
    assert isinstance(axis("add", "ada", "author").exception, Conflict)
    assert axis("add", "Bea", "king").exit_code == 2


def test_disable_enable_and_reset(database: Database) -> None:
    axis("add", "Ada", "admin")
    old = password_of(axis("add", "Bea", "author"))
    assert axis("disable", "Bea").exit_code == 0
    assert "disabled" in axis("list").output
    assert axis("enable", "Bea").exit_code == 0
    assert row(database, "Bea").disabled_at is None
    with database.writing() as session:
        session.query(store.StaffRow).filter_by(name="Bea").update({"totp_secret": "S" * 32, "must_change": False})
    new = password_of(axis("reset", "Bea"))
    assert (fits(database, "Bea", new), fits(database, "Bea", old)) == (True, False)
    assert (row(database, "Bea").must_change, row(database, "Bea").totp_secret) == (True, "S" * 32)
    axis("reset", "Bea", "--second")
    assert not row(database, "Bea").totp_secret
    with database.reading() as session:
        lines = [(line.actor, line.action) for line in store.audit_lines(session, store.Wanted(subject="Bea"), most=20)]
    assert [action for _, action in lines][::-1] == [
        "staff.added_author", "staff.disabled", "staff.enabled", "staff.password_reset", "staff.password_reset",
        "staff.second_factor_reset",
    ]  # fmt: skip
    assert {actor for actor, _ in lines} == {"command line"}


def test_the_last_admin_stays_here_too(database: Database) -> None:
    axis("add", "Ada", "admin")
    assert isinstance(axis("disable", "Ada").exception, NotAllowed)
    for words in (("disable", "Nobody"), ("enable", "Nobody"), ("reset", "Nobody")):
        assert isinstance(axis(*words).exception, NotFound)
