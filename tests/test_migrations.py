"""The migrations make just the tables that the code declares, on SQLite and PostgreSQL."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

import bot.content.governance
import bot.content.learned
import bot.content.store
import bot.conversation.store
import bot.desk.figures_store
import bot.desk.store
import bot.migrations
import bot.triage.calendar
import bot.triage.notices
import bot.triage.store
from bot.content import record
from bot.content.topic import Level
from bot.conversation.fixed import Fixed
from bot.conversation.verify import verify
from bot.database import Base, Database
from bot.desk import store as staff_store
from bot.settings import Mode
from tests.content.test_governance import approve
from tests.content.test_store import draft, put
from tests.conversation.test_verify import provenance, talk
from tests.when import NOW


def test_migrations_and_tables_agree(database: Database) -> None:
    with database.reading() as session:
        found = compare_metadata(MigrationContext.configure(session.connection()), Base.metadata)
    assert [one for one in found if not (one[0] == "remove_table" and one[1].name == "probe")] == []


def test_migrating_twice_changes_nothing(database: Database) -> None:
    database.migrate()
    database.probe()


def test_rows_from_before_the_chains_are_linked(database: Database, fixed: Fixed) -> None:
    put(database, draft())
    approve(database)
    talk(database, fixed, draft().texts[Level.PLAIN].blocks, provenance())
    with database.writing() as session:
        staff_store.note(session, actor="Bea", action="looked", subject="1", now=NOW)
    config = Config()
    config.set_main_option("script_location", str(Path(bot.migrations.__file__).parent))
    with database.writing() as session:
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0002")
    database.migrate()
    with database.reading() as session:
        assert record.altered(session) == []
        assert staff_store.broken_audit(session) == []
        assert verify(session, fixed, mode=Mode.PRODUCTION).faults == ()


def test_tickets_from_before_keep_what_they_are_and_resolved_ones_free_their_conversation(database: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(bot.migrations.__file__).parent))
    with database.writing() as session:
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0003")
    states = {"a": "new", "b": "claimed", "c": "resolved"}
    with database.writing() as session:
        connection = session.connection()
        for name, state in states.items():
            connection.exec_driver_sql(
                "INSERT INTO conversations (id, token_sha256, channel, locale, consent_version, state, named_drugs, "
                f"created_at) VALUES ('{name}', '', 'web', 'en', '1', 'waiting_for_staff', '[]', '2026-11-20 12:00:00')"
            )
            connection.exec_driver_sql(
                "INSERT INTO tickets (id, conversation_id, state, urgency, reason, rule, rule_version, matched, "
                "summary, claimed_by, outcome, opened_at, changed_at) VALUES "
                f"('{name}', '{name}', '{state}', 'same_day', 'r', 'rule', 1, 'm', 's', 'Ann', 'o', "
                "'2026-11-20 12:00:00', '2026-11-20 12:00:00')"
            )
    database.migrate()
    with database.reading() as session:
        found = {name: bot.triage.store.find(session, name) for name in states}
        assert {name: ticket.state for name, ticket in found.items()} == states
        assert {ticket.waiting_since for ticket in found.values()} == {NOW}
        assert [ticket.id for ticket in bot.triage.store.queue(session)] == ["a", "b"]
        assert [str(bot.conversation.store.state(session, name)) for name in states] == [
            "waiting_for_staff", "waiting_for_staff", "bot",
        ]  # fmt: skip
