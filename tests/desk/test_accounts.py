"""Accounts and sessions in the store, on SQLite and PostgreSQL: what two people do at once, and what upgrades keep."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import pytest
from alembic import command
from alembic.config import Config

import bot.migrations
from bot.database import Database
from bot.desk import accounts, attempts, own, passwords, second, sessions, store
from bot.desk.accounts import By
from bot.desk.sessions import Rules
from bot.desk.store import Step
from bot.errors import Conflict, NotAllowed, NotFound, TooMuch, Unauthorized
from bot.roles import Role
from tests.conftest import database  # noqa: F401 - both kinds, in place of this folder's SQLite
from tests.when import NOW

RULES = Rules(lasts=timedelta(hours=10), idle=timedelta(hours=1), second_for=frozenset())
ADMIN = By("Ada", Role.ADMIN)


def add(database: Database, name: str, role: Role = Role.AUTHOR, password_hash: str = "x") -> str:  # noqa: F811
    with database.writing() as session:
        return accounts.add(session, by=ADMIN, name=name, role=role, password_hash=password_hash, now=NOW)


def sign_in(database: Database, name: str) -> str | None:  # noqa: F811
    with database.writing() as session:
        return sessions.sign_in(session, name=name, correct=True, device="a", now=NOW, rules=RULES)


def at_once(*calls: Callable[[], object]) -> list[object]:
    """What each call gave, or the refusal that it raised."""

    def tried(call: Callable[[], object]) -> object:
        try:
            return call()
        except (Conflict, NotAllowed, TooMuch) as error:
            return type(error)

    with ThreadPoolExecutor(len(calls)) as pool:
        return [one.result() for one in [pool.submit(tried, call) for call in calls]]


def test_two_admins_cannot_disable_each_other_at_once(database: Database) -> None:  # noqa: F811
    ids = [add(database, name, Role.ADMIN) for name in ("Ada", "Bea")]

    def disable(staff_id: str) -> None:
        with database.writing() as session:
            accounts.disable(session, staff_id, by=ADMIN, now=NOW)

    for _ in range(5):
        given = at_once(lambda: disable(ids[0]), lambda: disable(ids[1]))
        assert sorted(given, key=str) == [NotAllowed, None]
        with database.writing() as session:
            for one in ids:
                accounts.enable(session, one, by=ADMIN, now=NOW)


def test_a_name_is_given_once_however_it_is_written_and_whoever_is_quicker(database: Database) -> None:  # noqa: F811
    given = at_once(*[lambda name=name: add(database, name) for name in ("Cem", "CEM", "cem ")])
    assert given.count(Conflict) == 2


def test_a_code_is_used_once_by_two_browsers_at_once(database: Database) -> None:  # noqa: F811
    staff_id = add(database, "Ann")
    secret = second.new_secret()
    with database.writing() as session:
        row = accounts.row_of(session, staff_id)
        row.totp_secret, row.must_change = secret, False
    tokens = [sign_in(database, "Ann") for _ in range(4)]
    code = second.pyotp.TOTP(secret).at(NOW)

    def give(token: str) -> str | None:
        with database.writing() as session:
            return sessions.give_code(session, token, code, now=NOW, rules=RULES)

    given = at_once(*[lambda token=token: give(token) for token in tokens])
    assert len([one for one in given if one]) == 1


def test_attempts_of_an_address_are_counted_by_all_at_once(database: Database) -> None:  # noqa: F811
    def one() -> int:
        with database.writing() as session:
            return attempts.attempt(session, "203.0.113.7", now=NOW, most=5)

    given = at_once(*[one] * 12)
    assert given.count(TooMuch) == 7


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_nobody_but_an_admin_changes_an_account(database: Database, role: Role) -> None:  # noqa: F811
    staff_id = add(database, "Ann")
    by = By("Eve", role)
    refused: list[Callable[..., object]] = [
        lambda s: accounts.add(s, by=by, name="Mallory", role=Role.ADMIN, password_hash="x", now=NOW),
        lambda s: accounts.change_role(s, staff_id, Role.ADMIN, by=by, now=NOW),
        lambda s: accounts.disable(s, staff_id, by=by, now=NOW),
        lambda s: accounts.enable(s, staff_id, by=by, now=NOW),
        lambda s: accounts.reset_password(s, staff_id, "y", by=by, now=NOW),
        lambda s: accounts.reset_second(s, staff_id, by=by, now=NOW),
        lambda s: accounts.allow_linking(s, staff_id, by=by, now=NOW),
    ]
    for call in refused:
        with pytest.raises(NotAllowed), database.writing() as session:
            call(session)
    with database.reading() as session:
        assert [line.action for line in store.audit_lines(session, store.Wanted(), most=9)] == ["staff.added_author"]
        with pytest.raises(NotFound):
            accounts.find(session, "nobody")


def test_what_is_missing_comes_in_its_order(database: Database) -> None:  # noqa: F811
    staff_id = add(database, "Ann")
    token = sign_in(database, "Ann")
    assert token
    rules = Rules(lasts=RULES.lasts, idle=RULES.idle, second_for=frozenset({Role.AUTHOR}))

    def step() -> Step:
        with database.reading() as session:
            return sessions.find(session, token, now=NOW, rules=rules)[0].step

    assert step() is Step.PASSWORD
    with database.writing() as session:
        own.change_password(session, sessions.find(session, token, now=NOW, rules=rules)[0], "y", now=NOW)
    assert step() is Step.SECOND
    with database.writing() as session:
        accounts.row_of(session, staff_id).totp_secret = second.new_secret()
    assert step() is Step.CODE
    with database.reading() as session, pytest.raises(Unauthorized):
        sessions.find(session, "another", now=NOW, rules=rules)


def test_an_unknown_name_takes_as_long_as_a_known_one(database: Database) -> None:  # noqa: F811
    """A real hash is verified for both: without it an unknown name would answer a hundred times sooner."""
    hashed = store.hash_password("correct horse battery")
    add(database, "Ann", password_hash=hashed)
    add(database, "Only by the provider", password_hash="")
    took = {}
    for name in ("Ann", "Nobody", "Only by the provider"):
        with database.reading() as session:
            stored = store.password_hash(session, name)
        best = []
        for _ in range(3):
            started = perf_counter()
            assert not store.matches(stored, "guess")
            best.append(perf_counter() - started)
        took[name] = min(best)
    assert max(took.values()) < 3 * min(took.values()), took


def test_accounts_from_before_are_kept_and_everybody_signs_in_anew(database: Database) -> None:  # noqa: F811
    config = Config()
    config.set_main_option("script_location", str(Path(bot.migrations.__file__).parent))
    with database.writing() as session:
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0003")
        connection = session.connection()
        connection.exec_driver_sql(
            "INSERT INTO staff (id, name, role, password_hash, failures) VALUES ('1', 'Ann', 'author', 'hash', 3)"
        )
        connection.exec_driver_sql("INSERT INTO staff_sessions VALUES ('token', '1', 'csrf', '2099-01-01 00:00:00')")
    database.migrate()
    with database.reading() as session:
        (ann,) = accounts.list_accounts(session, now=NOW)
        assert (ann.name, ann.role, ann.sessions, ann.must_change, ann.has_second) == (
            "Ann",
            Role.AUTHOR,
            0,
            False,
            False,
        )
        assert store.password_hash(session, "Ann") == "hash"
        assert store.broken_audit(session) == []


def test_one_time_passwords_are_stored_as_argon2id() -> None:
    assert store.hash_password(passwords.one_time()).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
